"""Images on SQLite, with the keyed index of their prompts and facets kept in step in the same transaction.

A search walks one list in the order of the ids and looks every candidate up in the others. It walks the shortest: the
tokens' lists are counted (up to a bound), and so are the images that pass the filters.

What is taken out of the index follows from the stored record: who changes domain.gallery.image_tokens raises
INDEX_VERSION, and the next start makes the index anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Native
from imageroute_app.adapters.database.records import is_search
from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.adapters.database.sqlite.file import run
from imageroute_app.adapters.database.sqlite.repository import SqliteRepository
from imageroute_app.adapters.database.sqlite.search import Search
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import Image, image_tokens
from imageroute_app.domain.ports import Query

INSERT = "INSERT OR IGNORE INTO image_tokens (owner, token, id) VALUES (?, ?, ?)"
DELETE = "DELETE FROM image_tokens WHERE owner = ? AND token = ? AND id = ?"
DELETE_SLOWLY = "DELETE FROM image_tokens WHERE owner = ? AND id = ?"
INDEX_VERSION = 2
"""1 held the words of prompts only; kept in the file as PRAGMA user_version."""
REINDEXED = 200
"""Images that one transaction of making the index anew takes."""


class SqliteImages(SqliteRepository[Image]):
    """domain.ports.Repository[Image]."""

    async def delete(self, record_id: str, owner: str) -> bool:
        """Delete the image and its words; False when there was nothing."""
        cipher = await self._sealer.cipher(owner)
        return await self._access.write(lambda c: self._remove(c, record_id=record_id, owner=owner, cipher=cipher))

    def _insert(self, connection: Connection, *, record: Image, cipher: Cipher) -> None:
        super()._insert(connection, record=record, cipher=cipher)
        _execute(connection, INSERT, _entries(record.owner, record.id, _keyed(image_tokens(record), cipher)))

    def _replace(self, connection: Connection, *, record: Image, was: int, cipher: Cipher) -> None:
        before, after = self._indexed(connection, record.id, record.owner, cipher), set(image_tokens(record))
        super()._replace(connection, record=record, was=was, cipher=cipher)
        gone, come = _keyed(before - after, cipher), _keyed(after - before, cipher)
        _execute(connection, DELETE, _entries(record.owner, record.id, gone))
        _execute(connection, INSERT, _entries(record.owner, record.id, come))

    def _remove(self, connection: Connection, *, record_id: str, owner: str, cipher: Cipher | None) -> bool:
        try:
            if cipher:
                tokens = _keyed(self._indexed(connection, record_id, owner, cipher), cipher)
                _execute(connection, DELETE, _entries(owner, record_id, tokens))
        except Unavailable:  # a damaged prompt must not keep the rest from being erased
            connection.exec_driver_sql(DELETE_SLOWLY, (owner, record_id))
        return super()._remove(connection, record_id=record_id, owner=owner, cipher=cipher)

    def _page(
        self,
        connection: Connection,
        *,
        query: Query,
        wanted: Mapping[str, list[Native]],
        cipher: Cipher,
    ) -> list[Image]:
        if not is_search(query):
            return super()._page(connection, query=query, wanted=wanted, cipher=cipher)
        ids = Search.for_query(query, wanted, cipher).page(connection)
        rows = connection.execute(self._sql.some, {"owner": query.owner, "ids": ids}).all()
        found = {image.id: image for image in (self._codec.record(row, cipher) for row in rows)}
        return [found[image_id] for image_id in ids if image_id in found]

    def _total(
        self,
        connection: Connection,
        *,
        query: Query,
        wanted: Mapping[str, list[Native]],
        cipher: Cipher,
    ) -> int:
        if not is_search(query):
            return super()._total(connection, query=query, wanted=wanted, cipher=cipher)
        return Search.for_query(query, wanted, cipher).total(connection)

    def _indexed(self, connection: Connection, record_id: str, owner: str, cipher: Cipher) -> set[str]:
        rows = run(connection, self._sql.get, {"id": record_id, "owner": owner}).fetchall()
        return {token for row in rows for token in image_tokens(self._codec.record(row, cipher))}

    async def reindex(self) -> None:
        """Make the index anew if it was made by an older release; what was begun before is taken up again harmlessly."""
        made = await self._access.read(lambda c: c.exec_driver_sql("PRAGMA user_version").scalar_one())
        if made >= INDEX_VERSION:
            return
        after = ""
        while rows := await self._access.read(partial(self._following, after=after)):
            await self._access.write(partial(_execute, sql=INSERT, entries=await self._entries_of(rows)))
            after = rows[-1][self._codec.names.index("id")]
        await self._access.write(lambda c: c.exec_driver_sql(f"PRAGMA user_version = {INDEX_VERSION}"))

    def _following(self, connection: Connection, *, after: str) -> Sequence[Any]:
        rows = self._sql.where("id > :after ORDER BY id LIMIT :limit")
        return connection.execute(rows, {"after": after, "limit": REINDEXED}).all()

    async def _entries_of(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        at, entries = self._codec.names.index("owner"), list[tuple[Any, ...]]()
        for row in rows:
            try:
                cipher = await self._sealer.cipher(row[at])
                image = self._codec.record(row, cipher)
            except (NotFound, Unavailable):  # an erasure under way, or a damaged row: neither can be searched
                continue
            entries += _entries(image.owner, image.id, _keyed(image_tokens(image), cipher))
        return entries


def put_tokens(connection: Connection, tokens: Mapping[str, tuple[str, Sequence[bytes]]]) -> None:
    """Write index entries of whole images, by id, over what is there: (owner, tokens)."""
    for image_id, (owner, found) in tokens.items():
        connection.exec_driver_sql(DELETE_SLOWLY, (owner, image_id))
        _execute(connection, INSERT, _entries(owner, image_id, set(found)))


def _keyed(tokens: Iterable[str], cipher: Cipher) -> set[bytes]:
    return {cipher.token(token) for token in tokens}


def _entries(owner: str, image_id: str, tokens: set[bytes]) -> Sequence[tuple[Any, ...]]:
    return [(owner, token, image_id) for token in sorted(tokens)]


def _execute(connection: Connection, sql: str, entries: Sequence[tuple[Any, ...]]) -> None:
    if entries:
        connection.exec_driver_sql(sql, list(entries))
