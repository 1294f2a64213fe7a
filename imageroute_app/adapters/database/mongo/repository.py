"""Records of one collection on MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING, DESCENDING

from imageroute_app.adapters.database.codec import MONGO, Codec, cut_time
from imageroute_app.adapters.database.mongo.connection import Access, Document
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.records import changed, check_limit, owner_of, readable, version_of
from imageroute_app.adapters.database.sealing import Cipher, Sealer
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import WORDS_MAX, index_tokens, query_tokens
from imageroute_app.domain.ports import Query

R = TypeVar("R")
TOKENS = "image_tokens"
"""The keyed words of a searched record lie in the record itself: one write keeps them in step."""


class Kind(Generic[R]):
    """What is the same for every use of one collection: its codec."""

    def __init__(self, name: str, sealer: Sealer) -> None:
        self.codec: Codec[R] = Codec(name, MONGO, sealer)
        self.sealer = sealer


class MongoRepository(Generic[R]):
    """domain.ports.Repository on one collection."""

    def __init__(self, kind: Kind[R], access: Access) -> None:
        self._codec, self._sealer, self._access = kind.codec, kind.sealer, access
        self._rows = access.rows(kind.codec.name)
        self._session = access.session
        self._shown = {TOKENS: 0} if kind.codec.table.searched else None

    async def add(self, record: R) -> None:
        """Store a new record; raises Duplicate when a unique key is taken."""
        cipher = await self._sealer.cipher(owner_of(record))
        await self._insert(record, cipher)

    async def get(self, record_id: str, owner: str) -> R:
        """Return the record; raises NotFound also when it is someone else's."""
        cipher = await self._sealer.cipher(owner)
        with translated():
            found = await self._rows.find_one({"_id": record_id, "owner": owner}, self._shown, session=self._session)
        if found is None:
            raise NotFound
        return self._record(found, cipher)

    async def find(self, query: Query) -> list[R]:
        """Return one page, newest first."""
        check_limit(query.limit)
        cipher = await self._sealer.cipher(query.owner)
        wanted = self._wanted(query, cipher)
        if wanted is None:
            return []
        if query.after:
            wanted["_id"] = {"$lt": query.after}
        found = await self._list(wanted, [("_id", DESCENDING)], query.limit)
        return [self._record(document, cipher) for document in found]

    async def count(self, query: Query) -> int:
        """Return how many match."""
        wanted = self._wanted(query, await self._sealer.cipher(query.owner))
        if wanted is None:
            return 0
        with translated():
            return await self._rows.count_documents(wanted, session=self._session)

    async def update(self, record: R) -> R:
        """Write the record if its version is still the stored one; raises Conflict otherwise."""
        cipher = await self._sealer.cipher(owner_of(record))
        was = version_of(record)
        stored = self._codec.as_stored(record, cipher, version=was + 1)
        document = self._document(stored, cipher)
        mine = {"_id": document.pop("_id"), "owner": document.pop("owner"), "version": was}
        with self._access.noted():
            done = await self._rows.update_one(mine, {"$set": document}, session=self._session)
        if done.matched_count != 1:
            raise changed()
        return stored

    async def delete(self, record_id: str, owner: str) -> bool:
        """Delete; False when there was nothing."""
        with translated():
            done = await self._rows.delete_one({"_id": record_id, "owner": owner}, session=self._session)
        return done.deleted_count == 1

    async def by_key(self, key: str, value: str) -> R | None:
        """Return the record with this globally unique key, whoever owns it."""
        found = await self._list({key: self._codec.key(key, value)}, [("_id", ASCENDING)], 1)
        records = await self._readable(found)
        return records[0] if records else None

    async def overdue(self, column: str, now: datetime, limit: int) -> list[R]:
        """Return records of any owner whose date is at or before `now`, oldest first."""
        if column not in self._codec.table.dates:
            raise ValueError(f"{self._codec.name}.{column} is not declared as a date in DATA_MAP")
        order = [(column, ASCENDING), ("_id", ASCENDING)]
        return await self._readable(await self._list({column: {"$lte": cut_time(now)}}, order, limit))

    # --- Documents ----------------------------------------------------------------------------------------------------

    async def _insert(self, record: R, cipher: Cipher) -> None:
        with self._access.noted():
            await self._rows.insert_one(self._document(record, cipher), session=self._session)

    async def _list(self, wanted: Document, order: Sequence[tuple[str, int]], limit: int) -> list[Document]:
        with translated():
            cursor = self._rows.find(wanted, self._shown, session=self._session)
            return await cursor.sort(list(order)).limit(limit).to_list()

    def _document(self, record: R, cipher: Cipher) -> Document:
        document = self._codec.row(record, cipher)
        document["_id"] = document.pop("id")
        if searched := self._codec.table.searched:
            words = index_tokens(getattr(record, searched))
            document[TOKENS] = sorted(cipher.token(word) for word in words)
        return document

    def _record(self, document: Document, cipher: Cipher) -> R:
        return self._codec.record(self._values(document), cipher)

    def _values(self, document: Document) -> list[Any]:
        named = {**document, "id": document["_id"]}
        return [named.get(name) for name in self._codec.names]

    async def _readable(self, documents: Sequence[Document]) -> list[R]:
        rows = [(document["owner"], self._values(document)) for document in documents]
        return await readable(self._codec, self._sealer, rows)

    def _wanted(self, query: Query, cipher: Cipher) -> Document | None:
        """Return the filter, or None when a search has no word and so finds nothing."""
        wanted: Document = {"owner": query.owner}
        for name, values in self._codec.equals(query.equals, cipher).items():
            wanted[name] = values[0] if len(values) == 1 else {"$in": values}
        if not query.text.strip():
            return wanted
        if not self._codec.table.searched:
            raise ValueError(f"{self._codec.name} cannot be searched")
        tokens = [cipher.token(word) for word in query_tokens(query.text)[:WORDS_MAX]]
        return {**wanted, TOKENS: {"$all": tokens}} if tokens else None
