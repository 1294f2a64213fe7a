"""Tokens of Clerk, checked by our own rules (contracts card 1.2, claims version 2; Clerk's documentation of August 2026).

Principle: everything that is not demanded here is refused. One algorithm, keys from the configured place only, every claim that
Clerk's own libraries let pass when it is absent: exp, nbf, iss, azp, sts, act, aud.
"""

import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from imageroute_app.domain.errors import NotSignedIn, Unavailable
from imageroute_app.domain.identity import Proof
from imageroute_app.domain.ports import Clock

LEEWAY_S = 5
TOKEN_MAX, COOKIES_MAX = 16_384, 10
KEYS_KEPT_S, KEYS_STALE_S, KEYS_AGAIN_S = 300.0, 3600.0, 60.0
REFUSED = "Your sign-in could not be confirmed. Sign in again."
_NEVER = timedelta(days=1)

Keys = Mapping[str, RSAPublicKey]
FetchKeys = Callable[[], Awaitable[Mapping[str, Any]]]


def read_pem(text: str) -> RSAPublicKey:
    """Return the key of a PEM as an environment holds it: with line ends, with backslash and n for them, or on one line."""
    bare = text.strip().strip('"').replace("\\n", "\n").replace("\r", "")
    inner = "".join(line for line in bare.split("\n") if "-----" not in line)
    if bare.count("\n") == 0:  # on one line: the marks stand in it too
        inner = bare.replace("-----BEGIN PUBLIC KEY-----", "").replace("-----END PUBLIC KEY-----", "")
    body = "".join(inner.split())
    lines = "\n".join(body[place : place + 64] for place in range(0, len(body), 64))
    key = load_pem_public_key(f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n".encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("Clerk's key is an RSA key")  # noqa: TRY004  # of what a person wrote into the settings
    return key


def read_jwks(found: Mapping[str, Any]) -> Keys:
    """Return the RSA keys of a key set by their ids (RFC 7517); others are left out."""
    keys: dict[str, RSAPublicKey] = {}
    for one in found.get("keys", []):
        if one.get("kty") == "RSA" and one.get("use", "sig") == "sig" and one.get("alg", "RS256") == "RS256":
            numbers = RSAPublicNumbers(_number(one["e"]), _number(one["n"]))
            keys[str(one["kid"])] = numbers.public_key()
    return keys


class KeyRing:
    """The keys that may have signed: the one that the settings name, or those that Clerk publishes, kept for minutes."""

    def __init__(self, pem: str, fetch: FetchKeys, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pinned = read_pem(pem) if pem else None
        self._fetch, self._monotonic = fetch, monotonic
        self._keys: Keys = {}
        self._fetched_at = self._tried_at = float("-inf")

    async def candidates(self, kid: str) -> Sequence[RSAPublicKey]:
        """Return the key of this id, none when nobody has it; raises Unavailable when that cannot be found out."""
        if self._pinned is not None:
            return [self._pinned]
        age = self._monotonic() - self._fetched_at
        if age > KEYS_KEPT_S or (kid not in self._keys and self._monotonic() - self._tried_at > KEYS_AGAIN_S):
            await self._refresh(age)
        return [self._keys[kid]] if kid in self._keys else []

    async def _refresh(self, age: float) -> None:
        self._tried_at = self._monotonic()
        try:
            self._keys = read_jwks(await self._fetch())
        except Unavailable:
            if age > KEYS_STALE_S:
                raise
            return
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable("The sign-in service gave keys that cannot be read. Try again later.") from error
        self._fetched_at = self._tried_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a session token must say: whose it is from, and for which of our origins it was made."""

    issuer: str
    origins: Sequence[str]


class TokenReader:
    """Reads tokens and says no."""

    def __init__(self, demands: Demands, keys: KeyRing, clock: Clock) -> None:
        self._demands, self._keys, self._clock = demands, keys, clock

    async def session(self, token: str, *, came_by_handshake: bool = False) -> Proof:
        """Return what a session token proves.

        Args:
            token: The JWT.
            came_by_handshake: It lay in a handshake that we asked for in this browser; Clerk may leave its azp out then,
                because a navigation has no Origin. A foreign azp is refused all the same.

        Raises:
            NotSignedIn: Anything about it is not as demanded.
            Unavailable: Clerk's keys cannot be had.
        """
        claims = await self._signed(token)
        self._check_times(claims, must_end=True)
        azp = claims.get("azp")
        is_for_us = azp in self._demands.origins or (azp is None and came_by_handshake)
        good = (
            claims.get("iss") == self._demands.issuer
            and is_for_us
            and claims.get("sts", "active") == "active"
            and "act" not in claims
            and "aud" not in claims
        )
        subject, session_id = claims.get("sub"), claims.get("sid")
        if not good or not _is_name(subject) or not _is_name(session_id):
            raise NotSignedIn(REFUSED)
        return Proof(subject=str(subject), session_id=str(session_id), proven_at=_proven_at(claims))

    async def handshake(self, token: str) -> str:
        """Return the session token that a handshake carries, empty when nobody is signed in there; raises NotSignedIn."""
        claims = await self._signed(token)
        self._check_times(claims, must_end=False)
        directives = claims.get("handshake")
        if not isinstance(directives, list):
            raise NotSignedIn(REFUSED)
        token = ""
        for line in cast("list[Any]", directives):  # the last one counts, as for a browser that follows them all
            name, _, value = str(line).partition(";")[0].partition("=")
            if name.strip() == "__session" or name.strip().startswith("__session_"):
                token = value.strip()
        return token

    async def _signed(self, token: str) -> dict[str, Any]:
        """Return the claims once the signature is proven."""
        parts = token.split(".")
        if len(parts) != 3 or len(token) > TOKEN_MAX or not token.isascii():
            raise NotSignedIn(REFUSED)
        try:
            header, claims, signature = _object(parts[0]), _object(parts[1]), _decoded(parts[2])
        except ValueError as error:
            raise NotSignedIn(REFUSED) from error
        if header.get("alg") != "RS256" or "crit" in header:
            raise NotSignedIn(REFUSED)
        for key in await self._keys.candidates(str(header.get("kid", ""))):
            try:
                key.verify(signature, f"{parts[0]}.{parts[1]}".encode(), PKCS1v15(), SHA256())
            except InvalidSignature:
                continue
            return claims
        raise NotSignedIn(REFUSED)

    def _check_times(self, claims: Mapping[str, Any], *, must_end: bool) -> None:
        now = self._clock().timestamp()
        ends, begins, made = (claims.get(name) for name in ("exp", "nbf", "iat"))
        is_there = [value is not None for value in (ends, begins, made)]
        are_times = all(value is None or _is_time(value) for value in (ends, begins, made))
        if not are_times or (must_end and not all(is_there)):
            raise NotSignedIn(REFUSED)
        is_late = ends is not None and now >= ends + LEEWAY_S
        if is_late or any(value is not None and now < value - LEEWAY_S for value in (begins, made)):
            raise NotSignedIn(REFUSED)


def session_cookies(header: str) -> list[str]:
    """Return the session tokens of a Cookie header, the one to believe first: `__session`, then suffixed ones; newest first.

    Read pair by pair (RFC 6265bis, 5.4: a server should take what browsers send): a neighbour that is malformed hides nothing.
    """
    exact, suffixed = list[str](), list[str]()
    for pair in header.split(";"):
        name, _, value = pair.partition("=")
        token = value.strip().strip('"')
        if not token:
            continue
        if name.strip() == "__session":
            exact.append(token)
        elif name.strip().startswith("__session_"):
            suffixed.append(token)
    newest = [*sorted(exact, key=_made_at, reverse=True), *sorted(suffixed, key=_made_at, reverse=True)]
    return newest[:COOKIES_MAX]


def _made_at(token: str) -> float:
    """Return when a token says that it was made, for the order only: nothing is proven yet."""
    try:
        made = _object(token.split(".")[1]).get("iat")
    except (ValueError, IndexError):
        return 0.0
    return float(cast("float", made)) if _is_time(made) else 0.0


def _proven_at(claims: Mapping[str, Any]) -> datetime:
    """Return when the first factor was given: `fva` counts the minutes since then, -1 for never (claims version 2)."""
    made = datetime.fromtimestamp(float(claims["iat"]), UTC)
    ages = claims.get("fva")
    first = cast("list[Any]", ages)[0] if isinstance(ages, list) and ages else None
    if isinstance(first, int) and not isinstance(first, bool) and first >= 0:
        return made - timedelta(minutes=first)
    return made - _NEVER


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _object(part: str) -> dict[str, Any]:
    found = json.loads(_decoded(part))
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004  # of a token, which is text
    return cast("dict[str, Any]", found)


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")
