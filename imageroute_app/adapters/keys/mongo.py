"""Key store in a MongoDB database of its own, so that backups of data and keys can be kept apart.

A destroyed key is replaced by null; the server's files may hold the old page until it is reused, but only wrapped.
"""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING, AsyncMongoClient, UpdateOne, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from imageroute_app.adapters.keys.wrapping import KEY_BYTES, PROBE, ROOT, MasterKey, RecentKeys, destroyed
from imageroute_app.adapters.mongo import TIMEOUT_MS, client_of
from imageroute_app.domain.errors import Unavailable

Document = dict[str, Any]


async def open_mongo_keys(uri: str, database: str, master_key: bytes, previous: bytes = b"") -> "MongoKeys":
    """Open the key store; `previous` is the master key before this one, while keys still change over.

    Raises:
        Unavailable: when the server does not answer, or the master key is not the one that wrapped the keys.
    """
    keys = MongoKeys(client_of(uri, TIMEOUT_MS), database, MasterKey(master_key, previous))
    try:
        await keys.prepare()
    except BaseException:
        await keys.close()
        raise
    return keys


class MongoKeys:
    """KeyStore on MongoDB."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, master: MasterKey) -> None:
        self._client, self._master, self._place = client, master, f"database {database}"
        self._rows = client[database].get_collection(
            "subject_keys",
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
        )
        self._recent = RecentKeys()

    async def prepare(self) -> None:
        """Take the root that is kept, and prove that the master key is the right one."""
        with _translated():
            if self._master.previous:
                kept = Binary(self._master.wrap(self._master.previous, ROOT))
                await self._rows.update_one({"_id": ROOT}, {"$setOnInsert": {"wrapped": kept}}, upsert=True)
        await self._settle_root()
        await self.key(PROBE)

    async def _settle_root(self) -> None:
        with _translated():
            row = await self._rows.find_one({"_id": ROOT})
        if row is not None:
            self._master.take_root(self._master.unwrap(_bytes_or_none(row["wrapped"]) or b"", ROOT, self._place))

    async def rewrap(self, owner: str) -> bool:
        """Wrap a key by the new master key; False when it is so already, or there is none."""
        mark = self._master.mark(owner)
        with _translated():
            row = await self._rows.find_one({"_id": mark})
            wrapped = _bytes_or_none(row["wrapped"]) if row else None
            fresh = self._master.rewrapped(wrapped, owner, self._place) if wrapped else None
            if not wrapped or not fresh:
                return False
            mine: Document = {"_id": mark, "wrapped": Binary(wrapped)}  # not one destroyed meanwhile
            return (await self._rows.update_one(mine, {"$set": {"wrapped": Binary(fresh)}})).modified_count == 1

    async def key(self, owner: str) -> bytes:
        """Return the person's key, made on first use; raises NotFound once destroyed."""
        if kept := self._recent.get(owner):
            return kept
        drops = self._recent.drops
        wrapped = (await self._row(owner))["wrapped"]
        if not isinstance(wrapped, bytes):
            raise destroyed()
        key = self._master.unwrap(wrapped, owner, self._place)
        self._recent.put(owner, key, drops)
        return key

    async def _row(self, owner: str) -> Document:
        mine: Document = {"_id": self._master.mark(owner)}
        with _translated():
            row = await self._rows.find_one(mine)
            if row is not None:
                return row
            fresh = self._master.wrap(secrets.token_bytes(KEY_BYTES), owner)
            with contextlib.suppress(DuplicateKeyError):  # another process was faster: its key counts
                await self._rows.insert_one({**mine, "wrapped": Binary(fresh)})
            row = await self._rows.find_one(mine)
        if row is None:
            raise Unavailable
        return row

    async def destroy(self, owner: str) -> None:
        """Replace the wrapped key by a mark that it was destroyed. Repeatable."""
        self._recent.drop(owner)
        with _translated():
            await self._rows.update_one({"_id": self._master.mark(owner)}, {"$set": {"wrapped": None}}, upsert=True)
        self._recent.drop(owner)

    async def wrapped(self, after: str, limit: int) -> list[tuple[str, bytes | None]]:
        """Return rows with a mark above `after`, by mark."""
        with _translated():
            found = await self._rows.find({"_id": {"$gt": after}}).sort("_id", ASCENDING).limit(limit).to_list()
        return [(str(row["_id"]), _bytes_or_none(row["wrapped"])) for row in found]

    async def put_wrapped(self, rows: Sequence[tuple[str, bytes | None]]) -> int:
        """Add rows that are not there; returns how many were added."""
        writes = [
            UpdateOne({"_id": mark}, {"$setOnInsert": {"wrapped": wrapped and Binary(wrapped)}}, upsert=True)
            for mark, wrapped in rows
        ]
        if not writes:
            return 0
        for mark, wrapped in rows:  # the root of another master key would make every key here unreadable
            if mark == ROOT and wrapped:
                self._master.unwrap(wrapped, ROOT, self._place)
        with _translated():
            added = (await self._rows.bulk_write(writes, ordered=False)).upserted_count
        await self._settle_root()
        return added

    def mark(self, owner: str) -> str:
        """Return the name of a person's row."""
        return self._master.mark(owner)

    def pepper(self, purpose: str) -> bytes:
        """Return a 32-byte key derived from the master key."""
        return self._master.pepper(purpose)

    async def close(self) -> None:
        """Let go of the connections and of the keys in memory."""
        self._recent = RecentKeys()
        await self._client.close()


def _bytes_or_none(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable from error
