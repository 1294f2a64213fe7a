"""Erasures with their steps, and the address of the last mail.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE erasures (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, code VARCHAR NOT
        NULL, subject VARCHAR NOT NULL, phase VARCHAR NOT NULL, asked_at INTEGER NOT NULL,
        grace_until INTEGER NOT NULL, due_at INTEGER, remind_at INTEGER, ended_at INTEGER,
        reason VARCHAR NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_erasures_due_at ON erasures (due_at)",
    "CREATE INDEX ix_erasures_ended_at ON erasures (ended_at)",
    "CREATE INDEX ix_erasures_owner ON erasures (owner, id)",
    "CREATE INDEX ix_erasures_remind_at ON erasures (remind_at)",
    "CREATE UNIQUE INDEX uq_erasures_code ON erasures (code)",
    "CREATE UNIQUE INDEX uq_erasures_subject ON erasures (subject)",
    """
    CREATE TABLE erasure_steps (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, place INTEGER NOT
        NULL, system VARCHAR NOT NULL, label VARCHAR NOT NULL, state VARCHAR NOT NULL, detail
        VARCHAR NOT NULL, proof VARCHAR NOT NULL, count INTEGER NOT NULL, tries INTEGER NOT
        NULL, at INTEGER, next_at INTEGER, until INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_erasure_steps_owner ON erasure_steps (owner, id)",
    """
    CREATE TABLE farewells (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, erasure_id
        VARCHAR NOT NULL, address BLOB NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_farewells_created_at ON farewells (created_at)",
    "CREATE INDEX ix_farewells_owner ON farewells (owner, id)",
    "CREATE UNIQUE INDEX uq_farewells_erasure_id ON farewells (erasure_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
