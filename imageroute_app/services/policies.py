"""Policies: which edition is in effect, who was shown which, and telling everyone of one to come.

Principle: a material edition takes effect only after its 14 days of notice in this very installation; an installation that was
down, or whose mail did not leave, only makes it later. That somebody was shown a text is never read as consent.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from imageroute_app.domain.arrivals import Arrival
from imageroute_app.domain.dates import day
from imageroute_app.domain.errors import Duplicate, NotFound
from imageroute_app.domain.policies import (
    HOUSE,
    Acknowledgement,
    Announcement,
    Edition,
    Kind,
    Shown,
    current,
    effective_at,
    to_come,
)
from imageroute_app.domain.ports import Clock, Database, NewId, Query, Tables
from imageroute_app.services.arrivals import Arrivals
from imageroute_app.services.newcomers import Newcomer, Newcomers

BATCH = 200
LEAST = timedelta(milliseconds=1)
NAMES = {Kind.PRIVACY: "Privacy policy", Kind.TERMS: "Terms"}
DECLINE = "If you do not want it, take your data with you and close the account in the privacy center."


class Tell(Protocol):
    """Tells one person something in the app, and by mail where it matters (services/notices)."""

    async def __call__(
        self, owner: str, topic: str, text: str, path: str, *, mail: str = "", is_banner: bool = False
    ) -> object:
        """Tell it; raises NotFound once the person is erased."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Something that everyone is to be told, in the app and by mail; `since` is when telling began."""

    topic: str
    text: str
    path: str
    subject: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """An edition that is not in effect yet; `effective_at` is None until people were told of a material one."""

    edition: Edition
    effective_at: datetime | None


class Policies:
    """The texts that bind us, and who was shown them."""

    def __init__(
        self,
        *,
        database: Database,
        editions: Mapping[Kind, tuple[Edition, ...]],
        tell: Tell,
        clock: Clock,
        new_id: NewId,
        newcomers: Newcomers | None = None,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._newcomers, self._arrivals = newcomers, arrivals
        self._database, self._tables = database, database.tables
        self._editions, self._tell, self._clock, self._new_id = editions, tell, clock, new_id

    def editions(self, kind: Kind) -> tuple[Edition, ...]:
        """Return every published edition, oldest first."""
        return self._editions[kind]

    def edition(self, name: str) -> Edition:
        """Return one by its name, such as "privacy-2026-11-26"; raises NotFound."""
        for editions in self._editions.values():
            for edition in editions:
                if edition.id == name:
                    return edition
        raise NotFound

    async def current(self, kind: Kind) -> Edition:
        """Return the edition in effect."""
        return current(self._editions[kind], await self._announced(self._tables), self._clock())

    async def upcoming(self, kind: Kind) -> list[Upcoming]:
        """Return what is published and not in effect yet, oldest first."""
        announced = await self._announced(self._tables)
        waiting = to_come(self._editions[kind], announced, self._clock())
        return [Upcoming(edition=one, effective_at=effective_at(one, announced)) for one in waiting]

    async def opened(self, tables: Tables, owner: str) -> None:
        """Note in the transaction that opens an account which texts its form linked to."""
        announced = await self._announced(tables)
        for editions in self._editions.values():
            await tables.acknowledgements.add(
                self._seen(owner, current(editions, announced, self._clock()), Shown.SIGN_UP)
            )

    async def acknowledged(self, owner: str) -> list[Acknowledgement]:
        """Return what the person was shown and when, newest first."""
        return await self._tables.acknowledgements.find(Query(owner=owner, limit=100))

    async def acknowledge(self, owner: str, name: str) -> None:
        """Note that the person has seen an edition; doing it twice is fine.

        Raises:
            NotFound: There is no such edition.
        """
        edition = self.edition(name)

        async def note(tables: Tables) -> None:
            rows = await tables.acknowledgements.find(Query(owner=owner, limit=1000))
            if any(row.edition == name for row in rows):
                return
            seen = self._seen(owner, edition, Shown.CENTER)
            if edition.kind is Kind.PRIVACY:  # its newest row says when the person was last told of changes
                for row in (row for row in rows if row.told_at is not None):
                    seen = replace(seen, told_at=row.told_at)
                    await tables.acknowledgements.update(replace(row, told_at=None))
            await tables.acknowledgements.add(seen)

        await self._database.transact(note)

    async def announce(self) -> int:
        """Tell everyone who was not told of a material edition or a new company; returns how many were. Part of the sweep.

        Who was told is marked row by row, so that a process that ends in the middle is followed by one that goes on there.
        """
        waiting = await self._waiting()
        if not waiting:
            return 0
        newest = max(one.since for one in waiting)
        rows = await self._tables.acknowledgements.overdue("told_at", newest - LEAST, BATCH)
        for row in rows:
            for one in waiting:
                if row.told_at is not None and row.told_at < one.since:
                    with suppress(NotFound):  # erased in this very moment
                        await self._tell(row.owner, one.topic, one.text, one.path, mail=one.subject, is_banner=True)
            await self._tables.acknowledgements.update(replace(row, told_at=self._clock()))
        return len(rows)

    async def _waiting(self) -> list[Telling]:
        announced = await self._announced(self._tables)
        coming = [one for editions in self._editions.values() for one in to_come(editions, announced, self._clock())]
        found = [
            await self._of_edition(one, announced.get(one.id) or await self._begin(one))
            for one in coming
            if one.is_material
        ]
        newcomers = await self._newcomers.waiting() if self._newcomers else []
        arrivals = await self._arrivals.waiting() if self._arrivals else []
        return [*found, *map(_of_newcomer, newcomers), *map(_of_arrival, arrivals)]

    async def _of_edition(self, edition: Edition, since: datetime) -> Telling:
        starts = effective_at(edition, {edition.id: since}) or since
        name, begins = NAMES[edition.kind], day(starts)
        text = f"{name}: a new version takes effect on {begins}. {edition.summary} Your choices stay as they are. {DECLINE}"
        before = (await self.current(edition.kind)).effective
        subject, path = f"{name}: a new version on {begins}", difference(edition.kind, before, edition.effective)
        return Telling(topic=f"policy:{edition.id}", text=text, path=path, subject=subject, since=since)

    async def _begin(self, edition: Edition) -> datetime:
        now = self._clock()
        begun = Announcement(id=self._new_id(), owner=HOUSE, edition=edition.id, announced_at=now)
        try:
            await self._tables.announcements.add(begun)
        except Duplicate:
            return (await self._announced(self._tables))[edition.id]
        return now

    async def _announced(self, tables: Tables) -> dict[str, datetime]:
        if all(not edition.is_material for editions in self._editions.values() for edition in editions[1:]):
            return {}  # nothing waits for a notice, so there is nothing to look up
        rows = await tables.announcements.find(Query(owner=HOUSE, limit=1000))
        return {row.edition: row.announced_at for row in rows}

    def _seen(self, owner: str, edition: Edition, shown: Shown) -> Acknowledgement:
        now = self._clock()
        return Acknowledgement(
            id=self._new_id(),
            owner=owner,
            kind=edition.kind,
            edition=edition.id,
            sha256=edition.sha256,
            shown=shown,
            at=now,
            told_at=now if edition.kind is Kind.PRIVACY else None,
        )


def _of_newcomer(one: Newcomer) -> Telling:
    begins = day(one.opens_at)
    text = (
        f"{one.company}, {one.country}, may get what you send to one of its models from {begins} on, and nothing before. What"
        f" it gets and how long it keeps it stands in the list of receivers. Nothing goes there unless you choose it or your"
        f" rule allows it. {DECLINE}"
    )
    subject = f"A new company from {begins}: {one.company}"
    return Telling(topic=f"company:{one.company}", text=text, path="/processors", subject=subject, since=one.since)


def _of_arrival(one: Arrival) -> Telling:
    begins = day(one.opens_at)
    when = f"from {begins} on, and nothing before"
    if one.is_hurried:
        when = f"from {begins} on: the operator says that the law left no time for the 30 days that we promise"
    text = f"{one.title} is new here and may get data of yours {when}. {one.gets}. {DECLINE}"
    subject = f"New from {begins}: {one.company}"
    return Telling(topic=f"service:{one.key}", text=text, path="/processors", subject=subject, since=one.since)


def difference(kind: Kind, before: date, after: date) -> str:
    """Return the page that shows what changes between the editions of two days."""
    return f"/{kind}/compare?from={before.isoformat()}&to={after.isoformat()}"
