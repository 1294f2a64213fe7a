"""Accounts: sign up, sign in, sessions, verified addresses, passwords, devices.

Principle: an answer never tells whether an address has an account. Unknown addresses take the same path and time, and
the truth goes only to the mailbox.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import date, timedelta

from email_validator import EmailNotValidError, validate_email

from imageroute_app.domain.accounts import (
    EMAIL_MAX,
    AgeBand,
    MailPurpose,
    Person,
    Session,
    age_band,
    check_name,
    check_password,
)
from imageroute_app.domain.errors import (
    Conflict,
    Duplicate,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.ports import Clock, Database, Limiter, Mailer, NewId, Passwords, Query, Tables
from imageroute_app.domain.rules import Rules
from imageroute_app.services.mail_links import MailLinks, hash_token

TOUCH_EVERY = timedelta(minutes=5)
WRONG = "The email or the password is not right. Check both, or reset your password."
TAKEN = (
    "This address cannot be used for a new account. If it is yours, sign in or reset your password;"
    " we sent it a mail that says how."
)


class TooYoung(NotAllowed):
    """The age screen said no; nothing about the person was stored."""

    code = "too_young"

    def __init__(self) -> None:
        super().__init__("You cannot open an account here yet. We stored nothing of what you typed.")


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


def clean_email(text: str) -> str:
    """Return the address in the form we keep; raises InvalidInput with what is wrong."""
    try:
        found = validate_email(text.strip()[: EMAIL_MAX + 1], check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidInput("Enter an email address like name@example.com.", field="email") from error
    return found.normalized


class Accounts:
    """Everything about who is signed in."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        mailer: Mailer,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._passwords, self._limiter = passwords, limiter
        self._clock, self._new_id, self._rules = clock, new_id, rules
        self._links = MailLinks(tables=database.tables, mailer=mailer, clock=clock, new_id=new_id, origin=rules.origin)

    async def sign_up(self, form: SignUp, *, device: str, address: str) -> SignedIn:
        """Open an account with starter credits and a first session.

        Raises:
            TooYoung: before anything about the person is stored or counted.
            InvalidInput: naming the field, also for an address that is taken.
            RateLimited: after too many accounts from one network address.
        """
        now = self._clock()
        band = self.screen_age(form.born, form.country)
        email = clean_email(form.email)
        name = check_name(form.full_name)
        check_password(form.password)
        await self._limiter.hit("sign-up", address, limit=self._rules.sign_ups_per_hour, window_s=3600)
        person_id = self._new_id()
        person = Person(
            id=person_id,
            owner=person_id,
            email=email,
            email_key=email.casefold(),
            full_name=name,
            password_hash=await self._passwords.hash(form.password),
            age_band=band,
            country=form.country,
            wants_newsletter=form.wants_newsletter,
            email_verified_at=None,
            welcomed_at=None,
            created_at=now,
        )
        signed_in = self._fresh_session(person, device)
        try:
            await self._database.transact(lambda tables: self._open_account(tables, signed_in))
        except Duplicate as error:
            self._links.tell_taken(email)
            raise InvalidInput(TAKEN, field="email") from error
        self._links.send(person, MailPurpose.VERIFY)
        return signed_in

    def screen_age(self, born: date, country: str) -> AgeBand:
        """Return the band we would keep; raises TooYoung, or InvalidInput for a date that cannot be true."""
        band = age_band(born, self._clock().date(), country)
        if band is None:
            raise TooYoung
        return band

    async def _open_account(self, tables: Tables, signed_in: SignedIn) -> None:
        person = signed_in.person
        await tables.people.add(person)
        await tables.sessions.add(signed_in.session)
        await tables.ledger.post(
            Entry(
                id=self._new_id(),
                owner=person.id,
                kind=EntryKind.GRANT,
                amount=self._rules.starter_credits,
                balance_after=0,
                job_id="",
                reason="Starter credits",
                dedupe_key="starter",
                created_at=self._clock(),
            )
        )

    async def sign_in(self, email: str, password: str, *, device: str, address: str) -> SignedIn:
        """Check the password and open a session; wrong and unknown answer alike, in the same time."""
        key = email.strip().casefold()[:EMAIL_MAX]
        who = hash_token(f"{key}|{address}")
        await self._limiter.hit("sign-in", who, limit=self._rules.sign_in_tries, window_s=900)
        await self._limiter.hit("sign-in-from", address, limit=self._rules.sign_in_tries * 10, window_s=900)
        person = await self._tables.people.by_key("email_key", key)
        good = await self._passwords.verify(password, person.password_hash if person else "")
        if person is None or not good:
            raise NotSignedIn(WRONG)
        await self._limiter.clear("sign-in", who, limit=self._rules.sign_in_tries, window_s=900)
        signed_in = self._fresh_session(person, device)
        await self._tables.sessions.add(signed_in.session)
        return signed_in

    async def sign_out(self, token: str) -> None:
        """End the session of this cookie; an unknown one is fine."""
        session = await self._tables.sessions.by_key("token_hash", hash_token(token))
        if session:
            await self._tables.sessions.delete(session.id, session.owner)

    async def session(self, token: str) -> Session | None:
        """Return the live session of a cookie, noting its use at most every five minutes."""
        if not token:
            return None
        session = await self._tables.sessions.by_key("token_hash", hash_token(token))
        now = self._clock()
        if session is None or session.expires_at <= now:
            return None
        if now - session.seen_at < TOUCH_EVERY:
            return session
        end = min(now + self._rules.session_idle, session.created_at + self._rules.session_absolute)
        try:
            return await self._tables.sessions.update(replace(session, seen_at=now, expires_at=end))
        except Conflict:
            # Another request of the same page noted it first, or ended the session.
            return await self._tables.sessions.by_key("token_hash", session.token_hash)
        except Unavailable:
            return session

    def _fresh_session(self, person: Person, device: str) -> SignedIn:
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(
            id=self._new_id(),
            owner=person.id,
            token_hash=hash_token(token),
            device=device,
            created_at=now,
            seen_at=now,
            expires_at=now + self._rules.session_idle,
        )
        return SignedIn(token=token, session=session, person=person)

    async def person(self, owner: str) -> Person:
        """Return the account; raises NotFound once erased."""
        return await self._tables.people.get(owner, owner)

    async def change_name(self, owner: str, name: str) -> Person:
        """Set the full name; may be empty."""
        person = await self.person(owner)
        return await self._tables.people.update(replace(person, full_name=check_name(name)))

    async def welcome(self, owner: str) -> None:
        """Note that the first-run choices were seen; repeating is harmless."""
        person = await self.person(owner)
        if person.welcomed_at is None:
            await self._tables.people.update(replace(person, welcomed_at=self._clock()))

    async def change_password(self, owner: str, *, current: str, new: str, keep: str) -> None:
        """Set a new password and end every session but `keep` (a session id)."""
        check_password(new)
        await self._limiter.hit("password", owner, limit=self._rules.sign_in_tries, window_s=900)
        person = await self.person(owner)
        if not await self._passwords.verify(current, person.password_hash):
            raise InvalidInput("The current password is not right.", field="current_password")
        encoded = await self._passwords.hash(new)
        await self._tables.people.update(replace(person, password_hash=encoded))
        await self.end_devices(owner, keep=keep)

    async def devices(self, owner: str) -> list[Session]:
        """Return the live sessions, newest first."""
        now = self._clock()
        sessions = await self._tables.sessions.find(Query(owner=owner, limit=200))
        return [session for session in sessions if session.expires_at > now]

    async def end_device(self, owner: str, session_id: str) -> None:
        """End one session; raises NotFound when it is not this person's."""
        if not await self._tables.sessions.delete(session_id, owner):
            raise NotFound("That device is signed out already.")

    async def end_devices(self, owner: str, *, keep: str = "") -> int:
        """End every session but `keep`; returns how many."""
        ended = 0
        for session in await self._tables.sessions.find(Query(owner=owner, limit=500)):
            if session.id != keep:
                ended += await self._tables.sessions.delete(session.id, owner)
        return ended

    async def request_verification(self, owner: str) -> None:
        """Send the link that proves the address; at most five an hour."""
        await self._limiter.hit("verify", owner, limit=5, window_s=3600)
        person = await self.person(owner)
        if person.email_verified_at is None:
            self._links.send(person, MailPurpose.VERIFY)

    async def verify_email(self, secret: str) -> Person:
        """Use up a verification link; raises NotFound when it is used, late or invented."""
        person = await self.person(await self._links.use_up(secret, MailPurpose.VERIFY))
        if person.email_verified_at is not None:
            return person
        return await self._tables.people.update(replace(person, email_verified_at=self._clock()))

    async def request_reset(self, email: str, *, address: str) -> None:
        """Mail a reset link if the address has an account; the caller shows one answer for both cases."""
        await self._limiter.hit("reset-from", address, limit=20, window_s=3600)
        key = email.strip().casefold()[:EMAIL_MAX]
        await self._limiter.hit("reset", hash_token(key), limit=5, window_s=3600)
        person = await self._tables.people.by_key("email_key", key)
        if person:
            self._links.send(person, MailPurpose.RESET)

    async def reset_password(self, secret: str, password: str) -> Person:
        """Set a new password with a mailed link; ends every session and proves the address."""
        check_password(password)
        person = await self.person(await self._links.use_up(secret, MailPurpose.RESET))
        encoded = await self._passwords.hash(password)
        verified = person.email_verified_at or self._clock()
        person = await self._tables.people.update(replace(person, password_hash=encoded, email_verified_at=verified))
        await self.end_devices(person.id)
        return person

    async def settle(self) -> None:
        """Wait for the mails that are on their way; called before the adapters close."""
        await self._links.settle()
