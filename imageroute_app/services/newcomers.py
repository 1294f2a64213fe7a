"""Newcomers: a company that is to get data for the first time is told to everyone first, and gets nothing for 30 days (P39).

What was set up when this installation first looked was there when people signed up and is not new. On loopback nobody waits:
whoever sets a key there is the one to be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from imageroute_app.domain.errors import Duplicate
from imageroute_app.domain.policies import HOUSE, Announcement
from imageroute_app.domain.ports import Clock, Database, NewId, Query

NOTICE, STALE = timedelta(days=30), timedelta(minutes=1)
BEGUN, COMPANY = "companies", "company:"
"""What announcements of companies are filed under; BEGUN says that the first look was taken."""
ROWS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A company that people are to be told of: its name, its country, and when telling began."""

    company: str
    country: str
    since: datetime

    @property
    def opens_at(self) -> datetime:
        """When it may get something for the first time."""
        return self.since + NOTICE


class Newcomers:
    """Which companies may get data here, and since when; `companies` are (name, country) of all that are set up."""

    def __init__(
        self, *, database: Database, companies: Sequence[tuple[str, str]], clock: Clock, new_id: NewId, waits: bool
    ) -> None:
        self._tables, self._clock, self._new_id = database.tables, clock, new_id
        self._companies, self._waits = dict(companies), waits
        self._read_at, self._read = datetime.min.replace(tzinfo=UTC), dict[str, datetime]()

    async def opens(self) -> Mapping[str, datetime]:
        """Return when each company that must still wait may get something; one that nobody was told of yet waits as well."""
        if not (self._waits and self._companies):
            return {}
        now = self._clock()
        if now - self._read_at >= STALE:  # asked before every price, changed by the sweep alone
            self._read, self._read_at = await self._told(), now
        if BEGUN not in self._read:
            return {}
        opens = {name: self._read.get(COMPANY + name, now) + NOTICE for name in self._companies}
        return {name: moment for name, moment in opens.items() if moment > now}

    async def waiting(self) -> list[Newcomer]:
        """Note companies that are here for the first time; return those that people are to be told of now."""
        if not self._waits:
            return []
        told = await self._told()
        is_new = BEGUN in told and bool(await self._tables.people.walk("", 1))
        since = self._clock() - (timedelta() if is_new else NOTICE)  # nobody is there who could be told
        for name in (BEGUN, *(COMPANY + company for company in self._companies)):
            if name not in told:
                told[name] = await self._begin(name, since)
        here = {name: told[COMPANY + name] for name in self._companies}
        return [
            Newcomer(company=name, country=self._companies[name], since=begun)
            for name, begun in here.items()
            if begun + NOTICE > self._clock()
        ]

    async def _begin(self, name: str, since: datetime) -> datetime:
        try:
            await self._tables.announcements.add(
                Announcement(id=self._new_id(), owner=HOUSE, edition=name, announced_at=since)
            )
        except Duplicate:  # another process was quicker
            return (await self._told())[name]
        return since

    async def _told(self) -> dict[str, datetime]:
        rows = await self._tables.announcements.find(Query(owner=HOUSE, limit=ROWS_MAX))
        return {row.edition: row.announced_at for row in rows}
