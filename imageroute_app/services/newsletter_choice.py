"""The newsletter as a choice of a signed-in person: the yes and the no in the log, the address in its own table.

Principle: a yes here only has the address asked; nothing is sent before the mail was answered. A no ends it at once.
"""

from dataclasses import dataclass

from imageroute_app.domain.choices import Choice, Method, SessionKind
from imageroute_app.domain.newsletter import LEAVE_WORDS, SubscriptionState
from imageroute_app.domain.ports import Database
from imageroute_app.domain.purposes import Purpose
from imageroute_app.services.choice_log import How
from imageroute_app.services.choices import Choices
from imageroute_app.services.newsletter import Newsletter


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterStanding:
    """How the newsletter stands for the person's address; `last` is the last word the person said here."""

    state: SubscriptionState
    email: str
    last: Choice | None

    @property
    def is_on(self) -> bool:
        """Whether the person wants it, also while the mail waits for its answer."""
        return self.state is not SubscriptionState.STOPPED

    @property
    def is_waiting(self) -> bool:
        """Whether the mail that asks was not answered yet."""
        return self.state is SubscriptionState.ASKED


class NewsletterChoice:
    """The newsletter's switch."""

    def __init__(self, *, database: Database, choices: Choices, newsletter: Newsletter) -> None:
        self._people, self._choices, self._newsletter = database.tables.people, choices, newsletter

    async def standing(self, owner: str) -> NewsletterStanding:
        """Return how it stands, by what there is of the address and not by what was once said."""
        person = await self._people.get(owner, owner)
        found = await self._newsletter.find(person.email)
        last = await self._choices.log.last(owner, Purpose.NEWSLETTER)
        state = found.state if found else SubscriptionState.STOPPED
        return NewsletterStanding(state=state, email=person.email, last=last)

    async def leave(self, token: str) -> None:
        """End a subscription by the link of an issue, and note that on the account of its address, if there is one.

        Raises:
            NotFound: The link is invented.
        """
        email = await self._newsletter.leave(token)
        person = await self._people.by_key("email_key", email.casefold()) if email else None
        if person is not None:
            how = How(method=Method.MAIL, session_kind=SessionKind.SIGNED_OUT, words=LEAVE_WORDS)
            await self._choices.choose(person.id, Purpose.NEWSLETTER, on=False, how=how)

    async def choose(self, owner: str, *, on: bool, how: How | None = None) -> NewsletterStanding:
        """Have the address asked, or end the newsletter now; repeating is harmless.

        Raises:
            RateLimited: The address was asked three times today.
            Unavailable: The mail server does not answer.
        """
        person = await self._people.get(owner, owner)
        await self._choices.choose(owner, Purpose.NEWSLETTER, on=on, how=how)
        if on:
            await self._newsletter.ask_own(person.email, is_proven=person.email_verified_at is not None)
        else:
            await self._newsletter.leave_address(person.email)
        return await self.standing(owner)
