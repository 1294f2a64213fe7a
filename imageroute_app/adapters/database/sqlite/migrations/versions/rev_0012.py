"""Usage statistics of people who allow them, and builds of pictures that were allowed for training.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE usage_counts (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, cell VARCHAR NOT NULL,
        visitor VARCHAR NOT NULL, feature VARCHAR NOT NULL, count INTEGER NOT NULL, rolls_at INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_usage_counts_owner ON usage_counts (owner, id)",
    "CREATE UNIQUE INDEX uq_usage_counts_owner_cell ON usage_counts (owner, cell)",
    "CREATE INDEX ix_usage_counts_owner_visitor ON usage_counts (owner, visitor, id)",
    "CREATE INDEX ix_usage_counts_rolls_at ON usage_counts (rolls_at)",
    """
    CREATE TABLE usage_totals (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, cell VARCHAR NOT NULL,
        day VARCHAR NOT NULL, feature VARCHAR NOT NULL, people INTEGER NOT NULL, count INTEGER NOT NULL,
        drops_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_usage_totals_owner ON usage_totals (owner, id)",
    "CREATE UNIQUE INDEX uq_usage_totals_owner_cell ON usage_totals (owner, cell)",
    "CREATE INDEX ix_usage_totals_drops_at ON usage_totals (drops_at)",
    """
    CREATE TABLE dataset_entries (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, build_id VARCHAR NOT NULL,
        image_id VARCHAR NOT NULL, image_sha256 VARCHAR NOT NULL, choice_id VARCHAR NOT NULL, built_at INTEGER NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_dataset_entries_owner ON dataset_entries (owner, id)",
    """
    CREATE TABLE dataset_builds (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, images INTEGER NOT NULL,
        totals VARCHAR NOT NULL, built_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_dataset_builds_owner ON dataset_builds (owner, id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
