"""What an erasure does about payments: the seller is asked to let go of the person, and the books keep amounts without one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from imageroute_app.domain.cases import Kind
from imageroute_app.domain.erasures import Outcome, StepState
from imageroute_app.domain.errors import Conflict, Duplicate, NotFound
from imageroute_app.domain.payments import Booking, Order, Payment, end_of_books
from imageroute_app.domain.ports import Clock, Database, NewId, Payments, Query
from imageroute_app.domain.statistics import HOUSE

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentErasure:
    """`years` is for how many whole calendar years bookkeeping law keeps amounts and dates."""

    database: Database
    payments: Payments
    new_id: NewId
    clock: Clock
    years: int

    async def forget(self, subject: str) -> Outcome:
        """Write the bookings, then ask the seller; raises Unavailable while it does not answer. Repeatable."""
        orders = {order.id: order for order in await self._all_orders(subject)}
        paid = await self._all_payments(subject)
        if not orders and not paid:
            return Outcome(state=StepState.ABSENT, detail="You have no payments here")
        seller = self.payments.seller
        # A payment whose order is not there any more is booked all the same, at the seller of today.
        sold = {one.id: orders[one.order_id].seller if one.order_id in orders else seller.key for one in paid}
        kept = [
            await self._book(one, orders.get(one.order_id), sold[one.id])
            for one in paid
            if _is_money(one, sold[one.id])
        ]
        books = f"{_counted(len(kept))} in our books, without you" if kept else "Our books hold nothing of you"
        return await self._ask(list(orders.values()), paid, books)

    async def _ask(self, orders: Sequence[Order], paid: Sequence[Payment], books: str) -> Outcome:
        """Have the seller let go of the person, and say what came of it."""
        seller, count = self.payments.seller, len(paid)
        theirs = [order for order in orders if order.seller == seller.key]
        elsewhere = {order.id for order in orders} - {order.id for order in theirs}
        customers = sorted({one.customer_id for one in paid if one.order_id not in elsewhere and one.customer_id})
        sessions = [order.session_id for order in theirs if order.session_id]
        gone = [await self.payments.forget(customer_id, sessions) for customer_id in customers or [""]]
        if seller.is_sandbox or not (theirs or customers):
            return Outcome(state=StepState.DONE, detail=books, count=count)
        if not all(gone):
            return Outcome(state=StepState.RETRY, detail=f"{seller.name} still shows your address", count=count)
        if not customers:
            detail = (
                f"{seller.name} got your address with an order that you did not pay, and offers no way to delete it"
            )
            return Outcome(
                state=StepState.MANUAL, detail=f"{detail}. {books}", count=count, company=seller.name,
                references=[f"Checkout session {one}" for one in sessions],
            )  # fmt: skip
        detail = (
            f"Name and address are replaced at {seller.name}; it keeps its invoices by law and has confirmed nothing"
        )
        proof = "read back: no name, no address, no card"
        return Outcome(
            state=StepState.MANUAL, detail=f"{detail}. {books}", count=count, proof=proof, company=seller.name,
            references=[f"Customer {one}" for one in customers],
        )  # fmt: skip

    async def tell(self, subject: str, kind: str) -> Sequence[str]:
        """Tell the seller of a correction or an erasure (GDPR Art. 19); returns who was told."""
        paid = await self._all_payments(subject)
        customers = sorted({one.customer_id for one in paid if one.customer_id})
        if self.payments.seller.is_sandbox or not customers:
            return ()
        if kind == Kind.CORRECT:
            newest = {one.customer_id: one for one in reversed(paid) if one.customer_id}
            marked = [await self._mark(one) for one in newest.values()]
            for payment in marked:
                await self.correct(payment)
        elif kind == Kind.ERASE:
            for customer_id in customers:
                await self.payments.forget(customer_id, ())
        return (self.payments.seller.name,) if kind in (Kind.CORRECT, Kind.ERASE) else ()

    async def correct(self, payment: Payment) -> None:
        """Tell the seller the address of today of the person who paid; raises Unavailable, and whoever sweeps tries again."""
        payments = self.database.tables.payments
        person = await self.database.tables.people.get(payment.owner, payment.owner)
        if payment.customer_id:
            with suppress(NotFound):  # a customer that is not there has no address to correct
                await self.payments.correct(payment.customer_id, person.email)
        stored = await payments.get(payment.id, payment.owner)
        if stored.check_at is not None and not stored.standing.refunding_minor:
            with suppress(Conflict):  # the next sweep clears it
                await payments.update(replace(stored, check_at=None))

    async def _mark(self, payment: Payment) -> Payment:
        """Have the sweep look at a payment until the seller was told, whatever becomes of this process."""
        try:
            return await self.database.tables.payments.update(replace(payment, check_at=self.clock()))
        except Conflict:
            return await self._mark(await self.database.tables.payments.get(payment.id, payment.owner))

    async def _book(self, payment: Payment, order: Order | None, seller: str) -> Booking:
        standing = payment.standing
        booking = Booking(
            id=self.new_id(),
            owner=HOUSE,
            payment_id=payment.payment_id,
            number=order.number if order else payment.payment_id,
            seller=seller,
            total_minor=payment.total_minor,
            tax_minor=payment.tax_minor,
            refunded_minor=standing.refunded_minor,
            currency=payment.currency,
            credits=payment.credits,
            state=payment.state,
            paid_at=payment.paid_at,
            drop_at=end_of_books(payment.paid_at, self.years),
        )
        try:
            await self.database.tables.bookings.add(booking)
        except Duplicate:
            return booking  # written before the last step stopped
        return booking

    async def _all_orders(self, subject: str) -> list[Order]:
        found: list[Order] = []
        after = ""
        while page := await self.database.tables.orders.find(Query(owner=subject, after=after, limit=PAGE)):
            found += page
            after = page[-1].id
        return found

    async def _all_payments(self, subject: str) -> list[Payment]:
        found: list[Payment] = []
        after = ""
        while page := await self.database.tables.payments.find(Query(owner=subject, after=after, limit=PAGE)):
            found += page
            after = page[-1].id
        return found


def _is_money(payment: Payment, seller: str) -> bool:
    return payment.state.is_paid and seller != "sandbox"


def _counted(number: int) -> str:
    return "1 amount with its date stays" if number == 1 else f"{number} amounts with their dates stay"
