"""Signatures of webhooks after Standard Webhooks (github.com/standard-webhooks, spec read 2026-11-27).

Signed is `id.timestamp.body` with HMAC-SHA256. Principle: everything that is wrong with a message ends as one and the same
Forged, compared in constant time; nothing in a message is read before its signature holds.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from imageroute_app.domain.payments import Forged

PREFIX, SCHEME = "whsec_", "v1"
TOLERANCE = timedelta(minutes=5)
SIGNATURES_MAX, HEADER_MAX, BODY_MAX = 20, 4096, 1024 * 1024
SECRET_MIN, SECRET_MAX = 16, 96
"""Bytes; the standard recommends 24 to 64."""


def read_secret(text: str) -> bytes:
    """Return the bytes of a secret such as whsec_…; raises ValueError for one that protects nothing."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("give the signing secret as the payment service shows it, such as whsec_…") from error
    if not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise ValueError("give the signing secret as the payment service shows it, such as whsec_…")
    return secret


def sign(secret: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that a message is sent with."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"{SCHEME},{_digest(secret, message_id, stamp, body)}",
    }


def verify(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a message that one of the secrets signed within five minutes of now.

    `headers` have names in small letters. Several signatures stand with spaces between them while a secret is replaced.

    Raises:
        Forged: for everything else, whatever it is.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not message_id or not secrets or len(message_id) > 256 or len(signatures) > HEADER_MAX or len(body) > BODY_MAX:
        raise Forged
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Forged
    if abs(int(stamp) - int(now.timestamp())) > TOLERANCE.total_seconds():
        raise Forged
    given = [part.partition(",")[2] for part in signatures.split(" ")[:SIGNATURES_MAX] if part.startswith(f"{SCHEME},")]
    wanted = [_digest(secret, message_id, stamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one, part.encode()) for one in wanted for part in given]
    if not any(matches):
        raise Forged
    return message_id


def _digest(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
