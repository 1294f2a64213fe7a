"""The newsletter: asked for twice, left with one press, apart from every account.

Principles: an address that did not confirm gets the one question and nothing else. Leaving needs no account, no script and no
word of explanation, and works at once. An issue reaches an address once at most: it is noted before the mail leaves.
"""

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.newsletter import (
    ISSUES_KEPT,
    LEAVE_WORDS,
    SUPPRESSED_FOR,
    UNCONFIRMED_FOR,
    Subscription,
    SubscriptionState,
)
from imageroute_app.domain.ports import Clock, Database, Limiter, Mail, Mailer, NewId
from imageroute_app.domain.rules import Rules
from imageroute_app.services.beside import Beside
from imageroute_app.services.signing import clean_email

log = logging.getLogger(__name__)

BATCH = 200
LATE = "This link does not work any more. Ask for the newsletter again, if you want it."
ASKED_PER_DAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a run did: addresses that were sent the issue now, had it already, and that a mail server refused for now."""

    sent: int
    had: int
    failed: int


Follow = Callable[[str, str], Awaitable[bool]]
"""Newsletter.follow, for who changes an address."""


class Newsletter:
    """Subscriptions and issues."""

    def __init__(
        self,
        *,
        database: Database,
        mailer: Mailer,
        limiter: Limiter,
        key: bytes,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        notes: Sequence[Callable[[str], Awaitable[None]]] = (),
        post: Mailer | None = None,
    ) -> None:
        """`notes` are written before a subscription is erased, so that no backup brings the address back.

        Questions go by `post`, which keeps what no mail server takes now; an issue that was not taken is sent by the next run.
        """
        self._notes = notes
        self._database, self._subscriptions = database, database.tables.newsletter_subscriptions
        self._mailer, self._post, self._limiter, self._key = mailer, post or mailer, limiter, key
        self._clock, self._new_id, self._rules = clock, new_id, rules
        self._beside = Beside()

    async def find(self, email: str) -> Subscription | None:
        """Return what there is of an address, also while it waits to be confirmed; None once it left."""
        found = await self._subscriptions.by_key("email_key", email.casefold())
        return found if found and not self._is_over(found) and found.state is not SubscriptionState.STOPPED else None

    async def ask(self, email: str, *, is_proven: bool = False) -> None:
        """Send the question whether the address wants it, beside the answer; confirmed ones are not asked again.

        Args:
            email: Any address; the answer is the same whatever is known of it.
            is_proven: Whether its owner is signed in with it, who may come back although it left within the month.

        Raises:
            InvalidInput: It is no address.
        """
        self._beside.run(self._ask(clean_email(email), is_proven), "newsletter.ask_failed")

    async def ask_own(self, email: str, *, is_proven: bool) -> None:
        """Send the question to the address of the signed-in person, who is told how that went.

        Raises:
            RateLimited: It was asked three times today.
            Unavailable: The mail server does not answer.
        """
        await self._ask(clean_email(email), is_proven)

    async def _ask(self, email: str, is_proven: bool) -> None:
        key = email.casefold()
        await self._limiter.hit(
            "newsletter", hashlib.sha256(key.encode()).hexdigest(), limit=ASKED_PER_DAY, window_s=86_400
        )
        found = await self._subscriptions.by_key("email_key", key)
        if found and not self._is_over(found) and _stays(found, is_proven):
            return
        if found and (self._is_over(found) or found.state is SubscriptionState.STOPPED):
            await self._database.erase_rows(found.owner)
            found = None
        await self._send_question(found or await self._add(email))

    async def _add(self, email: str) -> Subscription:
        now, new_id = self._clock(), self._new_id()
        subscription = Subscription(
            id=new_id, owner=new_id, email=email, email_key=email.casefold(), state=SubscriptionState.ASKED, asked_at=now,
            confirmed_at=None, drop_at=now + UNCONFIRMED_FOR,
        )  # fmt: skip
        await self._subscriptions.add(subscription)
        return subscription

    async def _send_question(self, subscription: Subscription) -> None:
        link = f"{self._rules.origin}/newsletter?confirm={self.token(subscription.id, 'confirm')}"
        text = (
            "Somebody, hopefully you, asked for the ImageRoute newsletter at this address. To get it, open this page and press"
            f" the button:\n\n{link}\n\nNot you? Do nothing: the address is deleted here in 7 days and gets no other mail."
        )
        mail = Mail(
            to=subscription.email, subject="Do you want the newsletter?", text=text, link=link, is_asked=True,
            good_until=subscription.drop_at,
        )  # fmt: skip
        await self._post.send(mail)

    async def confirm(self, token: str) -> Subscription:
        """Confirm by the mailed link; repeating is fine. Raises NotFound when it is late, left or invented."""
        subscription = await self._of(token, "confirm")
        if subscription.state is SubscriptionState.CONFIRMED:
            return subscription
        return await self._subscriptions.update(
            replace(subscription, state=SubscriptionState.CONFIRMED, confirmed_at=self._clock(), drop_at=None)
        )

    async def leave(self, token: str) -> str:
        """End a subscription by the link of any issue; returns its address, nothing if it had ended already.

        Raises:
            NotFound: The link is invented.
        """
        if not self._id_of(token, "leave"):
            raise NotFound(LATE)
        try:
            subscription = await self._of(token, "leave")
        except NotFound:
            return ""
        await self._stop(subscription)
        return subscription.email

    async def leave_address(self, email: str) -> None:
        """End the subscription of an address, for its signed-in person; none there is fine."""
        found = await self._subscriptions.by_key("email_key", email.casefold())
        if found and found.state is not SubscriptionState.STOPPED:
            await self._stop(found)

    async def forget_address(self, email: str) -> int:
        """Erase everything about an address, its hash too; part of closing an account. Returns how many rows went."""
        found = await self._subscriptions.by_key("email_key", email.casefold())
        return await self._erase(found) if found else 0

    async def follow(self, old: str, new: str) -> bool:
        """End the newsletter at an address that is its person's no more, and ask the new one; says whether there was any.

        The yes was given for a mailbox: nothing goes to another before a mail was answered there, and nothing more to this.
        """
        found = await self.find(old)
        if found is None:
            return False
        await self._erase(found)
        await self.ask(new, is_proven=True)
        return True

    async def _erase(self, subscription: Subscription) -> int:
        for note in self._notes:
            await note(subscription.owner)
        return await self._database.erase_rows(subscription.owner)

    async def _stop(self, subscription: Subscription) -> None:
        """Destroy the row with its key, and keep the hash of the address alone for a month."""
        key, now, new_id = subscription.email, self._clock(), self._new_id()
        await self._erase(subscription)
        stopped = Subscription(
            id=new_id, owner=new_id, email="", email_key=key.casefold(), state=SubscriptionState.STOPPED, asked_at=now,
            confirmed_at=None, drop_at=now + SUPPRESSED_FOR,
        )  # fmt: skip
        try:
            await self._subscriptions.add(stopped)
        except Duplicate:
            return  # left twice at once

    async def sweep(self) -> int:
        """Erase what nobody confirmed in 7 days and hashes after 30 days; returns how many went."""
        over = await self._subscriptions.overdue("drop_at", self._clock(), BATCH)
        for subscription in over:
            await self._database.erase_rows(subscription.owner)
        return len(over)

    # --- Issues -----------------------------------------------------------------------------------------------------------

    async def send(self, subject: str, text: str) -> Sent:
        """Send an issue to every confirmed address that did not have it; a run that was stopped goes on where it was.

        Raises:
            InvalidInput: There is no subject or no text.
        """
        if not subject.strip() or not text.strip():
            raise InvalidInput("An issue has a subject in its first line, an empty line, and a text.")
        issue = hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()[:16]
        sent = had = failed = 0
        after = ""
        while page := await self._subscriptions.walk(after, BATCH):
            for subscription in page:
                if subscription.state is not SubscriptionState.CONFIRMED:
                    continue
                if issue in subscription.issues:
                    had += 1
                    continue
                if await self._send_issue(subscription, issue, subject, text):
                    sent += 1
                else:
                    failed += 1
            after = page[-1].id
        return Sent(sent=sent, had=had, failed=failed)

    async def _send_issue(self, subscription: Subscription, issue: str, subject: str, text: str) -> bool:
        issues = (*subscription.issues, issue)[-ISSUES_KEPT:]
        try:
            noted = await self._subscriptions.update(replace(subscription, issues=issues))
        except (Conflict, NotFound):
            return False  # left in this very moment, or another run is at it
        link = f"{self._rules.origin}/unsubscribe?s={self.token(subscription.id, 'leave')}"
        headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        body = f"{text.rstrip()}\n\n--\n{LEAVE_WORDS} {link}\n"
        try:
            await self._mailer.send(Mail(to=subscription.email, subject=subject, text=body, link=link, headers=headers))
        except (Unavailable, InvalidInput) as error:
            log.warning("newsletter.not_sent", extra={"subscription": subscription.id, "code": error.code})
            if isinstance(error, Unavailable):
                await self._subscriptions.update(replace(noted, issues=subscription.issues))
            return False
        return True

    # --- Links ------------------------------------------------------------------------------------------------------------

    def token(self, subscription_id: str, use: str) -> str:
        """Return the secret of a link: the id and its proof, which nobody else can make."""
        return f"{subscription_id}.{self._proof(subscription_id, use)}"

    def _proof(self, subscription_id: str, use: str) -> str:
        return hmac.digest(self._key, f"{use}|{subscription_id}".encode(), "sha256").hex()[:32]

    def _id_of(self, token: str, use: str) -> str:
        subscription_id, _, proof = token.partition(".")
        is_ours = hmac.compare_digest(proof.encode(), self._proof(subscription_id, use).encode())
        return subscription_id if is_ours else ""

    async def _of(self, token: str, use: str) -> Subscription:
        subscription_id = self._id_of(token, use)
        if not subscription_id:
            raise NotFound(LATE)
        try:
            found = await self._subscriptions.get(subscription_id, subscription_id)
        except NotFound as error:
            raise NotFound(LATE) from error
        if self._is_over(found):
            raise NotFound(LATE)
        return found

    def _is_over(self, subscription: Subscription) -> bool:
        now: datetime = self._clock()
        return subscription.drop_at is not None and subscription.drop_at <= now

    async def settle(self) -> None:
        """Wait for the questions that are on their way."""
        await self._beside.settle()


def _stays(found: Subscription, is_proven: bool) -> bool:
    """Say whether asking changes nothing: it is confirmed, or it left and somebody else may be asking."""
    left = found.state is SubscriptionState.STOPPED and not is_proven
    return left or found.state is SubscriptionState.CONFIRMED
