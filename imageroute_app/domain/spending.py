"""What a person lets be spent: per job, per day, and from which balance on to be told; and a month's statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.ledger import Entry, EntryKind

LIMIT_MAX = 1_000_000
LOW_BALANCE = 10
"""Credits below which a person is told, until they choose another number."""


class SpendLimit(ImageRouteError):
    """The person's own limit stands in the way; nothing was reserved."""

    code = "spend_limit"
    status = 402


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendGuard:
    """A person's limits in credits; 0 is none. `id` is the owner's."""

    id: str
    owner: str
    per_job: int = 0
    per_day: int = 0
    low_balance: int = LOW_BALANCE
    version: int = 0

    def check_job(self, price: int) -> None:
        """Raise SpendLimit for one job that costs more than the person lets one cost."""
        if self.per_job and price > self.per_job:
            raise SpendLimit(
                f"This costs {price} credits, and you let one generation cost {self.per_job}. Nothing was charged;"
                " change the limit under Usage."
            )

    def check_day(self, price: int, spent: int) -> None:
        """Raise SpendLimit when a price on top of what the day has cost is more than the person lets a day cost."""
        if self.per_day and spent + price > self.per_day:
            left = max(0, self.per_day - spent)
            raise SpendLimit(
                f"This costs {price} credits, and of your limit for today {left} are left. Nothing was charged;"
                " change the limit under Usage, or wait until midnight UTC."
            )

    def is_crossed(self, before: int, after: int) -> bool:
        """Say whether a balance fell below the mark just now."""
        return after < self.low_balance <= before


SPENDING = frozenset({EntryKind.HOLD, EntryKind.RELEASE, EntryKind.CHARGE, EntryKind.REFUND})


def spent(entries: Iterable[Entry]) -> int:
    """Return what these lines cost, reserved credits included; never below zero."""
    return max(0, -sum(entry.amount for entry in entries if entry.kind in SPENDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One month of credits: `opening` and what came and went is `closing`, to the credit."""

    begins: datetime
    ends: datetime
    opening: int
    given: int
    bought: int
    used: int
    taken_back: int
    closing: int

    @property
    def adds_up(self) -> bool:
        """Say whether the parts are the whole."""
        return self.opening + self.given + self.bought - self.used - self.taken_back == self.closing


def statement(begins: datetime, ends: datetime, closing: int, entries: Sequence[Entry]) -> Statement:
    """Add up the lines of one month that ended with a balance of `closing`."""
    opening = closing - sum(entry.amount for entry in entries)
    sums = dict.fromkeys(("given", "bought", "used", "taken_back"), 0)
    for entry in entries:
        match entry.kind:
            case EntryKind.GRANT:
                sums["given"] += entry.amount
            case EntryKind.PURCHASE:
                sums["bought"] += entry.amount
            case EntryKind.REVERSAL:
                sums["taken_back"] -= entry.amount
            case EntryKind.HOLD | EntryKind.RELEASE | EntryKind.CHARGE | EntryKind.REFUND:
                sums["used"] -= entry.amount
    return Statement(begins=begins, ends=ends, opening=opening, closing=closing, **sums)
