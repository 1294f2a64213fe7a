"""Notes of what was erased, so that no backup brings it back: keyed hashes, from which nobody can tell what or whose it was."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date, timedelta

from imageroute_app.domain.backups import KEPT
from imageroute_app.domain.ports import Clock, KeyStore, Tombstones

LONGER = timedelta(days=30)
"""How long a note outlives the oldest backup (RULES["tombstone"])."""


def tombstone(keys: KeyStore, subject: str) -> str:
    """Return what is kept of an erased person: a keyed hash of the id, of use only to know it again in a backup."""
    return hmac.new(keys.pepper("tombstone"), subject.encode(), hashlib.sha256).hexdigest()


def record_mark(keys: KeyStore, owner: str, table: str, record_id: str) -> str:
    """Return the same of one record, such as a picture of somebody whose account goes on."""
    return tombstone(keys, f"{owner}/{table}/{record_id}")


class EraseNotes:
    """Writes notes before something is erased for good, and drops them once no backup can hold it."""

    def __init__(self, *, keys: KeyStore, tombstones: Tombstones, clock: Clock) -> None:
        self._keys, self._tombstones, self._clock = keys, tombstones, clock
        self._dropped_on: date | None = None

    async def subject(self, subject: str) -> None:
        """Keep out whoever has a key: the first mark keeps rows of a backup out, the second a key of a copy of the keys."""
        await self._tombstones.add([tombstone(self._keys, subject), self._keys.mark(subject)], self._clock())

    async def records(self, owner: str, table: str, record_ids: Iterable[str]) -> None:
        """Keep out records of a person, and with images what belongs to them."""
        marks = [record_mark(self._keys, owner, table, one) for one in record_ids]
        if marks:
            await self._tombstones.add(marks, self._clock())

    async def image(self, owner: str, image_id: str) -> None:
        """Keep out a picture of the gallery."""
        await self.records(owner, "images", [image_id])

    async def upload(self, owner: str, upload_id: str) -> None:
        """Keep out an upload."""
        await self.records(owner, "uploads", [upload_id])

    async def sweep(self) -> int:
        """Drop notes that are older than any backup may be, once a day; returns how many."""
        now = self._clock()
        if self._dropped_on == now.date():
            return 0
        gone = await self._tombstones.drop(before=now - KEPT - LONGER)
        self._dropped_on = now.date()
        return gone
