"""Mails on their way: those that wait for a mail server, and the addresses that mail came back from.

Principle: what must be said is not lost with a mail server; what comes back is not sent again and again. Word that a mail came
back is believed only when it brings the number that we gave that mail, which nobody can make up.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

WAITS_MOST = timedelta(days=3)
"""How long a mail waits that does not say itself until when it is of use."""
FIRST_TRY_AFTER, PAUSE_MOST = timedelta(minutes=1), timedelta(minutes=30)
QUIET_FOR = timedelta(days=90)
QUIET_WORDS = "Mail to your address came back, so we stopped sending there."
MARK_SIGNS = 40
NO_MAILBOX_STATUS = frozenset({"5.0.0", "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
"""Statuses (RFC 3463, 7505) by which there is no such mailbox or domain, whoever writes and whatever is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A mail that no server took yet, under the key of the account that it is for, or under one of its own (`owner` is `id`).

    `headers` is a JSON object. `next_at` is when it is tried again; whoever moves it first is at it. `drop_at` is when it is of
    no use any more.
    """

    id: str
    owner: str
    address: str
    subject: str
    text: str
    link: str
    headers: str
    is_asked: bool
    tries: int
    next_at: datetime
    drop_at: datetime
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietAddress:
    """An address that mail came back from: only its keyed hash, and the status that its mail server named (RFC 3463)."""

    id: str
    owner: str
    address_key: str
    status: str
    drop_at: datetime
    created_at: datetime
    version: int = 0


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries: a minute, then twice as long each time, half an hour at most."""
    return min(FIRST_TRY_AFTER * 2 ** min(max(tries - 1, 0), 10), PAUSE_MOST)


def mark_of(key: bytes, number: str, address: str) -> str:
    """Return the part of a mail's number that only we can make for this address."""
    return hmac.digest(key, f"{number}|{address.casefold()}".encode(), hashlib.sha256).hex()[:MARK_SIGNS]


def is_marked(key: bytes, message_id: str, address: str) -> bool:
    """Say whether a Message-ID is that of a mail which we sent to this address."""
    local = message_id.strip().strip("<>").rpartition("@")[0]
    number, _, mark = local.partition(".")
    return bool(number) and hmac.compare_digest(mark.encode(errors="replace"), mark_of(key, number, address).encode())
