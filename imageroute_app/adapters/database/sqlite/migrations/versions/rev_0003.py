"""Uploads, albums, tags, share links, archives, notices.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE albums (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, name BLOB NOT
        NULL, cover_id VARCHAR NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_albums_owner ON albums (owner, id)",
    """
    CREATE TABLE uploads (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, kind VARCHAR NOT
        NULL, name BLOB NOT NULL, mime VARCHAR NOT NULL, width INTEGER NOT NULL, height INTEGER
        NOT NULL, size_bytes INTEGER NOT NULL, sha256 VARCHAR NOT NULL, colour VARCHAR NOT NULL,
        uploaded_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, notice_at INTEGER,
        going_since INTEGER, failures INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_uploads_expires_at ON uploads (expires_at)",
    "CREATE INDEX ix_uploads_going_since ON uploads (going_since)",
    "CREATE INDEX ix_uploads_notice_at ON uploads (notice_at)",
    "CREATE INDEX ix_uploads_owner ON uploads (owner, id)",
    "CREATE INDEX ix_uploads_owner_kind ON uploads (owner, kind, id)",
    """
    CREATE TABLE shares (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, image_id VARCHAR
        NOT NULL, token BLOB NOT NULL, token_hash VARCHAR NOT NULL, password_hash BLOB NOT NULL,
        with_metadata BOOLEAN NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT
        NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_shares_expires_at ON shares (expires_at)",
    "CREATE INDEX ix_shares_owner ON shares (owner, id)",
    "CREATE INDEX ix_shares_owner_image_id ON shares (owner, image_id, id)",
    "CREATE UNIQUE INDEX uq_shares_token_hash ON shares (token_hash)",
    """
    CREATE TABLE archives (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, state VARCHAR NOT
        NULL, title BLOB NOT NULL, encoding VARCHAR NOT NULL, edge_px INTEGER NOT NULL,
        with_settings BOOLEAN NOT NULL, image_ids VARCHAR NOT NULL, done INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL, gaps BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at
        INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_archives_expires_at ON archives (expires_at)",
    "CREATE INDEX ix_archives_owner ON archives (owner, id)",
    "CREATE INDEX ix_archives_owner_state ON archives (owner, state, id)",
    """
    CREATE TABLE notices (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, topic VARCHAR NOT
        NULL, text BLOB NOT NULL, path VARCHAR NOT NULL, created_at INTEGER NOT NULL, seen_at
        INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_notices_owner ON notices (owner, id)",
    "CREATE INDEX ix_notices_seen_at ON notices (seen_at)",
    "CREATE UNIQUE INDEX uq_notices_owner_topic ON notices (owner, topic)",
    "ALTER TABLE images ADD COLUMN crc32 INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE images ADD COLUMN albums VARCHAR NOT NULL DEFAULT '[]'",
    "ALTER TABLE images ADD COLUMN tags BLOB",
    "ALTER TABLE preferences ADD COLUMN settings_in_files BOOLEAN NOT NULL DEFAULT 1",
)


def upgrade() -> None:
    """Make the new tables and columns."""
    for statement in STATEMENTS:
        op.execute(statement)
