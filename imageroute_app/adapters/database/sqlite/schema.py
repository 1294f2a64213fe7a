"""Brings a database file to the newest schema, in one transaction of its own; forward only.

Alembic is loaded only when a step is missing, so that an ordinary start does not wait for it.
"""

from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from imageroute_app.domain.errors import Unavailable

HEAD = "0019"
MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(connection: Connection, path: Path) -> None:
    """Run the missing steps; `connection` is in autocommit.

    Raises:
        Unavailable: when a newer release of the product made the file.
    """
    if _version(connection) == HEAD:
        return
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
    try:
        version = _version(connection)  # again: another process may have been faster
        if version != HEAD:
            _upgrade(connection, version, path)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise


def _version(connection: Connection) -> str:
    try:
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    except OperationalError as error:
        if "no such table" in str(error.orig):
            return ""
        raise
    return str(row[0]) if row else ""


def _upgrade(connection: Connection, version: str, path: Path) -> None:
    from alembic import command  # a quarter of a second, needed once per release
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if version and version not in known:
        raise Unavailable(
            f"The database {path} was made by a newer release (schema {version}): update ImageRoute,"
            " or put back a backup made by this release."
        )
    command.upgrade(config, "head")
