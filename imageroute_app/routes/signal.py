"""The browser's opt-out signal on every page that a signed-in person opens: noted once, before any script of the page runs."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.routes.consent import has_signal
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.session import find_session

log = logging.getLogger(__name__)

Note = Callable[[Request], Awaitable[None]]


class SignalMiddleware:
    """ASGI middleware around routes and pages; only requests for a page that carry the signal are looked at."""

    def __init__(self, app: ASGIApp, note: Note) -> None:
        """Hand each such request to `note` before the page is served."""
        self._app, self._note = app, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["method"] == "GET":
            request = Request(scope)
            if has_signal(request) and "text/html" in request.headers.get("accept", ""):
                await self._note(request)
        await self._app(scope, receive, send)


def note_signal(current: CurrentServices) -> Note:
    """Return what notes the signal for whoever is signed in; a page never fails by it."""

    async def note(request: Request) -> None:
        services = current()
        try:
            if session := await find_session(request, services):
                await services.choices.signal(session.owner)
        except ImageRouteError as error:
            log.warning("signal.not_noted %s", error.code)

    return note
