"""Inactivity: notices to whoever has not signed in for long, and then the erasure machine as for anyone."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from imageroute_app.domain.accounts import Lock, Person
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.inactivity import AGAIN, REASON, ends_at, is_over, told
from imageroute_app.domain.ports import Clock, Database
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices

BATCH = 200
TOPIC = "inactive"


class Inactivity:
    """The rule, carried out by the sweep."""

    def __init__(self, *, database: Database, notices: Notices, erasures: Erasures, gate: Gate, clock: Clock) -> None:
        self._tables, self._notices, self._erasures = database.tables, notices, erasures
        self._gate, self._clock = gate, clock

    async def sweep(self) -> int:
        """Tell or erase whoever is due; returns how many."""
        now, moved = self._clock(), 0
        for person in await self._tables.people.overdue("idle_at", now, BATCH):
            with suppress(Conflict, NotFound):  # signed in, or erased, in this very moment
                await self._step(person, now)
                moved += 1
        return moved

    async def _step(self, person: Person, now: datetime) -> None:
        if person.locked_for is not Lock.OPEN or await self._gate.is_frozen(person.id):
            await self._tables.people.update(replace(person, idle_at=now + AGAIN))
        elif is_over(person):
            await self._erasures.begin(person.id, at_once=True, reason=REASON)
        else:
            await self._tell(person, now)

    async def _tell(self, person: Person, now: datetime) -> None:
        day = ends_at(person, now)
        # The date first: a worker that dies between tells once less rather than erasing too early.
        await self._tables.people.update(told(person, now))
        text = (
            f"Nobody signed in to your account for nearly two years. It is erased on {day.day} {day:%B %Y}, with everything in"
            " it. To keep it, sign in once before that day; nothing else is needed."
        )
        await self._notices.tell(
            person.id, TOPIC, text, "/sign-in", mail=f"Your account is erased on {day.day} {day:%B %Y}", is_banner=True
        )
