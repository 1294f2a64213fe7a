"""All HTTP routes of ours in one place, and the Starlette application that holds them."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.uploads import Upload
from imageroute_app.routes.account import AccountForms
from imageroute_app.routes.auth import Auth
from imageroute_app.routes.exports import export_routes
from imageroute_app.routes.gallery import gallery_routes
from imageroute_app.routes.health import health_routes
from imageroute_app.routes.links import MailLinks
from imageroute_app.routes.media import media_routes
from imageroute_app.routes.outbox import outbox_routes
from imageroute_app.routes.pagekit import CurrentServices, Endpoint, exception_handlers
from imageroute_app.routes.public import public_routes
from imageroute_app.routes.receipts import receipt_routes
from imageroute_app.routes.recipes import recipe_routes
from imageroute_app.routes.session import owner_of
from imageroute_app.routes.shares import share_routes
from imageroute_app.routes.uploads import upload_routes
from imageroute_app.routes.verify import verify_routes

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def build_routes(current: CurrentServices) -> list[Route]:
    """Return every route; `current` returns the open services and is called on each request, never now."""
    routes = [
        *Auth(current).routes(),
        *MailLinks(current).routes(),
        *AccountForms(current).routes(),
        *public_routes(current),
        *verify_routes(current),
        *gallery_routes(current),
        *upload_routes(current),
        *_pictures(current),
        *export_routes(current),
        *share_routes(current),
        *receipt_routes(current),
        *recipe_routes(current),
        *health_routes(current),
        *outbox_routes(current),
    ]
    return [*routes, *_refusals(routes)]


def _pictures(current: CurrentServices) -> list[Route]:
    async def viewer(request: Request) -> str:
        return await owner_of(request, current())

    async def image(image_id: str, owner: str) -> Image | Upload:
        try:
            return await current().gallery.image(owner, image_id)
        except NotFound:
            return await current().uploads.upload(owner, image_id)

    return media_routes(viewer=viewer, image=image, media=lambda: current().media)


def _refusals(routes: Iterable[Route]) -> list[Route]:
    """Return what answers 405 for the other methods; without it Reflex, mounted below, would take them for a page."""
    allowed: dict[str, set[str]] = {}
    for route in routes:
        allowed.setdefault(route.path, set()).update(route.methods or ())
    return [Route(path, _refuse(known), methods=sorted(METHODS - known)) for path, known in allowed.items()]


def _refuse(allowed: Iterable[str]) -> Endpoint:
    allow = ", ".join(sorted(allowed))

    async def refuse(_request: Request) -> Response:
        raise HTTPException(405, headers={"Allow": allow})

    return refuse


def build_api(current: CurrentServices) -> Starlette:
    """Return the application for compose(); errors of its routes become pages or JSON here."""
    return Starlette(routes=build_routes(current), exception_handlers=exception_handlers(current))
