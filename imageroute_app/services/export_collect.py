"""Collecting: first every row as JSON and CSV, then the report, then each picture with its recipe beside it.

One call of `step` does a little and stores it with the place where it goes on; a killed worker repeats at most that little.
Every picture is read whole once here, so that a file that is missing or was changed is named, never skipped.
"""

import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from imageroute_app.domain.cases import CaseMessage
from imageroute_app.domain.choices import Choice
from imageroute_app.domain.data_map import DATA_MAP, Category
from imageroute_app.domain.errors import BadImage, NotFound
from imageroute_app.domain.exports import Export, ExportState
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.ports import Database, Imaging, MediaStore, Query, Repository
from imageroute_app.domain.uploads import Upload, upload_key
from imageroute_app.services.export_bag import BagFile, Draft, Pieces, Span, joined, media_type
from imageroute_app.services.export_papers import attachments, receipt_files
from imageroute_app.services.export_pictures import FILE_EXTRA, Batch
from imageroute_app.services.export_report import Report, report_files
from imageroute_app.services.export_tables import EXPORTED, as_row, csv_text, json_texts, paths
from imageroute_app.services.recipes import Recipes

ROWS, PICTURES, STEP_S = 100, 20, 10.0
LINKED = "data/portability/imageobject.jsonld"
LD_HEAD = '{"@context": "https://schema.org", "@graph": '
PAPERS = {
    "receipts": ("choices", Category.PRIVACY, "attachments"),
    "attachments": ("case_messages", Category.SUPPORT, "images"),
}
"""Table, category and what follows of each step that writes papers."""
SEALS = {"valid": "valid", "altered": "invalid", "unproven": "unproven", "none": "absent"}

Collected = tuple[Export, Draft]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where collecting goes on: a table by its number, then "report", PAPERS, "images", "uploads"; `after` is the last id.

    `bounds` are the newest ids at the snapshot; `open` are the stretches so far of files that grow over several steps.
    """

    step: str = "tables"
    table: int = 0
    after: str = ""
    bounds: Mapping[str, str] = field(default_factory=dict[str, str])
    open: Mapping[str, tuple[Span, ...]] = field(default_factory=dict[str, tuple[Span, ...]])


def read_cursor(text: str) -> Cursor:
    """Return a stored cursor."""
    values = json.loads(text or "{}")
    grown = {path: tuple(tuple(span) for span in spans) for path, spans in values.pop("open", {}).items()}
    return Cursor(**values, open=cast("Mapping[str, tuple[Span, ...]]", grown))


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as it is stored."""
    return json.dumps(asdict(cursor))


def _past(record_id: str) -> str:
    """Return what sorts right behind an id, on every database."""
    return record_id and record_id[:-1] + chr(ord(record_id[-1]) + 1)


class Collector:
    """Goes through everything that belongs in a package."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        imaging: Imaging,
        recipes: Recipes,
        report: Report,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._tables, self._media = database, database.tables, media
        self._imaging, self._recipes, self._report, self._clock = imaging, recipes, report, clock

    async def snapshot(self, export: Export) -> Export:
        """Fix the moment, and count what there is."""
        names = [*EXPORTED, "images", "uploads"]
        bounds = {name: await self._newest(name, export.owner) for name in dict.fromkeys(names)}
        cursor = Cursor(bounds=bounds)
        pictures, size = 0, 0
        for step in ("images", "uploads"):
            async for page in self._pages(export, step, cursor):
                pictures += len(page)
                size += sum(one.size_bytes for one in page)
        return replace(
            export, state=ExportState.COLLECTING, snapshot_at=self._clock(), cursor=write_cursor(cursor),
            pictures=pictures, picture_bytes=size, part=1,
        )  # fmt: skip

    async def step(self, export: Export) -> Collected:
        """Do a little more; returns the export as it then stands, with what is to be stored beside it."""
        cursor, draft = read_cursor(export.cursor), Draft(export, self._clock())
        if cursor.step == "tables":
            return await self._table(export, cursor, draft), draft
        if cursor.step == "report":
            files = await report_files(export, draft, self._report, self._tables)
            draft.sheet(files, 1)
            return self._moved(export, replace(cursor, step="receipts"), draft, filled=files), draft
        if cursor.step in PAPERS:
            return await self._papers(export, cursor, draft), draft
        return await self._pictures(export, cursor, draft), draft

    # --- Rows -------------------------------------------------------------------------------------------------------------

    async def _newest(self, name: str, owner: str) -> str:
        repository = self._repository(name)
        newest = await repository.find(Query(owner=owner, limit=1)) if repository else []
        return str(newest[0].id) if newest else ""

    def _repository(self, name: str) -> Repository[Any] | None:
        return getattr(self._tables, name, None)

    async def _table(self, export: Export, cursor: Cursor, draft: Draft) -> Export:
        wanted = [name for name in EXPORTED if export.needs(DATA_MAP[name].category)]
        if cursor.table >= len(wanted):
            return self._moved(export, replace(cursor, step="report"), draft)
        name = wanted[cursor.table]
        records, is_last = await self._rows(name, export.owner, cursor)
        rows = [as_row(name, record) for record in records]
        is_first = not cursor.after
        grown = dict(cursor.open)
        texts = (
            json_texts(rows, is_first=is_first, is_last=is_last),
            csv_text(name, rows, is_first=is_first),
        )
        for path, text in zip(paths(name), texts, strict=True):
            grown[path] = joined([*grown.get(path, ()), draft.text(text)[0]])
        if not is_last:
            after = str(getattr(records[-1], "id"))  # noqa: B009  # records have no common base that names it
            return self._moved(export, replace(cursor, after=after, open=grown), draft)
        files = [await self._whole(export, draft, path, grown.pop(path), name) for path in paths(name)]
        draft.sheet(files, 1)
        done = replace(cursor, table=cursor.table + 1, after="", open=grown)
        return self._moved(export, done, draft, filled=files)

    async def _rows(self, name: str, owner: str, cursor: Cursor) -> tuple[Sequence[object], bool]:
        """Return the next rows that were there at the snapshot, and whether they are the last."""
        repository = self._repository(name)
        if repository is None:  # kept beside another table, a row or two
            return [record async for table, record in await self._all(owner) if table == name], True
        if name != "people" and "email_key" in DATA_MAP[name].keys:  # belongs to an address, not to an account
            person = await self._tables.people.get(owner, owner)
            found = await repository.by_key("email_key", person.email.casefold())
            return [found] if found else [], True
        bound = cursor.bounds.get(name, "")
        query = Query(owner=owner, oldest_first=True, after=cursor.after, below_id=_past(bound), limit=ROWS)
        found = await repository.find(query) if bound else []
        return found, len(found) < ROWS

    async def _all(self, owner: str) -> AsyncIterator[tuple[str, object]]:
        return await self._database.export_rows(owner)

    async def _whole(self, export: Export, draft: Draft, path: str, spans: Sequence[Span], name: str = "") -> BagFile:
        """Return a file that has grown over several steps, read back to know its checksum."""
        size, crc32, sha256 = 0, 0, hashlib.sha256()
        new = {piece.id: piece.text.encode() for piece in draft.records()}
        async for data in Pieces(self._tables, export, new).content(spans):
            size, crc32 = size + len(data), zlib.crc32(data, crc32)
            sha256.update(data)
        table = DATA_MAP.get(name)
        return BagFile(
            path=path, size_bytes=size, crc32=crc32, sha256=sha256.hexdigest(), media_type=media_type(path),
            category=table.category.value if table else "", spans=tuple(spans), art20=True,
        )  # fmt: skip

    # --- Papers -----------------------------------------------------------------------------------------------------------

    async def _papers(self, export: Export, cursor: Cursor, draft: Draft) -> Export:
        name, category, following = PAPERS[cursor.step]
        page: Sequence[object] = []
        is_last = True
        if export.needs(category):
            page, is_last = await self._rows(name, export.owner, cursor)
        filled: list[BagFile] = []
        if cursor.step == "receipts":
            filled = receipt_files(cast("Sequence[Choice]", page), draft, self._report.party)
            draft.sheet(filled, 1)
        else:
            messages = cast("Sequence[CaseMessage]", page)
            export = await attachments(messages, export, draft, self._media, self._clock())
        after = "" if is_last else str(getattr(page[-1], "id"))  # noqa: B009  # as in _table
        step = following if is_last else cursor.step
        return self._moved(export, replace(cursor, step=step, after=after), draft, filled=filled)

    # --- Pictures ---------------------------------------------------------------------------------------------------------

    async def _pages(self, export: Export, step: str, cursor: Cursor) -> AsyncIterator[Sequence[Image | Upload]]:
        """Yield the pictures of one kind that belong in the package, page by page from the cursor on."""
        category = Category.IMAGES if step == "images" else Category.UPLOADS
        bound, after = cursor.bounds.get(step, ""), cursor.after
        while bound and export.needs(category):
            query = Query(owner=export.owner, oldest_first=True, after=after, below_id=_past(bound), limit=PICTURES)
            repository: Repository[Any] = getattr(self._tables, step)
            page: list[Image | Upload] = await repository.find(query)
            if not page:
                return
            yield [one for one in page if self._belongs(one, export)]
            after = page[-1].id

    def _belongs(self, one: Image | Upload, export: Export) -> bool:
        """Say whether a picture goes in: not one that is being erased, nor one that an earlier package holds."""
        now = self._clock()
        if isinstance(one, Upload):
            is_going, since = one.going_since is not None or one.expires_at <= now, one.uploaded_at
        else:
            is_going, since = one.purge_at is not None and one.purge_at <= now, one.created_at
        return not is_going and (export.since is None or since > export.since)

    async def _pictures(self, export: Export, cursor: Cursor, draft: Draft) -> Export:
        repository: Repository[Any] = getattr(self._tables, cursor.step)
        bound = cursor.bounds.get(cursor.step, "")
        category = Category.IMAGES if cursor.step == "images" else Category.UPLOADS
        query = Query(owner=export.owner, oldest_first=True, after=cursor.after, below_id=_past(bound), limit=PICTURES)
        page: list[Image | Upload] = await repository.find(query) if bound and export.needs(category) else []
        if not page:
            return await self._end_of(export, cursor, draft)
        batch = Batch(export, draft, self._clock())
        for one in page:
            if self._belongs(one, export):
                batch.take(one, *await self._read(one))
            cursor = replace(cursor, after=one.id)
            if (self._clock() - batch.began_at).total_seconds() > STEP_S:
                break
        export = batch.close()
        if batch.linked:
            text = json_texts(batch.linked, is_first=LINKED not in cursor.open, is_last=False)
            head = "" if LINKED in cursor.open else LD_HEAD
            grown = joined([*cursor.open.get(LINKED, ()), draft.text(head + text)[0]])
            cursor = replace(cursor, open={**cursor.open, LINKED: grown})
        return self._moved(export, cursor, draft)

    async def _end_of(self, export: Export, cursor: Cursor, draft: Draft) -> Export:
        if cursor.step == "images":
            return self._moved(export, replace(cursor, step="uploads", after=""), draft)
        head = "" if LINKED in cursor.open else LD_HEAD
        tail = json_texts([], is_first=LINKED not in cursor.open, is_last=True)
        spans = joined([*cursor.open.get(LINKED, ()), draft.text(f"{head}{tail}}}\n")[0]])
        draft.sheet([await self._whole(export, draft, LINKED, spans)], 1)
        packing = replace(export, state=ExportState.PACKING, part_count=export.part, part=1)
        return self._moved(packing, Cursor(), draft)

    async def _read(self, one: Image | Upload) -> "tuple[bytes | None, bytes, str]":
        """Return the bytes of a picture, its sidecar and the state of its seal."""
        if isinstance(one, Upload):
            [data] = await self._media.read([upload_key(one.owner, one.id, "original")])
            sidecar = json.dumps(as_row("uploads", one), ensure_ascii=False, indent=2) + "\n"
            return data, sidecar.encode(), "absent"
        [data] = await self._media.read([media_key(one.owner, one.id, "original")])
        [recipe] = await self._recipes.of(one.owner, [one])
        sidecar = json.dumps({**json.loads(recipe), "record": as_row("images", one)}, ensure_ascii=False, indent=2)
        return data, f"{sidecar}\n".encode(), await self._seal(data)

    async def _seal(self, data: bytes | None) -> str:
        if data is None:
            return "absent"
        try:
            return SEALS[(await self._imaging.read_marks(data)).seal]
        except (BadImage, NotFound):
            return "absent"

    def _moved(self, export: Export, cursor: Cursor, draft: Draft, *, filled: Sequence[BagFile] = ()) -> Export:
        draft.records()
        filled_bytes = sum(file.size_bytes + FILE_EXTRA for file in filled)
        return replace(
            export, cursor=write_cursor(cursor), pieces=draft.pieces, part_bytes=export.part_bytes + filled_bytes
        )
