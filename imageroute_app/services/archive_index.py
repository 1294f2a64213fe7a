"""The index of an archive: every length in it, so that any byte of it can be named before one is read.

It holds numbers and ids, no words: what stands around the pictures lies sealed beside it (archive_words).
"""

import hashlib
import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

HEAD = struct.Struct("<4sHH16s16sIII")
RECORD = struct.Struct("<4I")
MAGIC, VERSION = b"IRAX", 2


class Slot(NamedTuple):
    """One picture: its place in the archive's ids, and the lengths of what stands before it, its file, and what follows."""

    place: int
    head_bytes: int
    size_bytes: int
    tail_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All slots in order, and how much stands behind the last one.

    `making` names the run that wrote what is sealed, 16 bytes; `content` is a hash of all of it, 16 bytes. `sources` are ids
    of the pictures and uploads whose hashes stand in recipes.
    """

    slots: Sequence[Slot]
    rest_bytes: int
    making: bytes
    content: bytes
    sources: tuple[str, ...] = ()

    def begins(self, first: int) -> list[int]:
        """Return where each slot begins when the first one begins at `first`, and where the last one ends."""
        sizes = (head + size + tail for _, head, size, tail in self.slots)
        return list(itertools.accumulate(sizes, initial=first))

    def etag(self, manifest: bytes) -> str:
        """Return what tells this archive's bytes from any other's; the same pictures and recipes have the same."""
        return hashlib.blake2b(self.content + manifest, digest_size=16).hexdigest()


def dump_index(index: Index) -> bytes:
    """Return the index as it is kept."""
    sources = " ".join(index.sources).encode()
    counts = len(index.slots), index.rest_bytes, len(sources)
    head = HEAD.pack(MAGIC, VERSION, 0, index.making, index.content, *counts)
    return head + b"".join(itertools.starmap(RECORD.pack, index.slots)) + sources


def load_index(data: bytes) -> Index | None:
    """Return a kept index; None for one that another version wrote or that is cut short."""
    if len(data) < HEAD.size:
        return None
    magic, version, _, making, content, count, rest_bytes, sources_bytes = HEAD.unpack_from(data)
    end = HEAD.size + count * RECORD.size
    if (magic, version) != (MAGIC, VERSION) or len(data) != end + sources_bytes:
        return None
    return Index(
        slots=list(map(Slot._make, RECORD.iter_unpack(memoryview(data)[HEAD.size : end]))),
        rest_bytes=rest_bytes,
        making=making,
        content=content,
        sources=tuple(data[end:].decode().split()),
    )
