"""A whole life at an installation that signs in by Clerk: first picture, a new name on both sides, out, revoked, erased."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.emulators.clerk import ClerkEmulator, clerk_settings
from tests.emulators.kit import served
from tests.journeys.conftest import OpenContext, Watch, find_barriers
from tests.product import ForkedProduct, Product

EMAIL, THEIRS = "ada@example.com", "a password at Clerk"


@pytest_asyncio.fixture(loop_scope="session")
async def cloud() -> AsyncIterator[ClerkEmulator]:
    emulator = ClerkEmulator(prefix="/clerk")
    async with served(emulator):
        yield emulator


@pytest_asyncio.fixture(loop_scope="session")
async def product(front_end: None, cloud: ClerkEmulator, tmp_path: Path) -> AsyncIterator[Product]:
    """An installation of its own, with Clerk's settings."""
    settings = {name.removeprefix("IMAGEROUTE_"): text for name, text in clerk_settings(cloud).items()}
    one = ForkedProduct(tmp_path / "data", settings=settings)
    cloud.origins, cloud.hook_url = (one.url,), f"{one.url}/webhooks/clerk"
    await one.start()
    yield one
    await one.stop()


async def sign_in(page: Page) -> None:
    """Press the button here, and fill in the form there."""
    await page.goto("/sign-in")
    await page.get_by_role("link", name="Sign in").click()
    await enter(page)


async def enter(page: Page, email: str = EMAIL) -> None:
    """Fill in the hosted form."""
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password").fill(THEIRS)
    await page.get_by_role("button", name="Continue").click()


async def join(page: Page, email: str = EMAIL) -> None:
    """Fill in our form and the hosted one."""
    await page.goto("/sign-up")
    assert await find_barriers(page) == []
    for part, value in (("born_day", "10"), ("born_month", "12"), ("born_year", "1990")):
        await page.locator(f"[name={part}]").fill(value)
    await page.get_by_role("button", name="Go on").click()
    await expect(page).to_have_url(re.compile("/clerk/portal/sign-up"))
    await page.get_by_label("First name").fill("Ada")
    await page.get_by_label("Last name").fill("Lovelace")
    await enter(page, email)
    await page.wait_for_url("**/create*")


async def rename(page: Page, cloud: ClerkEmulator) -> None:
    """Change the name here and see it there, then there and see it here."""
    await page.goto("/account")
    await expect(page.get_by_label("Full name")).to_have_value("Ada Lovelace")
    await expect(page.get_by_role("link", name="Change at Clerk")).to_be_visible()
    await expect(page.get_by_label("Current password")).to_have_count(0)
    await page.get_by_label("Full name").fill("Augusta King")
    await page.get_by_role("button", name="Save name").click()
    await expect(page.get_by_text("Your name is saved")).to_be_visible()
    [user_id] = cloud.users
    assert (cloud.users[user_id]["first_name"], cloud.users[user_id]["last_name"]) == ("Augusta", "King")
    await cloud.change_user(user_id, last_name="Byron")
    await page.goto("/account")
    await expect(page.get_by_label("Full name")).to_have_value("Augusta Byron")


async def end_elsewhere(page: Page, cloud: ClerkEmulator) -> None:
    """End a sign-in that is at Clerk only, from the list of devices."""
    [user_id] = cloud.users
    there = cloud.open_session(user_id)
    await page.goto("/account")
    row = page.get_by_role("row").filter(has_text="At Clerk only")
    await row.get_by_role("button", name="End").click()
    await expect(row).to_have_count(0)
    await expect(page.get_by_text("That sign-in at Clerk is ended")).to_be_visible()
    assert cloud.sessions[there]["status"] == "revoked"


async def leave_everywhere(page: Page, cloud: ClerkEmulator) -> None:
    """Sign out everywhere while Clerk ends nothing: out here, said so, no way back, and ended there by the sweep."""
    cloud.ends_nothing = True
    await page.goto("/account")
    await page.get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_text("your sign-ins there will be ended as soon as it does")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("link", name="Sign in").click()
    refused = re.compile("You signed out of this sign-in|The sign-in service does not answer right now")
    await expect(page.get_by_text(refused)).to_be_visible()
    await page.goto("/create")
    await expect(page).to_have_url(re.compile("/sign-in"))
    cloud.ends_nothing = False
    await none_live(cloud)


async def none_live(cloud: ClerkEmulator) -> None:
    """Wait until nobody is signed in at Clerk."""
    async with asyncio.timeout(60):
        while any(one["status"] == "active" for one in cloud.sessions.values()):
            await asyncio.sleep(0.05)


async def test_a_life_with_clerk(
    open_context: OpenContext, product: Product, cloud: ClerkEmulator, watch: Watch
) -> None:
    watch.origins = (*watch.origins, cloud.url.removesuffix("/clerk"))
    watch.allowed += ["401", "403", "503 (Service Unavailable)", "favicon"]
    page = await (await open_context()).new_page()

    await join(page)
    await page.get_by_role("textbox", name="Prompt").fill("a lighthouse at dusk")
    await page.get_by_role("button", name=re.compile("^Generate")).click()
    await expect(page.get_by_role("region", name="Results").get_by_role("img").first).to_be_visible(timeout=60_000)
    await rename(page, cloud)
    await end_elsewhere(page, cloud)

    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.wait_for_url(f"{product.url}/")
    await none_live(cloud)

    await sign_in(page)
    await page.wait_for_url("**/create*")
    await leave_everywhere(page, cloud)

    await sign_in(page)
    await page.wait_for_url("**/create*")
    [live] = [name for name, one in cloud.sessions.items() if one["status"] == "active"]
    await cloud.end_session(live)
    await page.goto("/gallery")
    await expect(page).to_have_url(re.compile("/sign-in"))

    await sign_in(page)
    await page.wait_for_url("**/create*")
    await page.goto("/privacy-center#close")
    await page.get_by_role("button", name="Erase now").click()
    await expect(page).to_have_url(re.compile("/erasure/"))
    await expect(page.get_by_text("Your sign-in account is deleted")).to_be_visible(timeout=60_000)
    assert cloud.users == {}
