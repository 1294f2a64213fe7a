"""Exports: what a person can do with the packages of their data. Making one costs nothing and is never closed to anyone.

A download is begun by somebody who has just proven to be there; the grant that this leaves lets the same session go on with
the same file for a day, and nobody else. The files go after seven days, at once when asked for, and first in an erasure.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.accounts import Session
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotAllowed, NotFound
from imageroute_app.domain.exports import (
    GIGABYTE,
    GRANT,
    KEPT,
    PART_SIZES,
    RUNNING_SLOT,
    Export,
    ExportGrant,
    ExportState,
    ended,
    paused,
    resumed,
)
from imageroute_app.domain.ports import Clock, Database, MediaStore, NewId, Query, Tables
from imageroute_app.services.export_bag import drop_pieces, holds, is_whole
from imageroute_app.services.export_stream import Gone, PartStream
from imageroute_app.services.export_worker import ExportWorker

log = logging.getLogger(__name__)

LISTED = 50
BUSY = "One export is being made already. It goes on by itself; pause or cancel it first."
NOT_READY = "This export is not ready. Its files can be downloaded when it is."


class NotConfirmed(NotAllowed):
    """A download needs somebody who has just given the password."""

    code = "reverify"

    def __init__(self) -> None:
        super().__init__("Start this download in the privacy center: it asks for your password first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What goes into a package: categories by name, none for everything; `only_new` leaves out pictures of the last one."""

    categories: tuple[str, ...] = ()
    part_size_gb: int = 2
    only_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPart:
    """A part about to be sent; `etag` is its SHA-256 and holds for every byte of it."""

    export: Export
    name: str
    size_bytes: int
    etag: str
    stream: PartStream


class Exports:
    """A person's packages."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        worker: ExportWorker,
        clock: Clock,
        new_id: NewId,
        gigabyte: int = GIGABYTE,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._media, self._worker = media, worker
        self._clock, self._new_id, self._gigabyte = clock, new_id, gigabyte

    async def start(self, owner: str, ask: Ask) -> Export:
        """Begin a package.

        Raises:
            InvalidInput: for a category or a size that is not on offer.
            Conflict: when one is being made, paused or waits to be tried again.
        """
        if not set(ask.categories) <= {category.value for category in Category}:
            raise InvalidInput("Choose what to export from the list.", field="categories")
        if ask.part_size_gb not in PART_SIZES:
            raise InvalidInput("Choose one of the sizes on offer.", field="part_size")
        now = self._clock()
        last = await self._last_with_pictures(owner) if ask.only_new else None
        export = Export(
            id=self._new_id(), owner=owner, state=ExportState.QUEUED, slot=RUNNING_SLOT, categories=ask.categories,
            part_limit_bytes=ask.part_size_gb * self._gigabyte, since=last.snapshot_at if last else None, resumes_in="",
            cursor="", part=0, part_bytes=0, part_count=0, pieces=0, pictures=0, pictures_done=0, picture_bytes=0,
            bytes_done=0, gaps=(), parts=(), tries=0, failure="", lease_holder="", lease_until=now, created_at=now,
            snapshot_at=None, ready_at=None, expires_at=None,
        )  # fmt: skip
        try:
            await self._tables.exports.add(export)
        except Duplicate as error:
            raise Conflict(BUSY) from error
        return export

    async def _last_with_pictures(self, owner: str) -> Export | None:
        for export in await self.all(owner):
            if export.ready_at is not None and export.needs(Category.IMAGES):
                return export
        return None

    async def all(self, owner: str) -> Sequence[Export]:
        """Return the person's exports, newest first, also those whose files are gone."""
        return await self._tables.exports.find(Query(owner=owner, limit=LISTED))

    async def get(self, owner: str, export_id: str) -> Export:
        """Return one; raises NotFound."""
        return await self._tables.exports.get(export_id, owner)

    # --- While it is made -------------------------------------------------------------------------------------------------

    async def pause(self, owner: str, export_id: str) -> Export:
        """Stop for now; what is done is kept for 7 days."""
        await self._hold_still(owner, export_id)
        expires_at = self._clock() + KEPT
        return await self._change(owner, export_id, lambda one: replace(paused(one), expires_at=expires_at))

    async def resume(self, owner: str, export_id: str) -> Export:
        """Go on where it stopped, after a pause or a failure."""
        now = self._clock()
        export = await self._change(owner, export_id, lambda one: replace(resumed(one, now), expires_at=None))
        self._worker.nudge(export)
        return export

    async def cancel(self, owner: str, export_id: str) -> None:
        """Give it up; nothing of it is kept but its line in the history."""
        await self._hold_still(owner, export_id)
        await self._end(owner, export_id, ExportState.CANCELLED, lambda one: one.state.is_open)

    async def delete_files(self, owner: str, export_id: str) -> None:
        """Delete the files of a ready one at once; running downloads of it end."""
        await self._end(owner, export_id, ExportState.DELETED, lambda one: one.state.is_ready)

    def begin(self, export: Export) -> None:
        """Let a worker of this process begin at once; without it the next sweep does."""
        self._worker.nudge(export)

    # --- Downloads --------------------------------------------------------------------------------------------------------

    async def grant(self, session: Session, export_id: str, part: int) -> ExportGrant:
        """Let this session download a part for 24 hours; the caller has made sure that the person is there.

        Raises:
            NotFound: no such part of this person.
            Conflict: it is not ready.
            Gone: a picture in it was deleted since; the package is being made again.
        """
        export = await self._ready(session.owner, export_id, part)
        await self._check_whole(export, part)
        now = self._clock()
        grant = ExportGrant(
            id=self._new_id(), owner=session.owner, export_id=export_id, part=part, session_id=session.id,
            etag=export.part_facts(part)[1], created_at=now, expires_at=now + GRANT,
        )  # fmt: skip
        await self._tables.export_grants.add(grant)
        return grant

    async def open(self, session: Session, export_id: str, part: int) -> OpenedPart:
        """Return a part to send; raises as `grant` does, and NotConfirmed without a live grant of this session."""
        export = await self._ready(session.owner, export_id, part)
        size_bytes, etag = export.part_facts(part)
        query = Query(owner=session.owner, equals={"export_id": export_id}, limit=LISTED * 4)
        now = self._clock()
        if not any(
            (one.session_id, one.part, one.etag) == (session.id, part, etag) and one.expires_at > now
            for one in await self._tables.export_grants.find(query)
        ):
            raise NotConfirmed
        stream = PartStream(export, part, tables=self._tables, media=self._media)
        return OpenedPart(export=export, name=export.file_name(part), size_bytes=size_bytes, etag=etag, stream=stream)

    async def read(self, opened: OpenedPart, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield bytes start..end; when a picture is gone it raises Gone and has the package made again without it."""
        try:
            async for chunk in opened.stream.read(start, end):
                yield chunk
        except Gone:
            log.info("export.changed", extra={"export": opened.export.id})
            await self._again(await self.get(opened.export.owner, opened.export.id))
            raise

    async def _ready(self, owner: str, export_id: str, part: int) -> Export:
        export = await self.get(owner, export_id)
        if export.expires_at is not None and export.expires_at <= self._clock():
            raise NotFound
        if not export.state.is_ready:
            raise Conflict(NOT_READY)
        if not 1 <= part <= len(export.parts):
            raise NotFound
        return export

    async def _check_whole(self, export: Export, part: int) -> None:
        if not await is_whole(self._tables, export, part):
            await self._again(export)
            raise Gone

    # --- Ends -------------------------------------------------------------------------------------------------------------

    async def forget_picture(self, owner: str, image_id: str) -> None:
        """Have every ready package that holds this picture made again: its words leave our copies with it."""
        for export in await self.all(owner):
            if export.state.is_ready and await holds(self._tables, export, image_id):
                await self._again(export)

    async def _again(self, export: Export) -> None:
        """Have a ready package made from the beginning, or delete its files while another one is being made."""
        fresh = replace(
            export, state=ExportState.QUEUED, slot=RUNNING_SLOT, cursor="", part=0, part_bytes=0, part_count=0, pieces=0,
            pictures=0, pictures_done=0, picture_bytes=0, bytes_done=0, gaps=(), parts=(), tries=0, lease_holder="",
            lease_until=self._clock(), snapshot_at=None, ready_at=None, expires_at=None,
        )  # fmt: skip
        try:
            await self._tables.exports.update(fresh)
        except Duplicate:
            await self.delete_files(export.owner, export.id)
        except Conflict:
            return  # another request has begun that already

    async def purge(self, limit: int = 50) -> int:
        """Delete the files of packages whose time is over; returns how many."""
        overdue = await self._tables.exports.overdue("expires_at", self._clock(), limit)
        for export in overdue:
            state = ExportState.EXPIRED if export.state.is_ready else export.state
            state = ExportState.CANCELLED if state.is_open else state
            await self._end(export.owner, export.id, state, lambda one: one.expires_at is not None)
        return len(overdue)

    async def forget(self, owner: str) -> int:
        """Stop and erase every package of a person, first of all in an erasure; returns how many rows went. Repeatable."""
        gone = 0
        for export in await self.all(owner):
            await self._worker.stop(export.id)
            # The row first: a worker elsewhere finds it gone at its next step and stores nothing more.
            gone += await self._tables.exports.delete(export.id, owner)
            gone += await drop_pieces(self._tables, export)
        for grant in await self._tables.export_grants.find(Query(owner=owner, limit=LISTED * 20)):
            gone += await self._tables.export_grants.delete(grant.id, owner)
        return gone

    async def _end(self, owner: str, export_id: str, state: ExportState, may_end: Callable[[Export], bool]) -> None:
        def over(one: Export) -> Export:
            if not may_end(one):
                raise Conflict("This export is over, or at another step. Look at it again.")
            # It stays overdue until its pieces are gone, so that a crash in between is finished by the next purge.
            return replace(ended(one, state), expires_at=self._clock())

        export = await self._change(owner, export_id, over)
        await drop_pieces(self._tables, export)
        for grant in await self._tables.export_grants.find(
            Query(owner=owner, equals={"export_id": export_id}, limit=LISTED * 4)
        ):
            await self._tables.export_grants.delete(grant.id, owner)
        await self._change(owner, export_id, lambda one: replace(one, expires_at=None))

    async def _hold_still(self, owner: str, export_id: str) -> None:
        """Take this person's export out of the hands of a worker in this process; one elsewhere finds out at its next step."""
        await self.get(owner, export_id)
        await self._worker.stop(export_id)

    async def _change(self, owner: str, export_id: str, change: Callable[[Export], Export]) -> Export:
        """Change the row also while a worker writes its steps, many a second; raises what `change` raises."""

        # Read and written in one transaction: between two of its own a worker would come first every time.
        async def apply(tables: Tables) -> Export:
            return await tables.exports.update(change(await tables.exports.get(export_id, owner)))

        return await self._database.transact(apply)
