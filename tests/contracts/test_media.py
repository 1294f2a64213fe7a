"""What every media store promises: bytes come back unchanged and by range, keys lead nowhere else, deleted is gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageroute_app.adapters.media.account import Access
from imageroute_app.adapters.media.cloudinary import open_cloudinary_media
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.domain.errors import InvalidInput, NotFound
from imageroute_app.domain.ports import MediaStore
from tests.contracts.records import NOW
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator
from tests.emulators.kit import served

PICTURE = "images/anna/picture1/original"
DATA = bytes(range(256)) * 4096  # 1 MiB
CHUNK_MAX = 256 * 1024


@pytest.fixture(params=["local", "cloudinary"])
async def media(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    if request.param == "local":
        yield await open_local_media(tmp_path / "media")
        return
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    emulator.scenario.extra["listed"] = 3  # so that every listing has pages
    async with served(emulator):
        access = Access(
            cloud=CLOUD, key=KEY, secret=SECRET, url=emulator.url, delivery_url=emulator.delivery_url
        )  # fmt: skip
        store = await open_cloudinary_media(access, clock=lambda: NOW)
        yield store
        await store.close()


async def read(media: MediaStore, key: str, *span: int | None) -> bytes:
    return b"".join([chunk async for chunk in await media.open(key, *span)])  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"x", DATA, DATA + b"tail"], ids=len)
async def test_bytes_come_back_unchanged(media: MediaStore, data: bytes) -> None:
    await media.put(PICTURE, data, "image/png")
    assert await read(media, PICTURE) == data
    assert (await media.stat(PICTURE)).size_bytes == len(data)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (5, 5),
        (7, 300_000),
        (262_144, 262_145),
        (1_048_575, None),
        (3, 9_999_999),
        (2**21, None),
        (2**21, 2**22),
    ],
)
async def test_ranges(media: MediaStore, start: int, end: int | None) -> None:
    await media.put(PICTURE, DATA, "image/png")
    chunks = [chunk async for chunk in await media.open(PICTURE, start, end)]
    assert b"".join(chunks) == DATA[start:end]
    assert max(map(len, chunks), default=0) <= CHUNK_MAX


async def test_a_stream_can_be_left_at_any_chunk(media: MediaStore) -> None:
    await media.put(PICTURE, DATA, "image/png")
    for _ in range(80):  # more than there are connections
        stream = await media.open(PICTURE)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    assert await read(media, PICTURE) == DATA


async def test_small_objects_are_read_together(media: MediaStore) -> None:
    await media.put(PICTURE, b"one", "image/png")
    await media.put("images/anna/picture2/320", b"two", "image/webp")
    keys = ("images/anna/picture2/320", "images/anna/none/320", PICTURE)
    assert await media.read(keys) == [b"two", None, b"one"]
    assert await media.read(()) == []


async def test_objects_that_were_prepared_fill_places_of_their_sizes(media: MediaStore) -> None:
    await media.put(PICTURE, DATA, "image/png")
    await media.put("images/anna/picture2/320", b"two", "image/webp")
    prepared = await media.prepare(["images/anna/picture2/320", PICTURE, "images/anna/none/320"])
    whole = bytearray(b"<" + bytes(len(DATA)) + b">")
    view, small = memoryview(whole)[1:-1], memoryview(bytearray(3))
    assert await prepared.fill(0, [small, view])
    assert (bytes(small), bytes(whole)) == (b"two", b"<" + DATA + b">")
    view[:] = bytes(len(DATA))
    assert await prepared.fill(1, [view])
    assert bytes(whole) == b"<" + DATA + b">"
    assert not await prepared.fill(1, [memoryview(bytearray(len(DATA) + 1))])
    assert not await prepared.fill(0, [memoryview(bytearray(2))])
    assert not await prepared.fill(1, [view, small])


async def test_etag_changes_with_the_content(media: MediaStore) -> None:
    await media.put(PICTURE, b"one", "image/png")
    first = await media.stat(PICTURE)
    assert await media.stat(PICTURE) == first
    await media.put(PICTURE, b"two", "image/png")
    assert (await media.stat(PICTURE)).etag != first.etag
    assert await read(media, PICTURE) == b"two"


async def test_absent_is_not_found(media: MediaStore) -> None:
    await media.put(PICTURE, b"x", "image/png")
    for key in ("images/anna/picture1/960", "images/anna", PICTURE + "/deeper", "images"):
        for span in ((0, None), (3, 3), (5, 9)):
            with pytest.raises(NotFound):
                await media.open(key, *span)
        with pytest.raises(NotFound):
            await media.stat(key)
    await media.delete("images/anna/picture2/original")
    assert await media.delete_prefix("images/bert/") == 0
    assert await media.list("images/bert/") == []


TRICKS = [
    "", "/", "/etc/passwd", "..", "../secret", "images/../../secret", "images/./x", "images//x",
    "images/anna/", "images/anna/..", ".tmp/x", "images/.hidden", "images/a b", "images/a\0b",
    "images/a\nb", "images\\x", "images/%2e%2e/x", "images/ä", "images/a;b", "a/" * 9 + "a",
    "images/" + "a" * 200, "C:/x", "~/x", "images/a?b", "images/a#b",
]  # fmt: skip


async def test_key_tricks_are_refused(media: MediaStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    for key in TRICKS:
        for attempt in (media.put(key, b"x", "image/png"), media.delete(key), media.delete_prefix(key + "/")):
            with pytest.raises(InvalidInput):
                await attempt
        for look in (media.open(key), media.stat(key)):
            with pytest.raises(NotFound):
                await look
        assert await media.read((key,)) == [None]
    assert (tmp_path / "secret").read_bytes() == b"secret"


async def test_prefix_without_slash_is_refused(media: MediaStore) -> None:
    with pytest.raises(InvalidInput):
        await media.delete_prefix("images/anna")


async def test_listing_is_sorted_and_complete(media: MediaStore) -> None:
    keys = [f"images/{who}/{n}/{size}" for who in "ab" for n in "12" for size in ("320", "960")]
    for key in reversed(keys):
        await media.put(key, b"x", "image/webp")
    assert await media.list("") == keys
    assert await media.list("images/a/") == keys[:4]
    assert await media.list("images/a/1/") == keys[:2]


async def test_a_prefix_ends_where_its_folder_ends(media: MediaStore) -> None:
    await media.put("images/anna/one/original", b"x", "image/png")
    await media.put("images/annabel/two/original", b"y", "image/png")
    assert await media.delete_prefix("images/anna/") == 1
    assert await media.list("") == ["images/annabel/two/original"]


async def test_deleting_leaves_neighbours_unharmed(media: MediaStore) -> None:
    for size in ("original", "960", "320"):
        await media.put(f"images/anna/picture1/{size}", b"x", "image/png")
    await media.put("images/bert/picture2/original", b"y", "image/png")
    await media.delete("images/anna/picture1/320")
    await media.delete("images/anna/picture1/320")
    assert await media.delete_prefix("images/anna/") == 2
    assert await media.delete_prefix("images/anna/") == 0
    assert await media.list("") == ["images/bert/picture2/original"]
    assert await read(media, "images/bert/picture2/original") == b"y"


async def test_what_was_deleted_can_be_stored_again(media: MediaStore) -> None:
    await media.put(PICTURE, b"one", "image/png")
    await media.delete(PICTURE)
    with pytest.raises(NotFound):
        await media.open(PICTURE)
    await media.put(PICTURE, b"two", "image/png")
    assert await read(media, PICTURE) == b"two"


async def test_many_at_once(media: MediaStore) -> None:
    keys = [f"images/anna/{n:02}/original" for n in range(24)]
    await asyncio.gather(*(media.put(key, key.encode(), "image/png") for key in keys))
    assert await asyncio.gather(*(read(media, key) for key in keys)) == [key.encode() for key in keys]
    assert await media.delete_prefix("images/") == len(keys)
    assert await media.list("") == []
