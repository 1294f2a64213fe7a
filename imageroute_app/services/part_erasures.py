"""Erasing one part of an account: begun at once, carried by the same worker, with the same receipt; the account stays open."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.data_map import Category
from imageroute_app.domain.erasures import STALE_AFTER, Erasure, Phase
from imageroute_app.domain.errors import Duplicate
from imageroute_app.domain.parts import PARTS, Part, subject_of
from imageroute_app.domain.ports import Clock, Database, NewId, Tables
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_steps import ErasureSteps
from imageroute_app.services.holdings import Holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a person is told before a part goes: how much there is, and who else got something of it."""

    part: Part
    count: int
    companies: Sequence[str]


class PartErasures:
    """Erasing a category."""

    def __init__(
        self,
        *,
        database: Database,
        erasures: Erasures,
        steps: ErasureSteps,
        holdings: Holdings,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._erasures, self._steps, self._holdings = erasures, steps, holdings
        self._clock, self._new_id = clock, new_id

    async def offer(self, owner: str, category: Category) -> Offer:
        """Return what would go."""
        counts = {holding.category: holding.count for holding in await self._holdings.all(owner)}
        return Offer(part=PARTS[category], count=counts[category], companies=await self._steps.companies(owner))

    async def begin(self, owner: str, category: Category, *, beside: bool = True) -> Erasure:
        """Begin beside the answer; asking again while it runs returns the one that runs. Raises NotFound once erased.

        Not `beside`: only noted down; the caller, or the sweep, has it carried out.
        """
        await self._tables.people.get(owner, owner)
        subject = subject_of(owner, category)
        if (standing := await self._tables.erasures.by_key("subject", subject)) is None:
            standing = await self._open(subject, category)
        if beside:
            self._erasures.go(standing)
        return standing

    async def _open(self, subject: str, category: Category) -> Erasure:
        now, erasure_id = self._clock(), self._new_id()
        erasure = Erasure(
            id=erasure_id, owner=erasure_id, code=secrets.token_hex(16), subject=subject, phase=Phase.ERASING, asked_at=now,
            grace_until=now, due_at=now, remind_at=now + STALE_AFTER, reason=category.value,
        )  # fmt: skip
        steps = await self._steps.plan(erasure)

        async def write(tables: Tables) -> None:
            await tables.erasures.add(erasure)
            for step in steps:
                await tables.erasure_steps.add(step)

        try:
            await self._database.transact(write)
        except Duplicate:  # two tabs at once: the other one's stands
            return await self._tables.erasures.by_key("subject", subject) or erasure
        return erasure
