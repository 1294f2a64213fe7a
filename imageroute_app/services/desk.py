"""The desk: what operators see and do. Kinds, dates and numbers of all cases; anything more only after saying why.

Principle: every look is written down before anything is shown, in the books of the person concerned.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.backups import FAR
from imageroute_app.domain.case_rules import Ruling, decide, extend
from imageroute_app.domain.cases import Author, Case, CaseMessage, Kind, Outcome, StaffAccess, tidy_text
from imageroute_app.domain.errors import Conflict, NotAllowed, NotFound
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.services.case_mail import CaseMail
from imageroute_app.services.case_tallies import COUNTED, Tallies
from imageroute_app.services.cases import Cases
from imageroute_app.services.fulfilment import Begun, Fulfilment

QUEUE_MAX = 500
LOOK_LIFE = timedelta(minutes=15)
"""How long one reason holds; the next look needs another."""

TellRecipients = Callable[[str, str], Awaitable[Sequence[str]]]
"""Tells every company that holds it of a correction or restriction (GDPR Art. 19); returns them, each as it stands."""


class Desk:
    """Queue, looks and answers."""

    def __init__(
        self,
        *,
        database: Database,
        cases: Cases,
        mail: CaseMail,
        tallies: Tallies,
        operators: frozenset[str],
        fulfilment: Fulfilment,
        tell_recipients: TellRecipients,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._tables, self._cases, self._mail = database.tables, cases, mail
        self._tallies, self._fulfilment = tallies, fulfilment
        self._operators, self._tell_recipients = operators, tell_recipients
        self._clock, self._new_id = clock, new_id

    async def operator(self, owner: str) -> Person:
        """Return the operator; to everyone else the desk is not there. Raises NotFound, NotAllowed."""
        person = await self._tables.people.get(owner, owner)
        if person.email.casefold() not in self._operators:
            raise NotFound
        if person.email_verified_at is None:
            raise NotAllowed("Confirm your email address first: the link is in the mail you got, or under Account.")
        return person

    def now(self) -> datetime:
        """Return the time that due dates are measured against."""
        return self._clock()

    async def queue(self) -> list[Case]:
        """Return every open case, the one due first on top."""
        return await self._tables.cases.overdue("due_at", FAR, QUEUE_MAX)

    async def by_reference(self, reference: str) -> Case:
        """Return a case by its number, for its kind and dates; raises NotFound."""
        case = await self._tables.cases.by_key("reference", reference)
        if case is None:
            raise NotFound("There is no such case.")
        return case

    async def look(self, operator: Person, case: Case, reason: str) -> None:
        """Write down who looks and why; only then may the words of a case be shown. Raises InvalidInput."""
        await self._tables.staff_access.add(
            StaffAccess(
                id=self._new_id(),
                owner=case.owner,
                case_id=case.id,
                operator=operator.id,
                reason=tidy_text(reason, field="reason", limit=500),
                looked_at=self._clock(),
            )
        )

    async def may_read(self, operator: Person, case: Case) -> bool:
        """Say whether this operator gave a reason for this case within the last quarter of an hour."""
        since = self._clock() - LOOK_LIFE
        looks = await self._tables.staff_access.find(Query(owner=case.owner, equals={"case_id": case.id}, limit=50))
        return any(look.operator == operator.id and look.looked_at >= since for look in looks)

    async def read(self, operator: Person, case: Case) -> list[CaseMessage]:
        """Return the messages of a case; raises NotAllowed without a reason given."""
        await self._need_look(operator, case)
        return await self._cases.messages(case)

    async def write(self, operator: Person, case: Case, text: str) -> CaseMessage:
        """Write to the person; the mail says only that there is something to read."""
        await self._need_look(operator, case)
        message = await self._cases.add(case, Author.STAFF, text)
        words = f"There is a message for you ({case.reference})." if case.is_confirmed else message.text
        await self._mail.tell(case, "A message for you", words)
        return message

    async def extend(self, operator: Person, case: Case, reason: str) -> Case:
        """Take more time and tell the person why; raises Conflict, InvalidInput."""
        await self._need_look(operator, case)
        changed, notice = extend(case, reason, self._clock())
        changed = await self._tables.cases.update(changed)
        await self._cases.add(changed, Author.HOUSE, notice)
        await self._mail.tell(changed, "We need more time", notice)
        return changed

    async def decide(self, operator: Person, case: Case, ruling: Ruling) -> Case:
        """End a case with its answer; a child report ends elsewhere. Raises Conflict, InvalidInput."""
        await self._need_look(operator, case)
        if case.kind is Kind.CHILD:
            raise Conflict("A report of a child's account is confirmed or found wrong with its own buttons.")
        return await self.settle(await self._cases.bring_home(case), ruling)

    async def settle(self, case: Case, ruling: Ruling) -> Case:
        """Begin what is granted, write the answer down, tell the person, and who holds what was corrected or restricted.

        Raises:
            Conflict: It has ended already, or this outcome is not possible yet.
            InvalidInput: Something that the answer needs is missing; names the field.
            Unavailable: What is granted could not be begun; nothing is answered then.
        """
        ended = decide(case, ruling, self._clock())
        begun = await self._fulfilment.begin(case, ended, ruling)
        with suppress(NotFound):  # another worker may have erased the case with its account in this moment
            ended = await self._write_down(begun, contact=case.contact)
        begun.go()
        return ended

    async def _write_down(self, begun: Begun, *, contact: str) -> Case:
        ended = await self._tables.cases.update(begun.case)
        if ended.kind in COUNTED:
            await self._tallies.add(ended.kind, ended.outcome)
        if begun.note:
            await self._cases.add(ended, Author.HOUSE, begun.note)
        if ended.kind in TOLD_ON and ended.outcome in {Outcome.GRANTED, Outcome.PARTLY} and ended.has_account:
            told = await self._tell_recipients(ended.owner, ended.kind.value)
            names = ", ".join(told) if told else "nobody, since no company holds it"
            await self._cases.add(ended, Author.HOUSE, f"Told of it, as GDPR Art. 19 asks: {names}.")
        # The words of an answer stay here: a mail can be read by others, and may not have been proven to be theirs.
        words = f"Your case is answered ({ended.reference})." if ended.is_confirmed else ended.answer
        if ended.is_confirmed and begun.note:
            words = f"{words} {begun.note}"
        # An address that was just forgotten gets its answer all the same, once.
        await self._mail.tell(replace(ended, contact=contact), "Your case is answered", words)
        return ended

    async def looks_at(self, owner: str) -> list[StaffAccess]:
        """Return who of the staff looked at something of a person, newest first."""
        return await self._tables.staff_access.find(Query(owner=owner, limit=200))

    async def _need_look(self, operator: Person, case: Case) -> None:
        if not await self.may_read(operator, case):
            raise NotAllowed("Say first why you look at this case.")


TOLD_ON = frozenset({Kind.CORRECT, Kind.RESTRICT})
"""An erasure tells every company itself, as one of its steps."""
