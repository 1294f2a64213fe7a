"""Policies: privacy policy and terms as numbered editions that never change, and what it takes for one to be in effect.

Principle: notice is not consent. An acknowledgement says that a text was shown; no purpose ever reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

NOTICE_DAYS = 14
HOUSE = "house"
"""Whose records belong to the installation and not to a person."""


class Kind(StrEnum):
    """Which text."""

    PRIVACY = "privacy"
    TERMS = "terms"


class Shown(StrEnum):
    """On which occasion a person saw a text."""

    SIGN_UP = "sign-up"
    CENTER = "privacy center"
    BEFORE = "before editions were kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One published text; `effective` is the first day it may be in effect, `summary` says what changed.

    `new_purposes` are purposes it adds; those that need consent start off for everybody.
    """

    kind: Kind
    effective: date
    sha256: str
    is_material: bool
    summary: str
    text: str
    new_purposes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its name, such as "privacy-2026-11-26"."""
        return f"{self.kind}-{self.effective.isoformat()}"

    @property
    def day(self) -> str:
        """Its day in words."""
        return f"{self.effective.day} {self.effective:%B %Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """That a person was shown an edition; never a consent.

    `told_at` stands on a person's newest row of the privacy policy: when the person was last told of changes to come.
    """

    id: str
    owner: str
    kind: Kind
    edition: str
    sha256: str
    shown: Shown
    at: datetime
    told_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """When this installation began to tell people of an edition to come; `owner` is HOUSE."""

    id: str
    owner: str
    edition: str
    announced_at: datetime
    version: int = 0


def effective_at(edition: Edition, announced: Mapping[str, datetime]) -> datetime | None:
    """Return when an edition takes effect here; None for a material one that was not announced.

    A material edition waits for its 14 days of notice, whatever its date says.
    """
    start = datetime.combine(edition.effective, time(), UTC)
    if not edition.is_material:
        return start
    if edition.id not in announced:
        return None
    return max(start, announced[edition.id] + timedelta(days=NOTICE_DAYS))


def current(editions: Sequence[Edition], announced: Mapping[str, datetime], now: datetime) -> Edition:
    """Return the newest edition in effect; the first one of a kind is in effect from the start of the installation."""
    in_effect = editions[0]
    for edition in editions[1:]:
        starts = effective_at(edition, announced)
        if starts is not None and starts <= now:
            in_effect = edition
    return in_effect


def to_come(editions: Sequence[Edition], announced: Mapping[str, datetime], now: datetime) -> list[Edition]:
    """Return the editions that are not in effect yet, oldest first."""
    newest = current(editions, announced, now)
    return [edition for edition in editions if edition.effective > newest.effective]
