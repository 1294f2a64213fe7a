"""What we hold of payments and of the limits a person sets; no field here can hold a card, and none a payer's name."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Basis, Category, Erasure, P, Recipient, S, Source, Table
from imageroute_app.domain.payments import Booking, Order, Payment
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.spending import SpendGuard

PAYMENTS: Mapping[str, Table] = {
    "orders": Table(
        record=Order,
        category=Category.CREDITS,
        purpose="Credits you wanted to buy",
        basis=Basis.CONTRACT,
        serves=Purpose.PAYMENT,
        source=Source.PERSON,
        recipients=(Recipient.PAYMENTS,),
        rule="order",
        kept="while the account is open",
        exported="orders.json",
        keys=("number",),
        filters=("state",),
        dates=("check_at",),
        fields={
            "id": P, "owner": P, "number": P, "seller": P, "pack": P, "product_id": P, "credits": P, "price_minor": P,
            "currency": P, "state": P, "session_id": P, "url": S, "created_at": P, "expires_at": P, "check_at": P,
            "checks": P, "version": P,
        },
    ),
    "payments": Table(
        record=Payment,
        category=Category.CREDITS,
        purpose="What you paid, and what became of it",
        basis=Basis.CONTRACT,
        serves=Purpose.PAYMENT,
        source=Source.PAYMENTS,
        recipients=(Recipient.PAYMENTS,),
        rule="payment",
        kept="while the account is open",
        exported="payments.json",
        keys=("payment_id",),
        filters=("order_id", "state"),
        dates=("check_at",),
        erased=Erasure.UNLINKED,
        fields={
            "id": P, "owner": P, "order_id": P, "payment_id": P, "state": P, "total_minor": P, "tax_minor": P,
            "currency": P, "credits": P, "customer_id": P, "invoice_id": P, "facts": P, "paid_at": P, "created_at": P,
            "check_at": P, "granted": P, "taken": P, "spent": P, "moves": P, "version": P,
        },
    ),
    "spend_guards": Table(
        record=SpendGuard,
        category=Category.CREDITS,
        purpose="The limits you set to your spending",
        basis=Basis.CONTRACT,
        serves=Purpose.PAYMENT,
        source=Source.PERSON,
        rule="spend_guard",
        kept="while the account is open",
        exported="spending-limits.json",
        fields={"id": P, "owner": P, "per_job": P, "per_day": P, "low_balance": P, "version": P},
    ),
    "bookings": Table(
        record=Booking,
        category=Category.HOUSE,
        purpose="What bookkeeping law keeps of payments whose account is gone: amounts and dates, without an id of anyone",
        basis=Basis.LEGAL,
        serves=Purpose.ACCOUNTING,
        source=Source.PAYMENTS,
        rule="booking",
        kept="as many calendar years as the operator's country demands",
        keys=("payment_id",),
        dates=("drop_at",),
        erased=Erasure.UNLINKED,
        fields={
            "id": P, "owner": P, "payment_id": P, "number": P, "seller": P, "total_minor": P, "tax_minor": P,
            "refunded_minor": P, "currency": P, "credits": P, "state": P, "paid_at": P, "drop_at": P, "version": P,
        },
    ),
}
