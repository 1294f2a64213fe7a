"""Retention: what has reached its end is removed, on every sweep, in small batches that can be repeated.

Principle: one part that fails holds up no other, is tried again by the next sweep, and is shown on /trust until it worked.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.ports import Clock, Database, NewId, Repository
from imageroute_app.domain.retention import RULES, RetentionRule
from imageroute_app.services.gallery import Gallery

log = logging.getLogger(__name__)

Purge = Callable[[], Awaitable[int]]
"""Removes a small batch of what is over; returns how many things went."""

LEASE = "retention"
BATCH = 200
BATCHES_MAX = 50
"""Of one part in one sweep, so that a backlog of days is worked off in minutes and nobody else waits for long."""


class Retention:
    """The rules of domain/retention, carried out."""

    def __init__(
        self,
        *,
        database: Database,
        gallery: Gallery,
        purge_outbox: Callable[[timedelta], Awaitable[int]],
        clock: Clock,
        new_id: NewId,
        purges: Sequence[Purge] = (),
    ) -> None:
        self._tables, self._clock = database.tables, clock
        self._holder = new_id()
        self._parts = self._parts_of(gallery, purge_outbox, purges)
        self._failing: dict[str, datetime] = {}

    @property
    def failing(self) -> Mapping[str, datetime]:
        """Parts whose last sweep failed, with the time of their first failure since they last worked."""
        return dict(self._failing)

    async def sweep(self, period: timedelta) -> int:
        """Remove what is over, if no other worker is at it; returns how many things went."""
        now = self._clock()
        if not await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now + 2 * period):
            return 0
        try:
            return sum([await self._attempt(name, part) for name, part in self._parts.items()])
        finally:  # given back at once, so that a worker started after this one was stopped need not wait
            now = self._clock()
            await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now)

    def _parts_of(
        self, gallery: Gallery, purge_outbox: Callable[[timedelta], Awaitable[int]], purges: Sequence[Purge]
    ) -> dict[str, Purge]:
        outbox_period = RULES["outbox"].period or timedelta()
        parts: dict[str, Purge] = {"image_trash": gallery.purge}
        parts |= {name: self._drop(rule) for name, rule in RULES.items() if rule.column}
        parts |= {getattr(purge, "__qualname__", str(number)): purge for number, purge in enumerate(purges)}
        return {**parts, "outbox": lambda: purge_outbox(outbox_period)}

    def _drop(self, rule: RetentionRule) -> Purge:
        repository: Repository[object] = getattr(self._tables, rule.table)

        async def drop() -> int:
            rows = await repository.overdue(rule.column, self._clock() - rule.wait, BATCH)
            return sum([await repository.delete(_text(row, "id"), _text(row, "owner")) for row in rows])

        return drop

    async def _attempt(self, name: str, part: Purge) -> int:
        gone = 0
        try:
            for _ in range(BATCHES_MAX):
                went = await part()
                gone += went
                if not went:
                    break
        except ImageRouteError as error:
            self._failing.setdefault(name, self._clock())
            log.warning("retention.deferred", extra={"part": name, "code": error.code})
            return gone
        self._failing.pop(name, None)
        return gone


def _text(record: object, name: str) -> str:
    return str(getattr(record, name))
