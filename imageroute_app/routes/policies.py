"""Privacy policy and terms: the edition in effect, every earlier one, differences. No script, cookie or account."""

from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.policies import Edition, Kind
from imageroute_app.domain.policy_text import compare, parse
from imageroute_app.routes.controls import CONTROLS
from imageroute_app.routes.facts import facts
from imageroute_app.routes.pagekit import PUBLIC, CurrentServices, Endpoint, render
from imageroute_app.services.house import Services


def policy_routes(current: CurrentServices) -> list[Route]:
    """Return the pages of both texts."""
    return [route for kind in Kind for route in _routes(current, kind)]


def _routes(current: CurrentServices, kind: Kind) -> list[Route]:
    pages: dict[str, Endpoint] = {
        f"/{kind}": _now(current, kind),
        f"/{kind}/versions": _versions(current, kind),
        f"/{kind}/versions/{{day}}": _one(current, kind),
        f"/{kind}/compare": _compared(current, kind),
    }
    return [Route(path, page, methods=["GET"]) for path, page in pages.items()]


def _now(current: CurrentServices, kind: Kind) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        return await _edition_page(request, services, await services.policies.current(kind))

    return show


def _one(current: CurrentServices, kind: Kind) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        return await _edition_page(request, services, _find(services, kind, request.path_params["day"]))

    return show


def _versions(current: CurrentServices, kind: Kind) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        return render(
            request,
            services,
            "policy_versions.html",
            headers=PUBLIC,
            kind=kind,
            title=_title(kind),
            editions=list(reversed(services.policies.editions(kind))),
            in_effect=await services.policies.current(kind),
            upcoming=await services.policies.upcoming(kind),
        )

    return show


def _compared(current: CurrentServices, kind: Kind) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        old = _find(services, kind, request.query_params.get("from", ""))
        new = _find(services, kind, request.query_params.get("to", ""))
        pieces = compare(old.text, new.text)
        return render(
            request,
            services,
            "policy_compare.html",
            headers=PUBLIC,
            kind=kind,
            title=_title(kind),
            old=old,
            new=new,
            pieces=pieces,
            changed=sum(piece.kind != "same" for piece in pieces),
        )

    return show


async def _edition_page(request: Request, services: Services, edition: Edition) -> Response:
    in_effect = await services.policies.current(edition.kind)
    return render(
        request,
        services,
        "policy_edition.html",
        headers=PUBLIC,
        edition=edition,
        policy=parse(edition.text),
        controls=CONTROLS if edition.kind is Kind.PRIVACY else {},
        in_effect=in_effect,
        upcoming=await services.policies.upcoming(edition.kind),
        **facts(request, services),
    )


def _find(services: Services, kind: Kind, day: str) -> Edition:
    try:
        return services.policies.edition(f"{kind}-{date.fromisoformat(day).isoformat()}")
    except ValueError as error:
        raise NotFound from error


def _title(kind: Kind) -> str:
    return {Kind.PRIVACY: "Privacy policy", Kind.TERMS: "Terms"}[kind]
