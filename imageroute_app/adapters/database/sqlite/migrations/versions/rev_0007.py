"""Cases of every kind, their messages, looks of staff, and counts of what nothing else is kept of.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    *(
        f"ALTER TABLE cases ADD COLUMN {name} VARCHAR NOT NULL DEFAULT '{default}'"
        for name, default in (
            ("kind", "appeal"), ("reference", ""), ("code_hash", ""), ("proof_hash", ""), ("subject", ""),
            ("country", ""), ("law", ""), ("outcome", ""),
        )
    ),
    *(f"ALTER TABLE cases ADD COLUMN {name} BLOB" for name in ("contact", "agent", "facts")),
    *(
        f"ALTER TABLE cases ADD COLUMN {name} INTEGER"
        for name in (
            "due_at", "alarm_at", "acknowledged_at", "confirmed_at", "extended_at", "escalated_at", "purge_at",
        )
    ),
    # Appeals of before: a name for each, no code that finds it, and the month and 20 days that hold for all.
    "UPDATE cases SET reference = 'C-' || upper(id), code_hash = 'none-' || id",
    "UPDATE cases SET due_at = created_at + 2592000000000, alarm_at = created_at + 1728000000000 WHERE state = 'open'",
    "CREATE UNIQUE INDEX uq_cases_reference ON cases (reference)",
    "CREATE UNIQUE INDEX uq_cases_code_hash ON cases (code_hash)",
    "CREATE INDEX ix_cases_due_at ON cases (due_at)",
    "CREATE INDEX ix_cases_alarm_at ON cases (alarm_at)",
    "CREATE INDEX ix_cases_purge_at ON cases (purge_at)",
    """
    CREATE TABLE case_messages (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, case_id VARCHAR NOT
        NULL, author VARCHAR NOT NULL, text BLOB NOT NULL, created_at INTEGER NOT NULL, file_name
        BLOB NOT NULL, mime VARCHAR NOT NULL, size_bytes INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_case_messages_owner ON case_messages (owner, id)",
    "CREATE INDEX ix_case_messages_owner_case_id ON case_messages (owner, case_id, id)",
    """
    CREATE TABLE staff_access (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, case_id VARCHAR NOT
        NULL, operator VARCHAR NOT NULL, reason BLOB NOT NULL, looked_at INTEGER NOT NULL,
        PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_staff_access_owner ON staff_access (owner, id)",
    "CREATE INDEX ix_staff_access_owner_case_id ON staff_access (owner, case_id, id)",
    "CREATE INDEX ix_staff_access_looked_at ON staff_access (looked_at)",
    """
    CREATE TABLE tallies (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, slot VARCHAR NOT
        NULL, count INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_tallies_owner ON tallies (owner, id)",
    "CREATE UNIQUE INDEX uq_tallies_owner_slot ON tallies (owner, slot)",
)  # fmt: skip


def upgrade() -> None:
    """Make the new tables and columns."""
    for statement in STATEMENTS:
        op.execute(statement)
