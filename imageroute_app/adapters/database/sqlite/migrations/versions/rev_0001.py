"""The first tables.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE attempts (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, job_id VARCHAR
        NOT NULL, number INTEGER NOT NULL, provider VARCHAR NOT NULL, model VARCHAR NOT NULL,
        company VARCHAR NOT NULL, country VARCHAR NOT NULL, retention VARCHAR NOT NULL, trains
        VARCHAR NOT NULL, outcome VARCHAR NOT NULL, job_ref VARCHAR NOT NULL, notes VARCHAR NOT
        NULL, started_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_attempts_owner ON attempts (owner, id)",
    "CREATE INDEX ix_attempts_owner_job_id ON attempts (owner, job_id, id)",
    """
    CREATE TABLE drafts (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, form BLOB NOT
        NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_drafts_owner ON drafts (owner, id)",
    """
    CREATE TABLE image_tokens (
        owner VARCHAR NOT NULL, token BLOB NOT NULL, id VARCHAR NOT NULL, PRIMARY KEY (owner,
        token, id)) WITHOUT ROWID
    """,
    """
    CREATE TABLE images (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, job_id VARCHAR
        NOT NULL, position INTEGER NOT NULL, prompt BLOB NOT NULL, negative BLOB NOT NULL,
        provider VARCHAR NOT NULL, model VARCHAR NOT NULL, style VARCHAR NOT NULL, width INTEGER
        NOT NULL, height INTEGER NOT NULL, seed INTEGER NOT NULL, mime VARCHAR NOT NULL,
        size_bytes INTEGER NOT NULL, sha256 VARCHAR NOT NULL, colour VARCHAR NOT NULL,
        price_credits INTEGER NOT NULL, took_ms INTEGER NOT NULL, source_type VARCHAR NOT NULL,
        source_id VARCHAR NOT NULL, favourite BOOLEAN NOT NULL, trashed BOOLEAN NOT NULL,
        trashed_at INTEGER, purge_at INTEGER, created_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_images_owner ON images (owner, id)",
    "CREATE INDEX ix_images_owner_favourite ON images (owner, favourite, id)",
    "CREATE INDEX ix_images_owner_job_id ON images (owner, job_id, id)",
    "CREATE INDEX ix_images_owner_provider ON images (owner, provider, id)",
    "CREATE INDEX ix_images_owner_trashed ON images (owner, trashed, id)",
    "CREATE INDEX ix_images_purge_at ON images (purge_at)",
    """
    CREATE TABLE jobs (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, quote_id VARCHAR
        NOT NULL, state VARCHAR NOT NULL, request BLOB NOT NULL, provider VARCHAR NOT NULL,
        model VARCHAR NOT NULL, held_credits INTEGER NOT NULL, charged_credits INTEGER NOT NULL,
        image_ids VARCHAR NOT NULL, delivered INTEGER NOT NULL, attempts INTEGER NOT NULL,
        lease_holder VARCHAR NOT NULL, lease_until INTEGER, cancel_requested BOOLEAN NOT NULL,
        failure_code VARCHAR NOT NULL, failure_message VARCHAR NOT NULL, retry_of VARCHAR NOT
        NULL, created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, drop_at INTEGER,
        PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_jobs_drop_at ON jobs (drop_at)",
    "CREATE INDEX ix_jobs_lease_until ON jobs (lease_until)",
    "CREATE INDEX ix_jobs_owner ON jobs (owner, id)",
    "CREATE INDEX ix_jobs_owner_state ON jobs (owner, state, id)",
    "CREATE INDEX ix_jobs_queued ON jobs (id) WHERE state = 'queued'",
    "CREATE UNIQUE INDEX uq_jobs_owner_quote_id ON jobs (owner, quote_id)",
    """
    CREATE TABLE leases (
        name VARCHAR NOT NULL, holder VARCHAR NOT NULL, until INTEGER NOT NULL, PRIMARY KEY
        (name))
    """,
    """
    CREATE TABLE ledger (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, kind VARCHAR NOT
        NULL, amount INTEGER NOT NULL, balance_after INTEGER NOT NULL, job_id VARCHAR NOT NULL,
        reason VARCHAR NOT NULL, dedupe_key VARCHAR NOT NULL, created_at INTEGER NOT NULL,
        PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_ledger_owner ON ledger (owner, id)",
    "CREATE INDEX ix_ledger_owner_job_id ON ledger (owner, job_id, id)",
    "CREATE INDEX ix_ledger_owner_kind ON ledger (owner, kind, id)",
    "CREATE UNIQUE INDEX uq_ledger_owner_dedupe_key ON ledger (owner, dedupe_key)",
    """
    CREATE TABLE mail_tokens (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, token_hash
        VARCHAR NOT NULL, purpose VARCHAR NOT NULL, created_at INTEGER NOT NULL, expires_at
        INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_mail_tokens_expires_at ON mail_tokens (expires_at)",
    "CREATE INDEX ix_mail_tokens_owner ON mail_tokens (owner, id)",
    "CREATE INDEX ix_mail_tokens_owner_purpose ON mail_tokens (owner, purpose, id)",
    "CREATE UNIQUE INDEX uq_mail_tokens_token_hash ON mail_tokens (token_hash)",
    """
    CREATE TABLE people (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, email BLOB NOT
        NULL, email_key VARCHAR NOT NULL, full_name BLOB NOT NULL, password_hash BLOB NOT NULL,
        age_band VARCHAR NOT NULL, country VARCHAR NOT NULL, wants_newsletter BOOLEAN NOT NULL,
        email_verified_at INTEGER, welcomed_at INTEGER, created_at INTEGER NOT NULL, PRIMARY KEY
        (id))
    """,
    "CREATE INDEX ix_people_owner ON people (owner, id)",
    "CREATE UNIQUE INDEX uq_people_email_key ON people (email_key)",
    """
    CREATE TABLE quotes (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, slot VARCHAR NOT
        NULL, request BLOB NOT NULL, unit_credits INTEGER NOT NULL, price_credits INTEGER NOT
        NULL, follows_job VARCHAR NOT NULL, retry_of VARCHAR NOT NULL, job_id VARCHAR NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_quotes_expires_at ON quotes (expires_at)",
    "CREATE INDEX ix_quotes_owner ON quotes (owner, id)",
    "CREATE UNIQUE INDEX uq_quotes_owner_slot ON quotes (owner, slot)",
    """
    CREATE TABLE sessions (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, token_hash
        VARCHAR NOT NULL, device BLOB NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT
        NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    "CREATE INDEX ix_sessions_owner ON sessions (owner, id)",
    "CREATE UNIQUE INDEX uq_sessions_token_hash ON sessions (token_hash)",
    """
    CREATE TABLE wallets (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, available INTEGER
        NOT NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_wallets_owner ON wallets (owner, id)",
)


def upgrade() -> None:
    """Make every table and index."""
    for statement in STATEMENTS:
        op.execute(statement)
