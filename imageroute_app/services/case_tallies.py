"""Counts by month of how cases ended: what may be published, and all that is left of a report of a child."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from imageroute_app.domain.cases import Kind, Outcome, Tally
from imageroute_app.domain.ports import Clock, Database, NewId, Query, Tables
from imageroute_app.domain.statistics import K

HOUSE = "house"
COUNTED = (Kind.LEGAL, Kind.CHILD)
"""Kinds whose ends are counted, in the order of /trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What may be told of a kind in a year: `total` is None for fewer than 20, `ends` is empty as soon as one of them is."""

    year: int
    kind: Kind
    total: int | None
    ends: Mapping[Outcome, int]


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

    async def by_year(self) -> list[Year]:
        """Return what every year came to, this one first; a number of fewer than 20 cases stays with us."""
        this = self._clock().year
        counts: dict[tuple[int, Kind], Counter[Outcome]] = {(this, kind): Counter() for kind in COUNTED}
        for tally in await self._database.tables.tallies.find(Query(owner=HOUSE, limit=2000)):
            kind, outcome, month = tally.slot.split(":")
            place = counts.setdefault((int(month[:4]), Kind(kind)), Counter())
            place[Outcome(outcome)] += tally.count
        years = sorted({year for year, _ in counts}, reverse=True)
        return [_year(year, kind, counts.get((year, kind), Counter())) for year in years for kind in COUNTED]


def _year(year: int, kind: Kind, counts: Mapping[Outcome, int]) -> Year:
    """Leave out what would tell of few: a total, or how they ended as soon as one end is rare."""
    total, is_many = sum(counts.values()), all(count >= K for count in counts.values())
    return Year(
        year=year, kind=kind, total=total if total == 0 or total >= K else None, ends=dict(counts) if is_many else {}
    )
