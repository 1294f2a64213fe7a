"""Records of one collection on MongoDB."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING, DESCENDING

from imageroute_app.adapters.database.codec import MONGO, Codec, cut_time
from imageroute_app.adapters.database.mongo.connection import Access, Document
from imageroute_app.adapters.database.mongo.errors import translated
from imageroute_app.adapters.database.records import (
    bounds,
    changed,
    check_limit,
    is_search,
    owner_of,
    readable,
    version_of,
)
from imageroute_app.adapters.database.sealing import Cipher, Sealer
from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.gallery import WORDS_MAX, Image, image_tokens, query_tokens
from imageroute_app.domain.ports import Query

R = TypeVar("R")
BY_ID = (("_id", ASCENDING),)
REINDEXED = 200
COMPARISONS = {"<": "$lt", ">": "$gt", ">=": "$gte"}
TOKENS = "image_tokens"
"""The keyed words and facets of a searched record lie in the record itself: one write keeps them in step."""
TOKENS_VERSION = "image_tokens_version"
INDEX_VERSION = 2
"""Which release's tokens a record has: who changes domain.gallery.image_tokens raises it."""


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
        wanted = self._wanted(query, cipher, with_after=True)
        if wanted is None:
            return []
        order = ASCENDING if query.oldest_first else DESCENDING
        found = await self._list(wanted, [("_id", order)], query.limit)
        return [self._record(document, cipher) for document in found]

    async def count(self, query: Query) -> int:
        """Return how many match."""
        wanted = self._wanted(query, await self._sealer.cipher(query.owner), with_after=False)
        if wanted is None:
            return 0
        with translated():
            return await self._rows.count_documents(wanted, session=self._session)

    async def counts(self, queries: Sequence[Query]) -> list[int]:
        """Return how many match each, one after the other: a session takes one command at a time."""
        return [await self.count(query) for query in queries]

    async def sum(self, column: str, owner: str) -> int:
        """Return the sum of a number over all of a person's records."""
        if column not in self._codec.table.sums:
            raise ValueError(f"{self._codec.name}.{column} is not declared as a sum in DATA_MAP")
        steps = [{"$match": {"owner": owner}}, {"$group": {"_id": None, "total": {"$sum": f"${column}"}}}]
        with translated():
            rows = await (await self._rows.aggregate(steps, session=self._session)).to_list()
        return int(rows[0]["total"]) if rows else 0

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

    async def walk(self, after: str, limit: int) -> list[R]:
        """Return records of any owner with an id above `after`, by id."""
        found: list[R] = []
        while not found:
            documents = await self._list({"_id": {"$gt": after}}, BY_ID, limit)
            if not documents:
                break
            found, after = await self._readable(documents), documents[-1]["_id"]
        return found

    async def reindex(self) -> None:
        """Give new tokens to the records that an older release indexed; those that cannot be read stay as they are."""
        after = ""
        while found := await self._list(
            {TOKENS_VERSION: {"$ne": INDEX_VERSION}, "_id": {"$gt": after}}, BY_ID, REINDEXED
        ):
            for record in await self._readable(found):
                with contextlib.suppress(Conflict):  # changed by another process, which indexed it anew
                    await self.update(record)
            after = found[-1]["_id"]

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
        if isinstance(record, Image):
            document[TOKENS] = sorted(cipher.token(token) for token in image_tokens(record))
            document[TOKENS_VERSION] = INDEX_VERSION
        return document

    def _record(self, document: Document, cipher: Cipher) -> R:
        return self._codec.record(self._values(document), cipher)

    def _values(self, document: Document) -> list[Any]:
        named = {**document, "id": document["_id"]}
        return [named.get(name) for name in self._codec.names]

    async def _readable(self, documents: Sequence[Document]) -> list[R]:
        rows = [(document["owner"], self._values(document)) for document in documents]
        return await readable(self._codec, self._sealer, rows)

    def _wanted(self, query: Query, cipher: Cipher, *, with_after: bool) -> Document | None:
        """Return the filter, or None when a search has no word and so finds nothing."""
        wanted: Document = {"owner": query.owner}
        for name, values in self._codec.equals(query.equals, cipher).items():
            if name == "id":
                wanted["_id"] = {"$in": values}
            else:
                wanted[name] = values[0] if len(values) == 1 else {"$in": values}
        if compared := bounds(query, with_after=with_after):
            compared_ids = {COMPARISONS[operator]: record_id for operator, record_id in compared.items()}
            wanted["_id"] = wanted.get("_id", {}) | compared_ids
        if not is_search(query):
            return wanted
        if not self._codec.table.searched:
            raise ValueError(f"{self._codec.name} cannot be searched")
        words = query_tokens(query.text)[:WORDS_MAX]
        if query.text.strip() and not words:
            return None
        return {**wanted, TOKENS: {"$all": [cipher.token(token) for token in (*words, *query.tokens)]}}
