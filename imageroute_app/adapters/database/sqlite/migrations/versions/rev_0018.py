"""Mails that wait for a mail server, addresses that mail came back from, and webhooks that were heard.

Revision ID: 0018
"""

from alembic import op

revision = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE waiting_mails (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, address BLOB NOT NULL, subject BLOB NOT NULL,
        text BLOB NOT NULL, link BLOB NOT NULL, headers BLOB NOT NULL, is_asked BOOLEAN NOT NULL, tries INTEGER NOT NULL,
        next_at INTEGER NOT NULL, drop_at INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_waiting_mails_owner ON waiting_mails (owner, id)",
    "CREATE INDEX ix_waiting_mails_next_at ON waiting_mails (next_at)",
    "CREATE INDEX ix_waiting_mails_drop_at ON waiting_mails (drop_at)",
    """
    CREATE TABLE quiet_addresses (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, address_key VARCHAR NOT NULL,
        status VARCHAR NOT NULL, drop_at INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_quiet_addresses_owner ON quiet_addresses (owner, id)",
    "CREATE UNIQUE INDEX uq_quiet_addresses_address_key ON quiet_addresses (address_key)",
    "CREATE INDEX ix_quiet_addresses_drop_at ON quiet_addresses (drop_at)",
    """
    CREATE TABLE heard_webhooks (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, number_hash VARCHAR NOT NULL,
        drop_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_heard_webhooks_owner ON heard_webhooks (owner, id)",
    "CREATE UNIQUE INDEX uq_heard_webhooks_number_hash ON heard_webhooks (number_hash)",
    "CREATE INDEX ix_heard_webhooks_drop_at ON heard_webhooks (drop_at)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
