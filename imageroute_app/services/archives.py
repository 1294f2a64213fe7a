"""Archives: a selection, an album or everything as one ZIP that can be downloaded for 7 days, from any byte on.

Downloading costs nothing and needs no credits. One archive at a time is built for a person; what is built is fixed, and a
picture that is deleted afterwards leaves it at once: the archive is made again without it and says so.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from imageroute_app.domain.backups import Strongbox
from imageroute_app.domain.errors import Conflict, ImageRouteError, InvalidInput, NotFound
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.ports import Clock, Database, MediaStore, NewId, Query
from imageroute_app.domain.sharing import ARCHIVE_DAYS, Archive, ArchiveState
from imageroute_app.ending import end
from imageroute_app.services.archive_build import ArchiveBuild, Choice, Render
from imageroute_app.services.archive_content import archive_prefix, index_key
from imageroute_app.services.archive_index import load_index
from imageroute_app.services.archive_stream import ArchiveStream
from imageroute_app.services.archive_words import Changed, Words
from imageroute_app.services.recipes import Recipes

log = logging.getLogger(__name__)

KEPT_MAX = 20
PICTURES_MAX = 100_000
WAIT_S = 1.0
TELL_EVERY = 200
IDS_AT_ONCE = 2000
ENCODINGS = frozenset({"original", "png", "jpeg", "webp"})
EDGE_MIN_PX, EDGE_MAX_PX = 64, 8192
BUSY = "One download is being made already. Wait until it is ready, or delete it."
AT_WORK = "This download is still being made. Wait a moment."
FAILED = "This download could not be made. Delete it and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An archive about to be sent; `size_bytes` and `etag` hold for every byte of it."""

    archive: Archive
    size_bytes: int
    etag: str
    stream: ArchiveStream


class Archives:
    """A person's downloads of several pictures."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        strongbox: Strongbox,
        recipes: Recipes,
        render: Render,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._tables, self._media, self._recipes = database.tables, media, recipes
        self._words = Words(media=media, strongbox=strongbox)
        self._render, self._clock, self._new_id = render, clock, new_id
        self._building: dict[str, asyncio.Task[None]] = {}

    async def file(self, image: Image, choice: Choice) -> bytes:
        """Return one picture as it was chosen; raises InvalidInput, NotFound, BadImage."""
        _check_picture(choice)
        [original] = await self._media.read([media_key(image.owner, image.id, "original")])
        if original is None:
            raise NotFound
        if choice == Choice():
            return original
        [recipe] = await self._recipes.of(image.owner, [image])
        return await self._render(choice, image, original, recipe)

    async def file_bytes(self, image: Image, choice: Choice) -> int:
        """Return how large the file will be; another format is made once to know."""
        return image.size_bytes if choice == Choice() else len(await self.file(image, choice))

    async def create(self, owner: str, image_ids: Sequence[str], choice: Choice, *, title: str) -> Archive:
        """Begin an archive of these pictures; a small one of originals is ready when this returns.

        Raises:
            InvalidInput: no picture, too many, or a format that is not on offer.
            Conflict: another one is being built, or too many are kept.
        """
        ids = tuple(dict.fromkeys(image_ids))
        self._check(ids, choice)
        kept = await self.all(owner)
        if any(archive.state is ArchiveState.PREPARING for archive in kept):
            raise Conflict(BUSY)
        if len(kept) >= KEPT_MAX:
            raise Conflict(f"{KEPT_MAX} downloads are kept at most. Delete one first.")
        now = self._clock()
        archive = Archive(
            id=self._new_id(),
            owner=owner,
            state=ArchiveState.PREPARING,
            title=title[:200],
            encoding=choice.encoding,
            edge_px=choice.edge_px,
            with_settings=choice.with_settings,
            image_ids=ids,
            done=0,
            size_bytes=0,
            gaps=(),
            created_at=now,
            expires_at=now + timedelta(days=ARCHIVE_DAYS),
        )
        await self._tables.archives.add(archive)
        return await self._built(archive)

    async def all(self, owner: str) -> list[Archive]:
        """Return the archives that can still be had, newest first; goes on with one whose building was cut off."""
        found = await self._tables.archives.find(Query(owner=owner, limit=KEPT_MAX * 2))
        live = [archive for archive in found if archive.expires_at > self._clock()]
        for archive in live:
            if archive.state is ArchiveState.PREPARING:
                self._start(archive)
        return live

    async def get(self, owner: str, archive_id: str) -> Archive:
        """Return one; raises NotFound when it is over, deleted or not this person's."""
        archive = await self._tables.archives.get(archive_id, owner)
        if archive.expires_at <= self._clock():
            raise NotFound
        return archive

    async def delete(self, owner: str, archive_id: str) -> None:
        """Delete the archive and every file that was made for it, at once."""
        archive = await self._tables.archives.get(archive_id, owner)
        await self._stop(archive.id)
        # Bytes first: a crash in between leaves a row that the next purge finishes, never bytes without a row.
        await self._media.delete_prefix(archive_prefix(owner, archive.id))
        await self._tables.archives.delete(archive.id, owner)

    async def purge(self, limit: int = 100) -> int:
        """Delete archives whose 7 days are over, of anyone; returns how many."""
        overdue = await self._tables.archives.overdue("expires_at", self._clock(), limit)
        for archive in overdue:
            await self.delete(archive.owner, archive.id)
        return len(overdue)

    async def forget(self, owner: str, image_id: str) -> None:
        """Erase what was made of a picture for any archive; the archives are made again without it when asked for."""
        for archive in await self._tables.archives.find(Query(owner=owner, limit=KEPT_MAX * 2)):
            if image_id in archive.image_ids:
                await self._media.delete(f"{archive_prefix(owner, archive.id)}{image_id}")
                await self._words.drop(archive)

    async def open(self, owner: str, archive_id: str) -> Opened:
        """Return an archive to send.

        Raises:
            NotFound: there is none of this person.
            Conflict: it is not ready.
        """
        archive = await self.get(owner, archive_id)
        stream = await self._stream(archive)
        if stream is None and archive.state is ArchiveState.READY:
            archive = await self._again(archive)
            stream = await self._stream(archive)
        if stream is None:
            raise Conflict(FAILED if archive.state is ArchiveState.FAILED else AT_WORK)
        return Opened(archive=archive, size_bytes=stream.size_bytes, etag=stream.etag, stream=stream)

    async def read(self, opened: Opened, start: int, end: int) -> AsyncGenerator[bytes | bytearray]:
        """Yield bytes start..end; when a picture is gone it raises Changed and makes the archive again without it."""
        try:
            async with contextlib.aclosing(opened.stream.read(start, end)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Changed:
            log.info("archive.changed", extra={"archive": opened.archive.id})
            await self._again(opened.archive)
            raise

    async def settle(self) -> None:
        """Stop building; called before the adapters close. What is unfinished goes on after the next start."""
        for archive_id in list(self._building):
            await self._stop(archive_id)

    def _check(self, ids: Sequence[str], choice: Choice) -> None:
        if not ids:
            raise InvalidInput("Choose at least one picture.", field="images")
        if len(ids) > PICTURES_MAX:
            raise InvalidInput(f"One download holds at most {PICTURES_MAX:,} pictures. Choose fewer.", field="images")
        _check_picture(choice)

    async def _stream(self, archive: Archive) -> ArchiveStream | None:
        """Return the stream of a ready archive all of whose pictures are still there, else None."""
        if archive.state is not ArchiveState.READY:
            return None
        [data] = await self._media.read([index_key(archive)])
        index = load_index(data or b"")
        if index is None:
            return None
        ids = [archive.image_ids[place] for place in index.slots.places]
        counting = asyncio.create_task(self._still_there(archive.owner, ids, index.sources))
        try:
            await asyncio.sleep(0)  # the database is asked, and answers while sizes are added up here
            stream = ArchiveStream(archive, index, tables=self._tables, media=self._media, words=self._words)
            return stream if await counting else None
        finally:
            await end(counting)

    async def _still_there(self, owner: str, ids: Sequence[str], sources: Sequence[str]) -> bool:
        """Say whether all its pictures are in the gallery, and everything that their recipes name is somewhere."""
        queries = [Query(owner=owner, equals={"id": some, "trashed": False}) for some in _some(ids)]
        counts = await asyncio.gather(*(self._tables.images.count(query) for query in queries))
        hashes = await asyncio.gather(*(self._recipes.hashes_of(owner, set(some)) for some in _some(sources)))
        return sum(counts) == len(ids) and sum(map(len, hashes)) == len(sources)

    async def _again(self, archive: Archive) -> Archive:
        """Build a ready archive anew; another request may have begun that already."""
        try:
            stale = replace(archive, state=ArchiveState.PREPARING, gaps=(), done=0, size_bytes=0)
            return await self._built(await self._tables.archives.update(stale))
        except Conflict:
            return await self.get(archive.owner, archive.id)

    async def _built(self, archive: Archive) -> Archive:
        """Start building, wait a moment, and return how it stands."""
        task = self._start(archive)
        await asyncio.wait([task], timeout=WAIT_S)
        return await self._tables.archives.get(archive.id, archive.owner)

    def _start(self, archive: Archive) -> asyncio.Task[None]:
        task = self._building.get(archive.id)
        if task is None:
            task = asyncio.create_task(self._build(archive))
            self._building[archive.id] = task
            task.add_done_callback(lambda _: self._building.pop(archive.id, None))
        return task

    async def _stop(self, archive_id: str) -> None:
        if task := self._building.get(archive_id):
            await end(task)

    async def _build(self, archive: Archive) -> None:
        stored = archive

        async def step(done: int) -> None:
            nonlocal stored
            if done - stored.done >= (1 if archive.with_settings or archive.edge_px else TELL_EVERY):
                stored = await self._tables.archives.update(replace(stored, done=done))

        build = ArchiveBuild(
            archive,
            tables=self._tables,
            media=self._media,
            words=self._words,
            recipes=self._recipes,
            render=self._render,
        )
        try:
            ready = await build.run(step)
            await self._drop_late(ready)
            empty = len(ready.gaps) == len(ready.image_ids)
            state = ArchiveState.FAILED if empty else ArchiveState.READY
            await self._tables.archives.update(replace(ready, state=state, version=stored.version))
        except Conflict:
            log.info("archive.taken_over", extra={"archive": archive.id})
        except ImageRouteError as error:
            log.warning("archive.failed", extra={"archive": archive.id, "code": error.code})
            await self._fail(stored)

    async def _drop_late(self, ready: Archive) -> None:
        """Erase the words again if a picture went while they were written: `forget` came before them."""
        gone = {gap.partition(" ")[0] for gap in ready.gaps}
        if not await self._still_there(ready.owner, [one for one in ready.image_ids if one not in gone], ()):
            await self._words.drop(ready)

    async def _fail(self, archive: Archive) -> None:
        try:
            await self._tables.archives.update(replace(archive, state=ArchiveState.FAILED))
        except ImageRouteError as error:
            log.warning("archive.stuck", extra={"archive": archive.id, "code": error.code})


def _some(ids: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(ids[first : first + IDS_AT_ONCE]) for first in range(0, len(ids), IDS_AT_ONCE)]


def _check_picture(choice: Choice) -> None:
    if choice.encoding not in ENCODINGS:
        raise InvalidInput("Choose one of the formats on offer.", field="encoding")
    if choice.edge_px and not EDGE_MIN_PX <= choice.edge_px <= EDGE_MAX_PX:
        raise InvalidInput(f"Choose a size from {EDGE_MIN_PX} to {EDGE_MAX_PX} pixels.", field="edge")
    if choice.encoding == "original" and choice.edge_px:
        raise InvalidInput("Originals keep their size. Choose a format to change it.", field="edge")
