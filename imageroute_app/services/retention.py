"""Retention: what has reached its end is removed, on every sweep, in small batches that can be repeated."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from imageroute_app.domain.ports import Clock, Database, NewId
from imageroute_app.services.gallery import Gallery

Purge = Callable[[], Awaitable[int]]
"""Removes a small batch of what is over; returns how many things went."""

LEASE = "retention"
OUTBOX_DAYS = 7
QUOTE_DAYS = 90


class Retention:
    """The periods of DATA_MAP, carried out."""

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
        self._tables, self._gallery = database.tables, gallery
        self._purge_outbox, self._clock, self._purges = purge_outbox, clock, purges
        self._holder = new_id()

    async def sweep(self, period: timedelta) -> int:
        """Remove what is over, if no other worker is at it; returns how many things went."""
        now = self._clock()
        if not await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now + 2 * period):
            return 0
        try:
            return await self._sweep(now)
        finally:  # given back at once, so that a worker started after this one was stopped need not wait
            now = self._clock()
            await self._tables.acquire_lease(LEASE, holder=self._holder, now=now, until=now)

    async def _sweep(self, now: datetime) -> int:
        gone = await self._gallery.purge()
        for session in await self._tables.sessions.overdue("expires_at", now, 200):
            gone += await self._tables.sessions.delete(session.id, session.owner)
        for token in await self._tables.mail_tokens.overdue("expires_at", now, 200):
            gone += await self._tables.mail_tokens.delete(token.id, token.owner)
        for quote in await self._tables.quotes.overdue("expires_at", now - timedelta(days=QUOTE_DAYS), 200):
            gone += await self._tables.quotes.delete(quote.id, quote.owner)
        for job in await self._tables.jobs.overdue("drop_at", now, 200):
            gone += await self._tables.jobs.delete(job.id, job.owner)
        gone += sum([await purge() for purge in self._purges])
        return gone + await self._purge_outbox(timedelta(days=OUTBOX_DAYS))
