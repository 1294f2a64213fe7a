"""Reflex's own configuration: what is built into the front end.

What depends on the installation (origins, Redis, limits) is not here but in imageroute_app.settings, which hands it to
Reflex at start, so that one build serves every host and port.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import reflex as rx

from imageroute_app.routes.asleep import asleep
from imageroute_app.routes.settled import settled

ENDPOINTS = {
    "PING": 'location.origin+"/ping"',
    "EVENT": '(location.protocol==="https:"?"wss://":"ws://")+location.host+"/_event"',
    "UPLOAD": 'location.origin+"/_upload"',
    "AUTH_CODESPACE": 'location.origin+"/auth-codespace"',
    "HEALTH": 'location.origin+"/_health"',
    "ALL_ROUTES": 'location.origin+"/_all_routes"',
}
"""Reflex bakes the build machine's host and port into the bundle; these expressions take the page's instead."""


class PageRelativeEndpoints(rx.plugins.Plugin):
    """Let the bundle talk to the host and port that its page came from.

    Runs between vite and the compressor. Fails the build when Reflex changes the shape of that file, because a page
    with the wrong address would load and then never connect.
    """

    def post_build(self, **context: Any) -> None:
        """Replace each baked endpoint by its expression in the file of the bundle that holds them."""
        scripts = Path(context["static_dir"], "assets").glob("*.js")
        (bundle,) = (path for path in scripts if re.search(r"\bAUTH_CODESPACE[:=]", path.read_text()))
        script = bundle.read_text()
        for name, expression in ENDPOINTS.items():
            script = replace_endpoint(script, name, expression)
        bundle.write_text(script)


def replace_endpoint(script: str, name: str, expression: str) -> str:
    """Return the script with the quoted value of `name` replaced by a JavaScript expression."""
    replaced, count = re.subn(rf'\b{name}([:=])(["`\'])[^"`\']*\2', rf"{name}\g<1>{expression}", script)
    if count != 1:
        message = f"bundle: expected one {name}, found {count}; see rxconfig.py"
        raise RuntimeError(message)
    return replaced


class LeanBundle(rx.plugins.Plugin):
    """Leave out of the bundle what no page of ours uses, and put what every page needs into one file.

    As Reflex's own EmbedPlugin does, it registers a plugin in vite's configuration, and fails when that changes shape.
    One file compresses better than nine, and each spares a request with its headers.
    """

    def pre_compile(self, **context: Any) -> None:
        """Write our files beside Reflex's, and name them to vite."""
        for path in sorted(Path("frontend").glob("*.js")):
            context["add_save_task"](lambda source=path: (str(web_path(source)), source.read_text()))
        context["add_modify_task"]("vite.config.js", with_lean_bundle)


def web_path(source: Path) -> Path:
    """Return where a file of frontend/ stands while vite builds."""
    return Path(".web", "lean", source.name).absolute()


BASE = "|".join(
    (
        r"rolldown.runtime",
        r"[\\/](lean|utils)[\\/]",
        r"[\\/]app[\\/](root|entry|_document)",
        r"node_modules[\\/](react|react-dom|react-router|react-error-boundary|scheduler|@?(socket|engine)\.io[\w-]*)[\\/]",
        r"lucide-react[\\/]dist[\\/]esm[\\/]\w+\.",
    )
)
"""Reflex's runtime, which every page needs."""
GROUPS = f"""
            {{ name: "base", priority: -1, test: /{BASE}/ }},
            {{ name: "shared", priority: -2, minShareCount: 2, test: /./ }},"""
"""Which modules come in one file: the first, and what several pages share."""


def with_lean_bundle(config: str) -> str:
    """Return vite's configuration with our plugin and our groups of modules."""
    for anchor, added in (
        ('import { defineConfig } from "vite";\n', 'import lean from "./lean/lean.js";\n'),
        ("  plugins: [\n", "    lean(),\n"),
        ("          groups: [", GROUPS),
    ):
        if config.count(anchor) != 1:
            message = f"vite.config.js: expected one {anchor!r}; see rxconfig.py"
            raise RuntimeError(message)
        config = config.replace(anchor, anchor + added)
    return config


class OwnScripts(rx.plugins.Plugin):
    """Put our own scripts into the bundle without their comments, each with the files that only it imports.

    Runs before the compressor. bun is here already, because Reflex builds with it.
    """

    def post_build(self, **context: Any) -> None:
        """Write assets/*.js anew in the built folder, and leave out the parts of others."""
        sources = {path.name: path.read_text() for path in sorted(Path("assets").glob("*.js"))}
        parts = {
            name
            for text in sources.values()
            for name in re.findall(r'^import .*"\./([\w-]+\.js)";$', text, re.MULTILINE)
        }
        own = [f"assets/{name}" for name in sources if name not in parts]
        built = Path(context["static_dir"])
        command = [
            _bun(),
            "build",
            *own,
            "--minify",
            "--target=browser",
            f"--outdir={built}",
            "--entry-naming=[name].js",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own files
        for name in parts:
            (built / name).unlink()


class Settled(rx.plugins.Plugin):
    """Put the late parts of prerendered pages where they belong, which React leaves to a script in each of them."""

    def post_build(self, **context: Any) -> None:
        """Write every built page anew."""
        for page in Path(context["static_dir"]).rglob("*.html"):
            page.write_text(settled(page.read_text("utf-8")), "utf-8")


EARLY = '<html class="early"'
"""Keeps pictures far down from being fetched and laid out before wake.js."""


class PaintedFirst(rx.plugins.Plugin):
    """Let the landing page be painted before its scripts start; it is read without them."""

    def post_build(self, **context: Any) -> None:
        """Put the scripts of the built landing page to sleep."""
        page = Path(context["static_dir"], "index.html")
        page.write_text(asleep(page.read_text("utf-8")).replace("<html", EARLY, 1), "utf-8")


def _bun() -> str:
    """Return the bun that Reflex builds with."""
    path = shutil.which("bun")
    if path is None:
        message = "bun is not on PATH; pip install -r requirements.txt brings it"
        raise RuntimeError(message)
    return path


config = rx.Config(
    app_name="imageroute_app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    frontend_compression_formats=["brotli", "gzip"],
    redis_token_expiration=600,
    plugins=[LeanBundle(), PageRelativeEndpoints(), OwnScripts(), Settled(), PaintedFirst()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
