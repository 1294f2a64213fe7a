"""The index of an archive: every length in it, so that any byte of it can be named before one is read.

It holds numbers and ids, no words: what stands around the pictures lies sealed beside it (archive_words).
"""

import hashlib
import itertools
import operator
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HEAD = struct.Struct("<4sHH16s16sIII")
NUMBERS, NUMBER_BYTES = 4, 4
"""What a slot is kept as: so many numbers of so many bytes."""
MAGIC, VERSION = b"IRAX", 2


class Slot(NamedTuple):
    """One picture: its place in the archive's ids, and the lengths of what stands before it, its file, and what follows."""

    place: int
    head_bytes: int
    size_bytes: int
    tail_bytes: int


@dataclass(frozen=True, slots=True)
class Slots:
    """All slots in order, as the numbers of one after the other: ten thousand objects take longer than a first byte may."""

    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, slots: Iterable[Slot]) -> "Slots":
        """Return these slots."""
        return cls(tuple(itertools.chain.from_iterable(slots)))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers) // NUMBERS

    def part(self, first: int, most: int) -> list[Slot]:
        """Return up to so many slots from number `first` on."""
        numbers = self.numbers[first * NUMBERS : (first + most) * NUMBERS]
        return list(map(Slot, *(numbers[at::NUMBERS] for at in range(NUMBERS))))

    @property
    def places(self) -> Sequence[int]:
        """Return the place of each in the archive's ids."""
        return self.numbers[::NUMBERS]

    def sizes(self) -> Iterator[int]:
        """Yield what each takes in the archive, bytes."""
        heads, files, tails = (self.numbers[at::NUMBERS] for at in range(1, NUMBERS))
        return map(operator.add, map(operator.add, heads, files), tails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All slots in order, and how much stands behind the last one.

    `making` names the run that wrote what is sealed, 16 bytes; `content` is a hash of all of it, 16 bytes. `sources` are ids
    of the pictures and uploads whose hashes stand in recipes.
    """

    slots: Slots
    rest_bytes: int
    making: bytes
    content: bytes
    sources: tuple[str, ...] = ()

    def begins(self, first: int) -> list[int]:
        """Return where each slot begins when the first one begins at `first`, and where the last one ends."""
        return list(itertools.accumulate(self.slots.sizes(), initial=first))

    def etag(self, manifest: bytes) -> str:
        """Return what tells this archive's bytes from any other's; the same pictures and recipes have the same."""
        return hashlib.blake2b(self.content + manifest, digest_size=16).hexdigest()


def dump_index(index: Index) -> bytes:
    """Return the index as it is kept."""
    sources = " ".join(index.sources).encode()
    counts = len(index.slots), index.rest_bytes, len(sources)
    head = HEAD.pack(MAGIC, VERSION, 0, index.making, index.content, *counts)
    numbers = index.slots.numbers
    return head + struct.pack(f"<{len(numbers)}I", *numbers) + sources


def load_index(data: bytes) -> Index | None:
    """Return a kept index; None for one that another version wrote or that is cut short."""
    if len(data) < HEAD.size:
        return None
    magic, version, _, making, content, count, rest_bytes, sources_bytes = HEAD.unpack_from(data)
    end = HEAD.size + count * NUMBERS * NUMBER_BYTES
    if (magic, version) != (MAGIC, VERSION) or len(data) != end + sources_bytes:
        return None
    return Index(
        slots=Slots(struct.unpack_from(f"<{count * NUMBERS}I", data, HEAD.size)),
        rest_bytes=rest_bytes,
        making=making,
        content=content,
        sources=tuple(data[end:].decode().split()),
    )
