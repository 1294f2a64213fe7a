"""Buffers for what is sent: used again once nobody holds them, since clearing new memory costs a third of filling it."""

import sys

KEPT = 4
"""One is filled, one is being sent, and the frames between still name the one before."""
SPARE = memoryview(bytes(256 * 1024))
"""What a buffer grows by: bytes made for it would be cleared first, which is what this file is against."""
HELD_HERE_ONLY = 2
"""What sys.getrefcount says of an object in a list that nobody else holds: the list, and its own argument."""


class Buffers:
    """The buffers of one stream."""

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def take(self, size_bytes: int) -> bytearray:
        """Return a buffer of this size; what stands in it is to be overwritten."""
        for place in range(len(self._kept)):
            if sys.getrefcount(self._kept[place]) == HELD_HERE_ONLY:
                return _sized(self._kept[place], size_bytes)
        buffer = bytearray(size_bytes)
        if len(self._kept) < KEPT:
            self._kept.append(buffer)
        return buffer


def _sized(buffer: bytearray, size_bytes: int) -> bytearray:
    if len(buffer) > size_bytes:
        del buffer[size_bytes:]
    while len(buffer) < size_bytes:
        buffer += SPARE[: size_bytes - len(buffer)]
    return buffer
