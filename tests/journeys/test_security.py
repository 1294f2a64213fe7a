"""Signing in without a password, and with a second step: passkeys in Chromium's own virtual authenticator, codes, no script."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from imageroute_app.bootstrap import utc_now
from imageroute_app.domain.factors import STEP_S, code_at
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers, fresh
from tests.journeys.test_account import PASSWORD, sign_up
from tests.product import Product

PAGE = "/account/security"


def by_name(product: Product) -> str:
    """Return the address that browsers allow passkeys at."""
    return product.url.replace("127.0.0.1", "localhost")


async def plug_in(page: Page) -> None:
    """Give the page a device that keeps passkeys and whose person touches it at once."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def add_passkey(page: Page, name: str) -> None:
    await page.goto(PAGE)
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Make the passkey").click()
    await expect(page.get_by_role("status").first).to_contain_text("Your passkey is saved")


async def sign_out(context: BrowserContext) -> None:
    """Forget the cookies, as another visit would."""
    await context.clear_cookies()


async def code_on(page: Page, ahead: int = 0) -> str:
    """Return the code that an app shows for the key on the page."""
    key = await page.locator(".qrkey").inner_text()
    return code_at(key.replace(" ", ""), int(utc_now().timestamp()) // STEP_S + ahead)


async def test_a_passkey_is_made_used_and_removed(open_context: OpenContext, product: Product, watch: Watch) -> None:
    watch.allowed.append("422")
    context = await open_context(url=by_name(product))
    page = await context.new_page()
    await plug_in(page)
    await sign_up(page)

    await page.goto("/account")
    await page.get_by_role("link", name="Set up passkeys and codes").click()
    await expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    await add_passkey(page, "My laptop")
    await expect(page.get_by_role("table", name="Passkeys")).to_contain_text("My laptop")

    await sign_out(context)
    await page.goto("/sign-in?next=/account/security")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page).to_have_url(re.compile(PAGE))
    await expect(page.get_by_role("table", name="Passkeys")).not_to_contain_text("Never")

    await page.get_by_role("button", name="Remove My laptop").click()
    await expect(page.get_by_role("table", name="Passkeys")).to_have_count(0)
    await sign_out(context)
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("not known here")


async def test_a_device_without_a_passkey_says_that_nothing_was_done(
    open_context: OpenContext, product: Product
) -> None:
    page = await (await open_context(url=by_name(product))).new_page()
    await plug_in(page)
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_text("Nothing was done")).to_be_visible()
    await expect(page.get_by_role("button", name="Use a passkey")).to_be_enabled()


async def test_codes_are_set_up_and_asked_for_without_scripts(open_context: OpenContext, watch: Watch) -> None:
    watch.allowed.append("422")
    context = await open_context(java_script_enabled=False)
    page = await context.new_page()
    email = await sign_up_plain(page)
    await page.goto(PAGE)
    await page.get_by_role("button", name="Set up codes").click()
    await expect(page.get_by_role("img", name="Square for the app")).to_be_visible()
    next_code = await code_on(page, ahead=1)
    await page.get_by_label("Code that the app shows").fill(await code_on(page))
    await page.get_by_role("button", name="Turn on codes").click()
    await expect(page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(10)

    await sign_out(context)
    await page.goto("/sign-in")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Code", exact=True).fill("000000")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(next_code)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/create")


async def sign_up_plain(page: Page) -> str:
    """Open an account where no script runs."""
    email = fresh("plain")
    await page.goto("/sign-up")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    for part, value in (("born_day", "10"), ("born_month", "12"), ("born_year", "1990")):
        await page.locator(f"[name={part}]").fill(value)
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url("**/create*")
    return email


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_pages_of_signing_in_have_no_barriers(
    open_context: OpenContext, product: Product, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme, url=by_name(product))).new_page()
    await plug_in(page)
    email = await sign_up(page)
    found: dict[str, list[str]] = {}
    await add_passkey(page, "My laptop")
    found["page"] = await find_barriers(page)
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("button", name="Make the passkey")).to_be_visible()
    found["passkey"] = await find_barriers(page)
    await page.goto(PAGE)
    await page.get_by_role("button", name="Set up codes").click()
    await expect(page.get_by_role("img", name="Square for the app")).to_be_visible()
    found["app"] = await find_barriers(page)
    await page.get_by_label("Code that the app shows").fill(await code_on(page))
    await page.get_by_role("button", name="Turn on codes").click()
    await expect(page.get_by_role("list", name="Recovery codes")).to_be_visible()
    found["codes"] = await find_barriers(page)
    await page.context.clear_cookies()
    await page.goto("/sign-in")
    await expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()
    found["sign-in"] = await find_barriers(page)
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("Code", exact=True)).to_be_visible()
    found["code"] = await find_barriers(page)
    assert {name: barriers for name, barriers in found.items() if barriers} == {}
