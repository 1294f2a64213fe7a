"""When a person was last asked for the password, and why an account is locked.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the two columns; a session of before was confirmed when it began."""
    op.execute("ALTER TABLE sessions ADD COLUMN confirmed_at INTEGER NOT NULL DEFAULT 0")
    op.execute("UPDATE sessions SET confirmed_at = created_at")
    op.execute("ALTER TABLE people ADD COLUMN locked_for VARCHAR NOT NULL DEFAULT ''")
