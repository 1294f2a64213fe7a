"""New SQLite databases for tests: the schema is brought up once a process, its file copied from then on."""

import asyncio
import tempfile
from pathlib import Path

from imageroute_app.adapters.database.sealing import Keys
from imageroute_app.adapters.database.sqlite.database import SqliteDatabase, open_sqlite
from imageroute_app.domain.ports import Clock

_migrated: list[bytes] = []


async def open_fresh_sqlite(path: Path, keys: Keys, clock: Clock) -> SqliteDatabase:
    """Open the file, made from the copy when it is not there yet."""
    if not _migrated:
        _migrated.append(await _migrate(keys, clock))
    await asyncio.to_thread(_copy_once, path)
    return await open_sqlite(path, keys, clock)


async def _migrate(keys: Keys, clock: Clock) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        await (await open_sqlite(file, keys, clock)).close()
        return file.read_bytes()


def _copy_once(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_migrated[0])
