"""Erasure: the order of its steps, what each can report, and when it may be called finished (PRIVACY 5.3).

A step is never called gone because something was asked for: only because it was looked for and not found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.errors import Conflict

GRACE = timedelta(days=7)
LAST_CALL = timedelta(hours=24)
FIRST_CALL = timedelta(days=1)
STALE_AFTER = timedelta(days=20)
"""How long an erasure may take before the people responsible are woken (PRIVACY 5.3)."""
LAW = timedelta(days=30)
LAST_MAIL_KEPT = timedelta(hours=72)
"""How long the last mail may wait where there is no mail server, the only place that still knows the address (PRIVACY 5.3)."""
RETRY_FIRST, RETRY_MOST = timedelta(seconds=5), timedelta(hours=1)
ANSWER_WITHIN = timedelta(days=14)
"""How long a company may take to answer before the figure on /trust is red (PRIVACY 5.8)."""
LEASE = timedelta(minutes=10)
"""How long one worker may be at it before another takes over; every step can be repeated."""


class Phase(StrEnum):
    """Where an erasure stands; the last three are final."""

    GRACE = "grace"
    ERASING = "erasing"
    COMPLETE = "complete"
    RETAINED = "complete_with_retained"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Say whether nothing can change any more."""
        return self in (Phase.COMPLETE, Phase.RETAINED, Phase.CANCELLED)


class StepState(StrEnum):
    """How one system stands; MANUAL was asked by us and owes an answer, which is shown and holds up nothing of ours."""

    PENDING = "pending"
    RETRY = "retry"
    MANUAL = "manual"
    DONE = "done"
    ABSENT = "absent"
    RETAINED = "retained"

    @property
    def is_over(self) -> bool:
        """Say whether this system holds up the end no longer."""
        return self not in (StepState.PENDING, StepState.RETRY)


class System(StrEnum):
    """The systems in their order: outside before inside, the key and the proof last."""

    JOBS = "jobs"
    DOWNLOADS = "downloads"
    PAYMENTS = "payments"
    COMPANY = "company"
    """One step for each company that received something."""
    PICTURES = "pictures"
    MAIL = "mail"
    DATABASE = "database"
    PAGES = "pages"
    IDENTITY = "identity"
    KEY = "key"
    LEDGER = "tombstone"
    PROOF = "proof"


TITLES = {
    System.JOBS: "Your jobs",
    System.DOWNLOADS: "Downloads and exports",
    System.PAYMENTS: "Payment service",
    System.PICTURES: "Pictures and their sizes",
    System.MAIL: "Mails",
    System.DATABASE: "Our database",
    System.PAGES: "Open pages and caches",
    System.IDENTITY: "Sign-in service",
    System.KEY: "Your key",
    System.LEDGER: "Note for backups",
    System.PROOF: "Looking again",
}
AHEAD = {
    System.JOBS: "Waiting ones are stopped, running ones end",
    System.DOWNLOADS: "Files made for you are deleted",
    System.PAYMENTS: "Asked to forget you",
    System.PICTURES: "Originals, sizes and copies",
    System.MAIL: "Copies that were not sent",
    System.DATABASE: "Every record, table by table",
    System.PAGES: "After the database",
    System.IDENTITY: "After everything else",
    System.KEY: "Destroying it makes every backup unreadable",
    System.LEDGER: "So that no backup brings you back",
    System.PROOF: "Every store is searched once more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure of an account. It belongs to nobody: `owner` is its own id, so that it outlives the person's rows.

    `subject` is the person's id while there is one, with the part where only a part goes, and is replaced at the end;
    `code` is the secret of the status page.
    """

    id: str
    owner: str
    code: str
    subject: str
    phase: Phase
    asked_at: datetime
    grace_until: datetime
    due_at: datetime | None
    remind_at: datetime | None
    ended_at: datetime | None = None
    reason: str = "asked"
    version: int = 0

    @property
    def law_at(self) -> datetime:
        """When the law wants it finished (GDPR Art. 12(3), one month, counted as 30 days)."""
        return self.asked_at + LAW

    def reminded(self, now: datetime) -> "Erasure":
        """Return it once people were reminded: twice within the grace, then after 20 days and at the legal limit."""
        following = self.grace_until - LAST_CALL if self.phase is Phase.GRACE else self.law_at
        return replace(self, remind_at=following if now < following else None)

    def cancelled(self, now: datetime) -> "Erasure":
        """Return it called off; raises Conflict once the grace is over."""
        if self.phase is not Phase.GRACE or now >= self.grace_until:
            raise Conflict("The seven days are over and the erasure has begun. It cannot be called off any more.")
        return replace(self, phase=Phase.CANCELLED, due_at=None, remind_at=None, ended_at=now, subject=gone(self))

    def begun(self, now: datetime) -> "Erasure":
        """Return it erasing; a repetition changes nothing."""
        if self.phase is not Phase.GRACE:
            return self
        since = min(self.grace_until, now)
        return replace(self, phase=Phase.ERASING, due_at=now, remind_at=since + STALE_AFTER, grace_until=since)

    def finished(self, steps: Iterable["ErasureStep"], now: datetime) -> "Erasure":
        """Return it finished; raises Conflict while a system holds it up."""
        states = [step.state for step in steps]
        if not states or not all(state.is_over for state in states):
            raise Conflict("Not every system has reported yet.")
        last = _last_phase(states)
        return replace(self, phase=last, due_at=None, remind_at=None, ended_at=now, subject=gone(self))


def settled(erasure: Erasure, steps: Iterable["ErasureStep"]) -> Erasure:
    """Return an erasure that is over, once a company has answered: complete when nobody keeps or owes anything any more."""
    if erasure.phase is not Phase.RETAINED:
        return erasure
    return replace(erasure, phase=_last_phase([step.state for step in steps]))


def _last_phase(states: Iterable[StepState]) -> Phase:
    return Phase.RETAINED if {StepState.RETAINED, StepState.MANUAL} & set(states) else Phase.COMPLETE


def gone(erasure: Erasure) -> str:
    """Return what stands in place of the person's id at the end; unique, and about nobody."""
    return f"gone:{erasure.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureStep:
    """One system of one erasure: how it stands, in a sentence, with the count and the proof; never anything personal."""

    id: str
    owner: str
    place: int
    system: System
    label: str
    state: StepState = StepState.PENDING
    detail: str = ""
    proof: str = ""
    count: int = 0
    tries: int = 0
    at: datetime | None = None
    next_at: datetime | None = None
    until: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """The address that the last mail goes to; `owner` is its own id, so that its key can be destroyed by itself.

    `identity` is the person's number at the sign-in service, which is deleted there after everything here; empty for none.
    """

    id: str
    owner: str
    erasure_id: str
    address: str
    created_at: datetime
    identity: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What doing one step came to; `company` is to be told of the erasure, `references` are its own numbers of what it got."""

    state: StepState
    detail: str
    proof: str = ""
    count: int = 0
    until: datetime | None = None
    company: str = ""
    references: Sequence[str] = ()


def after(step: ErasureStep, outcome: Outcome, now: datetime) -> ErasureStep:
    """Return a step once it was tried; one that is to be tried again waits longer each time, one that was asked 14 days."""
    next_at = now + pause(step.tries + 1) if outcome.state is StepState.RETRY else None
    next_at = now + ANSWER_WITHIN if outcome.state is StepState.MANUAL else next_at
    return replace(
        step,
        state=outcome.state,
        detail=outcome.detail,
        proof=outcome.proof,
        count=max(step.count, outcome.count),
        tries=step.tries + 1,
        at=now,
        next_at=next_at,
        until=outcome.until,
    )


def pause(tries: int) -> timedelta:
    """Return how long to wait after so many tries: 5 s, doubled each time, an hour at most."""
    return min(RETRY_FIRST * 2 ** min(tries - 1, 10), RETRY_MOST)


def next_step(steps: Sequence[ErasureStep], now: datetime) -> ErasureStep | None:
    """Return the step to do now, the first in order that is neither over nor waiting; None when all wait.

    A company that does not answer holds up no picture. The database and all after it wait for everything before, because
    they destroy what a repetition would need.
    """
    for step in sorted(steps, key=lambda one: one.place):
        if step.state.is_over or (step.next_at is not None and step.next_at > now):
            continue
        if not _is_held_up(step, steps):
            return step
    return None


def _is_held_up(step: ErasureStep, steps: Sequence[ErasureStep]) -> bool:
    open_before = {other.system for other in steps if other.place < step.place and not other.state.is_over}
    return bool(open_before) if step.system in LAST else System.JOBS in open_before


LAST = frozenset({System.DATABASE, System.PAGES, System.IDENTITY, System.KEY, System.LEDGER, System.PROOF})


def next_due(steps: Sequence[ErasureStep], now: datetime) -> datetime:
    """Return when to look again."""
    waiting = [step.next_at for step in steps if not step.state.is_over and step.next_at is not None]
    return max(min(waiting, default=now), now)
