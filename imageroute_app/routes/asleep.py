"""Prerendered pages that are painted before their scripts start: every file of script waits for wake.js.

Used by the gallery's page with pictures (first_pictures.py) and, when the front end is built, by the landing page
(rxconfig.py), which needs no script to be read.
"""

import re
from pathlib import Path

COMMENT = re.compile(r"/\*\*.*?\*/|^\s*//.*?$|\s+// .*?$", re.DOTALL | re.MULTILINE)
SCRIPT = re.compile(r"<script((?:\s[^>]*)?)>")
MODULE = ' type="module"'


def without_comments(path: Path) -> str:
    """Return a script as it stands in a page."""
    lines = COMMENT.sub("", path.read_text("utf-8")).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


WAKE = without_comments(Path(__file__).with_name("wake.js"))
"""The script in the page that starts the others; the policy for scripts must name its hash."""


def asleep(page: str) -> str:
    """Let every file and module of script wait for wake.js, at the page's end; what stands in the page itself runs."""
    waiting = SCRIPT.sub(_put_to_sleep, page.replace('rel="modulepreload"', 'rel="later"'))
    return waiting.replace("</body>", f"<script>{WAKE}</script></body>")


def _put_to_sleep(match: re.Match[str]) -> str:
    attributes = match[1]
    if MODULE in attributes:
        return f'<script type="later" data-type="module"{attributes.replace(MODULE, "")}>'
    return f'<script type="later"{attributes}>' if " src=" in attributes else match[0]
