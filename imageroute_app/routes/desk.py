"""/admin: the desk of operators. Plain pages and forms, a fresh proof of presence, a reason before any words are shown.

Principle: to everyone who is not an operator, and until the password was given again, there is nothing here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.authorities import COURT_ROUTE, complaint_route
from imageroute_app.domain.case_progress import waits
from imageroute_app.domain.case_rules import ANSWER_MAX, CAN_BE_REFUSED, RULES, Ruling
from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotFound
from imageroute_app.domain.money import money
from imageroute_app.domain.parts import PARTS
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.registers import read_facts, read_time
from imageroute_app.routes.answers import note
from imageroute_app.routes.case_forms import OUTCOMES, PRIVATE, day, form_page, read_case_form, send_file, shown
from imageroute_app.routes.confirm import PROOF, Act, confirmed
from imageroute_app.routes.desk_entries import ENTRY_FIELDS, REGISTERS, entry_page, read_entry, read_moment
from imageroute_app.routes.forms import Form
from imageroute_app.routes.pagekit import CurrentServices, render
from imageroute_app.routes.session import see_other, session_of
from imageroute_app.services.access_answer import access_answer
from imageroute_app.services.erasure_companies import REASON_MAX, Answer
from imageroute_app.services.house import Services
from imageroute_app.services.impact import template
from imageroute_app.services.processing import HEADS, activities, as_csv

ENTER = Act(
    heading="Open the desk",
    meaning="Cases hold words of people. Give your password to go on.",
    button="Open the desk",
    back="/create",
)
SOON = timedelta(days=3)
CASE_FIELDS = (
    "act", "reason", "text", "outcome", "reasons", "complaint_route", "court_route", "late_reason", "part", "at_once", *PROOF,
)  # fmt: skip
ANSWER_FIELDS = ("number", "answer", "reason", "until", *PROOF)
Page = Callable[[Request, Person, Form], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A case in the queue: kind, number, dates; never a name or a word."""

    reference: str
    title: str
    received: str
    due: str
    law: str
    tone: str
    note: str


class DeskPages:
    """The pages; `current` returns the open services."""

    def __init__(self, current: CurrentServices) -> None:
        self._current = current

    async def queue(self, request: Request, _operator: Person, _form: Form) -> Response:
        """Show every open case and every answer that a company owes, what is due first on top."""
        services = self._current()
        now = services.office.desk.now()
        lines = [_line(case, now) for case in await services.office.desk.queue()]
        red = sum(line.tone == "bad" for line in lines)
        owed = await services.company_answers.owed()
        return render(request, services, "desk.html", headers=PRIVATE, lines=lines, red=red, owed=owed)

    async def answer(self, request: Request, _operator: Person, form: Form) -> Response:
        """Show the notice of an erasure that a company owes an answer to, or note what it answered."""
        services = self._current()
        owed = await services.company_answers.of(form.get("number") or request.query_params.get("number", ""))
        found = {"owed": owed, "reason_max": REASON_MAX}
        if not form.get("answer"):
            return form_page(request, services, "desk_answer.html", form=form, error=None, **found)
        try:
            until = read_time(read_moment(form.get("until"), "until"))
            answer = Answer.KEEPS if form.get("answer") == Answer.KEEPS else Answer.ERASED
            await services.company_answers.note(owed, answer, form.get("reason"), until)
        except ImageRouteError as error:
            note(form, error)
            return form_page(request, services, "desk_answer.html", form=form, error=error, **found)
        return see_other("/admin")

    async def case(self, request: Request, operator: Person, form: Form) -> Response:
        """Show one case, or do to it what the form says."""
        services = self._current()
        case = await services.office.desk.by_reference(request.path_params["reference"])
        try:
            if form.get("act"):
                await _do(services, operator, case, form)
                return see_other(request.url.path)
        except ImageRouteError as error:
            note(form, error)
            return await _case_page(request, services, operator, case, form, error)
        return await _case_page(request, services, operator, case, form)

    async def entry(self, request: Request, _operator: Person, form: Form) -> Response:
        """Show the form of a register, or write an entry into it."""
        services = self._current()
        kind = form.get("kind") or request.query_params.get("kind", "")
        if kind not in {one.value for one in REGISTERS}:
            raise NotFound
        try:
            if form.get("text"):
                case = await services.office.registers.open(read_entry(Kind(kind), form))
                return see_other(f"/admin/cases/{case.reference}")
        except ImageRouteError as error:
            note(form, error)
            return entry_page(request, services, Kind(kind), form, error)
        return entry_page(request, services, Kind(kind), form)

    async def processing(self, request: Request, _operator: Person, _form: Form) -> Response:
        """Show the record of processing, or give it as a file."""
        services = self._current()
        if request.query_params.get("as") == "csv":
            headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="imageroute-record-of-processing.csv"'}
            return Response(as_csv(services.site).encode(), media_type="text/csv; charset=utf-8", headers=headers)
        if request.query_params.get("as") == "assessment":
            headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="imageroute-impact-assessment.md"'}
            return Response(template(services.site), media_type="text/markdown; charset=utf-8", headers=headers)
        found = activities(services.site)
        return render(request, services, "desk_ropa.html", headers=PRIVATE, activities=found, heads=HEADS)

    async def file(self, request: Request) -> Response:
        """Hand out a file of a case that this operator gave a reason for."""
        services = self._current()
        session = await session_of(request, services)
        operator = await services.office.desk.operator(session.owner)
        case = await services.office.desk.by_reference(request.path_params["reference"])
        if not services.presence.is_fresh(session) or not await services.office.desk.may_read(operator, case):
            raise NotFound
        return await send_file(services, case, request.path_params["message_id"])

    def routes(self) -> list[Route]:
        """Return the pages; each takes its own form, and the password when it is asked for again."""
        pages: Sequence[tuple[str, Page, Sequence[str]]] = (
            ("/admin", self.queue, PROOF),
            ("/admin/answers", self.answer, ANSWER_FIELDS),
            ("/admin/ropa", self.processing, PROOF),
            ("/admin/entry", self.entry, ENTRY_FIELDS),
            ("/admin/cases/{reference}", self.case, CASE_FIELDS),
        )
        made = [
            Route(path, self._guarded(page, names, method), methods=[method])
            for path, page, names in pages
            for method in ("GET", "POST")
        ]
        return [*made, Route("/admin/cases/{reference}/{message_id}", self.file, methods=["GET"])]

    def _guarded(self, page: Page, names: Sequence[str], method: str) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            services = self._current()
            session = await session_of(request, services)
            operator = await services.office.desk.operator(session.owner)
            form, _ = await read_case_form(request, *names) if method == "POST" else (Form(), b"")
            proof = await confirmed(request, services, form, ENTER)
            if isinstance(proof, Response):
                return proof
            return await page(request, operator, form)

        return show


def _line(case: Case, now: datetime) -> Line:
    due_at = case.due_at or now
    is_red = case.escalated_at is not None or due_at <= now
    note_text = "Overdue" if due_at <= now else "Nobody has answered" if case.escalated_at else ""
    return Line(
        reference=case.reference,
        title=RULES[case.kind].title,
        received=day(case.created_at),
        due=day(case.due_at),
        law=case.law,
        tone="bad" if is_red else "warn" if due_at - now <= SOON else "",
        note=note_text or ("Due soon" if due_at - now <= SOON else ""),
    )


async def _do(services: Services, operator: Person, case: Case, form: Form) -> None:
    """Do what a form asks; only a look is possible without a reason given before."""
    desk, registers, children = services.office.desk, services.office.registers, services.office.children
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "look": lambda: desk.look(operator, case, form.get("reason")),
        "write": lambda: desk.write(operator, case, form.get("text")),
        "extend": lambda: desk.extend(operator, case, form.get("reason")),
        "decide": lambda: desk.decide(operator, case, _ruling(form)),
        "confirm_child": lambda: children.confirm(case),
        "dismiss_child": lambda: children.dismiss(case),
        "tell_affected": lambda: registers.tell_affected(case, form.get("text")),
        "authority_told": lambda: registers.note_authority_told(case),
    }
    act = acts.get(form.get("act"))
    if act is None:
        raise InvalidInput("Choose what to do.")
    if form.get("act") != "look":
        await desk.read(operator, case)
    await act()


def _ruling(form: Form) -> Ruling:
    outcome = next((one for one in Outcome if one.value and one.value == form.get("outcome")), None)
    if outcome is None:
        raise InvalidInput("Choose an outcome.", field="outcome")
    return Ruling(
        outcome=outcome,
        text=form.get("text"),
        reasons=form.get("reasons"),
        complaint_route=form.get("complaint_route"),
        court_route=form.get("court_route"),
        late_reason=form.get("late_reason"),
        part=form.get("part"),
        at_once=bool(form.get("at_once")),
    )


async def _case_page(
    request: Request,
    services: Services,
    operator: Person,
    case: Case,
    form: Form,
    error: ImageRouteError | None = None,
) -> Response:
    desk = services.office.desk
    may_read = await desk.may_read(operator, case)
    messages = await desk.read(operator, case) if may_read else []
    if not form.get("act"):
        routes = {"complaint_route": complaint_route(case.country), "court_route": COURT_ROUTE}
        draft = (
            access_answer(case.country, services.rules.origin, has_account=case.has_account)
            if case.kind is Kind.ACCESS
            else ""
        )
        form = Form(values={**form.values, **routes, "text": draft})
    affected = await services.office.registers.affected(case) if may_read and case.kind is Kind.BREACH else []
    return form_page(
        request,
        services,
        "desk_case.html",
        form=form,
        error=error,
        may_read=may_read,
        answer_max=ANSWER_MAX,
        facts=_facts(case) if may_read else [],
        paid=await _paid(services, case) if may_read else [],
        affected=affected,
        readable=services.office.registers.readable(case) if affected else [],
        outcomes=[(one.value, OUTCOMES[one]) for one in RULES[case.kind].outcomes],
        can_be_refused=case.kind in CAN_BE_REFUSED,
        parts_of_account=[(one.value, one.value) for one in PARTS]
        if case.kind is Kind.ERASE and case.has_account
        else [],
        waits=waits(case, desk.now()),
        can_extend=case.state is CaseState.OPEN
        and case.extended_at is None
        and bool(RULES[case.kind].clocks[0].longest),
        is_late=bool(case.due_at and case.due_at < desk.now()),
        **{**shown(case, messages, await services.office.fulfilment.progress(case)), "followed": ""},
    )


async def _paid(services: Services, case: Case) -> list[tuple[str, str, str]]:
    """Return what somebody who answers a question needs of the person's payments, and no more (PRIVACY P16)."""
    if case.kind is not Kind.TICKET or not case.has_account:
        return []
    found = await services.billing.checkouts.payments(case.owner, purpose=Purpose.SUPPORT)
    return [(money(one.total_minor, one.currency), one.state.replace("_", " "), one.payment_id) for one in found]


def _facts(case: Case) -> list[tuple[str, str]]:
    words = {
        "authority": "Authority", "statute": "Law", "scope": "What it asks for", "gag_until": "Not to be told until",
        "categories": "Data", "since": "From", "until": "Until", "is_drill": "Drill",
        "authority_told_at": "Authority told", "people_told_at": "People told", "new_owner": "New owner",
    }  # fmt: skip
    facts = read_facts(case.facts)
    return [(label, value) for name, label in words.items() if (value := str(getattr(facts, name)))]
