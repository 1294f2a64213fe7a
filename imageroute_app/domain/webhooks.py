"""Webhooks that were heard: their numbers, kept for as long as a service may repeat them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT_FOR = timedelta(days=3)
"""Both services repeat for 27 hours and 35 minutes; what was signed longer than five minutes ago is refused anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardWebhook:
    """One message of a service that was carried out; `number_hash` is a hash of the service's name and the message's number."""

    id: str
    owner: str
    number_hash: str
    drop_at: datetime
    version: int = 0


def number_hash(service: str, message_id: str) -> str:
    """Return what is kept of a message's number."""
    return hashlib.sha256(f"{service}|{message_id}".encode()).hexdigest()
