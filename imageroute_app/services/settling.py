"""Settling: what a payment service says becomes facts, and the facts become credits, once.

Principle: a message is checked, read by an allow-list and let go; nobody keeps it. Its facts join those of the payment, and
row, ledger line and order move in one transaction, so that fifty copies of a message come to what one does. Credits come for a
payment of an order of ours, as many as our own catalogue says, never because of an amount or a text in the message.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from imageroute_app.domain.errors import Conflict, ImageRouteError, NotFound
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.payments import Message, Move, Order, Payment, Seen, move, refundable
from imageroute_app.domain.ports import Clock, Database, NewId, Payments, Query, Tables
from imageroute_app.domain.settlement import Fact, OrderState, fact_of
from imageroute_app.services.heard import Heard
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)

TRIES = 6
PAYMENTS_MAX = 50
"""Of one order: each is a try to pay it."""
STATE_ORDER = (
    OrderState.CANCELLED, OrderState.FAILED, OrderState.EXPIRED, OrderState.OPEN, OrderState.PENDING, OrderState.REFUNDED,
    OrderState.LOST, OrderState.DISPUTED, OrderState.PARTLY_REFUNDED, OrderState.PAID,
)  # fmt: skip
"""Of several payments of one order the furthest in this row names the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A payment after its newest facts, and what they moved."""

    payment: Payment
    order: Order
    moved: Move


@dataclass(frozen=True, slots=True)
class _Said:
    """What one transaction settles; a wish for a refund must still be what can be refunded."""

    order: Order
    payment_id: str
    seen: Seen | None
    facts: Sequence[Fact]
    wish: Fact | None = None


class Settling:
    """Hears what is said of payments; the only one that writes them."""

    def __init__(
        self, *, database: Database, payments: Payments, notices: Notices, clock: Clock, new_id: NewId
    ) -> None:
        self._database, self._tables, self._port = database, database.tables, payments
        self._notices, self._clock, self._new_id = notices, clock, new_id
        self._heard = Heard(payments.seller.key, database=database, clock=clock, new_id=new_id)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, headers: Mapping[str, str], body: bytes) -> None:
        """Take one webhook; what is no payment of ours is passed over.

        Raises:
            Forged: nobody we know has signed it, or not within five minutes of now.
            InvalidInput: it is signed and cannot be read.
            Unavailable: it must be sent again.
        """
        message = self._port.read(headers, body)
        if not message.payment_id:
            log.info("payment.other_message", extra={"kind": message.kind})
            return
        if await self._heard.has(message.number):
            return
        await self.hear(message)
        await self._heard.note(message.number)

    async def hear(self, message: Message) -> Settled | None:
        """Settle what was said of one payment; None when no order of ours belongs to it."""
        turn = self._turns.setdefault(message.payment_id, asyncio.Lock())
        async with turn:
            return await self._hear(message)

    async def wish(self, payment_id: str, fact: Fact) -> Settled | None:
        """Write down a refund that the person wants, and take its credits; raises Conflict when they moved meanwhile."""
        async with self._turns.setdefault(payment_id, asyncio.Lock()):
            return await self._hear(Message(kind="wish", payment_id=payment_id, facts=(fact,)), wish=fact)

    async def knows(self, seen: Seen) -> bool:
        """Say whether this is no news: a payment of ours that has all these facts, or one that is nobody's here."""
        known = await self._tables.payments.by_key("payment_id", seen.payment_id)
        if known is not None:
            heard = {(fact.about, fact.ref, fact.state) for fact in map(fact_of, known.facts)}
            return {(fact.about, fact.ref, fact.state) for fact in seen.facts} <= heard
        if seen.number:
            return await self._tables.orders.by_key("number", seen.number) is None
        return await self._tables.bookings.by_key("payment_id", seen.payment_id) is None

    async def look(self, payment_id: str) -> Settled | None:
        """Ask the payment service about a payment, and settle what it says."""
        seen = await self._port.payment(payment_id)
        return await self.hear(Message(kind="look", payment_id=payment_id, seen=seen, facts=seen.facts))

    async def _hear(self, message: Message, wish: Fact | None = None) -> Settled | None:
        known = await self._tables.payments.by_key("payment_id", message.payment_id)
        seen, said = message.seen, message.facts
        if known is not None and message.currency not in ("", known.currency):
            said = ()  # an amount that is not one of the payment's own currency
        if seen is None and (known is None or not said):
            try:  # a refund or a dispute came first, or did not say how much of the payment
                seen = await self._port.payment(message.payment_id)
            except NotFound:
                log.warning("payment.unknown", extra={"kind": message.kind})
                return None
            if message.currency not in ("", seen.currency):
                said = ()
        facts = (*said, *(seen.facts if seen else ()))
        if known is not None and {fact.text for fact in facts} <= set(known.facts):
            return None
        order = await self._order(known, seen)
        if order is None:
            await self._book(message.payment_id, facts)
            return None
        settled = await self._again(_Said(order, message.payment_id, seen, facts, wish))
        await self._tell(settled)
        return settled

    async def _order(self, known: Payment | None, seen: Seen | None) -> Order | None:
        if known is not None:
            return await self._tables.orders.get(known.order_id, known.owner)
        return await self._tables.orders.by_key("number", seen.number) if seen and seen.number else None

    async def _again(self, said: "_Said") -> Settled:
        """Settle in one transaction, once more when another process was at the same payment."""
        for _ in range(TRIES - 1):
            try:
                return await self._database.transact(lambda tables: self._settle(tables, said))
            except Conflict:  # Duplicate is one
                await asyncio.sleep(0)
        return await self._database.transact(lambda tables: self._settle(tables, said))

    async def _settle(self, tables: Tables, said: "_Said") -> Settled:
        order = said.order
        known = await tables.payments.by_key("payment_id", said.payment_id)
        payment = known or (self._new(order, said.seen) if said.seen else None)
        if payment is None:
            raise NotFound
        available = (await tables.ledger.wallet(order.owner)).available
        if said.wish and refundable(payment, available, self._clock()).amount_minor != said.wish.amount_minor:
            raise Conflict("The amount has changed since you looked, because credits moved. Look at the new one.")
        payment = _with(payment, said.seen, said.facts)
        moved = move(payment, available)
        payment = replace(
            payment,
            state=payment.standing.state(payment.total_minor),
            granted=payment.granted + moved.give,
            taken=payment.taken + moved.take,
            spent=moved.spent,
            moves=payment.moves + bool(moved.give or moved.take),
            check_at=self._clock() if payment.standing.refunding_minor else payment.check_at,
        )
        await self._post(tables, order, payment, moved)
        if known is None:
            await tables.payments.add(payment)
        else:
            payment = await tables.payments.update(payment)
        return Settled(payment=payment, order=await self._follow(tables, order, payment), moved=moved)

    def _new(self, order: Order, seen: Seen) -> Payment:
        is_ours = seen.product_id in ("", order.product_id)
        if not is_ours:
            log.error("payment.foreign_product", extra={"order": order.id})
        now = self._clock()
        return Payment(
            id=self._new_id(),
            owner=order.owner,
            order_id=order.id,
            payment_id=seen.payment_id,
            state=OrderState.OPEN,
            total_minor=seen.total_minor,
            tax_minor=seen.tax_minor,
            currency=seen.currency or order.currency,
            credits=order.credits * max(1, seen.quantity) if is_ours else 0,
            customer_id=seen.customer_id,
            invoice_id=seen.invoice_id,
            facts=(),
            paid_at=seen.paid_at or now,
            created_at=now,
            check_at=None,
        )

    async def _post(self, tables: Tables, order: Order, payment: Payment, moved: Move) -> None:
        """Write the ledger line; its key is the payment and the number of the move, so that none is written twice."""
        if not (moved.give or moved.take):
            return
        why = _given(order, payment) if moved.give else _taken(order, payment)
        await tables.ledger.post(
            Entry(
                id=self._new_id(),
                owner=order.owner,
                kind=EntryKind.PURCHASE if moved.give else EntryKind.REVERSAL,
                amount=moved.give or -moved.take,
                balance_after=0,
                job_id="",
                reason=why,
                dedupe_key=f"{order.seller}:pay:{payment.payment_id}:{payment.moves}",
                created_at=self._clock(),
            )
        )

    async def _follow(self, tables: Tables, order: Order, payment: Payment) -> Order:
        """Let the order say what its payments come to."""
        order = await tables.orders.get(order.id, order.owner)
        others = await tables.payments.find(Query(owner=order.owner, equals={"order_id": order.id}, limit=PAYMENTS_MAX))
        states = [one.state for one in others if one.id != payment.id]
        state = max([*states, payment.state], key=STATE_ORDER.index)
        changed = replace(order, state=state, check_at=None if state.is_paid else order.check_at)
        return order if changed == order else await tables.orders.update(changed)

    async def _book(self, payment_id: str, facts: Sequence[Fact]) -> None:
        """Note a late refund on the books of a payment whose person is erased; anything else is not ours."""
        booked = await self._tables.bookings.by_key("payment_id", payment_id)
        if booked is None:
            log.warning("payment.without_order", extra={"payment": payment_id})
            return
        given = sum(fact.amount_minor for fact in facts if fact.state == "succeeded" and fact.amount_minor)
        if given > booked.refunded_minor:
            await self._tables.bookings.update(replace(booked, refunded_minor=min(given, booked.total_minor)))

    async def _tell(self, settled: Settled) -> None:
        moved, order = settled.moved, settled.order
        if moved.give:
            text = f"{moved.give:,} credits are on your account: {_given(order, settled.payment)}."
        elif moved.take:
            text = f"{moved.take:,} unused credits were taken back: {_taken(order, settled.payment)}."
        else:
            return
        try:
            await self._notices.tell(
                order.owner, f"order:{order.id}", text, f"/credits/orders/{order.id}", mail=f"Order {order.number}"
            )
        except ImageRouteError as error:  # it is settled; the order says so by itself
            log.warning("payment.not_told", extra={"order": order.id, "code": error.code})


def _with(payment: Payment, seen: Seen | None, facts: Sequence[Fact]) -> Payment:
    """Return the payment with more facts; of what was said twice the larger or first counts, in any order alike."""
    texts = tuple(sorted({*payment.facts, *(fact.text for fact in facts)}))
    if seen is None:
        return replace(payment, facts=texts)
    return replace(
        payment,
        facts=texts,
        total_minor=max(payment.total_minor, seen.total_minor),
        tax_minor=max(payment.tax_minor, seen.tax_minor),
        customer_id=max(payment.customer_id, seen.customer_id),
        invoice_id=max(payment.invoice_id, seen.invoice_id),
    )


def _given(order: Order, payment: Payment) -> str:
    return f"Order {order.number} paid" if payment.taken == 0 else f"Order {order.number}: given back"


def _taken(order: Order, payment: Payment) -> str:
    standing = payment.standing
    if standing.is_disputed or standing.is_lost:
        return f"Order {order.number}: the payment is disputed"
    return f"Order {order.number} refunded"
