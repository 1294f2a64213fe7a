"""The companies in an erasure: which got something, until when they keep it, that they are told, and what they answered.

Principle: a company is never called empty because it was asked. Where it has an API that erases, its files are looked for
afterwards; its own promise of an end is a date on the receipt; without one it owes an answer, which the operator notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from imageroute_app.domain.backups import FAR
from imageroute_app.domain.erasures import ErasureStep, Outcome, StepState, settled
from imageroute_app.domain.errors import InvalidInput, NotFound
from imageroute_app.domain.jobs import Attempt
from imageroute_app.domain.ports import Clock, Database, Query, Tables
from imageroute_app.services.provider_copies import NO_KEY, Asked, ProviderCopies, ended, is_held, kept_until
from imageroute_app.services.recipients import NO_ADDRESS, NOT_SENT, SENT, Recipients, notice_number

PAGE = 200
SHOWN_MAX = 500
STEPS_MAX = 100
REASON_MAX = 300
LOCAL_REGIONS = frozenset({"local"})
ERASED_THERE = "Erased there by its API, request by request; nothing is at the addresses of its files any more"
NO_PROMISE = "It does not say how long it keeps what it was sent; we cannot delete it there"


class Companies:
    """The steps of an erasure that are about companies."""

    def __init__(
        self, *, database: Database, copies: ProviderCopies, recipients: Recipients | None, clock: Clock
    ) -> None:
        self._tables, self._copies = database.tables, copies
        self._recipients, self._clock = recipients, clock

    async def names(self, subject: str) -> list[str]:
        """Return the companies outside that received something of a person, by name."""
        return sorted(await self._sent(subject))

    async def act(self, step: ErasureStep, subject: str) -> Outcome:
        """Erase at a company what it got, look until when it keeps the rest, and tell it; raises Unavailable."""
        sent = (await self._sent(subject)).get(step.label)
        if sent is None:
            return Outcome(state=StepState.DONE, detail="It holds nothing of you any more")
        asked = await self._copies.erase(sent)
        if not asked.left:
            return Outcome(state=StepState.DONE, detail=ERASED_THERE, proof=asked.proof, count=asked.erased)
        outcome = self._kept(step, asked)
        if outcome.state is StepState.DONE:
            return outcome
        held = [one for one in asked.left if is_held(one, self._clock())]
        return await self.tell(step, replace(outcome, company=step.label, references=[_line(one) for one in held]))

    def _kept(self, step: ErasureStep, asked: Asked) -> Outcome:
        """Return how a company stands that its API did not empty, by what it promised of the newest that is left."""
        newest = asked.left[0]
        until = kept_until(ended(newest), newest.retention)
        count = max(asked.erased, step.count)
        if until is not None and until <= self._clock():
            detail = f"{newest.retention}, and that time is over"
            return Outcome(state=StepState.DONE, detail=detail, proof=asked.proof, count=count, until=until)
        detail = "Goes there by itself at the time it promised" if until is not None else NO_PROMISE
        if asked.refused:
            detail = f"{detail}; {NO_KEY}"
        return Outcome(state=StepState.RETAINED, detail=detail, proof=asked.proof, count=count, until=until)

    async def tell(self, step: ErasureStep, outcome: Outcome) -> Outcome:
        """Tell the company of an outcome, if it names one, and say so in it; one that promised no end owes an answer then."""
        if not outcome.company or not outcome.references:
            return outcome
        if self._recipients is None or not self._recipients.can_be_told(outcome.company):
            return replace(outcome, detail=f"{outcome.detail}. {NO_ADDRESS}")
        number = notice_number(step.id)
        if not await self._recipients.tell(outcome.company, number, outcome.references):
            return replace(outcome, state=StepState.RETRY, detail=NOT_SENT)
        told = replace(outcome, detail=f"{outcome.detail}. {SENT.format(number=number)}")
        is_open = told.state is StepState.RETAINED and told.until is None
        return replace(told, state=StepState.MANUAL) if is_open else told

    async def _sent(self, subject: str) -> dict[str, list[Attempt]]:
        """Return the submissions to each company outside, newest first."""
        found: dict[str, list[Attempt]] = {}
        after = ""
        while page := await self._tables.attempts.find(Query(owner=subject, after=after, limit=PAGE)):
            for attempt in page:
                if attempt.region not in LOCAL_REGIONS:
                    found.setdefault(attempt.company, []).append(attempt)
            after = page[-1].id
        return found


def _line(attempt: Attempt) -> str:
    reference = f", {attempt.job_ref}" if attempt.job_ref else ""
    return f"{attempt.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {attempt.model}{reference}"


# --- What they answer -----------------------------------------------------------------------------------------------------


class Answer(StrEnum):
    """What a company said to a notice."""

    ERASED = "erased"
    KEEPS = "keeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An answer that is owed: nothing in it is about a person."""

    step: ErasureStep
    number: str
    is_late: bool


class CompanyAnswers:
    """What the desk does about companies that owe an answer."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._tables, self._clock = database, database.tables, clock

    async def owed(self) -> Sequence[Owed]:
        """Return the steps that wait for a company, what is due first on top."""
        steps = await self._tables.erasure_steps.overdue("next_at", FAR, SHOWN_MAX)
        now = self._clock()
        return [
            Owed(step=step, number=notice_number(step.id), is_late=step.next_at is not None and step.next_at < now)
            for step in steps
            if step.state is StepState.MANUAL
        ]

    async def of(self, number: str) -> Owed:
        """Return what is owed under the number of a notice; raises NotFound."""
        found = next((one for one in await self.owed() if one.number == number), None)
        if found is None:
            raise NotFound("No company owes an answer under this number.")
        return found

    async def note(self, owed: Owed, answer: Answer, reason: str = "", until: datetime | None = None) -> None:
        """Write an answer into the receipt.

        Raises:
            InvalidInput: It keeps something, and the reason is missing or too long.
            Conflict: Somebody noted one in this moment.
        """
        step = owed.step
        changed = self._answered(step, answer, " ".join(reason.split()), until)

        async def write(tables: Tables) -> None:
            await tables.erasure_steps.update(changed)
            erasure = await tables.erasures.get(step.owner, step.owner)
            steps = await tables.erasure_steps.find(Query(owner=step.owner, limit=STEPS_MAX))
            if (over := settled(erasure, steps)) is not erasure:  # one that goes on looks at its steps at its own end
                await tables.erasures.update(over)

        await self._database.transact(write)

    def _answered(self, step: ErasureStep, answer: Answer, reason: str, until: datetime | None) -> ErasureStep:
        day = f"{self._clock():%-d %B %Y}"
        if answer is Answer.ERASED:
            detail = f"{step.detail}. It confirmed on {day} that it holds nothing any more"
            return replace(step, state=StepState.DONE, detail=detail, next_at=None)
        if not reason:
            raise InvalidInput("Say which law or reason it named.", field="reason")
        if len(reason) > REASON_MAX:
            raise InvalidInput(f"Use at most {REASON_MAX} characters.", field="reason")
        detail = f"{step.detail}. It answered on {day} that it keeps a part: {reason}"
        return replace(step, state=StepState.RETAINED, detail=detail, until=until, next_at=None)
