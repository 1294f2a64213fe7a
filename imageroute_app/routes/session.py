"""Who is asking: the session cookie, the address, the device, and where a person may be sent next.

Principle: the token lives in an HttpOnly cookie and nowhere else; every answer that sets or clears it is not stored.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from ua_parser import parse

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.errors import NotSignedIn
from imageroute_app.pace import household
from imageroute_app.services.house import Services

HOME = "/create"
AGE_COOKIE, AGE_STOP_S = "ir_age", 3600
DEVICE_MAX, AGENT_MAX, NEXT_MAX = 60, 512, 512
_SYSTEM_NAMES = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}


def is_https(services: Services) -> bool:
    """Say whether people reach this installation over TLS, so that cookies must be Secure."""
    return services.rules.origin.startswith("https://")


def cookie_name(services: Services) -> str:
    """Return the name of the session cookie; the prefix makes browsers refuse a weaker one (RFC 6265bis)."""
    return "__Host-ir_session" if is_https(services) else "ir_session"


def site_origin(request: Request, services: Services) -> str:
    """Return which of our origins the browser is at; the edge has let no other host in."""
    host = request.headers.get("host", "")
    origins = (*services.site.origins, services.rules.origin)
    return next((origin for origin in origins if urlsplit(origin).netloc == host), services.rules.origin)


def session_token(request: Request, services: Services) -> str:
    """Return the secret of the session cookie, or nothing."""
    return request.cookies.get(cookie_name(services), "")


async def find_session(request: Request, services: Services) -> Session | None:
    """Return the live session of this request, if it has one."""
    return await services.accounts.session(session_token(request, services))


async def session_of(request: Request, services: Services) -> Session:
    """Return the live session; raises NotSignedIn."""
    session = await find_session(request, services)
    if session is None:
        raise NotSignedIn
    return session


async def owner_of(request: Request, services: Services) -> str:
    """Return who is signed in; raises NotSignedIn."""
    return (await session_of(request, services)).owner


def set_session(response: Response, services: Services, token: str) -> None:
    """Give the browser the session; set again on use, it ends with the last use."""
    response.set_cookie(
        cookie_name(services),
        token,
        max_age=int(services.rules.session_idle.total_seconds()),
        path="/",
        secure=is_https(services),
        httponly=True,
        samesite="lax",
    )
    response.headers["Cache-Control"] = "no-store"


def clear_session(response: Response, services: Services) -> None:
    """Take the session from the browser, and what it has cached of private pictures."""
    response.delete_cookie(cookie_name(services), path="/", secure=is_https(services), httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    response.headers["Cache-Control"] = "no-store"


def set_age_stop(response: Response, services: Services) -> None:
    """Remember for an hour that the age screen said no, so that going back does not open it again."""
    response.set_cookie(
        AGE_COOKIE,
        "1",
        max_age=AGE_STOP_S,
        path="/",
        secure=is_https(services),
        httponly=True,
        samesite="lax",
    )


def see_other(path: str) -> RedirectResponse:
    """Send the browser on after a form."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def safe_next(text: str, default: str = HOME) -> str:
    """Return a path of ours to go to, or the default for anything that could leave the site."""
    if not text.startswith("/") or text.startswith(("//", "/auth/")) or len(text) > NEXT_MAX:
        return default
    if "\\" in text or re.search(r"[\x00-\x20\x7f-\xff]", text):
        return default
    parts = urlsplit(text)
    return default if parts.scheme or parts.netloc else text


def client_address(request: Request) -> str:
    """Return the address to count tries by; an IPv6 one by its /64, which is one household.

    The edge has looked behind the proxies that the settings name; a header is not believed here.
    """
    return household(request.client.host if request.client else "")


def is_local_client(request: Request) -> bool:
    """Say whether the connection itself comes from this machine and through no proxy."""
    forwarded = {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers.keys())
    if request.client is None or forwarded:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def device_label(request: Request) -> str:
    """Return a coarse name such as "Chrome on Linux"; versions are not kept."""
    found = parse(request.headers.get("user-agent", "")[:AGENT_MAX])
    browser = found.user_agent.family if found.user_agent else "Unknown browser"
    system = found.os.family if found.os else ""
    system = _SYSTEM_NAMES.get(system, system)
    return (f"{browser} on {system}" if system else browser)[:DEVICE_MAX]
