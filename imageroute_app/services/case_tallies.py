"""Counts by month of how cases ended: what may be published, and all that is left of a report of a child."""

from dataclasses import replace

from imageroute_app.domain.cases import Kind, Outcome, Tally
from imageroute_app.domain.ports import Clock, Database, NewId, Query, Tables

HOUSE = "house"


class Tallies:
    """Adds and reads the counts."""

    def __init__(self, *, database: Database, clock: Clock, new_id: NewId) -> None:
        self._database, self._clock, self._new_id = database, clock, new_id

    async def add(self, kind: Kind, outcome: Outcome) -> None:
        """Count one more."""
        slot = f"{kind.value}:{outcome.value}:{self._clock():%Y-%m}"

        async def work(tables: Tables) -> None:
            found = await tables.tallies.find(Query(owner=HOUSE, equals={"slot": slot}, limit=1))
            if found:
                await tables.tallies.update(replace(found[0], count=found[0].count + 1))
            else:
                await tables.tallies.add(Tally(id=self._new_id(), owner=HOUSE, slot=slot, count=1))

        await self._database.transact(work)

    async def of_year(self, kind: Kind, year: int) -> dict[str, int]:
        """Return how many cases of a kind ended how in a year."""
        counts: dict[str, int] = {}
        for tally in await self._database.tables.tallies.find(Query(owner=HOUSE, limit=2000)):
            name, outcome, month = tally.slot.split(":")
            if name == kind.value and month.startswith(f"{year}-"):
                counts[outcome] = counts.get(outcome, 0) + tally.count
        return counts
