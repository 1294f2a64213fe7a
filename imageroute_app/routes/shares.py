"""/s/<token>: a picture that its owner shared. No account, no cookie, no script; nothing of it is stored or indexed.

Unknown, expired, revoked and trashed get one answer. The page names nobody; prompt and model are on it only where the owner
said so.
"""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound, RateLimited
from imageroute_app.domain.file_names import extension
from imageroute_app.domain.recipes import SOURCE_TYPES
from imageroute_app.routes.answers import note
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import CurrentServices, error_response, render, retry_header
from imageroute_app.routes.session import client_address
from imageroute_app.services.house import Services
from imageroute_app.services.shares import Shared, SharedBytes, Variant

ALWAYS = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive, noimageindex",
}
BYTES_ONLY = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
THUMBNAIL_TYPE, UNKNOWN_TYPE = "image/webp", "application/octet-stream"
THUMBNAIL_PX = 960


def share_routes(current: CurrentServices) -> list[Route]:
    """Return the page, its password form, and the picture's bytes."""
    pages = SharePages(current)
    return [
        Route("/s/{token}", pages.page, methods=["GET"]),
        Route("/s/{token}", pages.unlock, methods=["POST"]),
        Route("/s/{token}/picture", pages.picture, methods=["GET"]),
    ]


class SharePages:
    """What a visitor sees; every refusal carries the same headers as the page."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def page(self, request: Request) -> Response:
        """Show the picture, or ask for its password."""
        services = self._current()
        try:
            shared = await services.shares.find(request.path_params["token"])
        except ImageRouteError as error:
            return error_response(request, services, error, headers=ALWAYS)
        if shared.share.password_hash:
            return _locked(request, services, Form(), None)
        return _open(request, services, shared)

    async def unlock(self, request: Request) -> Response:
        """Show the picture to who knows the password."""
        services = self._current()
        form = await read_form(request, "password")
        token = request.path_params["token"]
        try:
            shared = await services.shares.unlock(token, form.get("password"), address=client_address(request))
        except (InvalidInput, RateLimited) as error:
            note(form, error)
            return _locked(request, services, form, error)
        except ImageRouteError as error:
            return error_response(request, services, error, headers=ALWAYS)
        return _open(request, services, shared)

    async def picture(self, request: Request) -> Response:
        """Send one size of the picture."""
        services = self._current()
        try:
            variant = _variant(request.query_params.get("size", "960"))
            grant = request.query_params.get("grant", "")
            found = await services.shares.picture(request.path_params["token"], variant, grant)
            headers = _headers(found, variant)
            if request.method == "HEAD":
                return Response(headers=headers)
            return StreamingResponse(await found.stream(), headers=headers)
        except ImageRouteError as error:
            return error_response(request, services, error, headers=ALWAYS)


def _variant(text: str) -> Variant:
    match text:
        case "960" | "original":
            return text
        case _:
            raise NotFound


def _headers(found: SharedBytes, variant: Variant) -> dict[str, str]:
    mime = found.image.mime if variant == "original" else THUMBNAIL_TYPE
    ending = extension(mime)
    headers = {**ALWAYS, **BYTES_ONLY, "Content-Length": str(found.facts.size_bytes)}
    if variant == "original":
        headers["Content-Disposition"] = f'attachment; filename="imageroute-picture.{ending}"'
    return {**headers, "Content-Type": UNKNOWN_TYPE if ending == "bin" else mime}


def _locked(request: Request, services: Services, form: Form, error: ImageRouteError | None) -> Response:
    status = error.status if error else HTTPStatus.OK
    headers = {**ALWAYS, **(retry_header(error) if error else {})}
    return render(request, services, "share_locked.html", status=status, headers=headers, form=form)


def _open(request: Request, services: Services, shared: Shared) -> Response:
    image, share = shared.image, shared.share
    address = f"/s/{share.token}/picture"
    grant = f"&grant={shared.grant}" if shared.grant else ""
    model = services.routing.model(f"{image.provider}/{image.model}")
    scale = min(1.0, THUMBNAIL_PX / max(image.width, image.height))
    values: dict[str, Any] = {
        "small": f"{address}?size=960{grant}",
        "original": f"{address}?size=original{grant}",
        "width": image.width,
        "height": image.height,
        "shown_width": round(image.width * scale),
        "shown_height": round(image.height * scale),
        "colour": image.colour,
        "is_trained": image.source_type != "algorithmicMedia",
        "prompt": image.prompt if share.with_metadata else "",
        "model": (model.name if model else image.model) if share.with_metadata else "",
        "made_on": image.created_at.date() if share.with_metadata else None,
        "until": share.expires_at.date(),
        "linked_data": _linked_data(services, shared, f"{address}?size=original"),
    }
    return render(request, services, "share.html", headers=ALWAYS, **values)


def _linked_data(services: Services, shared: Shared, path: str) -> dict[str, object]:
    """Return schema.org ImageObject; the address of the bytes only where no password stands before them."""
    image, share = shared.image, shared.share
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "ImageObject",
        "encodingFormat": image.mime,
        "width": image.width,
        "height": image.height,
        "expires": share.expires_at.date().isoformat(),
    }
    if image.source_type:
        data["digitalSourceType"] = SOURCE_TYPES + image.source_type
    if not share.password_hash:
        data["contentUrl"] = services.rules.origin + path
    if share.with_metadata:
        data |= {"description": image.prompt, "dateCreated": image.created_at.date().isoformat()}
    return data
