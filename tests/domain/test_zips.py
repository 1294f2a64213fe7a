"""The archive format against Python's own reader, and names that no file system trips over."""

import io
import re
import zipfile
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain import file_names, zips
from imageroute_app.domain.file_names import slug, stem, suffix_length
from imageroute_app.domain.zips import Directory, Entry

NOW = datetime(2026, 11, 26, 12, 34, 57, tzinfo=UTC)
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def build(files: dict[str, bytes]) -> bytes:
    directory, parts = Directory(NOW), list[bytes]()
    for name, data in files.items():
        entry = Entry(name.encode(), len(data), zlib.crc32(data))
        parts += [directory.local_header(entry), data]
        directory.note(entry)
    return b"".join([*parts, directory.tail()])


def test_an_archive_reads_back() -> None:
    files = {"fern_1.png": b"p" * 1000, "灯台_2.json": b"{}", "empty": b""}
    made = build(files)
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == files
        assert opened.infolist()[0].date_time == (2026, 11, 26, 12, 34, 56)
        assert opened.infolist()[0].external_attr >> 16 == 0o100644


def test_an_archive_without_entries_is_one() -> None:
    assert zipfile.ZipFile(io.BytesIO(build({}))).namelist() == []


def test_more_entries_than_sixteen_bits_count() -> None:
    made = build({f"{number}": b"" for number in range(70_000)})
    assert len(zipfile.ZipFile(io.BytesIO(made)).namelist()) == 70_000


def test_offsets_beyond_four_gigabytes_are_written_with_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole stands in for the bytes: Python's reader follows the 64-bit offset over it."""
    directory = Directory(NOW)
    size = 3 * 2**30
    entries = [Entry(f"{number}".encode(), size, 0) for number in range(3)]
    for entry in entries:
        directory.note(entry)
    last = Entry(b"last", 4, zlib.crc32(b"data"))

    class Sparse(io.RawIOBase):
        """Zeros up to the last entry."""

        def __init__(self, start: int, rest: bytes) -> None:
            self.start, self.rest, self.at = start, rest, 0

        def seekable(self) -> bool:
            return True

        def readable(self) -> bool:
            return True

        def tell(self) -> int:
            return self.at

        def seek(self, to: int, whence: int = 0) -> int:
            self.at = {0: 0, 1: self.at, 2: self.start + len(self.rest)}[whence] + to
            return self.at

        def read(self, size: int = -1) -> bytes:
            whole = self.start + len(self.rest)
            end = whole if size < 0 else min(whole, self.at + size)
            assert self.at >= self.start, "only the end is read"
            data = self.rest[self.at - self.start : end - self.start]
            self.at = end
            return data

    start = directory.end_of_entries
    header = directory.local_header(last)
    directory.note(last)
    sparse = Sparse(start, header + b"data" + directory.tail())
    with zipfile.ZipFile(sparse) as opened:
        assert opened.namelist() == ["0", "1", "2", "last"]
        assert opened.read("last") == b"data"
    assert zips.needs_64(4, start, 1)


@given(st.text(max_size=300))
def test_no_name_is_dangerous(prompt: str) -> None:
    name = stem(prompt, "0193a5b2c4d67e8f90a1b2c3d4e5f607") + ".png"
    assert not re.search(r'[/\\:*?"<>|\x00-\x1f\x7f ]', name)
    assert not name.startswith((".", "-", "~"))
    assert ".." not in name
    assert name.split(".")[0].casefold() not in RESERVED
    assert len(name.encode()) <= 120
    assert name.isprintable()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Lighthouse on a cliff, at night!", "lighthouse-on-a-cliff-at-night"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "con"),
        ("灯台 と 海", "灯台-と-海"),
        ("हिन्दी में चित्र", "हिन्दी-में-चित्र"),
        ("\u202egnp.exe \u200b🙂", "gnp-exe"),
        ("🙂", "picture"),
        ("", "picture"),
        ("Straße ÉTÉ", "strasse-été"),
        ("=cmd|' /C calc'!A0", "cmd-c-calc-a0"),
    ],
)
def test_the_words_of_a_name(prompt: str, expected: str) -> None:
    assert slug(prompt) == expected


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=300))
def test_the_quick_way_for_ascii_makes_the_same_words(text: str) -> None:
    assert file_names._plain(text).split() == file_names._plain(f"{text} 灯").split()[:-1]


def test_ids_with_the_same_end_are_told_apart_by_more_of_them() -> None:
    ids = [f"{number:020}{'a' * 12}" for number in range(3)]
    assert suffix_length(ids) == 32
    assert (
        suffix_length([f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}" for number in range(1000)]) == 12
    )
