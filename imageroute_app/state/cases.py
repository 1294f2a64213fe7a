"""RequestsState: a person's cases as the privacy centre lists them; the page of each is server-rendered."""

import dataclasses
from datetime import timedelta

import reflex as rx

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.case_progress import Progress
from imageroute_app.domain.case_rules import RULES
from imageroute_app.domain.cases import Case, CaseState, Outcome
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor

SOON = timedelta(days=3)
ENDS = {
    Outcome.GRANTED: "Done",
    Outcome.PARTLY: "Partly done",
    Outcome.REFUSED: "Refused, with reasons",
    Outcome.WITHDRAWN: "Withdrawn",
    Outcome.SOLVED: "Answered",
}


@dataclasses.dataclass
class CaseView:
    """One line of the list."""

    id: str = ""
    path: str = ""
    title: str = ""
    reference: str = ""
    received: str = ""
    due: str = ""
    law: str = ""
    state: str = ""
    tone: str = ""


class RequestsState(rx.State):
    """What "Requests and complaints" shows."""

    cases: list[CaseView] = []
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_requests(self):
        """Read the person's cases, newest first."""
        office = services().office
        mine = await office.cases.mine(await actor(self))
        self.cases = [_view(case, await office.fulfilment.progress(case)) for case in mine]
        self.is_loaded = True


def _view(case: Case, progress: Progress) -> CaseView:
    is_open = case.state is CaseState.OPEN
    is_late = case.due_at is not None and case.due_at - utc_now() <= SOON
    return CaseView(
        id=case.id,
        path=f"/cases/{case.id}",
        title=RULES[case.kind].title,
        reference=case.reference,
        received=text.iso(case.created_at),
        due=text.iso(case.due_at),
        law=case.law if is_open else "",
        state=progress.words or ("Open" if is_open else ENDS.get(case.outcome, "Answered")),
        tone="warn" if is_open and is_late else "" if is_open or progress.is_under_way else "ok",
    )
