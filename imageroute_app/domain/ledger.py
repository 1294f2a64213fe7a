"""Credits as an append-only ledger of signed entries.

Rules (ARCHITECTURE.md, "Money, jobs, time"): grant +n, purchase +n, reversal -n, hold -q, release +q, charge -c, refund +c.
The balance is the sum and never negative; a hold closes once, by its release and a charge of 0 <= c <= q in the same
transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

MICROS_PER_CREDIT = 10_000  # 1 credit is US$0.01 of list price


class EntryKind(StrEnum):
    """Why credits moved."""

    GRANT = "grant"
    PURCHASE = "purchase"
    """Bought, or given back after a dispute that ended well."""
    REVERSAL = "reversal"
    """Bought credits that were not used, taken back because their payment was."""
    HOLD = "hold"
    RELEASE = "release"
    CHARGE = "charge"
    REFUND = "refund"


_SIGNS = {
    EntryKind.GRANT: 1,
    EntryKind.PURCHASE: 1,
    EntryKind.REVERSAL: -1,
    EntryKind.HOLD: -1,
    EntryKind.RELEASE: 1,
    EntryKind.CHARGE: -1,
    EntryKind.REFUND: 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; `dedupe_key` is unique per owner, so that repeating a step is harmless."""

    id: str
    owner: str
    kind: EntryKind
    amount: int
    balance_after: int
    job_id: str
    reason: str
    dedupe_key: str
    created_at: datetime
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse an amount whose sign does not fit its kind."""
        if self.amount * _SIGNS[self.kind] < 0:
            raise ValueError(f"a {self.kind} of {self.amount} has the wrong sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """The running balance beside the ledger: one row per person that a conditional update can guard."""

    id: str
    owner: str
    available: int
    version: int = 0


def price_credits(micro_usd: int, margin: Decimal) -> int:
    """Return the price of one picture in whole credits, rounded up; a free provider costs 1 credit."""
    credits_exact = Decimal(micro_usd) * margin / MICROS_PER_CREDIT
    return max(1, int(credits_exact.to_integral_value(rounding=ROUND_CEILING)))


def closing_amounts(held: int, due: int) -> tuple[int, int]:
    """Return (release, charge) that close a hold of `held` when `due` credits of pictures were delivered.

    The release is +held and the charge at most -held, so a person never pays more than the quote.
    """
    return held, -min(held, due)
