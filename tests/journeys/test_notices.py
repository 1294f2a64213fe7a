"""Notices in the browser: the bell, the banner, the list, live and on a phone."""

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import LOOKS, OpenContext, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_uploads import bring


@pytest.mark.promise("P72", "P25")
@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_what_is_told_rings_stands_above_the_page_and_is_put_away(
    open_context: OpenContext, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await page.goto("/notices")
    await expect(page.get_by_role("heading", name="No notices yet")).to_be_visible()
    assert await find_barriers(page) == []
    await page.goto("/privacy-center")
    button = page.get_by_role("button", name="Export my data")
    await expect(button).to_be_enabled()
    await button.click()
    banner = page.get_by_text("Sign in to download it.").first
    await expect(banner).to_be_visible(timeout=60_000)  # nobody reloaded
    await expect(page.get_by_role("link", name="Notices, 1 new")).to_be_visible()
    # From the top: a switch that is half under the list of sections is smaller than it is.
    await page.locator(".scroll").evaluate("element => element.scrollTo(0, 0)")
    assert await find_barriers(page) == []
    await page.get_by_role("link", name="Notices, 1 new").click()
    told = page.get_by_role("list", name="Notices")
    await expect(told.get_by_text("New", exact=True)).to_be_visible()
    assert await find_barriers(page) == []
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    await told.get_by_role("link", name="Open").click()
    await page.wait_for_url("**/privacy-center#export")
    await expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
    await expect(banner).to_have_count(0)


async def test_a_phone_reaches_what_goes_on_from_its_foot(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await sign_up(page)
    await bring(page, "beach.jpg")
    await page.get_by_role("navigation", name="Main, phone").get_by_role("link", name="Activity").click()
    await expect(page.get_by_role("heading", name="Notices", level=1)).to_be_visible()
    await expect(
        page.get_by_role("navigation", name="Main, phone").get_by_role("link", name="Activity")
    ).to_have_attribute("aria-current", "page")
