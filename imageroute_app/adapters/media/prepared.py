"""Files of the local disk that are read next: by the loop when the system holds them in memory, else by a thread."""

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from imageroute_app.adapters.media.addresses import split_readable
from imageroute_app.adapters.media.at_hand import read_at_hand
from imageroute_app.adapters.media.descent import FOLDER, Descent
from imageroute_app.adapters.media.disk_errors import guarded
from imageroute_app.domain.errors import NotFound

SLOW_S = 2.0
"""How long threads read everything after one had to be waited for."""


class Disk:
    """What was seen of the disk last."""

    def __init__(self) -> None:
        self._slow_until = 0.0

    def waited(self) -> None:
        """Note that a file was not in memory."""
        self._slow_until = time.monotonic() + SLOW_S

    @property
    def is_slow(self) -> bool:
        """Whether the disk was waited for just now."""
        return time.monotonic() < self._slow_until


class PreparedFiles:
    """PreparedMedia on the local disk; none of its files is open but while `fill` runs."""

    def __init__(self, root: Path, keys: Sequence[str], disk: Disk) -> None:
        self._root, self._keys, self._disk = root, keys, disk

    async def fill(self, first: int, places: Sequence[memoryview]) -> bool:
        """Write the objects from number `first` on into places; says whether each was there and had the size of its place.

        What the system holds in memory is taken at once, which costs less than asking a thread; the rest is waited for.

        Raises:
            Unavailable: The disk refuses.
        """
        keys = self._keys[first : first + len(places)]
        done = 0 if self._disk.is_slow else self._take(keys, places)
        if done == len(places):
            return True
        self._disk.waited()
        try:
            return await asyncio.to_thread(guarded, self._wait_for, keys[done:], places[done:])
        except NotFound:
            return False

    def _take(self, keys: Sequence[str], places: Sequence[memoryview]) -> int:
        """Fill places from memory; returns how many, up to the first that leaves any doubt."""
        done = 0
        try:
            folder = os.open(self._root, FOLDER)
        except OSError:
            return done
        try:
            for key, place in zip(keys, places, strict=True):
                split_readable(key)
                if not read_at_hand(folder, key, place):
                    break
                done += 1
        except NotFound:
            pass
        finally:
            os.close(folder)
        return done

    def _wait_for(self, keys: Sequence[str], places: Sequence[memoryview]) -> bool:
        """Open all and ask the disk for all before the first is read."""
        with contextlib.ExitStack() as opened, Descent(self._root) as descent:
            descriptors = list[int]()
            for key, place in zip(keys, places, strict=True):
                descriptor, size_bytes = descent.open(split_readable(key))
                opened.callback(os.close, descriptor)
                if size_bytes != len(place):
                    return False
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
                descriptors.append(descriptor)
            return all(map(_read, descriptors, places))


def _read(descriptor: int, place: memoryview) -> bool:
    filled = 0
    while read := os.preadv(descriptor, [place[filled:]], filled):
        filled += read
    return filled == len(place)
