"""What whoever runs an installation can do about one account from the command line.

Principle: before anything of a person is shown or changed, the reason is written into that person's own books and told to them.
"""

from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.accounts import EMAIL_MAX, Lock, Person
from imageroute_app.domain.cases import StaffAccess, tidy_text
from imageroute_app.domain.erasures import Erasure
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from imageroute_app.domain.exports import Export
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.exports import Ask, Exports
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices

GIVEN = "Credits were given under this name already: nothing was given now."
COMMAND_LINE = "command line"
REASON_MAX = 500
GRANT_MAX = 1_000_000
SHOWN = 20
LOOKED = "The operator of this service {what}. The reason given: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The least that tells one account from another: never a name, an address or a word of its person."""

    id: str
    created_at: datetime
    is_verified: bool
    lock: Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An account's credits: what can be spent, and the newest entries of the ledger."""

    available: int
    entries: list[Entry]


class Operators:
    """Acts on one account, each with its reason."""

    def __init__(
        self,
        *,
        database: Database,
        gate: Gate,
        notices: Notices,
        erasures: Erasures,
        exports: Exports,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._database, self._tables, self._gate, self._notices = database, database.tables, gate, notices
        self._erasures, self._exports = erasures, exports
        self._clock, self._new_id = clock, new_id

    async def count(self) -> int:
        """Return how many accounts there are."""
        number, after = 0, ""
        while found := await self._database.owners(after=after):
            number, after = number + len(found), found[-1]
        return number

    async def find(self, email: str, reason: str) -> Account:
        """Return the account of an address; raises NotFound, InvalidInput without a reason."""
        person = await self._tables.people.by_key("email_key", email.strip().casefold()[:EMAIL_MAX])
        if person is None:
            tidy_reason(reason)
            raise NotFound("There is no account with this address.")
        await self._look(person, reason, "looked up your account by its address")
        return _account(person)

    async def lock(self, owner: str, reason: str) -> Account:
        """Let an account only store; its person can still look, export, erase and object. Raises Conflict if it is locked."""
        person = await self._person(owner)
        if person.locked_for is Lock.OPERATOR:
            return _account(person)
        if person.locked_for is not Lock.OPEN:
            raise Conflict("This account is locked already, because it is being closed or under review.")
        await self._look(person, reason, "locked your account; you can object under Privacy, Requests,")
        return _account(await self._gate.lock(owner, Lock.OPERATOR))

    async def unlock(self, owner: str, reason: str) -> Account:
        """Open an account that `lock` closed; raises Conflict for any other lock, which ends in its own way."""
        person = await self._person(owner)
        if person.locked_for not in (Lock.OPERATOR, Lock.OPEN):
            raise Conflict("This lock is not the operator's: it ends with the erasure or the review it belongs to.")
        await self._look(person, reason, "unlocked your account")
        return _account(await self._gate.lock(owner, Lock.OPEN))

    async def statement(self, owner: str, reason: str) -> Statement:
        """Return the credits of an account."""
        await self._look(await self._person(owner), reason, "looked at your credits")
        entries = await self._tables.ledger.find(Query(owner=owner, limit=SHOWN))
        return Statement(available=(await self._tables.ledger.wallet(owner)).available, entries=entries)

    async def grant(self, owner: str, credits: int, reason: str, *, once: str = "") -> int:
        """Give credits and return the balance; with the same `once` a second run gives nothing. Raises InvalidInput."""
        if not 1 <= credits <= GRANT_MAX:
            raise InvalidInput(f"Grant between 1 and {GRANT_MAX:,} credits.", field="credits")
        person = await self._person(owner)
        why = tidy_reason(reason)
        entry = Entry(
            id=self._new_id(),
            owner=owner,
            kind=EntryKind.GRANT,
            amount=credits,
            balance_after=0,
            job_id="",
            reason=f"Granted by the operator: {why}",
            dedupe_key=f"operator:{once or self._new_id()}",
            created_at=self._clock(),
        )
        try:
            posted = await self._database.transact(lambda tables: tables.ledger.post(entry))
        except Duplicate:
            raise Conflict(GIVEN) from None
        await self._look(person, why, f"gave you {credits} credits")
        return posted.balance_after

    async def export(self, owner: str, reason: str) -> Export:
        """Begin a package of everything; only its person can download it."""
        await self._look(await self._person(owner), reason, "started an export for you")
        return await self._exports.start(owner, Ask())

    async def erase(self, owner: str, reason: str, *, at_once: bool) -> Erasure:
        """Begin the erasure of an account, by the same steps as its person's own; the person gets the usual mail."""
        await self._look(await self._person(owner), reason, "asked for the erasure of your account")
        return await self._erasures.begin(owner, at_once=at_once, reason="operator")

    async def _person(self, owner: str) -> Person:
        try:
            return await self._tables.people.get(owner, owner)
        except NotFound:
            raise NotFound("There is no account with this id: `imageroute users find` shows it.") from None

    async def _look(self, person: Person, reason: str, what: str) -> None:
        why = tidy_reason(reason)
        access = StaffAccess(
            id=self._new_id(),
            owner=person.id,
            case_id="",
            operator=COMMAND_LINE,
            reason=f"{what[0].upper()}{what[1:].rstrip(',')}: {why}"[:REASON_MAX],
            looked_at=self._clock(),
        )
        await self._tables.staff_access.add(access)
        text = LOOKED.format(what=what.rstrip(","), reason=why)
        await self._notices.tell(person.id, f"look:{access.id}", text, "/privacy-center")


def tidy_reason(reason: str) -> str:
    """Return the reason without what cannot be shown; raises InvalidInput when there is none."""
    return tidy_text(reason, field="reason", limit=REASON_MAX)


def _account(person: Person) -> Account:
    return Account(
        id=person.id,
        created_at=person.created_at,
        is_verified=person.email_verified_at is not None,
        lock=person.locked_for,
    )
