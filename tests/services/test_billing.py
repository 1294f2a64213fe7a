"""Buying as the services do it, on both databases: once whatever is said, what nobody said, limits, what an erasure leaves."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from imageroute_app.adapters.payments.sandbox import SandboxPayments
from imageroute_app.domain.erasures import StepState, System
from imageroute_app.domain.errors import Conflict, NotAllowed, NotFound, Unavailable
from imageroute_app.domain.ledger import EntryKind
from imageroute_app.domain.payments import Buyer, Checkout, Message, Order, Payment
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.settlement import About, Fact, OrderState
from imageroute_app.domain.spending import SpendLimit
from imageroute_app.domain.statistics import HOUSE
from imageroute_app.services.erasure_steps import rows_left
from imageroute_app.services.gate import Frozen
from tests.doubles import REQUEST
from tests.services.conftest import House

FACTS = (
    Fact(about=About.PAYMENT, state="failed"),
    Fact(about=About.PAYMENT, state="succeeded"),
    Fact(about=About.REFUND, ref="r", state="succeeded", amount_minor=100),
    Fact(about=About.DISPUTE, ref="d", state="won"),
)


@dataclass
class Bought:
    """A person with an order that the sandbox knows as paid."""

    house: House
    owner: str
    order: Order

    @property
    def payment_id(self) -> str:
        return self.order.session_id.replace("cks_", "pay_")

    async def say(self, fact: Fact) -> None:
        await self.house.billing.settling.hear(Message(kind="t", payment_id=self.payment_id, facts=(fact,)))

    async def balance(self) -> int:
        return (await self.house.jobs.balance(self.owner)).available

    async def payment(self) -> Payment:
        return (await self.house.database.tables.payments.find(Query(owner=self.owner)))[0]


async def order(house: House, name: str = "ada", press: str = "succeed") -> Bought:
    """Return a person's order after a button was pressed at the sandbox; its message is lost."""
    owner = await house.person(name)
    found = await house.billing.checkouts.buy(owner, "small")
    if press:
        await house.sandbox.press(found.session_id, press)
    return Bought(house, owner, found)


@pytest.mark.promise("P4")
async def test_fifty_at_once_bring_the_credits_once(either_house: House) -> None:
    bought = await order(either_house)

    await asyncio.gather(*(bought.say(FACTS[1]) for _ in range(50)))

    assert await bought.balance() == 550
    assert await either_house.check_books(bought.owner) == 550
    entries = await either_house.database.tables.ledger.find(Query(owner=bought.owner))
    assert [entry.kind for entry in entries].count(EntryKind.PURCHASE) == 1


async def test_every_order_of_four_facts_comes_to_the_same(either_house: House) -> None:
    for number, facts in enumerate(permutations(FACTS)):
        bought = await order(either_house, f"ada{number}")
        for fact in (*facts, *facts):
            await bought.say(fact)
        assert await bought.balance() == 450
        assert (await bought.payment()).state is OrderState.PARTLY_REFUNDED


async def test_two_processes_at_one_payment_bring_the_credits_once(either_house: House) -> None:
    bought = await order(either_house)
    other = either_house.new_billing(either_house.sandbox)  # its turns are its own

    message = Message(kind="t", payment_id=bought.payment_id, facts=(FACTS[1],))
    await asyncio.gather(*(one.settling.hear(message) for one in (either_house.billing, other) * 10))

    assert await bought.balance() == 550


async def test_payment_whose_message_never_came_is_found_by_asking(either_house: House) -> None:
    bought = await order(either_house)
    either_house.clock.move(minutes=3)

    assert await either_house.billing.reconciling.orders() == 1

    assert await bought.balance() == 550
    assert (await either_house.billing.checkouts.order(bought.owner, bought.order.id)).check_at is None
    assert [notice.topic for notice in await either_house.notices.newest(bought.owner)][:1] == [
        f"order:{bought.order.id}"
    ]


async def test_payment_of_an_order_that_forgot_its_page_is_found_in_the_sellers_list(house: House) -> None:
    bought = await order(house)
    await house.database.tables.orders.update(replace(bought.order, session_id="", check_at=None))

    assert await house.billing.reconciling.compare(house.clock() - timedelta(days=1)) == 1
    assert await house.billing.reconciling.compare(house.clock() - timedelta(days=1)) == 0
    assert await bought.balance() == 550


async def test_order_that_nobody_pays_is_asked_about_less_and_less_and_expires(house: House) -> None:
    bought = await order(house, press="")
    looks = 0
    for _ in range(200):
        house.clock.move(minutes=10)
        looks += await house.billing.reconciling.orders()

    assert 5 <= looks <= 12
    stored = await house.billing.checkouts.order(bought.owner, bought.order.id)
    assert (stored.state, stored.check_at) == (OrderState.EXPIRED, None)


async def test_seller_that_does_not_answer_leaves_no_order(house: House) -> None:
    class Silent(SandboxPayments):
        async def checkout(self, order: Order, buyer: Buyer) -> Checkout:
            raise Unavailable

    silent = Silent(house.folder / "silent", [], b"s" * 32, house.clock)
    silent.products = house.sandbox.products
    owner = await house.person()

    with pytest.raises(Unavailable):
        await house.new_billing(silent).checkouts.buy(owner, "small")
    assert await house.billing.checkouts.orders(owner, purpose=Purpose.PAYMENT) == []


# --- Refunds --------------------------------------------------------------------------------------------------------------


async def test_only_unused_credits_are_refunded(either_house: House) -> None:
    bought = await order(either_house)
    await bought.say(FACTS[1])
    spent = 50 + 120
    await either_house.database.tables.ledger.post(
        replace((await either_house.database.tables.ledger.find(Query(owner=bought.owner)))[0],
                id="f" * 32, kind=EntryKind.CHARGE, amount=-spent, dedupe_key="used")
    )  # fmt: skip

    offer = (await either_house.billing.refunds.offer(bought.owner, bought.order.id)).what
    done = await either_house.billing.refunds.refund(bought.owner, bought.order.id, amount_minor=offer.amount_minor)

    assert (offer.credits, offer.amount_minor, done.state) == (380, 380, "succeeded")
    assert await bought.balance() == 0
    with pytest.raises(Conflict):
        await either_house.billing.refunds.refund(bought.owner, bought.order.id, amount_minor=1)


async def test_refund_without_an_answer_is_looked_for_and_given_once(house: House) -> None:
    class Deaf(SandboxPayments):
        heard = 0

        async def refund(self, payment_id: str, fact: Fact, *, is_full: bool) -> Fact:
            self.heard += 1
            if self.heard > 1:
                await super().refund(payment_id, fact, is_full=is_full)
            raise Unavailable

    bought = await order(house)
    await bought.say(FACTS[1])
    deaf = Deaf(house.folder / "sandbox-payments", [], b"p" * 32, house.clock)
    billing = house.new_billing(deaf)

    assert (await billing.refunds.refund(bought.owner, bought.order.id, amount_minor=500)).state == "asked"
    assert await bought.balance() == 50  # gone at once, so that nobody spends them
    for _ in range(4):
        house.clock.move(minutes=20)
        await billing.reconciling.payments()

    assert deaf.heard == 2  # once lost before it arrived, once after; then it was found there
    payment = await bought.payment()
    assert (payment.state, payment.standing.refunded_minor, payment.check_at) == (OrderState.REFUNDED, 500, None)


# --- Limits ---------------------------------------------------------------------------------------------------------------


async def test_limits_of_a_person_hold_and_reserve_nothing(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.spending.set_guard(owner, per_job="1", per_day="", low_balance="")
    two = replace(REQUEST, count=2)
    with pytest.raises(SpendLimit):
        await house.job(owner, two)
    await house.spending.set_guard(owner, per_job="", per_day="3", low_balance="")
    await house.job(owner, two)
    house.clock.move(seconds=10)

    with pytest.raises(SpendLimit):
        await house.job(owner, replace(two, prompt="another"))

    assert (await house.jobs.balance(owner)).available == 48
    assert len(await house.jobs.recent(owner)) == 1


async def test_low_balance_is_told_once_when_it_is_crossed(house: House) -> None:
    owner = await house.person()
    await house.spending.set_guard(owner, per_job="", per_day="", low_balance="49")
    for number in range(3):
        await house.job(owner, replace(REQUEST, count=1, prompt=f"number {number}"))
        house.clock.move(seconds=10)

    told = [notice for notice in await house.notices.newest(owner) if notice.topic == "low-credits"]
    assert [notice.text for notice in told] == ["48 credits are left."]


async def test_statement_of_a_month_adds_up(either_house: House) -> None:
    bought = await order(either_house)
    await bought.say(FACTS[1])
    await bought.say(FACTS[3])
    job = await either_house.job(bought.owner)
    await either_house.runner.run(job.id)
    either_house.clock.now = datetime.now(UTC)  # ids are of the real time
    month = either_house.spending.month("")

    found = await either_house.spending.statement(bought.owner, month.begins, month.ends)

    assert found.adds_up
    assert (found.opening, found.given, found.bought, found.closing) == (0, 50, 500, await bought.balance())


# --- Purposes and erasure -------------------------------------------------------------------------------------------------


@pytest.mark.promise("P16")
async def test_payments_are_read_for_nothing_but_what_they_are_kept_for(house: House) -> None:
    bought = await order(house)
    await bought.say(FACTS[1])

    for purpose in Purpose:
        is_one = purpose in (Purpose.PAYMENT, Purpose.ACCOUNTING, Purpose.SUPPORT, Purpose.RIGHTS)
        for read in (house.billing.checkouts.orders, house.billing.checkouts.payments):
            if is_one:
                assert await read(bought.owner, purpose=purpose)
            else:
                with pytest.raises(NotAllowed):
                    await read(bought.owner, purpose=purpose)


async def test_frozen_data_buys_nothing_and_gets_what_was_paid(house: House) -> None:
    bought = await order(house)
    await house.choices.freeze(bought.owner)

    with pytest.raises(Frozen):
        await house.billing.checkouts.buy(bought.owner, "small")
    await bought.say(FACTS[1])
    assert await bought.balance() == 550


@pytest.mark.promise("P18")
async def test_erasure_leaves_amounts_and_dates_without_anyone(either_house: House) -> None:
    house = either_house
    bought = await order(house)
    await bought.say(FACTS[1])
    stored = await house.database.tables.orders.get(bought.order.id, bought.owner)
    await house.database.tables.orders.update(replace(stored, seller="dodo"))  # as if money had moved
    neighbour = await house.person("bob")

    erasure = await house.erasures.begin(bought.owner, at_once=True)
    await house.erasures.sweep()

    steps = {step.system: step for step in (await house.erasures.status(erasure.code)).steps}
    assert steps[System.PAYMENTS].state is StepState.DONE
    assert "1 amount with its date stays" in steps[System.PAYMENTS].detail
    assert await rows_left(house.database, bought.owner) == {}
    booked = await house.database.tables.bookings.find(Query(owner=HOUSE))
    assert [(one.payment_id, one.total_minor, one.credits) for one in booked] == [(bought.payment_id, 500, 500)]
    assert bought.owner not in str(booked)
    assert booked[0].drop_at.year == booked[0].paid_at.year + 11
    late = Message(kind="t", payment_id=bought.payment_id, facts=(replace(FACTS[2], amount_minor=70),))
    await house.billing.settling.hear(late)
    assert (await house.database.tables.bookings.find(Query(owner=HOUSE)))[0].refunded_minor == 70
    assert (await house.jobs.balance(neighbour)).available == 50


async def test_erasure_deletes_the_sandboxes_files_and_keeps_no_books_of_play_money(house: House) -> None:
    bought = await order(house)
    await bought.say(FACTS[1])
    await house.billing.checkouts.buy(bought.owner, "large")  # never paid

    erasure = await house.erasures.begin(bought.owner, at_once=True)
    await house.erasures.sweep()

    status = await house.erasures.status(erasure.code)
    assert next(step for step in status.steps if step.system is System.PAYMENTS).state is StepState.DONE
    assert list((house.folder / "sandbox-payments").glob("*")) == []
    assert await house.database.tables.bookings.find(Query(owner=HOUSE)) == []
    with pytest.raises(NotFound):
        await house.sandbox.payment(bought.payment_id)


async def test_notice_that_cannot_be_written_stops_neither_payment_nor_generation(house: House) -> None:
    async def fails(*words: object, **more: object) -> None:
        raise Unavailable

    bought = await order(house)
    await house.spending.set_guard(bought.owner, per_job="", per_day="", low_balance="550")
    house.notices.tell = fails  # type: ignore[method-assign,assignment]

    await bought.say(FACTS[1])
    job = await house.job(bought.owner)

    assert (await bought.balance(), job.held_credits > 0) == (550 - job.held_credits, True)
