"""Policies and facts that anyone can read: no account, no cookie, no script. Tables come from the data map, not from text."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from imageroute_app.domain.case_rules import add_months
from imageroute_app.routes.facts import facts
from imageroute_app.routes.pagekit import PUBLIC, CurrentServices, Endpoint, render
from imageroute_app.services.house import Services

READING = ("processors", "contact")
PAGES = ("privacy", "terms", "cookies", *READING, "trust")
SECURITY_TXT_MONTHS = 6
"""Until when it is good, from the beginning of this month; less than a year, as RFC 9116 asks."""
GPC_SINCE = "2026-11-25"
CLOSED_TO_ROBOTS = (
    "/api/",
    "/auth/",
    "/media/",
    "/exports/",
    "/receipts/",
    "/erasure/",
    "/create",
    "/gallery",
    "/trash$",
    "/usage",
    "/credits",
    "/sandbox/",
    "/account",
    "/admin",
    "/cases/",
    "/outbox",
)
KEPT = {"Cache-Control": "public, max-age=3600"}


def public_routes(current: CurrentServices) -> list[Route]:
    """Return the reading pages and the well-known files."""
    files: dict[str, Callable[[Services], Response]] = {
        "/robots.txt": _robots,
        "/.well-known/security.txt": _security,
        "/.well-known/gpc.json": _gpc,
        "/.well-known/change-password": _change_password,
    }
    return [
        *(Route(f"/{name}", _page(current, name), methods=["GET"]) for name in READING),
        *(Route(path, _file(current, build), methods=["GET"]) for path, build in files.items()),
    ]


def _page(current: CurrentServices, name: str) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        opens = await services.routing.opens()
        arriving = await services.arrivals.waiting() if name == "processors" else []
        return render(
            request,
            services,
            f"{name}.html",
            headers=PUBLIC,
            opens=opens,
            arriving=arriving,
            **facts(request, services),
        )

    return show


def _file(current: CurrentServices, build: Callable[[Services], Response]) -> Endpoint:
    async def show(_request: Request) -> Response:
        return build(current())

    return show


def _robots(_services: Services) -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED_TO_ROBOTS)]
    return PlainTextResponse("\n".join(lines) + "\n", headers=KEPT)


def _security(services: Services) -> Response:
    month = services.statistics.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = add_months(month, SECURITY_TXT_MONTHS)
    origin, email = services.rules.origin, services.site.controller_email
    lines = (
        f"Contact: {'mailto:' + email if email else origin + '/contact'}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {origin}/.well-known/security.txt",
        f"Policy: {origin}/report",
        f"# Privacy for machines: {origin}/privacy/policy.jsonld",
    )
    return PlainTextResponse("\n".join(lines) + "\n", headers=KEPT)


def _gpc(_services: Services) -> Response:
    return JSONResponse({"gpc": True, "lastUpdate": GPC_SINCE}, headers=KEPT)


def _change_password(services: Services) -> Response:
    path = "/account" if services.hosted is None else "/auth/clerk/profile"
    return RedirectResponse(path, status_code=302, headers=KEPT)
