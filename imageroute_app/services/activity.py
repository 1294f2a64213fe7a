"""Activity: what happened on an account, for its person to see and for nobody else, and gone again in time."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from imageroute_app.domain.activity import DETAIL, FULL_ADDRESS_FOR, Activity, ActivityKind, cut_address, kept_for
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.ports import Clock, Database, NewId, Query

BATCH = 200
FAILED_MAX = 200
"""Failed sign-ins that are kept of one account: more tell nothing more, and a stranger must not be able to fill a table."""
ENTRIES = (ActivityKind.SIGN_UP, ActivityKind.SIGN_IN, ActivityKind.NEW_DEVICE)


Noted = Callable[[str, ActivityKind, str], Awaitable[None]]
"""Writes down what a person changed, given owner, kind and a short code of ours for what it was."""


async def unnoted(_owner: str, _kind: ActivityKind, _detail: str) -> None:
    """Write nothing down."""


class ActivityLog:
    """The journal of every account."""

    def __init__(self, *, database: Database, clock: Clock, new_id: NewId) -> None:
        self._tables, self._clock, self._new_id = database.tables, clock, new_id

    async def note(
        self, owner: str, kind: ActivityKind, *, address: str = "", device: str = "", detail: str = ""
    ) -> None:
        """Write down what happened.

        Args:
            owner: On whose account.
            kind: What.
            address: The network address it came from; cut after 24 hours. Empty for what we did ourselves.
            device: Browser family and system, such as "Firefox on Linux".
            detail: A short code of ours such as the name of a setting, never a person's words.

        Raises:
            NotFound: The person is erased.
        """
        if not DETAIL.fullmatch(detail):
            raise ValueError("a detail is a short code of ours")
        if kind is ActivityKind.SIGN_IN_FAILED and await self._failed(owner) >= FAILED_MAX:
            return
        now = self._clock()
        await self._tables.activity.add(
            Activity(
                id=self._new_id(),
                owner=owner,
                kind=kind,
                at=now,
                address=address,
                device=device,
                detail=detail,
                cut_at=now + FULL_ADDRESS_FOR if address else None,
                drop_at=now + kept_for(kind),
            )
        )

    async def changed(self, owner: str, kind: ActivityKind, detail: str) -> None:
        """Write down what the person changed; one who is erased in this moment has no journal any more."""
        with suppress(NotFound):
            await self.note(owner, kind, detail=detail)

    async def newest(self, owner: str, limit: int = 50, *, after: str = "") -> list[Activity]:
        """Return one page, newest first; `after` is the id of the last one seen."""
        return await self._tables.activity.find(Query(owner=owner, after=after, limit=limit))

    async def knows_device(self, owner: str, device: str) -> bool:
        """Say whether somebody entered with a browser and system of this name before, as far as the journal goes back."""
        equals = {"kind": tuple(kind.value for kind in ENTRIES)}
        entered = await self._tables.activity.find(Query(owner=owner, equals=equals, limit=BATCH))
        sessions = await self._tables.sessions.find(Query(owner=owner, limit=BATCH))
        return device in {one.device for one in (*entered, *sessions)}

    async def sweep(self) -> int:
        """Cut addresses that are a day old, of anyone; returns how many. Rows at their end are dropped by their rule."""
        changed = 0
        for row in await self._tables.activity.overdue("cut_at", self._clock(), BATCH):
            try:
                await self._tables.activity.update(replace(row, address=cut_address(row.address), cut_at=None))
            except Conflict:
                continue  # dropped in this very moment
            changed += 1
        return changed

    async def _failed(self, owner: str) -> int:
        return await self._tables.activity.count(Query(owner=owner, equals={"kind": ActivityKind.SIGN_IN_FAILED.value}))
