"""Second factors: the app for codes with its recovery codes, and passkeys.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE authenticators (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, secret BLOB NOT NULL,
        codes_hash BLOB NOT NULL, used_step INTEGER NOT NULL, created_at INTEGER NOT NULL, confirmed_at INTEGER,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_authenticators_owner ON authenticators (owner, id)",
    """
    CREATE TABLE passkeys (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, name BLOB NOT NULL,
        credential BLOB NOT NULL, credential_key VARCHAR NOT NULL, public_key BLOB NOT NULL, count INTEGER NOT NULL,
        is_synced BOOLEAN NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_passkeys_owner ON passkeys (owner, id)",
    "CREATE UNIQUE INDEX uq_passkeys_credential_key ON passkeys (credential_key)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
