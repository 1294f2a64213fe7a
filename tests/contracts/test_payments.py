"""The Payments port on both sellers: the sandbox, and Dodo Payments against its emulator."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from imageroute_app.adapters.payments.dodo import DodoPayments
from imageroute_app.adapters.payments.dodo_api import DodoApi
from imageroute_app.adapters.payments.packs import read_packs
from imageroute_app.adapters.payments.sandbox import SandboxPayments
from imageroute_app.adapters.webhooks import read_secret
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.payments import Buyer, Forged, Order
from imageroute_app.domain.ports import Payments
from imageroute_app.domain.settlement import About, Fact, OrderState, settle
from tests.doubles import MovingClock
from tests.emulators.dodo import KEY, PRODUCTS, WEBHOOK_KEY, DodoEmulator
from tests.emulators.kit import served

RETURN = "http://127.0.0.1:3000/credits/orders/1"
BUYER = Buyer(email="ada@example.com", customer_id="", return_url=RETURN)


@dataclass
class Seller:
    """A seller, and how a customer or a bank acts there; each act returns the message that it sends."""

    port: Payments
    clock: MovingClock
    act: Callable[[str, str], Awaitable[tuple[dict[str, str], bytes]]]
    number: int = 0

    async def order(self) -> Order:
        self.number += 1
        pack = read_packs()[0]
        return Order(
            id=f"{self.number:032x}", owner="o", number=f"IR-{self.number}", seller=self.port.seller.key, pack=pack.id,
            product_id=self.port.products[pack.id], credits=pack.credits, price_minor=pack.price_minor,
            currency=pack.currency, state=OrderState.OPEN, session_id="", url="", created_at=self.clock(),
            expires_at=self.clock(), check_at=None,
        )  # fmt: skip

    async def opened(self) -> str:
        return (await self.port.checkout(await self.order(), BUYER)).session_id

    async def paid(self) -> tuple[str, str]:
        """Return session and payment of an order that was paid."""
        session_id = await self.opened()
        await self.act(session_id, "succeed")
        return session_id, await self.port.paid_by(session_id)


@pytest.fixture(params=["sandbox", "dodo"])
async def seller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Seller]:
    clock = MovingClock()
    if request.param == "sandbox":
        sandbox = SandboxPayments(tmp_path, read_packs(), b"s" * 32, clock)

        async def press(session_id: str, outcome: str) -> tuple[dict[str, str], bytes]:
            headers, body = await sandbox.press(session_id, outcome)
            return dict(headers), body

        yield Seller(sandbox, clock, press)
        return
    emulator = DodoEmulator(time=clock)
    async with served(emulator):
        port = _dodo(emulator, clock)

        async def act(session_id: str, outcome: str) -> tuple[dict[str, str], bytes]:
            words = {"succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}
            disputes = {"dispute": "opened", "win": "won", "lose": "lost"}
            if outcome in words:
                emulator.pay(session_id, words[outcome])
                kind = f"payment.{words[outcome]}"
            else:
                kind = f"dispute.{disputes[outcome]}"
            body = emulator.payload(kind, emulator.sessions[session_id]["payment_id"])
            return emulator.signed(body), body

        yield Seller(port, clock, act)
        await port.close()


def _dodo(emulator: DodoEmulator, clock: MovingClock, *, key: str = KEY) -> DodoPayments:
    products = {pack: product for pack, (product, _) in PRODUCTS.items()}
    return DodoPayments(DodoApi(emulator.url, key), secrets=[read_secret(WEBHOOK_KEY)], products=products, clock=clock)


async def test_checkout_gives_an_address_and_no_payment_yet(seller: Seller) -> None:
    page = await seller.port.checkout(await seller.order(), BUYER)

    assert page.session_id.startswith("cks_")
    assert page.session_id in page.url
    assert await seller.port.paid_by(page.session_id) == ""


@pytest.mark.parametrize(("press", "word"), [("succeed", "succeeded"), ("fail", "failed"), ("cancel", "cancelled")])
async def test_what_happened_is_told_and_can_be_asked(seller: Seller, press: str, word: str) -> None:
    session_id = await seller.opened()

    message = seller.port.read(*await seller.act(session_id, press))

    assert message.kind == f"payment.{word}"
    assert settle(message.facts).word == word
    assert message.seen is not None
    seen = await seller.port.payment(await seller.port.paid_by(session_id))
    for one in (message.seen, seen):
        assert (one.number, one.session_id, one.currency) == ("IR-1", session_id, "USD")
        assert (one.product_id, one.quantity) == (seller.port.products["small"], 1)
        assert one.total_minor >= 500
        assert settle(one.facts).is_paid == (word == "succeeded")
    assert "Payer" not in str(message) + str(seen)
    assert not re.search(r"\b4242\b", str(message) + str(seen))  # as a word: ids are random hexadecimal digits


async def test_payment_is_in_the_list_of_the_last_days(seller: Seller) -> None:
    _, old = await seller.paid()
    seller.clock.move(days=5)
    made = [(await seller.paid())[1] for _ in range(3)]

    found = [seen.payment_id for seen in await seller.port.recent(seller.clock() - timedelta(days=1))]

    assert sorted(found) == sorted(made)
    assert old not in found


async def test_old_payment_that_was_refunded_lately_is_in_the_list_too(seller: Seller) -> None:
    _, old = await seller.paid()
    seller.clock.move(days=20)
    await seller.port.refund(old, Fact(about=About.REFUND, ref="w", state="asked", amount_minor=100), is_full=False)

    found = await seller.port.recent(seller.clock() - timedelta(days=1))

    assert {seen.payment_id for seen in found} == {old}
    assert ("w", "succeeded") in [(fact.ref, fact.state) for seen in found for fact in seen.facts]


async def test_refund_is_given_once_for_one_wish_and_is_seen(seller: Seller) -> None:
    _, payment_id = await seller.paid()
    wish = Fact(about=About.REFUND, ref="wish1", state="asked", amount_minor=100)

    first = await seller.port.refund(payment_id, wish, is_full=False)
    again = await seller.port.refund(payment_id, wish, is_full=False)

    assert first == again == Fact(about=About.REFUND, ref="wish1", state="succeeded", amount_minor=100)
    seen = await seller.port.payment(payment_id)
    assert settle([*seen.facts, wish, first]).refunded_minor == 100
    assert settle([*seen.facts, wish, first]).refunding_minor == 0


async def test_full_refund_leaves_nothing(seller: Seller) -> None:
    _, payment_id = await seller.paid()
    total = (await seller.port.payment(payment_id)).total_minor

    await seller.port.refund(
        payment_id, Fact(about=About.REFUND, ref="all", state="asked", amount_minor=total), is_full=True
    )

    standing = settle((await seller.port.payment(payment_id)).facts)
    assert standing.state(total) is OrderState.REFUNDED


async def test_disputes_are_told(seller: Seller) -> None:
    session_id, payment_id = await seller.paid()

    opened = seller.port.read(*await seller.act(session_id, "dispute"))
    lost = seller.port.read(*await seller.act(session_id, "lose"))

    assert opened.payment_id == lost.payment_id == payment_id
    assert settle(opened.facts).is_disputed
    assert settle([*lost.facts, *opened.facts]).is_lost


async def test_bent_message_is_forged(seller: Seller) -> None:
    headers, body = await seller.act(await seller.opened(), "succeed")
    with pytest.raises(Forged):
        seller.port.read(headers, body + b" ")
    seller.clock.move(seconds=301)
    with pytest.raises(Forged):
        seller.port.read(headers, body)


async def test_invoice_is_a_pdf_and_a_strange_payment_is_not_there(seller: Seller) -> None:
    _, payment_id = await seller.paid()

    assert (await seller.port.invoice(payment_id)).startswith(b"%PDF")
    for strange in ("pay_" + "0" * 32, "pay_../customers", "x"):
        with pytest.raises(NotFound):
            await seller.port.payment(strange)
        with pytest.raises(NotFound):
            await seller.port.invoice(strange)


async def test_person_is_forgotten_and_asking_again_is_harmless(seller: Seller) -> None:
    session_id, payment_id = await seller.paid()
    customer_id = (await seller.port.payment(payment_id)).customer_id
    await seller.port.correct(customer_id, "new@example.com")

    assert await seller.port.forget(customer_id, [session_id])
    assert await seller.port.forget(customer_id, [session_id])
    assert await seller.port.forget("", [session_id])
