"""Notices: what a person was told, one row a topic, in the app and by mail."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One sentence with the page where something can be done; `topic` is unique per person while it stands.

    `subject` is that of its mail, empty when there is none; `mail_due_at` is None once the mail was handed over. A banner
    stands at the top of every page until it was seen.
    """

    id: str
    owner: str
    topic: str
    text: str
    path: str
    created_at: datetime
    seen_at: datetime | None
    subject: str = ""
    mail_due_at: datetime | None = None
    is_banner: bool = False
    version: int = 0
