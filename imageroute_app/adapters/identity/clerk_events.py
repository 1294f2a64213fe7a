"""Clerk's webhooks: proven by a signature (Svix, contracts card 1.6), and read as the little that we keep of them."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from imageroute_app.adapters.webhooks import verify
from imageroute_app.domain.errors import InvalidInput, NotSignedIn
from imageroute_app.domain.identity import EventKind, IdentityEvent, OutsideSession, Profile
from imageroute_app.domain.payments import Forged

PARTS = ("id", "timestamp", "signature")
ENDED = {f"session.{how}" for how in ("ended", "removed", "revoked")}
REFUSED_EVENT = "This message is not from the sign-in service."


def read_secrets(text: str) -> list[bytes]:
    """Return the signing secrets, with commas between while one takes another's place; raises ValueError."""
    return [_secret(part.strip()) for part in text.split(",")]


def _secret(text: str) -> bytes:
    secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    if not secret or not text.startswith("whsec_"):
        raise ValueError("a signing secret of webhooks looks like whsec_...")
    return secret


def prove(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the message's number; raises NotSignedIn unless one of the secrets signed it within five minutes of now."""
    named = {f"webhook-{part}": headers.get(f"svix-{part}") or headers.get(f"webhook-{part}", "") for part in PARTS}
    try:
        return verify(secrets, named, body, now)
    except Forged as error:
        raise NotSignedIn(REFUSED_EVENT) from error


def read_event(body: bytes) -> IdentityEvent:
    """Return what a proven webhook says; what we do not know is OTHER, what cannot be read raises InvalidInput."""
    try:
        event = json.loads(body)
        kind, data = str(event["type"]), event["data"]
        if kind in ENDED:
            return _of_session(EventKind.SESSION_ENDED, data)
        if kind == "session.pending":
            return _of_session(EventKind.SESSION_PENDING, data)
        if kind == "user.updated":
            profile = read_profile(data)
            return IdentityEvent(kind=EventKind.CHANGED, subject=profile.subject, profile=profile)
        if kind == "user.deleted":
            return IdentityEvent(kind=EventKind.DELETED, subject=str(data["id"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise InvalidInput("The message could not be read.") from error
    return IdentityEvent(kind=EventKind.OTHER)


def _of_session(kind: EventKind, data: Mapping[str, Any]) -> IdentityEvent:
    return IdentityEvent(kind=kind, subject=str(data["user_id"]), session_id=str(data["id"]))


def read_sessions(found: Any) -> list[OutsideSession]:
    """Return a page of sessions, whether Clerk counts pages (`data` with `total_count`) or gives a bare list."""
    listed = found if isinstance(found, list) else found["data"]
    return [read_session(one) for one in cast("list[Any]", listed)]


def read_session(one: Mapping[str, Any]) -> OutsideSession:
    """Return the part of Clerk's session that we use."""
    return OutsideSession(
        id=str(one["id"]),
        subject=str(one["user_id"]),
        state=str(one["status"]),
        began_at=read_at(one["created_at"]),
        seen_at=read_at(one["last_active_at"]),
        device=read_device(one.get("latest_activity")),
    )


def read_profile(user: Mapping[str, Any]) -> Profile:
    """Return the part of Clerk's user that we keep."""
    addresses = cast("list[Mapping[str, Any]]", user.get("email_addresses") or [])
    primary = next((one for one in addresses if one.get("id") == user.get("primary_email_address_id")), {})
    verification = primary.get("verification") or {}
    names = (str(user.get("first_name") or ""), str(user.get("last_name") or ""))
    return Profile(
        subject=str(user["id"]),
        email=str(primary.get("email_address") or ""),
        is_verified=verification.get("status") == "verified",
        full_name=" ".join(name for name in names if name),
        updated_at=read_at(user["updated_at"]),
    )


def read_at(millis: int) -> datetime:
    """Return one of Clerk's times."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def read_device(activity: Mapping[str, Any] | None) -> str:
    """Return browser and device of a session's latest activity, such as "Firefox on Macintosh"; nothing of its place."""
    said = [str((activity or {}).get(name) or "")[:40] for name in ("browser_name", "device_type")]
    return " on ".join(part for part in said if part.isprintable() and part)
