"""Moving pictures between the data folder and Cloudinary ends with the same bytes, wherever it was stopped."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageroute_app.adapters.media.account import Access
from imageroute_app.adapters.media.cloudinary import CloudinaryMedia, open_cloudinary_media
from imageroute_app.adapters.media.local import LocalMedia, open_local_media
from imageroute_app.domain.errors import Unavailable
from imageroute_app.move_media import JournalFile, main
from imageroute_app.services.moving import Move, Tally
from tests.doubles import MovingClock
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator, settings_of
from tests.emulators.kit import picture, served
from tests.forks import Forked, fork

OBJECTS = {f"images/anna/{n:02}/{size}": picture(f"{n} {size}") for n in range(4) for size in ("original", "320")}


@pytest.fixture
async def cloud() -> AsyncIterator[CloudinaryEmulator]:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def remote(cloud: CloudinaryEmulator) -> AsyncIterator[CloudinaryMedia]:
    access = Access(cloud=CLOUD, key=KEY, secret=SECRET, url=cloud.url, delivery_url=cloud.delivery_url)
    store = await open_cloudinary_media(access, clock=MovingClock())
    yield store
    await store.close()


@pytest.fixture
async def local(tmp_path: Path) -> LocalMedia:
    store = await open_local_media(tmp_path / "media")
    for key, data in OBJECTS.items():
        await store.put(key, data, "image/png")
    return store


def silent(_tally: Tally) -> None:
    """Report to nobody."""


def uploads(cloud: CloudinaryEmulator) -> int:
    return sum(seen.path.endswith("/upload") for seen in cloud.seen)


def at(cloud: CloudinaryEmulator) -> dict[str, bytes]:
    return {name.removeprefix("imageroute/"): asset.data for (_, _, name), asset in cloud.assets.items()}


async def test_there_and_back_again(
    local: LocalMedia, remote: CloudinaryMedia, cloud: CloudinaryEmulator, tmp_path: Path
) -> None:
    there = Move(source=local, target=remote, journal=JournalFile(tmp_path / "there"), report=silent)
    assert await there.run(delete_source=False) == Tally(total=8, verified=8)
    assert at(cloud) == OBJECTS
    assert await local.list("") == sorted(OBJECTS)
    assert await there.run(delete_source=True) == Tally(total=8, verified=8, deleted=8)
    assert uploads(cloud) == len(OBJECTS)  # the second run copied nothing
    assert await local.list("") == []

    back = Move(source=remote, target=local, journal=JournalFile(tmp_path / "back"), report=silent)
    assert await back.run(delete_source=True) == Tally(total=8, verified=8, deleted=8)
    assert cloud.holds_nothing()
    assert {key: (await local.read([key]))[0] for key in await local.list("")} == OBJECTS


async def test_nothing_is_deleted_while_one_object_is_not_verified(
    local: LocalMedia, remote: CloudinaryMedia, cloud: CloudinaryEmulator, tmp_path: Path
) -> None:
    cloud.scenario.fail("submit", 500, {"error": {"message": "General Error"}}, times=2)
    move = Move(source=local, target=remote, journal=JournalFile(tmp_path / "there"), report=silent)
    with pytest.raises(Unavailable):
        await move.run(delete_source=True)
    assert await local.list("") == sorted(OBJECTS)
    assert await move.run(delete_source=True) == Tally(total=8, verified=8, deleted=8)


async def test_what_changed_since_is_copied_again_and_strangers_are_named(
    local: LocalMedia, remote: CloudinaryMedia, cloud: CloudinaryEmulator, tmp_path: Path
) -> None:
    move = Move(source=local, target=remote, journal=JournalFile(tmp_path / "there"), report=silent)
    await move.run(delete_source=False)
    first, second = sorted(OBJECTS)[:2]
    await local.put(first, b"newer", "image/png")
    await remote.put(second, b"damaged", "image/png")
    await remote.put("images/bert/01/original", b"stranger", "image/png")
    assert await move.run(delete_source=False) == Tally(total=8, verified=8, strangers=1)
    assert at(cloud)[first] == b"newer"
    assert at(cloud)[second] == OBJECTS[second]


async def test_a_cut_line_of_the_journal_is_left_out(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "journal")
    assert journal.read() == {}
    (tmp_path / "journal").write_text(
        '\n{"key": "a", "sha256": "b", "source_etag": "c", "target_etag": "d"}\n{"key": "e", "sh'
    )
    assert list(journal.read()) == ["a"]
    journal.clear()
    journal.clear()
    assert journal.read() == {}


def test_the_command_needs_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("IMAGEROUTE_CLOUDINARY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IMAGEROUTE_ENV_FILE", "")
    monkeypatch.setenv("IMAGEROUTE_DATA_DIR", str(tmp_path))
    assert main(["--to", "cloudinary"]) == 2
    assert "IMAGEROUTE_CLOUDINARY_CLOUD" in capsys.readouterr().err


async def command(cloud: CloudinaryEmulator, folder: Path, *arguments: str) -> Forked:
    environment = {**os.environ, **settings_of(cloud), "IMAGEROUTE_ENV_FILE": "", "IMAGEROUTE_DATA_DIR": str(folder)}
    return await asyncio.to_thread(fork, main, arguments, folder=folder / "fork", environment=environment)


async def killed(cloud: CloudinaryEmulator, folder: Path, when: str, count: int, to: str) -> None:
    """Start the command and kill it while its request number `count` that ends in `when` has no answer yet."""
    answer, seen_so_far, reached = cloud.reply, 0, asyncio.Event()

    async def watched(seen):
        nonlocal seen_so_far
        seen_so_far += seen.path.endswith(when)
        if seen_so_far == count:
            reached.set()
            await asyncio.Event().wait()
        return await answer(seen)

    cloud.reply = watched
    forked = await command(cloud, folder, "--to", to, "--delete-source")
    await asyncio.wait_for(reached.wait(), 60)
    forked.process.kill()
    await asyncio.to_thread(forked.ended)
    cloud.reply = answer


async def finished(cloud: CloudinaryEmulator, folder: Path, to: str) -> str:
    forked = await command(cloud, folder, "--to", to, "--delete-source")
    status, out, error = await asyncio.to_thread(forked.ended)
    assert status == 0, error
    return out


async def test_killed_while_copying_it_goes_on_and_copies_nothing_twice(
    local: LocalMedia, cloud: CloudinaryEmulator, tmp_path: Path
) -> None:
    await killed(cloud, tmp_path, "/upload", 5, "cloudinary")
    assert len(at(cloud)) == 4
    assert await local.list("") == sorted(OBJECTS)
    assert "8 of 8 objects are verified at the target, 8 deleted" in await finished(cloud, tmp_path, "cloudinary")
    assert uploads(cloud) == 9  # eight and the one that was cut off
    assert await local.list("") == []
    assert at(cloud) == OBJECTS


async def test_killed_while_deleting_it_goes_on_and_proves_the_rest(
    local: LocalMedia, remote: CloudinaryMedia, cloud: CloudinaryEmulator, tmp_path: Path
) -> None:
    for key, data in OBJECTS.items():
        await remote.put(key, data, "image/png")
    await local.delete_prefix("images/")
    await killed(cloud, tmp_path, "/destroy", 4, "local")
    assert len(at(cloud)) == 5
    assert "deleted at the source" in await finished(cloud, tmp_path, "local")
    assert cloud.holds_nothing()
    assert dict(zip(sorted(OBJECTS), await local.read(sorted(OBJECTS)), strict=True)) == OBJECTS
    assert JournalFile(tmp_path / "moved-to-local.jsonl").read() == {}
