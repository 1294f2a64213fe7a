"""What every server-rendered page shares: templates, request ids, and one way to answer an error.

Principle: Jinja escapes everything; no template marks a value as safe. Pages carry no inline script.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from imageroute_app.domain.choices import BAR_WORDS, SIGNAL_MEANING, SIGNAL_WORDS, STANDS_WORDS
from imageroute_app.domain.errors import ImageRouteError, NotFound, RateLimited, Unavailable
from imageroute_app.domain.statistics import PAGES
from imageroute_app.services.house import Services

CurrentServices = Callable[[], Services]
"""Returns the open services; routes are built before they are open, so they ask on each request."""
Endpoint = Callable[[Request], Awaitable[Response]]

NO_STORE = {"Cache-Control": "no-store"}
PUBLIC = {"Cache-Control": "no-cache", "Vary": "Sec-GPC, Cookie"}
PERSONAL = {**PUBLIC, "Cache-Control": "private, no-cache"}
"""A public page for a browser that has a cookie of ours: its frame shows who is signed in, so that no cache may share it."""

# Where a person who opens the address of a form, for example by reloading after a fault, finds the form itself.
_FORM_PAGES = {
    **{f"/auth/{name}": f"/{name}" for name in ("sign-up", "sign-in", "forgot-password")},
    **{f"/auth/{name}": "/account" for name in ("change-name", "change-password", "end-device", "sign-out")},
    **{f"/auth/{name}": "/sign-in" for name in ("second-step", "passkey")},
}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_templates.globals["asking_pages"] = frozenset(f"/{page}" for page in PAGES)
"""Pages that are counted after a yes are those that ask for it."""
_templates.globals["consent_words"] = {
    "bar": BAR_WORDS,
    "stands": STANDS_WORDS,
    "signal": SIGNAL_WORDS,
    "meaning": SIGNAL_MEANING,
}


def own_accounts(current: CurrentServices) -> Services:
    """Return the services where this server keeps accounts itself; beside a sign-in service there is no second door."""
    services = current()
    if services.hosted is not None:
        raise NotFound
    return services


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the frame of a page knows of who reads it; `allows` says that a yes to statistics stands."""

    has_cookie: bool = False
    is_signed_in: bool = False
    allows: bool = False


NOBODY = Reader()


def keep_reader(request: Request, reader: Reader) -> None:
    """Note who reads, for every page that this request comes to."""
    request.scope.setdefault("state", {})["reader"] = reader


def _reader(request: Request) -> Reader:
    return request.scope.get("state", {}).get("reader", NOBODY)


def request_id(request: Request) -> str:
    """Return the id that the edge gave this request, or give it one."""
    state = request.scope.setdefault("state", {})
    if not state.get("request_id"):
        state["request_id"] = secrets.token_hex(8)
    return str(state["request_id"])


def render(
    request: Request,
    services: Services,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = NO_STORE,
    **values: Any,
) -> HTMLResponse:
    """Return a page made of a template and the facts of this installation that every page names."""
    reader = _reader(request)
    if headers is PUBLIC and reader.has_cookie:
        headers = PERSONAL
    text = _templates.get_template(template).render(
        path=request.url.path,
        origin=services.rules.origin,
        site=services.site,
        reader=reader,
        request_id=request_id(request),
        sends_signal=request.headers.get("sec-gpc") == "1",
        **values,
    )
    return HTMLResponse(text, status_code=status, headers=dict(headers))


PROGRAMS = ("/api/", "/media/", "/health", "/ready")


def wants_json(request: Request) -> bool:
    """Say whether this address answers programs, not readers."""
    return request.url.path.startswith(PROGRAMS)


def error_response(
    request: Request,
    services: Services,
    error: ImageRouteError,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer an error we raised: JSON for programs, a page with the request id for people."""
    extra = {**NO_STORE, **retry_header(error), **(headers or {})}
    if wants_json(request):
        body = {"code": error.code, "message": error.message, "request_id": request_id(request)}
        return JSONResponse({"error": body}, status_code=error.status, headers=extra)
    return render(
        request,
        services,
        "error.html",
        status=error.status,
        headers=extra,
        heading=_heading(error.status),
        message=error.message,
        back=_FORM_PAGES.get(request.url.path, ""),
        can_sign_in=error.status == HTTPStatus.UNAUTHORIZED,
    )


def retry_header(error: ImageRouteError) -> dict[str, str]:
    """Return Retry-After for errors that pass by themselves."""
    if isinstance(error, RateLimited | Unavailable):
        return {"Retry-After": str(error.retry_after_s)}
    return {}


def _heading(status: int) -> str:
    headings = {
        HTTPStatus.UNAUTHORIZED: "Sign in first",
        HTTPStatus.FORBIDDEN: "This is not allowed",
        HTTPStatus.NOT_FOUND: "Not found",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address works another way",
        HTTPStatus.CONFLICT: "Something changed meanwhile",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That was too much at once",
        HTTPStatus.UNPROCESSABLE_ENTITY: "That did not work",
        HTTPStatus.TOO_MANY_REQUESTS: "Too many tries",
        HTTPStatus.SERVICE_UNAVAILABLE: "Not available right now",
    }
    return headings.get(HTTPStatus(status), "That did not work")


class _HttpFault(ImageRouteError):
    """An error that Starlette found before a route ran, in our words."""

    def __init__(self, status: int) -> None:
        words = {
            HTTPStatus.NOT_FOUND: "Check the address.",
            HTTPStatus.METHOD_NOT_ALLOWED: "It takes what a form sends. Open the page and use the form.",
        }
        phrase = HTTPStatus(status)
        super().__init__(words.get(phrase, "The request could not be read. Go back and try again."))
        self.status, self.code = status, phrase.name.lower()


def exception_handlers(services: CurrentServices) -> dict[Any, Any]:
    """Return what Starlette does with the errors of our routes; hand it to Starlette(exception_handlers=...)."""

    async def answer_ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, ImageRouteError):
            raise error
        return error_response(request, services(), error)

    async def answer_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return error_response(request, services(), _HttpFault(error.status_code), headers=error.headers)

    return {ImageRouteError: answer_ours, HTTPException: answer_http}
