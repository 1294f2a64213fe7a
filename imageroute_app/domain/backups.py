"""Backups: the form in which rows lie outside a database, and what services need to make, check and put back copies.

Principle: whatever is about a person lies in a backup sealed under that person's key, and keys lie elsewhere. So an erasure,
which destroys the key, reaches every backup at once; and nobody with a tombstone is ever put back.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.errors import Unavailable

FORMAT = 1
KEPT = timedelta(days=35)
KEYS_KEPT = timedelta(days=7)
"""Within it an erased person's key still lies in a copy of the key store; the tombstone destroys it there on the way back."""
RESTORING = "restore"
"""The lease that a database has while it is put back; nothing is served under it."""
FAR = datetime(9000, 1, 1, tzinfo=UTC)
"""Later than any day that is kept: what asks for it gets everything."""
TABLES = tuple(DATA_MAP)

Value = str | int | float | bool | bytes | datetime | tuple[str, ...] | None
Row = dict[str, Value]
"""One record as it is stored, by field: sealed fields sealed, keyed ones hashed, the rest in one form for every database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself; `files` are SHA-256 in hexadecimal by name, `counts` rows by table."""

    made_at: datetime
    counts: Mapping[str, int]
    pictures: int
    holds_pictures: bool
    files: Mapping[str, str]


def dump_row(row: Row) -> bytes:
    """Return the row as one line of JSON, the same for the same row whichever database it came from."""
    return json.dumps(
        {name: _dumped(row[name]) for name in sorted(row)}, ensure_ascii=True, separators=(",", ":")
    ).encode()


def load_row(line: bytes) -> Row:
    """Return the row that `dump_row` wrote."""
    return {name: _loaded(value) for name, value in json.loads(line).items()}


def _dumped(value: Value) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"time": value.astimezone(UTC).isoformat(timespec="milliseconds")}
    return list(value) if isinstance(value, tuple) else value


def _loaded(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(str(one) for one in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return base64.b64decode(str(value["bytes"]))  # pyright: ignore[reportUnknownArgumentType]
    return datetime.fromisoformat(str(value["time"]))  # pyright: ignore[reportUnknownArgumentType]


def dump_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON."""
    content = {
        "format": FORMAT,
        "made_at": manifest.made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "counts": dict(manifest.counts),
        "pictures": manifest.pictures,
        "holds_pictures": manifest.holds_pictures,
        "files": dict(manifest.files),
    }
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def load_manifest(data: bytes) -> Manifest:
    """Return the manifest; raises Unavailable when this release cannot read the backup."""
    try:
        content: dict[str, Any] = json.loads(data)
        if content["format"] != FORMAT or not set(content["counts"]) <= set(TABLES):
            raise Unavailable("This backup was made by another release of ImageRoute: put it back with that one.")
        return Manifest(
            made_at=datetime.fromisoformat(content["made_at"]),
            counts=content["counts"],
            pictures=content["pictures"],
            holds_pictures=content["holds_pictures"],
            files=content["files"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable("The file backup.json of this backup is damaged: use another backup.") from error


# --- What services need -------------------------------------------------------------------------------------------------


class Rows(Protocol):
    """Every stored row at one moment."""

    async def page(self, table: str, after: str, limit: int) -> list[Row]:
        """Return rows of any owner with an id above `after`, by id; none is the end."""
        ...


class RowStore(Protocol):
    """A database's rows as they lie, for backup, restore and migration only."""

    def snapshot(self) -> AbstractAsyncContextManager[Rows]:
        """Return the rows of one moment, whatever is written meanwhile."""
        ...

    async def put(self, table: str, rows: Sequence[Row]) -> None:
        """Write rows as they are, over those of the same id; repeating is harmless. Raises Duplicate, Unavailable."""
        ...

    async def is_empty(self) -> bool:
        """Say whether there is no row of any table."""
        ...

    async def owners(self, table: str) -> list[str]:
        """Return everyone who owns a row of a table, each once."""
        ...

    async def strangers(self) -> list[str]:
        """Return tables, and fields as "table.field", that are stored and stand in no data map."""
        ...


class KeyRows(Protocol):
    """A key store's rows as they lie: a mark, and the wrapped key or None once it is destroyed."""

    async def wrapped(self, after: str, limit: int) -> list[tuple[str, bytes | None]]:
        """Return rows with a mark above `after`, by mark; none is the end."""
        ...

    async def rewrap(self, owner: str) -> bool:
        """Wrap a person's key by the new master key; False when it is so already, or there is none."""
        ...

    async def put_wrapped(self, rows: Sequence[tuple[str, bytes | None]]) -> int:
        """Add rows that are not there; what is there, a destroyed key above all, stays. Returns how many were added."""
        ...


class Strongbox(Protocol):
    """Seals bytes under a person's key for a place that is not ours to watch."""

    async def seal(self, owner: str, place: str, data: bytes) -> bytes:
        """Return the sealed bytes; raises NotFound once the person's key is destroyed."""
        ...

    async def unseal(self, owner: str, place: str, sealed: bytes) -> bytes:
        """Return the bytes; raises NotFound once the key is destroyed, Unavailable when they were altered or moved."""
        ...


class Shelf(Protocol):
    """One backup in its folder: unfinished until `finish`, readable only then."""

    async def append(self, name: str, data: bytes) -> None:
        """Add to a file; raises StorageFull, Unavailable."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Write a whole file."""
        ...

    async def finish(self, made: Manifest) -> None:
        """Write the manifest with the hash of every appended file; the backup counts from now on."""
        ...

    async def manifest(self) -> Manifest:
        """Return the manifest; raises Unavailable when it is not there or cannot be read."""
        ...

    async def check(self) -> None:
        """Raise Unavailable, naming the file, unless every file has the hash of the manifest."""
        ...

    def lines(self, name: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file."""
        ...

    async def read(self, name: str) -> bytes | None:
        """Return a whole file, None when it is not there."""
        ...
