"""The register of what lies on a device, the form for the choice about it, and the register for scripts."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.choices import BAR_WORDS, CONFLICT_WORDS, ChoiceEvent, words_for
from imageroute_app.domain.data_map import COOKIES, STORAGE_KEYS
from imageroute_app.domain.purposes import OPTIONAL, PURPOSES, Purpose
from imageroute_app.domain.visitors import allowed_now
from imageroute_app.routes.consent import answer_of, has_signal
from imageroute_app.routes.facts import facts
from imageroute_app.routes.pagekit import NO_STORE, PUBLIC, CurrentServices, Endpoint, render
from imageroute_app.routes.session import find_session
from imageroute_app.services.house import Services


def cookie_routes(current: CurrentServices) -> list[Route]:
    """Return the page and the register for scripts."""
    return [
        Route("/cookies", _page(current), methods=["GET"]),
        Route("/api/device", _register(), methods=["GET"]),
    ]


def _page(current: CurrentServices) -> Endpoint:
    async def show(request: Request) -> Response:
        services = current()
        values = {**facts(request, services), **await _choice(request, services)}
        return render(request, services, "cookies.html", headers=PUBLIC, **values)

    return show


async def _choice(request: Request, services: Services) -> dict[str, Any]:
    """Return what the form shows: each optional purpose, its words, and whether it is allowed by whoever looks."""
    session, signal = await find_session(request, services), has_signal(request)
    if session is None:
        answer = answer_of(request, services)
        allowed, answered_at = allowed_now(answer, signal=signal), answer.at if answer else None
    else:
        allowed = await services.statistics.allowed(session.owner)
        signal = signal or await services.choices.has_signal(session.owner)
        lasts = [(await services.choices.standing(session.owner, purpose)).last for purpose in OPTIONAL]
        answered_at = max((last.created_at for last in lasts if last), default=None)
    switches = [(purpose.value, PURPOSES[purpose].title, _words(purpose), purpose in allowed) for purpose in OPTIONAL]
    return {
        "switches": switches,
        "bar_words": BAR_WORDS,
        "conflict_words": CONFLICT_WORDS if signal else "",
        "answered_at": answered_at,
        "is_signed_in": session is not None,
    }


def _words(purpose: Purpose) -> str:
    title = PURPOSES[purpose].title
    return words_for(purpose, ChoiceEvent.GIVEN).removeprefix(f"{title}. ")


def _register() -> Endpoint:
    async def show(request: Request) -> Response:
        known = {**COOKIES, **STORAGE_KEYS}
        register = {name: {"text": item.text, "essential": item.is_essential} for name, item in known.items()}
        cookies = sorted(name.removeprefix("__Host-") for name in request.cookies)
        return JSONResponse({"register": register, "cookies": cookies}, headers=NO_STORE)

    return show
