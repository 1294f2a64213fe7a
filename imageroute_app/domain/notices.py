"""Notices: what a person was told, one row a topic; the mail and the badge say it, no page lists them yet."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One sentence with the page where something can be done; `topic` is unique per person while it stands."""

    id: str
    owner: str
    topic: str
    text: str
    path: str
    created_at: datetime
    seen_at: datetime | None
    version: int = 0
