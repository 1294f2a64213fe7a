"""Activity: what happened on an account, with where from for a day (PRIVACY P11, 5.4, 5.6).

Principle: a row can hold no free text. `detail` is a short code of ours, such as the name of a setting; the address is cut
after a day, and the row goes after 30 days, after 90 when it is about safety.
"""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FULL_ADDRESS_FOR = timedelta(hours=24)
KEPT, SAFETY_KEPT = timedelta(days=30), timedelta(days=90)
DETAIL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}|")


class ActivityKind(StrEnum):
    """What can happen on an account."""

    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    NEW_DEVICE = "new_device"
    """Signed in from a browser or system that was not seen before."""
    SIGN_IN_FAILED = "sign_in_failed"
    DEVICE_ENDED = "device_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # what happened, not a password
    NAME_CHANGED = "name_changed"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGED = "email_changed"
    CONFIRMED = "confirmed"
    """Gave the password again before an act that cannot be taken back."""
    TWO_STEP_ON = "two_step_on"
    TWO_STEP_OFF = "two_step_off"
    RECOVERY_USED = "recovery_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    EXPORT = "export"
    ERASURE = "erasure"
    SHARE = "share"
    SHARE_ENDED = "share_ended"
    SETTING = "setting"
    CONSENT = "consent"
    LOCKED = "locked"


SAFETY = frozenset(
    {
        ActivityKind.NEW_DEVICE,
        ActivityKind.SIGN_IN_FAILED,
        ActivityKind.DEVICE_ENDED,
        ActivityKind.PASSWORD_CHANGED,
        ActivityKind.EMAIL_CHANGED,
        ActivityKind.CONFIRMED,
        ActivityKind.TWO_STEP_ON,
        ActivityKind.TWO_STEP_OFF,
        ActivityKind.RECOVERY_USED,
        ActivityKind.PASSKEY_ADDED,
        ActivityKind.PASSKEY_REMOVED,
        ActivityKind.LOCKED,
    }
)
"""Kept for 90 days, so that a break-in can still be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that happened; `device` is browser family and system only, `cut_at` is None once the address is cut."""

    id: str
    owner: str
    kind: ActivityKind
    at: datetime
    address: str
    device: str
    detail: str
    cut_at: datetime | None
    drop_at: datetime
    version: int = 0


def kept_for(kind: ActivityKind) -> timedelta:
    """Return how long a row of this kind stays."""
    return SAFETY_KEPT if kind in SAFETY else KEPT


def cut_address(address: str) -> str:
    """Return the address without what tells one person from another: the last octet, or the last 80 bits."""
    try:
        full = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(full, ipaddress.IPv6Address) and full.ipv4_mapped:
        full = full.ipv4_mapped
    bits = 24 if full.version == 4 else 48
    return str(ipaddress.ip_network((full, bits), strict=False).network_address)
