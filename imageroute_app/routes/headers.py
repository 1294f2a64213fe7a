"""What every answer says to the browser: the policy for scripts, and how long a file may be kept."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.datastructures import MutableHeaders

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
HASHED_ASSET = re.compile(r"^/assets/[^/]+-[\w-]{8}\.\w+$")
VERSION = re.compile(rb"v=[0-9a-f]{8}")
LONG_LIVED = (".woff2", ".webp", ".avif", ".png", ".jpg", ".svg", ".ico")

FOREVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
ASK_FIRST = "no-cache"
NEVER = "no-store"

ALWAYS = {
    "x-content-type-options": "nosniff",
    "server": "ImageRoute",
}
OF_DOCUMENTS = {
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
UNLESS_SET = {
    "cross-origin-resource-policy": "same-origin",
    "cache-control": NEVER,
}
REFERRER = "same-origin"
"""It must not become no-referrer: browsers then send `Origin: null` with our own forms."""
OF_ORIGINS = ("access-control-allow-origin", "access-control-allow-credentials", "accept-ranges")
PARTS = ("text/javascript", "text/css")
"""What a page is made of and never is a page: what holds for documents would be bytes for nothing there."""
HSTS = "max-age=31536000"
NO_DOCUMENT = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def content_security_policy(pages: Path, origins: Iterable[str], inline: Iterable[str] = ()) -> str:
    """Return the policy for any of these prerendered pages: our own files, and inline scripts by their hash.

    `inline` are the scripts that our routes put into a page.
    """
    scripts = {script for page in pages.rglob("*.html") for script in _inline_scripts(page)}
    return _policy(scripts | {script.encode() for script in inline}, origins)


def page_policies(pages: Path, origins: Iterable[str], inline: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return the policy of each prerendered page by its path: no other page's scripts, which would be half of its bytes.

    `inline` are the scripts that our routes put into a page, by its path.
    """
    found = {f"/{page.parent.relative_to(pages)}".replace("/.", "/"): page for page in pages.rglob("index.html")}
    return {
        path: _policy(_inline_scripts(page) | {script.encode() for script in inline.get(path, ())}, origins)
        for path, page in found.items()
    }


def _inline_scripts(page: Path) -> set[bytes]:
    return {script for script in INLINE_SCRIPT.findall(page.read_bytes()) if script}


def _policy(scripts: Iterable[bytes], origins: Iterable[str]) -> str:
    """Return a policy; styles need 'unsafe-inline', because emotion writes them at run time, and scripts never do."""
    hashes = sorted(map(_script_hash, scripts))
    sockets = [re.sub("^http", "ws", origin) for origin in origins]
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *hashes],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "blob:", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *sockets],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def _script_hash(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


def cache_rule(path: str, content_type: str, query: bytes = b"") -> str:
    """Return how long a file of the built front end may be kept; `query` may name its state (components/scripts.py)."""
    if HASHED_ASSET.match(path) or (path.endswith(".js") and VERSION.fullmatch(query)):
        return FOREVER
    if content_type.startswith("text/html") or not path.endswith(LONG_LIVED):
        return ASK_FIRST
    return A_DAY


def protect(
    headers: MutableHeaders, *, policy: str, request_id: str, is_https: bool, is_unchanged: bool = False
) -> None:
    """Add what every answer carries; a route's own policy, referrer, resource and cache rules stay."""
    content_type = headers.get("content-type", "text/html")
    for name, value in ALWAYS.items():
        headers[name] = value
    for name, value in UNLESS_SET.items():
        headers.setdefault(name, value)
    if is_https:
        headers["strict-transport-security"] = HSTS
    if content_type.startswith(PARTS) and headers["cache-control"] != NEVER:
        _shorten(headers)
        return
    headers.setdefault("referrer-policy", REFERRER)
    for name, value in OF_DOCUMENTS.items():
        headers[name] = value
    # The long policy with its hashes goes with documents only. A 304 says nothing of it: the browser keeps what it
    # stored with the document.
    if not is_unchanged:
        headers.setdefault("content-security-policy", policy if content_type.startswith("text/html") else NO_DOCUMENT)
    headers["x-request-id"] = request_id


def _shorten(headers: MutableHeaders) -> None:
    """Drop what says nothing about a script or a style: it is the same for every origin and at every time."""
    for name in OF_ORIGINS:
        del headers[name]
    if "vary" in headers:
        names = dict.fromkeys(name.strip() for name in headers["vary"].split(","))
        headers["vary"] = ", ".join(name for name in names if name.lower() != "origin")
    if headers["cache-control"] == FOREVER:
        del headers["etag"]  # nobody asks again
    del headers["last-modified"]
