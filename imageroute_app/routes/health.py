"""GET /healthz: whether this process can serve, for supervisors and load balancers."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.services.house import Services

CHECK_TIMEOUT_S = 3
NOWHERE = "images/health/none/original"
OK, DOWN = "ok", "down"


def health_routes(current: CurrentServices) -> list[Route]:
    """Return the route; 503 when the database or the pictures cannot be reached."""

    async def healthz(_request: Request) -> Response:
        try:
            services = current()
        except RuntimeError:
            return _answer(dict.fromkeys(("database", "media", "queue"), "starting"))
        names = ("database", "media", "queue")
        checks = (_database(services), _media(services), _queue(services))
        return _answer(dict(zip(names, await asyncio.gather(*checks), strict=True)))

    return [Route("/healthz", healthz, methods=["GET"])]


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
