"""GET /gallery with the person's first pictures in it, so that they are there before any script is.

The page is the prerendered one with two changes: `<ir-grid>` holds its first page of tiles, and what is not needed to show
the first of them (files of script, its own font, pictures further down) waits until they were painted (wake.js). Principle:
it is one person's page, so nothing and nobody keeps it. Whoever is not signed
in, and any question that is not understood, gets the prerendered page, which holds nothing of anybody.
"""

import html
import logging
import re
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import Image
from imageroute_app.routes.asleep import WAKE, asleep, without_comments
from imageroute_app.routes.gallery import LIMIT_DEFAULT, PRIVATE, ask_of, packed
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.session import session_of, session_token, set_session
from imageroute_app.services.gallery import Page

log = logging.getLogger(__name__)

PATHS = frozenset({"/gallery", "/gallery/"})
EAGER = 20
"""How many pictures a browser asks for before it knows which of them are in sight; the others wait for these."""
ROOT = Path(__file__).resolve().parents[2]
GRID = re.compile(r'<ir-grid aria-busy="true"([^>]*)></ir-grid>')
PLAIN = '<html class="plain"'
"""Let the page be set in a font of the system until wake.js."""
STAND = without_comments(ROOT / "assets" / "grid-rows.js")
INLINE = (STAND, WAKE)
"""The scripts in the page; the policy for scripts must name their hashes."""


class FirstPictures:
    """ASGI middleware around Reflex's pages; looks at requests for the gallery only."""

    def __init__(self, app: ASGIApp, *, pages: Path, current: CurrentServices) -> None:
        """Serve `app`; `pages` is the folder of the built front end."""
        self._app, self._current = app, current
        self._page = pages / "gallery" / "index.html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS:
            app = await self._answer(Request(scope)) or app
        await app(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        """Return the person's page; None when the prerendered one has to do."""
        services = self._current()
        try:
            session = await session_of(request, services)
            page = await services.gallery.page(session.owner, ask_of(request.query_params), limit=LIMIT_DEFAULT)
        except ImageRouteError as error:
            log.debug("gallery.without_pictures %s", error.code)
            return None
        before, attributes, after = self._parts
        filled = ' class="filled"' if page.images else ""
        text = f"{before}<ir-grid served{filled}{attributes}>{served_tiles(page)}</ir-grid>{after}"
        response = packed(request, text.encode(), "text/html")
        set_session(response, services, session_token(request, services))
        response.headers["Cache-Control"] = PRIVATE["Cache-Control"]
        return response

    @cached_property
    def _parts(self) -> tuple[str, str, str]:
        """Return what stands before the grid, its attributes, and what follows it."""
        page = asleep(self._page.read_text("utf-8")).replace("<html", PLAIN, 1)
        before, attributes, after = GRID.split(page)
        return before, attributes, after


def served_tiles(page: Page) -> str:
    """Return the inside of the grid: tiles, and the script that puts them where they belong."""
    boxes = "".join(_box(image, is_eager=place < EAGER) for place, image in enumerate(page.images))
    return (
        f'<div role="list" class="flow asleep" data-next="{page.next_after}">{boxes}</div><script>{STAND}</script>'
        "<noscript><p>These are your newest pictures. The others, search and every command need JavaScript.</p></noscript>"
    )


def _box(image: Image, *, is_eager: bool) -> str:
    """Return a tile as assets/grid-tiles.js builds it, without what is seen or works with a script only."""
    loading, late = ("eager", "") if is_eager else ("lazy", " late")
    favourite = ' data-favourite="1"' if image.favourite else ""
    return (
        f'<div class="box{late}" role="listitem" style="--r:{image.width / image.height:.4g}"{favourite}>'
        f'<a class="tile" href="/gallery?image={image.id}" aria-label="{html.escape(image.prompt)}"'
        f' style="background-color:{html.escape(image.colour)}">'
        f'<img alt="" width="{image.width}" height="{image.height}" loading="{loading}"'
        f' src="/media/{image.id}/320"></a></div>'
    )
