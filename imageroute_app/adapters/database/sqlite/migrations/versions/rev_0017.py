"""Answers that companies owe are found by the day they are due.

Revision ID: 0017
"""

from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    # Steps of an older release that wait for an answer: due 14 days after they were asked, in microseconds.
    "UPDATE erasure_steps SET next_at = at + 1209600000000 WHERE state = 'manual'",
    "CREATE INDEX ix_erasure_steps_next_at ON erasure_steps (next_at)",
)


def upgrade() -> None:
    """Date what is owed, and make the index."""
    for statement in STATEMENTS:
        op.execute(statement)
