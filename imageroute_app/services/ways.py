"""What travels with a browser to the sign-in service and back: sealed by us, bound to this browser, good for half an hour."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta

from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.errors import NotSignedIn
from imageroute_app.domain.ports import Clock

RETURN = "/auth/clerk/return"
LIFE = timedelta(minutes=30)
LATE = "That took too long, or began in another browser. Sign in again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What our own form asked of a new person; the date of birth itself is never kept."""

    band: AgeBand
    country: str
    wants_newsletter: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What we said when the browser left: the page that was wanted, our form if it was filled in, how often it went round."""

    wanted: str
    join: Join | None = None
    tries: int = 0


class Ways:
    """Makes return addresses and reads them again."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        """Take `key`, 32 bytes of this installation."""
        self._key, self._clock = key, clock

    def back(self, origin: str, nonce: str, said: Said) -> str:
        """Return the address to come back to; `nonce` lies in a cookie of the browser that leaves."""
        ends = int((self._clock() + LIFE).timestamp())
        join = [said.join.band.value, said.join.country, said.join.wants_newsletter] if said.join else None
        held = {"n": _digest(nonce), "x": said.wanted, "e": ends, "t": said.tries, "j": join}
        body = base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
        return f"{origin}{RETURN}?s={body}.{self._seal(body)}"

    def read(self, state: str, nonce: str) -> Said:
        """Return what was said; raises NotSignedIn for what is late, altered, or of another browser."""
        body, _, seal = state.partition(".")
        if not state.isascii() or not hmac.compare_digest(self._seal(body), seal):
            raise NotSignedIn(LATE)
        held = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if held["e"] <= self._clock().timestamp() or not hmac.compare_digest(held["n"], _digest(nonce)):
            raise NotSignedIn(LATE)
        join = None
        if held["j"] is not None:
            band, country, wants_newsletter = held["j"]
            join = Join(band=AgeBand(band), country=country, wants_newsletter=bool(wants_newsletter))
        return Said(wanted=held["x"], join=join, tries=held["t"])

    def _seal(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), hashlib.sha256).hexdigest()


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()[:32]
