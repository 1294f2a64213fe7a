"""The bytes of an archive from any place on: words and files are read in batches, ahead of what is sent.

Principle: nothing is sent that the index does not promise. A picture that is gone or another one, words that are not those
of the index: the stream ends with Changed, never with a file that only looks whole.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import NamedTuple, TypeVar

from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import MediaStore, PreparedMedia, Query, Tables
from imageroute_app.domain.sharing import Archive
from imageroute_app.domain.zips import Directory
from imageroute_app.ending import end
from imageroute_app.services.archive_content import MANIFEST, entry_of, manifest_of, picture_key
from imageroute_app.services.archive_index import Index, Slot
from imageroute_app.services.archive_words import PAGE, REST_BYTES, Changed, Words, page_name, rest_name
from imageroute_app.services.buffers import Buffers

BATCH_BYTES, BATCH_FILES, BATCHES_AHEAD, PAGES_AHEAD = 8 * 1024 * 1024, 100, 1, 1
"""What lies far away is fetched a batch ahead."""
PIECE_BYTES, PIECE_FILES, LARGE_BYTES = 1024 * 1024, 24, 4 * 1024 * 1024
"""Small pictures are sent together: handing a piece to the server wakes another thread, which costs as much as its bytes."""

T = TypeVar("T")
Said = tuple[bytes, bytes]
"""What stands before a picture and what follows it: headers, names, the recipe."""


class Page(NamedTuple):
    """Up to PAGE slots with their words; `first` counts the slots before them."""

    slots: Sequence[Slot]
    said: Sequence[Said]
    first: int


class Batch(NamedTuple):
    """Some slots of a page; what holds their files, or None for one large picture, which is opened when it is sent."""

    slots: Sequence[Slot]
    said: Sequence[Said]
    keys: Sequence[str]
    files: PreparedMedia | None
    first: int


class ArchiveStream:
    """One archive, ready to be sent from any byte."""

    def __init__(self, archive: Archive, index: Index, *, tables: Tables, media: MediaStore, words: Words) -> None:
        self._archive, self._index = archive, index
        self._tables, self._media, self._words = tables, media, words
        manifest = manifest_of(archive)
        self._front = Directory(archive.created_at).local_header(entry_of(MANIFEST, manifest)) + manifest
        self._buffers = Buffers()
        self._begins = index.begins(len(self._front))
        self.size_bytes = self._begins[-1] + index.rest_bytes
        self.etag = index.etag(manifest)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes | bytearray]:
        """Yield bytes start..end (end exclusive); raises Changed."""
        at = start
        async with contextlib.aclosing(self._from(start, end)) as pieces:
            async for offset, piece in pieces:
                skipped = max(0, at - offset)
                kept = piece[skipped : end - offset] if skipped or offset + len(piece) > end else piece
                if kept:
                    at += len(kept)
                    yield kept
                if at >= end:
                    return
        raise Changed

    async def _from(self, start: int, end: int) -> AsyncGenerator[tuple[int, bytes | bytearray]]:
        """Yield pieces with their offsets, from the one that holds `start` on."""
        if start < self._begins[0]:
            yield 0, self._front
        async with contextlib.aclosing(_ahead(self._batches(start, end), BATCHES_AHEAD)) as batches:
            async for batch in batches:
                async with contextlib.aclosing(self._pieces(batch, start, end)) as pieces:
                    async for piece in pieces:
                        yield piece
        async with contextlib.aclosing(self._rest(start, end)) as pieces:
            async for piece in pieces:
                yield piece

    async def _batches(self, start: int, end: int) -> AsyncGenerator[Batch]:
        """Yield the pictures that lie between `start` and `end`, their files ready; a large one is opened when it is sent."""
        async with contextlib.aclosing(_ahead(self._pages(start, end), PAGES_AHEAD)) as pages:
            async for page in pages:
                for low, high in _grouped(page.slots, BATCH_BYTES, BATCH_FILES):
                    if not self._is_between(page.first + low, page.first + high, start, end):
                        continue
                    slots = page.slots[low:high]
                    keys = [picture_key(self._archive, self._archive.image_ids[slot.place]) for slot in slots]
                    files = None if slots[0].size_bytes > LARGE_BYTES else await self._media.prepare(keys)
                    yield Batch(slots, page.said[low:high], keys, files, page.first + low)

    def _is_between(self, low: int, high: int, start: int, end: int) -> bool:
        """Say whether something of the slots low..high lies between the bytes `start` and `end`."""
        return self._begins[low] < end and start < self._begins[high]

    async def _pages(self, start: int, end: int) -> AsyncGenerator[Page]:
        """Yield what is known of the pictures that lie between `start` and `end`."""
        count = len(self._index.slots)
        for first in range(0, count, PAGE):
            if self._is_between(first, min(first + PAGE, count), start, end):
                slots = self._index.slots.part(first, PAGE)
                yield Page(slots, await self._said(first, slots), first)

    async def _said(self, first: int, slots: Sequence[Slot]) -> Sequence[Said]:
        """Return the words of a page whose pictures are all still there."""
        ids = tuple(self._archive.image_ids[slot.place] for slot in slots)
        query = Query(owner=self._archive.owner, equals={"id": ids, "trashed": False})
        if await self._tables.images.count(query) != len(ids):
            raise Changed
        size_bytes = sum(slot.head_bytes + slot.tail_bytes for slot in slots)
        name = page_name(first // PAGE)
        data = await self._words.read(self._archive, self._index.making, name, size_bytes)
        return list(_split(data, slots))

    async def _pieces(self, batch: Batch, start: int, end: int) -> AsyncGenerator[tuple[int, bytes | bytearray]]:
        """Yield the pieces of a batch that lie between `start` and `end`."""
        if batch.files is None:
            async with contextlib.aclosing(self._large(batch)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        for low, high in _grouped(batch.slots, PIECE_BYTES, PIECE_FILES):
            if self._is_between(batch.first + low, batch.first + high, start, end):
                yield self._begins[batch.first + low], await self._piece(batch, batch.files, low, high)

    async def _piece(self, batch: Batch, files: PreparedMedia, low: int, high: int) -> bytearray:
        """Return pictures that follow each other with what is said of them, each file read right into its place."""
        size_bytes = self._begins[batch.first + high] - self._begins[batch.first + low]
        piece, at = self._buffers.take(size_bytes), 0
        view, places = memoryview(piece), list[memoryview]()
        for slot, (head, tail) in zip(batch.slots[low:high], batch.said[low:high], strict=True):
            content = at + slot.head_bytes
            end = content + slot.size_bytes
            view[at:content] = head
            places.append(view[content:end])
            at = end + slot.tail_bytes
            view[end:at] = tail
        if not await files.fill(low, places):
            raise Changed
        return piece

    async def _large(self, batch: Batch) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield one large picture chunk by chunk, and what is said of it."""
        [slot], [(head, tail)], [key], offset = batch.slots, batch.said, batch.keys, self._begins[batch.first]
        yield offset, head
        offset += slot.head_bytes
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
        yield offset, tail

    async def _rest(self, start: int, end: int) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield what follows the last picture as far as it lies between `start` and `end`."""
        begin, size_bytes = self._begins[-1], self._index.rest_bytes
        for part, first in enumerate(range(0, size_bytes, REST_BYTES)):
            length = min(REST_BYTES, size_bytes - first)
            if begin + first < end and start < begin + first + length:
                name = rest_name(part)
                yield begin + first, await self._words.read(self._archive, self._index.making, name, length)


def _split(data: bytes, slots: Sequence[Slot]) -> Iterator[Said]:
    """Yield what stands before and after each picture of a page."""
    at = 0
    for slot in slots:
        tail = at + slot.head_bytes
        end = tail + slot.tail_bytes
        yield data[at:tail], data[tail:end]
        at = end


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
