"""Statistics: counts of people who said yes, one day long, then totals without ids. Quotas are counted elsewhere.

Principle: the gate is asked before every single count, so that a withdrawal or an objection ends it with the next one; what
was counted that day goes at once. A failed count never fails what was counted.
"""

import hashlib
import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from imageroute_app.domain.errors import Conflict, Duplicate, ImageRouteError
from imageroute_app.domain.ports import Clock, Database, NewId, Query, Tables
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.domain.statistics import (
    HOUSE,
    PAGES,
    ROLLUP_LIFE,
    K,
    UsageCount,
    UsageTotal,
    day_of,
    end_of_day,
    speed_of,
)
from imageroute_app.services.gate import Gate

log = logging.getLogger(__name__)

BATCH = 200
TRIES = 3
SPEED = "load "
COUNTED = {Purpose.GENERATE: "make", Purpose.UPLOAD: "upload", Purpose.SHARE: "share"}
BELONGS: dict[Purpose, Callable[[UsageCount], bool]] = {
    Purpose.ANALYTICS: lambda count: not count.feature.startswith(SPEED),
    Purpose.PERFORMANCE: lambda count: count.feature.startswith(SPEED),
    Purpose.IMPROVEMENT: lambda _count: True,
    Purpose.GENERATE: lambda _count: True,
}
"""Which counts of today end with which purpose; freezing ends what generating stands for, and so all."""


class Statistics:
    """First-party usage statistics."""

    def __init__(self, *, database: Database, gate: Gate, clock: Clock, new_id: NewId) -> None:
        self._database, self._tables, self._gate = database, database.tables, gate
        self._clock, self._new_id = clock, new_id

    def now(self) -> datetime:
        """Return the time by the installation's clock."""
        return self._clock()

    async def allowed(self, owner: str) -> frozenset[Purpose]:
        """Return what may be counted of a person now."""
        return frozenset([purpose for purpose in OPTIONAL if await self._may(owner, purpose)])

    # --- Counting -----------------------------------------------------------------------------------------------------------

    async def used(self, owner: str, purpose: Purpose) -> None:
        """Count that a feature was asked for, if the person allows it."""
        if purpose in COUNTED and await self._may(owner, Purpose.ANALYTICS):
            await self._bump(owner, COUNTED[purpose])

    async def seen(self, owner: str, page: str, load_ms: int | None) -> None:
        """Count a page and how fast it came, each if the person allows it; unknown pages are not counted.

        `load_ms` is None for a page that was drawn without a load, which tells nothing of speed.
        """
        for purpose, feature in _features(page, load_ms):
            if await self._may(owner, purpose):
                await self._bump(owner, feature)

    async def seen_by_visitor(
        self, visitor: str, allowed: AbstractSet[Purpose], page: str, load_ms: int | None
    ) -> None:
        """Count the same for someone who is not signed in; `visitor` is the secret of the cookie that a yes set."""
        for purpose, feature in _features(page, load_ms):
            if purpose in allowed:
                await self._bump(HOUSE, feature, visitor=digest_of(visitor))

    async def _may(self, owner: str, purpose: Purpose) -> bool:
        return await self._gate.may(owner, purpose) and await self._gate.may(owner, Purpose.IMPROVEMENT)

    async def _bump(self, owner: str, feature: str, *, visitor: str = "") -> None:
        rolls_at = end_of_day(self._clock())
        cell = f"{rolls_at.date().isoformat()}|{feature}|{visitor}"
        try:
            for _ in range(TRIES):
                if await self._bumped(owner, cell, feature, visitor, rolls_at):
                    return
        except ImageRouteError as error:
            log.warning("statistics.uncounted", extra={"code": error.code})

    async def _bumped(self, owner: str, cell: str, feature: str, visitor: str, rolls_at: datetime) -> bool:
        found = await self._tables.usage_counts.find(Query(owner=owner, equals={"cell": cell}, limit=1))
        first = UsageCount(
            id=self._new_id(), owner=owner, cell=cell, visitor=visitor, feature=feature, count=1, rolls_at=rolls_at
        )
        try:
            if found:
                await self._tables.usage_counts.update(replace(found[0], count=found[0].count + 1))
            else:
                await self._tables.usage_counts.add(first)
        except (Conflict, Duplicate):
            return False
        return True

    # --- Forgetting ---------------------------------------------------------------------------------------------------------

    async def forget(self, owner: str, purpose: Purpose) -> None:
        """Delete what was counted today for a purpose that the person just ended."""
        belongs = BELONGS.get(purpose)
        if belongs is None:
            return
        for count in await self._tables.usage_counts.find(Query(owner=owner, limit=1000)):
            if belongs(count):
                await self._tables.usage_counts.delete(count.id, owner)

    async def forget_visitor(self, visitor: str) -> None:
        """Delete what was counted today for someone who is not signed in."""
        equals = {"visitor": digest_of(visitor)}
        for count in await self._tables.usage_counts.find(Query(owner=HOUSE, equals={**equals}, limit=1000)):
            await self._tables.usage_counts.delete(count.id, HOUSE)

    # --- Totals -------------------------------------------------------------------------------------------------------------

    async def roll_up(self) -> int:
        """Turn the counts of days that are over into totals, a batch at a time; drops small groups after the last one."""
        due = await self._tables.usage_counts.overdue("rolls_at", self._clock(), BATCH)
        if not due:
            return await self._drop_small()
        for count in due:
            await self._database.transact(lambda tables, count=count: self._move(tables, count))
        return len(due)

    async def _move(self, tables: Tables, count: UsageCount) -> None:
        if not await tables.usage_counts.delete(count.id, count.owner):
            return
        day = day_of(count)
        cell = f"{day}|{count.feature}"
        found = await tables.usage_totals.find(Query(owner=HOUSE, equals={"cell": cell}, limit=1))
        if found:
            total = replace(found[0], people=found[0].people + 1, count=found[0].count + count.count)
            await tables.usage_totals.update(total)
            return
        total = UsageTotal(
            id=self._new_id(),
            owner=HOUSE,
            cell=cell,
            day=day,
            feature=count.feature,
            people=1,
            count=count.count,
            drops_at=count.rolls_at + ROLLUP_LIFE,
        )
        await tables.usage_totals.add(total)

    async def _drop_small(self) -> int:
        found = await self._tables.usage_totals.find(Query(owner=HOUSE, limit=BATCH))
        small = [total for total in found if total.people < K]
        return sum([await self._tables.usage_totals.delete(total.id, HOUSE) for total in small])

    async def totals(self, limit: int = 500) -> list[UsageTotal]:
        """Return totals of at least 20 people, newest first."""
        found = await self._tables.usage_totals.find(Query(owner=HOUSE, limit=limit))
        return [total for total in found if total.people >= K]


def digest_of(visitor: str) -> str:
    """Return what stands for the visitor's secret in a row."""
    return hashlib.sha256(visitor.encode()).hexdigest()


def _features(page: str, load_ms: int | None) -> list[tuple[Purpose, str]]:
    if page not in PAGES:
        return []
    opened = (Purpose.ANALYTICS, f"page {page}")
    return [opened] if load_ms is None else [opened, (Purpose.PERFORMANCE, f"{SPEED}{page} {speed_of(load_ms)}")]
