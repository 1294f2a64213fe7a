"""Prerendered pages whose late parts stand where they belong, so that no script has to move them.

React streams what it waited for behind the page, hidden, with a script that moves it. In a page that is prerendered whole
nothing is late: here the parts are put in place when the front end is built, as that script would leave them. It spares
1.2 KB of every page and three hashes of its policy for scripts.
"""

import re

PENDING = '<!--$?--><template id="B:{0}"></template><!--/$-->'
STARTED = re.compile(r'<script id="_R_">[^<]*</script>')
PART = re.compile(
    r'<div hidden id="S:(\d+)">((?:(?!<div\b).)*?)</div><script>(?:(?!</script>).)*?\$RC\("B:\1","S:\1"\)</script>',
    re.DOTALL,
)


def settled(page: str) -> str:
    """Return the page with its late parts in place; raises RuntimeError when React changes their shape."""
    page = STARTED.sub("", page, count=1)
    while part := PART.search(page):
        page = page.replace(part[0], "", 1)
        place = PENDING.format(part[1])
        if page.count(place) != 1:
            _fail(place)
        page = page.replace(place, f"<!--$-->{part[2]}<!--/$-->", 1)
    if "$RC(" in page or "<!--$?-->" in page:
        _fail("$RC")
    return page


def _fail(what: str) -> None:
    message = f"a prerendered page has late parts of another shape, at {what!r}; see routes/settled.py"
    raise RuntimeError(message)
