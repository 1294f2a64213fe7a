"""The files of a package and where their bytes lie: pictures where they are kept, texts in sealed pieces.

A draft gathers what one checkpoint adds, so that pieces, list of files and progress are written in one transaction: a worker
that is killed leaves a whole step or none.
"""

import hashlib
import json
import zlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from imageroute_app.domain.exports import Export, ExportPiece, piece_id
from imageroute_app.domain.ports import Query, Tables

PIECE_BYTES = 512 * 1024
SHEETS_AT_ONCE, IDS_AT_ONCE = 20, 200
Span = tuple[int, int, int]
"""Place of a piece, first byte, length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagFile:
    """One file of a part: `path` below the bag, `key` of a picture's bytes or `spans` of a text's.

    `c2pa` is "valid", "invalid", "unproven" or "absent"; `title` is what the offline page calls a picture.
    """

    path: str
    size_bytes: int
    crc32: int
    sha256: str
    media_type: str
    category: str = ""
    record_id: str = ""
    created_at: str = ""
    source_sha256: str = ""
    c2pa: str = "absent"
    art20: bool = False
    title: str = ""
    key: str = ""
    spans: tuple[Span, ...] = ()


class Draft:
    """What one checkpoint adds to a package."""

    def __init__(self, export: Export, now: datetime) -> None:
        self._export, self._now, self._place = export, now, export.pieces
        self._buffer: list[str] = []
        self._filled = 0
        self._pieces: list[ExportPiece] = []

    @property
    def pieces(self) -> int:
        """Return how many pieces the package has with these."""
        return self._place

    def text(self, text: str) -> tuple[Span, bytes]:
        """Keep a text; returns where it lies, and its bytes."""
        data = clean(text).encode()
        if self._filled and self._filled + len(data) > PIECE_BYTES:
            self._flush()
        span = (self._place, self._filled, len(data))
        self._buffer.append(data.decode())
        self._filled += len(data)
        return span, data

    def file(self, path: str, texts: Iterable[str], **facts: Any) -> BagFile:
        """Keep a file that is whole now; `facts` are further fields of BagFile."""
        spans: list[Span] = []
        size, crc32, sha256 = 0, 0, hashlib.sha256()
        for text in texts:
            span, data = self.text(text)
            spans.append(span)
            size, crc32 = size + len(data), zlib.crc32(data, crc32)
            sha256.update(data)
        return BagFile(path=path, size_bytes=size, crc32=crc32, sha256=sha256.hexdigest(), spans=joined(spans), **facts)

    def sheet(self, files: Sequence[BagFile], part: int, kind: str = "sheet") -> None:
        """List these files as belonging to a part."""
        if files:
            self._flush()
            self._add(kind, part, json.dumps([asdict(file) for file in files], ensure_ascii=False))

    def records(self) -> Sequence[ExportPiece]:
        """Return everything to be stored."""
        self._flush()
        return self._pieces

    def _flush(self) -> None:
        if self._filled:
            self._add("text", 0, "".join(self._buffer))
            self._buffer, self._filled = [], 0

    def _add(self, kind: str, part: int, text: str) -> None:
        owner, export_id = self._export.owner, self._export.id
        record_id = piece_id(export_id, self._place)
        self._pieces.append(
            ExportPiece(
                id=record_id, owner=owner, export_id=export_id, kind=kind, part=part, text=text, created_at=self._now
            )
        )
        self._place += 1


def clean(text: str) -> str:
    """Return a text that UTF-8 can hold; a lone half of a character pair is written as its escape."""
    return text.encode(errors="backslashreplace").decode()


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the same bytes in as few spans as it takes."""
    found: list[Span] = []
    for place, start, length in spans:
        if found and found[-1][0] == place and found[-1][1] + found[-1][2] == start:
            found[-1] = (place, found[-1][1], found[-1][2] + length)
        else:
            found.append((place, start, length))
    return tuple(found)


class Pieces:
    """Reads what drafts have stored."""

    def __init__(self, tables: Tables, export: Export, drafted: Mapping[str, bytes] | None = None) -> None:
        self._tables, self._export, self._drafted = tables, export, drafted or {}
        self._held: tuple[int, bytes] = (-1, b"")

    async def content(self, spans: Sequence[Span], start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        """Yield bytes start..end of a text; raises NotFound when a piece is gone."""
        offset = 0
        for place, first, length in spans:
            low, high = max(start - offset, 0), length if end is None else min(end - offset, length)
            if low < high:
                data = await self._piece(place)
                yield data[first + low : first + high]
            offset += length

    async def sheets(self, part: int) -> AsyncGenerator[tuple[ExportPiece, list[BagFile]]]:
        """Yield the lists of files of a part, its head first."""
        for kind in ("head", "sheet"):
            after = ""
            while True:
                equals = {"export_id": self._export.id, "kind": kind}
                query = Query(
                    owner=self._export.owner, equals=equals, oldest_first=True, after=after, limit=SHEETS_AT_ONCE
                )
                found = await self._tables.export_pieces.find(query)
                for piece in found:
                    if piece.part == part:
                        yield piece, read_sheet(piece)
                if len(found) < SHEETS_AT_ONCE:
                    break
                after = found[-1].id

    async def files(self, part: int) -> AsyncGenerator[BagFile]:
        """Yield every file of a part in its order."""
        async for _, files in self.sheets(part):
            for file in files:
                yield file

    async def _piece(self, place: int) -> bytes:
        record_id = piece_id(self._export.id, place)
        if record_id in self._drafted:
            return self._drafted[record_id]
        if self._held[0] != place:
            piece = await self._tables.export_pieces.get(record_id, self._export.owner)
            self._held = (place, piece.text.encode())
        return self._held[1]


def read_sheet(piece: ExportPiece) -> list[BagFile]:
    """Return the files that a sheet lists."""
    return [_file(values) for values in json.loads(piece.text)]


def _file(values: dict[str, Any]) -> BagFile:
    values["spans"] = tuple((int(place), int(start), int(length)) for place, start, length in values["spans"])
    return BagFile(**values)


async def drop_pieces(tables: Tables, export: Export, *, kind: str = "", part: int = 0) -> int:
    """Delete the pieces of a package, or those of one kind and part; returns how many went. Repeatable."""
    gone, after = 0, ""
    equals = {"export_id": export.id} | ({"kind": kind} if kind else {})
    while found := await tables.export_pieces.find(
        Query(owner=export.owner, equals=equals, oldest_first=True, after=after, limit=SHEETS_AT_ONCE)
    ):
        for piece in found:
            if not part or piece.part == part:
                gone += await tables.export_pieces.delete(piece.id, piece.owner)
        after = found[-1].id
    return gone


def table_of(file: BagFile) -> str:
    """Return the table with the record that the bytes of a file belong to."""
    return {"uploads": "uploads", "cases": "case_messages"}.get(file.key.partition("/")[0], "images")


async def is_there(tables: Tables, owner: str, file: BagFile) -> bool:
    """Say whether the record of a file's bytes is still there: in the gallery, the trash, the uploads or a case."""
    return await tables.named(table_of(file)).count(Query(owner=owner, equals={"id": file.record_id})) == 1


async def is_whole(tables: Tables, export: Export, part: int) -> bool:
    """Say whether every picture and attachment of a part is still there."""
    ids: dict[str, list[str]] = {}
    async for file in Pieces(tables, export).files(part):
        if file.key:
            ids.setdefault(table_of(file), []).append(file.record_id)
    there = 0
    for name, wanted in ids.items():
        for first in range(0, len(wanted), IDS_AT_ONCE):
            some = tuple(wanted[first : first + IDS_AT_ONCE])
            there += await tables.named(name).count(Query(owner=export.owner, equals={"id": some}))
    return there == sum(map(len, ids.values()))


async def holds(tables: Tables, export: Export, record_id: str) -> bool:
    """Say whether a package has files of this picture."""
    pieces = Pieces(tables, export)
    for part in range(1, export.part_count + 1):
        async for file in pieces.files(part):
            if file.record_id == record_id:
                return True
    return False


def media_type(path: str) -> str:
    """Return the type of a text file by its ending."""
    ending = path.rpartition(".")[2]
    known = {"csv": "text/csv; charset=utf-8", "html": "text/html; charset=utf-8", "jsonld": "application/ld+json"}
    return known.get(ending, "application/json" if ending == "json" else "text/plain; charset=utf-8")
