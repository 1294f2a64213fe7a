"""Buying over HTTP: the sandbox's pages, the way back, receipts, refunds, limits, and every message a stranger can send."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import httpx
import pytest

from imageroute_app.adapters.webhooks import sign
from imageroute_app.domain.payments import Order
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from tests.routes.conftest import PASSWORD, House
from tests.routes.test_cases import do, operator, references

SECRET = b"p" * 32
HOOK = "/webhooks/dodo"
CARD = "4242424242424242"
LAST_FOUR = "the last four"
"""Four digits would be found in a random id now and then."""


@dataclass
class Shop:
    """One person with an order, and what the seller says of it."""

    house: House
    client: httpx.AsyncClient
    owner: str
    order: Order
    payment_id: str

    def message(self, kind: str, **changes: Any) -> bytes:
        """Return a body as the seller sends it, with all that it holds of a payer."""
        data: dict[str, Any] = {
            "payload_type": "Payment", "payment_id": self.payment_id, "status": kind.partition(".")[2],
            "total_amount": 595, "tax": 95, "currency": "USD", "created_at": self.house.clock().isoformat(),
            "customer": {"customer_id": "cus_1", "email": "payer@example.com", "name": "Paula Payer"},
            "billing": {"street": "Payer Street 5", "city": "Payerton", "country": "DE"},
            "card_last_four": LAST_FOUR, "card_holder_name": "Paula Payer", "card_network": "visa",
            "error_message": f"card {CARD} was declined", "payment_method": CARD,
            "product_cart": [{"product_id": "pdt_small", "quantity": 1}],
            "metadata": {"order": self.order.number, "note": CARD}, "refunds": [], "disputes": [],
        }  # fmt: skip
        if kind.startswith("refund."):
            data |= {"payload_type": "Refund", "refund_id": "ref_1", "amount": 119, "metadata": {}}
        if kind.startswith("dispute."):
            data |= {"payload_type": "Dispute", "dispute_id": "dsp_1", "amount": "595", "dispute_stage": "dispute"}
        return json.dumps({"business_id": "bus", "type": kind, "data": data | changes}).encode()

    def headers(self, body: bytes, message_id: str = "msg_1", *, late_s: int = 0) -> dict[str, str]:
        at = self.house.clock.now.fromtimestamp(self.house.clock().timestamp() - late_s, tz=self.house.clock().tzinfo)
        return sign(SECRET, message_id, at, body)

    async def send(self, kind: str, message_id: str = "", **changes: Any) -> int:
        message_id = message_id or f"msg_{secrets.token_hex(8)}"
        body = self.message(kind, **changes)
        answer = await self.client.post(HOOK, content=body, headers=self.headers(body, message_id))
        return answer.status_code

    async def balance(self) -> int:
        return (await self.house.services.jobs.balance(self.owner)).available


@pytest.fixture
async def shop(house: House) -> Shop:
    client = await house.signed_up()
    answer = await client.post("/credits", data={"pack": "small"})
    owner = await house.owner(client)
    order = (await house.services.billing.checkouts.orders(owner, purpose=Purpose.PAYMENT))[0]
    assert answer.headers["location"] == f"/credits/orders/{order.id}"
    return Shop(house, client, owner, order, order.session_id.replace("cks_", "pay_"))


async def everything_stored(house: House) -> bytes:
    return b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file())


# --- Buying ---------------------------------------------------------------------------------------------------------------


async def test_page_says_price_currency_and_who_gets_what_before_anyone_leaves(shop: Shop) -> None:
    page = (await shop.client.get("/credits")).text

    for words in ("USD 5.00", "Sandbox: no money moves here", "No card, not even a part of its number", "Seller"):
        assert words in page
    order = (await shop.client.get(f"/credits/orders/{shop.order.id}")).text
    assert f'href="/sandbox/checkout/{shop.order.session_id}"' in order
    assert "USD 5.00" in order


async def test_sandbox_pays_through_the_signed_route_and_the_way_back_shows_it(shop: Shop) -> None:
    answer = await shop.client.post(shop.order.url, data={"outcome": "succeed"})

    assert answer.status_code == 303
    back = await shop.client.get(answer.headers["location"])
    assert "500 credits are on your account" in back.text
    assert "<dt>Paid</dt>" in back.text
    assert await shop.balance() == 550
    assert "Paid" in (await shop.client.get("/credits/orders")).text
    invoice = await shop.client.get(f"/credits/orders/{shop.order.id}/invoice")
    assert invoice.content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("outcome", "words"), [("fail", "The payment did not go through"), ("cancel", "Nothing was paid")]
)
async def test_what_was_not_paid_brings_nothing_and_says_so(shop: Shop, outcome: str, words: str) -> None:
    answer = await shop.client.post(shop.order.url, data={"outcome": outcome})

    page = (await shop.client.get(answer.headers["location"])).text
    assert words in page
    assert ("<dt>Paid</dt>" in page, "<dt>Amount</dt>" in page) == (False, True)
    assert await shop.balance() == 50


async def test_the_way_back_proves_nothing(shop: Shop) -> None:
    path = f"/credits/orders/{shop.order.id}"
    back = await shop.client.get(f"{path}?payment_id={shop.payment_id}&status=succeeded")

    assert "has not told us yet whether you paid" in back.text
    assert await shop.balance() == 50


async def test_nobody_else_sees_an_order(shop: Shop) -> None:
    stranger = await shop.house.signed_up("eve")

    for path in ("", "/invoice"):
        assert (await stranger.get(f"/credits/orders/{shop.order.id}{path}")).status_code == 404
    anyone = await shop.house.browser()
    for path in ("/credits", "/credits/orders", "/credits/statement", "/credits/limits"):
        assert (await anyone.get(path)).status_code == 401


async def test_frozen_data_buys_nothing(shop: Shop) -> None:
    await shop.house.services.choices.freeze(shop.owner)

    answer = await shop.client.post("/credits", data={"pack": "small"})

    assert answer.status_code == 423
    assert await shop.send("payment.succeeded") == 204  # what was paid before is still theirs
    assert await shop.balance() == 550


# --- Messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P4")
async def test_fifty_copies_at_once_bring_the_credits_once(shop: Shop) -> None:
    sent = await asyncio.gather(*(shop.send("payment.succeeded", f"msg_{number % 7}") for number in range(50)))

    assert set(sent) == {204}
    assert await shop.balance() == 550
    assert len(await shop.house.services.database.tables.payments.find(Query(owner=shop.owner))) == 1


FOUR = ("payment.processing", "payment.failed", "payment.succeeded", "refund.succeeded")


@pytest.mark.parametrize("kinds", list(permutations(FOUR)), ids=lambda kinds: "-".join(one[-9:] for one in kinds))
async def test_every_order_of_four_messages_comes_to_the_same(shop: Shop, kinds: tuple[str, ...]) -> None:
    await shop.client.post(
        shop.order.url, data={"outcome": "succeed"}
    )  # so that a refund that came first can be looked up
    for number, kind in enumerate(kinds):
        assert await shop.send(kind, f"msg_{number}") == 204
        assert await shop.send(kind, f"msg_{number}") == 204  # again, as it is

    assert await shop.balance() == 450  # 50 free, 500 bought, 100 for the 119 of 595 that went back
    row = (await shop.house.services.database.tables.payments.find(Query(owner=shop.owner)))[0]
    assert (row.granted - row.taken, row.state) == (400, "partly_refunded")


async def test_dispute_takes_unused_credits_only_and_gives_them_back_when_it_is_won(shop: Shop) -> None:
    await shop.send("payment.succeeded")
    await shop.send("dispute.opened", "msg_2")
    assert await shop.balance() == 50
    await shop.send("dispute.won", "msg_3")
    assert await shop.balance() == 550
    await shop.send("dispute.lost", "msg_4")
    assert await shop.balance() == 50


def forged(shop: Shop) -> dict[str, tuple[bytes, dict[str, str]]]:
    body = shop.message("payment.succeeded")
    good = shop.headers(body)
    signature = good["webhook-signature"]
    return {
        "another body": (body.replace(b"595", b"596"), good),
        "another secret": (body, sign(b"q" * 32, "msg_1", shop.house.clock(), body)),
        "another id": (body, {**good, "webhook-id": "msg_2"}),
        "too old": (body, shop.headers(body, late_s=301)),
        "too early": (body, shop.headers(body, late_s=-301)),
        "no signature": (body, {**good, "webhook-signature": ""}),
        "no headers": (body, {}),
        "garbage": (body, {**good, "webhook-signature": "garbage"}),
        "two commas": (body, {**good, "webhook-signature": "v1,a,b"}),
        "another scheme": (body, {**good, "webhook-signature": signature.replace("v1,", "v1a,")}),
        "no base64": (body, {**good, "webhook-signature": "v1,éé"}),
        "half of it": (body, {**good, "webhook-signature": signature[:20]}),
        "no number": (body, {**good, "webhook-timestamp": "now"}),
        "a huge number": (body, {**good, "webhook-timestamp": "9" * 400}),
        "behind twenty others": (body, {**good, "webhook-signature": "v1,YQ== " * 20 + signature}),
        "a long header": (body, {**good, "webhook-signature": "v1,YQ== " * 2000}),
        "bad utf-8": (b"\xff\xfe", good),
        "nothing": (b"", {}),
    }


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    "name",
    ["another body", "another secret", "another id", "too old", "too early", "no signature", "no headers", "garbage",
     "two commas", "another scheme", "no base64", "half of it", "no number", "a huge number", "behind twenty others",
     "a long header", "bad utf-8", "nothing"],
)  # fmt: skip
async def test_everything_that_nobody_we_know_signed_is_401_and_changes_nothing(shop: Shop, name: str) -> None:
    body, headers = forged(shop)[name]
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]

    answer = await shop.client.post(HOOK, content=body, headers=raw)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bad_signature"
    assert await shop.balance() == 50
    assert await shop.house.services.database.tables.payments.find(Query(owner=shop.owner)) == []


async def test_a_new_secret_beside_the_old_one_is_believed(shop: Shop) -> None:
    body = shop.message("payment.succeeded")
    good = shop.headers(body)
    other = sign(b"q" * 32, "msg_1", shop.house.clock(), body)["webhook-signature"]

    both = {**good, "webhook-signature": f"{other} {good['webhook-signature']}"}
    answer = await shop.client.post(HOOK, content=body, headers=both)

    assert answer.status_code == 204
    assert await shop.balance() == 550


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"null", b'{"type":"payment.succeeded"}', b'{"type":"subscription.active","data":{"payment_id":"x"}}',
     b'{"type":"payment.succeeded","data":{"payment_id":"pay_unknown"}}', b"[" * 20_000, b'{"type":5,"data":7}',
     b'{"type":"payment.succeeded","data":{"payment_id":"4242424242424242"}}'],
    ids=range(9),
)  # fmt: skip
async def test_signed_nonsense_is_no_fault_of_ours(shop: Shop, body: bytes) -> None:
    answer = await shop.client.post(HOOK, content=body, headers=shop.headers(body))

    assert answer.status_code in {204, 422}
    assert await shop.balance() == 50


NOT_OURS = (
    "subscription.active", "subscription.renewed", "subscription.on_hold", "subscription.past_due", "subscription.paused",
    "subscription.unpaused", "subscription.cancelled", "subscription.failed", "subscription.expired",
    "subscription.plan_changed", "subscription.updated", "subscription.update_payment_method", "license_key.created",
    "payout.created", "payout.on_hold", "payout.in_progress", "payout.failed", "payout.success", "credit.added",
    "credit.deducted", "credit.expired", "credit.rolled_over", "credit.rollover_forfeited", "credit.overage_charged",
    "credit.overage_reset", "credit.manual_adjustment", "credit.balance_low", "abandoned_checkout.detected",
    "abandoned_checkout.recovered", "dunning.started", "dunning.recovered", "entitlement_grant.created",
    "entitlement_grant.delivered", "entitlement_grant.failed", "entitlement_grant.revoked", "of.tomorrow",
)  # fmt: skip
"""Every type of the SDK 1.123.0 that is about no payment, refund or dispute."""


async def test_every_message_that_is_about_no_payment_is_taken_and_does_nothing(shop: Shop) -> None:
    for kind in NOT_OURS:
        assert await shop.send(kind) == 204, kind
    assert await shop.balance() == 50
    assert await shop.house.services.database.tables.payments.find(Query(owner=shop.owner)) == []


async def test_another_product_or_amount_brings_nothing_of_its_own(shop: Shop) -> None:
    cart = [{"product_id": "pdt_large", "quantity": 1}]
    await shop.send("payment.succeeded", product_cart=cart, total_amount=10**9)

    assert await shop.balance() == 50


@pytest.mark.promise("P4")
async def test_nothing_of_a_card_or_a_payer_is_kept(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for kind in ("payment.failed", "payment.succeeded", "refund.succeeded", "dispute.opened"):
        await shop.send(kind, kind)
    body = shop.message("payment.succeeded", payment_id=CARD)
    await shop.client.post(HOOK, content=body, headers=shop.headers(body, "msg_9"))

    stored = await everything_stored(shop.house)
    pages = (await shop.client.get(f"/credits/orders/{shop.order.id}")).text
    rows = [str(row) async for row in await shop.house.services.database.export_rows(shop.owner)]
    for needle in (CARD, LAST_FOUR, "Paula Payer", "payer@example.com", "Payer Street", "Payerton", "visa"):
        assert needle.encode() not in stored, needle
        assert needle not in pages + caplog.text + "".join(rows), needle


# --- Refunds, limits, statement -------------------------------------------------------------------------------------------


async def test_refund_asks_for_the_password_once_it_is_old_and_gives_back_what_is_unused(shop: Shop) -> None:
    await shop.client.post(shop.order.url, data={"outcome": "succeed"})
    path = f"/credits/orders/{shop.order.id}"
    assert "Refund USD 5.00" in (await shop.client.get(path)).text
    shop.house.clock.move(minutes=11)

    asked = await shop.client.post(f"{path}/refund", data={"amount": "500"})
    assert asked.status_code == 403
    assert await shop.balance() == 550
    done = await shop.client.post(f"{path}/refund", data={"amount": "500", "current_password": PASSWORD})

    assert done.status_code == 303
    assert await shop.balance() == 50
    page = (await shop.client.get(path)).text
    assert "Refunded" in page
    assert "There is nothing to refund" in page


async def test_refund_of_another_amount_than_shown_is_refused(shop: Shop) -> None:
    await shop.client.post(shop.order.url, data={"outcome": "succeed"})

    for amount in ("501", "499", "-1", "x", "9" * 40, ""):
        answer = await shop.client.post(f"/credits/orders/{shop.order.id}/refund", data={"amount": amount})
        assert answer.status_code == 409, amount
    assert await shop.balance() == 550


async def test_ten_refunds_at_once_give_back_once(shop: Shop) -> None:
    await shop.client.post(shop.order.url, data={"outcome": "succeed"})
    path = f"/credits/orders/{shop.order.id}/refund"

    answers = await asyncio.gather(*(shop.client.post(path, data={"amount": "500"}) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 9
    assert await shop.balance() == 50
    seen = await shop.house.services.billing.settling._port.payment(shop.payment_id)
    assert sum(fact.amount_minor for fact in seen.facts) == 500


async def test_limits_are_kept_and_faults_stand_at_their_field(shop: Shop) -> None:
    bad = await shop.client.post("/credits/limits", data={"per_job": "ten", "per_day": "-4", "low_balance": ""})
    assert bad.status_code == 422
    assert 'id="per_job-error"' in bad.text
    good = await shop.client.post("/credits/limits", data={"per_job": "5", "per_day": "20", "low_balance": "7"})

    assert good.headers["location"] == "/credits/limits?done=limits"
    page = (await shop.client.get(good.headers["location"])).text
    assert "Your limits are saved." in page
    assert 'value="20"' in page


async def test_statement_adds_up(shop: Shop) -> None:
    await shop.client.post(shop.order.url, data={"outcome": "succeed"})

    page = (await shop.client.get("/credits/statement?month=2026-11")).text

    assert "It adds up." in page
    assert "+500" in page
    for month in ("0001-01", "9999-12", "x", "2026-13"):
        assert (await shop.client.get(f"/credits/statement?month={month}")).status_code == 200


@pytest.mark.promise("P16")
async def test_support_sees_amount_status_and_transaction_and_no_more(shop: Shop) -> None:
    await shop.send("payment.succeeded")
    await shop.client.post("/support", data={"text": "Where are my credits?"})
    olga = await operator(shop.house)
    (reference,) = await references(olga)
    path = f"/admin/cases/{reference}"
    assert shop.payment_id not in (await olga.get(path)).text
    await do(olga, reference, "look", reason="To answer")

    page = (await olga.get(path)).text

    assert all(words in page for words in ("USD 5.95", "paid", shop.payment_id))
    assert not any(words in page for words in ("cus_1", shop.order.number, "inv_", "pdt_small"))
