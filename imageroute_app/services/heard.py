"""Webhooks that were heard, in the database, so that a repeated one counts once whichever process it comes to.

Principle: a message is noted after it was carried out, never before, so that one whose work failed is taken when it comes
again. Two copies at the same moment may both be carried out; what they do can be done twice without harm, here as everywhere.
"""

from imageroute_app.domain.errors import Duplicate
from imageroute_app.domain.policies import HOUSE
from imageroute_app.domain.ports import Clock, Database, NewId
from imageroute_app.domain.webhooks import KEPT_FOR, HeardWebhook, number_hash


class Heard:
    """The numbers of one service's messages."""

    def __init__(self, service: str, *, database: Database, clock: Clock, new_id: NewId) -> None:
        self._service, self._rows = service, database.tables.heard_webhooks
        self._clock, self._new_id = clock, new_id

    async def has(self, number: str) -> bool:
        """Say whether this message was carried out before; one without a number never was."""
        return bool(number) and await self._rows.by_key("number_hash", number_hash(self._service, number)) is not None

    async def note(self, number: str) -> None:
        """Write down that it was; repeating is fine."""
        if not number:
            return
        row = HeardWebhook(
            id=self._new_id(),
            owner=HOUSE,
            number_hash=number_hash(self._service, number),
            drop_at=self._clock() + KEPT_FOR,
        )
        try:
            await self._rows.add(row)
        except Duplicate:
            return
