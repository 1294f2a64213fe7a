"""Walks the keyed index of images: the shortest list in order of the ids, looking each image up in the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Native
from imageroute_app.adapters.database.records import bounds
from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.domain.gallery import WORDS_MAX, query_tokens
from imageroute_app.domain.ports import Query

CAPS = (200, 3_000)
"""Lists are counted this far to find the shortest, further only while all reach the cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One person's search: every token must be there, and every filter must hold."""

    query: Query
    tokens: Sequence[bytes]
    wanted: Mapping[str, Sequence[Native]]

    @classmethod
    def for_query(cls, query: Query, wanted: Mapping[str, Sequence[Native]], cipher: Cipher) -> Self:
        """Return the search for a query; only the first 40 words of its text count, as in the index."""
        words = query_tokens(query.text)[:WORDS_MAX]
        is_nothing = bool(query.text.strip()) and not words
        tokens = [] if is_nothing else [cipher.token(word) for word in (*words, *query.tokens)]
        return cls(query=query, tokens=tokens, wanted=wanted)

    def page(self, connection: Connection) -> list[str]:
        """Return the ids of one page in the order that was asked for; a text without a word finds nothing."""
        if not self.tokens:
            return []
        source, values = self._joined(connection, with_after=True)
        order = "ASC" if self.query.oldest_first else "DESC"
        sql = f"SELECT walk.id FROM {source} ORDER BY walk.id {order} LIMIT ?"  # noqa: S608  # no outside text in it
        return [row[0] for row in connection.exec_driver_sql(sql, (*values, self.query.limit))]

    def total(self, connection: Connection) -> int:
        """Return how many images match."""
        if not self.tokens:
            return 0
        source, values = self._joined(connection, with_after=False)
        sql = f"SELECT count(*) FROM {source}"  # noqa: S608  # no outside text in it
        return connection.exec_driver_sql(sql, tuple(values)).scalar_one()

    def _joined(self, connection: Connection, *, with_after: bool) -> tuple[str, list[Any]]:
        """Return the joined tables with their conditions, the shortest list as `walk`, and the parameters."""
        passing, *sizes = self._sizes(connection)
        tokens = [token for _, token in sorted(zip(sizes, self.tokens, strict=True))]
        if passing < min(sizes):
            lists = [self._images("walk", ""), *(_token(f"t{n}", t) for n, t in enumerate(tokens))]
        else:
            rest = (_token(f"t{n}", token) for n, token in enumerate(tokens[1:]))
            lists = [_token("walk", tokens[0]), *rest, self._images("image", "+")]
        tables, conditions, values = [], [], list[Any]()
        for alias, table, condition, given in lists:
            tables.append(f"{table} AS {alias}")
            linked = "" if alias == "walk" else f" AND {alias}.id = walk.id"
            conditions.append(f"{alias}.owner = ?{linked}{condition}")
            values += [self.query.owner, *given]
        compared, ids = self._compared(with_after=with_after)
        return f"{' CROSS JOIN '.join(tables)} WHERE {' AND '.join(conditions)}{compared}", [*values, *ids]

    def _sizes(self, connection: Connection) -> list[int]:
        """Return the length of the list of images that pass the filters, then of each token's, up to a cap."""
        compared, ids = self._compared(with_after=False)
        _, _, filters, given = self._images("walk", "")
        lists = [("images", filters, given), *(("image_tokens", " AND walk.token = ?", [each]) for each in self.tokens)]
        sizes: list[int] = []
        for cap in CAPS:
            sizes = []
            for table, condition, values in lists:
                some = f"SELECT 1 FROM {table} AS walk WHERE walk.owner = ?{condition}{compared} LIMIT ?"  # noqa: S608  # no outside text in it
                given = (self.query.owner, *values, *ids, cap)
                sizes.append(connection.exec_driver_sql(f"SELECT count(*) FROM ({some})", given).scalar_one())  # noqa: S608  # as above
            if min(sizes) < cap:
                break
        return sizes

    def _compared(self, *, with_after: bool) -> tuple[str, list[str]]:
        """Return the bounds of the ids that are walked, and their values."""
        found = bounds(self.query, with_after=with_after)
        return "".join(f" AND walk.id {operator} ?" for operator in found), list(found.values())

    def _images(self, alias: str, plus: str) -> tuple[str, str, str, list[Any]]:
        """Return the images that pass the filters; `plus` keeps SQLite from an index on a filter."""
        condition, values = "", list[Any]()
        for name, wanted in self.wanted.items():
            marks = ", ".join("?" for _ in wanted)
            condition += f" AND {plus}{alias}.{name} IN ({marks})"
            values += wanted
        return alias, "images", condition, values


def _token(alias: str, token: bytes) -> tuple[str, str, str, list[Any]]:
    return alias, "image_tokens", f" AND {alias}.token = ?", [token]
