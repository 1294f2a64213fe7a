"""Refunds: unused credits go back, and the part of the price that they stand for.

Principle: the credits leave the balance before the money is asked for, in one transaction with the wish itself, so that nobody
spends credits whose money is on its way back. A wish has an id that the payment service sends back: after an unknown answer it
is looked for there before it is asked again.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace

from imageroute_app.domain.errors import Conflict, NotFound, Unavailable
from imageroute_app.domain.payments import Message, Payment, Refundable, refundable
from imageroute_app.domain.ports import Clock, Database, NewId, Payments, Query, Refused
from imageroute_app.domain.settlement import About, Fact, fact_of
from imageroute_app.services.settling import PAYMENTS_MAX, Settled, Settling

NOT_THERE = (
    "The payment service does not know this payment any more and gave nothing back. Your credits are back; write to us."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be given back of an order now, and of which payment."""

    payment: Payment | None
    what: Refundable


class Refunds:
    """Giving back."""

    def __init__(
        self, *, database: Database, payments: Payments, settling: Settling, clock: Clock, new_id: NewId
    ) -> None:
        self._tables, self._port, self._settling = database.tables, payments, settling
        self._clock, self._new_id = clock, new_id

    async def offer(self, owner: str, order_id: str) -> Offer:
        """Return what `refund` would give back now."""
        nothing = Offer(payment=None, what=Refundable(credits=0, amount_minor=0))
        if (await self._tables.orders.get(order_id, owner)).seller != self._port.seller.key:
            return nothing  # bought from somebody who does not sell here any more
        available = (await self._tables.ledger.wallet(owner)).available
        found = await self._tables.payments.find(Query(owner=owner, equals={"order_id": order_id}, limit=PAYMENTS_MAX))
        offers = [Offer(payment=one, what=refundable(one, available, self._clock())) for one in found]
        return max(offers, key=lambda offer: offer.what.amount_minor, default=nothing)

    async def refund(self, owner: str, order_id: str, *, amount_minor: int) -> Fact:
        """Give back what the person was shown; returns what came of it, "pending" while the answer is open.

        Raises:
            Conflict: there is nothing to give back, or it is another amount by now.
            Refused: the payment service said no; the credits are back.
        """
        offer = await self.offer(owner, order_id)
        payment, what = offer.payment, offer.what
        if payment is None or not what.amount_minor:
            raise Conflict("There is nothing to refund here: the credits are used, or the 30 days are over.")
        if what.amount_minor != amount_minor:
            raise Conflict("The amount has changed since you looked, because credits moved. Look at the new one.")
        wish = Fact(about=About.REFUND, ref=self._new_id(), state="asked", amount_minor=amount_minor)
        settled = await self._settling.wish(payment.payment_id, wish)
        if settled is None:
            raise NotFound
        return await self._ask(settled.payment, wish)

    async def resume(self, payment: Payment) -> None:
        """Go on with wishes whose answer is open: look whether they are known there, and ask again where not."""
        with suppress(NotFound):  # then it is refused below, and the credits come back
            await self._settling.look(payment.payment_id)
        stored = await self._tables.payments.get(payment.id, payment.owner)
        facts = [fact_of(text) for text in stored.facts]
        answered = {fact.ref for fact in facts if fact.about is About.REFUND and fact.state != "asked"}
        for wish in facts:
            if wish.about is About.REFUND and wish.state == "asked" and wish.ref not in answered:
                await self._ask(stored, wish)

    async def _ask(self, payment: Payment, wish: Fact) -> Fact:
        before = payment.standing.refunded_minor + payment.standing.refunding_minor - wish.amount_minor
        is_full = before == 0 and wish.amount_minor >= payment.total_minor
        try:
            done = await self._port.refund(payment.payment_id, wish, is_full=is_full)
        except Unavailable:
            log.warning("refund.unanswered", extra={"payment": payment.id})
            return wish
        except Refused:
            await self._say(payment, replace(wish, state="failed"))
            raise
        except NotFound as error:
            await self._say(payment, replace(wish, state="failed"))
            raise Refused(NOT_THERE) from error
        await self._say(payment, done)
        return done

    async def _say(self, payment: Payment, fact: Fact) -> Settled | None:
        return await self._settling.hear(Message(kind="refund", payment_id=payment.payment_id, facts=(fact,)))
