"""SQLite's rows as they lie: read at one moment on a connection of its own, written back as they are."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection

from imageroute_app.adapters.database.codec import Codec
from imageroute_app.adapters.database.sealing import Sealer
from imageroute_app.adapters.database.sqlite.errors import translated
from imageroute_app.adapters.database.sqlite.file import SqliteFile
from imageroute_app.adapters.database.sqlite.images import put_tokens
from imageroute_app.domain.backups import Row
from imageroute_app.domain.data_map import SYSTEM_TABLES

NAMED = "SELECT {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT ?"
ANY = "SELECT EXISTS (SELECT 1 FROM {table})"


class SqliteRows:
    """RowStore on one file."""

    def __init__(self, file: SqliteFile, codecs: Mapping[str, Codec[Any]], sealer: Sealer) -> None:
        self._file, self._codecs, self._sealer = file, codecs, sealer

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator["SqliteMoment"]:
        """Return the rows of one moment: a reader of the write-ahead log keeps seeing what it saw first.

        The online backup API would begin anew whenever another process writes, and on a busy file never end.
        """
        moment = SqliteMoment(self._file, self._codecs)
        try:
            await moment.begin()
            yield moment
        finally:
            await moment.close()

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """Write rows over those of the same id, in one transaction; a searched row gets its index entries with it."""
        codec = self._codecs[table]
        stored = [codec.from_plain(row) for row in rows]
        columns, held = ", ".join(codec.names), ", ".join(f":{name}" for name in codec.names)
        changes = ", ".join(f"{name} = excluded.{name}" for name in codec.names if name != "id")
        sql = f"INSERT INTO {table} ({columns}) VALUES ({held}) ON CONFLICT (id) DO UPDATE SET {changes}"  # noqa: S608  # names of DATA_MAP
        tokens = await codec.all_tokens(stored) if codec.table.searched else {}

        def work(connection: Connection) -> None:
            if stored:
                connection.exec_driver_sql(sql, stored)
            put_tokens(connection, tokens)

        await self._file.write(work)

    async def is_empty(self) -> bool:
        """Say whether there is no row of any table."""
        checks = " OR ".join(f"({ANY.format(table=name)})" for name in self._codecs)
        return not await self._file.read(
            lambda c: c.exec_driver_sql(f"SELECT {checks}").scalar_one()
        )  # names of DATA_MAP

    async def owners(self, table: str) -> list[str]:
        """Return everyone who owns a row of a table, each once."""
        name = self._codecs[table].name
        rows = await self._file.read(lambda c: c.exec_driver_sql(f"SELECT DISTINCT owner FROM {name}").all())  # noqa: S608  # a name of DATA_MAP
        return [str(row[0]) for row in rows]

    async def strangers(self) -> list[str]:
        """Return tables and columns that stand in no data map."""
        sql = (
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        )
        columns = await self._file.read(lambda c: c.exec_driver_sql(sql).all())
        tables = {str(table) for table, _ in columns} - set(self._codecs) - set(SYSTEM_TABLES)
        fields = [(str(table), str(name)) for table, name in columns if table in self._codecs]
        return [
            *sorted(tables),
            *(f"{table}.{name}" for table, name in fields if name not in self._codecs[table].names),
        ]


class SqliteMoment:
    """Rows at one moment, on one connection in one thread."""

    def __init__(self, file: SqliteFile, codecs: Mapping[str, Codec[Any]]) -> None:
        self._file, self._codecs = file, codecs
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-snapshot")
        self._connection: sqlite3.Connection | None = None

    async def begin(self) -> None:
        """Fix the moment."""
        await self._run(self._begin)

    async def page(self, table: str, after: str, limit: int) -> list[Row]:
        """Return rows of any owner with an id above `after`, by id."""
        return await self._run(self._page, table, after, limit)

    async def close(self) -> None:
        """Let go of the moment."""
        await self._run(self._close)
        self._thread.shutdown()

    def _begin(self) -> None:
        self._connection = sqlite3.connect(f"file:{self._file.path}?mode=ro", uri=True, isolation_level=None)
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT 1 FROM people LIMIT 1").fetchall()  # the moment is that of the first read

    def _page(self, table: str, after: str, limit: int) -> list[Row]:
        assert self._connection is not None  # noqa: S101  # `begin` came first
        codec = self._codecs[table]
        found = self._connection.execute(
            NAMED.format(columns=", ".join(codec.names), table=table), (after, limit)
        ).fetchall()
        return [codec.to_plain(values) for values in found]

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _run(self, work: Any, *arguments: Any) -> Any:
        def run() -> Any:
            with translated(self._file.path):
                return work(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)
