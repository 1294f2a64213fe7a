"""The unsent form of the composer, kept on the server so that a reload or a new sign-in restores it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One per person (`id` equals `owner`); `form` is the composer's fields as JSON text."""

    id: str
    owner: str
    form: str
    updated_at: datetime
    version: int = 0
