"""Choices in the browser: what is on the device before any, the question and its equal answers, the signal, and each switch."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, Response, expect

from imageroute_app.domain.choices import BAR_WORDS, SIGNAL_WORDS
from imageroute_app.domain.data_map import COOKIES, STORAGE_KEYS
from tests.journeys.conftest import LOOKS, OpenContext, find_barriers, fresh
from tests.product import Product

PASSWORD = "correct horse battery"
ESSENTIAL = {name for name, item in {**COOKIES, **STORAGE_KEYS}.items() if item.is_essential}
PREFERENCES = {name for name in STORAGE_KEYS if name.startswith("localStorage.")}
READ_STORAGE = """() => [["localStorage", localStorage], ["sessionStorage", sessionStorage]].flatMap(
    ([name, holder]) => Object.keys(holder).map((key) => `${name}.${key}`))"""
STYLE = """(button) => {
    const { color, backgroundColor, fontWeight, fontSize, boxShadow, borderColor } = getComputedStyle(button);
    return [color, backgroundColor, fontWeight, fontSize, boxShadow, borderColor];
}"""
GPC = {"Sec-GPC": "1"}


async def sign_up(page: Page, email: str) -> None:
    await page.goto("/sign-up")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    for part, value in (("born_day", "10"), ("born_month", "12"), ("born_year", "1990")):
        await page.locator(f"[name={part}]").fill(value)
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url("**/create*")


async def on_device(context: BrowserContext, page: Page) -> set[str]:
    """Return what lies in this browser of ours."""
    cookies = {cookie.get("name", "") for cookie in await context.cookies()}
    return cookies | set(await page.evaluate(READ_STORAGE))


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="Cookie choices")


def counts_of(page: Page) -> list[dict[str, Any]]:
    """Follow what this page sends to be counted."""
    sent: list[dict[str, Any]] = []

    def note(answer: Response) -> None:
        if answer.url.endswith("/api/seen"):
            sent.append(json.loads(answer.request.post_data or "{}"))

    page.on("response", note)
    return sent


async def wait_for_standing(page: Page, path: str) -> None:
    """Open a page, and wait until its script knows whether it may ask."""
    async with page.expect_response("**/api/choices*"):
        await page.goto(path)


@pytest.mark.metric("pre_consent_storage_items")
@pytest.mark.promise("P14", "P24", "P38", "P55")
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_before_any_choice_only_what_is_needed_is_on_the_device(open_context: OpenContext, size: str) -> None:
    context = await open_context(size=size)
    page = await context.new_page()
    sent = counts_of(page)
    for path in ("/", "/trust", "/", "/sign-in", "/cookies", "/"):
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        assert await on_device(context, page) <= ESSENTIAL - PREFERENCES, path
    await expect(bar(page)).to_be_visible()
    assert sent == []


@pytest.mark.promise("P55")
async def test_looks_are_kept_once_somebody_switches_and_no_sooner(open_context: OpenContext) -> None:
    context = await open_context()
    page = await context.new_page()
    await sign_up(page, fresh("looks"))
    for path in ("/create", "/gallery", "/privacy-center"):
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        assert not await on_device(context, page) & PREFERENCES, path
    await page.get_by_role("button", name="Switch between light and dark").click()
    await expect(page.locator("html.dark")).to_be_attached()
    assert await on_device(context, page) & PREFERENCES == {"localStorage.theme"}
    await page.goto("/trust")
    await expect(page.locator("html.dark")).to_be_attached()


@pytest.mark.metric("clicks_reject_accept")
@pytest.mark.promise("P56")
@pytest.mark.parametrize(("size", "theme"), LOOKS)
@pytest.mark.parametrize("path", ["/", "/privacy"])
async def test_reject_and_accept_are_equals(open_context: OpenContext, size: str, theme: str, path: str) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await page.goto(path)
    await expect(bar(page)).to_be_visible()
    await expect(bar(page)).to_contain_text(BAR_WORDS.partition("? ")[2])
    looks = []
    for name in ("Reject all", "Accept all"):
        button = bar(page).get_by_role("button", name=name)
        box = await button.bounding_box()
        assert box is not None
        style = await button.evaluate(STYLE)
        looks.append((round(box["width"]), round(box["height"]), round(box["y"]), *style))
    assert looks[0] == looks[1]
    assert looks[0][1] >= 36
    assert await find_barriers(page) == []
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0


@pytest.mark.promise("P14", "P24", "P56", "P57")
async def test_reject_is_one_press_and_holds(open_context: OpenContext) -> None:
    context = await open_context()
    page = await context.new_page()
    sent = counts_of(page)
    await page.goto("/")
    await bar(page).get_by_role("button", name="Reject all").click()
    await expect(bar(page)).to_be_hidden()
    for path in ("/trust", "/", "/terms"):
        await wait_for_standing(page, path)
        await expect(bar(page)).to_be_hidden()
    await page.goto("/")
    assert "ir_choices" in await on_device(context, page)
    assert await on_device(context, page) <= ESSENTIAL
    assert sent == []


@pytest.mark.promise("P13", "P14", "P24", "P56")
async def test_accept_is_one_press_by_keyboard_and_taking_it_back_leaves_nothing(open_context: OpenContext) -> None:
    context = await open_context()
    page = await context.new_page()
    sent = counts_of(page)
    await page.goto("/")
    await expect(bar(page)).to_be_visible()
    await bar(page).get_by_role("link", name="Choose").focus()
    for _ in range(2):
        await page.keyboard.press("Tab")
    async with page.expect_response("**/api/seen"):
        await page.keyboard.press("Enter")
    await expect(bar(page)).to_be_hidden()
    assert await page.evaluate("document.activeElement.id") == "main"
    async with page.expect_response("**/api/seen"):
        await page.goto("/trust")
    assert [one["page"] for one in sent] == ["home", "trust"]
    assert all(set(one) == {"page", "load_ms"} for one in sent)
    assert "ir_visitor" in await on_device(context, page)

    await page.goto("/cookies")
    await expect(page.locator("[data-entry=ir_visitor]")).to_contain_text("You allowed it")
    await page.get_by_role("switch", name="Usage statistics").uncheck()
    await page.get_by_role("switch", name="Speed measurements").uncheck()
    await page.get_by_role("button", name="Save my choice").click()
    await expect(page.get_by_text("You answered on")).to_be_visible()
    await expect(page.locator("[data-entry=ir_choices]")).to_be_visible()
    await expect(page.locator("[data-entry=ir_visitor]")).to_have_count(0)
    before = len(sent)
    await wait_for_standing(page, "/trust")
    assert await on_device(context, page) <= ESSENTIAL
    assert len(sent) == before


@pytest.mark.metric("clicks_withdraw_give")
@pytest.mark.promise("P56")
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_a_yes_is_taken_back_by_one_press_where_it_was_given(open_context: OpenContext, size: str) -> None:
    context = await open_context(size=size)
    page = await context.new_page()
    back = page.get_by_role("button", name="Take it back")
    for path in ("/", "/trust"):
        await page.goto(path)
        await expect(back).to_be_hidden()
        await bar(page).get_by_role("button", name="Accept all").click()
        await expect(back).to_be_visible()
        assert await find_barriers(page) == []
        await back.click()
        await expect(back).to_be_hidden()
        await expect(bar(page)).to_be_hidden()
        await context.clear_cookies()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await sign_up(page, fresh(f"back-{size}"))
    await page.goto("/")
    await expect(page.get_by_role("banner").get_by_role("link", name="Create")).to_be_visible()
    await expect(page.get_by_role("link", name="Sign in")).to_be_hidden()
    await bar(page).get_by_role("button", name="Accept all").click()
    for path in ("/create", "/gallery", "/privacy-center"):
        await page.goto(path)
        await expect(back).to_be_visible()
    switch = page.get_by_role("region", name="Consents and choices").get_by_role("switch", name="Usage statistics")
    await expect(switch).to_be_checked()
    assert await find_barriers(page) == []
    await back.click()
    await expect(back).to_be_hidden()
    await expect(switch).not_to_be_checked()


@pytest.mark.promise("P57", "P56")
async def test_the_choice_needs_no_script(open_context: OpenContext) -> None:
    context = await open_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/cookies")
    await page.get_by_role("switch", name="Usage statistics").check()
    await page.get_by_role("button", name="Save my choice").click()
    await expect(page.get_by_role("switch", name="Usage statistics")).to_be_checked()
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("switch", name="Usage statistics")).not_to_be_checked()
    await expect(page.get_by_role("button", name="Reject all")).to_be_visible()
    assert {cookie.get("name", "") for cookie in await context.cookies()} == {"ir_choices"}


@pytest.mark.promise("P67", "P56")
async def test_the_browsers_signal_is_honoured_visibly_and_nobody_is_asked(open_context: OpenContext) -> None:
    context = await open_context(extra_http_headers=GPC)
    page = await context.new_page()
    for path in ("/", "/trust", "/cookies"):
        await wait_for_standing(page, path)
        await expect(page.get_by_text(SIGNAL_WORDS).first).to_be_visible()
        await expect(bar(page)).to_have_count(0)
    assert "ir_choices" not in await on_device(context, page)
    await sign_up(page, fresh("gpc"))
    await page.goto("/privacy-center")
    section = page.get_by_role("region", name="Consents and choices")
    await expect(section.get_by_text(SIGNAL_WORDS, exact=True).first).to_be_visible()
    await expect(section.get_by_role("switch", name="Usage statistics")).not_to_be_checked()
    await expect(section.get_by_text("although the signal says no").first).to_be_visible()
    await section.get_by_role("switch", name="Usage statistics").click()
    await expect(section.get_by_role("switch", name="Usage statistics")).to_be_checked()
    await page.reload()
    await expect(section.get_by_role("switch", name="Usage statistics")).to_be_checked()


@pytest.mark.promise("P67")
async def test_a_signal_that_only_the_page_hears_counts_as_much(open_context: OpenContext) -> None:
    context = await open_context()
    await context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    page = await context.new_page()
    await page.goto("/")
    await expect(page.get_by_text(SIGNAL_WORDS)).to_be_visible()
    await expect(bar(page)).to_be_hidden()
    await sign_up(page, fresh("gpc-page"))
    await page.wait_for_load_state("networkidle")
    await page.goto("/privacy-center")
    await expect(page.locator("[aria-labelledby=overview]").get_by_text(SIGNAL_WORDS)).to_be_visible()


@pytest.mark.promise("P56", "P70")
async def test_an_answer_from_before_is_carried_into_the_account(open_context: OpenContext) -> None:
    context = await open_context()
    page = await context.new_page()
    await page.goto("/")
    await bar(page).get_by_role("button", name="Accept all").click()
    await expect(bar(page)).to_be_hidden()
    await sign_up(page, fresh("carried"))
    await wait_for_standing(page, "/privacy-center")
    await expect(bar(page)).to_be_hidden()
    section = page.get_by_role("region", name="Consents and choices")
    await expect(section.get_by_role("switch", name="Usage statistics")).to_be_checked()
    await expect(section.get_by_text("before you signed in").first).to_be_visible()
    assert not {"ir_choices", "ir_visitor"} & await on_device(context, page)


@pytest.mark.promise("P42", "P56", "P69", "P70")
@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_every_choice_is_a_switch_with_its_words_and_a_receipt(
    open_context: OpenContext, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page, fresh(f"choices-{size}-{theme}"))
    await expect(bar(page)).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^(Model: )?Sketch")).first).to_be_visible()
    assert await find_barriers(page) == []
    await bar(page).get_by_role("button", name="Reject all").click()
    await expect(bar(page)).to_be_hidden()
    await page.goto("/privacy-center#choices")
    section = page.get_by_role("region", name="Consents and choices")
    analytics = section.get_by_role("switch", name="Usage statistics")
    await expect(analytics).not_to_be_checked()
    await analytics.focus()
    await page.keyboard.press("Space")
    await expect(analytics).to_be_checked()
    await expect(section.get_by_text("Switched on by you").first).to_be_visible()
    await page.keyboard.press("Space")
    await expect(analytics).not_to_be_checked()
    await section.get_by_role("switch", name="Improving the product").click()
    await expect(section.get_by_text(re.compile("Objected by you"))).to_be_visible()
    await section.get_by_role("switch", name="Newsletter").click()
    await expect(section.get_by_text("Waiting for your answer to the mail")).to_be_visible()
    await section.get_by_text("History and receipts").click()
    await expect(section.get_by_text("every entry follows from the one before")).to_be_visible()
    async with page.expect_download() as download:
        await section.get_by_role("link", name=re.compile("^Receipt .* Usage statistics, switched on")).click()
    receipt = json.loads((await (await download.value).path()).read_text(encoding="utf-8"))
    assert receipt["event"]["event_state"] == "dpv:ConsentGiven"
    assert await find_barriers(page) == []
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0


@pytest.mark.promise("P52")
async def test_a_freeze_stops_making_and_says_what_starts_again_before_it_is_lifted(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await sign_up(page, fresh("frozen"))
    await page.goto("/privacy-center#choices")
    section = page.get_by_role("region", name="Consents and choices")
    await section.get_by_role("button", name="Freeze my data").click()
    await expect(page.get_by_role("heading", name=re.compile("Your data is frozen"))).to_be_visible()
    await page.goto("/create")
    await page.get_by_role("button", name=re.compile("^Run")).first.click()
    await expect(page.get_by_text("Your data is frozen").first).to_be_visible()
    await page.goto("/privacy-center#choices")
    await section.get_by_role("button", name="Lift the freeze").click()
    await expect(section.get_by_text("Before the freeze is lifted")).to_be_visible()
    await section.get_by_role("button", name="Stay frozen").click()
    await expect(section.get_by_role("button", name="Lift the freeze")).to_be_visible()
    await section.get_by_role("button", name="Lift the freeze").click()
    await section.get_by_role("button", name="Lift it now").click()
    await expect(section.get_by_role("button", name="Freeze my data")).to_be_visible()


@pytest.mark.promise("P27", "P61", "P62")
@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_one_picture_is_switched_on_and_off_where_it_is_seen(open_context: OpenContext, size: str) -> None:
    page = await (await open_context(size=size)).new_page()
    await sign_up(page, fresh(f"trainer-{size}"))
    await page.get_by_role("button", name=re.compile("^Run")).first.click()
    await expect(page.locator(".tile img").first).to_be_visible(timeout=60_000)
    await page.locator(".tile:has(img) button, button.tile").first.click()
    switch = page.get_by_role("switch", name="Allow training on this picture")
    await expect(switch).not_to_be_checked()
    await switch.click()
    await expect(page.get_by_text("On. Rests until")).to_be_visible()
    assert await find_barriers(page) == []
    await page.goto("/privacy-center#training")
    section = page.get_by_role("region", name="AI training")
    await expect(section.get_by_text("1 picture switched on.")).to_be_visible()
    await expect(page.get_by_role("heading", name=re.compile("1 picture may be used for training"))).to_be_visible()
    await section.get_by_role("switch").click()
    await expect(section.get_by_text("0 pictures switched on.")).to_be_visible()
    await expect(page.get_by_role("heading", name=re.compile("Nothing is used for training"))).to_be_visible()


@pytest.mark.promise("P14")
@pytest.mark.parametrize("path", ["/cookies", "/privacy-center"])
async def test_an_entry_that_nobody_registered_is_shown_in_red(open_context: OpenContext, path: str) -> None:
    page = await (await open_context()).new_page()
    await sign_up(page, fresh(f"device{path.replace('/', '-')}"))
    await page.goto(path)
    await expect(page.get_by_text("each in our register")).to_be_visible()
    await expect(page.locator("[data-entry=ir_session]")).to_contain_text("keeps you signed in")
    await page.evaluate("localStorage.setItem('planted', '1')")
    await page.get_by_role("button", name="Look again").click()
    await expect(page.locator("[data-entry='localStorage.planted']")).to_contain_text("Unknown")
    await expect(page.get_by_text("1 of them not in our register")).to_be_visible()


async def test_the_first_visit_offers_the_newsletter(open_context: OpenContext, product: Product) -> None:
    page = await (await open_context()).new_page()
    email = fresh("news")
    await sign_up(page, email)
    switch = page.get_by_role("switch", name="Newsletter")
    await expect(switch).not_to_be_checked()
    await switch.click()
    await expect(page.get_by_text("We sent you a mail that asks")).to_be_visible()
    await page.goto("/outbox")
    letter = page.get_by_role("article", name=re.compile(f"Do you want the newsletter.*{email}")).first
    await letter.get_by_role("link", name="Open the link").click()
    await page.get_by_role("button", name="Yes, send it to me").click()
    await page.goto("/privacy-center#choices")
    await expect(
        page.get_by_role("region", name="Consents and choices").get_by_text("On", exact=True).first
    ).to_be_visible()
