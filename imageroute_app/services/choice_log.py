"""The log of choices: events that are added one after the other, each bound to the one before, and read back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.choices import (
    CONSENT_LIFE,
    COOL_DOWN,
    Choice,
    ChoiceEvent,
    Method,
    SessionKind,
    broken_at,
    chained,
    words_for,
)
from imageroute_app.domain.errors import Conflict, Duplicate
from imageroute_app.domain.ports import Clock, Database, NewId, Query, Tables
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.services.activity import Noted, unnoted

PAGE = 200
TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """By which way a choice was made, as the record keeps it.

    `words` are what was shown if it was not what stands beside the switch.
    """

    method: Method = Method.BUTTON
    session_kind: SessionKind = SessionKind.SIGNED_IN
    locale: str = "en"
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What was in front of the person: the version of the policy, and the build of the pages."""

    policy_version: str
    ui_build: str


ShownEdition = Callable[[], Awaitable[Edition]]
"""Says what is in front of people now: the edition in effect may change while the process runs."""


class ChoiceLog:
    """A person's events; nothing here changes or deletes one."""

    def __init__(
        self, *, database: Database, clock: Clock, new_id: NewId, edition: ShownEdition, noted: Noted = unnoted
    ) -> None:
        self._database, self._tables, self._noted = database, database.tables, noted
        self._clock, self._new_id, self._edition = clock, new_id, edition

    async def add(
        self,
        owner: str,
        purpose: str,
        event: ChoiceEvent,
        how: How | None = None,
        *,
        against_signal: bool = False,
        image: tuple[str, str] = ("", ""),
    ) -> Choice:
        """Add the next event of the person; `image` is id and SHA-256 of the picture it is about.

        Raises:
            Conflict: other tabs keep adding at the same moment.
        """
        choice = self._event(purpose, event, how or How(), await self._edition(), against_signal=against_signal)
        choice = replace(choice, owner=owner, image_id=image[0], image_sha256=image[1])
        for _ in range(TRIES):
            try:
                added = await self._database.transact(lambda tables: _append(tables, choice))
            except Duplicate:
                continue
            if event is not ChoiceEvent.EXPIRED:  # nobody did that
                await self._noted(owner, ActivityKind.CONSENT, f"{purpose}.{event}")
            return added
        raise Conflict("Your choices changed in another tab just now. Look at them and try again.")

    def _event(self, purpose: str, event: ChoiceEvent, how: How, edition: Edition, *, against_signal: bool) -> Choice:
        now = whole_milliseconds(self._clock())
        lasts = event is ChoiceEvent.GIVEN and purpose in OPTIONAL
        cools = event is ChoiceEvent.GIVEN and purpose == Purpose.TRAINING
        return Choice(
            id=self._new_id(),
            owner="",
            number=1,
            event=event,
            purpose=str(purpose),
            image_id="",
            image_sha256="",
            words=how.words or words_for(purpose, event, against_signal=against_signal),
            words_sha256="",
            policy_version=edition.policy_version,
            ui_build=edition.ui_build,
            locale=how.locale,
            method=how.method,
            session_kind=how.session_kind,
            created_at=now,
            expires_at=now + CONSENT_LIFE if lasts else None,
            cooled_at=now + COOL_DOWN if cools else None,
        )

    async def last(self, owner: str, purpose: str) -> Choice | None:
        """Return the last event of a purpose."""
        return await self._first(owner, {"purpose": purpose})

    async def of_image(self, owner: str, image_id: str) -> Choice | None:
        """Return the last event about training on a picture."""
        return await self._first(owner, {"image_id": image_id})

    async def has(self, owner: str, purpose: Purpose, event: ChoiceEvent) -> bool:
        """Say whether this ever happened."""
        found = await self._tables.choices.find(Query(owner=owner, equals={"purpose": purpose.value}, limit=PAGE))
        return any(choice.event is event for choice in found)

    async def about_image(self, owner: str, image_id: str) -> list[Choice]:
        """Return every event about training on a picture, newest first."""
        return await self._tables.choices.find(Query(owner=owner, equals={"image_id": image_id}, limit=PAGE))

    async def _first(self, owner: str, equals: dict[str, str]) -> Choice | None:
        found = await self._tables.choices.find(Query(owner=owner, equals={**equals}, limit=1))
        return found[0] if found else None

    async def training(self, owner: str) -> dict[str, Choice]:
        """Return the last event about training of every picture that ever had one, newest first."""
        latest: dict[str, Choice] = {}
        after = ""
        while page := await self._page(owner, after):
            for choice in page:
                latest.setdefault(choice.image_id, choice)
            after = page[-1].id
        return latest

    async def _page(self, owner: str, after: str) -> list[Choice]:
        equals = {"purpose": Purpose.TRAINING.value}
        return await self._tables.choices.find(Query(owner=owner, equals={**equals}, after=after, limit=PAGE))

    async def history(self, owner: str, *, after: str = "", limit: int = 50) -> list[Choice]:
        """Return a page of events, newest first."""
        return await self._tables.choices.find(Query(owner=owner, after=after, limit=limit))

    async def event(self, owner: str, choice_id: str) -> Choice:
        """Return one event; raises NotFound."""
        return await self._tables.choices.get(choice_id, owner)

    async def broken_at(self, owner: str) -> int | None:
        """Return the number of the first event that was changed, removed or put in afterwards; None when all is sound."""
        events: list[Choice] = []
        after = ""
        while page := await self._tables.choices.find(Query(owner=owner, after=after, limit=PAGE, oldest_first=True)):
            events += page
            after = page[-1].id
        return broken_at(events)


async def _append(tables: Tables, choice: Choice) -> Choice:
    found = await tables.choices.find(Query(owner=choice.owner, limit=1))
    following = chained(choice, found[0] if found else None)
    await tables.choices.add(following)
    return following


def whole_milliseconds(moment: datetime) -> datetime:
    """Return a time as every database gives it back, so that a digest over it still fits."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
