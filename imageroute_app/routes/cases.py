"""Pages where anyone asks, complains, reports and follows what came of it; without script, and without an account.

Principle: what a person may see of a case rests on the session or on its code alone. No answer tells whether an account exists.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.authorities import AUTHORITIES, LIST_URL, likely_authority
from imageroute_app.domain.case_rules import REQUESTS, RULES
from imageroute_app.domain.cases import Case, Kind
from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.domain.gallery import TRASH_DAYS
from imageroute_app.routes.answers import note
from imageroute_app.routes.case_forms import PRIVATE, day, form_page, read_case_form, send_file, shown
from imageroute_app.routes.forms import COUNTRIES, Form, hinted_country, read_country
from imageroute_app.routes.pagekit import NO_STORE, PUBLIC, CurrentServices, render
from imageroute_app.routes.session import client_address, find_session, owner_of, see_other
from imageroute_app.services.address_package import AddressPackage
from imageroute_app.services.cases import Opened, Opening
from imageroute_app.services.house import Services

FIELDS = ("kind", "text", "contact", "agent", "country", "request_id", "account")
REPORTS = (Kind.CHILD, Kind.ABUSE, Kind.LEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One page with a form: its address, its template, and the kinds that it takes, the first one by default."""

    path: str
    template: str
    kinds: tuple[Kind, ...]


DESKS = (
    Desk(path="/support", template="support.html", kinds=(Kind.TICKET,)),
    Desk(path="/complaint", template="complaint.html", kinds=(Kind.COMPLAINT,)),
    Desk(path="/requests", template="requests.html", kinds=REQUESTS),
    Desk(path="/report", template="report.html", kinds=REPORTS),
)


class CasePages:
    """The pages; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    # --- Asking -------------------------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        """Show the form of one desk."""
        services, desk = self._current(), _desk(request)
        session = await find_session(request, services)
        asked = {name: request.query_params.get(name, "")[:200] for name in ("kind", "request_id", "text")}
        form = Form(values={**asked, "country": hinted_country(request)})
        return _ask(request, services, desk, form, session)

    async def take(self, request: Request) -> Response:
        """Open a case, or show the form again with the fault."""
        services, desk = self._current(), _desk(request)
        session = await find_session(request, services)
        form, data = await read_case_form(request, *FIELDS)
        try:
            opened = await _open(request, services, desk, form, data, session)
        except ImageRouteError as error:
            note(form, error)
            return _ask(request, services, desk, form, session, error)
        if opened.case.has_account:
            return see_other(f"/cases/{opened.case.id}")
        return _opened(request, services, opened)

    # --- Following ----------------------------------------------------------------------------------------------------

    async def show_codes(self, request: Request) -> Response:
        """Ask for the code of a case."""
        services = self._current()
        return form_page(request, services, "cases.html", form=Form(), headers=PUBLIC)

    async def find(self, request: Request) -> Response:
        """Show the case of a code, and take what is written to it there."""
        services = self._current()
        form, data = await read_case_form(request, "code", "act", "text", "proof")
        address = client_address(request)
        try:
            case = await _act(request, services, form, data)
            if form.get("act") == "package":
                return _package(await services.office.packages.of(case))
        except ImageRouteError as error:
            note(form, error)
            if form.get("act") in {"", "claim"}:
                return form_page(request, services, "cases.html", form=form, error=error)
            case = await services.office.cases.find(form.get("code"), address=address)
            return await _case(request, services, case, form, error=error)
        if form.get("act") == "claim":
            return see_other(f"/cases/{case.id}")
        return await _case(request, services, case, Form(values={"code": form.get("code")}))

    async def mine(self, request: Request) -> Response:
        """Show one of the cases of who is signed in."""
        services = self._current()
        case = await services.office.cases.case(await owner_of(request, services), request.path_params["case_id"])
        return await _case(request, services, case, Form())

    async def write(self, request: Request) -> Response:
        """Add a message to it."""
        services = self._current()
        case = await services.office.cases.case(await owner_of(request, services), request.path_params["case_id"])
        form, data = await read_case_form(request, "text")
        try:
            await services.office.cases.write(case, form.get("text"), file=data)
        except ImageRouteError as error:
            note(form, error)
            return await _case(request, services, case, form, error=error)
        return see_other(f"/cases/{case.id}")

    async def file(self, request: Request) -> Response:
        """Hand out a file of one's own case."""
        services = self._current()
        case = await services.office.cases.case(await owner_of(request, services), request.path_params["case_id"])
        return await send_file(services, case, request.path_params["message_id"])

    def routes(self) -> list[Route]:
        """Return the pages (GET) and the forms (POST)."""
        asking = [
            route
            for desk in DESKS
            for route in (
                Route(desk.path, self.show, methods=["GET"]),
                Route(desk.path, self.take, methods=["POST"]),
            )
        ]
        return [
            *asking,
            Route("/cases", self.show_codes, methods=["GET"]),
            Route("/cases", self.find, methods=["POST"]),
            Route("/cases/{case_id}", self.mine, methods=["GET"]),
            Route("/cases/{case_id}", self.write, methods=["POST"]),
            Route("/cases/{case_id}/{message_id}", self.file, methods=["GET"]),
        ]


def _desk(request: Request) -> Desk:
    return next(desk for desk in DESKS if desk.path == request.url.path)


async def _open(
    request: Request, services: Services, desk: Desk, form: Form, data: bytes, session: Session | None
) -> Opened:
    kind = _kind(desk, form)
    address = client_address(request)
    if kind is Kind.CHILD:
        contact = form.get("contact")
        return await services.office.children.report(
            form.get("account"), form.get("text"), contact=contact, address=address
        )
    country = read_country(form)
    if session:
        country = (await services.accounts.person(session.owner)).country or country
    text = form.get("text")
    if form.get("account").strip():
        text = f"{form.get('account').strip()}\n\n{text}"
    opening = Opening(
        kind=kind,
        text=text,
        owner=session.owner if session else "",
        contact=form.get("contact"),
        country=country,
        agent=form.get("agent"),
        request_id=_printable(form.get("request_id")),
        file=data,
    )
    return await services.office.cases.open(opening, address=address)


def _kind(desk: Desk, form: Form) -> Kind:
    if not form.get("kind") and len(desk.kinds) == 1:
        return desk.kinds[0]
    found = next((kind for kind in desk.kinds if kind.value == form.get("kind")), None)
    if found is None:
        raise InvalidInput("Choose what it is about.", field="kind")
    return found


def _printable(text: str) -> str:
    return "".join(ch for ch in text if ch.isascii() and ch.isalnum())[:32]


def _ask(
    request: Request,
    services: Services,
    desk: Desk,
    form: Form,
    session: Session | None,
    error: ImageRouteError | None = None,
) -> Response:
    country = form.get("country")
    return form_page(
        request,
        services,
        desk.template,
        form=form,
        error=error,
        kinds=[(kind.value, RULES[kind].title) for kind in desk.kinds],
        is_signed_in=session is not None,
        rules=services.rules,
        trash_days=TRASH_DAYS,
        authority=likely_authority(country),
        authorities=[(COUNTRIES[code], found) for code, found in sorted(AUTHORITIES.items(), key=_by_country)],
        list_url=LIST_URL,
    )


def _by_country(item: tuple[str, object]) -> str:
    return COUNTRIES[item[0]]


def _opened(request: Request, services: Services, opened: Opened) -> Response:
    case = opened.case
    return render(
        request,
        services,
        "case_opened.html",
        headers=NO_STORE,
        title=RULES[case.kind].title,
        case=case,
        due=day(case.due_at),
        code=opened.code,
        asks_proof=bool(case.proof_hash),
    )


def _package(package: AddressPackage) -> Response:
    headers = {
        **PRIVATE,
        "Content-Disposition": f'attachment; filename="{package.name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(package.data, media_type="application/zip", headers=headers)


async def _act(request: Request, services: Services, form: Form, data: bytes) -> Case:
    cases, code, address = services.office.cases, form.get("code"), client_address(request)
    match form.get("act"):
        case "prove":
            return await cases.prove(code, form.get("proof"), address=address)
        case "claim":
            return await cases.claim(await owner_of(request, services), code, address=address)
        case "write":
            found = await cases.find(code, address=address)
            await cases.write(found, form.get("text"), file=data)
            return found
        case _:
            return await cases.find(code, address=address)


async def _case(
    request: Request, services: Services, case: Case, form: Form, *, error: ImageRouteError | None = None
) -> Response:
    session = await find_session(request, services)
    is_mine = session is not None and session.owner == case.owner
    return form_page(
        request,
        services,
        "case.html",
        form=form,
        error=error,
        is_mine=is_mine,
        can_claim=session is not None and not case.has_account,
        needs_proof=not case.is_confirmed and bool(case.proof_hash),
        has_package=case.is_confirmed and not case.has_account and bool(case.contact),
        **({} if error else {"headers": PRIVATE}),
        **shown(case, await services.office.cases.messages(case), await services.office.fulfilment.progress(case)),
    )
