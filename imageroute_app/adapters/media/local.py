"""Media on the local disk: one file per key below a root folder.

A file appears under its key whole or not at all: it is written and flushed beside the tree, then
renamed into place. Keys are plain names; nothing that a key says can lead out of the root, and
links are not followed.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from imageroute_app.adapters.media.addresses import split_key, split_prefix, split_readable
from imageroute_app.adapters.media.descent import Descent
from imageroute_app.adapters.media.disk_errors import guarded
from imageroute_app.adapters.media.prepared import Disk, PreparedFiles
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import MediaFacts, PreparedMedia

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
TEMPORARY = ".tmp"
PUT_TRIES = 10


async def open_local_media(root: Path) -> "LocalMedia":
    """Return the store below `root`, rid of what earlier processes left half written.

    Raises:
        StorageFull: There is no room for its folders.
        Unavailable: The folder cannot be made or read.
    """
    try:
        return await asyncio.to_thread(guarded, _open, root)
    except NotFound as error:
        raise Unavailable from error


class LocalMedia:
    """MediaStore on the local disk; file operations run in a thread, but for what the system holds in memory of an archive."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._temporary = self._root / TEMPORARY
        self._disk = Disk()

    async def put(self, key: str, data: bytes, mime: str) -> None:
        """Store all bytes or none; overwriting is allowed; raises StorageFull, Unavailable."""
        await asyncio.to_thread(guarded, self._put, self._path(key), data)

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes start..end (end exclusive); raises NotFound before the first chunk."""
        file, first, left = await asyncio.to_thread(guarded, self._open_range, split_readable(key), start, end)
        return _stream(file, first, left)

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return whole objects in the order of their keys, None for one that is not there; one thread reads them all."""
        return await asyncio.to_thread(guarded, lambda: [self._read(key) for key in keys])

    async def prepare(self, keys: Sequence[str]) -> PreparedMedia:
        """Make objects ready that are read next, in the order of their keys; nothing is read yet."""
        return PreparedFiles(self._root, keys, self._disk)

    async def stat(self, key: str) -> MediaFacts:
        """Return the facts; raises NotFound."""
        return await asyncio.to_thread(guarded, self._facts, split_readable(key))

    async def delete(self, key: str) -> None:
        """Delete; nothing there is fine."""
        with contextlib.suppress(NotFound):
            await asyncio.to_thread(guarded, self._delete, self._path(key))

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything below a prefix that ends in "/"; returns how many objects went."""
        folder = self._root.joinpath(*split_prefix(prefix))
        return await asyncio.to_thread(guarded, self._delete_tree, folder)

    async def list(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, sorted; the empty prefix means all."""
        folder = self._path(prefix.removesuffix("/")) if prefix else self._root
        return await asyncio.to_thread(guarded, _keys, self._root, folder)

    async def close(self) -> None:
        """Nothing is held open."""

    def _path(self, key: str) -> Path:
        """Return where a key lies; raises InvalidInput for anything but plain names."""
        return self._root.joinpath(*split_key(key))

    def _read(self, key: str) -> bytes | None:
        try:
            file, size_bytes = guarded(_open_below, self._root, split_readable(key))
        except NotFound:
            return None
        with file:
            # The size first: readall() alone grows its buffer as it goes, at twice the time.
            data = file.read(size_bytes) or b""
            return data if len(data) == size_bytes else data + (file.readall() or b"")

    def _facts(self, names: Sequence[str]) -> MediaFacts:
        file, _ = _open_below(self._root, names)
        with file:
            found = os.fstat(file.fileno())
        identity = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}".encode()
        etag = hashlib.blake2b(identity, digest_size=12).hexdigest()
        return MediaFacts(size_bytes=found.st_size, etag=etag)

    def _open_range(self, names: Sequence[str], start: int, end: int | None) -> tuple[FileIO, bytes, int]:
        """Open, and read the first chunk in the same thread; returns what is left to read."""
        file, size_bytes = _open_below(self._root, names)
        left = max(0, min(size_bytes, size_bytes if end is None else end) - start)
        file.seek(start)
        first = file.read(min(left, CHUNK_BYTES)) or b""
        left -= len(first)
        if left <= 0:
            file.close()
        return file, first, left

    def _check_parent(self, path: Path) -> None:
        """Refuse a path one of whose folders is a link."""
        if path.parent.resolve() != path.parent:
            raise NotFound

    def _put(self, path: Path, data: bytes) -> None:
        for attempt in range(1, PUT_TRIES + 1):
            try:
                self._write(path, data)
            except FileNotFoundError:
                # Someone emptied the folder at this very moment and removed it.
                if attempt == PUT_TRIES:
                    raise
            else:
                return

    def _write(self, path: Path, data: bytes) -> None:
        new_folders = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._check_parent(path)
        with _temporary_file(self._temporary) as (descriptor, temporary):
            _write_all(descriptor, data)
            os.fsync(descriptor)
            temporary.replace(path)
        for folder in (path.parent, *(folder.parent for folder in new_folders)):
            _flush_folder(folder)

    def _delete(self, path: Path) -> None:
        self._check_parent(path)
        path.unlink()
        self._prune(path.parent)

    def _delete_tree(self, folder: Path) -> int:
        self._check_parent(folder)
        if folder.is_symlink() or not folder.is_dir():
            return 0
        deleted = 0
        for parent, _, names in os.walk(folder, topdown=False):
            for name in names:
                Path(parent, name).unlink(missing_ok=True)
            deleted += len(names)
            with contextlib.suppress(OSError):
                Path(parent).rmdir()
        self._prune(folder.parent)
        return deleted

    def _prune(self, folder: Path) -> None:
        """Remove folders that became empty, up to the root, and flush the first that stays."""
        with contextlib.suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent
        with contextlib.suppress(FileNotFoundError):
            _flush_folder(folder)


def _keys(root: Path, folder: Path) -> list[str]:
    found = list[str]()
    for parent, _, names in os.walk(folder):
        lies = Path(parent).relative_to(root).as_posix()  # once a folder: for each file it costs more than finding that
        if names and lies != TEMPORARY:
            found += names if lies == "." else [f"{lies}/{name}" for name in names]
    return sorted(found)


def _open(root: Path) -> LocalMedia:
    temporary = root / TEMPORARY
    temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
    for stale in temporary.iterdir():
        _remove_unless_held(stale)
    return LocalMedia(root)


def _remove_unless_held(path: Path) -> None:
    """Remove a temporary file whose writer is gone: a living writer holds a lock on it."""
    with path.open("rb") as file, contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _temporary_file(folder: Path) -> Iterator[tuple[int, Path]]:
    """Give a locked new file, which is gone afterwards unless it was renamed."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush_folder(folder: Path) -> None:
    """Make a rename or removal outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_below(root: Path, names: Sequence[str]) -> tuple[FileIO, int]:
    with Descent(root) as descent:
        descriptor, size_bytes = descent.open(names)
        return FileIO(descriptor), size_bytes


async def _stream(file: FileIO, first: bytes, left: int) -> AsyncIterator[bytes]:
    with contextlib.closing(file):
        if first:
            yield first
        while left > 0:
            chunk = await asyncio.to_thread(guarded, file.read, min(left, CHUNK_BYTES))
            if not chunk:
                raise Unavailable
            left -= len(chunk)
            yield chunk
