"""Which policy each person was shown, when changes were announced, the figures of the trust page.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE acknowledgements (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, kind VARCHAR NOT NULL,
        edition VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, shown VARCHAR NOT NULL, at INTEGER NOT NULL,
        told_at INTEGER, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_acknowledgements_owner ON acknowledgements (owner, id)",
    "CREATE UNIQUE INDEX uq_acknowledgements_owner_edition ON acknowledgements (owner, edition)",
    "CREATE INDEX ix_acknowledgements_told_at ON acknowledgements (told_at)",
    """
    INSERT INTO acknowledgements
    SELECT lower(hex(randomblob(16))), owner, 0, 'privacy', '', '', 'before editions were kept', created_at, created_at
    FROM people
    """,
    """
    CREATE TABLE announcements (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, edition VARCHAR NOT NULL,
        announced_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_announcements_owner ON announcements (owner, id)",
    "CREATE UNIQUE INDEX uq_announcements_edition ON announcements (edition)",
    """
    CREATE TABLE measures (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, metric VARCHAR NOT NULL,
        state VARCHAR NOT NULL, value VARCHAR NOT NULL, note VARCHAR NOT NULL, taken_at INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_measures_owner ON measures (owner, id)",
    "CREATE INDEX ix_measures_owner_metric ON measures (owner, metric, id)",
    "CREATE INDEX ix_measures_taken_at ON measures (taken_at)",
)


def upgrade() -> None:
    """Make the tables; people of before were not shown an edition, and are told of the next one."""
    for statement in STATEMENTS:
        op.execute(statement)
