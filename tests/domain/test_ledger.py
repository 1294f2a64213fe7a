from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.ledger import Entry, EntryKind, closing_amounts, price_credits

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def entry(kind: EntryKind, amount: int) -> Entry:
    return Entry(
        id="1",
        owner="a",
        kind=kind,
        amount=amount,
        balance_after=0,
        job_id="",
        reason="",
        dedupe_key="k",
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (EntryKind.GRANT, -1),
        (EntryKind.HOLD, 1),
        (EntryKind.RELEASE, -1),
        (EntryKind.CHARGE, 1),
        (EntryKind.REFUND, -1),
    ],
)
def test_entry_with_wrong_sign_is_refused(kind: EntryKind, amount: int) -> None:
    with pytest.raises(ValueError, match="wrong sign"):
        entry(kind, amount)
    assert entry(kind, -amount).amount == -amount


@given(unit=st.integers(1, 1000), count=st.integers(1, 8), delivered=st.integers(0, 20))
def test_closing_a_hold_never_charges_above_the_quote(unit: int, count: int, delivered: int) -> None:
    held = unit * count
    release, charge = closing_amounts(held, unit * delivered)
    assert release == held
    assert -held <= charge <= 0
    assert charge == -unit * min(delivered, count)


@given(micro_usd=st.integers(0, 10**8), margin=st.decimals("1", "10", places=2))
def test_price_covers_list_price_times_margin_by_less_than_a_credit(micro_usd: int, margin: Decimal) -> None:
    credits = price_credits(micro_usd, margin)
    exact = Decimal(micro_usd) * margin / 10_000
    assert credits >= 1
    assert exact <= credits < max(exact + 1, Decimal(2))


def test_free_picture_costs_one_credit() -> None:
    assert price_credits(0, Decimal(1)) == 1
    assert price_credits(40_000, Decimal("1.25")) == 5
