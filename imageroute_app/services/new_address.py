"""Another email for an account (PRIVACY P46): the new mailbox is proven first, then the old one and companies are told.

The new address is stored nowhere before it is proven: the mailed link holds a secret, and only a hash of both is kept. So the
page behind the link asks for the address once more, which also finds a slip of the finger.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from imageroute_app.domain.accounts import MailPurpose, MailToken, Person
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.cases import Kind
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from imageroute_app.domain.ports import Clock, Database, Limiter, Mail, Mailer, NewId, Query
from imageroute_app.services.beside import Beside, quietly
from imageroute_app.services.entries import Entries
from imageroute_app.services.mail_links import LATE, VERIFY_LIFE, hash_token
from imageroute_app.services.newsletter import Follow
from imageroute_app.services.signing import clean_email

AN_HOUR = 3600
ASKS_MAX, TRIES_MAX = 5, 10
TAKEN = "There is an account with this address already."
TOLD = "Somebody wanted to move an account of theirs to this address, which has one already. Nothing changed."
MOVED = (
    "The email of your account was changed, and this address no longer signs you in.\n\nThat was not you? Write to us at once:"
    " answer this mail or use {origin}/support."
)
NO_NEWSLETTER = " The newsletter comes here no more; the new address was asked whether it wants it."

TellRecipients = Callable[[str, str], Awaitable[Sequence[str]]]
"""Tells companies that hold something of a person that it was corrected (services/payment_erasure); returns whom."""


class NewAddress:
    """Changing the address of a local account."""

    def __init__(
        self,
        *,
        database: Database,
        mailer: Mailer,
        limiter: Limiter,
        entries: Entries,
        newsletter_follows: Follow,
        tell_recipients: TellRecipients,
        clock: Clock,
        new_id: NewId,
        origin: str,
    ) -> None:
        self._database, self._tables, self._mailer = database, database.tables, mailer
        self._limiter, self._entries, self._tell_recipients = limiter, entries, tell_recipients
        self._newsletter_follows = newsletter_follows
        self._clock, self._new_id, self._origin = clock, new_id, origin
        self._beside = Beside()

    async def ask(self, owner: str, email: str) -> None:
        """Mail a link to the new address; who already has it is told, and the answer is the same.

        Raises:
            InvalidInput: It is no address, or the account's own.
            RateLimited: After five in an hour.
        """
        await self._limiter.hit("new-address", owner, limit=ASKS_MAX, window_s=AN_HOUR)
        email = clean_email(email)
        person = await self._tables.people.get(owner, owner)
        if person.email.casefold() == email.casefold():
            raise InvalidInput("This is the address of your account already.", field="email")
        await self._drop_links(owner, MailPurpose.EMAIL)
        if await self._tables.people.by_key("email_key", email.casefold()) is not None:
            await quietly(self._mailer.send(Mail(to=email, subject="You have an account", text=TOLD)), "mail.failed")
            return
        secret, now = secrets.token_urlsafe(32), self._clock()
        token = MailToken(
            id=self._new_id(), owner=owner, token_hash=_hash(secret, email), purpose=MailPurpose.EMAIL, created_at=now,
            expires_at=now + VERIFY_LIFE,
        )  # fmt: skip
        await self._tables.mail_tokens.add(token)
        link = f"{self._origin}/new-email?token={secret}"
        text = (
            f"Use this address for your ImageRoute account:\n\n{link}\n\nThe link works once, for 24 hours. Not you?"
            " Ignore this mail: nothing changes."
        )
        mail = Mail(to=email, subject="Confirm your new email", text=text, link=link)
        await quietly(self._mailer.send(mail), "mail.failed")

    async def take(self, secret: str, email: str, *, address: str) -> Person:
        """Make the proven address the account's; returns the person as stored.

        Raises:
            NotFound: The link is used, late or invented, or the address is not the one it was mailed to.
            InvalidInput: Somebody else has the address by now.
        """
        await self._limiter.hit("new-address-from", address, limit=TRIES_MAX, window_s=AN_HOUR)
        email = clean_email(email)
        token = await self._tables.mail_tokens.by_key("token_hash", _hash(secret, email))
        if token is None or token.purpose is not MailPurpose.EMAIL or token.expires_at <= self._clock():
            raise NotFound(f"{LATE} Or the address is not the one that the mail went to.")
        person = await self._tables.people.get(token.owner, token.owner)
        moved = replace(person, email=email, email_key=email.casefold(), email_verified_at=self._clock())
        try:
            stored = await self._tables.people.update(moved)
        except (Duplicate, Conflict) as error:
            raise InvalidInput(TAKEN, field="email") from error
        for purpose in MailPurpose:  # links to the former mailbox no longer open this account
            await self._drop_links(person.id, purpose)
        await self._entries.noted(person.id, ActivityKind.EMAIL_CHANGED)
        text = MOVED.format(origin=self._origin)
        if person.email_verified_at is not None and await self._newsletter_follows(person.email, email):
            text += NO_NEWSLETTER
        mail = Mail(to=person.email, subject="Your email was changed", text=text)
        await quietly(self._mailer.send(mail), "mail.failed")
        self._beside.run(self._tell(person.id), "correction.failed")
        return stored

    async def settle(self) -> None:
        """Wait for what is on its way."""
        await self._beside.settle()

    async def _tell(self, owner: str) -> None:
        await self._tell_recipients(owner, Kind.CORRECT)

    async def _drop_links(self, owner: str, purpose: MailPurpose) -> None:
        query = Query(owner=owner, equals={"purpose": purpose}, limit=50)
        for token in await self._tables.mail_tokens.find(query):
            await self._tables.mail_tokens.delete(token.id, owner)


def _hash(secret: str, email: str) -> str:
    return hash_token(f"{secret}|{email.casefold()}")
