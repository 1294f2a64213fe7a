"""Training: the one query that says which pictures a build may take, the builds, and what a person sees of them.

Principle: nothing is taken but a picture whose last event is a yes of at least 14 days, that still lies in its gallery with
the very bytes that were allowed, of an adult whose data is not frozen. There is no switch for an account, only for all off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.choices import Choice, ChoiceEvent
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.statistics import HOUSE, people_by_cell
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.services.choices import Choices
from imageroute_app.services.gate import Gate

CANDIDATES_MAX = 1_000_000
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A picture that a person allowed, with the event; `image` is None when it is no longer there or in the trash."""

    choice: Choice
    image: Image | None


class Training:
    """Everything about training on pictures that were allowed one by one."""

    def __init__(self, *, database: Database, choices: Choices, gate: Gate, clock: Clock, new_id: NewId) -> None:
        self._tables, self._choices, self._gate = database.tables, choices, gate
        self._clock, self._new_id = clock, new_id

    # --- Builds -------------------------------------------------------------------------------------------------------------

    async def selected(self) -> list[Allowed]:
        """Return exactly the pictures that a build may take now; the only way to find any."""
        now = self._clock()
        found: list[Allowed] = []
        for choice in await self._tables.choices.overdue("cooled_at", now, CANDIDATES_MAX):
            last = await self._choices.log.of_image(choice.owner, choice.image_id)
            if last is None or last.id != choice.id:
                continue
            allowed = await self._with_image(choice)
            if allowed.image is None or allowed.image.sha256 != choice.image_sha256:
                continue
            if await self._gate.may(choice.owner, Purpose.TRAINING, image_id=choice.image_id):
                found.append(allowed)
        return found

    async def build(self) -> DatasetBuild:
        """Make a build of what may be taken now: every picture is written down before the build counts as made."""
        build_id, now, allowed = self._new_id(), self._clock(), await self.selected()
        for one in allowed:
            entry = DatasetEntry(
                id=self._new_id(),
                owner=one.choice.owner,
                build_id=build_id,
                image_id=one.choice.image_id,
                image_sha256=one.choice.image_sha256,
                choice_id=one.choice.id,
                built_at=now,
            )
            await self._tables.dataset_entries.add(entry)
        totals = await self._totals(allowed)
        build = DatasetBuild(id=build_id, owner=HOUSE, images=len(allowed), totals=totals, built_at=now)
        await self._tables.dataset_builds.add(build)
        return build

    async def _totals(self, allowed: Sequence[Allowed]) -> tuple[str, ...]:
        """Return totals of at least 20 people who did not object; only names of ours, no word of anybody."""
        rows = [
            (one.choice.owner, cell)
            for one in allowed
            if one.image is not None and await self._gate.may(one.choice.owner, Purpose.MODEL_STATISTICS)
            for cell in (f"model {one.image.model}", f"size {one.image.width} x {one.image.height}")
        ]
        return tuple(f"{cell}: {people} people" for cell, people in people_by_cell(rows).items())

    async def newest(self) -> DatasetBuild | None:
        """Return the last build that was made here, if there is one; only its totals may be shown."""
        found = await self._tables.dataset_builds.find(Query(owner=HOUSE, limit=1))
        return found[0] if found else None

    # --- What a person sees -------------------------------------------------------------------------------------------------

    async def allowed(self, owner: str) -> list[Allowed]:
        """Return the pictures that are switched on, newest first."""
        latest = await self._choices.log.training(owner)
        return [await self._with_image(last) for last in latest.values() if last.event is ChoiceEvent.GIVEN]

    async def entries(self, owner: str) -> list[DatasetEntry]:
        """Return which pictures went into which build, newest first."""
        return await self._tables.dataset_entries.find(Query(owner=owner, limit=PAGE))

    async def all_off(self, owner: str) -> int:
        """Switch every picture off; returns how many were on."""
        on = await self.allowed(owner)
        for one in on:
            await self._choices.end_training(owner, one.choice.image_id)
        return len(on)

    async def _with_image(self, choice: Choice) -> Allowed:
        try:
            image = await self._tables.images.get(choice.image_id, choice.owner)
        except NotFound:
            return Allowed(choice=choice, image=None)
        return Allowed(choice=choice, image=None if image.trashed else image)
