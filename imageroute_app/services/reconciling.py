"""Reconciling: what no message told us is asked for, order by order and then by the seller's own list.

Principle: webhooks make it fast, this makes it true. Every step can be repeated; one order that fails holds up no other.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from imageroute_app.domain.errors import Conflict, ImageRouteError, NotFound
from imageroute_app.domain.payments import Order, Payment
from imageroute_app.domain.ports import Clock, Database, NewId, Payments
from imageroute_app.domain.settlement import OrderState
from imageroute_app.services.checkouts import Checkouts
from imageroute_app.services.refunds import Refunds
from imageroute_app.services.settling import Settling

log = logging.getLogger(__name__)

BATCH = 50
PAUSES = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""Between looks at an order that nothing is heard of."""
LIST_EVERY, LIST_BACK = timedelta(hours=6), timedelta(days=3)
LEASE = "payments.list"


class Reconciling:
    """Part of the sweep."""

    def __init__(
        self,
        *,
        database: Database,
        payments: Payments,
        checkouts: Checkouts,
        refunds: Refunds,
        settling: Settling,
        correct: Callable[[Payment], Awaitable[None]],
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._tables, self._port, self._settling = database.tables, payments, settling
        self._checkouts, self._refunds, self._correct = checkouts, refunds, correct
        self._clock, self._new_id = clock, new_id

    async def orders(self) -> int:
        """Look at orders that were opened and not heard of; returns how many were looked at."""
        due = await self._tables.orders.overdue("check_at", self._clock(), BATCH)
        for order in due:
            await self._look(order)
        return len(due)

    async def _look(self, order: Order) -> None:
        try:
            order = await self._checkouts.look(order)
        except ImageRouteError as error:
            log.warning("order.not_looked_at", extra={"order": order.id, "code": error.code})
        if not order.state.is_paid:
            await self._later(order)

    async def _later(self, order: Order) -> None:
        now = self._clock()
        is_over = now >= order.expires_at + PAUSES[-1]
        state = OrderState.EXPIRED if is_over and order.state is OrderState.OPEN else order.state
        check_at = None if is_over else now + PAUSES[min(order.checks, len(PAUSES) - 1)]
        try:
            await self._tables.orders.update(replace(order, state=state, check_at=check_at, checks=order.checks + 1))
        except (Conflict, NotFound):
            return  # word of it came in this very moment

    async def payments(self) -> int:
        """Go on with refunds whose answer is open and with corrected addresses; returns how many payments were looked at."""
        due = await self._tables.payments.overdue("check_at", self._clock() - PAUSES[0], BATCH)
        for payment in due:
            await self._resume(payment)
        return len(due)

    async def _resume(self, payment: Payment) -> None:
        try:
            await self._refunds.resume(payment)
            await self._correct(payment)
        except ImageRouteError as error:
            log.warning("payment.not_resumed", extra={"payment": payment.id, "code": error.code})
        try:
            stored = await self._tables.payments.get(payment.id, payment.owner)
            if stored.check_at is not None:
                await self._tables.payments.update(replace(stored, check_at=self._clock() + PAUSES[1]))
        except (Conflict, NotFound):
            return  # word of it came, or its person was erased, in this very moment

    async def listed(self) -> int:
        """Compare with the seller's list of the last days, four times a day by one process; returns nothing to repeat."""
        now = self._clock()
        if await self._tables.acquire_lease(LEASE, holder=self._new_id(), now=now, until=now + LIST_EVERY):
            try:
                await self.compare(now - LIST_BACK)
            except ImageRouteError as error:
                log.warning("payments.not_listed", extra={"code": error.code})
        return 0

    async def compare(self, since: datetime) -> int:
        """Look at every payment that the seller's lists say something new of since then; returns how many were news."""
        news = 0
        for seen in await self._port.recent(since):
            if not await self._settling.knows(seen):
                news += await self._look_at(seen.payment_id)
        return news

    async def _look_at(self, payment_id: str) -> bool:
        try:
            return await self._settling.look(payment_id) is not None
        except NotFound:
            log.warning("payment.not_there")
            return False
