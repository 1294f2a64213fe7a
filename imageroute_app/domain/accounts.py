"""People, their sessions and one-time mail links, and the rules about names, passwords and age."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from imageroute_app.domain.errors import InvalidInput

PASSWORD_MIN, PASSWORD_MAX = 8, 256
NAME_MAX = 120
EMAIL_MAX = 254


class AgeBand(StrEnum):
    """What we keep of a date of birth: never the date itself."""

    TEEN = "13-17"
    ADULT = "18+"


class Lock(StrEnum):
    """Why an account only stores: its person may look, export, erase and ask, and nothing else happens with the data."""

    OPEN = ""
    CLOSING = "closing"
    CHILD_REPORT = "child_report"
    OPERATOR = "operator"
    """By hand, from the command line; the reason stands in the person's own books."""


class MailPurpose(StrEnum):
    """What a one-time link in a mail is good for."""

    VERIFY = "verify"
    RESET = "reset"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account; `owner` equals `id` so that one ownership rule serves every table.

    `idle_at` is the next step of the rule about accounts that nobody uses, `idle_told` how many of its notices were sent.
    """

    id: str
    owner: str
    email: str
    email_key: str
    full_name: str
    password_hash: str
    age_band: AgeBand
    country: str
    wants_newsletter: bool
    email_verified_at: datetime | None
    welcomed_at: datetime | None
    created_at: datetime
    locked_for: Lock = Lock.OPEN
    idle_at: datetime | None = None
    idle_told: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device; `token_hash` is the SHA-256 of the cookie's value.

    `confirmed_at` is when the person last proved to be there, by signing in or by giving the password again. `outside_id` is
    the session at the sign-in service that it hangs on, empty for none; `checked_at` is when that was last seen to be good.
    """

    id: str
    owner: str
    token_hash: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    confirmed_at: datetime
    outside_id: str = ""
    checked_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailToken:
    """A one-time link; only the hash of its secret is kept."""

    id: str
    owner: str
    token_hash: str
    purpose: MailPurpose
    created_at: datetime
    expires_at: datetime
    version: int = 0


# Digital consent ages differ from 13 to 16 inside the EU (GDPR Art. 8); the policy takes 16 there and 13 elsewhere.
EU_EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()  # noqa: SIM905
)


def minimum_age(country: str) -> int:
    """Return the lowest age that may hold an account; an unknown country follows the EU rule."""
    return 16 if country == "" or country in EU_EEA else 13


def age_on(born: date, today: date) -> int:
    """Return completed years; a 29 February birthday counts on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_band(born: date, today: date, country: str) -> AgeBand | None:
    """Return the band to store, or None when the person is too young for the country's rule."""
    age = age_on(born, today)
    if born > today or age > 120:
        raise InvalidInput("Enter your real date of birth.", field="date_of_birth")
    if age < minimum_age(country):
        return None
    return AgeBand.ADULT if age >= 18 else AgeBand.TEEN


def check_name(name: str) -> str:
    """Return the tidied name; may be empty because a name is not needed (GDPR Art. 5(1)(c))."""
    tidy = " ".join(name.split())
    if len(tidy) > NAME_MAX:
        raise InvalidInput(f"Use at most {NAME_MAX} characters for the name.", field="full_name")
    if any(not ch.isprintable() for ch in tidy):
        raise InvalidInput("The name has a character that cannot be shown.", field="full_name")
    return tidy


def check_password(password: str) -> None:
    """Raise InvalidInput unless the length is in bounds (OWASP ASVS 5.0, 6.2: no composition rules)."""
    if len(password) < PASSWORD_MIN:
        raise InvalidInput(f"Use at least {PASSWORD_MIN} characters; a few words work well.", field="password")
    if len(password) > PASSWORD_MAX:
        raise InvalidInput(f"Use at most {PASSWORD_MAX} characters.", field="password")
