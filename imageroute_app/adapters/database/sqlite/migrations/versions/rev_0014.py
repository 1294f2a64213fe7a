"""Orders and payments of credits, the limits people set to their spending, and what bookkeeping law keeps.

Revision ID: 0014
"""

from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

STATEMENTS = (
    """
    CREATE TABLE orders (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, number VARCHAR NOT NULL, seller VARCHAR
        NOT NULL, pack VARCHAR NOT NULL, product_id VARCHAR NOT NULL, credits INTEGER NOT NULL, price_minor INTEGER
        NOT NULL, currency VARCHAR NOT NULL, state VARCHAR NOT NULL, session_id VARCHAR NOT NULL, url BLOB NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, check_at INTEGER, checks INTEGER NOT NULL, PRIMARY
        KEY (id)
    )
    """,
    "CREATE INDEX ix_orders_owner ON orders (owner, id)",
    "CREATE INDEX ix_orders_check_at ON orders (check_at)",
    "CREATE INDEX ix_orders_owner_state ON orders (owner, state, id)",
    "CREATE UNIQUE INDEX uq_orders_number ON orders (number)",
    """
    CREATE TABLE payments (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, order_id VARCHAR NOT NULL, payment_id
        VARCHAR NOT NULL, state VARCHAR NOT NULL, total_minor INTEGER NOT NULL, tax_minor INTEGER NOT NULL, currency
        VARCHAR NOT NULL, credits INTEGER NOT NULL, customer_id VARCHAR NOT NULL, invoice_id VARCHAR NOT NULL, facts
        VARCHAR NOT NULL, paid_at INTEGER NOT NULL, created_at INTEGER NOT NULL, check_at INTEGER, granted INTEGER NOT
        NULL, taken INTEGER NOT NULL, spent INTEGER NOT NULL, moves INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_payments_owner ON payments (owner, id)",
    "CREATE INDEX ix_payments_check_at ON payments (check_at)",
    "CREATE INDEX ix_payments_owner_order_id ON payments (owner, order_id, id)",
    "CREATE INDEX ix_payments_owner_state ON payments (owner, state, id)",
    "CREATE UNIQUE INDEX uq_payments_payment_id ON payments (payment_id)",
    """
    CREATE TABLE spend_guards (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, per_job INTEGER NOT NULL, per_day
        INTEGER NOT NULL, low_balance INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_spend_guards_owner ON spend_guards (owner, id)",
    """
    CREATE TABLE bookings (
        id VARCHAR NOT NULL, owner VARCHAR NOT NULL, version INTEGER NOT NULL, payment_id VARCHAR NOT NULL, number
        VARCHAR NOT NULL, seller VARCHAR NOT NULL, total_minor INTEGER NOT NULL, tax_minor INTEGER NOT NULL,
        refunded_minor INTEGER NOT NULL, currency VARCHAR NOT NULL, credits INTEGER NOT NULL, state VARCHAR NOT NULL,
        paid_at INTEGER NOT NULL, drop_at INTEGER NOT NULL, PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_bookings_owner ON bookings (owner, id)",
    "CREATE INDEX ix_bookings_drop_at ON bookings (drop_at)",
    "CREATE UNIQUE INDEX uq_bookings_payment_id ON bookings (payment_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
