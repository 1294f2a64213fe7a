"""Choices of a person: give, withdraw, object, freeze, lift, and the history with its receipts.

Principle: only events are written, one after the other, each bound to the one before. What is repeated changes nothing.
A person can be asked here what stands; whether something may be done is the gate's to say.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.choices import (
    EVERYTHING,
    NEVER_MINORS,
    Choice,
    ChoiceEvent,
    Method,
    SessionKind,
    is_frozen,
    is_on,
    may_ask,
    words_for,
)
from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.domain.purposes import OPTIONAL, PURPOSES, Purpose, Toggle
from imageroute_app.services.activity import Noted, unnoted
from imageroute_app.services.choice_log import ChoiceLog, How, ShownEdition
from imageroute_app.services.gate import NotChosen

LIFT_TOPIC = "freeze-lifts"
LIFT_FIRST = "Read first what starts again when the freeze is lifted, then lift it."

Forget = Callable[[str, Purpose], Awaitable[None]]
"""Deletes what was gathered under a purpose that the person just ended, given owner and purpose; repeatable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one purpose stands: `last` is the event that says so, if there is any; `by_signal`, a browser's signal ended it."""

    purpose: Purpose
    is_on: bool
    last: Choice | None

    @property
    def by_signal(self) -> bool:
        """Whether the last word is the browser's."""
        return self.last is not None and self.last.event is ChoiceEvent.SIGNAL


class Choices:
    """Everything a person decides about purposes."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        new_id: NewId,
        edition: ShownEdition,
        forget: Sequence[Forget] = (),
        noted: Noted = unnoted,
    ) -> None:
        self.log = ChoiceLog(database=database, clock=clock, new_id=new_id, edition=edition, noted=noted)
        self._tables, self._clock, self._new_id, self._forget = database.tables, clock, new_id, forget

    # --- Deciding ---------------------------------------------------------------------------------------------------------

    async def choose(self, owner: str, purpose: Purpose, *, on: bool, how: How | None = None) -> Standing:
        """Switch a purpose on or off: consent given, refused or withdrawn, objection made or taken back. Repeating is harmless.

        Raises:
            InvalidInput: the purpose has no such switch.
        """
        toggle = PURPOSES[purpose].toggle
        if toggle not in (Toggle.CONSENT, Toggle.OBJECTION):
            raise InvalidInput("There is no switch for this.", field="purpose")
        standing = await self.standing(owner, purpose)
        is_first_answer = toggle is Toggle.CONSENT and may_ask([standing.last], self._clock())
        if standing.is_on != on or is_first_answer:
            event = _event(toggle, on=on, was_on=standing.is_on)
            last = await self.log.add(owner, purpose, event, how, against_signal=on and standing.by_signal)
            standing = Standing(purpose=purpose, is_on=on, last=last)
        if not on:
            await self._let_go(owner, purpose)
        return standing

    async def signal(self, owner: str, how: How | None = None) -> int:
        """Note that the person's browser asks to opt out; only takes away, once. Returns how many purposes it ended.

        A yes that the person gives later, beside the words that it goes against the signal, stands.
        """
        how = how or How(method=Method.HEADER)
        ended = 0
        for purpose in OPTIONAL:
            if await self.log.has(owner, purpose, ChoiceEvent.SIGNAL):
                continue
            await self.log.add(owner, purpose, ChoiceEvent.SIGNAL, how)
            await self._let_go(owner, purpose)
            ended += 1
        return ended

    async def bring(
        self,
        owner: str,
        answers: dict[Purpose, bool],
        answered_at: datetime,
        *,
        words: str = "",
        against_signal: bool = False,
    ) -> None:
        """Take over what was answered before signing in, unless the person decided later than that.

        `words` are what was shown if not what stands beside the switches; `against_signal`, that the yes was given beside
        the words about the browser's signal, which so came first.
        """
        how = How(session_kind=SessionKind.SIGNED_OUT, words=words)
        lasts = {purpose: (await self.standing(owner, purpose)).last for purpose in OPTIONAL}
        if against_signal:
            await self.signal(owner)
        for purpose, last in lasts.items():
            if purpose in answers and (last is None or last.created_at < answered_at):
                await self.choose(owner, purpose, on=answers[purpose], how=how)

    async def _let_go(self, owner: str, purpose: Purpose) -> None:
        for forget in self._forget:
            await forget(owner, purpose)

    # --- One picture ------------------------------------------------------------------------------------------------------

    async def allow_training(self, owner: str, image_id: str, *, on: bool, how: How | None = None) -> bool:
        """Allow training on one picture or take that back; returns how it stands. Raises NotFound, NotChosen for minors."""
        image = await self._tables.images.get(image_id, owner)
        last = await self.log.of_image(owner, image_id)
        if on and (await self._tables.people.get(owner, owner)).age_band is AgeBand.TEEN:
            raise NotChosen(NEVER_MINORS)
        if on and (image.trashed or not image.job_id):
            raise Conflict("Only a picture that was made here and lies in your gallery can be allowed.")
        if is_on(Purpose.TRAINING, last, self._clock()) != on:
            event = ChoiceEvent.GIVEN if on else ChoiceEvent.WITHDRAWN
            await self.log.add(owner, Purpose.TRAINING, event, how, image=(image_id, image.sha256))
        return on

    async def end_training(self, owner: str, image_id: str) -> None:
        """Take the yes to training on a picture back, if there is one; the picture itself may be gone."""
        last = await self.log.of_image(owner, image_id)
        if last is not None and last.event is ChoiceEvent.GIVEN:
            image = (image_id, last.image_sha256)
            await self.log.add(owner, Purpose.TRAINING, ChoiceEvent.WITHDRAWN, None, image=image)

    # --- Freezing ---------------------------------------------------------------------------------------------------------

    async def freeze(self, owner: str, how: How | None = None) -> None:
        """Let everything only be stored; repeating is harmless."""
        if not is_frozen(await self.log.last(owner, EVERYTHING)):
            await self._drop_notice(owner)
            await self.log.add(owner, EVERYTHING, ChoiceEvent.FROZEN, how)
            await self._let_go(owner, Purpose.GENERATE)

    async def announce_lifting(self, owner: str) -> str:
        """Tell the person what starts again, before it does (GDPR Art. 18(3)); returns the words."""
        words = words_for(EVERYTHING, ChoiceEvent.LIFTED)
        if is_frozen(await self.log.last(owner, EVERYTHING)) and await self._notice(owner) is None:
            notice = Notice(
                id=self._new_id(),
                owner=owner,
                topic=LIFT_TOPIC,
                text=words,
                path="/privacy-center#choices",
                created_at=self._clock(),
                seen_at=self._clock(),
            )
            await self._tables.notices.add(notice)
        return words

    async def lift(self, owner: str, how: How | None = None) -> None:
        """End the freeze; raises Conflict unless the person was told before. Repeating is harmless."""
        if not is_frozen(await self.log.last(owner, EVERYTHING)):
            return
        if await self._notice(owner) is None:
            raise Conflict(LIFT_FIRST)
        await self.log.add(owner, EVERYTHING, ChoiceEvent.LIFTED, how)
        await self._drop_notice(owner)

    async def is_frozen(self, owner: str) -> bool:
        """Say whether the person froze the data."""
        return is_frozen(await self.log.last(owner, EVERYTHING))

    async def _notice(self, owner: str) -> Notice | None:
        found = await self._tables.notices.find(Query(owner=owner, equals={"topic": LIFT_TOPIC}, limit=1))
        return found[0] if found else None

    async def _drop_notice(self, owner: str) -> None:
        if notice := await self._notice(owner):
            await self._tables.notices.delete(notice.id, owner)

    # --- How things stand -------------------------------------------------------------------------------------------------

    async def standing(self, owner: str, purpose: Purpose) -> Standing:
        """Return how one purpose stands; notes it once when a consent has run out."""
        last, now = await self.log.last(owner, purpose), self._clock()
        if last is not None and last.expires_at is not None and last.expires_at <= now:
            last = await self.log.add(owner, purpose, ChoiceEvent.EXPIRED, None)
        return Standing(purpose=purpose, is_on=is_on(purpose, last, now), last=last)

    async def standings(self, owner: str) -> list[Standing]:
        """Return how every purpose with a switch of its own stands, in the order of PURPOSES."""
        switched = [
            purpose for purpose, facts in PURPOSES.items() if facts.toggle in (Toggle.CONSENT, Toggle.OBJECTION)
        ]
        return [await self.standing(owner, purpose) for purpose in switched]

    async def has_signal(self, owner: str) -> bool:
        """Say whether a browser of the person ever asked to opt out."""
        return any([await self.log.has(owner, purpose, ChoiceEvent.SIGNAL) for purpose in OPTIONAL])

    async def may_ask(self, owner: str) -> bool:
        """Say whether the person may be asked about the optional purposes now."""
        return may_ask([await self.log.last(owner, purpose) for purpose in OPTIONAL], self._clock())


def _event(toggle: Toggle, *, on: bool, was_on: bool) -> ChoiceEvent:
    if toggle is Toggle.CONSENT and not on:
        return ChoiceEvent.WITHDRAWN if was_on else ChoiceEvent.REFUSED
    if toggle is Toggle.CONSENT:
        return ChoiceEvent.GIVEN
    return ChoiceEvent.OBJECTION_WITHDRAWN if on else ChoiceEvent.OBJECTED
