"""Checks: what watches the promises while the installation runs, each result stored with its time, and shown on /trust.

Principle: a check looks at what lies there, never at what was meant to happen; one that cannot look says so, which is red.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from imageroute_app.domain.errors import Conflict, Duplicate, ImageRouteError, NotFound
from imageroute_app.domain.measures import METRICS, PERIODS, Built, Figure, Measure, Review, State, figure
from imageroute_app.domain.policies import HOUSE
from imageroute_app.domain.ports import Clock, Database, NewId, Query

log = logging.getLogger(__name__)

LEASE = "checks"
LEASE_FOR = timedelta(minutes=30)
EARLY = timedelta(minutes=1)
"""A check that ran a little less than its period ago is due all the same: loops do not keep time to the second."""
CANNOT_LOOK = "The check could not look: a store did not answer. It tries again with the next run."


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check saw: whether the target is met, the figure in words, and what to do when it is not.

    `is_empty` says that there was nothing to measure, which is neither met nor missed.
    """

    is_met: bool
    value: str
    note: str = ""
    is_empty: bool = False


NOTHING = Found(is_met=True, value="nothing to measure yet", is_empty=True)


@dataclass(frozen=True, slots=True)
class Check:
    """One metric with what measures it."""

    metric: str
    look: Callable[[], Awaitable[Found]]


class Checks:
    """Runs the checks that are due and remembers what they found."""

    def __init__(
        self,
        checks: Sequence[Check],
        *,
        database: Database,
        built: Built,
        reviews: Sequence[Review],
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self.reviews = tuple(reviews)
        self._checks, self._tables, self._built = tuple(checks), database.tables, built
        self._clock, self._new_id, self._holder = clock, new_id, new_id()
        self._told: dict[str, Found] = {}

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are measured here, in the order of the page."""
        return tuple(check.metric for check in self._checks)

    async def sweep(self) -> int:
        """Run what is due, if no other worker is at it; returns how many ran."""
        now = self._clock()
        if not await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now + LEASE_FOR):
            return 0
        try:
            return sum([await self._run_if_due(check) for check in self._checks])
        finally:
            now = self._clock()
            await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now)

    async def run(self, metric: str) -> Measure:
        """Run one check now; raises KeyError when nothing here measures it."""
        check = {check.metric: check for check in self._checks}[metric]
        return await self._store(check, await self._look(check))

    async def board(self) -> list[Figure]:
        """Return every metric as it stands, in the order of the page."""
        now = self._clock()
        figures: list[Figure] = []
        for name in METRICS:
            if name in self._built.tests:
                figures.append(self._built.figure(name))
            else:
                figures.append(figure(name, await self._last(name), now))
        return figures

    async def _run_if_due(self, check: Check) -> bool:
        last = await self._last(check.metric)
        if last is not None and self._clock() - last.taken_at < PERIODS[METRICS[check.metric].every] - EARLY:
            return False
        await self._store(check, await self._look(check))
        return True

    async def _look(self, check: Check) -> Found:
        began = time.monotonic()
        try:
            found = await check.look()
        except ImageRouteError as error:
            log.warning("check.failed", extra={"metric": check.metric, "code": error.code})
            return Found(is_met=False, value="unknown", note=CANNOT_LOOK)
        took_ms = int((time.monotonic() - began) * 1000)
        self._tell(check.metric, found)
        log.debug("check.looked %s", check.metric, extra={"took_ms": took_ms})
        return found

    def _tell(self, metric: str, found: Found) -> None:
        """Tell the operator of a missed target with its cure, and of its end: once, not with every run."""
        if self._told.get(metric) == found:
            return
        if not found.is_met:
            log.error("check.missed %s is %s. %s", metric, found.value, found.note)
        elif metric in self._told:
            log.info("check.met %s is %s again", metric, found.value)
        self._told[metric] = found

    async def _store(self, check: Check, found: Found) -> Measure:
        """Keep a result: the same as before moves the time of the last row, another one is a row of its own."""
        state = State.UNKNOWN if found.is_empty else State.MET if found.is_met else State.MISSED
        measure = Measure(
            id=self._new_id(), owner=HOUSE, metric=check.metric, state=state, value=found.value, note=found.note,
            taken_at=self._clock(),
        )  # fmt: skip
        last = await self._last(check.metric)
        if last is not None and (last.state, last.value, last.note) == (state, found.value, found.note):
            try:
                return await self._tables.measures.update(replace(last, taken_at=measure.taken_at))
            except (Conflict, NotFound):
                log.info("check.changed_meanwhile", extra={"metric": check.metric})
        try:
            await self._tables.measures.add(measure)
        except Duplicate:
            log.info("check.stored_already", extra={"metric": check.metric})
        return measure

    async def _last(self, metric: str) -> Measure | None:
        found = await self._tables.measures.find(Query(owner=HOUSE, equals={"metric": metric}, limit=1))
        return found[0] if found else None
