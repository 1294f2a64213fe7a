"""What is read of a message: only what is named, whatever else is in it, and nothing that could break later."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.adapters.payments.messages import read_dispute, read_message
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.settlement import fact_of, settle

NAMES = (
    "payment_id", "status", "total_amount", "tax", "currency", "created_at", "customer", "customer_id", "invoice_id",
    "product_cart", "product_id", "quantity", "metadata", "order", "refund", "refund_id", "amount", "dispute_id",
    "dispute_status", "checkout_session_id",
)  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
    ("pay_1", "4242424242424242", "succeeded", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-27")
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=20
)
kinds = st.sampled_from(
    (
        "payment.succeeded",
        "payment.x",
        "refund.succeeded",
        "refund.failed",
        "dispute.opened",
        "dispute.x",
        "payout.paid",
    )
)


@given(st.binary() | st.builds(lambda kind, data: json.dumps({"type": kind, "data": data}).encode(), kinds, values))
def test_nothing_that_is_signed_breaks_anything(body: bytes) -> None:
    try:
        message = read_message(body)
    except InvalidInput:
        return
    facts = (*message.facts, *(message.seen.facts if message.seen else ()))
    assert settle(facts) == settle(fact_of(fact.text) for fact in facts)
    assert "4242424242424242" not in str(message)
    if message.seen and message.seen.paid_at:
        assert message.seen.paid_at + timedelta(days=30) > message.seen.paid_at - timedelta(days=30)


@pytest.mark.parametrize(
    ("word", "state"),
    [("opened", "opened"), ("challenged", "opened"), ("won", "won"), ("cancelled", "won"), ("expired", "won"),
     ("lost", "lost"), ("accepted", "lost"), ("something_new", "opened")],
)  # fmt: skip
@pytest.mark.parametrize("is_in_type", [True, False])
def test_what_a_bank_says_of_a_dispute_ends_for_or_against_us(word: str, state: str, is_in_type: bool) -> None:
    data = {"payment_id": "pay_1", "dispute_id": "dsp_1", "dispute_status": f"dispute_{word}", "amount": "595"}
    if is_in_type:  # the object is the latest one, which may be further than the message
        body = json.dumps({"type": f"dispute.{word}", "data": data | {"dispute_status": "dispute_opened"}}).encode()
        (fact,) = read_message(body).facts
    else:
        found = read_dispute(data)
        assert found is not None
        fact = found
    assert (fact.ref, fact.state) == ("dsp_1", state)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday", None, 7])
def test_time_that_cannot_be_counted_with_is_none(text: Any) -> None:
    body = json.dumps({"type": "payment.succeeded", "data": {"payment_id": "pay_1", "created_at": text}}).encode()
    seen = read_message(body).seen

    assert seen is not None
    assert seen.paid_at is None
