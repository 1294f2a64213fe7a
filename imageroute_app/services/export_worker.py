"""The work on exports: one step after the other under a lease, each stored with its checkpoint in one transaction.

Principle: nothing is called ready that was not read again from where it is kept and compared with its checksum. What is
found missing or changed is taken out and named, and the parts are packed and checked anew.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from imageroute_app.domain.errors import Conflict, ImageRouteError, NotFound, Unavailable
from imageroute_app.domain.exports import KEPT, SILENT, TRIES, Export, ExportPiece, ExportState, Gap, GapReason
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Clock, Database, Fault, MediaStore, NewId, Query, Tables
from imageroute_app.ending import end, heed
from imageroute_app.services.export_bag import BagFile, Draft, Pieces, drop_pieces, is_there, table_of
from imageroute_app.services.export_collect import Collector, read_cursor
from imageroute_app.services.export_pack import pack_part
from imageroute_app.services.export_report import Report
from imageroute_app.services.export_stream import Gone, PartStream
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)

AT_ONCE, DUE = 2, 20
BEAT_EVERY = timedelta(seconds=10)
WAIT_AGAIN = timedelta(seconds=20)
TOPIC = "export-ready"
READY_SUBJECT = "Your export is ready"
KINDS = {"images": "image", "uploads": "upload", "case_messages": "attachment"}
STOPPED = "The server stopped several times while this was made. Press Try again; what is done is kept."

Tell = Callable[[str, str], Awaitable[None]]
"""Called with owner and export id whenever one has moved on."""


class ExportWorker:
    """Carries exports to their end."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        collector: Collector,
        report: Report,
        notices: Notices,
        tell: Tell,
        clock: Clock,
        new_id: NewId,
        fault: Fault,
    ) -> None:
        self._database, self._tables, self._media = database, database.tables, media
        self._collector, self._report, self._notices, self._tell = collector, report, notices, tell
        self._clock, self._new_id, self._fault = clock, new_id, fault
        self._holder = new_id()
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    # --- Being woken ------------------------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Begin with every export that waits or whose worker fell silent; returns how many."""
        due = await self._tables.exports.overdue("lease_until", self._clock(), DUE)
        for export in due:
            self.nudge(export)
        return len(due)

    def nudge(self, export: Export) -> None:
        """Begin with an export in this process, if it is not in hand here already."""
        if export.id not in self._tasks:
            task = asyncio.create_task(self._in_turn(export.owner, export.id))
            self._tasks[export.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(export.id, None))

    async def stop(self, export_id: str) -> None:
        """Let go of an export at once; what is stored of it stays."""
        if task := self._tasks.get(export_id):
            await end(task)

    async def settle(self) -> None:
        """Let go of everything; called before the adapters close."""
        for export_id in list(self._tasks):
            await self.stop(export_id)

    async def _in_turn(self, owner: str, export_id: str) -> bool:
        async with self._places:
            try:
                return await self.run(owner, export_id)
            except ImageRouteError as error:
                log.warning("export.deferred", extra={"export": export_id, "code": error.code})
                return False

    # --- The steps --------------------------------------------------------------------------------------------------------

    async def run(self, owner: str, export_id: str) -> bool:
        """Carry an export as far as it goes; False when it is in other hands, or needs nothing done."""
        export = await self._claim(owner, export_id)
        if export is None:
            return False
        try:
            while export.state.is_at_work:
                export = await self._advance(export)
                await self._tell(owner, export_id)
                heed()
        except (Conflict, NotFound):
            log.info("export.let_go", extra={"export": export_id})  # paused, cancelled, erased or taken over
        except ImageRouteError as error:
            log.warning("export.interrupted", extra={"export": export_id, "code": error.code})
            await self._put_off(export, error)
        await self._tell(owner, export_id)
        return True

    async def _claim(self, owner: str, export_id: str) -> Export | None:
        try:
            export, now = await self._tables.exports.get(export_id, owner), self._clock()
        except NotFound:
            return None
        is_taken = export.lease_holder not in ("", self._holder) and (export.lease_until or now) > now
        if not export.state.is_at_work or is_taken:
            return None
        if export.tries >= TRIES:
            await self._fail(export, STOPPED)
            return None
        mine = replace(export, lease_holder=self._holder, lease_until=now + SILENT, tries=export.tries + 1)
        with contextlib.suppress(Conflict):
            return await self._tables.exports.update(mine)
        return None

    async def _advance(self, export: Export) -> Export:
        match export.state:
            case ExportState.QUEUED:
                await drop_pieces(self._tables, export)  # of an earlier making
                return await self._store(await self._collector.snapshot(export), None)
            case ExportState.COLLECTING:
                self._fault(f"export_{read_cursor(export.cursor).step}")
                return await self._store(*await self._collector.step(export))
            case ExportState.PACKING:
                packed, draft = await pack_part(export, self._clock(), self._report, self._tables)
                self._fault("export_packing")
                is_last = packed.part >= packed.part_count
                after = (ExportState.VERIFYING, 1) if is_last else (ExportState.PACKING, packed.part + 1)
                return await self._store(replace(packed, state=after[0], part=after[1], parts=()), draft)
            case _:
                return await self._verify(export)

    async def _store(self, export: Export, draft: Draft | None, notice: Notice | None = None) -> Export:
        """Write a step and its checkpoint together; raises Conflict when the export is in other hands by now."""
        beating = replace(export, tries=0, failure="")
        if beating.state.is_at_work:
            beating = replace(beating, lease_until=self._clock() + SILENT)

        async def write(tables: Tables) -> Export:
            for piece in draft.records() if draft else ():
                await tables.export_pieces.add(piece)
            if notice is not None:
                await _post(tables, notice)
            return await tables.exports.update(beating)

        return await self._database.transact(write)

    async def _verify(self, export: Export) -> Export:
        held, beat_at = export, self._clock()

        async def beat(_size: int) -> None:
            nonlocal held, beat_at
            if self._clock() - beat_at >= BEAT_EVERY:
                beat_at = self._clock()
                held = await self._store(held, None)

        try:
            checked = await PartStream(export, export.part, tables=self._tables, media=self._media).check(beat)
        except Gone as error:
            if error.file is None or not error.file.key:
                raise
            return await self._mend(held, error.file)
        self._fault("export_verifying")
        parts = (*held.parts, f"{checked.size_bytes}:{checked.sha256}")
        if held.part < held.part_count:
            return await self._store(replace(held, part=held.part + 1, parts=parts), None)
        return await self._finish(replace(held, parts=parts))

    async def _mend(self, export: Export, lost: BagFile) -> Export:
        """Take a picture that is not what it was out of its part, note it, and have every part packed anew."""
        async for piece, files in Pieces(self._tables, export).sheets(export.part):
            if any(file.key == lost.key for file in files):
                kept = [file for file in files if file.record_id != lost.record_id]
                return await self._without(export, lost, piece, kept)
        raise Unavailable("The package could not be read back.")

    async def _without(self, export: Export, lost: BagFile, piece: ExportPiece, kept: Sequence[BagFile]) -> Export:
        gap = Gap(
            kind=KINDS[table_of(lost)],
            record_id=lost.record_id,
            reason=await self._reason(export.owner, lost),
            first_seen=self._clock().isoformat(timespec="seconds"),
            name=lost.title[:80],
        )
        sheet = replace(piece, text=json.dumps([asdict(file) for file in kept], ensure_ascii=False))
        again = replace(export, state=ExportState.PACKING, part=1, parts=(), gaps=(*export.gaps, gap.text()))

        async def write(tables: Tables) -> Export:
            await tables.export_pieces.update(sheet)
            return await tables.exports.update(replace(again, lease_until=self._clock() + SILENT))

        return await self._database.transact(write)

    async def _reason(self, owner: str, lost: BagFile) -> GapReason:
        if not await is_there(self._tables, owner, lost):
            return GapReason.DELETED
        try:
            await self._media.stat(lost.key)
        except NotFound:
            return GapReason.MISSING
        return GapReason.CORRUPT

    # --- The end ----------------------------------------------------------------------------------------------------------

    async def _finish(self, export: Export) -> Export:
        now = self._clock()
        state = ExportState.READY_WITH_GAPS if export.gaps else ExportState.READY
        ready = replace(
            export, state=state, slot=export.id, lease_holder="", lease_until=None, ready_at=now, expires_at=now + KEPT,
            cursor="", resumes_in="",
        )  # fmt: skip
        text = f"{_standing(ready)} It is kept until {_day(now + KEPT)}. Sign in to download it."
        notice = Notice(
            id=self._new_id(), owner=export.owner, topic=TOPIC, path="/privacy-center#export", created_at=now, seen_at=None,
            text=text, subject=READY_SUBJECT, mail_due_at=now,
        )  # fmt: skip
        self._fault("export_ready")
        stored = await self._store(ready, None, notice)
        self._notices.send_soon(notice)
        await self._notices.tell_open_pages(export.owner)
        return stored

    async def _put_off(self, export: Export, error: ImageRouteError) -> None:
        """Try again a little later, or give up with the reason."""
        try:
            stored = await self._tables.exports.get(export.id, export.owner)
            if stored.lease_holder != self._holder:
                return
            if stored.tries >= TRIES:
                await self._fail(stored, error.message)
                return
            later = self._clock() + WAIT_AGAIN * max(1, stored.tries)
            waiting = replace(stored, lease_holder="", lease_until=later, failure=error.message)
            await self._tables.exports.update(waiting)
        except ImageRouteError as worse:
            log.warning("export.stuck", extra={"export": export.id, "code": worse.code})

    async def _fail(self, export: Export, why: str) -> None:
        failed = replace(
            export, state=ExportState.FAILED, resumes_in=export.state.value, failure=why, lease_holder="",
            lease_until=None, expires_at=self._clock() + KEPT,
        )  # fmt: skip
        with contextlib.suppress(Conflict):
            await self._tables.exports.update(failed)


async def _post(tables: Tables, notice: Notice) -> None:
    for old in await tables.notices.find(Query(owner=notice.owner, equals={"topic": notice.topic}, limit=1)):
        await tables.notices.delete(old.id, old.owner)
    await tables.notices.add(notice)


def _standing(export: Export) -> str:
    if not export.gaps:
        return "Your export is ready: everything is in it."
    count = len(export.gaps)
    return f"Your export is ready with gaps: {count} {'file' if count == 1 else 'files'} could not be put in."


def _day(time: datetime) -> str:
    return f"{time.day} {time:%B %Y}"
