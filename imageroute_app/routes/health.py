"""GET /health: whether this process answers at all; GET /ready, also /healthz: whether it can serve.

For supervisors, which start it anew, and for load balancers, which send people elsewhere.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.services.house import Services

CHECK_TIMEOUT_S = 3
NOWHERE = "images/health/none/original"
OK, DOWN, STARTING = "ok", "down", "starting"


def health_routes(current: CurrentServices) -> list[Route]:
    """Return the routes; 503 when a part cannot be reached, or until the processes that draw have started."""
    names = ("database", "media", "queue")

    async def healthz(_request: Request) -> Response:
        try:
            services = current()
        except RuntimeError:
            return _answer(dict.fromkeys((*names, "workers"), STARTING))
        checks = (_database(services), _media(services), _queue(services))
        parts = dict(zip(names, await asyncio.gather(*checks), strict=True))
        return _answer({**parts, "workers": OK if services.workers_are_warm() else STARTING})

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": OK}, headers=NO_STORE)

    ready = [Route(path, healthz, methods=["GET"]) for path in ("/healthz", "/ready")]
    return [*ready, Route("/health", health, methods=["GET"])]


def _answer(parts: dict[str, str]) -> Response:
    good = all(state == OK for state in parts.values())
    body = {"status": OK if good else DOWN, **parts}
    headers = NO_STORE if good else {**NO_STORE, "Retry-After": "5"}
    return JSONResponse(body, status_code=200 if good else 503, headers=headers)


async def _database(services: Services) -> str:
    try:
        await asyncio.wait_for(services.database.check(), CHECK_TIMEOUT_S)
    except (ImageRouteError, TimeoutError):
        return DOWN
    return OK


async def _media(services: Services) -> str:
    try:
        await asyncio.wait_for(services.media.stat(NOWHERE), CHECK_TIMEOUT_S)
    except NotFound:
        return OK
    except (ImageRouteError, TimeoutError):
        return DOWN
    return OK


async def _queue(services: Services) -> str:
    try:
        await asyncio.wait_for(services.dispatcher.changed("health", "none"), CHECK_TIMEOUT_S)
    except (ImageRouteError, TimeoutError):
        return DOWN
    return OK
