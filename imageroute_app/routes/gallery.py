"""GET /api/gallery: pages of the signed-in person's pictures, for the grid that scrolls."""

import gzip
import json

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.gallery import Image
from imageroute_app.routes.pagekit import CurrentServices
from imageroute_app.routes.session import session_of, session_token, set_session
from imageroute_app.services.finding import Ask

PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Cookie, Accept-Encoding"}
LIMIT_DEFAULT, LIMIT_MAX = 60, 200
QUERY_MAX, CURSOR_MAX = 200, 64


def gallery_routes(current: CurrentServices) -> list[Route]:
    """Return the route."""

    async def api_gallery(request: Request) -> Response:
        services = current()
        session = await session_of(request, services)
        asked = request.query_params
        page = await services.gallery.page(
            session.owner,
            ask_of(asked),
            after=_short(asked.get("after", ""), CURSOR_MAX, "after"),
            limit=_limit(asked.get("limit", "")),
        )
        body = {"tiles": [tile(image) for image in page.images], "next": page.next_after}
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        response = packed(request, data, "application/json")
        set_session(response, services, session_token(request, services))
        response.headers["Cache-Control"] = PRIVATE["Cache-Control"]
        return response

    return [Route("/api/gallery", api_gallery, methods=["GET"])]


def ask_of(asked: QueryParams) -> Ask:
    """Return what the address of a gallery asks for; raises InvalidInput."""
    return Ask(
        text=_short(asked.get("q", ""), QUERY_MAX, "q"),
        favourite=asked.get("favourite", "0") == "1",
        album=_short(asked.get("album", ""), CURSOR_MAX, "album"),
        trashed=asked.get("trashed", "0") == "1",
        oldest_first=asked.get("sort", "") == "oldest",
    )


def tile(image: Image) -> dict[str, object]:
    """Return what the grid draws of an image; the prompt is its accessible name."""
    return {
        "id": image.id,
        "prompt": image.prompt,
        "w": image.width,
        "h": image.height,
        "colour": image.colour,
        "favourite": image.favourite,
        "purge": image.purge_at.isoformat() if image.purge_at else "",
    }


def packed(request: Request, body: bytes, media_type: str) -> Response:
    """Return a private answer, packed where the browser takes that: prompts and ids shrink to a fifth."""
    headers = dict(PRIVATE)
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=6)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=media_type, headers=headers)


def _short(text: str, most: int, field: str) -> str:
    if len(text) > most:
        raise InvalidInput(f"Use at most {most} characters.", field=field)
    return text


def _limit(text: str) -> int:
    if not text:
        return LIMIT_DEFAULT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= LIMIT_MAX:
        raise InvalidInput(f"Ask for 1 to {LIMIT_MAX} pictures.", field="limit")
    return int(text[:4])
