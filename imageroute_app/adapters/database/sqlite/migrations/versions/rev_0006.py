"""Choices: consents, objections, freezes, as events.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE choices (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, number INTEGER NOT NULL,
        event VARCHAR NOT NULL, purpose VARCHAR NOT NULL, image_id VARCHAR NOT NULL, image_sha256 VARCHAR NOT NULL,
        words VARCHAR NOT NULL, words_sha256 VARCHAR NOT NULL, policy_version VARCHAR NOT NULL,
        ui_build VARCHAR NOT NULL, locale VARCHAR NOT NULL, method VARCHAR NOT NULL, session_kind VARCHAR NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER, cooled_at INTEGER, previous VARCHAR NOT NULL,
        digest VARCHAR NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_choices_owner ON choices (owner, id)",
    "CREATE UNIQUE INDEX uq_choices_owner_number ON choices (owner, number)",
    "CREATE INDEX ix_choices_owner_purpose ON choices (owner, purpose, id)",
    "CREATE INDEX ix_choices_owner_image_id ON choices (owner, image_id, id)",
    "CREATE INDEX ix_choices_cooled_at ON choices (cooled_at)",
)


def upgrade() -> None:
    """Make the table."""
    for statement in STATEMENTS:
        op.execute(statement)
