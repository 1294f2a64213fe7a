"""Files are whole or absent, keys never lead out, and what is deleted is gone."""

import asyncio
import contextlib
import errno
import fcntl
import os
import resource
import signal
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from imageroute_app.adapters.media import prepared
from imageroute_app.adapters.media.at_hand import read_at_hand
from imageroute_app.adapters.media.local import LocalMedia, open_local_media
from imageroute_app.domain.errors import NotFound, StorageFull, Unavailable

KEY = "images/anna/picture1/original"
DATA = bytes(range(256)) * 4096  # 1 MiB: four chunks


@pytest.fixture
async def media(tmp_path: Path) -> LocalMedia:
    return await open_local_media(tmp_path / "media")


async def read(media: LocalMedia, key: str, *span: int) -> bytes:
    return b"".join([chunk async for chunk in await media.open(key, *span)])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def open_files() -> int:
    return len(names(Path("/proc/self/fd")))


def left_behind(media: LocalMedia) -> list[Path]:
    return list((media._root / ".tmp").iterdir())


async def test_several_are_read_at_once_and_an_absent_one_is_none(media: LocalMedia) -> None:
    for number in (1, 2):
        await media.put(f"images/anna/{number}/original", bytes([number]) * 9, "image/png")
    keys = ["images/anna/2/original", "images/anna/3/original", "images/anna/../1", "images/anna/1/original"]
    before = open_files()
    assert await media.read(keys) == [b"\x02" * 9, None, None, b"\x01" * 9]
    assert open_files() == before


async def filled(media: LocalMedia, keys: Sequence[str], sizes: Sequence[int], first: int = 0) -> list[bytes] | None:
    """Fill places of these sizes from number `first` on; None when it is said that something is not as it should be."""
    places = [bytearray(size) for size in sizes]
    found = await media.prepare(keys)
    return list(map(bytes, places)) if await found.fill(first, list(map(memoryview, places))) else None


@pytest.mark.parametrize("at_hand", [0, 3])
async def test_what_is_not_in_memory_is_read_by_a_thread(
    media: LocalMedia, monkeypatch: pytest.MonkeyPatch, at_hand: int
) -> None:
    keys = [f"images/anna/picture{number}/original" for number in range(3)]
    for key in keys:
        await media.put(key, b"123456789", "image/png")
    before, really, threads = open_files(), os.preadv, set[int]()

    def preadv(descriptor: int, places: list[memoryview], offset: int, flags: int = 0) -> int:
        if not flags:
            threads.add(threading.get_ident())
            return really(descriptor, places, offset)
        if not at_hand:
            raise BlockingIOError
        return really(descriptor, [places[0][:at_hand]], offset)

    monkeypatch.setattr(os, "preadv", preadv)
    assert await filled(media, keys, [9, 9, 9]) == [b"123456789"] * 3
    assert threads
    assert threading.get_ident() not in threads
    assert open_files() == before


async def test_what_is_in_memory_is_read_by_the_loop(media: LocalMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    await media.put(KEY, b"123456789", "image/png")
    really, threads = os.preadv, set[int]()

    def preadv(*arguments: Any) -> int:
        threads.add(threading.get_ident())
        return really(*arguments)

    monkeypatch.setattr(os, "preadv", preadv)
    assert await filled(media, [KEY], [9]) == [b"123456789"]
    assert threads == {threading.get_ident()}


async def test_a_slow_disk_is_left_to_threads_for_a_while(media: LocalMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once whether it has a file at hand, not again at each."""
    keys = [f"images/anna/picture{number}/original" for number in range(3)]
    for key in keys:
        await media.put(key, b"123456789", "image/png")
    asked = list[str]()

    def late(_folder: int, path: str, _place: memoryview) -> bool:
        asked.append(path)
        return False

    monkeypatch.setattr(prepared, "read_at_hand", late)
    for _ in range(2):
        assert await filled(media, keys, [9, 9, 9]) == [b"123456789"] * 3
    assert asked == keys[:1]


def test_at_hand_is_what_is_in_memory_and_only_there(tmp_path: Path) -> None:
    """A file that was just opened for the first time since its memory was let go of is not; what is read makes it so."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(DATA)
    place = bytearray(len(DATA))
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert read_at_hand(folder, "in/file", memoryview(place))
        assert place == DATA
        for size in (len(DATA) - 1, len(DATA) + 1):
            assert not read_at_hand(folder, "in/file", memoryview(bytearray(size)))
        with (tmp_path / "in" / "file").open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            with contextlib.suppress(BlockingIOError):
                if os.preadv(file.fileno(), [place], 0, os.RWF_NOWAIT) == len(place):
                    pytest.skip("the file system of this folder is in memory itself")
        assert not read_at_hand(folder, "in/file", memoryview(place))
    finally:
        os.close(folder)


@pytest.mark.parametrize("path", ["link", "linked/file", "../outside", "in", "pipe", "none"])
def test_at_hand_follows_no_link_and_leads_out_of_nothing(tmp_path: Path, path: str) -> None:
    below = tmp_path / "below"
    (below / "in").mkdir(parents=True)
    for file in (tmp_path / "outside", below / "in" / "file"):
        file.write_bytes(b"secret")
    (below / "link").symlink_to(below / "in" / "file")
    (below / "linked").symlink_to(below / "in")
    os.mkfifo(below / "pipe")
    before = open_files()
    folder = os.open(below, os.O_RDONLY)
    try:
        assert read_at_hand(folder, "in/file", memoryview(bytearray(6)))
        assert not read_at_hand(folder, path, memoryview(bytearray(6)))
    finally:
        os.close(folder)
    assert open_files() == before


async def test_an_empty_file_is_a_file(media: LocalMedia) -> None:
    await media.put(KEY, b"", "image/png")
    assert await read(media, KEY) == b""
    assert left_behind(media) == []


async def test_abandoned_stream_closes_its_file(media: LocalMedia) -> None:
    await media.put(KEY, DATA, "image/png")
    before = open_files()
    stream = await media.open(KEY)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert open_files() == before


async def test_links_are_not_followed(media: LocalMedia, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "original").write_bytes(b"secret")
    await media.put(KEY, b"x", "image/png")
    (media._root / "images/anna/linked").symlink_to(outside)
    (media._root / "images/anna/picture1/960").symlink_to(outside / "original")
    for key in ("images/anna/linked/original", "images/anna/picture1/960"):
        with pytest.raises(NotFound):
            await media.open(key)
        with pytest.raises(NotFound):
            await media.stat(key)
    with pytest.raises(NotFound):
        await media.put("images/anna/linked/new", b"x", "image/png")
    assert await media.delete_prefix("images/anna/linked/") == 0
    await media.put("images/anna/picture1/960", b"own", "image/webp")
    assert (outside / "original").read_bytes() == b"secret"
    assert names(outside) == ["original"]


async def test_objects_prepared_together_are_each_their_own_wherever_they_lie(
    media: LocalMedia, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "original").write_bytes(b"secret")
    keys = [
        "images/anna/p1/original",
        "images/anna/p2/original",
        "images/eve/p1/original",
        "exports/e",
        "images/anna/p1/320",
    ]
    for number, key in enumerate(keys):
        await media.put(key, b"x" * (number + 1), "image/png")
    (media._root / "images/anna/linked").symlink_to(outside)
    absent = ["images/anna/p9/original", "images/anna/linked/original", "images/anna/p1", "../outside/original"]
    before = open_files()

    assert await filled(media, keys, [1, 2, 3, 4, 5]) == [b"x" * size for size in (1, 2, 3, 4, 5)]
    assert await filled(media, keys, [3, 4], first=2) == [b"xxx", b"xxxx"]
    for key in absent:
        assert await filled(media, [*keys, key], [1, 2, 3, 4, 5, 6]) is None
    assert open_files() == before


async def test_deleting_leaves_neither_files_nor_folders(media: LocalMedia) -> None:
    for size in ("original", "960", "320"):
        await media.put(f"images/anna/picture1/{size}", b"x", "image/png")
    await media.put("images/bert/picture2/original", b"x", "image/png")
    await media.delete("images/anna/picture1/320")
    assert await media.delete_prefix("images/anna/") == 2
    assert await media.delete_prefix("images/anna/") == 0
    assert names(media._root / "images") == ["bert"]
    await media.delete("images/bert/picture2/original")
    assert names(media._root) == [".tmp"]


async def test_writes_and_deletes_of_the_same_folder_do_not_clash(media: LocalMedia) -> None:
    async def write(n: int) -> None:
        await media.put(f"images/anna/picture1/{n}", b"x", "image/png")

    await asyncio.gather(*(write(n) for n in range(40)), *(media.delete_prefix("images/anna/") for _ in range(40)))
    await write(99)
    assert "images/anna/picture1/99" in await media.list("")
    assert left_behind(media) == []


# --- What goes wrong ---------------------------------------------------------------------------


@contextlib.contextmanager
def tiny_disk() -> Iterator[None]:
    """Let no file grow past 1,000 bytes; only inside a test, because the runner's own output may be such a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_full_disk_leaves_nothing_half_and_heals_by_itself(media: LocalMedia) -> None:
    await media.put(KEY, b"old", "image/png")
    with tiny_disk(), pytest.raises(StorageFull):
        await media.put(KEY, DATA, "image/png")
    assert await read(media, KEY) == b"old"
    assert left_behind(media) == []
    await media.put(KEY, b"new", "image/png")
    assert await read(media, KEY) == b"new"


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, Unavailable)],
)
async def test_failing_disk_is_named(
    media: LocalMedia, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, "disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(error) as caught:
            await media.put(KEY, DATA, "image/png")
    assert type(caught.value) is error
    assert await media.list("") == []
    assert left_behind(media) == []


DYING = """
import asyncio, os, pathlib, signal, sys
from imageroute_app.adapters.media import prepared
from imageroute_app.adapters.media.local import open_local_media
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
async def main():
    media = await open_local_media(pathlib.Path(sys.argv[1]))
    await media.put(sys.argv[2], b"half", "image/png")
asyncio.run(main())
"""


async def test_crash_before_the_rename_leaves_nothing(media: LocalMedia) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, str(media._root), KEY, env={"PYTHONPATH": str(Path.cwd())}
    )
    assert await child.wait() == -signal.SIGKILL
    assert len(left_behind(media)) == 1
    assert await media.list("") == []
    again = await open_local_media(media._root)
    assert left_behind(again) == []
    with pytest.raises(NotFound):
        await again.stat(KEY)


async def test_opening_spares_what_another_process_is_writing(media: LocalMedia) -> None:
    written = media._root / ".tmp" / "busy"
    with written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        await open_local_media(media._root)
        assert written.exists()
    await open_local_media(media._root)
    assert not written.exists()


async def test_files_are_for_the_product_only(media: LocalMedia) -> None:
    await media.put(KEY, b"x", "image/png")
    assert stat.S_IMODE((media._root / KEY).stat().st_mode) == 0o600


async def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"a file")
    with pytest.raises(Unavailable):
        await open_local_media(tmp_path / "media")
