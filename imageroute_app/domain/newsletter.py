"""The newsletter: addresses that asked for it twice, apart from any account (PRIVACY P6, P50)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

UNCONFIRMED_FOR = timedelta(days=7)
SUPPRESSED_FOR = timedelta(days=30)
"""How long the hash of an address that opted out stays, so that nobody else can have it asked again."""
ISSUES_KEPT = 24
LEAVE_WORDS = "You asked for this newsletter. One press ends it, without signing in:"
"""Stands in front of the link at the end of every issue."""


class SubscriptionState(StrEnum):
    """Where a subscription stands; only CONFIRMED ones are ever sent anything but the question itself."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One address, under a key of its own: `owner` equals `id` and is no account.

    A stopped one holds no address, only its keyed hash. `issues` are the newest issues it was sent, by a part of their hash.
    """

    id: str
    owner: str
    email: str
    email_key: str
    state: SubscriptionState
    asked_at: datetime
    confirmed_at: datetime | None
    drop_at: datetime | None
    issues: tuple[str, ...] = ()
    version: int = 0
