"""A person with a phone who never read a policy: every right is found in the list of sections and used, by finger and keys."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.journeys.conftest import LOOKS, OpenContext, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_uploads import bring

SECTIONS = (
    "Overview", "What we hold", "Uploads", "Gallery and downloads", "Export my data", "Consents and choices",
    "AI training", "Cookies and storage", "Who got what", "Activity and access", "Requests and complaints", "Close account",
    "Policy and versions", "Report", "Trust",
)  # fmt: skip


async def open_center(page: Page) -> None:
    await page.goto("/privacy-center")
    await expect(page.get_by_text("used for training.")).to_be_visible()


async def go_to(page: Page, section: str) -> Locator:
    """Open a section from the folded list that stays at the top of a phone; returns its heading."""
    await page.locator(".pcsel summary").click()
    await page.locator(".pcsel a").filter(has_text=re.compile(f"^{section}$")).click()
    await expect(page.locator(".pcsel[open]")).to_have_count(0)
    hash_of = page.url.rpartition("#")[2]
    heading = page.locator(f"#{hash_of}")
    await expect(heading).to_be_in_viewport()
    return heading


@pytest.mark.promise("P1", "P42")
async def test_a_phone_reaches_every_section_and_the_list_says_where_it_is(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone", has_touch=True)).new_page()
    await sign_up(page)
    await bring(page)
    await open_center(page)
    for section in SECTIONS:
        await go_to(page, section)
        await expect(page.get_by_role("heading", name="Privacy", level=1)).to_be_in_viewport()
    await go_to(page, "Uploads")
    await expect(page.locator(".pcsel summary")).to_have_attribute("data-here", "Uploads")
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0


@pytest.mark.promise("P47", "P37")
async def test_uploads_alone_are_erased_in_three_presses_and_the_receipt_needs_no_sign_in(
    open_context: OpenContext,
) -> None:
    page = await (await open_context(size="phone", has_touch=True)).new_page()
    await sign_up(page)
    await bring(page)
    await open_center(page)
    await go_to(page, "What we hold")
    await page.get_by_role("link", name="Erase: Uploads").tap()
    await expect(page.get_by_role("heading", name="Stays, and why")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Erase now").tap()
    await expect(page.get_by_text("Uploads, and nothing else")).to_be_visible()
    await expect(page.get_by_role("heading", level=1, name=re.compile("^Gone"))).to_be_visible(timeout=60_000)
    assert await find_barriers(page) == []
    stranger = await (await open_context(size="phone", java_script_enabled=False)).new_page()
    await stranger.goto(page.url)
    await expect(stranger.get_by_role("heading", level=1, name=re.compile("^Gone"))).to_be_visible()
    await page.goto("/uploads")
    await expect(page.get_by_role("heading", name="No uploads")).to_be_visible()


@pytest.mark.promise("P46", "P51", "P71")
async def test_by_keys_alone_a_person_corrects_objects_and_complains(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await sign_up(page)
    await open_center(page)
    await page.locator(".pcsel summary").focus()
    await page.keyboard.press("Enter")
    link = page.locator(".pcsel a").filter(has_text=re.compile("^Requests and complaints$"))
    await link.focus()
    await page.keyboard.press("Enter")
    section = page.get_by_role("region", name="Requests and complaints")
    await section.get_by_text("New request").focus()
    await page.keyboard.press("Enter")
    await section.get_by_label("What you ask for").select_option("object")
    await section.get_by_label("In your words").focus()
    await page.keyboard.type("I object to statistics.")
    await section.get_by_role("button", name="Send request").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Art. 12(3)")).to_be_visible()
    await page.goto("/complaint")
    await page.get_by_label("Your complaint").fill("Too slow.")
    await page.get_by_role("button", name="Send complaint").press("Enter")
    await expect(page.get_by_text("Too slow.")).to_be_visible()
    await page.goto("/privacy-center#requests")
    await expect(page.get_by_role("table", name="Cases").get_by_text("Open")).to_have_count(2)


@pytest.mark.promise("P49", "P47")
async def test_an_account_waits_seven_days_is_kept_and_then_erased_at_once(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone", has_touch=True)).new_page()
    email = await sign_up(page)
    await open_center(page)
    await go_to(page, "Close account")
    section = page.get_by_role("region", name="Close account")
    await section.get_by_role("button", name="Close account").tap()
    await expect(page.get_by_role("heading", name=re.compile("Everything is erased on"))).to_be_visible()
    status = page.url
    await page.goto("/sign-in")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/privacy-center*")
    await expect(page.get_by_role("link", name="Keep it or erase it now")).to_be_visible()
    await page.get_by_role("button", name="Keep my account").tap()
    await expect(page.get_by_role("link", name="Keep it or erase it now")).to_have_count(0)
    await open_center(page)
    await go_to(page, "Close account")
    await section.get_by_role("button", name="Erase now").tap()
    await expect(page.get_by_role("heading", level=1, name=re.compile("^Gone"))).to_be_visible(timeout=60_000)
    await page.goto(status)
    await expect(page.get_by_text("Called off.")).to_be_visible()
    await page.goto("/create")
    await expect(page).to_have_url(re.compile("/sign-in"))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_the_center_has_no_barriers(open_context: OpenContext, size: str, theme: str) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await bring(page)
    await open_center(page)
    await expect(page.get_by_role("table", name="What happened")).to_contain_text("Account opened")
    await page.get_by_text("What you were shown, and when").click()
    await expect(page.get_by_role("list", name="Shown to you").get_by_text("when you signed up")).to_have_count(2)
    assert await find_barriers(page) == []
