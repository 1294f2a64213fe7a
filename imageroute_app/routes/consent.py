"""The question about statistics, its answer, the browser's opt-out signal, and what is counted after a yes.

Principles: nothing is asked twice within six months, nothing is counted before a yes, and the signal (`Sec-GPC: 1`, exactly)
only takes away. What a visitor said is kept in the visitor's own browser; what a signed-in person said, in the log of choices.
"""

import json
import secrets
import time
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.choices import BAR_WORDS, CONSENT_LIFE, STANDS_WORDS
from imageroute_app.domain.errors import InvalidInput, RateLimited
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.domain.statistics import end_of_day
from imageroute_app.domain.visitors import Answer, allowed_now, read_answer
from imageroute_app.pace import Buckets
from imageroute_app.routes.forms import Form, read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.routes.session import client_address, find_session, is_https, safe_next, see_other
from imageroute_app.services.choice_log import How
from imageroute_app.services.house import Services

ANSWER_COOKIE, VISITOR_COOKIE = "ir_choices", "ir_visitor"
SEEN_BYTES, LOAD_MS_MAX = 512, 600_000
GPC = "sec-gpc"


class ConsentRoutes:
    """The routes; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current
        self._pace = Buckets(per_s=1, burst=30)

    async def standing(self, request: Request) -> Response:
        """Tell a page whether it may ask, whether it may count, whether a signal came in, and whether somebody is signed in."""
        services = self._current()
        signal = has_signal(request) or request.query_params.get("signal") == "1"
        session = await find_session(request, services)
        if session is None:
            answer = answer_of(request, services)
            ask, allowed = answer is None and not signal, allowed_now(answer, signal=signal)
        else:
            if has_signal(request):
                await services.choices.signal(session.owner)
            ask = await services.choices.may_ask(session.owner)
            allowed = await services.statistics.allowed(session.owner)
        body = {"ask": ask, "signal": signal, "counts": bool(allowed), "known": session is not None}
        return JSONResponse(body, headers=NO_STORE)

    async def signal(self, request: Request) -> Response:
        """Take in the signal of a browser that says it to its pages only (navigator.globalPrivacyControl)."""
        services = self._current()
        session = await find_session(request, services)
        if session is not None:
            await services.choices.signal(session.owner)
        return Response(status_code=204, headers=NO_STORE)

    async def answer(self, request: Request) -> Response:
        """Keep an answer: in the log for a signed-in person, else in the visitor's own browser. Both forms post here."""
        services = self._current()
        form = await read_form(request, "answer", *(purpose.value for purpose in OPTIONAL), "next")
        answer = _said(form, services.statistics.now(), signal=has_signal(request))
        asked_by_script = "application/json" in request.headers.get("accept", "")
        response = Response(status_code=204, headers=NO_STORE)
        if not asked_by_script:
            response = see_other(safe_next(form.get("next"), default="/cookies"))
        session = await find_session(request, services)
        if session is not None:
            words = STANDS_WORDS if form.get("answer") == "back" else BAR_WORDS if answer.by_bar else ""
            for purpose, on in answer.answers.items():
                await services.choices.choose(session.owner, purpose, on=on, how=How(words=words))
            return response
        if not answer.allowed:
            await _forget_visitor(request, response, services)
        _set(response, services, ANSWER_COOKIE, answer.dump(), int(CONSENT_LIFE.total_seconds()))
        return response

    async def seen(self, request: Request) -> Response:
        """Count a page that was opened and how fast it came, for whoever said yes; everyone else's is not read."""
        services = self._current()
        if not self._pace.take(client_address(request), time.monotonic()):
            raise RateLimited("Too many pages at once. Nothing was counted.", retry_after_s=30)
        response = Response(status_code=204, headers=NO_STORE)
        session = await find_session(request, services)
        if session is not None:
            page, load_ms = await _read_page(request)
            await services.statistics.seen(session.owner, page, load_ms)
            return response
        allowed = allowed_now(answer_of(request, services), signal=has_signal(request))
        if allowed:
            page, load_ms = await _read_page(request)
            visitor = _visitor(request, services) or _new_visitor(response, services)
            await services.statistics.seen_by_visitor(visitor, allowed, page, load_ms)
        return response

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/choices", self.standing, methods=["GET"]),
            Route("/api/choices/signal", self.signal, methods=["POST"]),
            Route("/choices", self.answer, methods=["POST"]),
            Route("/api/seen", self.seen, methods=["POST"]),
        ]


# --- What came with the request -----------------------------------------------------------------------------------------


def has_signal(request: Request) -> bool:
    """Say whether the browser asks to opt out; only the value 1 counts (Global Privacy Control, W3C draft)."""
    return request.headers.getlist(GPC) == ["1"]


def answer_of(request: Request, services: Services) -> Answer | None:
    """Return what this browser remembers as its visitor's answer, while that counts."""
    return read_answer(request.cookies.get(_name(services, ANSWER_COOKIE), ""), services.statistics.now())


def remembers_answer(request: Request, services: Services) -> bool:
    """Say whether this browser brought a cookie about its visitor's answer, whatever it says."""
    return _name(services, ANSWER_COOKIE) in request.cookies


def _visitor(request: Request, services: Services) -> str:
    return request.cookies.get(_name(services, VISITOR_COOKIE), "")[:64]


def _said(form: Form, now: datetime, *, signal: bool) -> Answer:
    match form.get("answer"):
        case "accept":
            return Answer(allowed=frozenset(OPTIONAL), at=now, by_bar=True)
        case "reject":
            return Answer(allowed=frozenset(), at=now, by_bar=True)
        case "back":
            return Answer(allowed=frozenset(), at=now)
        case "chosen":
            allowed = frozenset(purpose for purpose in OPTIONAL if form.get(purpose.value) == "yes")
            return Answer(allowed=allowed, at=now, against_signal=signal and bool(allowed))
        case _:
            raise InvalidInput("Choose accept, reject, or each one.", field="answer")


async def _read_page(request: Request) -> tuple[str, int | None]:
    """Return the page's name and its time to load, None for one that was drawn without a load."""
    body = await request.body()
    if len(body) > SEEN_BYTES:
        raise InvalidInput("That is no page of ours.")
    try:
        said = json.loads(body)
        page, load_ms = said["page"], said["load_ms"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput("That is no page of ours.") from error
    is_time = load_ms is None or (isinstance(load_ms, int) and 0 <= load_ms <= LOAD_MS_MAX)
    if not isinstance(page, str) or not is_time:
        raise InvalidInput("That is no page of ours.")
    return page, load_ms


# --- What the browser keeps ---------------------------------------------------------------------------------------------


def _name(services: Services, name: str) -> str:
    return f"__Host-{name}" if is_https(services) else name


def _set(response: Response, services: Services, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        _name(services, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=is_https(services),
        httponly=True,
        samesite="lax",
    )


def _drop(response: Response, services: Services, name: str) -> None:
    _set(response, services, name, "", 0)


def _new_visitor(response: Response, services: Services) -> str:
    """Give the browser a secret for the rest of the day, so that one person is not counted twice in it."""
    visitor, now = secrets.token_urlsafe(24), services.statistics.now()
    _set(response, services, VISITOR_COOKIE, visitor, int((end_of_day(now) - now).total_seconds()))
    return visitor


async def _forget_visitor(request: Request, response: Response, services: Services) -> None:
    """Delete what was counted today, and the secret it was counted under."""
    if visitor := _visitor(request, services):
        await services.statistics.forget_visitor(visitor)
        _drop(response, services, VISITOR_COOKIE)


async def carry_over(request: Request, response: Response, services: Services, owner: str) -> None:
    """Bring what was answered before signing in to the account, and take it from the browser."""
    answer = answer_of(request, services)
    if answer is None:
        return
    how_said = BAR_WORDS if answer.by_bar else ""
    await services.choices.bring(owner, answer.answers, answer.at, words=how_said, against_signal=answer.against_signal)
    await _forget_visitor(request, response, services)
    _drop(response, services, ANSWER_COOKIE)


async def leave_behind(response: Response, services: Services, owner: str) -> None:
    """Let the browser of someone who signs out neither ask anew nor count: a yes belongs to the account, not to a device."""
    if not await services.choices.may_ask(owner):
        said = Answer(allowed=frozenset[Purpose](), at=services.statistics.now())
        _set(response, services, ANSWER_COOKIE, said.dump(), int(CONSENT_LIFE.total_seconds()))
