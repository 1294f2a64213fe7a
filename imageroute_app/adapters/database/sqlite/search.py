"""Walks the keyed index of prompts: the shortest list newest first, looking each image up in the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Native
from imageroute_app.adapters.database.sealing import Cipher
from imageroute_app.domain.gallery import WORDS_MAX, query_tokens

CAPS = (200, 3_000)
"""Lists are counted this far to find the shortest, further only while all reach the cap."""
LENGTH = "SELECT count(*) FROM (SELECT 1 FROM image_tokens WHERE owner = ? AND token = ? LIMIT ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One person's search: every token must be there, and every filter must hold."""

    owner: str
    tokens: Sequence[bytes]
    wanted: Mapping[str, Sequence[Native]]

    @classmethod
    def for_text(cls, owner: str, text: str, wanted: Mapping[str, Sequence[Native]], cipher: Cipher) -> Self:
        """Return the search for a text; only its first 40 words count, as in the index."""
        tokens = [cipher.token(word) for word in query_tokens(text)[:WORDS_MAX]]
        return cls(owner=owner, tokens=tokens, wanted=wanted)

    def page(self, connection: Connection, after: str, limit: int) -> list[str]:
        """Return the ids of one page, newest first; a text without a word finds nothing."""
        if not self.tokens:
            return []
        source, values = self._joined(connection)
        if after:
            source += " AND walk.id < ?"
            values.append(after)
        sql = f"SELECT walk.id FROM {source} ORDER BY walk.id DESC LIMIT ?"  # noqa: S608  # no outside text in it
        return [row[0] for row in connection.exec_driver_sql(sql, (*values, limit))]

    def total(self, connection: Connection) -> int:
        """Return how many images match."""
        if not self.tokens:
            return 0
        source, values = self._joined(connection)
        sql = f"SELECT count(*) FROM {source}"  # noqa: S608  # no outside text in it
        return connection.exec_driver_sql(sql, tuple(values)).scalar_one()

    def _joined(self, connection: Connection) -> tuple[str, list[Any]]:
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
            values += [self.owner, *given]
        return f"{' CROSS JOIN '.join(tables)} WHERE {' AND '.join(conditions)}", values

    def _sizes(self, connection: Connection) -> list[int]:
        """Return the length of the list of images that pass the filters, then of each token's, up to a cap."""
        _, _, condition, values = self._images("walk", "")
        passing = f"SELECT count(*) FROM (SELECT 1 FROM images AS walk WHERE owner = ?{condition} LIMIT ?)"  # noqa: S608  # no outside text in it
        lists = [(passing, (self.owner, *values)), *((LENGTH, (self.owner, token)) for token in self.tokens)]
        sizes: list[int] = []
        for cap in CAPS:
            sizes = [connection.exec_driver_sql(sql, (*given, cap)).scalar_one() for sql, given in lists]
            if min(sizes) < cap:
                break
        return sizes

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
