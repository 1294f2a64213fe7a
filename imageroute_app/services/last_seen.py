"""Who signed in last: what starts the time of the rule about unused accounts anew."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from imageroute_app.domain.errors import Conflict
from imageroute_app.domain.inactivity import came
from imageroute_app.domain.ports import Clock, Database

Came = Callable[[str], Awaitable[None]]


async def keep_no_count(_owner: str) -> None:
    """Note nothing."""


def last_seen(database: Database, clock: Clock) -> Came:
    """Return what notes that a person signed in, which stops the rule."""

    async def note(owner: str) -> None:
        with suppress(Conflict):  # changed by another request of the same person, who is there in any case
            person = await database.tables.people.get(owner, owner)
            await database.tables.people.update(came(person, clock()))

    return note
