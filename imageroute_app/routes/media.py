"""GET and HEAD /media/{image id}/{variant}: a person's own pictures, and to everyone else nothing.

Whose picture it is comes first: someone else's, an unknown one, an unknown size and any other way
to spell the address get the same answer. The type comes from the record, never from the bytes or
the address, and no browser is let to run or embed what is sent.
"""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, NotFound, Unavailable
from imageroute_app.domain.gallery import VARIANTS, Image, media_key
from imageroute_app.domain.ports import MediaFacts, MediaStore
from imageroute_app.domain.uploads import Upload, upload_key
from imageroute_app.routes.ranges import Span, has_tag, unsatisfiable, wanted_part

Viewer = Callable[[Request], Awaitable[str]]
FindImage = Callable[[str, str], Awaitable[Image | Upload]]
CurrentMedia = Callable[[], MediaStore]

ADDRESS = re.compile(rf"([A-Za-z0-9_-]{{1,64}})/({'|'.join(VARIANTS)})")
ORIGINAL = "original"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
UNKNOWN_TYPE = "application/octet-stream"
THUMBNAIL_TYPE = "image/webp"
FOREVER = "private, max-age=31536000, immutable"
ASK_FIRST = "private, no-cache"
ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
}


def media_routes(*, viewer: Viewer, image: FindImage, media: CurrentMedia) -> list[Route]:
    """Return the one route, which owns every address below /media/.

    Args:
        viewer: Returns the id of who asks; raises NotSignedIn.
        image: Returns the image or upload with this id of this owner, in the trash or not; raises NotFound.
        media: Returns the open media store; called on each request.
    """

    async def serve(request: Request) -> Response:
        try:
            owner = await viewer(request)
            image_id, variant = _parse_address(request)
            found = await image(image_id, owner)
            key = _key(found, variant)
            stored = _Stored(media(), key)
            if variant != ORIGINAL and request.method == "GET" and "range" not in request.headers:
                return await _whole(request, found, variant, stored)
            return await _answer(request, found, variant, stored)
        except ImageRouteError as error:
            return _refuse(error)

    return [Route("/media/{address:path}", serve, methods=["GET"])]


def _key(found: Image | Upload, variant: str) -> str:
    """Return the media key; raises NotFound for a picture whose copies are being cleared, which is shown to nobody."""
    if isinstance(found, Image) and found.is_leaving:
        raise NotFound
    key = media_key if isinstance(found, Image) else upload_key
    return key(found.owner, found.id, variant)


class _Stored(NamedTuple):
    """One object and the store it lies in."""

    media: MediaStore
    key: str

    async def facts(self) -> MediaFacts:
        return await self.media.stat(self.key)

    async def read(self) -> bytes:
        """Return all bytes; raises NotFound."""
        (data,) = await self.media.read([self.key])
        if data is None:
            raise NotFound
        return data

    async def stream(self, span: Span) -> AsyncIterator[bytes]:
        return await self.media.open(self.key, span.start, span.end)


def _parse_address(request: Request) -> tuple[str, str]:
    """Return image id and variant; raises NotFound for any spelling but the plain one."""
    match = ADDRESS.fullmatch(request.path_params["address"])
    if match is None:
        raise NotFound
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    if not raw.partition(b"?")[0].endswith(f"/media/{match[0]}".encode()):
        raise NotFound
    return match[1], match[2]


async def _whole(request: Request, image: Image | Upload, variant: str, stored: _Stored) -> Response:
    """Send a thumbnail: small, so that one look at the store and one message carry all of it."""
    data = await stored.read()
    headers = _headers(request, image, variant, "")
    if has_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_without_body(headers))
    return Response(data, headers=headers)


async def _answer(request: Request, image: Image | Upload, variant: str, stored: _Stored) -> Response:
    facts = await stored.facts()
    headers = _headers(request, image, variant, facts.etag)
    if has_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_without_body(headers))
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(facts.size_bytes)})
    part = wanted_part(request, headers["ETag"], facts.size_bytes)
    if part is None:
        return unsatisfiable(facts.size_bytes, ALWAYS)
    return StreamingResponse(
        await stored.stream(part.span), status_code=part.status, headers={**headers, **part.headers}
    )


def _headers(request: Request, image: Image | Upload, variant: str, etag: str) -> dict[str, str]:
    """Return the headers of an answer with a body; `etag` is of the original, a smaller size never changes under its name."""
    is_original = variant == ORIGINAL
    mime = image.mime if is_original else THUMBNAIL_TYPE
    mime = mime if mime in EXTENSIONS else UNKNOWN_TYPE
    headers = {
        **ALWAYS,
        "Accept-Ranges": "bytes",
        "Cache-Control": ASK_FIRST if is_original else FOREVER,
        "Content-Type": mime,
        "ETag": f'"{etag if is_original else f"{image.id}-{variant}"}"',
    }
    if is_original and image.sha256:
        headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(image.sha256)).decode()}:"
    if request.query_params.get("download") == "1" or mime == UNKNOWN_TYPE:
        size = "" if is_original else f"-{variant}"
        name = f"imageroute-{image.id}{size}.{EXTENSIONS.get(mime, 'bin')}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return headers


def _without_body(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Content-Type"}


def _refuse(error: ImageRouteError) -> Response:
    headers = {**ALWAYS, "Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    return PlainTextResponse(error.message, status_code=error.status, headers=headers)
