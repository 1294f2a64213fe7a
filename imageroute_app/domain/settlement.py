"""The rule by which everything that is ever said of a payment settles it.

Principle: what a payment service says is kept as a set of facts. A set has no order and no repetition, so that messages may
arrive late, twice, or in any order, and the same comes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class OrderState(StrEnum):
    """Where an order or a payment stands."""

    OPEN = "open"
    """Nothing has been paid yet."""
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    LOST = "lost"
    """A bank took the payment back."""

    @property
    def is_paid(self) -> bool:
        """Say whether the money came, whatever happened to it later."""
        return self in (OrderState.PAID, OrderState.PARTLY_REFUNDED, OrderState.REFUNDED, OrderState.DISPUTED,
                        OrderState.LOST)  # fmt: skip

    @property
    def is_waiting(self) -> bool:
        """Say whether word of the payment is still to come."""
        return self in (OrderState.OPEN, OrderState.PENDING)


class About(StrEnum):
    """What a fact is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing said of a payment: `state` is a word of RANKS; `ref` names the refund or the dispute.

    A refund that we ask for is named by our own id, which the service sends back.
    """

    about: About
    state: str
    ref: str = ""
    amount_minor: int = 0

    @property
    def text(self) -> str:
        """Return it as it is stored."""
        return "|".join((self.about, self.ref, self.state, str(self.amount_minor)))


def fact_of(text: str) -> Fact:
    """Return the fact that a stored text stands for."""
    about, ref, state, amount = text.split("|")
    return Fact(about=About(about), ref=ref, state=state, amount_minor=int(amount))


RANKS: dict[About, tuple[str, ...]] = {
    About.PAYMENT: ("processing", "cancelled", "failed", "succeeded"),
    About.REFUND: ("asked", "pending", "failed", "succeeded"),
    About.DISPUTE: ("opened", "won", "lost"),
}
"""Of what was said of one thing the last word in this row counts, whenever it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all facts of one payment come to. Amounts are in the currency's smallest unit."""

    is_paid: bool = False
    word: str = ""
    refunded_minor: int = 0
    refunding_minor: int = 0
    is_disputed: bool = False
    is_lost: bool = False

    def state(self, total_minor: int) -> OrderState:
        """Return the one word for it."""
        if not self.is_paid:
            words = {"failed": OrderState.FAILED, "cancelled": OrderState.CANCELLED, "processing": OrderState.PENDING}
            return words.get(self.word, OrderState.OPEN)
        if self.is_lost:
            return OrderState.LOST
        if self.is_disputed:
            return OrderState.DISPUTED
        if self.refunded_minor:
            return OrderState.REFUNDED if self.refunded_minor >= total_minor else OrderState.PARTLY_REFUNDED
        return OrderState.PAID


def settle(facts: Iterable[Fact]) -> Standing:
    """Return what facts come to: the same for any order of them, and however often each is there."""
    last: dict[tuple[About, str], Fact] = {}
    for fact in facts:
        known = last.get((fact.about, fact.ref))
        if known is None or _weight(fact) > _weight(known):
            last[fact.about, fact.ref] = fact
    refunds = [fact for (about, _), fact in last.items() if about is About.REFUND]
    disputes = [fact.state for (about, _), fact in last.items() if about is About.DISPUTE]
    payment = last.get((About.PAYMENT, ""))
    word = payment.state if payment else ""
    done = sum(fact.amount_minor for fact in refunds if fact.state == "succeeded")
    return Standing(
        # What is given back or disputed was paid, even when word of the payment itself is late.
        is_paid=word == "succeeded" or bool(refunds or disputes),
        word=word,
        refunded_minor=done,
        refunding_minor=sum(fact.amount_minor for fact in refunds if fact.state in ("asked", "pending")),
        is_disputed="opened" in disputes,
        is_lost="lost" in disputes,
    )


def _weight(fact: Fact) -> tuple[int, int]:
    return RANKS[fact.about].index(fact.state), fact.amount_minor


def credits_for(amount_minor: int, total_minor: int, credits: int) -> int:
    """Return how many of a payment's credits stand for an amount of it, rounded up and never more than all."""
    if total_minor <= 0 or amount_minor >= total_minor:
        return credits if amount_minor > 0 or total_minor <= 0 else 0
    return min(credits, -(-amount_minor * credits // total_minor))


def entitled(standing: Standing, total_minor: int, credits: int) -> int:
    """Return how many credits of a payment belong to the person as it stands."""
    if not standing.is_paid or standing.is_disputed or standing.is_lost:
        return 0
    gone = standing.refunded_minor + standing.refunding_minor
    return credits - credits_for(gone, total_minor, credits) if gone else credits
