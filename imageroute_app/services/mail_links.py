"""Links in mails: single-use secrets that prove a mailbox."""

import hashlib
import secrets
from datetime import timedelta

from imageroute_app.domain.accounts import MailPurpose, MailToken, Person
from imageroute_app.domain.choices import OBJECT_WORDS
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Clock, Mail, Mailer, NewId, Tables
from imageroute_app.services.beside import Beside, quietly

RESET_LIFE = timedelta(minutes=60)
VERIFY_LIFE = timedelta(hours=24)
LATE = "This link was used already or is too old. Ask for a new one."


def hash_token(token: str) -> str:
    """Return what we keep of a secret with 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


class MailLinks:
    """Sends mails and uses their links up."""

    def __init__(self, *, tables: Tables, mailer: Mailer, clock: Clock, new_id: NewId, origin: str) -> None:
        self._tables, self._mailer, self._clock, self._new_id = tables, mailer, clock, new_id
        self._origin = origin
        self._beside = Beside()

    async def send(self, person: Person, purpose: MailPurpose) -> None:
        """Send a fresh link for this purpose; one that fails is logged, and can be asked for again."""
        await quietly(self._send_link(person, purpose), "mail.failed")

    def send_beside(self, person: Person, purpose: MailPurpose) -> None:
        """Send it beside the answer, whose time must not tell whether there was anybody to send it to."""
        self._beside.run(self._send_link(person, purpose), "mail.failed")

    async def tell_taken(self, email: str) -> None:
        """Tell a mailbox that somebody tried to open a second account with it."""
        text = f"Somebody tried to open a second account with this address.\n\nSign in: {self._origin}/sign-in"
        mail = Mail(to=email, subject="You already have an account", text=text, is_asked=True)
        await quietly(self._mailer.send(mail), "mail.failed")

    async def use_up(self, secret: str, purpose: MailPurpose) -> str:
        """Return whose link this is and end it; raises NotFound when it is used, late or invented."""
        token = await self._tables.mail_tokens.by_key("token_hash", hash_token(secret))
        if token is None or token.purpose is not purpose or token.expires_at <= self._clock():
            raise NotFound(LATE)
        if not await self._tables.mail_tokens.delete(token.id, token.owner):
            raise NotFound(LATE)
        return token.owner

    async def settle(self) -> None:
        """Wait for the mails that are on their way."""
        await self._beside.settle()

    async def _send_link(self, person: Person, purpose: MailPurpose) -> None:
        secret, now = secrets.token_urlsafe(32), self._clock()
        is_reset = purpose is MailPurpose.RESET
        token = MailToken(
            id=self._new_id(),
            owner=person.id,
            token_hash=hash_token(secret),
            purpose=purpose,
            created_at=now,
            expires_at=now + (RESET_LIFE if is_reset else VERIFY_LIFE),
        )
        await self._tables.mail_tokens.add(token)
        path = "/reset-password" if is_reset else "/verify-email"
        link = f"{self._origin}{path}?token={secret}"
        subject = "Set a new password" if is_reset else "Confirm your email"
        life = "60 minutes" if is_reset else "24 hours"
        text = f"{subject} for ImageRoute:\n\n{link}\n\nThe link works once, for {life}. Not you? Ignore this mail."
        if not is_reset:
            text += f"\n\n{OBJECT_WORDS} Your switches: {self._origin}/privacy-center#choices"
        mail = Mail(to=person.email, subject=subject, text=text, link=link, is_asked=True, good_until=token.expires_at)
        await self._mailer.send(mail)
