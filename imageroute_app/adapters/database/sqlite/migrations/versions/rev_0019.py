"""Sign-ins that the service outside still has to end.

Revision ID: 0019
"""

from alembic import op

revision = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE revocations (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, session_id BLOB NOT NULL,
        asked_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_revocations_owner ON revocations (owner, id)",
    "CREATE INDEX ix_revocations_asked_at ON revocations (asked_at)",
)


def upgrade() -> None:
    """Make the table."""
    for statement in STATEMENTS:
        op.execute(statement)
