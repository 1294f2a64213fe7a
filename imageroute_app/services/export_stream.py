"""The bytes of a part from any place on: a ZIP of stored files whose length is known before its first byte."""

import contextlib
import hashlib
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.exports import Export
from imageroute_app.domain.ports import MediaStore, Tables
from imageroute_app.domain.zips import Directory, Entry, local_bytes
from imageroute_app.services.export_bag import BagFile, Pieces


class Gone(Unavailable):
    """A file of the package is no longer what it was when the package was checked."""

    code = "export_changed"

    def __init__(self, file: BagFile | None = None) -> None:
        super().__init__("Something in this package was deleted meanwhile. It is made again without it.")
        self.file = file


Beat = Callable[[int], Awaitable[None]]
"""Called with the bytes read so far, often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What reading a whole part again has shown."""

    size_bytes: int
    sha256: str


class PartStream:
    """One part of a package."""

    def __init__(self, export: Export, part: int, *, tables: Tables, media: MediaStore) -> None:
        self._export, self._part, self._media = export, part, media
        self._pieces = Pieces(tables, export)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield bytes start..end (end exclusive); raises Gone when a file is missing or shorter than noted."""
        offset, directory = 0, Directory(self._export.snapshot_at or self._export.created_at)
        async for file in self._pieces.files(self._part):
            entry = entry_of(file)
            header = directory.local_header(entry)
            directory.note(entry)
            begin, offset = offset, offset + local_bytes(len(entry.name), file.size_bytes)
            if offset <= start or begin >= end:
                continue
            if piece := header[max(0, start - begin) : end - begin]:
                yield piece
            content = begin + len(header)
            low, high = max(0, start - content), min(file.size_bytes, end - content)
            if low < high:
                async with contextlib.aclosing(self.content(file, low, high)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        if tail := directory.tail()[max(0, start - offset) : max(0, end - offset)]:
            yield tail

    async def content(self, file: BagFile, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield bytes start..end of one file, exactly as many; raises Gone."""
        left = end - start
        try:
            source = (
                await self._media.open(file.key, start, end)
                if file.key
                else self._pieces.content(file.spans, start, end)
            )
            async for chunk in source:
                left -= len(chunk)
                if left < 0:
                    raise Gone(file)
                yield chunk
        except NotFound as error:
            raise Gone(file) from error
        if left:
            raise Gone(file)

    async def check(self, beat: Beat) -> Checked:
        """Read the whole part again, compare every file with its checksum, and return those of the part itself.

        Raises:
            Gone: naming the first file that is not what the manifest says.
        """
        whole, size = hashlib.sha256(), 0
        directory = Directory(self._export.snapshot_at or self._export.created_at)
        async for file in self._pieces.files(self._part):
            entry = entry_of(file)
            header = directory.local_header(entry)
            directory.note(entry)
            whole.update(header)
            size += len(header)
            digest, crc32 = hashlib.sha256(), 0
            async with contextlib.aclosing(self.content(file, 0, file.size_bytes)) as chunks:
                async for chunk in chunks:
                    whole.update(chunk)
                    digest.update(chunk)
                    crc32, size = zlib.crc32(chunk, crc32), size + len(chunk)
                    await beat(size)
            if (digest.hexdigest(), crc32) != (file.sha256, file.crc32):
                raise Gone(file)
        tail = directory.tail()
        whole.update(tail)
        return Checked(size_bytes=size + len(tail), sha256=whole.hexdigest())


def entry_of(file: BagFile) -> Entry:
    """Return a file as the ZIP has it."""
    return Entry(file.path.encode(), file.size_bytes, file.crc32)
