"""Activity, disclosures, newsletter; mails and banners of notices.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE activity (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, kind VARCHAR NOT NULL, at INTEGER NOT NULL,
        address BLOB NOT NULL, device BLOB NOT NULL, detail VARCHAR NOT NULL, cut_at INTEGER, drop_at INTEGER NOT NULL,
        PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_activity_owner ON activity (owner, id)",
    "CREATE INDEX ix_activity_owner_kind ON activity (owner, kind, id)",
    "CREATE INDEX ix_activity_cut_at ON activity (cut_at)",
    "CREATE INDEX ix_activity_drop_at ON activity (drop_at)",
    """
    CREATE TABLE disclosures (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, receiver VARCHAR NOT NULL, company VARCHAR
        NOT NULL, country VARCHAR NOT NULL, retention VARCHAR NOT NULL, what BLOB NOT NULL, count INTEGER NOT NULL, slot
        VARCHAR NOT NULL, at INTEGER NOT NULL, ends_at INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_disclosures_owner ON disclosures (owner, id)",
    "CREATE UNIQUE INDEX uq_disclosures_owner_slot ON disclosures (owner, slot)",
    """
    CREATE TABLE newsletter_subscriptions (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, email BLOB NOT NULL, email_key VARCHAR NOT
        NULL, state VARCHAR NOT NULL, asked_at INTEGER NOT NULL, confirmed_at INTEGER, drop_at INTEGER, issues VARCHAR NOT
        NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_newsletter_subscriptions_owner ON newsletter_subscriptions (owner, id)",
    "CREATE UNIQUE INDEX uq_newsletter_subscriptions_email_key ON newsletter_subscriptions (email_key)",
    "CREATE INDEX ix_newsletter_subscriptions_owner_state ON newsletter_subscriptions (owner, state, id)",
    "CREATE INDEX ix_newsletter_subscriptions_drop_at ON newsletter_subscriptions (drop_at)",
    "ALTER TABLE notices ADD COLUMN subject BLOB",
    "ALTER TABLE notices ADD COLUMN mail_due_at INTEGER",
    "ALTER TABLE notices ADD COLUMN is_banner BOOLEAN NOT NULL DEFAULT 0",
    "CREATE INDEX ix_notices_mail_due_at ON notices (mail_due_at)",
)


def upgrade() -> None:
    """Make the tables and the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
