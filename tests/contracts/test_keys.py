"""What every key store promises."""

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.domain.errors import NotFound, Unavailable
from tests.contracts.conftest import MASTER, OpenKeys


async def test_a_key_stays_the_same_and_differs_between_people(open_keys: OpenKeys) -> None:
    keys = await open_keys()
    ann = await keys.key("ann")
    assert len(ann) == 32
    assert await keys.key("ann") == ann != await keys.key("bob")
    assert await (await open_keys()).key("ann") == ann


async def test_two_processes_that_ask_at_once_get_one_key(open_keys: OpenKeys) -> None:
    one, two = await open_keys(), await open_keys()
    found = await asyncio.gather(*(keys.key("ann") for keys in (one, two) * 5))
    assert len(set(found)) == 1


async def test_a_destroyed_key_never_comes_back(open_keys: OpenKeys) -> None:
    keys = await open_keys()
    await keys.key("ann")
    await keys.destroy("ann")
    await keys.destroy("ann")
    for store in (keys, await open_keys()):
        with pytest.raises(NotFound):
            await store.key("ann")


async def test_a_key_can_be_destroyed_before_it_was_used(open_keys: OpenKeys) -> None:
    keys = await open_keys()
    await keys.destroy("ann")
    with pytest.raises(NotFound):
        await keys.key("ann")


async def test_another_master_key_is_refused_with_the_cure(open_keys: OpenKeys) -> None:
    await open_keys()
    with pytest.raises(Unavailable, match="IMAGEROUTE_MASTER_KEY"):
        await open_keys(bytes(32))


async def test_peppers_differ_by_purpose_and_stay_the_same(open_keys: OpenKeys) -> None:
    keys = await open_keys()
    assert keys.pepper("one") == (await open_keys()).pepper("one") != keys.pepper("two")
    assert MASTER not in (keys.pepper("one"), keys.pepper("two"))


async def test_files_are_private_and_hold_no_key_and_no_owner(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = await open_file_keys(folder)
    key = await keys.key("ann-the-owner")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    raw = (folder / "keys.db").read_bytes()
    assert key not in raw
    assert b"ann-the-owner" not in raw


async def test_a_destroyed_key_leaves_no_byte_in_the_file(tmp_path: Path) -> None:
    keys = await open_file_keys(tmp_path / "keys")
    before = (tmp_path / "keys" / "keys.db").read_bytes()
    await keys.key("ann")
    with_key = (tmp_path / "keys" / "keys.db").read_bytes()
    await keys.destroy("ann")
    after = (tmp_path / "keys" / "keys.db").read_bytes()
    wrapped = _new_run(before, with_key)
    assert len(wrapped) == 60
    assert wrapped in with_key
    assert wrapped not in after


async def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    one, two = await asyncio.gather(open_file_keys(tmp_path / "keys"), open_file_keys(tmp_path / "keys"))
    assert await one.key("ann") == await two.key("ann")
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["keys.db", "master.key"]


async def test_a_damaged_file_is_named_with_the_cure(tmp_path: Path) -> None:
    await open_file_keys(tmp_path / "keys")
    (tmp_path / "keys" / "keys.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match=r"keys\.db.*backup"):
        await open_file_keys(tmp_path / "keys")
    (tmp_path / "keys" / "master.key").write_bytes(b"short")
    with pytest.raises(Unavailable, match=r"master\.key.*backup"):
        await open_file_keys(tmp_path / "keys")


def _new_run(before: bytes, after: bytes) -> bytes:
    """Return the wrapped key: the 60 bytes that follow the mark of the row that is new."""

    def rows(raw: bytes) -> dict[str, bytes]:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(raw)
        found = dict(connection.execute("SELECT mark, wrapped FROM subject_keys").fetchall())
        connection.close()
        return found

    (mark,) = rows(after).keys() - rows(before).keys()
    return rows(after)[mark]


OTHER = b"n" * 32


async def test_a_new_master_key_takes_over_key_by_key_and_nobody_is_lost(open_keys: OpenKeys) -> None:
    old = await open_keys()
    kept, mark, pepper = {name: await old.key(name) for name in ("ann", "bob")}, old.mark("ann"), old.pepper("keyed")
    await old.key("cyd")
    await old.destroy("cyd")
    both = await open_keys(OTHER, MASTER)
    assert await both.rewrap("ann")
    assert not await both.rewrap("ann")
    assert not await both.rewrap("cyd")
    again = await open_keys(OTHER, MASTER)  # stopped in the middle: both kinds are read
    assert {name: await again.key(name) for name in kept} == kept
    assert [await again.rewrap(name) for name in ("ann", "bob", "master-key-probe")] == [False, True, True]
    new = await open_keys(OTHER)
    assert {name: await new.key(name) for name in kept} == kept
    assert (new.mark("ann"), new.pepper("keyed")) == (mark, pepper)
    with pytest.raises(NotFound):
        await new.key("cyd")
    with pytest.raises(Unavailable, match="does not fit"):
        await open_keys()


async def test_a_server_without_the_old_master_key_does_not_start_before_the_change_is_done(
    open_keys: OpenKeys,
) -> None:
    await (await open_keys()).key("ann")
    with pytest.raises(Unavailable, match="does not fit"):
        await open_keys(OTHER)


async def test_keys_that_are_there_stay_when_a_copy_comes_back(open_keys: OpenKeys) -> None:
    keys = await open_keys()
    before = await keys.key("ann")
    rows = await keys.wrapped("", 10)
    await keys.destroy("ann")
    assert await keys.put_wrapped(rows) == 0
    with pytest.raises(NotFound):
        await keys.key("ann")
    assert before
