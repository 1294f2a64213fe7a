"""The way down to a plain file, folder by folder, so that no link on it is followed."""

import itertools
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from imageroute_app.domain.errors import NotFound

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Nothing waits for a writer: a pipe that lies where a file should is no file."""


class Descent:
    """Opens files below a root, one after the other; neighbours share the way, which is half of what opening costs.

    Use it as a context manager and briefly: folders on the way stay open until it ends.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: list[str] = []
        self._folders: list[int] = []

    def __enter__(self) -> "Descent":
        """Open the root."""
        self._folders = [os.open(self._root, FOLDER)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every folder."""
        self._climb(-1)

    def open(self, names: Sequence[str]) -> tuple[int, int]:
        """Return the descriptor and the size of a plain file; raises OSError, and NotFound for anything but a plain file."""
        *folders, last = names
        pairs = zip(folders, self._names, strict=False)
        self._climb(sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
        for name in folders[len(self._names) :]:
            self._folders.append(os.open(name, FOLDER, dir_fd=self._folders[-1]))
            self._names.append(name)
        descriptor = os.open(last, FILE, dir_fd=self._folders[-1])
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise NotFound
        return descriptor, found.st_size

    def _climb(self, depth: int) -> None:
        """Close the folders that lie deeper; at -1 the root too."""
        del self._names[max(depth, 0) :]
        while len(self._folders) > depth + 1:
            os.close(self._folders.pop())
