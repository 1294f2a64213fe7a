"""Statistics: what people who said yes used, as counts of a day; totals without anybody in them after that.

Principle: a total says how many people and how often, never who, and a group below K people is dropped for good.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

K = 20
"""The smallest group that a total may describe."""
HOUSE = "0" * 32
"""The owner of rows that are about nobody."""
ROLLUP_LIFE = timedelta(days=760)
"""25 months."""
FAST_MS, FAIR_MS = 1000, 3000
PAGES = frozenset(
    ("home", "create", "gallery", "uploads", "albums", "trash", "usage", "privacy-center", "account", "privacy", "terms",
     "cookies", "processors", "trust", "contact", "report", "support", "verify")
)  # fmt: skip
"""Pages that are counted by name; every other address is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCount:
    """How often one person used one thing on one day; `visitor` is a digest in place of the person before signing in.

    `cell` is unique with the owner; the row ends when the day is over, at `rolls_at`.
    """

    id: str
    owner: str
    cell: str
    visitor: str
    feature: str
    count: int
    rolls_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotal:
    """How many people used one thing on one day (`day` as 2026-11-26), and how often altogether."""

    id: str
    owner: str
    cell: str
    day: str
    feature: str
    people: int
    count: int
    drops_at: datetime
    version: int = 0


def end_of_day(moment: datetime) -> datetime:
    """Return the first moment of the next day, UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def day_of(count: UsageCount) -> str:
    """Return the day that a count belongs to."""
    return (count.rolls_at - timedelta(days=1)).date().isoformat()


def speed_of(load_ms: int) -> str:
    """Return how a page's time to load is counted."""
    if load_ms < FAST_MS:
        return "fast"
    return "fair" if load_ms < FAIR_MS else "slow"


def people_by_cell(rows: Iterable[tuple[str, str]], *, k: int = K) -> Mapping[str, int]:
    """Return how many people are in each cell, without cells below `k` people.

    `rows` are (person, cell). A person counts once in a cell, so that one person more or less changes no number by more
    than one, whatever that person did.
    """
    people: dict[str, set[str]] = {}
    for person, cell in rows:
        people.setdefault(cell, set()).add(person)
    return {cell: len(who) for cell, who in sorted(people.items()) if len(who) >= k}
