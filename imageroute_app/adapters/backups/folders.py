"""Backups as folders: `<place>/<UTC time>`, with ".partial" behind the name until everything is written and flushed."""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from imageroute_app.domain.backups import Manifest, dump_manifest, load_manifest
from imageroute_app.domain.errors import NotFound, StorageFull, Unavailable

MANIFEST = "backup.json"
PARTIAL = ".partial"
STAMP = "%Y%m%dT%H%M%SZ"
CHUNK_BYTES = 1024 * 1024
LINES_AT_ONCE = 500
FULL = {28, 122}
"""ENOSPC, EDQUOT."""


class FolderShelf:
    """One backup; readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[str, Any] = {}

    async def append(self, name: str, data: bytes) -> None:
        """Add to a file of this backup."""
        await asyncio.to_thread(self._guarded, self._append, name, data)

    async def put(self, name: str, data: bytes) -> None:
        """Write a whole file."""
        await asyncio.to_thread(self._guarded, self._write, name, data, "xb")

    async def finish(self, made: Manifest) -> None:
        """Write the manifest, flush everything, and take the mark of the unfinished from the name."""
        files = {name: digest.hexdigest() for name, digest in sorted(self._hashes.items())}
        await asyncio.to_thread(self._guarded, self._finish, dump_manifest(replace(made, files=files)))

    async def manifest(self) -> Manifest:
        """Return the manifest; raises Unavailable when it is not there or cannot be read."""
        data = await self.read(MANIFEST)
        if data is None or self.folder.name.endswith(PARTIAL):
            raise Unavailable(f"{self.folder} is no finished backup: name the folder that holds {MANIFEST}.")
        return load_manifest(data)

    async def check(self) -> None:
        """Compare every file with the manifest."""
        for name, wanted in (await self.manifest()).files.items():
            if await asyncio.to_thread(self._guarded, self._digest, name) != wanted:
                raise Unavailable(f"{self.folder / name} is damaged or missing: use another backup.")

    async def lines(self, name: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file; one that is not there has none."""
        if not (self.folder / name).is_file():
            return
        with (self.folder / name).open("rb") as file:
            while some := await asyncio.to_thread(lambda: [line for _, line in zip(range(LINES_AT_ONCE), file)]):  # noqa: B905
                for line in some:
                    yield line.rstrip(b"\n")

    async def read(self, name: str) -> bytes | None:
        """Return a whole file, None when it is not there."""
        return await asyncio.to_thread(self._guarded, self._read, name)

    def _append(self, name: str, data: bytes) -> None:
        self._hashes.setdefault(name, hashlib.sha256()).update(data)
        self._write(name, data, "ab")

    def _write(self, name: str, data: bytes, how: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, how, opener=_private) as file:  # Path.open takes no opener
            file.write(data)

    def _finish(self, manifest: bytes) -> None:
        self._write(MANIFEST, manifest, "xb")
        for path in self.folder.rglob("*"):
            _flush(path)
        _flush(self.folder)
        done = self.folder.with_name(self.folder.name.removesuffix(PARTIAL))
        self.folder.rename(done)
        self.folder = done
        _flush(done.parent)

    def _digest(self, name: str) -> str:
        if not (self.folder / name).is_file():
            return ""
        with (self.folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _read(self, name: str) -> bytes | None:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / name).read_bytes()
        return None

    def _guarded(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except OSError as error:
            if error.errno in FULL:
                raise StorageFull from error
            raise Unavailable(f"{self.folder} cannot be used: {error.strerror}.") from error


def new_shelf(place: Path, now: datetime) -> FolderShelf:
    """Return an empty backup in `place`, rid of what an earlier run left half written; raises Unavailable."""
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stale in place.glob("*" + PARTIAL):
            shutil.rmtree(stale)
        folder = place / f"{now.astimezone(UTC):{STAMP}}{PARTIAL}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise Unavailable(f"{place} cannot be written: {error.strerror}.") from error
    return FolderShelf(folder)


def newest_shelf(place: Path) -> FolderShelf:
    """Return the backup in this folder, or the newest of those in it; raises NotFound."""
    if (place / MANIFEST).is_file():
        return FolderShelf(place)
    found = sorted(stamp for folder in _finished(place) if (stamp := folder.name))
    if not found:
        raise NotFound(f"There is no finished backup in {place}.")
    return FolderShelf(place / found[-1])


def drop_old(place: Path, now: datetime, kept: timedelta) -> int:
    """Delete backups in `place` that are older than `kept`, the newest excepted; returns how many."""
    finished = sorted(_finished(place), key=lambda folder: folder.name)
    old = [folder for folder in finished[:-1] if now - _made(folder) > kept]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def _finished(place: Path) -> list[Path]:
    return [path.parent for path in place.glob(f"*/{MANIFEST}") if _is_stamp(path.parent.name)]


def _is_stamp(name: str) -> bool:
    try:
        datetime.strptime(name, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _made(folder: Path) -> datetime:
    return datetime.strptime(folder.name, STAMP).replace(tzinfo=UTC)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _flush(path: Path) -> None:
    """Make a file or a folder outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
