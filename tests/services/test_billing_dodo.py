"""Buying from Dodo Payments' emulator through the services: lost messages, partial refunds, and an honest erasure."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from imageroute_app.adapters.payments.dodo import DodoPayments
from imageroute_app.adapters.payments.dodo_api import DodoApi
from imageroute_app.adapters.webhooks import read_secret
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import ImageRouteError, InvalidInput, Unavailable
from imageroute_app.domain.ledger import EntryKind
from imageroute_app.domain.payments import Order
from imageroute_app.domain.ports import Query, Refused
from imageroute_app.domain.settlement import OrderState
from imageroute_app.domain.statistics import HOUSE
from imageroute_app.services.billing import Billing
from imageroute_app.services.erasure_companies import Answer, CompanyAnswers
from imageroute_app.services.erasure_steps import Outside
from imageroute_app.services.recipients import Recipients
from tests.doubles import no_page
from tests.emulators.dodo import KEY, PRODUCTS, WEBHOOK_KEY, DodoEmulator
from tests.emulators.kit import served
from tests.services.conftest import House


@dataclass
class Shop:
    """A house that sells through Dodo, and a person."""

    house: House
    emulator: DodoEmulator
    billing: Billing
    owner: str
    api: DodoApi

    async def bought(self) -> Order:
        order = await self.billing.checkouts.buy(self.owner, "small")
        self.emulator.pay(order.session_id, "succeeded")
        return order

    async def tell(self, order: Order, kind: str = "payment.succeeded") -> None:
        body = self.emulator.payload(kind, self.emulator.sessions[order.session_id]["payment_id"])
        await self.billing.settling.receive(self.emulator.signed(body), body)

    def payment_of(self, order: Order) -> str:
        return self.emulator.sessions[order.session_id]["payment_id"]

    async def given_back(self, order: Order, **what: object) -> None:
        """Refund at the seller's own desk."""
        payment_id = self.payment_of(order)
        row = {
            "refund_id": f"ref_{payment_id}", "payment_id": payment_id, "status": "succeeded", "metadata": {},
            "created_at": self.house.clock().isoformat(), **what,
        }  # fmt: skip
        self.emulator.refunds[str(row["refund_id"])] = row
        self.emulator.payments[payment_id]["refunds"] = [row]

    async def balance(self) -> int:
        return (await self.house.jobs.balance(self.owner)).available

    async def spend(self, amount: int) -> None:
        line = (await self.house.database.tables.ledger.find(Query(owner=self.owner, limit=1)))[0]
        used = replace(line, id="f" * 32, kind=EntryKind.CHARGE, amount=-amount, dedupe_key="used")
        await self.house.database.tables.ledger.post(used)


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    emulator = DodoEmulator(time=house.clock)
    products = {pack: product for pack, (product, _) in PRODUCTS.items()}
    async with served(emulator):
        api = DodoApi(emulator.url, KEY)
        port = DodoPayments(api, secrets=[read_secret(WEBHOOK_KEY)], products=products, clock=house.clock)
        billing = house.new_billing(port)
        told = Recipients(
            mailer=house.letters, contacts={"Dodo Payments": "privacy@dodo.example"}, reply_to="dpo@here.example"
        )
        house.outside = Outside(
            mails=(house.letters.forget,), pages=[no_page], payments=billing.forget, recipients=told
        )
        house.erasures = house.new_erasures()
        yield Shop(house, emulator, billing, await house.person(), api)
        await port.close()


async def test_lost_message_is_made_good_by_asking(shop: Shop) -> None:
    await shop.bought()
    shop.house.clock.move(minutes=3)
    shop.emulator.scenario.extra["outage"] = True
    await shop.billing.reconciling.orders()
    assert await shop.balance() == 50
    shop.emulator.scenario.extra.clear()
    shop.house.clock.move(minutes=3)

    await shop.billing.reconciling.orders()

    assert await shop.balance() == 550


async def test_refund_and_dispute_that_no_message_told_are_found_in_the_sellers_lists(shop: Shop) -> None:
    refunded, disputed = [await shop.bought() for _ in range(2)]
    for order in (refunded, disputed):
        await shop.tell(order)
    shop.house.clock.move(days=20)
    await shop.given_back(refunded, amount=595, currency="USD", is_partial=False)
    shop.emulator.dispute(shop.payment_of(disputed), "opened")

    await shop.billing.reconciling.listed()

    states = [(await shop.billing.checkouts.order(shop.owner, one.id)).state for one in (refunded, disputed)]
    assert states == [OrderState.REFUNDED, OrderState.DISPUTED]
    assert await shop.balance() == 50
    shop.house.clock.move(days=30)
    shop.emulator.dispute(shop.payment_of(disputed), "won")
    await shop.billing.reconciling.listed()
    assert await shop.balance() == 550


async def test_list_that_names_no_product_gives_nothing_for_a_product_that_is_not_the_orders(shop: Shop) -> None:
    order = await shop.bought()
    shop.emulator.payments[shop.payment_of(order)]["product_cart"] = [{"product_id": "pdt_other", "quantity": 1}]

    await shop.billing.reconciling.compare(shop.house.clock() - timedelta(days=1))

    assert await shop.balance() == 50


async def test_what_others_sell_in_the_account_is_listed_and_left_alone(shop: Shop) -> None:
    order = await shop.bought()
    payment = shop.emulator.payments[shop.payment_of(order)]
    payment["metadata"] = {"order": "IR-OF-ANOTHER"}
    shop.emulator.dispute(payment["payment_id"], "opened")

    assert await shop.billing.reconciling.compare(shop.house.clock() - timedelta(days=1)) == 0

    assert await shop.balance() == 50
    assert [seen.path for seen in shop.emulator.seen if seen.path.startswith("/payments/")] == []


@pytest.mark.parametrize("is_known", [True, False])
async def test_refund_in_the_sellers_own_currency_takes_the_part_that_it_is(shop: Shop, is_known: bool) -> None:
    shop.emulator.scenario.extra["pays_in"] = ("JPY", 1.5)
    order = await shop.bought()
    if is_known:
        await shop.tell(order)
    await shop.given_back(order, amount=119, currency="USD", is_partial=True)  # a fifth of what was settled

    await shop.tell(order, "refund.succeeded")

    assert await shop.balance() == 50 + 400
    (payment,) = await shop.house.database.tables.payments.find(Query(owner=shop.owner))
    assert (payment.currency, payment.total_minor, payment.standing.refunded_minor) == ("JPY", 892, 178)


async def test_refund_of_a_payment_that_the_seller_lost_gives_the_credits_back(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    shop.emulator.payments.clear()

    with pytest.raises(Refused, match="does not know this payment"):
        await shop.billing.refunds.refund(shop.owner, order.id, amount_minor=595)

    assert await shop.balance() == 550
    assert await shop.house.check_books(shop.owner) == 550


async def test_refund_whose_answer_is_no_answer_is_looked_for_and_given_once(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    post, said = shop.api.post, []

    async def times_out(path: str, body: Any, params: Any = None) -> Any:
        said.append(await post(path, body, params))
        shop.emulator.scenario.fail("submit", 408, {})
        return await post(path, body, params)

    shop.api.post = times_out
    fact = await shop.billing.refunds.refund(shop.owner, order.id, amount_minor=595)
    shop.api.post = post
    assert (fact.state, await shop.balance()) == ("asked", 50)
    shop.house.clock.move(minutes=20)
    await shop.billing.reconciling.payments()

    assert len(shop.emulator.refunds) == len(said) == 1
    assert await shop.balance() == 50
    assert (await shop.billing.checkouts.order(shop.owner, order.id)).state is OrderState.REFUNDED


async def test_message_that_cannot_be_settled_yet_is_sent_again_until_it_is(shop: Shop) -> None:
    order = await shop.bought()
    await shop.given_back(order, amount=595, currency="USD", is_partial=False)
    shop.emulator.scenario.extra["outage"] = True  # so that the payment of this refund cannot be asked for
    waited = 0.0

    def pass_time(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        shop.house.clock.move(seconds=seconds)
        if waited > 3600:
            shop.emulator.scenario.extra.clear()

    async def post(headers: dict[str, str], body: bytes) -> int:
        try:
            await shop.billing.settling.receive(headers, body)
        except ImageRouteError as error:
            return error.status
        return 204

    codes = await shop.emulator.deliver("refund.succeeded", shop.payment_of(order), post, pass_time)

    assert codes == [503, 503, 503, 503, 204]
    assert await shop.balance() == 50
    assert (await shop.billing.checkouts.order(shop.owner, order.id)).state is OrderState.REFUNDED


async def test_part_of_the_price_goes_back_with_its_part_of_the_tax(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    await shop.spend(50 + 120)

    offer = (await shop.billing.refunds.offer(shop.owner, order.id)).what
    await shop.billing.refunds.refund(shop.owner, order.id, amount_minor=offer.amount_minor)
    await shop.tell(order, "refund.succeeded")
    await shop.tell(order)

    assert (offer.credits, offer.amount_minor) == (380, 595 * 380 // 500)
    assert [row["amount"] for row in shop.emulator.refunds.values()] == [offer.amount_minor]
    assert next(iter(shop.emulator.refunds.values()))["is_partial"]
    assert await shop.balance() == 0
    stored = await shop.billing.checkouts.order(shop.owner, order.id)
    assert stored.state is OrderState.PARTLY_REFUNDED


async def test_refund_that_is_refused_gives_the_credits_back(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    shop.emulator.scenario.extra["refund_status"] = "succeeded"
    next(iter(shop.emulator.payments.values()))["created_at"] = "2026-09-01T00:00:00+00:00"

    with pytest.raises(Refused, match="time in which"):
        await shop.billing.refunds.refund(shop.owner, order.id, amount_minor=595)

    assert await shop.balance() == 550


async def test_refund_that_fails_later_gives_the_credits_back(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    shop.emulator.scenario.extra["refund_status"] = "pending"
    await shop.billing.refunds.refund(shop.owner, order.id, amount_minor=595)
    assert await shop.balance() == 50

    next(iter(shop.emulator.refunds.values()))["status"] = "failed"
    await shop.tell(order, "refund.failed")

    assert await shop.balance() == 550


async def test_refund_that_came_before_its_payment_is_looked_up(shop: Shop) -> None:
    order = await shop.bought()
    payment_id = shop.emulator.sessions[order.session_id]["payment_id"]
    shop.emulator.refunds["ref_1"] = {
        "refund_id": "ref_1",
        "payment_id": payment_id,
        "status": "succeeded",
        "amount": 595,
        "metadata": {},
    }
    shop.emulator.payments[payment_id]["refunds"] = [{"refund_id": "ref_1"}]

    await shop.tell(order, "refund.succeeded")
    await shop.tell(order)

    assert await shop.balance() == 50
    assert (await shop.billing.checkouts.order(shop.owner, order.id)).state is OrderState.REFUNDED


@pytest.mark.promise("P4", "P18")
async def test_erasure_replaces_the_person_there_and_says_what_it_could_not_do(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)

    erasure = await shop.house.erasures.begin(shop.owner, at_once=True)
    await shop.house.erasures.sweep()

    status = await shop.house.erasures.status(erasure.code)
    step = next(step for step in status.steps if step.system is System.PAYMENTS)
    assert step.state is StepState.MANUAL
    assert "keeps its invoices by law and has confirmed nothing" in step.detail
    (customer,) = shop.emulator.customers.values()
    assert (customer["name"], customer["phone_number"], customer["metadata"]) == ("Erased", None, {})
    assert "ada@example.com" not in str(shop.emulator.customers)
    booked = await shop.house.database.tables.bookings.find(Query(owner=HOUSE))
    assert [(one.total_minor, one.tax_minor, one.currency) for one in booked] == [(595, 95, "USD")]


async def test_erasure_waits_for_a_seller_that_does_not_answer(shop: Shop) -> None:
    await shop.tell(await shop.bought())
    shop.emulator.scenario.extra["outage"] = True

    erasure = await shop.house.erasures.begin(shop.owner, at_once=True)
    await shop.house.erasures.sweep()

    steps = (await shop.house.erasures.status(erasure.code)).steps
    assert next(step for step in steps if step.system is System.PAYMENTS).state is StepState.RETRY
    shop.emulator.scenario.extra.clear()
    shop.house.clock.move(hours=2)
    await shop.house.erasures.sweep()
    steps = (await shop.house.erasures.status(erasure.code)).steps
    assert next(step for step in steps if step.system is System.PAYMENTS).state is StepState.MANUAL


@pytest.mark.promise("P46", "P47")
async def test_seller_is_told_by_mail_and_its_answer_completes_the_receipt(shop: Shop) -> None:
    await shop.tell(await shop.bought())
    (customer,) = shop.emulator.customers
    erasure = await shop.house.erasures.begin(shop.owner, at_once=True)
    await shop.house.erasures.sweep()

    (notice,) = [mail for mail in shop.house.letters.sent if mail.to == "privacy@dodo.example"]
    answers = CompanyAnswers(database=shop.house.database, clock=shop.house.clock)
    (owed,) = await answers.owed()
    assert owed.number in notice.subject
    assert f"Customer {customer}" in notice.text
    assert "dpo@here.example" in notice.text
    for word in ("ada@example.com", "Lovelace", shop.owner):
        assert word not in notice.text + notice.subject
    status = await shop.house.erasures.status(erasure.code)
    assert status.erasure.phase is Phase.RETAINED
    assert f"Told by mail, notice {owed.number}" in owed.step.detail

    shop.house.clock.move(days=14, seconds=1)
    assert (await answers.of(owed.number)).is_late
    with pytest.raises(InvalidInput):
        await answers.note(owed, Answer.KEEPS)
    await answers.note(owed, Answer.ERASED)

    assert await answers.owed() == []
    assert (await shop.house.erasures.status(erasure.code)).erasure.phase is Phase.COMPLETE


async def test_who_got_what_names_the_seller(shop: Shop) -> None:
    await shop.bought()

    lines = await shop.house.disclosures.lines(shop.owner)

    assert ("Dodo Payments", "United States") in [(line.company, line.country) for line in lines]


@pytest.mark.promise("P46")
async def test_correction_and_erasure_by_a_case_reach_the_seller(shop: Shop) -> None:
    await shop.tell(await shop.bought())
    person = await shop.house.database.tables.people.get(shop.owner, shop.owner)
    await shop.house.database.tables.people.update(
        replace(person, email="new@example.com", email_key="new@example.com")
    )

    assert await shop.billing.tell(shop.owner, "correct") == ("Dodo Payments",)
    (customer,) = shop.emulator.customers.values()
    assert customer["email"] == "new@example.com"
    assert await shop.billing.tell(shop.owner, "erase") == ("Dodo Payments",)
    assert customer["name"] == "Erased"
    assert await shop.billing.tell(shop.owner, "restrict") == ()


@pytest.mark.promise("P46")
async def test_correction_that_the_seller_does_not_hear_is_told_again_until_it_does(shop: Shop) -> None:
    order = await shop.bought()
    await shop.tell(order)
    person = await shop.house.database.tables.people.get(shop.owner, shop.owner)
    await shop.house.database.tables.people.update(
        replace(person, email="new@example.com", email_key="new@example.com")
    )
    shop.emulator.scenario.extra["outage"] = True
    with pytest.raises(Unavailable):
        await shop.billing.tell(shop.owner, "correct")
    shop.house.clock.move(minutes=5)
    await shop.billing.reconciling.payments()
    (customer,) = shop.emulator.customers.values()
    assert customer["email"] == "ada@example.com"

    shop.emulator.scenario.extra.clear()
    await shop.tell(order, "dispute.opened")  # word of the payment in between does not make it forgotten
    shop.house.clock.move(minutes=20)
    await shop.billing.reconciling.payments()

    assert customer["email"] == "new@example.com"
    shop.house.clock.move(days=1)
    asked = len(shop.emulator.seen)
    assert await shop.billing.reconciling.payments() == 0
    assert len(shop.emulator.seen) == asked


async def test_erasure_says_that_an_unpaid_order_left_an_address_there(shop: Shop) -> None:
    await shop.billing.checkouts.buy(shop.owner, "small")

    erasure = await shop.house.erasures.begin(shop.owner, at_once=True)
    await shop.house.erasures.sweep()

    steps = (await shop.house.erasures.status(erasure.code)).steps
    step = next(step for step in steps if step.system is System.PAYMENTS)
    assert step.state is StepState.MANUAL
    assert "offers no way to delete it" in step.detail


async def test_sellers_list_is_read_once_in_six_hours(shop: Shop) -> None:
    for _ in range(3):
        await shop.billing.reconciling.listed()
    shop.house.clock.move(hours=7)
    await shop.billing.reconciling.listed()

    lists = [seen for seen in shop.emulator.seen if seen.path == "/payments"]
    assert len(lists) == 2  # an empty page is the end of each
