"""Walks the keyed index of images: the shortest list in order of the ids, looking each image up in the others.

Where even the shortest is long, the two shortest are merged first: stepping through both costs a quarter of looking up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Native
from imageroute_app.adapters.database.records import bounds
from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.adapters.database.sqlite.file import run
from imageroute_app.domain.gallery import WORDS_MAX, query_tokens
from imageroute_app.domain.ports import Query

CAPS = (200, 3_000, 10_000)
"""Lists are counted this far to find the shortest, further only while all reach the cap; then they are merged."""

Listed = tuple[str, str, str, list[Any]]
"""A list of ids that is walked or joined: its alias, table, further conditions, and their parameters."""


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
        source, order, values = self._joined(connection, with_after=True)
        sql = f"SELECT walk.id FROM {source}{order} LIMIT ?"  # noqa: S608  # no outside text in it
        return [row[0] for row in run(connection, sql, (*values, self.query.limit)).fetchall()]

    def total(self, connection: Connection) -> int:
        """Return how many images match."""
        if not self.tokens:
            return 0
        source, _, values = self._joined(connection, with_after=False)
        sql = f"SELECT count(*) FROM {source}"  # noqa: S608  # no outside text in it
        return _number(connection, sql, tuple(values))

    def _joined(self, connection: Connection, *, with_after: bool) -> tuple[str, str, list[Any]]:
        """Return the joined tables with their conditions, the list to walk as `walk`; its order; and the parameters."""
        passing, *sizes = self._sizes(connection)
        tokens = [token for _, token in sorted(zip(sizes, self.tokens, strict=True))]
        others = [_token(f"t{n}", token) for n, token in enumerate(tokens)]
        image = self._images("image", "+")
        if passing < min(sizes):
            return self._linked([self._images("walk", ""), *others], with_after=with_after)
        if len(tokens) > 1 and min(sizes) >= CAPS[-1]:
            return self._merged(tokens[:2], [*others[2:], image], with_after=with_after)
        return self._linked([_token("walk", tokens[0]), *others[1:], image], with_after=with_after)

    def _linked(self, lists: Sequence[Listed], *, with_after: bool) -> tuple[str, str, list[Any]]:
        """Walk the first list and look each id up in the others."""
        (_, table, condition, given), *others = lists
        compared, ids = self._compared(with_after=with_after)
        tables, conditions, values = self._lookups(others)
        source = f"{table} AS walk{tables} WHERE walk.owner = ?{condition}{compared}{conditions}"
        return source, f" ORDER BY walk.id {self._order}", [self.query.owner, *given, *ids, *values]

    def _merged(
        self, tokens: Sequence[bytes], others: Sequence[Listed], *, with_after: bool
    ) -> tuple[str, str, list[Any]]:
        """Step through two lists at once and look the ids that are in both up in the others.

        Without a limit SQLite would drop the inner order and collect both lists instead of merging them; an outer order
        it would sort by, though the ids come in it.
        """
        compared, ids = self._compared(with_after=with_after)
        each = f"SELECT walk.id FROM image_tokens AS walk WHERE walk.owner = ? AND walk.token = ?{compared}"  # noqa: S608  # no outside text in it
        tables, conditions, values = self._lookups(others)
        source = f"({each} INTERSECT {each} ORDER BY id {self._order} LIMIT -1) AS walk{tables} WHERE TRUE{conditions}"
        return source, "", [*(value for token in tokens for value in (self.query.owner, token, *ids)), *values]

    def _lookups(self, lists: Sequence[Listed]) -> tuple[str, str, list[Any]]:
        """Return the tables in which the walked ids are looked up, the conditions, and the parameters."""
        tables = "".join(f" CROSS JOIN {table} AS {alias}" for alias, table, _, _ in lists)
        conditions = "".join(f" AND {alias}.owner = ? AND {alias}.id = walk.id{more}" for alias, _, more, _ in lists)
        return tables, conditions, [value for *_, given in lists for value in (self.query.owner, *given)]

    @property
    def _order(self) -> str:
        return "ASC" if self.query.oldest_first else "DESC"

    def _sizes(self, connection: Connection) -> list[int]:
        """Return the length of the list of images that pass the filters, then of each token's, up to a cap."""
        compared, ids = self._compared(with_after=False)
        _, _, filters, given = self._images("walk", "")
        lists = [("images", filters, given), *(("image_tokens", " AND walk.token = ?", [each]) for each in self.tokens)]
        sizes: list[int] = []
        for cap in CAPS if len(self.tokens) > 1 else CAPS[:-1]:
            sizes = []
            for table, condition, values in lists:
                some = f"SELECT 1 FROM {table} AS walk WHERE walk.owner = ?{condition}{compared} LIMIT ?"  # noqa: S608  # no outside text in it
                given = (self.query.owner, *values, *ids, cap)
                sizes.append(_number(connection, f"SELECT count(*) FROM ({some})", given))  # noqa: S608  # as above
            if min(sizes) < cap:
                break
        return sizes

    def _compared(self, *, with_after: bool) -> tuple[str, list[str]]:
        """Return the bounds of the ids that are walked, and their values."""
        found = bounds(self.query, with_after=with_after)
        return "".join(f" AND walk.id {operator} ?" for operator in found), list(found.values())

    def _images(self, alias: str, plus: str) -> Listed:
        """Return the images that pass the filters; `plus` keeps SQLite from an index on a filter."""
        condition, values = "", list[Any]()
        for name, wanted in self.wanted.items():
            marks = ", ".join("?" for _ in wanted)
            condition += f" AND {plus}{alias}.{name} IN ({marks})"
            values += wanted
        return alias, "images", condition, values


def _number(connection: Connection, sql: str, values: Sequence[Any]) -> int:
    return run(connection, sql, values).fetchall()[0][0]


def _token(alias: str, token: bytes) -> Listed:
    return alias, "image_tokens", f" AND {alias}.token = ?", [token]
