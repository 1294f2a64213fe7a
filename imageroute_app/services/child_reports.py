"""Reports that an account is a child's: locked at once, erased without grace or given back untouched, and then forgotten.

Principle: nobody learns from a report whether an account exists, and nothing is kept to prove what was erased but a number.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.ports import Database, Limiter
from imageroute_app.domain.registers import Facts, read_facts
from imageroute_app.services.case_traces import ERASED_WORDS
from imageroute_app.services.cases import Cases, Opened, Opening
from imageroute_app.services.desk import Desk
from imageroute_app.services.gate import Gate

EraseNow = Callable[[str, str], Awaitable[None]]
"""Erases an account everywhere at once, without grace: (owner, reason)."""
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
        erase_now: EraseNow,
    ) -> None:
        self._tables, self._cases, self._desk = database.tables, cases, desk
        self._gate, self._limiter, self._erase_now = gate, limiter, erase_now

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
        """Erase the account at once and tell the reporter; repeating goes on where it stopped."""
        subject = self._open_subject(case)
        if subject:
            await self._erase_now(subject, "child_report")
            case = replace(
                await self._tables.cases.get(case.id, case.owner), subject=subject
            )  # the erasure unlinked it
        return await self._end(case, Outcome.CONFIRMED if subject else Outcome.UNFOUNDED)

    async def dismiss(self, case: Case) -> Case:
        """Give the account back as it was, unless another report of it is open."""
        subject = self._open_subject(case)
        if subject and not await self._is_reported_again(case):
            before = Lock(read_facts(case.facts).lock_before)
            await self._gate.lock(subject, Lock.OPEN if before is Lock.CHILD_REPORT else before)
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
        text = ANSWERS[outcome] if case.subject else NO_ACCOUNT
        for message in await self._cases.messages(case):
            await self._tables.case_messages.delete(message.id, message.owner)
        bare = replace(case, text=ERASED_WORDS, subject="", facts="")
        return await self._desk.settle(bare, Ruling(outcome=outcome, text=text))
