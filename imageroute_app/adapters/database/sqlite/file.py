"""One database file: its threads, connections and transactions.

One thread writes and two read, each on a connection of its own. Everything that a verb does, decoding included, is one
function that runs there, so the event loop never waits and a reader never waits for the writer (WAL). A page of 60
takes 0.92x of SQLAlchemy's own asyncio on aiosqlite, which decodes on the loop (bench/database.py).

Two things are the exception and run where their code runs, because a way to a thread and back costs more than they do:
reading one row by an index, and the first statements of a transaction. What can wait stays on a thread: BEGIN IMMEDIATE
for another process's lock, COMMIT for the disk, whatever follows in a long transaction, and a row that is not to be had
at once.

Principle: between BEGIN IMMEDIATE and COMMIT the writer belongs to one caller. A lock in the process hands it on; other
processes wait in SQLite, up to BUSY_S. synchronous is FULL: a commit that moved credits or noted a paid submission must
outlive a power cut (0.15 ms a commit on an SSD), as `j: true` does on MongoDB.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from imageroute_app.adapters.database.sqlite.errors import translated
from imageroute_app.domain.errors import Duplicate, ImageRouteError, Unavailable

T = TypeVar("T")
Work = Callable[[Connection], T]

BUSY_S = 5.0
READERS = 2
INLINE_MAX = 12
"""Statements of one transaction that the event loop runs itself, about 0.1 ms each."""
PRAGMAS = (
    "foreign_keys = ON",
    "synchronous = FULL",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "cache_size = -16000",
)

_inside: ContextVar["SqliteFile | None"] = ContextVar("_inside", default=None)


class Access(Protocol):
    """How a repository reaches the file: each call on its own, or all inside one transaction."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a connection."""
        ...

    async def glance(self, work: Work[T]) -> T:
        """Run `work`, which reads one row by an index; it may run twice."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` so that all of it is written or nothing."""
        ...


class SqliteFile:
    """The threads and connections of one file; as Access, each write is a transaction of its own."""

    def __init__(self, path: Path, busy_s: float = BUSY_S) -> None:
        self.path, self._busy_s = path, busy_s
        self._engine = create_engine(
            f"sqlite:///{path}",
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"timeout": busy_s, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="db-write")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="db-read")
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._turn = asyncio.Lock()
        self._is_closed = False

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a reader; it sees what is committed."""
        return await self._run(self._readers, work)

    async def glance(self, work: Work[T]) -> T:
        """Run `work` here and now on a connection of the caller's own thread; what SQLite objects to is asked of a reader."""
        if self._is_closed:
            raise Unavailable
        try:
            return work(self._connection(waits=False))
        except (DBAPIError, sqlite3.Error):  # locked for a moment, or worse: a reader can wait, and says what it is
            return await self.read(work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` on the writer between BEGIN IMMEDIATE and COMMIT."""

        def whole(connection: Connection) -> T:
            _begin(connection)
            try:
                done = work(connection)
                run(connection, "COMMIT")
            except BaseException:
                _rollback(connection)
                raise
            return done

        async with self._my_turn():
            return await self._run(self._writer, whole)

    async def outside(self, work: Work[T]) -> T:
        """Run `work` on the writer, outside any transaction."""
        async with self._my_turn():
            return await self._run(self._writer, work)

    async def transact(self, work: Callable[["Transaction"], Awaitable[T]]) -> T:
        """Run `work` in one transaction, undone when it raises or is cancelled."""
        async with self._my_turn():
            token = _inside.set(self)
            transaction = Transaction(self)
            try:
                done = await work(transaction)
                await transaction.finish()
            except BaseException:
                transaction.end()
                # Waits in the writer's queue behind any statement still under way, even if this is cancelled again.
                await asyncio.shield(self._run(self._writer, _rollback))
                raise
            finally:
                _inside.reset(token)
            return done

    async def on_writer(self, work: Work[T]) -> T:
        """Run `work` on the writer inside the transaction that is open there."""
        return await self._run(self._writer, work)

    def inline(self, work: Work[T], connection: Connection) -> T:
        """Run `work` here and now inside the transaction that is open on the writer's connection."""
        if self._is_closed:
            raise Unavailable
        with translated(self.path):
            return work(connection)

    async def close(self) -> None:
        """Stop the threads once they are idle and close the connections."""
        self._is_closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._engine.dispose()

    async def _run(self, threads: Executor, work: Work[T]) -> T:
        def run() -> T:
            with translated(self.path):
                return work(self._connection())

        if self._is_closed:
            raise Unavailable
        return await asyncio.get_running_loop().run_in_executor(threads, run)

    def _connection(self, *, waits: bool = True) -> Connection:
        """Return this thread's connection; one that does not wait gives up at once on what another process locked."""
        found: Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = self._engine.connect()
            self._connections.append(found)
            if not waits:
                found.exec_driver_sql("PRAGMA busy_timeout = 0")
        return found

    @contextlib.asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if _inside.get() is self:
            raise RuntimeError("inside transact, write through the tables it hands over")
        try:
            async with asyncio.timeout(self._busy_s):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable from error
        try:
            yield
        finally:
            self._turn.release()


class Transaction:
    """Access inside an open transaction."""

    def __init__(self, file: SqliteFile) -> None:
        self._file, self._is_open, self._inline_left = file, True, INLINE_MAX
        self._connection: Connection | None = None
        self._broken: ImageRouteError | None = None

    async def read(self, work: Work[T]) -> T:
        """Run `work`; it sees what this transaction wrote."""
        if not self._is_open:
            raise RuntimeError("the tables of a transaction end with it")
        if self._connection is None:
            return await self._file.on_writer(partial(self._begun, work))
        if self._inline_left > 0:
            self._inline_left -= 1
            return self._file.inline(work, self._connection)
        return await self._file.on_writer(work)

    async def glance(self, work: Work[T]) -> T:
        """Run `work`; it sees what this transaction wrote."""
        return await self.read(work)

    def _begun(self, work: Work[T], connection: Connection) -> T:
        """Begin with the first statement, which saves one way to the thread and back."""
        if self._connection is None:
            _begin(connection)
            self._connection = connection
        return work(connection)

    async def write(self, work: Work[T]) -> T:
        """Run `work`; a key that is taken ends the transaction even if the caller swallows that, as on MongoDB."""
        try:
            return await self.read(work)
        except (Duplicate, Unavailable) as error:
            self._broken = error
            raise

    async def finish(self) -> None:
        """Commit."""
        self.end()
        if self._broken is not None:
            raise self._broken
        if self._connection is not None:
            await self._file.on_writer(lambda connection: run(connection, "COMMIT"))

    def end(self) -> None:
        """Refuse everything from now on."""
        self._is_open = False


def run(connection: Connection, sql: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> sqlite3.Cursor:
    """Run a statement with its parameters, by name or in order, on the driver itself, at a third of what SQLAlchemy takes.

    Read all rows of the cursor: one that is left half read keeps its snapshot.
    """
    driver: Any = connection.connection.driver_connection
    return driver.execute(sql, {} if values is None else values)


def _begin(connection: Connection) -> None:
    _rollback(connection)
    run(connection, "BEGIN IMMEDIATE")


def _rollback(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if driver is not None and driver.in_transaction:
        run(connection, "ROLLBACK")


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
