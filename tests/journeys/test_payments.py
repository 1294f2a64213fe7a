"""Journey 9 in a browser: credits bought, paid once, given back; what fails brings nothing and says so."""

import pytest
from playwright.async_api import Page, expect

from tests.conftest import MakeProduct
from tests.emulators.dodo import DodoEmulator, settings_of
from tests.emulators.kit import served
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.product import Product

START = 50


async def buy(page: Page, press: str) -> None:
    """Go from Usage to the seller's page and press a button there."""
    await page.goto("/usage")
    await page.get_by_role("link", name="Buy credits").click()
    await page.get_by_label("1,000 credits").check()
    await page.get_by_role("button", name="Continue to payment").click()
    await expect(page.get_by_text("USD 10.00").first).to_be_visible()
    await page.get_by_role("link", name="Pay at Sandbox").click()
    await page.get_by_role("button", name=press, exact=True).click()


@pytest.mark.promise("P4", "P18")
async def test_credits_are_bought_shown_and_given_back(page: Page) -> None:
    await sign_up(page)

    await buy(page, "Pay")
    await expect(page.get_by_text("1,000 credits are on your account.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Paid").first).to_be_visible()
    await page.goto("/usage")
    await expect(page.locator(".bal")).to_have_text(str(START + 1000))
    await expect(page.get_by_role("table", name="Ledger").get_by_text("Purchase")).to_have_count(1)

    await page.get_by_role("link", name="Orders").click()
    await page.get_by_role("table", name="Orders").get_by_role("link").click()
    await page.get_by_role("button", name="Refund USD 10.00").click()
    await expect(page.get_by_text("There is nothing to refund")).to_be_visible()
    await page.goto("/usage")
    await expect(page.locator(".bal")).to_have_text(str(START))
    await page.get_by_role("link", name="Statement").click()
    await expect(page.get_by_text("It adds up.")).to_be_visible()


async def test_payment_that_fails_or_is_cancelled_brings_nothing(page: Page) -> None:
    await sign_up(page)

    await buy(page, "Let the payment fail")
    await expect(page.get_by_text("The payment did not go through.")).to_be_visible()
    await buy(page, "Cancel")
    await expect(page.get_by_text("Nothing was paid.")).to_be_visible()

    await page.goto("/usage")
    await expect(page.locator(".bal")).to_have_text(str(START))


async def test_coming_back_without_paying_invents_nothing(page: Page) -> None:
    await sign_up(page)
    await page.goto("/credits")
    await page.get_by_role("button", name="Continue to payment").click()
    await page.wait_for_url("**/credits/orders/*")

    await page.goto(page.url + "?status=succeeded&payment_id=pay_1")

    await expect(page.get_by_text("has not told us yet whether you paid")).to_be_visible()
    await expect(page.get_by_role("link", name="Look again")).to_be_visible()


async def test_own_limit_stops_a_generation_before_anything_is_reserved(page: Page) -> None:
    await sign_up(page)
    await page.goto("/credits/limits")
    await page.get_by_label("Most credits a day").fill("1")
    await page.get_by_role("button", name="Save limits").click()
    await expect(page.get_by_text("Your limits are saved.")).to_be_visible()

    await page.goto("/create")
    await page.get_by_role("textbox", name="Prompt").fill("A lighthouse at dusk, woodcut")
    await page.get_by_role("button", name="Generate").click()
    await expect(page.get_by_role("link", name="49 credits")).to_be_visible()
    await page.get_by_role("textbox", name="Prompt").fill("Another lighthouse, etching")
    await page.wait_for_timeout(2000)  # sooner it would be the second half of a double click
    await page.get_by_role("button", name="Generate").click()

    await expect(page.get_by_text("of your limit for today")).to_be_visible()
    await expect(page.get_by_role("link", name="Change limits")).to_be_visible()
    await expect(page.get_by_role("link", name="49 credits")).to_be_visible()


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_every_page_is_open_to_everyone(
    open_context: OpenContext, product: Product, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await buy(page, "Pay")
    order = page.url.partition("?")[0]

    for path in (order, "/credits", "/credits/orders", "/credits/statement", "/credits/limits"):
        await page.goto(path)
        assert await find_barriers(page) == [], path
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


@pytest.mark.promise("P4")
async def test_credits_are_bought_at_dodo_payments_whatever_its_messages_do(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    emulator = DodoEmulator(prefix="/dodo")
    async with served(emulator) as origin:
        settings = {name.removeprefix("IMAGEROUTE_"): text for name, text in settings_of(emulator).items()}
        product = await make_product(**settings)
        emulator.webhook_url = f"{product.url}/webhooks/dodo"
        watch.origins = (product.url, origin)
        watch.allowed.append("favicon.ico")
        page = await (await open_context(url=product.url)).new_page()
        await sign_up(page)
        await page.goto("/credits")
        await expect(page.get_by_text("Dodo Payments, United States")).to_be_visible()
        await page.get_by_role("button", name="Continue to payment").click()
        await page.get_by_role("link", name="Pay at Dodo Payments").click()
        await page.get_by_role("button", name="succeed").click()
        await expect(page.get_by_text("500 credits are on your account.")).to_be_visible()

        (payment_id,) = emulator.payments
        sent = await emulator.send("payment.succeeded", payment_id, times=50, message_id="msg_again")
        assert set(sent) == {204}
        emulator.secrets_ = ["whsec_" + "QUFB" * 8]
        assert set(await emulator.send("payment.succeeded", payment_id, times=3)) == {401}
        await page.goto("/usage")
        await expect(page.locator(".bal")).to_have_text(str(START + 500))
        await page.goto("/credits/orders")
        await page.get_by_role("table", name="Orders").get_by_role("link").click()
        await page.get_by_role("button", name="Refund USD 5.95").click()
        await expect(page.get_by_text("There is nothing to refund")).to_be_visible()
        assert [row["amount"] for row in emulator.refunds.values()] == [595]
    held = product.log_path.read_bytes() + b"".join(
        path.read_bytes() for path in product.data_dir.rglob("*") if path.is_file() and path.suffix != ".webp"
    )
    for needle in (b"Paula Payer", b"Payer Street", b"4000000000000002", b"card_last_four"):
        assert needle not in held
