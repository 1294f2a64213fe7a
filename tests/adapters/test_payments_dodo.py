"""Dodo Payments beyond the contract: what it refuses, what it leaves unsaid, and what its SDK gets wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from imageroute_app.adapters.payments.dodo import DodoPayments, read_products
from imageroute_app.adapters.payments.dodo_api import DodoApi
from imageroute_app.adapters.payments.packs import read_packs
from imageroute_app.adapters.webhooks import read_secret
from imageroute_app.domain.errors import ImageRouteError, Unavailable
from imageroute_app.domain.payments import Buyer, Order
from imageroute_app.domain.ports import Refused
from imageroute_app.domain.settlement import About, Fact, OrderState, settle
from tests.doubles import MovingClock
from tests.emulators.dodo import KEY, PRODUCTS, WEBHOOK_KEY, DodoEmulator
from tests.emulators.kit import Reply, Seen, served

PRODUCT_OF = {pack: product for pack, (product, _) in PRODUCTS.items()}


async def no_sleep(_seconds: float) -> None:
    return


@dataclass
class Shop:
    """Dodo's emulator, our adapter, and an order."""

    emulator: DodoEmulator
    port: DodoPayments
    clock: MovingClock
    order: Order
    seconds: float = 0.0

    async def paid(self) -> str:
        page = await self.port.checkout(
            self.order, Buyer(email="ada@example.com", customer_id="", return_url="http://a/")
        )
        payment = self.emulator.pay(page.session_id, "succeeded")
        assert payment is not None
        return payment["payment_id"]


def port_of(emulator: DodoEmulator, clock: MovingClock, key: str = KEY) -> DodoPayments:
    api = DodoApi(emulator.url, key, sleep=no_sleep)
    return DodoPayments(api, secrets=[read_secret(WEBHOOK_KEY)], products=PRODUCT_OF, clock=clock)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    clock = MovingClock()
    emulator = DodoEmulator(time=clock)
    pack = read_packs()[0]
    order = Order(
        id="1", owner="o", number="IR-1", seller="dodo", pack=pack.id, product_id=PRODUCT_OF[pack.id], credits=500,
        price_minor=500, currency="USD", state=OrderState.OPEN, session_id="", url="", created_at=clock(),
        expires_at=clock(), check_at=None,
    )  # fmt: skip
    async with served(emulator):
        port = port_of(emulator, clock)
        opened = Shop(emulator, port, clock, order)
        port._api._seconds = lambda: opened.seconds
        yield opened
        await port.close()


def wish(amount: int, ref: str = "wish") -> Fact:
    return Fact(about=About.REFUND, ref=ref, state="asked", amount_minor=amount)


async def test_second_purchase_names_the_customer_and_the_first_makes_a_new_one(shop: Shop) -> None:
    first = await shop.port.payment(await shop.paid())
    await shop.port.checkout(shop.order, Buyer(email="", customer_id=first.customer_id, return_url="http://a/"))

    one, two = [seen.json for seen in shop.emulator.seen if seen.path == "/checkouts"]
    assert one["customer"] == {"email": "ada@example.com"}
    assert one["feature_flags"]["always_create_new_customer"] is True
    assert two["customer"] == {"customer_id": first.customer_id}
    assert two["feature_flags"]["always_create_new_customer"] is False
    assert "ada@" not in str(two)


async def test_every_page_of_the_list_is_read(shop: Shop) -> None:
    made = [await shop.paid() for _ in range(205)]

    found = [seen.payment_id for seen in await shop.port.recent(shop.clock() - timedelta(days=1))]

    assert found == made
    asked = [seen.query["page_number"] for seen in shop.emulator.seen if seen.path == "/payments"]
    assert asked == ["0", "1", "2", "3"]


async def test_refund_that_was_done_and_not_answered_is_found_and_not_done_again(shop: Shop) -> None:
    payment_id = await shop.paid()

    async def lose(path: str, body: object, params: object = None) -> object:
        await DodoApi.post(shop.port._api, path, body, params)  # type: ignore[arg-type]
        raise Unavailable

    real, shop.port._api.post = shop.port._api.post, lose  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        await shop.port.refund(payment_id, wish(595), is_full=True)
    shop.port._api.post = real
    done = await shop.port.refund(payment_id, wish(595), is_full=True)

    assert (done.ref, done.state, done.amount_minor) == ("wish", "succeeded", 595)
    assert len(shop.emulator.refunds) == 1


async def test_nothing_that_moves_money_is_repeated(shop: Shop) -> None:
    payment_id = await shop.paid()
    before = len([seen for seen in shop.emulator.seen if seen.method == "POST"])
    shop.emulator.scenario.fail("submit", 500, times=1)
    await shop.port.payment(payment_id)  # a question is asked again
    shop.emulator.scenario.extra["outage"] = True
    with pytest.raises(Unavailable):
        await shop.port._api.post("refunds", {"payment_id": payment_id})

    assert len([seen for seen in shop.emulator.seen if seen.method == "POST"]) == before + 1


async def test_what_it_refuses_is_told_in_our_words(shop: Shop) -> None:
    payment_id = await shop.paid()
    with pytest.raises(Refused, match="More than was paid"):
        await shop.port.refund(payment_id, wish(596), is_full=False)
    await shop.port.refund(payment_id, wish(595), is_full=True)
    with pytest.raises(Refused, match="refunded already"):
        await shop.port.refund(payment_id, wish(1, "other"), is_full=True)
    late = await shop.paid()
    shop.clock.move(days=31)
    with pytest.raises(Refused, match="time in which"):
        await shop.port.refund(late, wish(595), is_full=True)


async def test_part_of_a_payment_goes_back_in_the_currency_that_the_person_paid_in(shop: Shop) -> None:
    shop.emulator.scenario.extra["pays_in"] = ("JPY", 1.5)
    payment_id = await shop.paid()

    done = await shop.port.refund(payment_id, wish(300), is_full=False)

    assert done.amount_minor == 300
    assert [(row["amount"], row["currency"]) for row in shop.emulator.refunds.values()] == [(300, "JPY")]


async def test_way_of_paying_that_allows_no_part_is_told_and_nothing_is_asked_for(shop: Shop) -> None:
    shop.emulator.scenario.extra["whole_only"] = True
    payment_id = await shop.paid()
    with pytest.raises(Refused, match="no refund of a part"):
        await shop.port.refund(payment_id, wish(300), is_full=False)
    assert shop.emulator.refunds == {}
    assert (await shop.port.refund(payment_id, wish(595), is_full=True)).amount_minor == 595


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ({"amount": 119, "currency": "USD", "is_partial": True}, 178),  # 119 of the 595 that were settled, of 892 paid
        ({"amount": 100, "currency": "JPY", "is_partial": True}, 100),
        ({"amount": None, "currency": None, "is_partial": False}, 892),
        ({"amount": 595, "currency": "USD", "is_partial": False}, 892),
        ({"amount": None, "currency": None, "is_partial": True}, 0),
        ({"amount": 100, "currency": "CHF", "is_partial": True}, 0),
    ],
)
async def test_refund_that_was_given_at_the_sellers_desk_counts_in_the_payments_currency(
    shop: Shop, given: dict[str, object], amount: int
) -> None:
    shop.emulator.scenario.extra["pays_in"] = ("JPY", 1.5)
    payment_id = await shop.paid()
    row = {"refund_id": "ref_1", "payment_id": payment_id, "status": "succeeded", "metadata": {}, **given}
    shop.emulator.refunds["ref_1"] = row
    shop.emulator.payments[payment_id]["refunds"] = [row]

    assert settle((await shop.port.payment(payment_id)).facts).refunded_minor == amount


async def test_lists_name_what_was_refunded_or_disputed_long_after_it_was_paid(shop: Shop) -> None:
    refunded, disputed, _quiet = [await shop.paid() for _ in range(3)]
    shop.clock.move(days=20)
    shop.emulator.dispute(disputed, "opened")
    shop.clock.move(days=5)
    await shop.port.refund(refunded, wish(595), is_full=True)

    found = await shop.port.recent(shop.clock() - timedelta(days=3))

    assert [(seen.payment_id, [fact.state for fact in seen.facts]) for seen in found] == [
        (refunded, ["succeeded"]),
        (disputed, ["opened"]),
    ]
    shop.clock.move(days=121)
    assert await shop.port.recent(shop.clock() - timedelta(days=3)) == []


async def test_product_that_is_paid_again_and_again_is_not_sold(shop: Shop) -> None:
    shop.emulator.scenario.extra["price_type"] = "recurring_price"
    with pytest.raises(Unavailable, match="another price"):
        await shop.port.checkout(shop.order, Buyer(email="a@example.com", customer_id="", return_url="http://a/"))
    assert shop.emulator.sessions == {}


async def test_no_more_is_asked_of_a_payer_than_paying_takes_and_there_is_a_way_back(shop: Shop) -> None:
    await shop.paid()
    (asked,) = [seen.json for seen in shop.emulator.seen if seen.path == "/checkouts"]
    assert (asked["feature_flags"]["allow_phone_number_collection"], asked["cancel_url"]) == (False, "http://a/")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (408, "", Unavailable),
        (409, "", Unavailable),
        (409, "CONFLICT", Unavailable),
        (409, "PAYMENT_ALREADY_REFUNDED", Refused),
        (422, "INVALID_REQUEST_BODY", Refused),
        (429, "TOO_MANY_REQUESTS", Unavailable),
    ],
)
async def test_only_what_is_surely_not_done_is_told_as_refused(
    shop: Shop, status: int, code: str, error: type[ImageRouteError]
) -> None:
    shop.emulator.scenario.fail("submit", status, {"code": code, "message": "m"})
    with pytest.raises(error) as caught:
        await shop.port._api.post("refunds", {"payment_id": "pay_1"})
    assert type(caught.value) is error


async def test_rate_limit_says_when_to_come_back_and_is_not_hammered(shop: Shop) -> None:
    payment_id = await shop.paid()
    before = len(shop.emulator.seen)
    shop.emulator.scenario.fail("submit", 429, {"code": "TOO_MANY_REQUESTS"}, headers={"Retry-After": "30"})
    with pytest.raises(Unavailable) as caught:
        await shop.port.payment(payment_id)
    assert (caught.value.retry_after_s, len(shop.emulator.seen) - before) == (30, 1)
    shop.seconds += 29.5
    for asked in (shop.port.payment(payment_id), shop.port._api.post("refunds", {"payment_id": payment_id})):
        with pytest.raises(Unavailable) as caught:
            await asked
        assert (caught.value.retry_after_s, len(shop.emulator.seen) - before) == (1, 1)
    shop.seconds += 0.5
    assert (await shop.port.payment(payment_id)).payment_id == payment_id


async def test_answer_that_drips_is_left_after_our_patience(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment_id, answer = await shop.paid(), shop.emulator.reply

    async def dripping(seen: Seen) -> Reply:
        reply = await answer(seen)
        reply.bytes_per_s = 20  # a byte now and then, so that no single wait is long
        return reply

    monkeypatch.setattr("imageroute_app.adapters.payments.dodo_api.PATIENCE_S", 0.3)
    shop.emulator.reply = dripping
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable):
            await shop.port.payment(payment_id)


async def test_wrong_key_is_the_operators_to_mend(shop: Shop) -> None:
    port = port_of(shop.emulator, shop.clock, key="other")
    with pytest.raises(Unavailable, match="not set up"):
        await port.checkout(shop.order, Buyer(email="a@example.com", customer_id="", return_url="http://a/"))
    await port.close()


async def test_page_elsewhere_is_nowhere_to_send_people(shop: Shop) -> None:
    async def strange(path: str, body: object, params: object = None) -> dict[str, str]:
        return {"session_id": "cks_1", "checkout_url": "https://dodopayments.com.evil.example/pay"}

    shop.port._api.post = strange
    with pytest.raises(Unavailable):
        await shop.port.checkout(shop.order, Buyer(email="a@example.com", customer_id="", return_url="http://a/"))


async def test_forgetting_takes_cards_name_and_address_and_reads_them_back(shop: Shop) -> None:
    customer_id = (await shop.port.payment(await shop.paid())).customer_id

    assert await shop.port.forget(customer_id, [])

    row = shop.emulator.customers[customer_id]
    assert shop.emulator.methods[customer_id] == []
    assert row["email"].endswith("@erased.invalid")
    assert (row["name"], row["phone_number"]) == ("Erased", None)


async def test_portal_is_a_page_of_theirs(shop: Shop) -> None:
    customer_id = (await shop.port.payment(await shop.paid())).customer_id

    assert (await shop.port.portal(customer_id, "http://a/")).startswith(shop.emulator.url)


async def test_unknown_product_is_not_there(shop: Shop) -> None:
    strange = replace(shop.order, product_id="pdt_none")
    with pytest.raises(Exception, match="nothing here"):
        await shop.port.checkout(strange, Buyer(email="a@example.com", customer_id="", return_url="http://a/"))


async def test_other_price_there_than_we_show_sells_nothing(shop: Shop) -> None:
    shop.emulator.scenario.extra["price"] = 501
    with pytest.raises(Unavailable, match="another price"):
        await shop.port.checkout(shop.order, Buyer(email="a@example.com", customer_id="", return_url="http://a/"))

    assert shop.emulator.sessions == {}


def test_products_are_read_by_pack() -> None:
    assert read_products("small=pdt_1, large=pdt_2", ["small", "large"]) == {"small": "pdt_1", "large": "pdt_2"}
    for text in ("huge=pdt_1", "small=", "small"):
        with pytest.raises(ValueError, match="small=pdt_1"):
            read_products(text, ["small", "large"])
