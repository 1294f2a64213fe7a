"""Moving an installation from one database to the other: the same rows arrive, wherever it was stopped."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageroute_app.adapters.backups.folders import new_shelf
from imageroute_app.adapters.database.mongo.rights import too_much
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.keys.mongo import open_mongo_keys
from imageroute_app.adapters.keys.mongo_tombstones import MongoTombstones
from imageroute_app.adapters.keys.tombstones import FileTombstones
from imageroute_app.domain.errors import Conflict, NotFound, Unavailable
from imageroute_app.domain.ports import Fault, Query
from imageroute_app.services.migration import Migrated, Migration, Side
from imageroute_app.services.restore import is_free
from tests.contracts import records
from tests.contracts.conftest import MASTER, Place
from tests.contracts.records import ANN, BOB, CANARY, NOW, fill
from tests.contracts.test_backups import install, silent
from tests.mongo_server import RUN


class Sides:
    """An installation on SQLite and an empty one on MongoDB."""

    def __init__(self, folder: Path, uri: str) -> None:
        self.folder, self.uri, self.name = folder, uri, f"{RUN}_{secrets.token_hex(4)}"
        self.opened: list[object] = []

    async def open(self, engine: str, name: str = "", master: bytes = MASTER) -> Side:
        name = name or self.name
        root = self.folder / name
        place = Place(engine, root, self.uri, name)
        if engine == "sqlite":
            keys, tombstones = await open_file_keys(root / "keys", master), FileTombstones(root / "tombstones")
        else:
            keys = await open_mongo_keys(self.uri, f"{name}_keys", master)
            tombstones = MongoTombstones(self.uri, f"{name}_tombstones")
        database = await place.open(keys)
        self.opened += [database, keys, tombstones]
        return Side(database=database, keys=keys, key_rows=keys, tombstones=tombstones)


@pytest.fixture
async def sides(tmp_path: Path, mongo_uri: str) -> AsyncIterator[Sides]:
    made = Sides(tmp_path, mongo_uri)
    yield made
    for opened in made.opened:
        await opened.close()  # type: ignore[attr-defined]


def move(source: Side, target: Side, fault: Fault = lambda point: None) -> Migration:
    return Migration(source=source, target=target, clock=lambda: NOW, report=silent, fault=fault)


async def lived_in(side: Side) -> Side:
    for owner in (ANN, BOB):
        await fill(side.database, owner)
        await side.database.tables.images.add(records.image(7 + (owner == BOB), owner=owner, prompt=CANARY))
    await side.database.erase_rows(ANN)
    await side.tombstones.add(["mark-of-ann"], NOW)
    return side


async def test_there_and_back_again_with_every_row_key_and_note(sides: Sides) -> None:
    first = await lived_in(await sides.open("sqlite"))
    mongo = await sides.open("mongo")
    there = await move(first, mongo).run()
    assert there.rows > 0
    assert there.written == there.rows
    assert await move(first, await sides.open("mongo", "again")).run() == Migrated(
        rows=there.rows, written=there.rows, keys=there.keys, sha256=there.sha256
    )
    last = await sides.open("sqlite", "last")
    back = await move(mongo, last).run()
    assert back.rows <= there.rows  # MongoDB deletes by itself what has reached its end
    for side in (mongo, last):
        assert await is_free(side.database, lambda: NOW)
        assert (await side.database.tables.people.get(BOB, BOB)).email == (
            await first.database.tables.people.get(BOB, BOB)
        ).email
        found = await side.database.tables.images.find(Query(owner=BOB, text=CANARY))
        assert found == await first.database.tables.images.find(Query(owner=BOB, text=CANARY))
        assert found
        assert await side.tombstones.marks() == {"mark-of-ann"}
        with pytest.raises(NotFound):
            await side.keys.key(ANN)


@pytest.mark.parametrize(
    "point", ["migrate.keys", "migrate.people", "migrate.images", "migrate.copied", "migrate.compared"]
)
async def test_stopped_anywhere_the_target_stays_closed_and_a_second_run_goes_on(sides: Sides, point: str) -> None:
    first, mongo = await lived_in(await sides.open("sqlite")), await sides.open("mongo")

    def stop(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move(first, mongo, stop).run()
    assert not await is_free(mongo.database, lambda: NOW)
    again = await move(first, mongo).run()
    assert again.written == (0 if point in ("migrate.copied", "migrate.compared") else again.written)
    if point == "migrate.images":
        assert 0 < again.written < again.rows
    assert await is_free(mongo.database, lambda: NOW)


async def test_what_was_written_meanwhile_is_noticed_and_the_target_stays_closed(sides: Sides) -> None:
    first, mongo = await lived_in(await sides.open("sqlite")), await sides.open("mongo")
    await move(first, mongo).run()
    second = await sides.open("mongo", "second")

    async def write() -> None:
        await second.database.tables.drafts.delete(BOB, BOB)

    migration = move(first, second)
    await migration._move_keys()
    for table in ("people", "drafts"):
        await migration._move_table(table)
    await write()
    with pytest.raises(Unavailable, match="differ in drafts"):
        await migration._compare_table("drafts", lambda line: None)
    with pytest.raises(Conflict, match="already holds data"):
        await migration.run()


async def test_another_master_key_is_refused_before_a_row_is_written(sides: Sides) -> None:
    first = await lived_in(await sides.open("sqlite"))
    mongo = await sides.open("mongo", master=b"x" * 32)
    with pytest.raises(Conflict, match="different master keys"):
        await move(first, mongo).run()
    assert await mongo.database.rows().is_empty()


async def test_a_backup_of_one_database_can_be_put_back_into_the_other(sides: Sides, tmp_path: Path) -> None:
    source = await install(Place("sqlite", tmp_path, "", "x"), "first")
    sides.opened.append(source.database)
    await fill(source.database, BOB)
    shelf = new_shelf(tmp_path / "copies", NOW)
    await source.backup.write_data(shelf, with_pictures=True)
    mongo = await install(Place("mongo", tmp_path, sides.uri, sides.name), "second", source)
    sides.opened.append(mongo.database)
    done = await mongo.restore().run(shelf, None)
    assert done.rows == sum((await shelf.manifest()).counts.values())
    assert (await mongo.database.tables.people.get(BOB, BOB)).id == BOB


async def test_backup_and_rows_know_what_stands_in_no_data_map(place: Place) -> None:
    database = await place.open()
    await fill(database)
    assert await database.rows().strangers() == []
    place.add_strangers()
    assert await database.rows().strangers() == ["notes", "people.shoe_size"]
    assert set(await database.rows().owners("people")) == {ANN}


async def test_a_server_that_lets_everyone_in_is_told(mongo_uri: str) -> None:
    assert "lets everyone in" in await too_much(mongo_uri, "imageroute")
