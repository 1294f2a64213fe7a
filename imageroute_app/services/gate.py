"""The purpose gate: every processing asks here first whether it may happen with this person's data.

Price, quota and place in the queue never ask here: they are the same for everyone (PRIVACY P68). What is stronger is asked
first (PRIVACY 5.7): minor, restriction, withdrawal or objection, the browser's signal, consent.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from imageroute_app.domain.accounts import AgeBand, Lock, Person
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.choices import EVERYTHING, NEVER_MINORS, Choice, ChoiceEvent, is_frozen, is_on
from imageroute_app.domain.errors import ImageRouteError, NotAllowed
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.domain.purposes import PURPOSES, Purpose, Toggle
from imageroute_app.services.activity import Noted, unnoted

ALWAYS = frozenset(purpose for purpose, facts in PURPOSES.items() if facts.while_frozen)
"""What storing needs, and what nobody may be kept from."""
OWN_RECORD = frozenset({Purpose.NEWSLETTER})
"""Consents whose yes is kept elsewhere, by a confirmed address; here only a no counts."""


class Frozen(ImageRouteError):
    """The data is only stored at present; looking, exporting and erasing go on."""

    code = "frozen"
    status = 423

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} You can still look, export, erase and ask; the privacy center has all of it.")


class NotChosen(NotAllowed):
    """The person did not allow this purpose, took the yes back, or objected to it."""

    code = "not_chosen"


CLOSED = {
    Lock.CLOSING: "This account is being closed, so its data is only stored.",
    Lock.CHILD_REPORT: "This account is under review, so its data is only stored.",
    Lock.OPERATOR: "The operator locked this account, so its data is only stored. The reason is in your notices.",
}
LOCK_CODES = {
    Lock.OPEN: "ended",
    Lock.CLOSING: "account-is-closing",
    Lock.CHILD_REPORT: "review-of-a-report",
    Lock.OPERATOR: "by-the-operator",
}
"""What the journal says of it."""
FROZEN = "Your data is frozen, as you chose, so it is only stored."


Listener = Callable[[str, Purpose], Awaitable[None]]


class Gate:
    """Whether a purpose may be served for a person now."""

    def __init__(self, *, database: Database, clock: Clock, noted: Noted = unnoted) -> None:
        self._tables, self._clock, self._noted = database.tables, clock, noted
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell this one of every act that `check` let through; `may` only asks and tells nobody."""
        self._listeners.append(listener)

    async def check(self, owner: str, purpose: Purpose, *, image_id: str = "") -> None:
        """Return if the purpose may be served; `image_id` says for which picture where that is asked one by one.

        Raises:
            Frozen: the account is locked, or the person froze it.
            NotChosen: no consent, a withdrawn one, an objection, or the browser's opt-out signal; or the person is a minor.
        """
        await self._require(owner, purpose, image_id)
        for listener in self._listeners:
            await listener(owner, purpose)

    async def _require(self, owner: str, purpose: Purpose, image_id: str) -> None:
        if purpose in ALWAYS:
            return
        person = await self._tables.people.get(owner, owner)
        facts = PURPOSES[purpose]
        if not facts.for_minors and person.age_band is AgeBand.TEEN:
            raise NotChosen(NEVER_MINORS)
        if person.locked_for is not Lock.OPEN:
            raise Frozen(CLOSED[person.locked_for])
        if await self.is_frozen(owner):
            raise Frozen(FROZEN)
        if facts.toggle is not Toggle.NONE and not await self._is_chosen(owner, purpose, image_id):
            raise NotChosen(f"{facts.title}: not allowed by the person.")

    async def may(self, owner: str, purpose: Purpose, *, image_id: str = "") -> bool:
        """Say whether `check` lets it through; most never said yes to what needs one, so that this is asked first."""
        if PURPOSES[purpose].toggle is not Toggle.NONE and not await self._is_chosen(owner, purpose, image_id):
            return False
        try:
            await self._require(owner, purpose, image_id)
        except (Frozen, NotChosen):
            return False
        return True

    async def is_frozen(self, owner: str) -> bool:
        """Say whether the person froze the data."""
        return is_frozen(await self._last(owner, EVERYTHING))

    async def _is_chosen(self, owner: str, purpose: Purpose, image_id: str) -> bool:
        if PURPOSES[purpose].toggle is Toggle.PER_IMAGE and not image_id:
            return False
        last = await self._last(owner, purpose, image_id)
        if purpose in OWN_RECORD:
            return last is None or last.event is ChoiceEvent.GIVEN
        return is_on(purpose, last, self._clock())

    async def _last(self, owner: str, purpose: str, image_id: str = "") -> Choice | None:
        equals = {"image_id": image_id} if image_id else {"purpose": purpose}
        found = await self._tables.choices.find(Query(owner=owner, equals=equals, limit=1))
        return found[0] if found else None

    async def lock(self, owner: str, reason: Lock) -> Person:
        """Let the account only store, or open it again; repeating is harmless. Raises NotFound once erased."""
        person = await self._tables.people.get(owner, owner)
        if person.locked_for is reason:
            return person
        changed = await self._tables.people.update(replace(person, locked_for=reason))
        await self._noted(owner, ActivityKind.LOCKED, LOCK_CODES[reason])
        return changed
