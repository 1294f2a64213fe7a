"""Packages of a person's data, their texts, and begun downloads of them.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE exports (id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL,
        state VARCHAR NOT NULL, slot VARCHAR NOT NULL, categories VARCHAR NOT NULL, part_limit_bytes
        INTEGER NOT NULL, since INTEGER, resumes_in VARCHAR NOT NULL, cursor VARCHAR NOT NULL, part
        INTEGER NOT NULL, part_bytes INTEGER NOT NULL, part_count INTEGER NOT NULL, pieces INTEGER
        NOT NULL, pictures INTEGER NOT NULL, pictures_done INTEGER NOT NULL, picture_bytes INTEGER
        NOT NULL, bytes_done INTEGER NOT NULL, gaps BLOB NOT NULL, parts VARCHAR NOT NULL, tries
        INTEGER NOT NULL, failure VARCHAR NOT NULL, lease_holder VARCHAR NOT NULL, lease_until
        INTEGER, created_at INTEGER NOT NULL, snapshot_at INTEGER, ready_at INTEGER, expires_at
        INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_exports_expires_at ON exports (expires_at)",
    "CREATE INDEX ix_exports_lease_until ON exports (lease_until)",
    "CREATE INDEX ix_exports_owner ON exports (owner, id)",
    "CREATE INDEX ix_exports_owner_state ON exports (owner, state, id)",
    "CREATE UNIQUE INDEX uq_exports_owner_slot ON exports (owner, slot)",
    """
    CREATE TABLE export_pieces (id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT
        NULL, export_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, part INTEGER NOT NULL, text BLOB
        NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_export_pieces_owner ON export_pieces (owner, id)",
    "CREATE INDEX ix_export_pieces_owner_export_id ON export_pieces (owner, export_id, id)",
    "CREATE INDEX ix_export_pieces_owner_kind ON export_pieces (owner, kind, id)",
    """
    CREATE TABLE export_grants (id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT
        NULL, export_id VARCHAR NOT NULL, part INTEGER NOT NULL, session_id VARCHAR NOT NULL, etag
        VARCHAR NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY
        (id))
    """,
    "CREATE INDEX ix_export_grants_expires_at ON export_grants (expires_at)",
    "CREATE INDEX ix_export_grants_owner ON export_grants (owner, id)",
    "CREATE INDEX ix_export_grants_owner_export_id ON export_grants (owner, export_id, id)",
)


def upgrade() -> None:
    """Make the new tables."""
    for statement in STATEMENTS:
        op.execute(statement)
