"""Buying credits: packs, orders, payments, what is heard of them, and how credits follow (`move`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.settlement import Fact, OrderState, Standing, entitled, fact_of, settle

REFUND_WINDOW = timedelta(days=30)
"""Dodo Payments refunds within 30 days of the payment (its documentation, 2025-09)."""
CHECKOUT_LIFE = timedelta(hours=24)
"""How long a checkout session can be paid (Dodo Payments' documentation, 2025-09)."""
QUANTITY_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Credits that can be bought at once; `price_minor` is in the currency's smallest unit, `tax_note` stands beside it."""

    id: str
    title: str
    credits: int
    price_minor: int
    currency: str
    tax_note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who takes the money: shown before anybody leaves for its page.

    `countries` are English names; `receives` says what it is sent; `is_sandbox` that no money moves.
    """

    key: str
    name: str
    countries: tuple[str, ...]
    receives: str
    keeps: str
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One wish to buy a pack. `number` is what the payment service is told and sends back; `url` is where to pay."""

    id: str
    owner: str
    number: str
    seller: str
    pack: str
    product_id: str
    credits: int
    price_minor: int
    currency: str
    state: OrderState
    session_id: str
    url: str
    created_at: datetime
    expires_at: datetime
    check_at: datetime | None
    checks: int = 0
    version: int = 0


class Forged(ImageRouteError):
    """A message that nobody we know has signed, or too long ago; nothing of it was looked at."""

    code = "bad_signature"
    status = 401

    def __init__(self) -> None:
        super().__init__("The signature of this message does not hold.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a payment service says of one payment, as far as we may know it; texts are empty where it says nothing."""

    payment_id: str
    number: str
    session_id: str
    product_id: str
    quantity: int
    total_minor: int
    tax_minor: int
    currency: str
    customer_id: str
    invoice_id: str
    paid_at: datetime | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One signed message: its type, and what it says. Without a payment id it is about nothing of ours.

    `number` is what the sender calls it; a repeated message has the same. `currency` is that of the amounts in its facts, empty
    where there are none or where they are in the payment's own.
    """

    kind: str
    payment_id: str = ""
    seen: Seen | None = None
    facts: tuple[Fact, ...] = ()
    number: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who pays, as far as the payment service is told: an address the first time, its own id for the person after that."""

    email: str
    customer_id: str
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A page of the payment service where one order can be paid."""

    session_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment of an order, as far as we may know of it: no card, no name, no address.

    `credits` are those of the pack; `granted` and `taken` were added and taken back so far; `spent` were due back and are
    gone, and nobody is asked for them. `facts` are texts of Fact.
    """

    id: str
    owner: str
    order_id: str
    payment_id: str
    state: OrderState
    total_minor: int
    tax_minor: int
    currency: str
    credits: int
    customer_id: str
    invoice_id: str
    facts: tuple[str, ...]
    paid_at: datetime
    created_at: datetime
    check_at: datetime | None
    granted: int = 0
    taken: int = 0
    spent: int = 0
    moves: int = 0
    version: int = 0

    @property
    def standing(self) -> Standing:
        """Return what its facts come to."""
        return settle(fact_of(text) for text in self.facts)

    def unused(self, available: int) -> int:
        """Return how many of its credits are left in a balance; credits that were free count as spent first."""
        return max(0, min(self.granted - self.taken - self.spent, available))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What the ledger must do: add or take credits, and how many of those due back are spent."""

    give: int = 0
    take: int = 0
    spent: int = 0


def move(payment: Payment, available: int) -> Move:
    """Return how the credits follow a payment's facts; doing it and asking again moves nothing.

    Only what is unused is taken back: never below zero, and what was spent once is not asked for later.
    """
    target = entitled(payment.standing, payment.total_minor, payment.credits)
    held = payment.granted - payment.taken
    if target >= held:
        return Move(give=target - held, spent=0 if target > held else payment.spent)
    due = max(0, held - payment.spent - target)
    take = min(due, available)
    return Move(take=take, spent=payment.spent + due - take)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refundable:
    """What can be given back of a payment now."""

    credits: int
    amount_minor: int


def refundable(payment: Payment, available: int, now: datetime) -> Refundable:
    """Return the unused credits and the part of the price that they stand for; nothing where a refund is not possible."""
    standing = payment.standing
    nothing = Refundable(credits=0, amount_minor=0)
    if not standing.is_paid or standing.is_disputed or standing.is_lost or now - payment.paid_at > REFUND_WINDOW:
        return nothing
    unused = payment.unused(available)
    left = payment.total_minor - standing.refunded_minor - standing.refunding_minor
    if unused == payment.credits:
        return Refundable(credits=unused, amount_minor=left) if left > 0 else nothing
    amount = min(left, payment.total_minor * unused // max(1, payment.credits))
    return Refundable(credits=unused, amount_minor=amount) if amount > 0 else nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What bookkeeping law keeps of a payment once its person is erased: amounts and dates, nobody's id."""

    id: str
    owner: str
    payment_id: str
    number: str
    seller: str
    total_minor: int
    tax_minor: int
    refunded_minor: int
    currency: str
    credits: int
    state: OrderState
    paid_at: datetime
    drop_at: datetime
    version: int = 0


def end_of_books(paid_at: datetime, years: int) -> datetime:
    """Return when a booking may go: that many whole calendar years after the one it was paid in."""
    return paid_at.replace(year=paid_at.year + years + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
