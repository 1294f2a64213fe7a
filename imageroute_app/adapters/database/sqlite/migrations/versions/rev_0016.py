"""A sign-in service outside: who is linked to it, and which of its sessions ours hang on.

Revision ID: 0016
"""

from alembic import op

revision = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    "ALTER TABLE sessions ADD COLUMN outside_id BLOB",
    "ALTER TABLE sessions ADD COLUMN checked_at INTEGER",
    "ALTER TABLE farewells ADD COLUMN identity BLOB",
    """
    CREATE TABLE identities (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, provider VARCHAR NOT NULL,
        subject BLOB NOT NULL, subject_key VARCHAR NOT NULL, told_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_identities_owner ON identities (owner, id)",
    "CREATE UNIQUE INDEX uq_identities_subject_key ON identities (subject_key)",
)


def upgrade() -> None:
    """Make the table and the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
