"""The indexes, from DATA_MAP. Making one that is there already does nothing.

A compound index may hold one list at most (MongoDB error 171); `planned` refuses more, because the server we test
with does not.
"""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from imageroute_app.adapters.database.mongo.connection import MongoConnection
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.repository import TOKENS, TOKENS_VERSION
from imageroute_app.domain.data_map import DATA_MAP, Table

Keys = list[tuple[str, int]]
NEWEST = ("_id", DESCENDING)


async def make_indexes(connection: MongoConnection) -> None:
    """Make what is missing."""
    for name, table in DATA_MAP.items():
        with translated():
            await connection.rows(name).create_indexes(planned(table))


def planned(table: Table) -> list[IndexModel]:
    """Return the indexes of one collection; raises ValueError for one with two lists in it."""
    plans: list[tuple[Keys, dict[str, Any]]] = [([("owner", ASCENDING), NEWEST], {})]
    plans += [([(key, ASCENDING)], {"unique": True}) for key in table.keys]
    plans += [([("owner", ASCENDING), (key, ASCENDING)], {"unique": True}) for key in table.unique]
    plans += [([("owner", ASCENDING), (key, ASCENDING), NEWEST], {}) for key in table.filters]
    plans += [([("owner", ASCENDING), (number, ASCENDING)], {}) for number in table.sums]
    for date in table.dates:
        plans.append(([(date, ASCENDING)], {"expireAfterSeconds": 0} if date == table.expires else {}))
    if table.searched:
        plans.append(([("owner", ASCENDING), (TOKENS, ASCENDING), NEWEST], {}))
        plans.append(([(TOKENS_VERSION, ASCENDING), ("_id", ASCENDING)], {}))
    if "state" in table.fields:
        plans.append(([("state", ASCENDING), ("_id", ASCENDING)], {}))
    lists = {TOKENS, *lists_of(table.record)}
    for keys, _ in plans:
        if len(lists & {name for name, _ in keys}) > 1:
            raise ValueError(f"an index of {table.record.__name__} holds two lists: {keys}")
    return [IndexModel(keys, **options) for keys, options in plans]


def lists_of(record: type) -> set[str]:
    """Return the fields of a record that become lists in a document."""
    hints = record.__annotations__
    return {name for name, hint in hints.items() if str(hint).startswith("tuple[")}
