"""Arrivals: a store, seller, sign-in or mail service that a setting switches on is told to everyone 30 days ahead (P39).

What was set up when this installation first looked, or while nobody had an account, is not new. One that cannot be waited for
keeps the product from starting until its day, unless the operator says that the law leaves no time: then that is written down
and shown on /trust. On loopback nobody waits: whoever sets a key there is the one to be told.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from imageroute_app.domain.arrivals import CAN_WAIT, NOTICE, Arrival, described, headed
from imageroute_app.domain.dates import day
from imageroute_app.domain.errors import Conflict, Duplicate, Unavailable
from imageroute_app.domain.policies import HOUSE, Announcement
from imageroute_app.domain.ports import Clock, Database, NewId, Query

log = logging.getLogger(__name__)

BEGUN, SERVICE, HURRIED = "services", "service:", "hurried:"
"""What announcements of services are filed under; BEGUN says that the first look was taken."""
ROWS_MAX = 1000
CURE = (
    "{company} would get data of people here who were not told 30 days ahead. Take its settings out, start as before, run"
    " `imageroute announce {key}`, and set them again 30 days later. If the law leaves no time: add {key} to"
    " IMAGEROUTE_ANNOUNCED_LATE; that is shown on /trust"
)
TOO_SOON = (
    "{company} may get data of people here from {day} on, as they were told. Take its settings out until then. If the law"
    " leaves no time: add {key} to IMAGEROUTE_ANNOUNCED_LATE; that is shown on /trust"
)


class Arrivals:
    """Which services may get data here, and since when; `hurried` are those that the operator lets in before their day."""

    def __init__(
        self, *, database: Database, clock: Clock, new_id: NewId, waits: bool, hurried: Iterable[str] = ()
    ) -> None:
        self._tables, self._clock, self._new_id = database.tables, clock, new_id
        self._waits, self._hurried = waits, frozenset(hurried)

    async def admit(self, keys: Sequence[str]) -> frozenset[str]:
        """Note services that are here for the first time; return those that must wait, and can.

        Raises:
            Unavailable: One must wait and nothing can stand in for it; says what to do.
        """
        if not self._waits:
            return frozenset()
        told, now = await self._told(), self._clock()
        if BEGUN not in told or not await self._tables.people.walk("", 1):  # nobody is there who could be told
            for name in (BEGUN, *(SERVICE + key for key in keys)):
                await self._open(name, now - NOTICE)
            return frozenset()
        waiting = {key for key in keys if told.get(SERVICE + key, now) + NOTICE > now}
        for key in waiting & self._hurried:
            await self._hurry(key)
        left = waiting - self._hurried
        faults = [_fault(key, told.get(SERVICE + key)) for key in sorted(left - CAN_WAIT)]
        if faults:
            raise Unavailable("\n".join(faults))
        for key in left:
            since = await self._note(SERVICE + key, now)
            log.warning("arrivals.waits", extra={"company": key, "opens_at": (since + NOTICE).isoformat()})
        return frozenset(left)

    async def announce(self, key: str) -> Arrival:
        """Begin to tell everyone of a service that is to come; the sweep tells them.

        Raises:
            InvalidInput: The key names no service.
            Conflict: It was announced before, or nobody knows yet what was here before it.
        """
        company, gets = described(key)
        told = await self._told()
        if BEGUN not in told:
            raise Conflict(
                "Start this installation once with its settings of today, so that they are known as not new."
            )
        if SERVICE + key in told:
            opens = day(told[SERVICE + key] + NOTICE)
            raise Conflict(f"{company} was announced before; it may get data from {opens} on.")
        since = await self._note(SERVICE + key, self._clock())
        return Arrival(key=key, company=company, gets=gets, since=since)

    async def waiting(self) -> list[Arrival]:
        """Return those that people are told of now: announced, and open for less than 30 days of telling."""
        now = self._clock()
        return [one for one in await self._all() if one.since + NOTICE > now]

    async def came_early(self) -> list[Arrival]:
        """Return those that got data before people had their 30 days."""
        return [one for one in await self._all() if one.is_hurried]

    async def _all(self) -> list[Arrival]:
        told = await self._told()
        found: list[Arrival] = []
        for name, since in told.items():
            if name.startswith(SERVICE):
                key = name.removeprefix(SERVICE)
                company, gets = described(key)
                is_hurried = HURRIED + key in told
                found.append(Arrival(key=key, company=company, gets=gets, since=since, is_hurried=is_hurried))
        return found

    async def _hurry(self, key: str) -> None:
        now = self._clock()
        log.warning("arrivals.hurried", extra={"company": key})
        await self._note(SERVICE + key, now)
        await self._note(HURRIED + key, now)

    async def _open(self, name: str, since: datetime) -> None:
        """Say that this one need not wait, also where it was announced to nobody."""
        row = await self._tables.announcements.by_key("edition", name)
        if row is None:
            await self._note(name, since)
        elif row.announced_at > since:
            await self._tables.announcements.update(replace(row, announced_at=since))

    async def _note(self, name: str, since: datetime) -> datetime:
        try:
            row = Announcement(id=self._new_id(), owner=HOUSE, edition=name, announced_at=since)
            await self._tables.announcements.add(row)
        except Duplicate:  # noted before, or another process was quicker
            return (await self._told())[name]
        return since

    async def _told(self) -> dict[str, datetime]:
        rows = await self._tables.announcements.find(Query(owner=HOUSE, limit=ROWS_MAX))
        return {row.edition: row.announced_at for row in rows}


def _fault(key: str, since: datetime | None) -> str:
    company = headed(described(key)[0])
    if since is None:
        return CURE.format(company=company, key=key)
    return TOO_SOON.format(company=company, key=key, day=day(since + NOTICE))
