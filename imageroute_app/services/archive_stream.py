"""The bytes of an archive from any place on: rows and files are read in batches, ahead of what is sent.

Principle: nothing is sent that the index does not promise. A picture that is gone or another one, a recipe that reads
differently than when the index was made: the stream ends with Changed, never with a file that only looks whole.
"""

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import accumulate

from imageroute_app.domain import zips
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import MediaStore, Tables
from imageroute_app.domain.sharing import Archive
from imageroute_app.domain.zips import Directory, Entry
from imageroute_app.services.archive_content import ROWS, Names, manifest_of, picture_key, rows_of
from imageroute_app.services.archive_index import DIGESTS, MANIFEST, RECIPE_ENDING, Index, Slot, digest_line
from imageroute_app.services.recipes import Recipes

BATCH_BYTES, LARGE_BYTES = 512 * 1024, 4 * 1024 * 1024
AHEAD = 2


class Changed(Unavailable):
    """The archive is no longer what it was; it is made again without what is gone."""

    code = "archive_changed"

    def __init__(self) -> None:
        super().__init__("A picture of this download was deleted meanwhile. It is made again without it.")


class ArchiveStream:
    """One archive, ready to be sent from any byte."""

    def __init__(self, archive: Archive, index: Index, *, tables: Tables, media: MediaStore, recipes: Recipes) -> None:
        self._archive, self._index = archive, index
        self._tables, self._media, self._recipes = tables, media, recipes
        self._manifest, self._names = manifest_of(archive), Names(archive)
        self._headers = Directory(archive.created_at)
        self._names_seen: dict[int, tuple[bytes, bytes]] = {}
        self.size_bytes = index.total_bytes(len(self._manifest))
        self.etag = index.etag(self._manifest)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield bytes start..end (end exclusive); raises Changed."""
        at = start
        async with contextlib.aclosing(_ahead(self._from(start, end))) as pieces:
            async for offset, piece in pieces:
                skipped = max(0, at - offset)
                kept = piece[skipped : end - offset] if skipped or offset + len(piece) > end else piece
                if kept:
                    at += len(kept)
                    yield kept
                if at >= end:
                    return
        raise Changed

    async def _from(self, start: int, end: int) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield pieces with their offsets, from the one that holds `start` on."""
        offset = zips.local_bytes(len(MANIFEST), len(self._manifest))
        if start < offset:
            yield 0, self._whole(MANIFEST, self._manifest)
        slots = self._index.slots
        for first in range(0, len(slots), ROWS):
            page = slots[first : first + ROWS]
            page_bytes = sum(slot.entry_bytes for slot in page)
            if start < offset + page_bytes and offset < end:
                async with contextlib.aclosing(self._page(page, offset, start, end)) as pieces:
                    async for piece in pieces:
                        yield piece
            offset += page_bytes
        if offset < end:
            yield offset, await self._rest()

    async def _page(self, page: Sequence[Slot], offset: int, start: int, end: int) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield the pieces of up to 200 slots that lie between `start` and `end`."""
        images = await self._images(page)
        recipes = await self._recipes.of(self._archive.owner, images)
        offsets = list(accumulate((slot.entry_bytes for slot in page), initial=offset))
        for low, high in _batches(page):
            if offsets[high] <= start or offsets[low] >= end:
                continue
            batch = list(zip(page[low:high], images[low:high], recipes[low:high], strict=True))
            if page[low].size_bytes > LARGE_BYTES:
                async with contextlib.aclosing(self._large(*batch[0], offsets[low])) as pieces:
                    async for piece in pieces:
                        yield piece
            else:
                yield offsets[low], await self._small(batch)

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

    async def _small(self, batch: Sequence[tuple[Slot, Image, bytes]]) -> bytes:
        """Return several pictures with their recipes as one piece."""
        keys = [picture_key(self._archive, image.id) for _, image, _ in batch]
        parts: list[bytes] = []
        for (slot, _, recipe), data in zip(batch, await self._media.read(keys), strict=True):
            if data is None or len(data) != slot.size_bytes:
                raise Changed
            parts += [self._picture_header(slot), data, self._recipe(slot, recipe)]
        return b"".join(parts)

    async def _large(self, slot: Slot, image: Image, recipe: bytes, offset: int) -> AsyncGenerator[tuple[int, bytes]]:
        """Yield one large picture chunk by chunk, then its recipe."""
        header = self._picture_header(slot)
        yield offset, header
        offset += len(header)
        end = offset + slot.size_bytes
        try:
            chunks = await self._media.open(picture_key(self._archive, image.id))
        except NotFound:
            raise Changed from None
        async for chunk in chunks:
            yield offset, chunk
            offset += len(chunk)
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
        slots = self._index.slots
        for first in range(0, len(slots), ROWS):
            page = [slot for slot in slots[first : first + ROWS] if slot.place not in self._names_seen]
            if page:
                await self._images(page)
        directory = Directory(self._archive.created_at)
        directory.note(_entry(MANIFEST, self._manifest))
        lines: list[bytes] = []
        for slot in slots:
            stem, ending = self._names_seen[slot.place]
            lines.append(digest_line(stem + ending, slot.sha256))
            directory.note(Entry(stem + ending, slot.size_bytes, slot.crc32))
            directory.note(Entry(stem + RECIPE_ENDING.encode(), slot.recipe_bytes, slot.recipe_crc32))
        digests = b"".join(lines)
        if zlib.crc32(digests) != self._index.digests_crc32:
            raise Changed
        directory.note(_entry(DIGESTS, digests))
        return self._whole(DIGESTS, digests) + directory.tail()


def _entry(name: bytes, data: bytes) -> Entry:
    return Entry(name, len(data), zlib.crc32(data))


def _batches(page: Sequence[Slot]) -> Iterator[tuple[int, int]]:
    """Yield ranges of slots that are read together: about a megabyte, a large picture alone."""
    low = total = 0
    for place, slot in enumerate(page):
        if place > low and total + slot.size_bytes > BATCH_BYTES:
            yield low, place
            low, total = place, 0
        total += slot.size_bytes
    yield low, len(page)


async def _ahead(source: AsyncGenerator[tuple[int, bytes]]) -> AsyncGenerator[tuple[int, bytes]]:
    """Yield what the source yields; a task of our own reads on while the caller sends. Closing ends the task."""
    queue: asyncio.Queue[tuple[int, bytes] | Exception | None] = asyncio.Queue(AHEAD)

    async def fill() -> None:
        try:
            async with contextlib.aclosing(source) as pieces:
                async for piece in pieces:
                    await queue.put(piece)
        except Exception as error:  # noqa: BLE001  # handed to the reader, who raises it
            await queue.put(error)
        else:
            await queue.put(None)

    task = asyncio.create_task(fill())
    try:
        while (piece := await queue.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
