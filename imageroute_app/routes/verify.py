"""The public page "Was this made with ImageRoute?": a file in, an answer out; no account, no cookie, no script needed.

Principle: the file lives in memory for one request. No row, no file, no name and no byte of it is kept or logged.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import BadImage, ImageRouteError, InvalidInput, RateLimited
from imageroute_app.routes.onefile import read_one_file
from imageroute_app.routes.pagekit import NO_STORE, PUBLIC, CurrentServices, render, retry_header
from imageroute_app.routes.session import client_address
from imageroute_app.services.house import Services
from imageroute_app.services.provenance import Finding

PATH, FIELD = "/verify", "picture"
FILE_BYTES_MAX = 30 * 1024 * 1024
BODY_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024
READ_TIMEOUT_S = 60.0


def verify_routes(current: CurrentServices) -> list[Route]:
    """Return the page and its form."""

    async def show(request: Request) -> Response:
        return _page(request, current())

    async def check(request: Request) -> Response:
        services = current()
        try:
            await services.provenance.admit(client_address(request))
            async with services.provenance.places:
                data = await read_one_file(request, FIELD, limit_bytes=FILE_BYTES_MAX, timeout_s=READ_TIMEOUT_S)
                if not data:
                    raise InvalidInput("Choose a file first.")
                finding = await services.provenance.check(data)
        except (InvalidInput, BadImage, RateLimited) as error:
            return _page(request, services, fault=error)
        return _page(request, services, finding=finding)

    return [Route(PATH, show, methods=["GET"]), Route(PATH, check, methods=["POST"])]


def _page(
    request: Request, services: Services, *, finding: Finding | None = None, fault: ImageRouteError | None = None
) -> Response:
    return render(
        request,
        services,
        "verify.html",
        status=fault.status if fault else 200,
        headers=PUBLIC if request.method in {"GET", "HEAD"} else {**NO_STORE, **(retry_header(fault) if fault else {})},
        finding=finding,
        fault=fault.message if fault else "",
        field=FIELD,
    )
