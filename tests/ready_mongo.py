"""A test's MongoDB databases get the newest schema from a test before it: making it anew took three quarters of an opening.

When a test ends, its databases are emptied and lent to the next one. What then has one collection, validator or index more,
less or other than the newest release makes, or any document left, is dropped instead. The schema is made for real where there
is none, in the tests of the schema itself, at every further opening in a test, and in each process that a test starts.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import DeleteMany, MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from imageroute_app.adapters.database.mongo.connection import MongoConnection
from imageroute_app.adapters.database.mongo.indexes import planned
from imageroute_app.adapters.database.mongo.schemas import ACTION, LEVEL, validator_of
from imageroute_app.domain.data_map import DATA_MAP
from tests.mongo_server import RUN

Document = dict[str, Any]
Make = Callable[[MongoConnection], Awaitable[None]]
RULES = ("validator", "validationLevel", "validationAction")
BARE = {"leases"}
"""Collections that come with their first document, without validator and index."""


def new_name() -> str:
    """Return the name of a database that is nowhere yet."""
    return f"{RUN}_{secrets.token_hex(4)}"


class ReadyDatabases:
    """The databases of one server, lent by families: the name that is lent and all that begin with it."""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._ready: set[str] = set()
        self._rules = {name: (validator_of(table), LEVEL, ACTION) for name, table in DATA_MAP.items()}
        self._indexes = sum(len(planned(table)) for table in DATA_MAP.values())

    @contextmanager
    def lend(self, client: MongoClient[Document]) -> Iterator[str]:
        """Yield a name under which no document lies; nobody may write there any more when the block ends."""
        name = self._free.pop() if self._free else new_name()
        yield name
        self._ready = {one for one in self._ready if not one.startswith(name)}
        try:
            for one in client.list_database_names():
                if one.startswith(name):
                    self._take_back(client, one)
        except PyMongoError:  # a transaction that the test left open, say: the name is not lent again
            return
        self._free.append(name)

    def unless_ready(self, make: Make, *, is_last: bool) -> Make:
        """Return what makes a part of the schema, but not in a database that was lent ready and is opened first."""

        async def made(connection: MongoConnection) -> None:
            name = connection._database.name
            if name not in self._ready:
                await make(connection)
            elif is_last:
                self._ready.remove(name)

        return made

    def _take_back(self, client: MongoClient[Document], name: str) -> None:
        if self._is_emptied(client[name]):
            self._ready.add(name)
        else:
            client.drop_database(name)

    def _is_emptied(self, database: Database[Document]) -> bool:
        options = {str(one["name"]): one["options"] for one in database.list_collections()}
        rules = {name: tuple(map(options[name].get, RULES)) for name in options.keys() - BARE}
        if rules != self._rules:
            return False
        database.client.bulk_write([DeleteMany({}, namespace=f"{database.name}.{name}") for name in options])
        counts = database.command("dbStats")
        return counts["objects"] == 0 and counts["indexes"] == counts["collections"] + self._indexes
