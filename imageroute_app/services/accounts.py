"""Accounts: sign up, sign in, sessions, verified addresses, passwords, devices.

Principle: an answer never tells whether an address has an account. Unknown addresses take the same path and time, and
the truth goes only to the mailbox.
"""

from dataclasses import replace
from datetime import date, timedelta

from imageroute_app.domain.accounts import EMAIL_MAX, AgeBand, MailPurpose, Person, Session, age_band, check_name
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import (
    Conflict,
    Duplicate,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from imageroute_app.domain.ports import Clock, Database, Limiter, Mailer, NewId, Passwords, Query
from imageroute_app.domain.rules import Rules
from imageroute_app.services.entries import Entries
from imageroute_app.services.hosted import Hosted
from imageroute_app.services.mail_links import MailLinks, hash_token
from imageroute_app.services.mails import QuietAddresses
from imageroute_app.services.opening import Opening
from imageroute_app.services.signing import (
    NeedsCode,
    SignedIn,
    SignUp,
    TooYoung,
    check_new_password,
    clean_email,
    fresh_session,
    hashed_as_today,
)
from imageroute_app.services.two_steps import TwoSteps

TOUCH_EVERY = timedelta(minutes=5)
WRONG = "The email or the password is not right. Check both, or reset your password."
TAKEN = (
    "This address cannot be used for a new account. If it is yours, sign in or reset your password;"
    " we sent it a mail that says how."
)


class Accounts:
    """Everything about who is signed in."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        mailer: Mailer,
        limiter: Limiter,
        entries: Entries,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        two_steps: TwoSteps,
        opening: Opening,
        hosted: Hosted | None = None,
        quiet: QuietAddresses | None = None,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._passwords, self._limiter, self._entries = passwords, limiter, entries
        self._opening, self._two_steps, self._hosted = opening, two_steps, hosted
        self._quiet = quiet or QuietAddresses(database=database, clock=clock, new_id=new_id)
        self._clock, self._new_id, self._rules = clock, new_id, rules
        self._links = MailLinks(tables=database.tables, mailer=mailer, clock=clock, new_id=new_id, origin=rules.origin)

    async def sign_up(self, form: SignUp, *, device: str, address: str) -> SignedIn:
        """Open an account with starter credits and a first session.

        Raises:
            TooYoung: before anything about the person is stored or counted.
            InvalidInput: naming the field, also for an address that is taken.
            RateLimited: after too many accounts from one network address.
        """
        band = self.screen_age(form.born, form.country)
        email, name = clean_email(form.email), check_name(form.full_name)
        check_new_password(self._passwords, form.password, email)
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
            created_at=self._clock(),
        )
        signed_in = fresh_session(self._new_id(), person, device, self._clock(), self._rules)
        try:
            await self._opening.open(signed_in)
        except Duplicate as error:
            await self._links.tell_taken(email)
            raise InvalidInput(TAKEN, field="email") from error
        await self._links.send(person, MailPurpose.VERIFY)
        await self._entries.opened(person.id, device=device, address=address)
        return signed_in

    def screen_age(self, born: date, country: str) -> AgeBand:
        """Return the band we would keep; raises TooYoung, or InvalidInput for a date that cannot be true."""
        band = age_band(born, self._clock().date(), country)
        if band is None:
            raise TooYoung
        return band

    async def sign_in(self, email: str, password: str, *, device: str, address: str) -> SignedIn:
        """Check the password and open a session; wrong and unknown answer alike, in the same time.

        Raises:
            NotSignedIn: wrong or unknown.
            NeedsCode: right, and a code of the person's app is asked for next.
        """
        key = email.strip().casefold()[:EMAIL_MAX]
        who = hash_token(f"{key}|{address}")
        await self._limiter.hit("sign-in", who, limit=self._rules.sign_in_tries, window_s=900)
        await self._limiter.hit("sign-in-from", address, limit=self._rules.sign_in_tries * 10, window_s=900)
        person = await self._tables.people.by_key("email_key", key)
        good = await self._passwords.verify(password, person.password_hash if person else "")
        if person is None or not good:
            if person:
                self._entries.failed(person.id, device=device, address=address)
            raise NotSignedIn(WRONG)
        await self._limiter.clear("sign-in", who, limit=self._rules.sign_in_tries, window_s=900)
        person = await hashed_as_today(person, password, self._passwords, self._tables)
        if await self._two_steps.is_on(person.id):
            raise NeedsCode(self._two_steps.ticket(person))
        return await self.enter(person, device=device, address=address)

    async def sign_in_with_code(self, ticket: str, code: str, *, device: str, address: str) -> SignedIn:
        """Open a session for who gave the password before; raises NotSignedIn when that is too long ago, InvalidInput."""
        person = await self._two_steps.redeem(ticket)
        try:
            await self._two_steps.check(person.id, code)
        except InvalidInput:
            self._entries.failed(person.id, device=device, address=address)
            raise
        return await self.enter(person, device=device, address=address)

    async def enter(self, person: Person, *, device: str, address: str) -> SignedIn:
        """Open a session for a person who has proven who it is."""
        signed_in = fresh_session(self._new_id(), person, device, self._clock(), self._rules)
        await self._entries.entered(person.id, device=device, address=address)
        await self._tables.sessions.add(signed_in.session)
        return signed_in

    async def sign_out(self, token: str, *, outside_kept: str = "") -> None:
        """End the session of this cookie; an unknown one is fine. The sign-in `outside_kept` goes on at its service."""
        session = await self._tables.sessions.by_key("token_hash", hash_token(token))
        if session:
            await self._leave(session, outside_kept)
            await self._tables.sessions.delete(session.id, session.owner)

    async def _leave(self, session: Session, kept: str = "") -> None:
        """Have it end at the sign-in service too, where it came from there; before it ends here, so that none is lost."""
        if self._hosted is not None and session.outside_id != kept:
            await self._hosted.left([session])

    async def session(self, token: str) -> Session | None:
        """Return the live session of a cookie, noting its use at most every five minutes."""
        if not token:
            return None
        session = await self._tables.sessions.by_key("token_hash", hash_token(token))
        now = self._clock()
        if session is None or session.expires_at <= now or (session := await self._checked(session)) is None:
            return None
        if now - session.seen_at < TOUCH_EVERY:
            return session
        end = min(now + self._rules.session_idle, session.created_at + self._rules.session_absolute)
        try:
            return await self._tables.sessions.update(replace(session, seen_at=now, expires_at=end))
        except Conflict:  # another request of the same page noted it first, or ended the session
            return await self._tables.sessions.by_key("token_hash", session.token_hash)
        except Unavailable:
            return session

    async def is_over(self, token: str) -> bool:
        """Say whether the session of a cookie has ended; asking is no use of it."""
        session = await self._tables.sessions.by_key("token_hash", hash_token(token))
        return session is None or session.expires_at <= self._clock()

    async def _checked(self, session: Session) -> Session | None:
        """Return a session from outside while it is good there; without the service's settings nobody can tell: it ends."""
        if not session.outside_id:
            return session
        return await self._hosted.check(session) if self._hosted is not None else None

    async def person(self, owner: str) -> Person:
        """Return the account; raises NotFound once erased."""
        return await self._tables.people.get(owner, owner)

    async def change_name(self, owner: str, name: str) -> Person:
        """Set the full name; may be empty."""
        name = check_name(name)
        if self._hosted is not None:
            await self._hosted.rename(owner, name)
        person = await self.person(owner)
        changed = await self._tables.people.update(replace(person, full_name=name))
        await self._entries.noted(owner, ActivityKind.NAME_CHANGED)
        return changed

    async def welcome(self, owner: str) -> None:
        """Note that the first-run choices were seen; repeating is harmless."""
        person = await self.person(owner)
        if person.welcomed_at is None:
            await self._tables.people.update(replace(person, welcomed_at=self._clock()))

    async def change_password(self, owner: str, *, current: str, new: str, keep: str) -> None:
        """Set a new password and end every session but `keep` (a session id)."""
        await self._limiter.hit("password", owner, limit=self._rules.sign_in_tries, window_s=900)
        person = await self.person(owner)
        check_new_password(self._passwords, new, person.email)
        if not await self._passwords.verify(current, person.password_hash):
            raise InvalidInput("The current password is not right.", field="current_password")
        encoded = await self._passwords.hash(new)
        await self._tables.people.update(replace(person, password_hash=encoded))
        await self._entries.noted(owner, ActivityKind.PASSWORD_CHANGED)
        await self.end_devices(owner, keep=keep)

    async def devices(self, owner: str) -> list[Session]:
        """Return the live sessions, newest first."""
        now = self._clock()
        sessions = await self._tables.sessions.find(Query(owner=owner, limit=200))
        return [session for session in sessions if session.expires_at > now]

    async def end_device(self, owner: str, session_id: str) -> None:
        """End one session; raises NotFound when it is not this person's."""
        try:
            session = await self._tables.sessions.get(session_id, owner)
        except NotFound as error:
            raise NotFound("That device is signed out already.") from error
        await self._leave(session)
        await self._tables.sessions.delete(session_id, owner)
        await self._entries.noted(owner, ActivityKind.DEVICE_ENDED)

    async def end_devices(self, owner: str, *, keep: str = "") -> int:
        """End every session but `keep`; returns how many."""
        ended = 0
        for session in await self._tables.sessions.find(Query(owner=owner, limit=500)):
            if session.id != keep:
                await self._leave(session)
                ended += await self._tables.sessions.delete(session.id, owner)
        return ended

    async def is_confirmed(self, owner: str) -> bool:
        """Say whether the person's address is proven and mail arrives there."""
        person = await self.person(owner)
        return person.email_verified_at is not None and not await self._quiet.is_quiet(person.email)

    async def request_verification(self, owner: str) -> None:
        """Send the link that proves the address; at most five an hour."""
        await self._limiter.hit("verify", owner, limit=5, window_s=3600)
        if not await self.is_confirmed(owner):
            await self._links.send(await self.person(owner), MailPurpose.VERIFY)

    async def verify_email(self, secret: str) -> Person:
        """Use up a verification link; raises NotFound when it is used, late or invented."""
        person = await self.person(await self._links.use_up(secret, MailPurpose.VERIFY))
        await self._quiet.lift(person.email)
        if person.email_verified_at is not None:
            return person
        await self._entries.noted(person.id, ActivityKind.EMAIL_VERIFIED)
        return await self._tables.people.update(replace(person, email_verified_at=self._clock()))

    async def request_reset(self, email: str, *, address: str) -> None:
        """Mail a reset link if the address has an account; the caller shows one answer for both cases."""
        await self._limiter.hit("reset-from", address, limit=20, window_s=3600)
        key = email.strip().casefold()[:EMAIL_MAX]
        await self._limiter.hit("reset", hash_token(key), limit=5, window_s=3600)
        person = await self._tables.people.by_key("email_key", key)
        if person:
            self._links.send_beside(person, MailPurpose.RESET)

    async def reset_password(self, secret: str, password: str) -> Person:
        """Set a new password with a mailed link; ends every session and proves the address."""
        check_new_password(self._passwords, password)
        person = await self.person(await self._links.use_up(secret, MailPurpose.RESET))
        encoded = await self._passwords.hash(password)
        await self._quiet.lift(person.email)
        verified = person.email_verified_at or self._clock()
        person = await self._tables.people.update(replace(person, password_hash=encoded, email_verified_at=verified))
        await self._entries.noted(person.id, ActivityKind.PASSWORD_CHANGED, detail="mailed-link")
        await self.end_devices(person.id)
        return person

    async def settle(self) -> None:
        """Wait for the mails on their way, before the adapters close."""
        await self._links.settle()
        await self._entries.settle()
