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
from imageroute_app.routes.cases import CasePages
from imageroute_app.routes.choices import ChoiceRoutes
from imageroute_app.routes.consent import ConsentRoutes
from imageroute_app.routes.cookies import cookie_routes
from imageroute_app.routes.credits import CreditPages
from imageroute_app.routes.desk import DeskPages
from imageroute_app.routes.erasure import ErasureRoutes
from imageroute_app.routes.exports import export_routes
from imageroute_app.routes.gallery import gallery_routes
from imageroute_app.routes.health import health_routes
from imageroute_app.routes.held import held_routes
from imageroute_app.routes.hosted import HostedPages
from imageroute_app.routes.ledger import ledger_routes
from imageroute_app.routes.links import MailLinks
from imageroute_app.routes.media import media_routes
from imageroute_app.routes.newsletter import NewsletterPages
from imageroute_app.routes.notices import notice_routes
from imageroute_app.routes.outbox import outbox_routes
from imageroute_app.routes.packages import Packages
from imageroute_app.routes.pagekit import CurrentServices, Endpoint, exception_handlers
from imageroute_app.routes.parts import part_routes
from imageroute_app.routes.policies import policy_routes
from imageroute_app.routes.processing import processing_routes
from imageroute_app.routes.public import public_routes
from imageroute_app.routes.reader import with_reader
from imageroute_app.routes.receipts import receipt_routes
from imageroute_app.routes.recipes import recipe_routes
from imageroute_app.routes.security import SecurityPages
from imageroute_app.routes.session import owner_of
from imageroute_app.routes.shares import share_routes
from imageroute_app.routes.trust import trust_routes
from imageroute_app.routes.uploads import upload_routes
from imageroute_app.routes.verify import verify_routes
from imageroute_app.routes.webhooks import webhook_routes

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def build_routes(current: CurrentServices) -> list[Route]:
    """Return every route; `current` returns the open services and is called on each request, never now."""
    routes = [
        *_pictures(current),  # first, because a page asks for dozens and routes are tried in turn
        *gallery_routes(current),
        *Auth(current).routes(),
        *HostedPages(current).routes(),
        *MailLinks(current).routes(),
        *NewsletterPages(current).routes(),
        *ledger_routes(current),
        *notice_routes(current),
        *AccountForms(current).routes(),
        *SecurityPages(current).routes(),
        *ErasureRoutes(current).routes(),
        *part_routes(current),
        *held_routes(current),
        *ChoiceRoutes(current).routes(),
        *ConsentRoutes(current).routes(),
        *public_routes(current),
        *CreditPages(current).routes(),
        *webhook_routes(current),
        *cookie_routes(current),
        *CasePages(current).routes(),
        *DeskPages(current).routes(),
        *processing_routes(current),
        *policy_routes(current),
        *trust_routes(current),
        *verify_routes(current),
        *upload_routes(current),
        *export_routes(current),
        *Packages(current).routes(),
        *share_routes(current),
        *receipt_routes(current),
        *recipe_routes(current),
        *health_routes(current),
        *outbox_routes(current),
    ]
    return [with_reader(route, current) for route in [*routes, *_refusals(routes)]]


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
