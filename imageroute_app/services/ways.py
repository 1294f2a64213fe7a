"""What travels with a browser to the sign-in service and back: sealed by us, bound to this browser, good for half an hour."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.errors import NotFound, NotSignedIn
from imageroute_app.domain.ports import Clock

RETURN = "/auth/clerk/return"
LIFE = timedelta(minutes=30)
CARRIED_MAX = 3500
"""Characters; browsers keep cookies of 4096 bytes, name and attributes included."""
NOT_CARRIED = "That was too long ago. Choose it again."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A form that waits for a new sign-in: whose it is, where it goes, the words of its page, its fields."""

    owner: str
    action: str
    heading: str
    meaning: str
    button: str
    back: str
    fields: Mapping[str, str]


CARRIED = ("owner", "action", "heading", "meaning", "button", "back")


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

    def carry(self, carried: "Carried") -> str:
        """Return a form as a text that only we can make, empty when it is too long for a cookie."""
        ends = int((self._clock() + LIFE).timestamp())
        held = {name: getattr(carried, name) for name in CARRIED} | {"fields": dict(carried.fields), "ends": ends}
        body = base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
        text = f"{body}.{self._seal(f'carried|{body}')}"
        return text if len(text) <= CARRIED_MAX else ""

    def read_carried(self, text: str, owner: str) -> "Carried":
        """Return the form; raises NotFound for what is late, altered, or another person's."""
        body, _, seal = text.partition(".")
        if not text.isascii() or not hmac.compare_digest(self._seal(f"carried|{body}"), seal):
            raise NotFound(NOT_CARRIED)
        held = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if held.pop("ends") <= self._clock().timestamp() or held["owner"] != owner:
            raise NotFound(NOT_CARRIED)
        return Carried(**held)


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()[:32]
