"""Reports that an account is a child's: locked at once, erased without grace or given back untouched, and then forgotten.

Principle: nobody learns from a report whether an account exists, and nothing is kept to prove what was erased but a number.
"""

from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.ports import Clock, Database, Limiter
from imageroute_app.domain.registers import Facts, read_facts
from imageroute_app.services.case_traces import ERASED_WORDS
from imageroute_app.services.cases import Cases, Opened, Opening
from imageroute_app.services.desk import Desk
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_mails import CHILD_REPORT
from imageroute_app.services.gate import Gate

LOOK_AGAIN = timedelta(minutes=5)
REPORTS_PER_DAY = 5
ANSWERS = {
    Outcome.CONFIRMED: "Thank you. The account is erased, with everything in it.",
    Outcome.UNFOUNDED: "Thank you. We looked closely: the account is not a child's, so it is open again.",
}
NO_ACCOUNT = "Thank you. We looked closely and found no account that this is about."


class ChildReports:
    """From the report to its end."""

    def __init__(
        self,
        *,
        database: Database,
        cases: Cases,
        desk: Desk,
        gate: Gate,
        limiter: Limiter,
        erasures: Erasures,
        clock: Clock,
    ) -> None:
        self._tables, self._cases, self._desk = database.tables, cases, desk
        self._gate, self._limiter, self._erasures, self._clock = gate, limiter, erasures, clock

    async def report(self, account: str, text: str, *, contact: str, address: str) -> Opened:
        """Take a report; an account that it names is only stored from this moment on.

        Args:
            account: The account's email address as the reporter knows it, or whatever else they know.
            text: Why they think that it is a child's.
            contact: The reporter's address, empty when they want no answer.
            address: The network address that tries are counted by.

        Raises:
            InvalidInput: A text or an address cannot be used.
            RateLimited: Too many from there.
        """
        await self._limiter.hit("child-report", address, limit=REPORTS_PER_DAY, window_s=86_400)
        person = await self._tables.people.by_key("email_key", account.strip().casefold()[:254])
        facts = Facts(lock_before=person.locked_for.value) if person else Facts()
        words = f"Account: {account.strip()[:254]}\n\n{text}"
        subject = person.id if person else ""
        opening = Opening(kind=Kind.CHILD, text=words, contact=contact, subject=subject, facts=facts.dump())
        opened = await self._cases.open(opening, address=address)
        if person:
            await self._gate.lock(person.id, Lock.CHILD_REPORT)
        return opened

    async def confirm(self, case: Case) -> Case:
        """Erase the account at once, without grace; the reporter is told when it is gone, and not before.

        What does not answer is tried again by itself: then the report stays open until `finish` finds the erasure over.
        """
        subject = self._open_subject(case)
        if read_facts(case.facts).erasure:
            return await self.finish(case)
        if not subject:
            return await self._end(case, Outcome.UNFOUNDED)
        erasure = await self._erasures.begin(subject, at_once=True, reason=CHILD_REPORT)
        facts = replace(read_facts(case.facts), erasure=erasure.code)
        case = await self._tables.cases.update(replace(case, facts=facts.dump(), alarm_at=self._clock() + LOOK_AGAIN))
        await self._erasures.run(erasure.id)
        return await self.finish(await self._tables.cases.get(case.id, case.owner))  # the erasure unlinked it

    async def finish(self, case: Case) -> Case:
        """End a confirmed report once the erasure is over; until then look again later."""
        code = read_facts(case.facts).erasure
        erasure = await self._tables.erasures.by_key("code", code)
        if erasure is not None and not erasure.phase.is_final:
            return await self._tables.cases.update(replace(case, alarm_at=self._clock() + LOOK_AGAIN))
        return await self._end(case, Outcome.CONFIRMED)

    async def dismiss(self, case: Case) -> Case:
        """Give the account back as it was, unless another report of it is open or its person closes it."""
        subject = self._open_subject(case)
        if read_facts(case.facts).erasure:
            raise Conflict("The account is being erased already.")
        if subject and not await self._is_reported_again(case):
            before = Lock(read_facts(case.facts).lock_before)
            closing = await self._erasures.of(subject) is not None
            before = Lock.OPEN if before is Lock.CHILD_REPORT else before
            await self._gate.lock(subject, Lock.CLOSING if closing else before)
        return await self._end(case, Outcome.UNFOUNDED)

    def _open_subject(self, case: Case) -> str:
        if case.kind is not Kind.CHILD or case.state is not CaseState.OPEN:
            raise Conflict("This report has its end already.")
        return case.subject

    async def _is_reported_again(self, case: Case) -> bool:
        try:
            await self._tables.people.get(case.subject, case.subject)
        except NotFound:
            return True  # gone meanwhile: there is nothing to give back
        others = await self._desk.queue()
        return any(other.subject == case.subject and other.id != case.id for other in others)

    async def _end(self, case: Case, outcome: Outcome) -> Case:
        """Answer, count, and keep nothing that says whom it was about."""
        was_there = bool(case.subject) or outcome is Outcome.CONFIRMED
        text = ANSWERS[outcome] if was_there else NO_ACCOUNT
        for message in await self._cases.messages(case):
            await self._tables.case_messages.delete(message.id, message.owner)
        bare = replace(case, text=ERASED_WORDS, subject="", facts="")
        return await self._desk.settle(bare, Ruling(outcome=outcome, text=text))
