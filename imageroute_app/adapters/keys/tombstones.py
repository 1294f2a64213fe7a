"""Tombstones: keyed hashes of what was erased, in a place of their own that no backup of the data brings back."""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from imageroute_app.domain.errors import Unavailable


class FileTombstones:
    """One line a mark in <data>/tombstones/marks.txt: the mark and the day; written under a lock of all processes."""

    def __init__(self, folder: Path) -> None:
        self._path, self._lock = folder / "marks.txt", folder / "marks.lock"

    async def add(self, marks: Sequence[str], at: datetime) -> None:
        """Append marks that are not there; raises Unavailable."""
        await asyncio.to_thread(self._append, marks, at)

    async def marks(self) -> frozenset[str]:
        """Return every mark; raises Unavailable."""
        return frozenset(await asyncio.to_thread(self._read))

    async def drop(self, *, before: datetime) -> int:
        """Forget the marks of earlier days; returns how many. Raises Unavailable."""
        return await asyncio.to_thread(self._drop, f"{before:%Y-%m-%d}")

    async def close(self) -> None:
        """Hold nothing open."""

    def _append(self, marks: Sequence[str], at: datetime) -> None:
        with self._alone():
            known = self._read()
            lines = "".join(f"{mark} {at:%Y-%m-%d}\n" for mark in dict.fromkeys(marks) if mark not in known)
            if lines:
                _write(self._path, lines, os.O_APPEND)

    def _drop(self, before: str) -> int:
        if not self._path.exists():
            return 0
        with self._alone():
            found = self._read()
            kept = {mark: day for mark, day in found.items() if day >= before}
            if len(kept) < len(found):  # a crash leaves the old file or the new one, whole
                fresh = self._path.with_suffix(".new")
                _write(fresh, "".join(f"{mark} {day}\n" for mark, day in kept.items()), os.O_TRUNC)
                fresh.replace(self._path)
            return len(found) - len(kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise Unavailable from error

    def _read(self) -> dict[str, str]:
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Unavailable from error
        return {mark: day for line in text.splitlines() if line for mark, _, day in [line.partition(" ")]}


def _write(path: Path, lines: str, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
