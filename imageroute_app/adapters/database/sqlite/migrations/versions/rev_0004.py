"""The index that adds up a person's bytes.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the index."""
    op.execute("CREATE INDEX ix_images_owner_size_bytes ON images (owner, size_bytes)")
