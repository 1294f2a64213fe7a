"""When an account that nobody uses is told of its end, and how often it was.

Revision ID: 0015
"""

from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    "ALTER TABLE people ADD COLUMN idle_at INTEGER",
    "ALTER TABLE people ADD COLUMN idle_told INTEGER NOT NULL DEFAULT 0",
    # What was not written down before counts from sign-up, 670 days to the first notice; all three come before the end.
    "UPDATE people SET idle_at = created_at + 57888000000000",
    "CREATE INDEX ix_people_idle_at ON people (idle_at)",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
