"""A file of the local disk, opened by a thread and read by the loop when the system holds it in memory."""

import asyncio
import os
import threading
import time

from imageroute_app.domain.errors import Unavailable

SLOW_S = 2.0
"""How long files are asked for ahead after one had to be waited for."""


class Disk:
    """What was seen of the disk last: asking it ahead for what the system holds in memory costs as much as opening that."""

    def __init__(self) -> None:
        self._slow_until = 0.0

    def waited(self) -> None:
        """Note that a file was not in memory."""
        self._slow_until = time.monotonic() + SLOW_S

    @property
    def is_slow(self) -> bool:
        """Whether the disk was waited for just now."""
        return time.monotonic() < self._slow_until


class OpenFile:
    """OpenMedia on the local disk."""

    def __init__(self, descriptor: int, size_bytes: int, disk: Disk) -> None:
        """Take the descriptor of a plain file; it is closed with this object, whoever drops it."""
        self._descriptor, self.size_bytes, self._disk = descriptor, size_bytes, disk
        self._in_use = threading.Lock()
        if disk.is_slow and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)

    def close(self) -> None:
        """Close the file now; one that a thread still reads for nobody goes when that ends and drops it."""
        if self._in_use.acquire(blocking=False):
            try:
                if self._descriptor >= 0:
                    os.close(self._descriptor)
                self._descriptor = -1
            finally:
                self._in_use.release()

    def __del__(self) -> None:
        self.close()

    async def fill(self, place: memoryview) -> bool:
        """Write its bytes into a place of exactly its size; says whether there were as many. Raises Unavailable.

        What the system holds in memory is taken at once, which costs less than asking a thread; only the rest is waited for.
        """
        filled = self._at_hand(place)
        if filled < len(place):
            self._disk.waited()
            try:
                filled += await asyncio.to_thread(self._wait_for, place[filled:], filled)
            except OSError as error:
                raise Unavailable from error
        return filled == len(place)

    def _at_hand(self, place: memoryview) -> int:
        if not hasattr(os, "RWF_NOWAIT"):  # only Linux has it
            return 0
        try:
            return os.preadv(self._descriptor, [place], 0, os.RWF_NOWAIT)
        except OSError:  # nothing of it is in memory, or this file system cannot tell
            return 0

    def _wait_for(self, place: memoryview, start: int) -> int:
        filled = 0
        with self._in_use:
            while read := os.preadv(self._descriptor, [place[filled:]], start + filled):
                filled += read
        return filled
