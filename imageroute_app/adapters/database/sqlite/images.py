"""Images on SQLite, with the keyed index of their prompts kept in step in the same transaction.

A search walks one list newest first and looks every candidate up in the others. It walks the shortest: the tokens'
lists are counted (up to a bound), and so are the images that pass the filters.

What is taken out of the index follows from the stored prompt: who changes domain.gallery.index_tokens must also write a
migration that makes the index anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Native
from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.adapters.database.sqlite.repository import SqliteRepository
from imageroute_app.adapters.database.sqlite.search import Search
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.gallery import Image, index_tokens
from imageroute_app.domain.ports import Query

INSERT = "INSERT OR IGNORE INTO image_tokens (owner, token, id) VALUES (?, ?, ?)"
DELETE = "DELETE FROM image_tokens WHERE owner = ? AND token = ? AND id = ?"
DELETE_SLOWLY = "DELETE FROM image_tokens WHERE owner = ? AND id = ?"
PROMPT = "SELECT prompt FROM images WHERE id = ? AND owner = ?"


class SqliteImages(SqliteRepository[Image]):
    """domain.ports.Repository[Image]."""

    async def delete(self, record_id: str, owner: str) -> bool:
        """Delete the image and its words; False when there was nothing."""
        cipher = await self._sealer.cipher(owner)
        return await self._access.write(lambda c: self._remove(c, record_id=record_id, owner=owner, cipher=cipher))

    def _insert(self, connection: Connection, *, record: Image, cipher: Cipher) -> None:
        super()._insert(connection, record=record, cipher=cipher)
        _execute(connection, INSERT, _entries(record.owner, record.id, _tokens(record.prompt, cipher)))

    def _replace(self, connection: Connection, *, record: Image, was: int, cipher: Cipher) -> None:
        before = self._indexed(connection, record.id, record.owner, cipher)
        super()._replace(connection, record=record, was=was, cipher=cipher)
        after = _tokens(record.prompt, cipher)
        _execute(connection, DELETE, _entries(record.owner, record.id, before - after))
        _execute(connection, INSERT, _entries(record.owner, record.id, after - before))

    def _remove(self, connection: Connection, *, record_id: str, owner: str, cipher: Cipher | None) -> bool:
        try:
            tokens = self._indexed(connection, record_id, owner, cipher) if cipher else set[bytes]()
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
        if not query.text.strip():
            plain = Query(owner=query.owner, equals=query.equals, after=query.after, limit=query.limit)
            return super()._page(connection, query=plain, wanted=wanted, cipher=cipher)
        search = Search.for_text(query.owner, query.text, wanted, cipher)
        ids = search.page(connection, query.after, query.limit)
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
        if not query.text.strip():
            plain = Query(owner=query.owner, equals=query.equals)
            return super()._total(connection, query=plain, wanted=wanted, cipher=cipher)
        return Search.for_text(query.owner, query.text, wanted, cipher).total(connection)

    def _indexed(self, connection: Connection, record_id: str, owner: str, cipher: Cipher) -> set[bytes]:
        row = connection.exec_driver_sql(PROMPT, (record_id, owner)).first()
        if row is None:
            return set()
        return _tokens(self._codec.sealed_text(row[0], record_id, "prompt", cipher), cipher)


def _tokens(prompt: str, cipher: Cipher) -> set[bytes]:
    return {cipher.token(word) for word in index_tokens(prompt)}


def _entries(owner: str, image_id: str, tokens: set[bytes]) -> Sequence[tuple[Any, ...]]:
    return [(owner, token, image_id) for token in sorted(tokens)]


def _execute(connection: Connection, sql: str, entries: Sequence[tuple[Any, ...]]) -> None:
    if entries:
        connection.exec_driver_sql(sql, list(entries))
