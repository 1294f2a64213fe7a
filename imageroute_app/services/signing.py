"""What signing up and in takes and gives: the form, the session, the address in the form we keep, the age refusal."""

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from imageroute_app.domain.accounts import EMAIL_MAX, Person, Session, check_password
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, NotAllowed, NotSignedIn
from imageroute_app.domain.ports import Passwords, Tables
from imageroute_app.domain.rules import Rules
from imageroute_app.services.mail_links import hash_token

log = logging.getLogger(__name__)

COMMON = "This password is among the first that others try. Use a few words of your own."


class TooYoung(NotAllowed):
    """The age screen said no; nothing about the person was stored."""

    code = "too_young"

    def __init__(self) -> None:
        super().__init__("You cannot open an account here yet. We stored nothing of what you typed.")


class NeedsCode(NotSignedIn):
    """The password was right; `ticket` proves that for ten minutes, and a code of the person's app is asked for next."""

    code = "needs_code"

    def __init__(self, ticket: str) -> None:
        super().__init__("Type the code that your app shows.")
        self.ticket = ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """The sign-up form; `country` is an ISO 3166 code or empty for unknown."""

    full_name: str
    email: str
    password: str
    born: date
    country: str = ""
    wants_newsletter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A fresh session: `token` goes into the cookie and nowhere else."""

    token: str
    session: Session
    person: Person


def fresh_session(session_id: str, person: Person, device: str, now: datetime, rules: Rules) -> SignedIn:
    """Return a session that begins now, with the secret for its cookie."""
    token = secrets.token_urlsafe(32)
    session = Session(
        id=session_id,
        owner=person.id,
        token_hash=hash_token(token),
        device=device,
        created_at=now,
        seen_at=now,
        expires_at=now + rules.session_idle,
        confirmed_at=now,
    )
    return SignedIn(token=token, session=session, person=person)


def clean_email(text: str) -> str:
    """Return the address in the form we keep; raises InvalidInput with what is wrong."""
    from email_validator import EmailNotValidError, validate_email  # its patterns cost every start; a sign-up can wait

    try:
        found = validate_email(text.strip()[: EMAIL_MAX + 1], check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidInput("Enter an email address like name@example.com.", field="email") from error
    return found.normalized


def check_new_password(passwords: Passwords, password: str, email: str = "") -> None:
    """Raise InvalidInput for a password that is too short, too long, among the common ones, or the address itself."""
    check_password(password)
    own = {email.casefold(), email.casefold().partition("@")[0], "imageroute"}
    if passwords.is_common(password) or password.casefold() in own:
        raise InvalidInput(COMMON, field="password")


async def hashed_as_today(person: Person, password: str, passwords: Passwords, tables: Tables) -> Person:
    """Hash a password anew that was just proven and whose hash is of another cost than ours; it never holds up an entry."""
    if not passwords.needs_rehash(person.password_hash):
        return person
    encoded = await passwords.hash(password)
    try:
        return await tables.people.update(replace(person, password_hash=encoded))
    except ImageRouteError as error:  # changed meanwhile, or nothing can be written: the next sign-in tries again
        log.info("password.not_hashed_anew", extra={"code": error.code})
        return person
