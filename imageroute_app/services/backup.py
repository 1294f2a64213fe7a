"""Making backups: the data in one place, the keys and the notes of who was erased in another.

Principle: nothing about a person leaves unsealed. A row or picture of somebody whose key is destroyed is left out: the erasure
is still on its way to it.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from imageroute_app.domain.backups import TABLES, KeyRows, Manifest, Row, Rows, RowStore, Shelf, Strongbox, dump_row
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Clock, MediaStore, Tombstones

PAGE = 500
READ_AT_ONCE = 8
PICTURES = "pictures.jsonl"
KEYS = "keys.jsonl"
TOMBSTONES = "tombstones.txt"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a backup holds: rows, pictures, and how many of either were left out because their person is erased."""

    rows: int
    pictures: int
    left_out: int


class Backup:
    """One installation's backups."""

    def __init__(
        self,
        *,
        rows: RowStore,
        media: MediaStore,
        strongbox: Strongbox,
        keys: KeyRows,
        tombstones: Tombstones,
        clock: Clock,
        report: Report,
    ) -> None:
        self._rows, self._media, self._strongbox = rows, media, strongbox
        self._keys, self._tombstones = keys, tombstones
        self._clock, self._report = clock, report

    async def write_data(self, shelf: Shelf, *, with_pictures: bool) -> Copied:
        """Copy rows of one moment, then the pictures, sealed; without pictures only a list of them.

        A picture that goes between the two is not in the copy; `verify` names its row after a restore.
        """
        made_at, counts, left_out = self._clock(), dict[str, int](), 0
        async with self._rows.snapshot() as moment:
            for table in TABLES:
                counts[table], lost = await self._write_table(shelf, table, moment)
                left_out += lost
                self._report(f"{table}: {counts[table]} rows")
        pictures, lost = await self._write_pictures(shelf, with_pictures=with_pictures)
        await shelf.finish(
            Manifest(made_at=made_at, counts=counts, pictures=pictures, holds_pictures=with_pictures, files={})
        )
        return Copied(rows=sum(counts.values()), pictures=pictures, left_out=left_out + lost)

    async def write_keys(self, shelf: Shelf) -> int:
        """Copy the key store as it lies, wrapped, and the tombstones; returns how many keys. The master key is not in it."""
        after, count = "", 0
        while page := await self._keys.wrapped(after, PAGE):
            lines = [json.dumps([mark, wrapped and base64.b64encode(wrapped).decode()]) for mark, wrapped in page]
            await shelf.append(KEYS, "".join(line + "\n" for line in lines).encode())
            after, count = page[-1][0], count + len(page)
        marks = sorted(await self._tombstones.marks())
        await shelf.append(TOMBSTONES, "".join(mark + "\n" for mark in marks).encode())
        await shelf.finish(Manifest(made_at=self._clock(), counts={}, pictures=0, holds_pictures=False, files={}))
        return count

    async def _write_table(self, shelf: Shelf, table: str, moment: Rows) -> tuple[int, int]:
        kept, left_out, name = 0, 0, f"rows/{table}.jsonl"
        await shelf.append(name, b"")
        async for page in pages_of(moment, table):
            lines = [line for row in page if (line := await self._line(table, row))]
            await shelf.append(name, b"".join(lines))
            kept, left_out = kept + len(lines), left_out + len(page) - len(lines)
        return kept, left_out

    async def _line(self, table: str, row: Row) -> bytes:
        """Return the sealed row as a line, or nothing when its person's key is destroyed."""
        owner = str(row["owner"])
        try:
            sealed = await self._strongbox.seal(owner, f"rows/{table}", dump_row(row))
        except NotFound:
            return b""
        return json.dumps([owner, base64.b64encode(sealed).decode()]).encode() + b"\n"

    async def _write_pictures(self, shelf: Shelf, *, with_pictures: bool) -> tuple[int, int]:
        keys, kept, left_out = await self._media.list(""), 0, 0
        await shelf.append(PICTURES, b"")
        for start in range(0, len(keys), READ_AT_ONCE):
            some = keys[start : start + READ_AT_ONCE]
            found = await self._media.read(some) if with_pictures else [b""] * len(some)
            for key, data in zip(some, found, strict=True):
                if data is None or not (await self._keep(shelf, key, data) if with_pictures else True):
                    left_out += 1
                    continue
                await shelf.append(PICTURES, json.dumps(key).encode() + b"\n")
                kept += 1
            self._report(f"pictures: {kept} of {len(keys)}")
        return kept, left_out

    async def _keep(self, shelf: Shelf, key: str, data: bytes) -> bool:
        try:
            await shelf.put(f"media/{key}", await self._strongbox.seal(owner_of_key(key), key, data))
        except NotFound:
            return False
        return True


def owner_of_key(key: str) -> str:
    """Return whose picture lies under a key: the second name of every one (MEDIA_PREFIXES)."""
    return key.split("/", 2)[1]


async def pages_of(rows: Rows, table: str) -> AsyncIterator[Sequence[Row]]:
    """Yield all rows of a table, page by page."""
    after = ""
    while page := await rows.page(table, after, PAGE):
        yield page
        after = str(page[-1]["id"])
