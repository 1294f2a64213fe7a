"""What each kind of case may become, and until when: pure, with the law beside every clock.

Everyone has every right wherever they live; the country only adds clocks, and the shortest one counts (PRIVACY P42).
Rules as of 23 November 2026: GDPR Art. 12(3), 12(4), 33; CCPA regulations § 7021; UK Data Protection Act 2018 s. 164A.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome, tidy_text
from imageroute_app.domain.errors import Conflict, InvalidInput


class Law(StrEnum):
    """What a due date follows from, in the words that the person reads."""

    GDPR = "GDPR Art. 12(3), kept for everyone"
    CCPA = "CCPA regulations § 7021"
    COMPLAINT = "UK Data Protection Act 2018 s. 164A, kept for everyone"
    BREACH = "GDPR Art. 33(1)"
    CHILD = "our promise for reports of a child"
    OWNERSHIP = "our promise for a change of ownership"
    HOUSE = "our own promise"


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day and time some calendar months later, or the last day of a month that is shorter."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A length of time as laws give it."""

    months: int = 0
    days: int = 0
    hours: int = 0

    def after(self, start: datetime) -> datetime:
        """Return when it is over."""
        return add_months(start, self.months) + timedelta(days=self.days, hours=self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One law's time for an answer; `longest` is with the one extension it allows, None where it allows none."""

    law: Law
    term: Term
    longest: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of case: what it is called, its clocks, its outcomes, when it raises an alarm, how long it is kept after its end.

    `kept` None: as long as the account that it belongs to.
    """

    title: str
    clocks: tuple[Clock, ...]
    outcomes: tuple[Outcome, ...]
    alarm: Term
    kept: Term | None


MONTH = Clock(law=Law.GDPR, term=Term(months=1), longest=Term(months=3))
CALIFORNIA = Clock(law=Law.CCPA, term=Term(days=45), longest=Term(days=90))
COMPLAINT = Clock(law=Law.COMPLAINT, term=Term(days=30))
WEEK = Clock(law=Law.HOUSE, term=Term(days=7))
DAY = Clock(law=Law.HOUSE, term=Term(hours=24))
UNANSWERED = Term(days=20)
TWO_YEARS, THREE_YEARS, FIVE_YEARS = Term(months=24), Term(months=36), Term(months=60)
OWNERSHIP_DAYS = 30
ANSWER_MAX = 15_000
"""Longer than a question: what is held about somebody takes its space."""

_ENDS = (Outcome.GRANTED, Outcome.PARTLY, Outcome.REFUSED, Outcome.WITHDRAWN)


def _request(title: str) -> Rule:
    return Rule(title=title, clocks=(MONTH, CALIFORNIA), outcomes=_ENDS, alarm=UNANSWERED, kept=THREE_YEARS)


RULES: Mapping[Kind, Rule] = {
    Kind.ACCESS: _request("Access to your data"),
    Kind.CORRECT: _request("Correction"),
    Kind.ERASE: _request("Erasure"),
    Kind.RESTRICT: _request("Restriction"),
    Kind.OBJECT: _request("Objection"),
    Kind.PORT: _request("Portable copy"),
    Kind.OPT_OUT: _request("Opt-out of sale and sharing"),
    Kind.COMPLAINT: Rule(title="Complaint", clocks=(COMPLAINT,), outcomes=_ENDS, alarm=UNANSWERED, kept=THREE_YEARS),
    Kind.APPEAL: Rule(title="Appeal", clocks=(MONTH,), outcomes=_ENDS, alarm=UNANSWERED, kept=None),
    Kind.TICKET: Rule(
        title="Question to support",
        clocks=(WEEK,),
        outcomes=(Outcome.SOLVED, Outcome.WITHDRAWN),
        alarm=WEEK.term,
        kept=TWO_YEARS,
    ),
    Kind.CHILD: Rule(
        title="Report of a child's account",
        clocks=(Clock(law=Law.CHILD, term=Term(hours=24)),),
        outcomes=(Outcome.CONFIRMED, Outcome.UNFOUNDED),
        alarm=Term(hours=24),
        kept=Term(days=30),
    ),
    Kind.ABUSE: Rule(
        title="Report of a picture",
        clocks=(WEEK,),
        outcomes=(Outcome.CONFIRMED, Outcome.UNFOUNDED),
        alarm=WEEK.term,
        kept=TWO_YEARS,
    ),
    Kind.LEAK: Rule(
        title="Report of a leak or weakness",
        clocks=(DAY,),
        outcomes=(Outcome.CONFIRMED, Outcome.UNFOUNDED),
        alarm=DAY.term,
        kept=TWO_YEARS,
    ),
    Kind.LEGAL: Rule(
        title="Request by an authority",
        clocks=(Clock(law=Law.HOUSE, term=Term(days=30)),),
        outcomes=(Outcome.DISCLOSED, Outcome.PARTLY, Outcome.REFUSED, Outcome.NOTHING_HELD),
        alarm=UNANSWERED,
        kept=THREE_YEARS,
    ),
    Kind.BREACH: Rule(
        title="Breach",
        clocks=(Clock(law=Law.BREACH, term=Term(hours=72)),),
        outcomes=(Outcome.NOTIFIED, Outcome.NO_RISK),
        alarm=Term(hours=60),
        kept=FIVE_YEARS,
    ),
    Kind.OWNERSHIP: Rule(
        title="Change of ownership",
        clocks=(Clock(law=Law.OWNERSHIP, term=Term(days=OWNERSHIP_DAYS)),),
        outcomes=(Outcome.COMPLETED, Outcome.ABANDONED),
        alarm=Term(days=OWNERSHIP_DAYS),
        kept=THREE_YEARS,
    ),
}

REQUESTS = (Kind.ACCESS, Kind.CORRECT, Kind.ERASE, Kind.RESTRICT, Kind.OBJECT, Kind.PORT, Kind.OPT_OUT)
NEEDS_IDENTITY = frozenset({Kind.ACCESS, Kind.CORRECT, Kind.ERASE, Kind.RESTRICT, Kind.PORT})
"""What is done only for who proved to be the person; objecting and opting out need no proof (CCPA regulations § 7026)."""
CAN_BE_REFUSED = frozenset({*REQUESTS, Kind.COMPLAINT, Kind.APPEAL})


def due(kind: Kind, country: str, received: datetime, *, is_extended: bool = False) -> tuple[datetime, Law]:
    """Return the shortest due date among the clocks that hold in a country, and its law."""
    ends: list[tuple[datetime, Law]] = []
    for clock in RULES[kind].clocks:
        if clock is CALIFORNIA and country != "US":
            continue
        term = clock.longest if is_extended and clock.longest else clock.term
        ends.append((term.after(received), clock.law))
    return min(ends)


def first_alarm(kind: Kind, received: datetime) -> datetime:
    """Return when the house is woken if nobody has answered by then."""
    return RULES[kind].alarm.after(received)


def kept_until(kind: Kind, ended: datetime) -> datetime | None:
    """Return when an ended case is dropped."""
    kept = RULES[kind].kept
    return kept.after(ended) if kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """An answer that ends a case; the three texts about a refusal are demanded by GDPR Art. 12(4).

    Of an erasure: `part` is the category that goes where not everything does, `at_once` that the person wants no seven days.
    """

    outcome: Outcome
    text: str
    reasons: str = ""
    complaint_route: str = ""
    court_route: str = ""
    late_reason: str = ""
    part: str = ""
    at_once: bool = False


def decide(case: Case, ruling: Ruling, now: datetime) -> Case:
    """Return the ended case.

    Raises:
        Conflict: It has ended already, or this outcome is not possible yet.
        InvalidInput: The kind has no such outcome, or a text that the law demands is missing; names the field.
    """
    if case.state is not CaseState.OPEN:
        raise Conflict("This case has its answer already.")
    if ruling.outcome not in RULES[case.kind].outcomes:
        raise InvalidInput("Choose one of the outcomes of this kind of case.", field="outcome")
    _check_time(case, ruling, now)
    _check_identity(case, ruling)
    return replace(
        case,
        state=CaseState.ANSWERED,
        outcome=ruling.outcome,
        answer=_words(case.kind, ruling),
        answered_at=now,
        due_at=None,
        alarm_at=None,
        purge_at=kept_until(case.kind, now),
    )


def _check_time(case: Case, ruling: Ruling, now: datetime) -> None:
    if case.kind is Kind.OWNERSHIP and ruling.outcome is Outcome.COMPLETED and not may_transfer(case, now):
        raise Conflict(f"The data may go over {OWNERSHIP_DAYS} days after people were told, not before.")
    is_late = case.due_at is not None and now > case.due_at
    if case.kind is Kind.BREACH and is_late and not ruling.late_reason.strip():
        raise InvalidInput("72 hours have passed: say why it is late (GDPR Art. 33(1)).", field="late_reason")


def _check_identity(case: Case, ruling: Ruling) -> None:
    is_act = ruling.outcome in {Outcome.GRANTED, Outcome.PARTLY}
    if is_act and case.kind in NEEDS_IDENTITY and not case.is_confirmed:
        raise Conflict("Nobody has proven yet to be this person: the code that was mailed to the address is not given.")


def _words(kind: Kind, ruling: Ruling) -> str:
    text = tidy_text(ruling.text, limit=ANSWER_MAX)
    if kind not in CAN_BE_REFUSED or ruling.outcome not in {Outcome.REFUSED, Outcome.PARTLY}:
        return text
    reasons = _needed(ruling.reasons, "reasons", "Say why: a refusal needs its reasons (GDPR Art. 12(4)).")
    complaint = _needed(ruling.complaint_route, "complaint_route", "Name the authority that takes complaints.")
    court = _needed(ruling.court_route, "court_route", "Say that a court can be asked, and where.")
    return f"{text}\n\nWhy: {reasons}\n\nComplaint to an authority: {complaint}\n\nCourt: {court}"


def _needed(text: str, field: str, fault: str) -> str:
    if not text.strip():
        raise InvalidInput(fault, field=field)
    return tidy_text(text, field=field)


def extend(case: Case, reason: str, now: datetime) -> tuple[Case, str]:
    """Return the case with its later due date, and the notice that the person gets.

    Raises:
        Conflict: It has ended, was extended before, its kind has no longer term, or the first term is over.
        InvalidInput: No reason is given.
    """
    if case.state is not CaseState.OPEN or case.due_at is None:
        raise Conflict("This case has its answer already.")
    later, law = due(case.kind, case.country, case.created_at, is_extended=True)
    if case.extended_at is not None or later <= case.due_at:
        raise Conflict("The time for this case cannot be extended.")
    if now > case.due_at:
        raise Conflict("The first term is over; it could be extended only inside it (GDPR Art. 12(3)).")
    why = _needed(reason, "reason", "Say why more time is needed (GDPR Art. 12(3)).")
    notice = f"We need more time, until {later.day} {later:%B %Y} at the latest. Why: {why}"
    return replace(case, due_at=later, law=law, extended_at=now), notice


def may_transfer(case: Case, now: datetime) -> bool:
    """Say whether data may go to a new owner: people were told and had their 30 days."""
    return case.acknowledged_at is not None and now >= case.acknowledged_at + timedelta(days=OWNERSHIP_DAYS)
