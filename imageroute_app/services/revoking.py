"""Sign-ins at the service outside that are to end there: the wish is written down first and kept until the service did it.

Principle: whoever signs out is out here at once. That the service has not ended its own sign-in yet opens nothing: until it
has, whoever comes back with that sign-in is refused (services/hosted.py).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from imageroute_app.domain.errors import NotSignedIn, Unavailable
from imageroute_app.domain.identity import OutsideSession, Revocation
from imageroute_app.domain.ports import Clock, Database, HostedIdentity, NewId, Query

BATCH, ROUNDS = 200, 3
PAUSE_MOST, NEVER = timedelta(minutes=1), datetime.min.replace(tzinfo=UTC)
ENDED = "You signed out of this sign-in. Sign in again; if you end up here once more, wait a moment first."


def pause_of(wish: Revocation, now: datetime) -> timedelta:
    """Return how long to wait between two tries: longer the longer it has not worked, a minute at most."""
    return min((now - wish.asked_at) / 4, PAUSE_MOST)


class Revoking:
    """The wishes, and carrying them out. Everything here can be repeated, also by two processes at once."""

    def __init__(self, *, database: Database, identity: HostedIdentity, clock: Clock, new_id: NewId) -> None:
        self._tables, self._identity, self._clock, self._new_id = database.tables, identity, clock, new_id
        self._tried_at: dict[str, datetime] = {}

    async def want(self, owner: str, session_id: str = "") -> Revocation:
        """Write down that this sign-in is to end there; without one all that began by now."""
        wish = Revocation(id=self._new_id(), owner=owner, session_id=session_id, asked_at=self._clock())
        await self._tables.revocations.add(wish)
        return wish

    async def check(self, owner: str, session: OutsideSession) -> None:
        """Raise NotSignedIn for a sign-in that is to end, after trying to end it."""
        wishes = [one for one in await self._of(owner) if one.is_for(session)]
        if wishes:
            with suppress(Unavailable):
                await self.carry_out(wishes)
            raise NotSignedIn(ENDED)

    async def finish(self, owner: str) -> None:
        """Carry out every wish of a person; raises Unavailable while the service does not answer."""
        await self.carry_out(await self._of(owner))

    async def is_done(self, owner: str) -> bool:
        """Say whether the service has ended all that this person asked for."""
        return not await self._of(owner)

    async def sweep(self) -> int:
        """Carry out what was not yet, oldest first; raises Unavailable while the service does not answer. Returns how many."""
        now = self._clock()
        found = await self._tables.revocations.overdue("asked_at", now, BATCH)
        due = [one for one in found if now - self._tried_at.get(one.id, NEVER) >= pause_of(one, now)]
        await self.carry_out(due)
        return len(due)

    async def carry_out(self, wishes: Sequence[Revocation]) -> None:
        """End what each asks for; one that fails holds up no other. Raises Unavailable when any did."""
        failed: Unavailable | None = None
        for wish in wishes:
            try:
                await self._carry_out(wish)
            except Unavailable as error:
                self._note_tried(wish)
                failed = error
        if failed is not None:
            raise failed

    def _note_tried(self, wish: Revocation) -> None:
        now = self._clock()
        self._tried_at = {name: at for name, at in self._tried_at.items() if now - at < PAUSE_MOST} | {wish.id: now}

    async def _carry_out(self, wish: Revocation) -> None:
        if wish.session_id:
            await self._end(wish.owner, wish.session_id)
        else:
            await self._end_all(wish)
        await self._tables.revocations.delete(wish.id, wish.owner)

    async def _end_all(self, wish: Revocation) -> None:
        """End them there until a look finds none."""
        links = await self._tables.identities.find(Query(owner=wish.owner, limit=1))
        for _ in range(ROUNDS if links else 0):
            due = [one for one in await self._identity.sessions(links[0].subject) if wish.is_for(one)]
            if not due:
                return
            for one in due:
                await self._end(wish.owner, one.id)
        if links:
            raise Unavailable

    async def _end(self, owner: str, session_id: str) -> None:
        """End it there, and what hangs on it here: somebody may have come in with it at that very moment."""
        await self._identity.revoke(session_id)
        for session in await self._tables.sessions.find(Query(owner=owner, limit=500)):
            if session.outside_id == session_id:
                await self._tables.sessions.delete(session.id, owner)

    async def _of(self, owner: str) -> list[Revocation]:
        return await self._tables.revocations.find(Query(owner=owner, limit=BATCH))
