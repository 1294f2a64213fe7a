"""SQLite's errors as ours, translated once."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from imageroute_app.domain.errors import Duplicate, ImageRouteError, StorageFull, Unavailable

log = logging.getLogger(__name__)

UNIQUE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
OUT_OF_REACH = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
)


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside the block into errors of the domain; faults of ours pass through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        known = _known(_code(error), path)
        if known is None:
            raise
        raise known from error


@contextlib.contextmanager
def opening(path: Path) -> Iterator[None]:
    """Name the file and the cure when it turns out on opening that it cannot be used."""
    try:
        yield
    except Unavailable as error:
        kind = _code(error.__cause__) & 0xFF
        if kind in DAMAGED:
            raise Unavailable(
                f"The database {path} is damaged or no SQLite file: stop ImageRoute and put back a backup."
            ) from error
        if kind in OUT_OF_REACH:
            raise Unavailable(f"The database {path} cannot be written: change its owner.") from error
        raise


def is_busy(error: BaseException) -> bool:
    """Return whether SQLite refused because another connection holds a lock."""
    return _code(error) & 0xFF in BUSY


def _code(error: BaseException | None) -> int:
    original = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlite_errorcode", 0)


def _known(code: int, path: Path) -> ImageRouteError | None:
    kind = code & 0xFF
    if code in UNIQUE:
        return Duplicate("This is there already.")
    if kind in BUSY:
        log.warning("database.busy")
        return Unavailable()
    if kind == sqlite3.SQLITE_FULL:
        log.error("database.full", extra={"file": str(path)})
        return StorageFull()
    if kind in DAMAGED or kind in OUT_OF_REACH:
        log.critical("database.unusable", extra={"file": str(path), "code": code})
        return Unavailable("Storage does not answer. Nothing was lost; try again in a moment.")
    return None
