"""Key store on a second SQLite file, <data>/keys/keys.db, beside the master key unless a setting gives that.

The journal is a plain rollback journal and secure_delete is on: a destroyed key is overwritten in the file, and no
write-ahead log keeps an older page.
"""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from imageroute_app.adapters.keys.wrapping import (
    KEY_BYTES,
    PROBE,
    ROOT,
    MasterKey,
    RecentKeys,
    destroyed,
    read_master_keys,
)
from imageroute_app.domain.errors import StorageFull, Unavailable

BUSY_S = 5.0
SCHEMA = "CREATE TABLE IF NOT EXISTS subject_keys (mark TEXT PRIMARY KEY, wrapped BLOB) WITHOUT ROWID"
"""`wrapped` is NULL once the key is destroyed; the row stays, so that no new key is made silently."""


async def open_file_keys(folder: Path, master_key: bytes = b"", previous: bytes = b"") -> "FileKeys":
    """Open the key store, made on first use; without `master_key` the folder holds that too.

    `previous` is the master key before it, while keys still change over.

    Raises:
        Unavailable: naming the file and the cure, when the folder, a file or the master key cannot be used.
    """
    return await asyncio.to_thread(_open, folder, master_key, previous)


def _open(folder: Path, master_key: bytes, previous: bytes) -> "FileKeys":
    path = folder / "keys.db"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise Unavailable(f"The key folder {folder} cannot be written: change its owner.") from error
    current, before = (master_key, previous) if master_key else read_master_keys(folder)
    keys = FileKeys(path, MasterKey(current, before))
    keys.prepare()
    return keys


class FileKeys:
    """KeyStore on SQLite; every call that misses the memory opens the file anew."""

    def __init__(self, path: Path, master: MasterKey) -> None:
        self._path, self._master = path, master
        self._recent = RecentKeys()

    def prepare(self) -> None:
        """Make the table and prove that the master key is the right one."""
        with self._translated(), self._connected() as connection:
            connection.execute(SCHEMA)
            self._settle_root(connection)
            self._key_of(connection, PROBE)

    def _settle_root(self, connection: sqlite3.Connection) -> None:
        """Take the root that is kept, and keep it as soon as there is a second master key."""
        if self._master.previous:
            kept = self._master.wrap(self._master.previous, ROOT)
            connection.execute("INSERT OR IGNORE INTO subject_keys VALUES (?, ?)", (ROOT, kept))
        row = connection.execute("SELECT wrapped FROM subject_keys WHERE mark = ?", (ROOT,)).fetchone()
        if row is not None:
            self._master.take_root(self._master.unwrap(row[0], ROOT, str(self._path)))

    async def rewrap(self, owner: str) -> bool:
        """Wrap a key by the new master key; False when it is so already, or there is none."""
        return await asyncio.to_thread(self._rewrap, owner)

    def _rewrap(self, owner: str) -> bool:
        mark = self._master.mark(owner)
        with self._translated(), self._connected() as connection:
            row = connection.execute("SELECT wrapped FROM subject_keys WHERE mark = ?", (mark,)).fetchone()
            fresh = row and row[0] and self._master.rewrapped(row[0], owner, str(self._path))
            if not fresh:
                return False
            sql = "UPDATE subject_keys SET wrapped = ? WHERE mark = ? AND wrapped = ?"  # not one destroyed meanwhile
            return connection.execute(sql, (fresh, mark, row[0])).rowcount == 1

    async def key(self, owner: str) -> bytes:
        """Return the person's key, made on first use; raises NotFound once destroyed."""
        if kept := self._recent.get(owner):
            return kept
        drops = self._recent.drops
        key = await asyncio.to_thread(self._fetch, owner)
        if key is None:
            raise destroyed()
        self._recent.put(owner, key, drops)
        return key

    async def destroy(self, owner: str) -> None:
        """Overwrite the wrapped key and leave a mark that it was destroyed. Repeatable."""
        self._recent.drop(owner)
        await asyncio.to_thread(self._overwrite, owner)
        self._recent.drop(owner)

    async def wrapped(self, after: str, limit: int) -> list[tuple[str, bytes | None]]:
        """Return rows with a mark above `after`, by mark."""
        return await asyncio.to_thread(self._wrapped, after, limit)

    async def put_wrapped(self, rows: Sequence[tuple[str, bytes | None]]) -> int:
        """Add rows that are not there; returns how many were added."""
        return await asyncio.to_thread(self._put_wrapped, rows)

    def mark(self, owner: str) -> str:
        """Return the name of a person's row."""
        return self._master.mark(owner)

    def pepper(self, purpose: str) -> bytes:
        """Return a 32-byte key derived from the master key."""
        return self._master.pepper(purpose)

    async def close(self) -> None:
        """Let go of the keys in memory; no file is held open."""
        self._recent = RecentKeys()

    def _fetch(self, owner: str) -> bytes | None:
        with self._translated(), self._connected() as connection:
            return self._key_of(connection, owner)

    def _key_of(self, connection: sqlite3.Connection, owner: str) -> bytes | None:
        mark = self._master.mark(owner)
        sql = "SELECT wrapped FROM subject_keys WHERE mark = ?"
        row = connection.execute(sql, (mark,)).fetchone()
        if row is None:
            fresh = self._master.wrap(secrets.token_bytes(KEY_BYTES), owner)
            connection.execute("INSERT OR IGNORE INTO subject_keys VALUES (?, ?)", (mark, fresh))
            row = connection.execute(sql, (mark,)).fetchone()
        return None if row[0] is None else self._master.unwrap(row[0], owner, str(self._path))

    def _overwrite(self, owner: str) -> None:
        with self._translated(), self._connected() as connection:
            mark = self._master.mark(owner)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE subject_keys SET wrapped = zeroblob(length(wrapped)) WHERE mark = ?",
                (mark,),
            )
            connection.execute("INSERT OR REPLACE INTO subject_keys VALUES (?, NULL)", (mark,))
            connection.execute("COMMIT")

    def _wrapped(self, after: str, limit: int) -> list[tuple[str, bytes | None]]:
        sql = "SELECT mark, wrapped FROM subject_keys WHERE mark > ? ORDER BY mark LIMIT ?"
        with self._translated(), self._connected() as connection:
            return [(str(mark), wrapped) for mark, wrapped in connection.execute(sql, (after, limit))]

    def _put_wrapped(self, rows: Sequence[tuple[str, bytes | None]]) -> int:
        with self._translated(), self._connected() as connection:
            self._check_root(rows)
            before = connection.total_changes
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR IGNORE INTO subject_keys VALUES (?, ?)", rows)
            connection.execute("COMMIT")
            added = connection.total_changes - before
            self._settle_root(connection)
            return added

    def _check_root(self, rows: Sequence[tuple[str, bytes | None]]) -> None:
        """Raise Unavailable for a root of another master key, which would make every key here unreadable."""
        for mark, wrapped in rows:
            if mark == ROOT and wrapped:
                self._master.unwrap(wrapped, ROOT, str(self._path))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise StorageFull from error
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise Unavailable(f"The key store {self._path} is damaged: put it back from its backup.") from error
            raise Unavailable from error
