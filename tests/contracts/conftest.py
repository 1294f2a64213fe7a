"""Both databases and both key stores, each test with a file or database of its own."""

import base64
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import bson
import pytest
from pymongo import MongoClient

from imageroute_app.adapters.database.mongo.database import open_mongo
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.keys.mongo import open_mongo_keys
from imageroute_app.domain.ports import Database, KeyStore
from tests.contracts.records import NOW
from tests.fresh import open_fresh_sqlite
from tests.ready_mongo import new_name

MASTER = base64.urlsafe_b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")


class Closable(Protocol):
    """What a test opens."""

    async def close(self) -> None: ...


@dataclass
class Place:
    """Where one test's database lies; it can be opened more than once, and looked into from outside."""

    engine: str
    folder: Path
    uri: str
    name: str
    opened: list[Closable] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "imageroute.db"

    async def keys(self, folder: str = "keys") -> KeyStore:
        return await open_file_keys(self.folder / folder, MASTER)

    async def open(self, keys: KeyStore | None = None) -> Database:
        keys = keys or await self.keys()
        if self.engine == "sqlite":
            database = await open_fresh_sqlite(self.file, keys, lambda: NOW)
        else:
            database = await open_mongo(self.uri, self.name, keys, lambda: NOW)
        self.opened.append(database)
        return database

    def copied(self) -> "Place":
        """Return a backup of the whole database as it is now."""
        copy = Place(self.engine, self.folder / "backup", self.uri, new_name())
        copy.opened = self.opened
        if self.engine == "sqlite":
            copy.folder.mkdir()
            with (
                contextlib.closing(sqlite3.connect(self.file)) as source,
                contextlib.closing(sqlite3.connect(copy.file)) as target,
            ):
                source.backup(target)
            return copy
        with contextlib.closing(MongoClient[dict[str, Any]](self.uri)) as client:
            for name, row in self.documents():
                client[copy.name][name].insert_one(row)
        return copy

    def tokens(self) -> int:
        """Return how many keyed words the search index holds."""
        if self.engine == "mongo":
            return sum(len(row.get("image_tokens", ())) for _, row in self.documents())
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            return connection.execute("SELECT count(*) FROM image_tokens").fetchone()[0]

    def age_index(self) -> None:
        """Leave the search index as a release did that knew words of prompts only."""
        if self.engine == "mongo":
            with contextlib.closing(MongoClient[dict[str, Any]](self.uri)) as client:
                old = {"$set": {"image_tokens": []}, "$unset": {"image_tokens_version": 1}}
                client[self.name]["images"].update_many({}, old)
            return
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            connection.execute("DELETE FROM image_tokens")
            connection.execute("PRAGMA user_version = 0")
            connection.commit()

    def raw(self) -> bytes:
        """Return every byte that lies in the database."""
        if self.engine == "sqlite":
            files = [self.file, *self.folder.glob("imageroute.db-*")]
            return b"".join(file.read_bytes() for file in files)
        return b"".join(bson.encode(document) for _, document in self.documents())

    def columns(self) -> dict[str, set[str]]:
        """Return the tables of an SQLite file with their columns."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for (name,) in names}

    def add_strangers(self) -> None:
        """Store a table and a field of people that no data map knows."""
        if self.engine == "mongo":
            with contextlib.closing(MongoClient[dict[str, Any]](self.uri)) as client:
                client[self.name]["notes"].insert_one({"text": "x"})
                client[self.name].command("collMod", "people", validator={})  # as a release did that had no validators
                client[self.name]["people"].update_many({}, {"$set": {"shoe_size": 42}})
            return
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            connection.execute("CREATE TABLE notes (text TEXT)")
            connection.execute("ALTER TABLE people ADD COLUMN shoe_size INTEGER")
            connection.commit()

    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        with contextlib.closing(MongoClient[dict[str, Any]](self.uri)) as client:
            store = client[self.name]
            return [(name, row) for name in store.list_collection_names() for row in store[name].find()]


@pytest.fixture(params=["sqlite", "mongo"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Open each database in turn; "new mongo" is one in which nobody made a schema yet."""
    newness, _, engine = request.param.rpartition(" ")
    uri = request.getfixturevalue("mongo_uri") if engine == "mongo" else ""
    name = request.getfixturevalue("mongo_name") if uri and not newness else new_name()
    place = Place(engine=engine, folder=tmp_path, uri=uri, name=name)
    yield place
    for opened in place.opened:
        await opened.close()


@pytest.fixture
async def database(place: Place) -> Database:
    return await place.open()


OpenKeys = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["files", "mongo"])
async def open_keys(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenKeys]:
    """Return what opens the same key store again, by default with the same master key."""
    opened: list[Closable] = []
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else ""
    name = f"{new_name()}_keys"

    async def open_again(master: bytes = MASTER, previous: bytes = b"") -> KeyStore:
        if request.param == "files":
            keys = await open_file_keys(tmp_path / "keys", master, previous)
        else:
            keys = await open_mongo_keys(uri, name, master, previous)
        opened.append(keys)
        return keys

    yield open_again
    for keys in opened:
        await keys.close()
