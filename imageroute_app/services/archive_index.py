"""The index of an archive: every length and checksum in it, so that any byte of it can be named before one is read.

It holds numbers only, no words: names and recipes are made again from the rows whenever they are sent, and are compared
with the index before they go out.
"""

import hashlib
import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from imageroute_app.domain import zips

HEAD = struct.Struct("<4sHHII")
RECORD = struct.Struct("<IBBIIII32s")
MAGIC, VERSION = b"IRAX", 1
DIGEST_LINE = "{digest}  {name}\n"
DIGEST_EXTRA = 64 + 2 + 1
MANIFEST, DIGESTS = b"manifest.json", b"manifest-sha256.txt"
RECIPE_ENDING = ".json"


class Slot(NamedTuple):
    """One picture with its recipe: its place in the archive's ids, lengths in bytes, checksums."""

    place: int
    stem_bytes: int
    ending_bytes: int
    size_bytes: int
    crc32: int
    recipe_bytes: int
    recipe_crc32: int
    sha256: bytes

    @property
    def name_bytes(self) -> int:
        """Return the length of the picture's name."""
        return self.stem_bytes + self.ending_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All slots in order, and the checksum of the list of digests that stands behind them; `kept` as it was loaded."""

    slots: Sequence[Slot]
    digests_crc32: int
    kept: bytes = b""

    @property
    def digests_bytes(self) -> int:
        """Return the size of the list of digests."""
        return sum([DIGEST_EXTRA + stem + ending for _, stem, ending, *_ in self.slots])

    def total_bytes(self, manifest_bytes: int) -> int:
        """Return the size of the whole archive."""
        own = [(len(MANIFEST), manifest_bytes), (len(DIGESTS), self.digests_bytes)]
        if not self.slots:
            return zips.total_bytes(own)
        # Column by column, since a large download waits for this: its first byte comes after it.
        _, stems, endings, sizes, _, recipes, _, _ = zip(*self.slots, strict=True)
        count = 2 * len(stems) + len(own)
        names = 2 * sum(stems) + sum(endings) + len(stems) * len(RECIPE_ENDING) + sum(name for name, _ in own)
        content = sum(sizes) + sum(recipes) + sum(size for _, size in own)
        return zips.near_bytes(count, names, content) or zips.total_bytes(self._entries(own))

    def begins(self, first: int) -> list[int]:
        """Return where each slot begins when the first one begins at `first`, and where the last one ends."""
        headers = 2 * zips.local_bytes(len(RECIPE_ENDING), 0) - len(RECIPE_ENDING)
        sizes = (headers + 2 * stem + ending + size + recipe for _, stem, ending, size, _, recipe, _, _ in self.slots)
        return list(itertools.accumulate(sizes, initial=first))

    def _entries(self, own: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        yield own[0]
        for slot in self.slots:
            yield slot.name_bytes, slot.size_bytes
            yield slot.stem_bytes + len(RECIPE_ENDING), slot.recipe_bytes
        yield own[1]

    def etag(self, manifest: bytes) -> str:
        """Return what tells this archive's bytes from any other's."""
        return hashlib.blake2b((self.kept or dump_index(self)) + manifest, digest_size=16).hexdigest()


def dump_index(index: Index) -> bytes:
    """Return the index as it is kept."""
    head = HEAD.pack(MAGIC, VERSION, 0, len(index.slots), index.digests_crc32)
    return head + b"".join(RECORD.pack(*slot) for slot in index.slots)


def load_index(data: bytes) -> Index | None:
    """Return a kept index; None for one that another version wrote or that is cut short."""
    if len(data) < HEAD.size:
        return None
    magic, version, _, count, digests_crc32 = HEAD.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION) or len(data) != HEAD.size + count * RECORD.size:
        return None
    slots = list(map(Slot._make, RECORD.iter_unpack(memoryview(data)[HEAD.size :])))
    return Index(slots=slots, digests_crc32=digests_crc32, kept=data)


def digest_line(name: bytes, sha256: bytes) -> bytes:
    """Return the line of one picture in the list that `sha256sum -c` reads."""
    return DIGEST_LINE.format(digest=sha256.hex(), name=name.decode()).encode()
