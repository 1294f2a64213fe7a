"""Build rx.App: pages, HTTP routes, the wall around Reflex, and this process's background work (the name Reflex needs)."""

import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory

from imageroute_app.bootstrap import open_guarded, services, use_services
from imageroute_app.components import paths
from imageroute_app.components.overlay import app_wraps
from imageroute_app.components.scripts import address
from imageroute_app.domain.errors import ImageRouteError, Unavailable
from imageroute_app.logs import trace
from imageroute_app.pages.account import account
from imageroute_app.pages.albums import albums
from imageroute_app.pages.create import create
from imageroute_app.pages.gallery import gallery
from imageroute_app.pages.landing import META, landing
from imageroute_app.pages.missing import missing
from imageroute_app.pages.notices import notices
from imageroute_app.pages.privacy_center import LOADS as PRIVACY_LOADS
from imageroute_app.pages.privacy_center import privacy_center
from imageroute_app.pages.trash import trash
from imageroute_app.pages.uploads import uploads
from imageroute_app.pages.usage import usage
from imageroute_app.routes.api import build_api
from imageroute_app.routes.compose import compose
from imageroute_app.routes.first_pictures import FirstPictures
from imageroute_app.routes.metrics import Meter
from imageroute_app.routes.recipes import BODY_BYTES, RECIPE_PATH
from imageroute_app.routes.signal import note_signal
from imageroute_app.routes.uploads import BYTES_MAX, MIB
from imageroute_app.routes.verify import BODY_BYTES_MAX as VERIFY_BYTES_MAX
from imageroute_app.routes.verify import PATH as VERIFY
from imageroute_app.settings import load_settings
from imageroute_app.state import forget, guard, page_locks
from imageroute_app.state.account import AccountState
from imageroute_app.state.albums import AlbumsState
from imageroute_app.state.create import CreateState
from imageroute_app.state.download import DownloadState
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.notices import NoticesState
from imageroute_app.state.rule import RuleState
from imageroute_app.state.selection import SelectionState
from imageroute_app.state.session import SessionState, session_token
from imageroute_app.state.share import ShareState
from imageroute_app.state.trash import TrashState
from imageroute_app.state.uploads import UploadsState
from imageroute_app.state.usage import UsageState
from imageroute_app.state.welcome import WelcomeState
from imageroute_app.tasks import running

if TYPE_CHECKING:
    from reflex.istate.manager.redis import StateManagerRedis

SETTINGS = load_settings()
PAGES = Path(__file__).resolve().parents[1] / ".web" / "build" / "client"
STYLES = ("tokens", "app", "create", "gallery", "outgoing", "pages", "privacy", "export")
SOCIAL = "/img/social.webp"
log = logging.getLogger(__name__)

OUTGOING = (ShareState.load_links, DownloadState.load_downloads)

DESCRIPTION = "Make images and see who gets your prompt, where, for how long and at what price, before you send it."


async def resolve_session(cookie_header: str) -> str | None:
    """Return whose session a Cookie header carries; the guard asks on every event."""
    session = await services().accounts.session(session_token(cookie_header))
    return session.owner if session else None


async def session_is_over(token: str) -> bool:
    """Say whether the session of a cookie has ended, for the socket that was opened with it; not while nobody can tell."""
    try:
        return await services().accounts.is_over(token)
    except Unavailable:
        return False


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Open the services of this process, work in the background, close them again."""
    try:
        opened = await open_guarded(SETTINGS)
    except Exception as error:  # the server says only that the start failed
        log.critical("start.failed: %s", error.message if isinstance(error, ImageRouteError) else trace(error))
        raise
    if isinstance(app.state_manager, StateManagerMemory):
        opened.outside.pages.append(partial(forget.forget_pages, app.state_manager.states))
    elif SETTINGS.redis_url:
        shared = cast("StateManagerRedis", app.state_manager)
        opened.outside.pages.append(partial(forget.forget_shared_pages, shared.redis))
    use_services(opened)
    async with running(opened):
        yield


def build_app() -> rx.App:
    """Return the app with everything in its place."""
    wall = compose(
        build_api(services),
        pages=PAGES,
        origins=SETTINGS.allowed_origins,
        socket_key=lambda: services().socket_key,
        session_is_over=session_is_over,
        note_signal=note_signal(services),
        proxy_hops=SETTINGS.trusted_proxy_hops,
        body_bytes_by_path={
            RECIPE_PATH: BODY_BYTES,
            "/api/upload": BYTES_MAX + MIB,
            VERIFY: VERIFY_BYTES_MAX,
        },
        meter=partial(Meter, token=SETTINGS.metrics_token, current=services),
        first_pictures=partial(FirstPictures, pages=PAGES, current=services),
    )
    built = rx.App(
        html_lang="en",
        stylesheets=[f"/{name}.css" for name in STYLES],
        head_components=[
            rx.el.script(src=address("app"), defer=True),
            rx.el.script(src=address("consent"), defer=True),
            rx.el.link(rel="icon", href="/favicon.svg"),
        ],
        app_wraps=app_wraps(),
        toaster=None,  # notices are shown by the shell; a toast from a handler would need eval
        api_transformer=wall,
        frontend_exception_handler=guard.frontend_exception_handler,
        backend_exception_handler=guard.backend_exception_handler(SessionState.tell),
    )
    guard.install(built, guard.Guard(resolve_session, sign_in_path=paths.SIGN_IN))
    page_locks.install(built)
    built.register_lifespan_task(lifespan)
    _add_pages(built)
    return built


def _add_pages(built: rx.App) -> None:
    signed_in = (
        (create, paths.CREATE, "Create", SelectionState.begin, CreateState.load_create, WelcomeState.load_welcome),
        (gallery, paths.GALLERY, "Gallery", SelectionState.begin, GalleryState.load_gallery),
        (uploads, paths.UPLOADS, "Uploads", UploadsState.load_uploads),
        (albums, paths.ALBUMS, "Albums", AlbumsState.load_albums),
        (trash, paths.TRASH, "Trash", TrashState.load_trash),
        (usage, paths.USAGE, "Usage", UsageState.load_usage),
        (notices, paths.NOTICES, "Notices", NoticesState.load_list),
        (privacy_center, paths.PRIVACY_CENTER, "Privacy center", *PRIVACY_LOADS),
        (account, paths.ACCOUNT, "Account", AccountState.load_account, RuleState.load_rule, *OUTGOING),
    )
    built.add_page(
        landing,
        route=paths.LANDING,
        title="See where your pictures go · ImageRoute",
        description=DESCRIPTION,
        image=SOCIAL,
        meta=META,
    )
    for page, path, title, *loads in signed_in:
        built.add_page(
            page,
            route=path,
            title=f"{title} · ImageRoute",
            description=DESCRIPTION,
            image=SOCIAL,
            on_load=[SessionState.load_session, NoticesState.load_notices, *loads],
        )
    built.add_page(missing, route="404", title="Nothing here · ImageRoute", description=DESCRIPTION, image=SOCIAL)


app = build_app()
