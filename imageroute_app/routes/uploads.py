"""POST /api/upload: one picture of the person's own as the request's body, answered with its id.

The body is the file itself, so there is no form to parse; its name comes in a header, never in the address, which is
logged. It is counted while it streams in and dropped as soon as it is too large.
"""

import asyncio
from http import HTTPStatus
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.errors import InvalidInput, NotAllowed, UnsafeImage
from imageroute_app.domain.uploads import UploadKind
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.session import owner_of

MIB = 1024 * 1024
BYTES_MAX = 20 * MIB
AT_ONCE = 4
CALLER_HEADER, CALLER = "x-requested-with", "imageroute"
NAME_HEADER = "x-file-name"


def upload_routes(current: CurrentServices) -> list[Route]:
    """Return the route."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def api_upload(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        # A form of another site cannot set this header, and a script of one is stopped by the edge.
        if request.headers.get(CALLER_HEADER) != CALLER:
            raise NotAllowed("Send files from a page of ours.")
        kind = _kind(request.query_params.get("kind", UploadKind.PICTURE))
        await services.uploads.count_try(owner)
        _check_length(request)
        data = await _read(request)  # outside of the turns: who sends slowly keeps nobody waiting
        name = unquote(request.headers.get(NAME_HEADER, ""))
        async with turns:
            upload = await services.uploads.add(owner, data, name=name, kind=kind)
        body = {"id": upload.id, "width": upload.width, "height": upload.height, "kind": upload.kind.value}
        return JSONResponse(body, status_code=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})

    return [Route("/api/upload", api_upload, methods=["POST"])]


def _kind(text: str) -> UploadKind:
    try:
        return UploadKind(text)
    except ValueError:
        raise InvalidInput("Send kind=picture or kind=mask.", field="kind") from None


def _check_length(request: Request) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:12]) > BYTES_MAX:
        raise _too_large(int(declared[:12]))


async def _read(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BYTES_MAX:
            raise _too_large(None)
    if not data:
        raise InvalidInput("This file is empty. Choose another one.")
    return bytes(data)


def _too_large(size_bytes: int | None) -> UnsafeImage:
    found = f"This file has {size_bytes / MIB:.1f} MB" if size_bytes else "This file is larger"
    return UnsafeImage(f"{found}; 20 MB is the most. Save it smaller and try again.")
