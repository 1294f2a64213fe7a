"""The databases that tests lend to each other: empty, with every rule and index, or not lent as ready."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database as Store
from pymongo.errors import DuplicateKeyError, WriteError

from imageroute_app.adapters.database.mongo import database as mongo
from imageroute_app.adapters.database.mongo.connection import MongoConnection
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.domain.ports import Database
from tests.contracts.records import NOW, fill
from tests.ready_mongo import ReadyDatabases

Document = dict[str, Any]


class Lender:
    """Lends databases of a server, and notes in which of them a schema was made."""

    def __init__(self, uri: str, client: MongoClient[Document], folder: Path) -> None:
        self.uri, self.client, self.folder = uri, client, folder
        self.ready, self.made = ReadyDatabases(), list[str]()

    @contextlib.contextmanager
    def lent(self) -> Iterator[Store[Document]]:
        with self.ready.lend(self.client) as name:
            yield self.client[name]

    async def open(self, name: str) -> Database:
        return await mongo.open_mongo(self.uri, name, await open_file_keys(self.folder, b""), lambda: NOW)

    async def fill(self, name: str) -> None:
        """Open a database, store one record of every table and close it."""
        database = await self.open(name)
        await fill(database)
        await database.check()
        await database.close()


@pytest.fixture
def lender(mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lender]:
    with contextlib.closing(MongoClient[Document](mongo_uri)) as client:
        lender = Lender(mongo_uri, client, tmp_path / "keys")
        make = mongo.make_validators

        async def noted(connection: MongoConnection) -> None:
            lender.made.append(connection._database.name)
            await make(connection)

        monkeypatch.setattr(mongo, "make_validators", lender.ready.unless_ready(noted, is_last=False))
        monkeypatch.setattr(mongo, "make_indexes", lender.ready.unless_ready(mongo.make_indexes, is_last=True))
        yield lender


async def test_what_one_test_stored_is_gone_for_the_next_and_the_schema_stays(lender: Lender) -> None:
    with lender.lent() as store:
        name = store.name
        for one in (name, f"{name}_second"):
            await lender.fill(one)
    with lender.lent() as store:
        assert store.name == name
        for one in (name, f"{name}_second"):
            assert sum(lender.client[one][kind].count_documents({}) for kind in store.list_collection_names()) == 0
            await lender.fill(one)
            with pytest.raises(WriteError):
                lender.client[one]["people"].update_one({}, {"$set": {"shoe_size": 42}})
            person = lender.client[one]["people"].find_one() or {}
            with pytest.raises(DuplicateKeyError):
                lender.client[one]["people"].insert_one({**person, "_id": "another"})
        assert sorted(lender.made) == [name, f"{name}_second"]
        await (await lender.open(name)).close()  # the second opening of a test finds what it would find anywhere
        assert lender.made.count(name) == 2


def forget_an_index(store: Store[Document]) -> None:
    store["people"].drop_index("owner_1__id_-1")


def forget_a_validator(store: Store[Document]) -> None:
    store.command("collMod", "people", validator={})


def forget_a_collection(store: Store[Document]) -> None:
    store.drop_collection("people")


def add_a_collection(store: Store[Document]) -> None:
    store["notes"].insert_one({"text": "x"})


CHANGES = [forget_an_index, forget_a_validator, forget_a_collection, add_a_collection]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_schema_that_a_test_changed_is_made_anew_for_the_next(
    lender: Lender, change: Callable[[Store[Document]], None]
) -> None:
    with lender.lent() as store:
        await lender.fill(store.name)
        change(store)
    with lender.lent() as store:
        assert store.list_collection_names() == []
        await lender.fill(store.name)
        assert lender.made == [store.name, store.name]
