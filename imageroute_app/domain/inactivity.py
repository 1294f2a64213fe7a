"""Accounts that nobody uses: told three times, then erased; signing in stops it (PRIVACY P35, 5.4).

Principle: an account goes only after all three notices, each with its time to act; a service that was down, or whose clock
jumped, only makes it later.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from imageroute_app.domain.accounts import Person

IDLE = timedelta(days=730)
"""24 months without a sign-in."""
NOTICES = (timedelta(days=60), timedelta(days=30), timedelta(days=7))
"""How long before the end each notice comes."""
AGAIN = timedelta(days=30)
"""When an account that is locked or frozen is looked at again."""
REASON = "inactive"


def came(person: Person, now: datetime) -> Person:
    """Return a person who signed in now."""
    return replace(person, idle_at=now + IDLE - NOTICES[0], idle_told=0)


def is_over(person: Person) -> bool:
    """Say whether every notice was sent, so that the next step is the end."""
    return person.idle_told >= len(NOTICES)


def told(person: Person, now: datetime) -> Person:
    """Return a person after one more notice; the next step waits its full time from now."""
    count = person.idle_told + 1
    left = NOTICES[count - 1] - (NOTICES[count] if count < len(NOTICES) else timedelta())
    return replace(person, idle_at=now + left, idle_told=count)


def ends_at(person: Person, now: datetime) -> datetime:
    """Return when the account is erased if nobody comes, seen from the notice that is sent now."""
    return now + NOTICES[person.idle_told]
