"""Second factors: one-time codes of an app (RFC 6238), recovery codes, passkeys (WebAuthn level 3).

Principle: a code counts once. The last step that was used is kept, so that a code seen over a shoulder is worth nothing.
"""

import base64
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlencode

STEP_S, DIGITS, WINDOW = 30, 6, 1
SECRET_BYTES = 20
RECOVERY_CODES, RECOVERY_BYTES, RECOVERY_GROUP = 10, 10, 4
PASSKEYS_MAX, PASSKEY_NAME_MAX = 20, 60


class Factor(StrEnum):
    """By what a person proved to be there."""

    PASSWORD = "password"  # noqa: S105  # a kind, not a password
    CODE = "code"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """The app that shows a person's codes; `id` is the person's.

    `secret` is Base32. It counts once `confirmed_at` is set. `used_step` is the last 30 seconds whose code was taken, counted
    from 1970; `codes_hash` are SHA-256 of the recovery codes that are left.
    """

    id: str
    owner: str
    secret: str
    codes_hash: tuple[str, ...]
    used_step: int
    created_at: datetime
    confirmed_at: datetime | None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key pair of a device; we hold its public half. Ids and keys are base64url, `count` is the device's own counter.

    `credential_key` equals `credential`, kept as a hash so that it can be looked up before anybody is signed in.
    """

    id: str
    owner: str
    name: str
    credential: str
    credential_key: str
    public_key: str
    count: int
    is_synced: bool
    created_at: datetime
    used_at: datetime | None
    version: int = 0


def new_secret() -> str:
    """Return 160 random bits as Base32 (RFC 4226, section 4)."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """Return the code of a step (RFC 4226, section 5.3, with HMAC-SHA-1 as every app has it)."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    place = mac[-1] & 15
    number = struct.unpack(">I", mac[place : place + 4])[0] & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: str, code: str, now: datetime, after: int) -> int | None:
    """Return the step within 30 s of `now` whose code this is, or None; steps up to `after` are used up.

    `code` is as typed: blanks do not count.
    """
    typed = "".join(code.split())
    here = int(now.timestamp()) // STEP_S
    found = None
    for step in range(here - WINDOW, here + WINDOW + 1):
        is_it = hmac.compare_digest(code_at(secret, step).encode(), typed.encode())
        if is_it and step > after:
            found = step
    return found


def otpauth(secret: str, account: str, issuer: str) -> str:
    """Return what the square holds that an app reads (Key URI format of Google Authenticator, checked 27 November 2026)."""
    label = quote(f"{issuer}:{account}", safe=":@")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def new_recovery_codes() -> list[str]:
    """Return ten codes of 80 random bits each, such as "abcd-efgh-ijkl-mnop"."""
    return [
        _grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()) for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> str:
    """Return what is kept of a recovery code; blanks, dashes and case do not count. 80 bits need no slow hash."""
    bare = "".join(letter for letter in code.casefold() if letter.isalnum())
    return hashlib.sha256(bare.encode()).hexdigest()


def spaced(secret: str) -> str:
    """Return a secret as it is easiest to type: groups of four."""
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))


def _grouped(text: str) -> str:
    return "-".join(text[place : place + RECOVERY_GROUP] for place in range(0, len(text), RECOVERY_GROUP))
