"""The bytes of an archive from any place on: rows and files are read in batches, ahead of what is sent.

Principle: nothing is sent that the index does not promise. A picture that is gone or another one, a recipe that reads
differently than when the index was made: the stream ends with Changed, never with a file that only looks whole.
"""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import NamedTuple, TypeVar

from imageroute_app.domain import zips
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import MediaStore, OpenMedia, Tables
from imageroute_app.domain.sharing import Archive
from imageroute_app.domain.zips import Directory, Entry
from imageroute_app.ending import end
from imageroute_app.services.archive_content import ROWS, Names, manifest_of, picture_key, rows_of
from imageroute_app.services.archive_index import DIGESTS, MANIFEST, RECIPE_ENDING, Index, Slot, digest_line
from imageroute_app.services.buffers import Buffers
from imageroute_app.services.recipes import Recipes

BATCH_BYTES, FILES_MAX, BATCHES_AHEAD, PAGES_AHEAD = 8 * 1024 * 1024, 24, 1, 1
"""Files are opened by a thread a batch ahead; every open file of every download counts against the process's limit."""
PIECE_BYTES, LARGE_BYTES = 1024 * 1024, 4 * 1024 * 1024
"""Small pictures are sent together: handing a piece to the server wakes another thread, which costs as much as its bytes."""

T = TypeVar("T")


class Changed(Unavailable):
    """The archive is no longer what it was; it is made again without what is gone."""

    code = "archive_changed"

    def __init__(self) -> None:
        super().__init__("A picture of this download was deleted meanwhile. It is made again without it.")


class Page(NamedTuple):
    """Up to 200 slots with their pictures and recipes; `first` counts the slots before them."""

    slots: Sequence[Slot]
    images: Sequence[Image]
    recipes: Sequence[bytes]
    first: int


class Batch(NamedTuple):
    """Some slots of a page; their open files, or None for one large picture, which is opened when it is sent."""

    slots: Sequence[Slot]
    keys: Sequence[str]
    recipes: Sequence[bytes]
    files: Sequence[OpenMedia | None] | None
    first: int


class ArchiveStream:
    """One archive, ready to be sent from any byte."""

    def __init__(self, archive: Archive, index: Index, *, tables: Tables, media: MediaStore, recipes: Recipes) -> None:
        self._archive, self._index = archive, index
        self._tables, self._media, self._recipes = tables, media, recipes
        self._manifest, self._names = manifest_of(archive), Names(archive)
        self._headers = Directory(archive.created_at)
        self._names_seen: dict[int, tuple[bytes, bytes]] = {}
        self._buffers = Buffers()
        self._open: set[OpenMedia] = set()
        self._begins = index.begins(zips.local_bytes(len(MANIFEST), len(self._manifest)))
        self.size_bytes = index.total_bytes(len(self._manifest))
        self.etag = index.etag(self._manifest)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes | bytearray]:
        """Yield bytes start..end (end exclusive); raises Changed."""
        at = start
        try:
            async with contextlib.aclosing(self._from(start, end)) as pieces:
                async for offset, piece in pieces:
                    skipped = max(0, at - offset)
                    kept = piece[skipped : end - offset] if skipped or offset + len(piece) > end else piece
                    if kept:
                        at += len(kept)
                        yield kept
                    if at >= end:
                        return
        finally:  # not when somebody collects what an ended download left: that may be hours later
            self._close(list(self._open))
        raise Changed

    def _close(self, files: Sequence[OpenMedia | None]) -> None:
        for file in files:
            if file is not None:
                file.close()
                self._open.discard(file)

    async def _from(self, start: int, end: int) -> AsyncGenerator[tuple[int, bytes | bytearray]]:
        """Yield pieces with their offsets, from the one that holds `start` on."""
        if start < self._begins[0]:
            yield 0, self._whole(MANIFEST, self._manifest)
        async with contextlib.aclosing(_ahead(self._batches(start, end), BATCHES_AHEAD)) as batches:
            async for batch in batches:
                async with contextlib.aclosing(self._pieces(batch, start, end)) as pieces:
                    async for piece in pieces:
                        yield piece
        if self._begins[-1] < end:
            yield self._begins[-1], await self._rest()

    async def _batches(self, start: int, end: int) -> AsyncGenerator[Batch]:
        """Yield the pictures that lie between `start` and `end`, their files open; a large one is opened when it is sent."""
        async with contextlib.aclosing(_ahead(self._pages(start, end), PAGES_AHEAD)) as pages:
            async for page in pages:
                for low, high in _grouped(page.slots, BATCH_BYTES, FILES_MAX):
                    if not self._is_between(page.first + low, page.first + high, start, end):
                        continue
                    slots = page.slots[low:high]
                    keys = [picture_key(self._archive, image.id) for image in page.images[low:high]]
                    files = None if slots[0].size_bytes > LARGE_BYTES else await self._media.opened(keys)
                    self._open.update(file for file in files or () if file is not None)
                    yield Batch(slots, keys, page.recipes[low:high], files, page.first + low)

    def _is_between(self, low: int, high: int, start: int, end: int) -> bool:
        """Say whether something of the slots low..high lies between the bytes `start` and `end`."""
        return self._begins[low] < end and start < self._begins[high]

    async def _pages(self, start: int, end: int) -> AsyncGenerator[Page]:
        """Yield what is known of the pictures that lie between `start` and `end`."""
        for first, slots in self._slots():
            if self._is_between(first, first + len(slots), start, end):
                images = await self._images(slots)
                yield Page(slots, images, await self._recipes.of(self._archive.owner, images), first)

    def _slots(self) -> Iterator[tuple[int, Sequence[Slot]]]:
        """Yield the slots, up to 200 at once, and how many stand before them."""
        slots = self._index.slots
        return ((first, slots[first : first + ROWS]) for first in range(0, len(slots), ROWS))

    async def _images(self, page: Sequence[Slot]) -> list[Image]:
        ids = [self._archive.image_ids[slot.place] for slot in page]
        found = await rows_of(self._tables, self._archive.owner, ids)
        if len(found) != len(ids):
            raise Changed
        images = [found[image_id] for image_id in ids]
        for slot, image in zip(page, images, strict=True):
            names = self._names.stem(image), self._names.ending(image)
            if (len(names[0]), len(names[1])) != (slot.stem_bytes, slot.ending_bytes):
                raise Changed
            self._names_seen[slot.place] = names
        return images

    async def _pieces(self, batch: Batch, start: int, end: int) -> AsyncGenerator[tuple[int, bytes | bytearray]]:
        """Yield the pieces of a batch that lie between `start` and `end`."""
        if batch.files is None:
            async with contextlib.aclosing(self._large(batch)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        for low, high in _grouped(batch.slots, PIECE_BYTES, FILES_MAX):
            if self._is_between(batch.first + low, batch.first + high, start, end):
                yield self._begins[batch.first + low], await self._piece(batch, batch.files, range(low, high))
        self._close(batch.files)

    async def _piece(self, batch: Batch, files: Sequence[OpenMedia | None], places: range) -> bytearray:
        """Return pictures that follow each other with their headers and recipes, each file read right into its place."""
        size_bytes = self._begins[batch.first + places.stop] - self._begins[batch.first + places.start]
        piece, at = self._buffers.take(size_bytes), 0
        view = memoryview(piece)
        for place in places:
            slot, file = batch.slots[place], files[place]
            header, recipe = self._picture_header(slot), self._recipe(slot, batch.recipes[place])
            content = at + len(header)
            at = content + slot.size_bytes + len(recipe)
            view[content - len(header) : content] = header
            view[at - len(recipe) : at] = recipe
            if file is None or file.size_bytes != slot.size_bytes:
                raise Changed
            if not await file.fill(view[content : content + slot.size_bytes]):
                raise Changed
        return piece

    async def _large(self, batch: Batch) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield one large picture chunk by chunk, then its recipe."""
        [slot], [key], [recipe], offset = batch.slots, batch.keys, batch.recipes, self._begins[batch.first]
        header = self._picture_header(slot)
        yield offset, header
        offset += len(header)
        end = offset + slot.size_bytes
        try:
            chunks = await self._media.open(key)
        except NotFound:
            raise Changed from None
        try:
            async for chunk in chunks:
                yield offset, chunk
                offset += len(chunk)
        finally:  # its file is let go of now, not when somebody collects what a cancelled download left
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        if offset != end:
            raise Changed
        yield offset, self._recipe(slot, recipe)

    def _picture_header(self, slot: Slot) -> bytes:
        name = b"".join(self._names_seen[slot.place])
        return self._headers.local_header(Entry(name, slot.size_bytes, slot.crc32))

    def _recipe(self, slot: Slot, recipe: bytes) -> bytes:
        if (len(recipe), zlib.crc32(recipe)) != (slot.recipe_bytes, slot.recipe_crc32):
            raise Changed
        return self._whole(self._names_seen[slot.place][0] + RECIPE_ENDING.encode(), recipe)

    def _whole(self, name: bytes, data: bytes) -> bytes:
        return self._headers.local_header(_entry(name, data)) + data

    async def _rest(self) -> bytes:
        """Return the list of digests and the directory; names of what was skipped are read now."""
        directory = Directory(self._archive.created_at)
        directory.note(_entry(MANIFEST, self._manifest))
        lines: list[bytes] = []
        for _, page in self._slots():
            if unseen := [slot for slot in page if slot.place not in self._names_seen]:
                await self._images(unseen)
            for slot in page:
                stem, ending = self._names_seen[slot.place]
                lines.append(digest_line(stem + ending, slot.sha256))
                directory.note(Entry(stem + ending, slot.size_bytes, slot.crc32))
                directory.note(Entry(stem + RECIPE_ENDING.encode(), slot.recipe_bytes, slot.recipe_crc32))
            await asyncio.sleep(0)  # others are served between two pages
        digests = b"".join(lines)
        if zlib.crc32(digests) != self._index.digests_crc32:
            raise Changed
        directory.note(_entry(DIGESTS, digests))
        return self._whole(DIGESTS, digests) + directory.tail()


def _entry(name: bytes, data: bytes) -> Entry:
    return Entry(name, len(data), zlib.crc32(data))


def _grouped(slots: Sequence[Slot], most_bytes: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of slots that are handled together: at most so many bytes and so many, a larger picture alone."""
    low = total = 0
    for place, slot in enumerate(slots):
        if place > low and (total + slot.size_bytes > most_bytes or place - low == most):
            yield low, place
            low, total = place, 0
        total += slot.size_bytes
    yield low, len(slots)


async def _ahead(source: AsyncGenerator[T], count: int) -> AsyncGenerator[T]:
    """Yield what the source yields; a task of our own reads `count` ahead of the caller. Closing ends the task."""
    queue: asyncio.Queue[T | Exception | None] = asyncio.Queue(count)

    async def fill() -> None:
        try:
            async with contextlib.aclosing(source) as items:
                async for item in items:
                    await queue.put(item)
        except Exception as error:  # noqa: BLE001  # handed to the reader, who raises it
            await queue.put(error)
        else:
            await queue.put(None)

    task = asyncio.create_task(fill())
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        await end(task)
