"""Our own scripts as the pages name them: by what they hold, so that a browser keeps each until one of them changes."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import reflex as rx

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@cache
def _version() -> str:
    """Return one name for the state of all scripts: several are put together from more than one file (rxconfig.py)."""
    digest = hashlib.sha256()
    for path in sorted(ASSETS.glob("*.js")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def address(name: str) -> str:
    """Return where the script assets/<name>.js is served."""
    return f"/{name}.js?v={_version()}"


def module(name: str, priority: str = "auto") -> rx.Component:
    """Load a script of ours as a module; React hoists it into the head of the screen that asks for it."""
    attributes = {"async": True, "fetchPriority": priority}
    return rx.el.script(src=address(name), type="module", custom_attrs=attributes)


def when_shown(name: str) -> dict[str, Any]:
    """Return the attribute of an element whose script is loaded once it stands in the page (assets/app.js)."""
    return {"data-script": address(name)}
