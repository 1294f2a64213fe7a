"""Sign-ins at the service outside that are to end there: the wish is written down first and kept until the service did it.

Principle: whoever signs out is out here at once. That the service has not ended its own sign-in yet opens nothing: until it
has, whoever comes back with that sign-in is refused (services/hosted.py).
"""

from collections.abc import Sequence
from contextlib import suppress

from imageroute_app.domain.errors import NotSignedIn, Unavailable
from imageroute_app.domain.identity import OutsideSession, Revocation
from imageroute_app.domain.ports import Clock, Database, HostedIdentity, NewId, Query

BATCH, ROUNDS = 200, 3
ENDED = "You signed out of this sign-in. Sign in again; if you end up here once more, wait a moment first."


class Revoking:
    """The wishes, and carrying them out. Everything here can be repeated, also by two processes at once."""

    def __init__(self, *, database: Database, identity: HostedIdentity, clock: Clock, new_id: NewId) -> None:
        self._tables, self._identity, self._clock, self._new_id = database.tables, identity, clock, new_id

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
        found = await self._tables.revocations.overdue("asked_at", self._clock(), BATCH)
        await self.carry_out(found)
        return len(found)

    async def carry_out(self, wishes: Sequence[Revocation]) -> None:
        """End what each asks for; one that fails holds up no other. Raises Unavailable when any did."""
        failed: Unavailable | None = None
        for wish in wishes:
            try:
                await self._carry_out(wish)
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed

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
