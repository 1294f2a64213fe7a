"""The rule that settles payments: the same for any order of what is said, however often, and no credit from nowhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.money import money
from imageroute_app.domain.payments import REFUND_WINDOW, Payment, end_of_books, move, refundable
from imageroute_app.domain.settlement import RANKS, About, Fact, OrderState, credits_for, fact_of, settle

NOW = datetime(2026, 11, 27, tzinfo=UTC)
TOTAL, CREDITS = 595, 500
SUCCEEDED = Fact(about=About.PAYMENT, state="succeeded")

facts = st.sampled_from(About).flatmap(
    lambda about: st.builds(
        Fact,
        about=st.just(about),
        state=st.sampled_from(RANKS[about]),
        ref=st.just("") if about is About.PAYMENT else st.sampled_from(("a", "b", "c")),
        amount_minor=st.integers(1, TOTAL) if about is About.REFUND else st.just(0),
    )
)
said = st.lists(facts, max_size=8)


def paid(**changes: object) -> Payment:
    payment = Payment(
        id="p", owner="o", order_id="r", payment_id="pay_1", state=OrderState.OPEN, total_minor=TOTAL, tax_minor=95,
        currency="USD", credits=CREDITS, customer_id="", invoice_id="", facts=("payment||succeeded|0",), paid_at=NOW,
        created_at=NOW, check_at=None,
    )  # fmt: skip
    return replace(payment, **changes)


def hear(payment: Payment, fact: Fact, available: int) -> tuple[Payment, int]:
    """Return payment and balance after one more fact, as services.settling writes them."""
    payment = replace(payment, facts=tuple(sorted({*payment.facts, fact.text})))
    step = move(payment, available)
    assert not (step.give and step.take)
    moved = replace(payment, granted=payment.granted + step.give, taken=payment.taken + step.take, spent=step.spent)
    return moved, available + step.give - step.take


@given(said, st.randoms())
def test_order_and_repetition_change_nothing(heard: list[Fact], random: object) -> None:
    mixed = heard + heard
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert settle(mixed) == settle(heard) == settle(set(heard))

    one, two = (paid(facts=()), 0), (paid(facts=()), 0)
    for fact in heard:
        one = hear(one[0], fact, one[1])
    for fact in mixed:
        two = hear(two[0], fact, two[1])
    assert one[1] == two[1] == one[0].granted - one[0].taken


@given(said, st.lists(st.integers(0, 700), min_size=8, max_size=8))
def test_no_credit_comes_from_nowhere_and_none_is_asked_for_twice(heard: list[Fact], uses: list[int]) -> None:
    payment, available, used = paid(facts=()), 0, 0
    for fact, use in zip(heard, uses, strict=False):
        payment, available = hear(payment, fact, available)
        again = move(payment, available + 300)  # other credits came meanwhile
        assert (again.give, again.take) == (0, 0)
        spent = min(use, available)
        available, used = available - spent, used + spent
        assert available >= 0
        assert 0 <= payment.granted - payment.taken <= CREDITS
        assert available + used == payment.granted - payment.taken


@given(st.integers(1, 10**6), st.integers(1, 10**4), st.integers(0, 10**4))
def test_a_refund_takes_as_many_credits_as_its_money_stands_for(total: int, credits: int, used: int) -> None:
    payment, available = hear(
        paid(total_minor=total, credits=credits, facts=()), Fact(about=About.PAYMENT, state="succeeded"), 0
    )
    left = max(0, available - used)
    what = refundable(payment, left, NOW)

    assert 0 <= what.amount_minor * credits <= total * what.credits
    if what.amount_minor:
        wish = Fact(about=About.REFUND, ref="w", state="asked", amount_minor=what.amount_minor)
        after, balance = hear(payment, wish, left)
        assert 0 <= left - balance <= what.credits
        assert after.spent == 0
        done, same = hear(after, replace(wish, state="succeeded"), balance)
        assert (same, done.standing.refunded_minor) == (balance, what.amount_minor)
        failed, back = hear(after, replace(wish, state="failed"), balance)
        assert (back, failed.standing.refunding_minor) == (left, 0)


@pytest.mark.parametrize("state", ["opened", "lost"])
def test_nothing_is_refundable_of_a_disputed_payment(state: str) -> None:
    payment, available = hear(paid(facts=()), SUCCEEDED, 0)
    payment, available = hear(payment, Fact(about=About.DISPUTE, ref="d", state=state), available)

    assert (available, refundable(payment, 100, NOW).amount_minor) == (0, 0)


def test_nothing_is_refundable_after_thirty_days() -> None:
    payment, available = hear(paid(facts=()), SUCCEEDED, 0)

    assert refundable(payment, available, NOW + REFUND_WINDOW).amount_minor == TOTAL
    assert refundable(payment, available, NOW + REFUND_WINDOW + timedelta(seconds=1)).amount_minor == 0


def test_dispute_that_is_won_gives_back_what_was_taken_and_not_what_was_used() -> None:
    payment, available = hear(paid(facts=()), SUCCEEDED, 0)
    payment, available = hear(payment, Fact(about=About.DISPUTE, ref="d", state="opened"), available - 120)
    assert (available, payment.spent) == (0, 120)

    payment, available = hear(payment, Fact(about=About.DISPUTE, ref="d", state="won"), available)

    assert available == CREDITS - 120
    assert refundable(payment, available, NOW).credits == CREDITS - 120


@given(facts)
def test_a_fact_is_stored_and_read_as_it_was(fact: Fact) -> None:
    assert fact_of(fact.text) == fact


def test_credits_of_an_amount_are_rounded_up_and_never_more_than_all() -> None:
    assert [credits_for(amount, 595, 500) for amount in (0, 1, 119, 594, 595, 600)] == [0, 1, 100, 500, 500, 500]


def test_money_has_as_many_places_as_its_currency() -> None:
    assert [money(500, "USD"), money(1234567, "JPY"), money(-5, "KWD")] == ["USD 5.00", "JPY 1,234,567", "KWD −0.005"]


def test_books_end_with_a_calendar_year() -> None:
    assert end_of_books(NOW, 10) == datetime(2037, 1, 1, tzinfo=UTC)
