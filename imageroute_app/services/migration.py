"""Moving an installation's rows, keys and notes from one database to another, verified row by row.

Principle: the target is closed by the lease of a restore until every row was read back and is the same. What is there and the
same is not written again, so that a move that was stopped goes on; the source is only read.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from imageroute_app.domain.backups import TABLES, KeyRows, Row, Rows, dump_row
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.errors import Conflict, Unavailable
from imageroute_app.domain.ports import Clock, Database, Fault, KeyStore, Tombstones
from imageroute_app.services.backup import PAGE, Report, pages_of
from imageroute_app.services.restore import begin_restore, end_restore

PROBE, ROOT = "master-key-probe", "pepper-root"
"""Rows of a key store by which it knows its master key, which each store made itself, and from which it names people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One place of an installation's data."""

    database: Database
    keys: KeyStore
    key_rows: KeyRows
    tombstones: Tombstones


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What was moved; `sha256` is of all rows in their order, the same on both sides."""

    rows: int
    written: int
    keys: int
    sha256: str


class Migration:
    """One move; nothing may serve on either side."""

    def __init__(
        self, *, source: Side, target: Side, clock: Clock, report: Report, fault: Fault = lambda point: None
    ) -> None:
        self._source, self._target = source, target
        self._clock, self._report, self._fault = clock, report, fault

    async def run(self) -> Migrated:
        """Copy and compare everything, then open the target.

        Raises:
            Conflict: The target holds an installation, or the two sides have different master keys.
            Unavailable: A side does not answer, or the source changed meanwhile; the target stays closed, run it again.
        """
        await begin_restore(self._target.database, self._target.database.rows(), self._clock)
        await self._target.key_rows.put_wrapped(await self._source.key_rows.wrapped(ROOT[:-1], 1))
        if self._source.keys.mark("probe") != self._target.keys.mark("probe"):
            raise Conflict("The two sides have different master keys: set IMAGEROUTE_MASTER_KEY to that of the source.")
        keys = await self._move_keys()
        written = sum([await self._move_table(table) for table in TABLES])
        self._fault("migrate.copied")
        digest, count = hashlib.sha256(), 0
        for table in TABLES:
            count += await self._compare_table(table, digest.update)
        self._fault("migrate.compared")
        await end_restore(self._target.database, self._clock)
        return Migrated(rows=count, written=written, keys=keys, sha256=digest.hexdigest())

    async def _move_keys(self) -> int:
        source, target, after, count = self._source.key_rows, self._target.key_rows, "", 0
        if missing := await self._source.tombstones.marks() - await self._target.tombstones.marks():
            await self._target.tombstones.add(sorted(missing), self._clock())
        while page := await source.wrapped(after, PAGE):
            await target.put_wrapped(page)
            arrived = dict(await target.wrapped(after, PAGE))
            own = {mark: wrapped for mark, wrapped in page if arrived.get(mark, b"") != wrapped}
            if set(own) - {PROBE}:
                raise Conflict("The target's key store has other keys for the same people: use an empty one.")
            after, count = page[-1][0], count + len(page)
            self._fault("migrate.keys")
        return count

    async def _move_table(self, table: str) -> int:
        rows, written = self._target.database.rows(), 0
        async with self._source.database.rows().snapshot() as source, rows.snapshot() as target:
            after = ""
            async for page in pages_of(source, table):
                there = {row["id"]: row for row in await target.page(table, after, PAGE)}
                missing = [row for row in page if there.get(row["id"]) != row]
                await rows.put(table, missing)
                written, after = written + len(missing), str(page[-1]["id"])
                self._report(f"{table}: {written} rows written")
                self._fault(f"migrate.{table}")
        return written

    async def _compare_table(self, table: str, add: Callable[[bytes], None]) -> int:
        """Compare both sides row by row; what a database deletes by itself at its end may be missing on one of them."""
        count = 0
        async with (
            self._source.database.rows().snapshot() as source,
            self._target.database.rows().snapshot() as target,
        ):
            theirs = _lines(target, table)
            there = await anext(theirs, None)
            async for here in _lines(source, table):
                while there is not None and str(there["id"]) < str(here["id"]):
                    self._excuse(table, there)
                    there = await anext(theirs, None)
                if there is not None and there["id"] == here["id"]:
                    if dump_row(there) != dump_row(here):
                        raise _differs(table)
                    add(dump_row(here))
                    count += 1
                    there = await anext(theirs, None)
                else:
                    self._excuse(table, here)
            while there is not None:
                self._excuse(table, there)
                there = await anext(theirs, None)
        self._report(f"{table}: {count} rows are the same on both sides")
        return count

    def _excuse(self, table: str, row: Row) -> None:
        """Raise Unavailable unless a row that is on one side only has reached its end: MongoDB deletes such by itself."""
        name = DATA_MAP[table].expires
        ends_at = row.get(name) if name else None
        if not isinstance(ends_at, datetime) or ends_at > self._clock():
            raise _differs(table)


async def _lines(rows: Rows, table: str) -> AsyncIterator[Row]:
    async for page in pages_of(rows, table):
        for row in page:
            yield row


def _differs(table: str) -> Unavailable:
    return Unavailable(
        f"The two sides differ in {table}: something wrote meanwhile. Stop every server and worker, and run it again."
    )
