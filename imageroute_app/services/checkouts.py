"""Checkouts: a person chooses a pack and is shown where to pay it; what came of it is heard, never guessed.

Principle: the order is written before the payment service hears of it, and the way back from its page proves nothing.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.errors import Conflict, ImageRouteError, InvalidInput, NotAllowed, NotFound
from imageroute_app.domain.payments import CHECKOUT_LIFE, Buyer, Order, Pack, Payment
from imageroute_app.domain.ports import Clock, Database, Limiter, NewId, Payments, Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.settlement import OrderState
from imageroute_app.services.disclosures import Disclosures, Receiver
from imageroute_app.services.gate import Gate
from imageroute_app.services.settling import PAYMENTS_MAX, Settling

log = logging.getLogger(__name__)

READERS = frozenset({Purpose.PAYMENT, Purpose.ACCOUNTING, Purpose.SUPPORT, Purpose.RIGHTS})
"""What payment lines may be read for (PRIVACY P16): nothing else."""
CHECKOUTS_PER_HOUR = 20
FIRST_LOOK = timedelta(minutes=2)
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""None that is taken for another when it is read aloud."""


class Checkouts:
    """Buying, and looking at what was bought."""

    def __init__(
        self,
        *,
        database: Database,
        payments: Payments,
        settling: Settling,
        packs: Sequence[Pack],
        disclosures: Disclosures,
        limiter: Limiter,
        gate: Gate,
        clock: Clock,
        new_id: NewId,
        origin: str,
    ) -> None:
        self._tables, self._port, self._settling, self._gate = database.tables, payments, settling, gate
        self.packs = tuple(pack for pack in packs if pack.id in payments.products)
        self._disclosures, self._limiter = disclosures, limiter
        self._clock, self._new_id, self._origin = clock, new_id, origin

    async def buy(self, owner: str, pack_id: str) -> Order:
        """Open an order and the page where it can be paid.

        Raises:
            InvalidInput: there is no such pack.
            Frozen: while the person's data is only stored.
            Unavailable: the payment service does not answer; nothing was ordered then.
        """
        pack = next((pack for pack in self.packs if pack.id == pack_id), None)
        if pack is None:
            raise InvalidInput("Choose how many credits you want.", field="pack")
        await self._gate.check(owner, Purpose.PAYMENT)
        await self._limiter.hit("checkout", owner, limit=CHECKOUTS_PER_HOUR, window_s=3600)
        person = await self._tables.people.get(owner, owner)
        order = self._opened(owner, pack)
        await self._tables.orders.add(order)
        customer_id = await self._customer(owner)
        buyer = Buyer(
            email="" if customer_id else person.email,
            customer_id=customer_id,
            return_url=f"{self._origin}/credits/orders/{order.id}",
        )
        try:
            page = await self._port.checkout(order, buyer)
        except ImageRouteError:
            await self._tables.orders.delete(order.id, owner)
            raise
        await self._note(order)
        return await self._tables.orders.update(replace(order, session_id=page.session_id, url=page.url))

    def _opened(self, owner: str, pack: Pack) -> Order:
        now = self._clock()
        number = "".join(secrets.choice(LETTERS) for _ in range(10))
        return Order(
            id=self._new_id(),
            owner=owner,
            number=f"IR-{number[:5]}-{number[5:]}",
            seller=self._port.seller.key,
            pack=pack.id,
            product_id=self._port.products[pack.id],
            credits=pack.credits,
            price_minor=pack.price_minor,
            currency=pack.currency,
            state=OrderState.OPEN,
            session_id="",
            url="",
            created_at=now,
            expires_at=now + CHECKOUT_LIFE,
            check_at=now + FIRST_LOOK,
        )

    async def _customer(self, owner: str) -> str:
        """Return the payment service's own number for a person who paid there before."""
        paid = await self._tables.payments.find(Query(owner=owner, limit=PAYMENTS_MAX))
        return next((payment.customer_id for payment in paid if payment.customer_id), "")

    async def _note(self, order: Order) -> None:
        seller = self._port.seller
        if not seller.is_sandbox:
            receiver = Receiver(
                key=seller.key, company=seller.name, country=", ".join(seller.countries), retention=seller.keeps
            )
            await self._disclosures.note(order.owner, receiver, "Your address and the order", slot=f"order:{order.id}")

    # --- Looking ------------------------------------------------------------------------------------------------------

    async def orders(self, owner: str, *, purpose: Purpose, after: str = "", limit: int = 50) -> list[Order]:
        """Return a page of orders, newest first; raises NotAllowed for a purpose that payments do not serve."""
        _check(purpose)
        return await self._tables.orders.find(Query(owner=owner, after=after, limit=limit))

    async def order(self, owner: str, order_id: str) -> Order:
        """Return one order; raises NotFound when it is not this person's."""
        return await self._tables.orders.get(order_id, owner)

    async def payments(self, owner: str, *, purpose: Purpose, order_id: str = "") -> list[Payment]:
        """Return the payments of an order or of a person, newest first; raises NotAllowed as `orders` does."""
        _check(purpose)
        equals = {"order_id": order_id} if order_id else {}
        return await self._tables.payments.find(Query(owner=owner, equals=equals, limit=PAYMENTS_MAX))

    async def look(self, order: Order) -> Order:
        """Ask the payment service what came of an order, settle that, and return the order as it stands then."""
        is_theirs = order.seller == self._port.seller.key and order.session_id
        if is_theirs and (payment_id := await self._port.paid_by(order.session_id)):
            try:
                await self._settling.look(payment_id)
            except NotFound:
                log.warning("payment.not_there", extra={"order": order.id})
        return await self.order(order.owner, order.id)

    async def invoice(self, owner: str, payment: Payment) -> bytes:
        """Return the seller's invoice as a PDF; raises NotFound for one that is not paid."""
        if not payment.state.is_paid or payment.owner != owner:
            raise NotFound
        return await self._port.invoice(payment.payment_id)

    async def portal(self, owner: str) -> str:
        """Return the address of the seller's page about this person; raises Conflict where there is none."""
        customer_id = await self._customer(owner)
        link = await self._port.portal(customer_id, f"{self._origin}/credits/orders") if customer_id else ""
        if not link:
            raise Conflict("There is no page of the seller for you yet; it comes with the first payment.")
        return link


def _check(purpose: Purpose) -> None:
    if purpose not in READERS:
        raise NotAllowed("Payments are kept for buying, bookkeeping and support, and for nothing else.")
