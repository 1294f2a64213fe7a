"""Tombstones in a MongoDB database of their own, apart from the data and from the keys."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import UpdateOne, WriteConcern
from pymongo.errors import PyMongoError

from imageroute_app.adapters.mongo import client_of
from imageroute_app.domain.errors import Unavailable


class MongoTombstones:
    """One document a mark, with its day."""

    def __init__(self, uri: str, database: str) -> None:
        self._client = client_of(uri)
        self._rows = self._client[database].get_collection("marks", write_concern=WriteConcern("majority", j=True))

    async def add(self, marks: Sequence[str], at: datetime) -> None:
        """Keep marks; repeating is harmless. Raises Unavailable."""
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        writes = [UpdateOne({"_id": mark}, {"$setOnInsert": {"at": day}}, upsert=True) for mark in marks]
        try:
            await self._rows.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            raise Unavailable from error

    async def drop(self, *, before: datetime) -> int:
        """Forget the marks of earlier days; returns how many. Raises Unavailable."""
        day = before.replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            return (await self._rows.delete_many({"at": {"$lt": day}})).deleted_count
        except PyMongoError as error:
            raise Unavailable from error

    async def marks(self) -> frozenset[str]:
        """Return every mark; raises Unavailable."""
        try:
            return frozenset([str(row["_id"]) async for row in self._rows.find({}, {"_id": 1})])
        except PyMongoError as error:
            raise Unavailable from error

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.close()
