"""Putting a backup back: into an empty installation, everything or nothing served, and nobody who was erased.

Principle: a lease in the database says that it is being put back; no process serves under it. It ends only after the tombstones
were replayed and the rows counted. Ended anywhere, the same command goes on; every part of it can be repeated.
"""

import base64
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.backups import (
    FAR,
    RESTORING,
    TABLES,
    KeyRows,
    Row,
    RowStore,
    Shelf,
    Strongbox,
    load_row,
)
from imageroute_app.domain.errors import Conflict, NotFound, Unavailable
from imageroute_app.domain.measures import Measure, State
from imageroute_app.domain.policies import HOUSE
from imageroute_app.domain.ports import Clock, Database, Fault, KeyStore, MediaStore, Tombstones
from imageroute_app.services.backup import KEYS, PAGE, PICTURES, TOMBSTONES, Report, owner_of_key
from imageroute_app.services.erasure_steps import MEDIA, rows_left
from imageroute_app.services.tombstones import record_mark, tombstone

HOLDER = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back; `left_out` are rows and pictures of erased people, `erased` people erased once more."""

    made_at: datetime
    rows: int
    pictures: int
    left_out: int
    erased: int


async def begin_restore(database: Database, rows: RowStore, clock: Clock) -> None:
    """Close an empty database to everyone, or go on with one that was closed so. Raises Conflict for any other."""
    is_ours = not await is_free(database, clock)
    if not is_ours and not await rows.is_empty():
        raise Conflict("This installation already holds data: put a backup back into an empty one.")
    if not await database.tables.acquire_lease(RESTORING, holder=HOLDER, now=clock(), until=FAR):
        raise Unavailable


async def end_restore(database: Database, clock: Clock) -> None:
    """Open the database to everyone."""
    now = clock()
    await database.tables.acquire_lease(RESTORING, holder=HOLDER, now=now, until=now)


async def is_free(database: Database, clock: Clock) -> bool:
    """Say whether nobody is putting this database back."""
    now = clock()
    return await database.tables.acquire_lease(RESTORING, holder="", now=now, until=now)


async def note_drill(database: Database, now: datetime, measure_id: str) -> None:
    """Write down for /trust that a backup was put back on trial and held."""
    await database.tables.measures.add(
        Measure(
            id=measure_id,
            owner=HOUSE,
            metric="restore_drill_last",
            state=State.MET,
            value="0",
            note="",
            taken_at=now,
        )
    )


class Restore:
    """One backup on its way back."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        strongbox: Strongbox,
        keys: KeyStore,
        key_rows: KeyRows,
        tombstones: Tombstones,
        clock: Clock,
        report: Report,
        fault: Fault = lambda point: None,
    ) -> None:
        self._database, self._rows, self._media, self._strongbox = database, database.rows(), media, strongbox
        self._keys, self._key_rows, self._tombstones = keys, key_rows, tombstones
        self._clock, self._report, self._fault = clock, report, fault
        self._left_out = 0
        self._erased: set[str] = set()
        self._marks: frozenset[str] = frozenset()

    async def run(self, shelf: Shelf, keys: Shelf | None) -> Restored:
        """Put everything back.

        Raises:
            Unavailable: A part of the backup is damaged, or a store does not answer; nothing is served, run it again.
            Conflict: There is data already.
        """
        manifest = await shelf.manifest()
        await shelf.check()
        if keys is not None:
            await keys.check()
        await begin_restore(self._database, self._rows, self._clock)
        if keys is not None:
            await self._put_keys(keys)
        self._fault("restore.keys")
        self._marks = await self._tombstones.marks()
        count = sum([await self._put_table(shelf, table, manifest.counts.get(table, 0)) for table in TABLES])
        pictures = await self._put_pictures(shelf) if manifest.holds_pictures else 0
        self._fault("restore.pictures")
        await self._replay()
        self._fault("restore.replayed")
        await end_restore(self._database, self._clock)
        return Restored(
            made_at=manifest.made_at,
            rows=count,
            pictures=pictures,
            left_out=self._left_out,
            erased=len(self._erased),
        )

    async def _put_keys(self, shelf: Shelf) -> None:
        """Add the notes first, then the keys; the key of somebody with a note comes back destroyed."""
        if marks := [mark.decode("ascii") async for mark in shelf.lines(TOMBSTONES)]:
            await self._tombstones.add(marks, self._clock())
        erased = await self._tombstones.marks()
        some: list[tuple[str, bytes | None]] = []
        async for line in shelf.lines(KEYS):
            mark, wrapped = json.loads(line)
            some.append((mark, base64.b64decode(wrapped) if wrapped and mark not in erased else None))
            if len(some) == PAGE:
                await self._key_rows.put_wrapped(some)
                some = []
        await self._key_rows.put_wrapped(some)

    async def _put_table(self, shelf: Shelf, table: str, expected: int) -> int:
        some: list[Row] = []
        seen: Counter[bool] = Counter()
        async for line in shelf.lines(f"rows/{table}.jsonl"):
            row = await self._row(table, line)
            seen[row is not None] += 1
            if row is not None:
                some.append(row)
            if len(some) == PAGE:
                await self._rows.put(table, some)
                self._fault(f"restore.{table}")
                some = []
        await self._rows.put(table, some)
        self._fault(f"restore.{table}")
        if seen.total() != expected:
            raise Unavailable(
                f"The backup holds {seen.total()} rows of {table} and says {expected}: use another backup."
            )
        self._left_out += seen[False]
        self._report(f"{table}: {seen[True]} rows")
        return seen[True]

    async def _row(self, table: str, line: bytes) -> Row | None:
        """Return the row, or None when it or its person was erased after the backup was made."""
        owner, sealed = json.loads(line)
        if await self._is_erased(owner):
            return None
        try:
            row = load_row(await self._strongbox.unseal(owner, f"rows/{table}", base64.b64decode(sealed)))
        except NotFound:
            return None
        of_image = [("images", str(row["image_id"]))] if row.get("image_id") else []
        return None if self._is_noted(owner, (table, str(row["id"])), *of_image) else row

    def _is_noted(self, owner: str, *records: tuple[str, str]) -> bool:
        """Say whether one of these was erased alone, while its person's account went on."""
        return any(record_mark(self._keys, owner, table, record_id) in self._marks for table, record_id in records)

    async def _is_erased(self, owner: str) -> bool:
        """Say whether there is a note of this person's erasure; a key that came back with a copy of the keys is destroyed."""
        if owner in self._erased:
            return True
        if tombstone(self._keys, owner) not in self._marks:
            return False
        await self._keys.destroy(owner)
        self._erased.add(owner)
        return True

    async def _put_pictures(self, shelf: Shelf) -> int:
        count = 0
        async for line in shelf.lines(PICTURES):
            key: str = json.loads(line)
            sealed = await shelf.read(f"media/{key}")
            if sealed is None:
                raise Unavailable(f"The picture media/{key} is missing in the backup: use another backup.")
            folder, owner, picture = key.split("/")[:3]
            if await self._is_erased(owner) or self._is_noted(owner, (folder, picture)):
                self._left_out += 1
                continue
            try:
                data = await self._strongbox.unseal(owner_of_key(key), key, sealed)
            except NotFound:
                self._left_out += 1
                continue
            await self._media.put(key, data, "application/octet-stream")
            count += 1
            self._fault("restore.picture")
        self._report(f"pictures: {count}")
        return count

    async def _replay(self) -> None:
        """Erase everyone with a note who is there all the same, and prove it; the last thing before anything is served."""
        self._marks, after = await self._tombstones.marks(), ""
        while found := await self._database.owners(after=after):
            for owner in found:
                if tombstone(self._keys, owner) in self._marks:
                    await self._erase(owner)
            after = found[-1]

    async def _erase(self, owner: str) -> None:
        await self._database.erase_rows(owner)
        for name in MEDIA:
            await self._media.delete_prefix(f"{name}/{owner}/")
        if await rows_left(self._database, owner):
            raise Unavailable("An erased person's rows cannot be deleted. Nothing is served; run the command again.")
        self._erased.add(owner)
