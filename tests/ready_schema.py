"""A new database file of a test gets the newest schema from a copy: the migrations took a fifth of the suite's time.

They run for real once, for the copy; from every older schema in their own tests; and in each process that a test starts.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, create_engine

from imageroute_app.adapters.database.sqlite import schema

Upgrade = Callable[[Connection, str, Path], None]


def copying(migrated: Upgrade, folder: Path) -> Upgrade:
    """Return an upgrade that does what `migrated` does, for a new file from what that made of the first."""
    statements: list[str] = []

    def upgrade(connection: Connection, version: str, path: Path) -> None:
        if version:
            migrated(connection, version, path)
            return
        if not statements:
            statements.extend(_made(migrated, folder / "schema.db"))
        for statement in statements:
            connection.exec_driver_sql(statement)

    return upgrade


def _made(migrated: Upgrade, path: Path) -> list[str]:
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        migrated(connection, "", path)
        assert schema._version(connection) == schema.HEAD
    engine.dispose()
    with closing(sqlite3.connect(path)) as database:
        return [line for line in database.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
