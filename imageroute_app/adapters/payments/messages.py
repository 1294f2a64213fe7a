"""What a payment service says, read by an allow-list: whatever is not named here is never looked at and never kept.

The shapes are those of Dodo Payments (SDK 1.123.0), which the sandbox speaks as well. A payment object holds card, name and
address of the payer; nothing below reaches for them, and the body itself goes no further than this module.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.payments import QUANTITY_MAX, Message, Seen
from imageroute_app.domain.settlement import About, Fact

ID = re.compile(r"(?!\d{12,19}$)[A-Za-z0-9_-]{1,64}")
"""Never a run of digits as long as a card number."""
ORDER, REFUND = "order", "refund"
"""Our names in the metadata that the service sends back."""
STATUSES = {"succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled"}
REFUND_STATUSES = {"succeeded": "succeeded", "failed": "failed", "pending": "pending", "review": "pending"}
DISPUTES = {
    "opened": "opened", "challenged": "opened",
    "won": "won", "cancelled": "won", "expired": "won",
    "lost": "lost", "accepted": "lost",
}  # fmt: skip
"""Of Dodo's words: a dispute that the bank drops or lets run out ends for the shop, one that the shop accepts against it."""
AMOUNT_MAX = 10**12
YEARS = range(2020, 2200)
"""Of a payment; times near the ends of the calendar cannot be counted with."""


def read_message(body: bytes) -> Message:
    """Return what a signed message says; types that are not about a payment come back with no payment id.

    Raises:
        InvalidInput: It is no message of this kind, or names no payment.
    """
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The message cannot be read.") from error
    kind = _text(envelope, "type")
    subject, _, word = kind.partition(".")
    data = envelope.get("data") if isinstance(envelope, dict) else None
    if subject not in tuple(About) or not isinstance(data, dict):
        return Message(kind=kind[:64] if ID.fullmatch(kind.replace(".", "_")[:64]) else "unknown")
    payment_id = _id(data, "payment_id")
    if not payment_id:
        raise InvalidInput("The message names no payment.")
    if subject == About.PAYMENT:
        seen = read_payment(data)
        said = Fact(about=About.PAYMENT, state=STATUSES.get(word, "processing"))
        return Message(kind=kind, payment_id=payment_id, seen=seen, facts=(*seen.facts, said))
    if subject == About.DISPUTE:
        dispute = read_dispute(data, word)
        return Message(kind=kind, payment_id=payment_id, facts=(dispute,) if dispute else ())
    refund = read_refund(data)
    return Message(kind=kind, payment_id=payment_id, facts=(refund,) if refund else (), currency=_currency(data))


def read_payment(data: Mapping[str, Any]) -> Seen:
    """Return what may be known of a payment object, with its own state as the only fact."""
    cart = data.get("product_cart")
    first: Any = cart[0] if isinstance(cart, list) and len(cart) == 1 else {}
    metadata = data.get("metadata")
    return Seen(
        payment_id=_id(data, "payment_id"),
        number=_id(metadata, ORDER),
        session_id=_id(data, "checkout_session_id"),
        product_id=_id(first, "product_id"),
        quantity=_number(first, "quantity", QUANTITY_MAX),
        total_minor=_number(data, "total_amount", AMOUNT_MAX),
        tax_minor=_number(data, "tax", AMOUNT_MAX),
        currency=_currency(data),
        customer_id=_id(data.get("customer"), "customer_id"),
        invoice_id=_id(data, "invoice_id"),
        paid_at=_time(data, "created_at"),
        facts=(Fact(about=About.PAYMENT, state=STATUSES.get(_text(data, "status"), "processing")),),
    )


def read_part(data: Mapping[str, Any], fact: Fact | None) -> list[Seen]:
    """Return what a refund or a dispute says of its payment: nothing but that it is there."""
    payment_id = _id(data, "payment_id")
    return [replace(read_payment({"payment_id": payment_id}), facts=(fact,))] if fact and payment_id else []


def read_refund(data: Mapping[str, Any], paid: Mapping[str, Any] | None = None) -> Fact | None:
    """Return what a refund object says, None when it does not say how much; ours is known by the id we gave it.

    `paid` is the object of its payment, by which an amount in the currency that it was settled in is turned into the one that
    was paid in.
    """
    ref = _id(data.get("metadata"), REFUND) or _id(data, "refund_id")
    amount = _number(data, "amount", AMOUNT_MAX) if paid is None else _given_back(data, paid)
    if not ref or not amount:
        return None
    state = REFUND_STATUSES.get(_text(data, "status"), "pending")
    return Fact(about=About.REFUND, ref=ref, state=state, amount_minor=amount)


def _given_back(data: Mapping[str, Any], paid: Mapping[str, Any]) -> int:
    """Return the amount of a refund in the currency of its payment, 0 when it cannot be known."""
    amount, total = _number(data, "amount", AMOUNT_MAX), _number(paid, "total_amount", AMOUNT_MAX)
    if not amount and data.get("is_partial") is False:
        return total
    if _currency(data) in ("", _currency(paid)):
        return amount
    settled = _number(paid, "settlement_amount", AMOUNT_MAX)
    if not settled or _currency(data) != _text(paid, "settlement_currency").upper():
        return 0
    return min(total, (2 * amount * total + settled) // (2 * settled))


def read_dispute(data: Mapping[str, Any], word: str = "") -> Fact | None:
    """Return what a dispute object says; `word` is that of the message, else the object's own status counts."""
    ref = _id(data, "dispute_id")
    status = word or _text(data, "dispute_status").removeprefix("dispute_")
    return Fact(about=About.DISPUTE, ref=ref, state=DISPUTES.get(status, "opened")) if ref else None


def _text(data: Any, name: str) -> str:
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, str) else ""


def _id(data: Any, name: str) -> str:
    found = _text(data, name)
    return found if ID.fullmatch(found) else ""


def _currency(data: Any) -> str:
    found = _text(data, "currency").upper()
    return found if re.fullmatch(r"[A-Z]{3}", found) else ""


def _number(data: Any, name: str, most: int) -> int:
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= most else 0


def _time(data: Any, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(data, name))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found.year in YEARS else None
