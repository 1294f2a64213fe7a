"""Who reads a page of ours, as far as its frame must know: is somebody signed in, and does a yes to statistics stand.

Principle: a visitor without our cookies costs no look-up and gets the page that anybody gets; with one of them the page is that
browser's own, and says so to every cache (pagekit.render).
"""

import functools
import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.visitors import allowed_now
from imageroute_app.routes.consent import answer_of, has_signal, remembers_answer
from imageroute_app.routes.pagekit import NOBODY, PROGRAMS, CurrentServices, Endpoint, Reader, keep_reader
from imageroute_app.routes.session import find_session, session_token
from imageroute_app.services.house import Services

log = logging.getLogger(__name__)


def with_reader(route: Route, current: CurrentServices) -> Route:
    """Return the route with its reader known before it runs; a page never fails by it."""
    if route.path.startswith(PROGRAMS):
        return route
    endpoint: Endpoint = route.endpoint

    @functools.wraps(endpoint)
    async def read(request: Request) -> Response:
        keep_reader(request, await _reader(request, current()))
        return await endpoint(request)

    return Route(route.path, read, methods=sorted(route.methods or ()))


async def _reader(request: Request, services: Services) -> Reader:
    if not session_token(request, services) and not remembers_answer(request, services):
        return NOBODY
    try:
        return await _known(request, services)
    except ImageRouteError as error:
        log.warning("reader.unknown %s", error.code)
        return Reader(has_cookie=True)


async def _known(request: Request, services: Services) -> Reader:
    session = await find_session(request, services)
    if session is None:
        allowed = allowed_now(answer_of(request, services), signal=has_signal(request))
    else:
        allowed = await services.statistics.allowed(session.owner)
    return Reader(has_cookie=True, is_signed_in=session is not None, allows=bool(allowed))
