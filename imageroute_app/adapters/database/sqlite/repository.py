"""Records of one table on SQLite. Every verb is one function that runs on the file's reader or writer thread."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import SQLITE, Codec, Native, to_micros
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
from imageroute_app.adapters.database.sqlite.file import Access, run
from imageroute_app.adapters.database.sqlite.statements import BOUNDS, Statements, bound, shape_of
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Query

R = TypeVar("R")
Row = Sequence[Any]


_statements: dict[str, Statements] = {}
"""By table: they are the same for every file, and building them takes longer than opening one."""


class Kind(Generic[R]):
    """What is the same for every use of one table: its codec and its statements."""

    def __init__(self, name: str, sealer: Sealer) -> None:
        self.codec: Codec[R] = Codec(name, SQLITE, sealer)
        if name not in _statements:
            _statements[name] = Statements(self.codec)
        self.sql = _statements[name]
        self.sealer = sealer


class SqliteRepository(Generic[R]):
    """domain.ports.Repository on one table."""

    def __init__(self, kind: Kind[R], access: Access) -> None:
        self._codec, self._sql, self._sealer = kind.codec, kind.sql, kind.sealer
        self._access = access

    async def add(self, record: R) -> None:
        """Store a new record; raises Duplicate when a unique key is taken."""
        cipher = await self._sealer.cipher(owner_of(record))
        await self._access.write(partial(self._insert, record=record, cipher=cipher))

    async def get(self, record_id: str, owner: str) -> R:
        """Return the record; raises NotFound also when it is someone else's."""
        cipher = await self._sealer.cipher(owner)

        def work(connection: Connection) -> R:
            rows = run(connection, self._sql.get, {"id": record_id, "owner": owner}).fetchall()
            if not rows:
                raise NotFound
            return self._codec.record(rows[0], cipher)

        return await self._access.glance(work)

    async def find(self, query: Query) -> list[R]:
        """Return one page, newest first."""
        check_limit(query.limit)
        cipher = await self._sealer.cipher(query.owner)
        wanted = self._codec.equals(query.equals, cipher)
        work = partial(self._page, query=query, wanted=wanted, cipher=cipher)
        return await (self._access.glance(work) if self._is_one(query, wanted) else self._access.read(work))

    def _is_one(self, query: Query, wanted: Mapping[str, list[Native]]) -> bool:
        """Say whether a page is one row at the end of an index: with a second filter rows may have to be passed over."""
        return query.limit == 1 and len(wanted) <= 1 and not is_search(query)

    async def by_owner(self, owner: str) -> R | None:
        """Return the only record of the person in a table of one a person, if there is any."""
        found = await self.find(Query(owner=owner, limit=1))
        return found[0] if found else None

    async def count(self, query: Query) -> int:
        """Return how many match."""
        return (await self.counts([query]))[0]

    async def counts(self, queries: Sequence[Query]) -> list[int]:
        """Return how many match each, on one way to the thread and back."""
        totals = list[Callable[[Connection], int]]()
        for query in queries:
            cipher = await self._sealer.cipher(query.owner)
            wanted = self._codec.equals(query.equals, cipher)
            totals.append(partial(self._total, query=query, wanted=wanted, cipher=cipher))
        return await self._access.read(lambda connection: [total(connection) for total in totals])

    async def sum(self, column: str, owner: str) -> int:
        """Return the sum of a number over all of a person's records."""
        if column not in self._codec.table.sums:
            raise ValueError(f"{self._codec.name}.{column} is not declared as a sum in DATA_MAP")
        statement = self._sql.sum(column)
        rows = await self._access.read(lambda c: run(c, statement, {"owner": owner}).fetchall())
        return rows[0][0] or 0

    async def update(self, record: R) -> R:
        """Write the record if its version is still the stored one; raises Conflict otherwise."""
        cipher = await self._sealer.cipher(owner_of(record))
        was = version_of(record)
        stored = self._codec.as_stored(record, cipher, version=was + 1)
        await self._access.write(partial(self._replace, record=stored, was=was, cipher=cipher))
        return stored

    async def delete(self, record_id: str, owner: str) -> bool:
        """Delete; False when there was nothing."""
        work = partial(self._remove, record_id=record_id, owner=owner, cipher=None)
        return await self._access.write(work)

    async def by_key(self, key: str, value: str) -> R | None:
        """Return the record with this globally unique key, whoever owns it."""
        stored = self._codec.key(key, value)
        statement = self._sql.by_column(key)
        rows = await self._access.glance(lambda c: run(c, statement, {"value": stored}).fetchall())
        found = await self._readable(rows)
        return found[0] if found else None

    async def overdue(self, column: str, now: datetime, limit: int) -> list[R]:
        """Return records of any owner whose date is at or before `now`, oldest first."""
        if column not in self._codec.table.dates:
            raise ValueError(f"{self._codec.name}.{column} is not declared as a date in DATA_MAP")
        statement, values = self._sql.overdue(column), {"now": to_micros(now), "limit": limit}
        rows = await self._access.read(lambda c: c.execute(statement, values).all())
        return await self._readable(rows)

    async def walk(self, after: str, limit: int) -> list[R]:
        """Return records of any owner with an id above `after`, by id."""
        found: list[R] = []
        at = self._codec.names.index("id")
        while not found:
            values = {"after": after, "limit": limit}
            rows = await self._access.read(lambda c, values=values: c.execute(self._sql.walk, values).all())
            if not rows:
                break
            found, after = await self._readable(rows), rows[-1][at]
        return found

    async def _readable(self, rows: Sequence[Row]) -> list[R]:
        at = self._codec.names.index("owner")
        return await readable(self._codec, self._sealer, [(row[at], row) for row in rows])

    # --- On the file's threads ----------------------------------------------------------------------------------------

    def _insert(self, connection: Connection, *, record: R, cipher: Cipher) -> None:
        run(connection, self._sql.insert, self._codec.row(record, cipher))

    def _replace(self, connection: Connection, *, record: R, was: int, cipher: Cipher) -> None:
        row = self._codec.row(record, cipher)
        values = {f"v_{name}": value for name, value in row.items()}
        values |= {"was_id": values.pop("v_id"), "was_owner": values.pop("v_owner"), "was": was}
        if run(connection, self._sql.update, values).rowcount != 1:
            raise changed()

    def _remove(self, connection: Connection, *, record_id: str, owner: str, cipher: Cipher | None) -> bool:
        del cipher  # only for tables with a search index
        return run(connection, self._sql.delete, {"id": record_id, "owner": owner}).rowcount == 1

    def _page(
        self,
        connection: Connection,
        *,
        query: Query,
        wanted: Mapping[str, list[Native]],
        cipher: Cipher,
    ) -> list[R]:
        if is_search(query):
            raise ValueError(f"{self._codec.name} cannot be searched")
        compared = bounds(query, with_after=True)
        statement = self._sql.page(shape_of(self._codec, wanted), tuple(compared), query.oldest_first)
        values = bound(wanted) | _compared(compared) | {"owner": query.owner, "limit": query.limit}
        return [self._codec.record(row, cipher) for row in run(connection, statement, values).fetchall()]

    def _total(
        self,
        connection: Connection,
        *,
        query: Query,
        wanted: Mapping[str, list[Native]],
        cipher: Cipher,
    ) -> int:
        del cipher
        if is_search(query):
            raise ValueError(f"{self._codec.name} cannot be searched")
        compared = bounds(query, with_after=False)
        statement = self._sql.count(shape_of(self._codec, wanted), tuple(compared))
        values = bound(wanted) | _compared(compared) | {"owner": query.owner}
        return run(connection, statement.sql, statement.ordered(values)).fetchall()[0][0]


def _compared(values: Mapping[str, str]) -> dict[str, Any]:
    return {BOUNDS[operator]: record_id for operator, record_id in values.items()}
