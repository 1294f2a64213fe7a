"""The registers that operators keep: requests by authorities, breaches, changes of ownership."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.case_rules import OWNERSHIP_DAYS, may_transfer
from imageroute_app.domain.cases import Author, Case, CaseState, Kind, tidy_text
from imageroute_app.domain.data_map import DATA_MAP, Category, Protection
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.domain.registers import Facts, read_categories, read_facts, read_time
from imageroute_app.services.case_codes import new_case
from imageroute_app.services.cases import Cases
from imageroute_app.services.notices import Notices

PAGE = 200
CENTRE = "/privacy-center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an operator writes into a register; `account` is the address of the person that an authority asks about."""

    kind: Kind
    text: str
    facts: Facts
    account: str = ""


class Registers:
    """Opening entries, finding who is affected, telling people."""

    def __init__(self, *, database: Database, cases: Cases, notices: Notices, clock: Clock, new_id: NewId) -> None:
        self._tables, self._cases, self._notices = database.tables, cases, notices
        self._clock, self._new_id = clock, new_id

    async def open(self, entry: Entry) -> Case:
        """Write an entry down; a change of ownership tells everyone at once, a request by an authority its person.

        Raises:
            InvalidInput: Something that the register needs is missing; names the field.
        """
        _check(entry)
        subject = await self._subject(entry.account)
        case, _ = new_case(self._new_id(), entry.kind, text=tidy_text(entry.text), country="", now=self._clock())
        case = replace(case, subject=subject, facts=entry.facts.dump())
        if gag := read_time(entry.facts.gag_until):
            case = replace(case, alarm_at=gag)
        await self._tables.cases.add(case)
        if entry.kind is Kind.LEGAL and not entry.facts.gag_until:
            return await self.tell_subject(case)
        if entry.kind is Kind.OWNERSHIP:
            return await self._announce(case)
        return case

    async def tell_subject(self, case: Case) -> Case:
        """Tell a person that an authority asked about them; noted, so that it happens once."""
        facts = read_facts(case.facts)
        if facts.people_told_at or not case.subject:
            return case
        text = (
            f"{facts.authority} asked us for data about you ({facts.statute}). What it asked for: {facts.scope}."
            " You can ask us about it, and object."
        )
        await self._tell([case.subject], f"legal-{case.id}", "An authority asked about you", text)
        return await self._note_told(case, facts)

    # --- Breaches -----------------------------------------------------------------------------------------------------

    async def affected(self, case: Case) -> list[str]:
        """Return the ids of exactly those who have a record of the categories, made from `since` and before `until`."""
        return [person.id async for person in self._affected(read_facts(case.facts))]

    def readable(self, case: Case) -> list[str]:
        """Return the fields that lay in clear; all others need a key (GDPR Art. 34(3)(a))."""
        categories = read_categories(read_facts(case.facts))
        return sorted(
            {
                f"{name}.{field}"
                for name, table in DATA_MAP.items()
                if table.category in categories
                for field, how in table.fields.items()
                if how is Protection.PLAIN and field not in {"id", "owner", "version"}
            }
        )

    async def tell_affected(self, case: Case, text: str) -> Case:
        """Tell everyone affected (GDPR Art. 34); a drill only lists them. Raises Conflict, InvalidInput."""
        facts = read_facts(case.facts)
        if case.kind is not Kind.BREACH or facts.people_told_at:
            raise Conflict("They were told already.")
        words, told = tidy_text(text), await self.affected(case)
        if not facts.is_drill:
            await self._tell(told, f"breach-{case.id}", "Your data was affected", words)
        await self._cases.add(case, Author.HOUSE, f"{'Drill: would tell' if facts.is_drill else 'Told'} {len(told)}.")
        return await self._note_told(case, facts)

    async def note_authority_told(self, case: Case) -> Case:
        """Write down that the authority was told now (GDPR Art. 33)."""
        facts = read_facts(case.facts)
        changed = replace(facts, authority_told_at=facts.authority_told_at or self._clock().isoformat())
        return await self._tables.cases.update(replace(case, facts=changed.dump()))

    # --- Changes of ownership -----------------------------------------------------------------------------------------

    async def may_transfer(self) -> bool:
        """Say whether data may go to a new owner now: a change is open, announced, and 30 days have passed."""
        now = self._clock()
        cases = [case async for case in self._open_ones(Kind.OWNERSHIP)]
        return any(may_transfer(case, now) for case in cases)

    async def announced(self) -> Case | None:
        """Return the change of ownership that people were told of and that is still open."""
        async for case in self._open_ones(Kind.OWNERSHIP):
            if case.acknowledged_at:
                return case
        return None

    async def _announce(self, case: Case) -> Case:
        now, facts = self._clock(), read_facts(case.facts)
        day = now + timedelta(days=OWNERSHIP_DAYS)
        text = (
            f"{facts.new_owner} is to take over this service. Your data stays here until {day.day} {day:%B %Y} at least."
            " Until then, and after it, you can export everything, or close your account so that nothing goes over."
        )
        everyone = [person.id async for person in self._people()]
        await self._tell(everyone, f"ownership-{case.id}", "This service gets a new owner", text, is_banner=True)
        return await self._tables.cases.update(replace(case, acknowledged_at=now, due_at=day, alarm_at=day))

    # --- Below the verbs ----------------------------------------------------------------------------------------------

    async def _open_ones(self, kind: Kind) -> AsyncIterator[Case]:
        after = ""
        while page := await self._tables.cases.walk(after, PAGE):
            for case in page:
                if case.kind is kind and case.state is CaseState.OPEN:
                    yield case
            after = page[-1].id

    async def _people(self) -> AsyncIterator[Person]:
        after = ""
        while page := await self._tables.people.walk(after, PAGE):
            for person in page:
                yield person
            after = page[-1].id

    async def _affected(self, facts: Facts) -> AsyncIterator[Person]:
        categories = read_categories(facts)
        tables = [name for name, table in DATA_MAP.items() if table.category in categories]
        since, until = _id_at(read_time(facts.since)), _id_at(read_time(facts.until))
        async for person in self._people():
            for name in tables:
                if await _count(self._tables, name, Query(owner=person.id, from_id=since, below_id=until)):
                    yield person
                    break

    async def _tell(
        self, owners: Sequence[str], topic: str, subject: str, text: str, *, is_banner: bool = False
    ) -> None:
        """Tell each of them once, however often this is repeated."""
        for owner in owners:
            if await self._tables.notices.count(Query(owner=owner, equals={"topic": topic})):
                continue
            try:
                await self._notices.tell(owner, topic, text, CENTRE, mail=subject, is_banner=is_banner)
            except NotFound:
                continue  # erased meanwhile

    async def _note_told(self, case: Case, facts: Facts) -> Case:
        told = replace(facts, people_told_at=self._clock().isoformat())
        return await self._tables.cases.update(replace(case, facts=told.dump()))

    async def _subject(self, account: str) -> str:
        if not account.strip():
            return ""
        person = await self._tables.people.by_key("email_key", account.strip().casefold())
        if person is None:
            raise InvalidInput("No account has this address.", field="account")
        return person.id


async def _count(tables: object, name: str, query: Query) -> int:
    return int(await getattr(tables, name).count(query))


def _id_at(moment: datetime | None) -> str:
    """Return the lowest id that a record of this moment can have: ids begin with their millisecond (RFC 9562)."""
    return f"{int(moment.timestamp() * 1000):012x}" if moment else ""


NEEDED = {
    Kind.LEGAL: ("authority", "statute", "scope"),
    Kind.BREACH: ("categories", "until"),
    Kind.OWNERSHIP: ("new_owner",),
}


def _check(entry: Entry) -> None:
    for name in NEEDED[entry.kind]:
        if not getattr(entry.facts, name).strip():
            raise InvalidInput("This is needed.", field=name)
    for name in ("gag_until", "since", "until"):
        try:
            read_time(getattr(entry.facts, name))
        except ValueError as error:
            raise InvalidInput("Give a date and time like 2026-11-26 14:00.", field=name) from error
    try:
        read_categories(entry.facts)
    except ValueError as error:
        known = ", ".join(Category)
        raise InvalidInput(f"Choose among: {known}.", field="categories") from error
