"""MongoDB's rows as they lie: read at one cluster time, written back as they are."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError

from imageroute_app.adapters.database.codec import Codec
from imageroute_app.adapters.database.mongo.connection import Document, MongoConnection
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.mongo.repository import INDEX_VERSION, TOKENS, TOKENS_VERSION
from imageroute_app.domain.backups import Row
from imageroute_app.domain.data_map import SYSTEM_TABLES
from imageroute_app.domain.errors import Duplicate

TAKEN = 11000


class MongoRows:
    """RowStore on one database."""

    def __init__(self, connection: MongoConnection, codecs: Mapping[str, Codec[Any]]) -> None:
        self._connection, self._codecs = connection, codecs

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator["MongoMoment"]:
        """Return the rows of one moment.

        A snapshot session reads at one cluster time for as long as the server keeps history: five minutes by default
        (minSnapshotHistoryWindowInSeconds; a transaction would end after one). A longer backup ends with an error, not with a
        mixture; docs/operations.md says how to give it more time.
        """
        async with self._connection.snapshot() as session:
            yield MongoMoment(self._connection, self._codecs, session)

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """Write documents over those of the same id; a searched one gets its words with it."""
        codec = self._codecs[table]
        stored = [codec.from_plain(row) for row in rows]
        tokens = await codec.all_tokens(stored) if codec.table.searched else {}
        writes = [_replaced(document, tokens) for document in stored]
        if not writes:
            return
        with translated():
            try:
                await self._connection.rows(table).bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                codes = {failed.get("code") for failed in (error.details or {}).get("writeErrors", [])}
                if codes == {TAKEN}:
                    raise Duplicate("This is there already.") from error
                raise

    async def is_empty(self) -> bool:
        """Say whether there is no document in any collection."""
        with translated():
            for name in self._codecs:
                if await self._connection.rows(name).find_one({}, {"_id": 1}) is not None:
                    return False
        return True

    async def owners(self, table: str) -> list[str]:
        """Return everyone who owns a document of a collection, each once."""
        with translated():
            rows = await self._connection.rows(table).aggregate([{"$group": {"_id": "$owner"}}])
            return [str(row["_id"]) async for row in rows]

    async def strangers(self) -> list[str]:
        """Return collections and fields that stand in no data map."""
        found: list[str] = []
        with translated():
            for name in sorted(await self._connection.names()):
                if name not in self._codecs:
                    found += [name] if name not in SYSTEM_TABLES else []
                    continue
                known = {"_id", TOKENS, TOKENS_VERSION, *self._codecs[name].names}
                steps = [
                    {"$project": {"_id": 0, "named": {"$objectToArray": "$$ROOT"}}},
                    {"$unwind": "$named"},
                    {"$group": {"_id": "$named.k"}},
                ]
                rows = await (await self._connection.rows(name).aggregate(steps)).to_list()
                found += sorted(f"{name}.{row['_id']}" for row in rows if row["_id"] not in known)
        return found


class MongoMoment:
    """Documents at one moment."""

    def __init__(
        self, connection: MongoConnection, codecs: Mapping[str, Codec[Any]], session: AsyncClientSession
    ) -> None:
        self._connection, self._codecs, self._session = connection, codecs, session

    async def page(self, table: str, after: str, limit: int) -> list[Row]:
        """Return rows of any owner with an id above `after`, by id."""
        codec = self._codecs[table]
        with translated():
            found = self._connection.rows(table).find({"_id": {"$gt": after}}, {TOKENS: 0}, session=self._session)
            documents = await found.sort("_id", ASCENDING).limit(limit).to_list()
        named = [{**document, "id": document["_id"]} for document in documents]
        return [codec.to_plain([document.get(name) for name in codec.names]) for document in named]


def _replaced(stored: Document, tokens: Mapping[str, tuple[str, Sequence[bytes]]]) -> ReplaceOne[Document]:
    record_id = stored.pop("id")
    document = {"_id": record_id, **stored}
    if record_id in tokens:
        document |= {TOKENS: sorted(tokens[record_id][1]), TOKENS_VERSION: INDEX_VERSION}
    return ReplaceOne({"_id": record_id}, document, upsert=True)
