"""What each step of an erasure does, and how it proves itself: by what it found afterwards, never by what it asked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from imageroute_app.domain.data_map import DATA_MAP, MEDIA_PREFIXES, Category
from imageroute_app.domain.erasures import AHEAD, TITLES, Erasure, ErasureStep, Farewell, Outcome, StepState, System
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import VARIANTS, media_prefix
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.parts import PARTS, category_of, person_of
from imageroute_app.domain.ports import Clock, Database, KeyStore, MediaStore, NewId, Query
from imageroute_app.domain.uploads import upload_prefix
from imageroute_app.services.erasing import erase_bytes
from imageroute_app.services.erasure_companies import Companies
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.parts import PartSteps
from imageroute_app.services.provider_copies import ProviderCopies
from imageroute_app.services.recipients import Recipients
from imageroute_app.services.tombstones import EraseNotes

ORDER = tuple(System)
PAGE = 200
MEDIA = tuple(prefix.rstrip("/") for prefix in MEDIA_PREFIXES)
PAGES_END = timedelta(hours=1)
"""How long the state of a page that nobody uses is kept (RULES["page_state"])."""

ForgetPerson = Callable[[str], Awaitable[int]]
"""Lets go of everything that a part holds of a person, given the id; repeatable; returns how many things went."""
ForgetAddress = Callable[[str], Awaitable[int]]
Ask = Callable[[str], Awaitable[Outcome]]
"""Asks a service outside to forget a person, and says what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What an erasure reaches beside database, media and keys.

    `pages` grows when the pages are opened, `cases` when the desk is, which itself can begin an erasure.
    """

    files: Sequence[ForgetPerson] = ()
    mails: Sequence[ForgetAddress] = ()
    payments: Ask | None = None
    identity: Ask | None = None
    recipients: Recipients | None = None
    copies: ProviderCopies | None = None
    cases: list[ForgetPerson] = field(default_factory=list[ForgetPerson])
    pages: list[ForgetPerson] = field(default_factory=list[ForgetPerson])


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose data a step is about; `identity` is the number at the sign-in service.

    Both it and the address are empty once the last mail was sent.
    """

    subject: str
    address: str
    category: Category | None = None
    identity: str = ""


def whose_of(subject: str, farewell: Farewell | None, category: Category | None) -> Whose:
    """Return whose data an erasure is about, with what is kept of the person until its last mail."""
    address, identity = (farewell.address, farewell.identity) if farewell else ("", "")
    return Whose(subject=subject, address=address, category=category, identity=identity)


class ErasureSteps:
    """The steps, by system."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        keys: KeyStore,
        notes: EraseNotes,
        jobs: Jobs,
        outside: Outside,
        parts: PartSteps,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._database, self._tables, self._media, self._keys = database, database.tables, media, keys
        self._notes, self._jobs, self._outside, self._parts = notes, jobs, outside, parts
        copies = outside.copies or ProviderCopies(database=database, providers={}, clock=clock)
        self._companies = Companies(database=database, copies=copies, recipients=outside.recipients, clock=clock)
        self._clock, self._new_id = clock, new_id
        self._acts: Mapping[System, Callable[[Whose], Awaitable[Outcome]]] = {
            System.JOBS: self._end_jobs,
            System.DOWNLOADS: self._forget_files,
            System.PAYMENTS: self._forget_payments,
            System.PICTURES: self._erase_pictures,
            System.MAIL: self._forget_mails,
            System.DATABASE: self._erase_rows,
            System.PAGES: self._forget_pages,
            System.IDENTITY: self._forget_identity,
            System.KEY: self._prove_key_gone,
            System.LEDGER: self._note,
            System.PROOF: self._look_again,
        }

    async def plan(self, erasure: Erasure) -> list[ErasureStep]:
        """Return every step in its order; companies are those that received something."""
        category = category_of(erasure)
        named = await self.companies(person_of(erasure))
        lines: list[tuple[System, str, str]] = []
        for system in PARTS[category].systems if category else ORDER:
            if system is System.COMPANY:
                lines += [(system, company, "") for company in named]
            else:
                lines.append((system, TITLES[system], AHEAD[system]))
        return [
            ErasureStep(id=self._new_id(), owner=erasure.id, place=place, system=system, label=label, detail=detail)
            for place, (system, label, detail) in enumerate(lines)
        ]

    async def identity(self, subject: str) -> str:
        """Return the person's number at the sign-in service, kept until it is deleted there; empty for none."""
        found = await self._tables.identities.find(Query(owner=subject, limit=1))
        return found[0].subject if found else ""

    async def act(self, step: ErasureStep, whose: Whose) -> Outcome:
        """Do one step; raises Unavailable when a store does not answer."""
        if step.system is System.COMPANY:
            return await self._companies.act(step, whose.subject)
        if whose.category is not None:
            return await self._act_on_part(step.system, whose, whose.category)
        return await self._companies.tell(step, await self._acts[step.system](whose))

    async def _act_on_part(self, system: System, whose: Whose, category: Category) -> Outcome:
        if system is System.DOWNLOADS:  # packages hold copies of every part; prepared downloads are pictures
            count = sum([await forget(whose.subject) for forget in self._outside.files])
            return Outcome(state=StepState.DONE, detail=_counted(count, "package", "deleted"), count=count)
        if system in (System.JOBS, System.PAGES):
            return await self._acts[system](whose)
        return await self._parts.act(system, whose.subject, category)

    # --- Outside ----------------------------------------------------------------------------------------------------------

    async def companies(self, subject: str) -> list[str]:
        """Return the companies outside that received something of a person, by name."""
        return await self._companies.names(subject)

    async def _forget_payments(self, whose: Whose) -> Outcome:
        if self._outside.payments is None:
            return Outcome(state=StepState.ABSENT, detail="You have no payments here")
        return await self._outside.payments(whose.subject)

    async def _forget_identity(self, whose: Whose) -> Outcome:
        if self._outside.identity is None and whose.identity:  # the operator took its settings away in between
            detail = (
                "Not deleted: the sign-in service is not set here any more, whoever runs this server has to do it there"
            )
            return Outcome(state=StepState.MANUAL, detail=detail)
        if self._outside.identity is None:
            return Outcome(state=StepState.ABSENT, detail="Signing in is done by this server itself")
        return await self._outside.identity(whose.identity)

    async def _forget_mails(self, whose: Whose) -> Outcome:
        count = sum([await forget(whose.address) for forget in self._outside.mails]) if whose.address else 0
        count += sum([await forget(whose.subject) for forget in self._outside.cases])
        return Outcome(state=StepState.DONE, detail=_counted(count, "mail", "deleted"), count=count)

    # --- Ours -------------------------------------------------------------------------------------------------------------

    async def _end_jobs(self, whose: Whose) -> Outcome:
        waiting = [JobState.QUEUED.value, JobState.RUNNING.value]
        query = Query(owner=whose.subject, equals={"state": tuple(waiting)}, limit=PAGE)
        found = await self._tables.jobs.find(query)
        for job in found:
            await self._jobs.cancel(whose.subject, job.id)
        left = await self._tables.jobs.count(query)
        if left:
            return Outcome(state=StepState.RETRY, detail=f"{left} still ending", count=len(found))
        detail = _counted(len(found), "job", "stopped")
        return Outcome(state=StepState.DONE, detail=detail, proof="0 open jobs", count=len(found))

    async def _forget_files(self, whose: Whose) -> Outcome:
        count = sum([await forget(whose.subject) for forget in self._outside.files])
        count += await self._media.delete_prefix(f"archives/{whose.subject}/")
        return Outcome(state=StepState.DONE, detail=_counted(count, "file", "deleted"), count=count)

    async def _erase_pictures(self, whose: Whose) -> Outcome:
        count = 0
        prefixes = [media_prefix(whose.subject, one) async for one in self._ids("images", whose.subject)]
        prefixes += [upload_prefix(whose.subject, one) async for one in self._ids("uploads", whose.subject)]
        for prefix in prefixes:
            await erase_bytes(self._media, prefix, VARIANTS)
            count += 1
        for name in MEDIA:
            await self._media.delete_prefix(f"{name}/{whose.subject}/")
        left = [key for name in MEDIA for key in await self._media.list(f"{name}/{whose.subject}/")]
        if left:
            return Outcome(state=StepState.RETRY, detail=_counted(len(left), "object", "still there"), count=count)
        return Outcome(state=StepState.DONE, detail=_counted(count, "picture", "gone"), proof="0 objects", count=count)

    async def _ids(self, name: str, subject: str) -> AsyncIterator[str]:
        after = ""
        repository = getattr(self._tables, name)
        while page := await repository.find(Query(owner=subject, after=after, limit=PAGE)):
            for record in page:
                yield str(record.id)
            after = str(page[-1].id)

    async def _erase_rows(self, whose: Whose) -> Outcome:
        count = await self._database.erase_rows(whose.subject)
        return Outcome(state=StepState.DONE, detail=_counted(count, "record", "deleted"), count=count)

    async def _forget_pages(self, whose: Whose) -> Outcome:
        if not self._outside.pages:  # they are kept where this process cannot name whose they are
            detail = "What an open page showed ends by itself within the hour"
            return Outcome(state=StepState.RETAINED, detail=detail, until=self._clock() + PAGES_END)
        count = sum([await forget(whose.subject) for forget in self._outside.pages])
        return Outcome(state=StepState.DONE, detail=_counted(count, "open page", "emptied"), count=count)

    async def _prove_key_gone(self, whose: Whose) -> Outcome:
        try:
            await self._keys.key(whose.subject)
        except NotFound:
            return Outcome(
                state=StepState.DONE,
                detail="Destroyed: what old backups hold of you cannot be read by anyone",
                proof="the key store has no key",
            )
        await self._keys.destroy(whose.subject)
        return Outcome(state=StepState.RETRY, detail="It was there; it is destroyed and looked for once more")

    async def _note(self, whose: Whose) -> Outcome:
        await self._notes.subject(whose.subject)
        return Outcome(state=StepState.DONE, detail="A note without your name keeps backups from bringing you back")

    async def _look_again(self, whose: Whose) -> Outcome:
        left = await rows_left(self._database, whose.subject)
        objects = [key for name in MEDIA for key in await self._media.list(f"{name}/{whose.subject}/")]
        if left or objects:
            if left:
                await self._database.erase_rows(whose.subject)
            for name in MEDIA:
                await self._media.delete_prefix(f"{name}/{whose.subject}/")
            number = sum(left.values()) + len(objects)
            return Outcome(state=StepState.RETRY, detail=_counted(number, "thing", "found again and deleted"))
        tables = f"{len(DATA_MAP)} tables, {len(MEDIA)} folders of pictures"
        return Outcome(state=StepState.DONE, detail="Nothing is left", proof=f"0 in {tables}")


async def rows_left(database: Database, subject: str) -> dict[str, int]:
    """Return how many rows each table still holds of a person, tables without any left out."""
    counts = await database.count_rows(subject)
    return {name: count for name, count in counts.items() if count}


def _counted(number: int, noun: str, done: str) -> str:
    if not number:
        return f"There was no {noun}"
    return f"{number:,} {noun if number == 1 else noun + 's'} {done}"
