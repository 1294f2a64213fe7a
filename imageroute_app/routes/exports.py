"""GET and HEAD /exports/...: archives of a person's own pictures, and the recipe of one; to everyone else nothing.

The length of an archive is known before its first byte and the same request for the same bytes gets the same bytes, so
that a download which was cut off goes on where it stopped (`Range` with `If-Range`).
"""

import base64
import contextlib
import hashlib
from collections.abc import AsyncGenerator
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.file_names import extension, stem
from imageroute_app.priority import PRESSES
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.ranges import has_tag, unsatisfiable, wanted_part
from imageroute_app.routes.session import owner_of
from imageroute_app.services.archive_build import Choice
from imageroute_app.services.archive_content import MIMES
from imageroute_app.services.archives import Opened

ALWAYS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
}


class ClosedStream(StreamingResponse):
    """Sends a generator and closes it whatever happens, so that a cancelled download leaves no task and no open file.

    Between two pieces it gives way to people who press somewhere.
    """

    def __init__(
        self, source: AsyncGenerator[bytes] | AsyncGenerator[bytes | bytearray], *, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__((), status_code=status, headers=headers)
        self._source = source

    async def stream_response(self, send: Send) -> None:
        """Send every chunk; the one place that reads the source."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with contextlib.aclosing(self._source):
            async for chunk in self._source:
                await PRESSES.give_way()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def export_routes(current: CurrentServices) -> list[Route]:
    """Return the routes below /exports/."""

    async def archive(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        opened = await services.archives.open(owner, request.path_params["archive_id"])
        headers, etag = _headers(opened), f'"{opened.etag}"'
        if has_tag(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if request.method == "HEAD":
            return Response(headers={**headers, "Content-Length": str(opened.size_bytes)})
        part = wanted_part(request, etag, opened.size_bytes)
        if part is None:
            return unsatisfiable(opened.size_bytes, ALWAYS)
        source = services.archives.read(opened, part.span.start, part.span.end)
        return ClosedStream(source, status=part.status, headers={**headers, **part.headers})

    async def picture(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        image = await services.gallery.image(owner, request.path_params["image_id"])
        choice = _choice(request)
        data = await services.archives.file(image, choice)
        mime = MIMES.get(choice.encoding, image.mime)
        name = f"imageroute-{image.id}.{extension(mime)}"
        return Response(data, headers={**ALWAYS, **_attachment(name), **_digest(data), "Content-Type": mime})

    async def recipe(request: Request) -> Response:
        services = current()
        owner = await owner_of(request, services)
        image = await services.gallery.image(owner, request.path_params["image_id"])
        [written] = await services.recipes.of(owner, [image])
        name = f"{stem('', image.id)}.json"
        return Response(written, headers={**ALWAYS, **_attachment(name), "Content-Type": "application/json"})

    return [
        Route("/exports/pictures/{image_id}", picture, methods=["GET"]),
        Route("/exports/pictures/{image_id}/recipe", recipe, methods=["GET"]),
        Route("/exports/{archive_id}", archive, methods=["GET"]),
    ]


def _headers(opened: Opened) -> dict[str, str]:
    archive = opened.archive
    name = f"imageroute-{archive.created_at:%Y-%m-%d}-{archive.id[-6:]}.zip"
    return {
        **ALWAYS,
        **_attachment(name),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/zip",
        "ETag": f'"{opened.etag}"',
    }


def _choice(request: Request) -> Choice:
    asked = request.query_params
    edge = asked.get("edge", "0")
    if not edge.isascii() or not edge.isdigit() or len(edge) > 5:
        raise InvalidInput("Choose one of the sizes on offer.", field="edge")
    return Choice(
        encoding=asked.get("format", "original"), edge_px=int(edge), with_settings=asked.get("settings", "0") == "1"
    )


def _digest(data: bytes) -> dict[str, str]:
    """Return the SHA-256 of the file for whoever wants to check it (RFC 9530)."""
    return {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"}


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
