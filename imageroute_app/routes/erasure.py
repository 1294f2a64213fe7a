"""Closing an account, and the page that shows an erasure to whoever has its address: no sign-in, no script.

Principle: the page says what was found, not what was asked, and it is there for as long as the erasure is not over and after.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.authorities import LIST_URL
from imageroute_app.domain.erasures import Erasure, ErasureStep, Phase, StepState, System
from imageroute_app.domain.parts import category_of
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.forms import read_form
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices, render
from imageroute_app.routes.session import clear_session, see_other, session_of
from imageroute_app.services.erasure import Status
from imageroute_app.services.house import Signs

SECTION = "/privacy-center#close"
LATER = Act(
    heading="Close account in 7 days",
    meaning="Your account only stores from now on and you are signed out. In the 7 days you can sign in and keep it.",
    button="Close account in 7 days",
    back=SECTION,
)
NOW = Act(
    heading="Erase everything now",
    meaning="Pictures, prompts and account are erased at once, everywhere. Nobody can bring them back.",
    button="Erase now",
    back=SECTION,
)
OUT_OF_REACH = (
    "Pictures that others downloaded before.",
    "Models that were trained before: what they learned cannot be taken out. The register of builds says which held a picture.",
)
TAGS = {
    StepState.DONE: "Gone",
    StepState.ABSENT: "Nothing there",
    StepState.RETAINED: "Stays a while",
    StepState.MANUAL: "Asked, not confirmed",
    StepState.RETRY: "Trying again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop of the route, as the page draws it."""

    step: ErasureStep
    look: str
    tag: str
    letter: str


class ErasureRoutes:
    """The forms of the privacy centre, and the page of an erasure."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def close(self, request: Request) -> Response:
        """Begin after the password was given; the session ends and the page of the erasure opens."""
        services = self._current()
        form = await read_form(request, "when", *PROOF)
        at_once = form.get("when") == "now"
        session = await confirmed(request, services, form, NOW if at_once else LATER)
        if isinstance(session, Response):
            return session
        await services.activity.note(session.owner, ActivityKind.ERASURE, device=session.device, detail="asked")
        erasure = await services.erasures.begin(session.owner, at_once=at_once)
        if at_once:
            services.erasures.go(erasure)
        response = see_other(f"/erasure/{erasure.code}")
        clear_session(response, services)
        return response

    async def keep(self, request: Request) -> Response:
        """Call it off within the seven days."""
        services = self._current()
        session = await session_of(request, services)
        await services.erasures.cancel(session.owner)
        await services.activity.note(session.owner, ActivityKind.ERASURE, device=session.device, detail="called-off")
        return see_other(SECTION)

    async def show(self, request: Request) -> Response:
        """Show how it stands."""
        services = self._current()
        status = await services.erasures.status(request.path_params["code"])
        return self._page(request, status)

    async def try_now(self, request: Request) -> Response:
        """Try what waits, now."""
        code = request.path_params["code"]
        await self._current().erasures.try_now(code)
        return see_other(f"/erasure/{code}")

    async def file(self, request: Request) -> Response:
        """Give the same as a file, to keep."""
        services = self._current()
        status = await services.erasures.status(request.path_params["code"])
        return JSONResponse(
            signed(as_json(status, services.site.data_contact), services.receipts),
            headers={**NO_STORE, "Content-Disposition": 'attachment; filename="imageroute-erasure.json"'},
        )

    def _page(self, request: Request, status: Status) -> Response:
        stops = [_stop(step, status) for step in status.steps]
        over = sum(step.state.is_over for step in status.steps)
        retrying = sum(step.state is StepState.RETRY for step in status.steps)
        return render(
            request,
            self._current(),
            "erasure.html",
            erasure=status.erasure,
            stops=stops,
            headline=headline(status.erasure, over, len(stops), retrying),
            part=category_of(status.erasure) or "",
            is_running=status.erasure.phase is Phase.ERASING,
            is_final=status.erasure.phase.is_final,
            retrying=retrying,
            retained=[step for step in status.steps if step.state in (StepState.RETAINED, StepState.MANUAL)],
            counted=[step for step in status.steps if step.count and step.state.is_over],
        )

    def routes(self) -> list[Route]:
        """Return forms and pages."""
        return [
            Route("/privacy-center/close", self.close, methods=["POST"]),
            Route("/privacy-center/keep", self.keep, methods=["POST"]),
            Route("/erasure/{code:str}", self.show, methods=["GET"]),
            Route("/erasure/{code:str}/try", self.try_now, methods=["POST"]),
            Route("/erasure/{code:str}/status.json", self.file, methods=["GET"]),
        ]


def headline(erasure: Erasure, over: int, of: int, retrying: int) -> str:
    """Return the one sentence of how it stands."""
    match erasure.phase:
        case Phase.GRACE:
            return f"Everything is erased on {erasure.grace_until:%-d %B %Y}."
        case Phase.CANCELLED:
            return "Called off. The account is as it was."
        case Phase.COMPLETE:
            return "Gone. Every system was searched again and has nothing left."
        case Phase.RETAINED:
            return "Gone here. What others keep a while is listed."
        case Phase.ERASING:
            again = f", {retrying} being tried again" if retrying else ""
            return f"Erasing. {over} of {of} systems report gone{again}."


def as_json(status: Status, data_contact: str = "") -> dict[str, object]:
    """Return an erasure as it may be kept by anyone: nothing in it names the person."""
    erasure = status.erasure
    return {
        "schema": 1,
        "number": number(erasure),
        "state": erasure.phase.value,
        "part": category_of(erasure) or "the whole account",
        "asked_at": erasure.asked_at.isoformat(),
        "ended_at": erasure.ended_at.isoformat() if erasure.ended_at else None,
        "legal_limit": erasure.law_at.isoformat(),
        "data_protection": data_contact,
        "systems": [
            {
                "name": step.label,
                "state": step.state.value,
                "detail": step.detail,
                "proof": step.proof,
                "count": step.count,
                "at": step.at.isoformat() if step.at else None,
                "until": step.until.isoformat() if step.until else None,
            }
            for step in status.steps
        ],
        "out_of_reach": OUT_OF_REACH,
        "complaints": LIST_URL,
    }


def signed(receipt: Mapping[str, object], receipts: Signs) -> dict[str, object]:
    """Return a receipt with a signature that anyone can check without asking us."""
    data = json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = {
        "algorithm": "Ed25519",
        "public_key": receipts.public_key,
        "value": receipts.sign(data),
        "over": "this file without its member signature, as JSON in UTF-8 with sorted names and no spaces between",
    }
    return {**receipt, "signature": signature}


def number(erasure: Erasure) -> str:
    """Return the short number on the receipt."""
    return f"E-{erasure.code[:4]}-{erasure.code[4:6]}"


def _stop(step: ErasureStep, status: Status) -> Stop:
    is_company = step.system is System.COMPANY
    kind = "prov" if is_company else "home" if step.system in (System.PICTURES, System.DOWNLOADS) else "hub"
    if step.state.is_over:
        look = f"{kind} gone"
    elif step.state is StepState.RETRY:
        look = f"{kind} stuck"
    else:
        look = f"{kind} ahead toahead"
    is_last = step.place == len(status.steps) - 1
    return Stop(
        step=step,
        look=look.replace(" toahead", "") if is_last else look,
        tag=TAGS.get(step.state, ""),
        letter=step.label[:1].upper() if is_company else "",
    )
