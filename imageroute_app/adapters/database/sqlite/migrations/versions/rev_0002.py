"""Routing: plans on quotes, comparisons, full receipts, appeals, rules.

Receipts and unused quotes of revision 0001 are let go: they cannot be filled in afterwards, and no release had them.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    "DROP TABLE attempts",
    """
    CREATE TABLE attempts (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, job_id VARCHAR
        NOT NULL, number INTEGER NOT NULL, provider VARCHAR NOT NULL, model VARCHAR NOT NULL,
        company VARCHAR NOT NULL, country VARCHAR NOT NULL, region VARCHAR NOT NULL, retention
        VARCHAR NOT NULL, trains VARCHAR NOT NULL, review VARCHAR NOT NULL, source VARCHAR NOT
        NULL, checked_on VARCHAR NOT NULL, rule VARCHAR NOT NULL, asked INTEGER NOT NULL,
        outcome VARCHAR NOT NULL, code VARCHAR NOT NULL, billed VARCHAR NOT NULL, job_ref BLOB
        NOT NULL, notes BLOB NOT NULL, charged_credits INTEGER NOT NULL, list_micro_usd INTEGER
        NOT NULL, cost_micro_usd INTEGER, started_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY
        KEY (id))
    """,
    "CREATE INDEX ix_attempts_owner ON attempts (owner, id)",
    "CREATE INDEX ix_attempts_owner_job_id ON attempts (owner, job_id, id)",
    """
    CREATE TABLE cases (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, job_id VARCHAR
        NOT NULL, state VARCHAR NOT NULL, text BLOB NOT NULL, answer BLOB NOT NULL, created_at
        INTEGER NOT NULL, answered_at INTEGER, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_cases_owner ON cases (owner, id)",
    "CREATE INDEX ix_cases_owner_job_id ON cases (owner, job_id, id)",
    "CREATE INDEX ix_cases_owner_state ON cases (owner, state, id)",
    """
    CREATE TABLE preferences (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, rule VARCHAR NOT
        NULL, PRIMARY KEY (id))
    """,
    "CREATE INDEX ix_preferences_owner ON preferences (owner, id)",
    "DELETE FROM quotes",
    "ALTER TABLE quotes ADD COLUMN \"plan\" VARCHAR NOT NULL DEFAULT '[]'",
    "ALTER TABLE quotes ADD COLUMN closed VARCHAR NOT NULL DEFAULT '[]'",
    "ALTER TABLE jobs ADD COLUMN compare_id VARCHAR NOT NULL DEFAULT ''",
    "CREATE INDEX ix_jobs_owner_compare_id ON jobs (owner, compare_id, id)",
)


def upgrade() -> None:
    """Make the new tables and columns."""
    for statement in STATEMENTS:
        op.execute(statement)
