"""Landing, account and usage as people meet them: what is shown, what a press does, and who is out afterwards."""

import itertools
import re
import sys
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.product import Product

PASSWORD = "correct horse battery"
MISSING = "/no-such-place"
LANDING_MAX_BYTES = 180 * 1024
FONT_MAX_BYTES = 60 * 1024
_numbers = itertools.count(1)


async def sign_up(page: Page, name: str = "Ada Lovelace", email: str = "") -> str:
    """Open an account by the requests that the form makes, without walking through that; returns its email."""
    form = _form(name, email)
    opened = await page.request.get("/sign-up")
    origin = {"Origin": opened.url.removesuffix("/sign-up")}
    answer = await page.request.post("/auth/sign-up", form={**form}, headers=origin, max_redirects=0)
    assert answer.status == 303, await answer.text()
    await page.goto(answer.headers["location"])
    return form["email"]


def _form(name: str, email: str = "") -> dict[str, str]:
    born = {"born_day": "10", "born_month": "12", "born_year": "1990"}
    return {"full_name": name, "email": email or f"account{next(_numbers)}@example.com", "password": PASSWORD, **born}


async def fill_form(page: Page, name: str = "Ada Lovelace") -> str:
    """Open an account on the page with the form; returns its email."""
    form = _form(name)
    for field, text in form.items():
        await page.locator(f"[name={field}]").fill(text)
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url("**/create*")
    return form["email"]


async def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/create*")


async def expect_sign_in(page: Page) -> None:
    """Wait until the sign-in page is there, address and form."""
    await expect(page).to_have_url(re.compile(r"/sign-in(\?|$)"))
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def open_account(page: Page) -> None:
    await page.goto("/account")
    await expect(page.get_by_role("table", name="Devices").get_by_text("This device")).to_be_visible()


async def test_landing_leads_to_sign_up_sign_in_and_the_public_pages(page: Page) -> None:
    await page.goto("/")

    await expect(page).to_have_title(re.compile("See where your pictures go"))
    for name, path in {
        "Sign up": "/sign-up", "Sign in": "/sign-in", "Read the policy": "/privacy", "Terms": "/terms",
        "Cookies": "/cookies", "Processors": "/processors", "Trust": "/trust", "Contact": "/contact",
    }.items():  # fmt: skip
        link = page.get_by_role("link", name=name)
        await expect(link).to_have_attribute("href", path)
        assert (await page.request.get(path)).status == 200
    await page.get_by_role("link", name="Sign up").click()
    for label in ("Full name", "Email", "Password"):
        await expect(page.get_by_label(label, exact=label == "Password")).to_be_editable()
    await fill_form(page)


async def test_landing_reads_whole_without_scripts(open_context: OpenContext) -> None:
    page = await (await open_context(java_script_enabled=False)).new_page()

    await page.goto("/")

    await expect(page.get_by_role("heading", level=1)).to_have_text("See where your pictures go")
    await expect(page.get_by_role("img", name=re.compile("^Example route of a picture"))).to_be_visible()
    await expect(page.get_by_role("heading", name="The proof that it is gone")).to_be_visible()
    await expect(page.get_by_role("link", name="Sign up")).to_be_visible()


async def test_landing_draws_its_route_once_at_each_size(open_context: OpenContext) -> None:
    for size, is_map in (("desktop", True), ("phone", False)):
        page = await (await open_context(size=size)).new_page()
        await page.goto("/")
        await expect(page.locator("svg.hm")).to_be_visible(visible=is_map)
        await expect(page.locator(".heroroute")).to_be_visible(visible=not is_map)


async def test_landing_stays_within_its_transfer_budget(browser: Browser, product: Product, watch: Watch) -> None:
    context = await browser.new_context(base_url=product.url, viewport={"width": 1440, "height": 900})
    watch.follow(context)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))

    await page.goto("/", wait_until="networkidle")

    def total(*wanted: str, other: bool = False) -> int:
        return sum(int(size) for key, size in sizes.items() if (kinds.get(key) in wanted) is not other)

    pages_bytes, font_bytes = total("Image", "Font", other=True), total("Font")
    sys.stdout.write(
        f"landing: {pages_bytes:,} bytes before pictures and fonts, fonts {font_bytes:,}, pictures {total('Image'):,}\n"
    )
    await context.close()
    watch.check()
    assert 0 < pages_bytes <= LANDING_MAX_BYTES
    assert 0 < font_bytes <= FONT_MAX_BYTES


async def test_changed_name_is_saved_and_said(page: Page) -> None:
    await sign_up(page)
    await open_account(page)

    await page.get_by_role("textbox", name="Full name").fill("Ada King")
    await page.get_by_role("button", name="Save name").click()

    await expect(page.get_by_text("Your name is saved.")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Full name")).to_have_value("Ada King")


async def test_changed_password_signs_the_other_device_out(page: Page, open_context: OpenContext) -> None:
    email = await sign_up(page)
    other = await (await open_context()).new_page()
    await sign_in(other, email)
    await open_account(other)
    await open_account(page)
    await expect(page.get_by_role("table", name="Devices").get_by_role("row")).to_have_count(3)

    await page.get_by_text("Change", exact=True).click()
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_label("New password").fill("a much better one")
    await page.get_by_role("button", name="Change password").click()

    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await expect(page.get_by_role("table", name="Devices").get_by_role("row")).to_have_count(2)
    await other.get_by_role("button", name="Send the link again").click()
    await expect_sign_in(other)
    await sign_in(other, email, "a much better one")


async def test_wrong_current_password_changes_nothing_and_keeps_the_form(page: Page, watch: Watch) -> None:
    email = await sign_up(page)
    await open_account(page)
    watch.allowed.append("422")

    await page.get_by_text("Change", exact=True).click()
    await page.get_by_label("Current password").fill("not this one")
    await page.get_by_label("New password").fill("a much better one")
    await page.get_by_role("button", name="Change password").click()

    await expect(page.get_by_text("The current password is not right.").first).to_be_visible()
    await expect(page.get_by_label("Current password")).to_be_visible()
    await page.context.clear_cookies()
    await sign_in(page, email)


async def test_ended_device_lands_on_sign_in_at_its_next_press(page: Page, open_context: OpenContext) -> None:
    email = await sign_up(page)
    other = await (await open_context(size="phone")).new_page()
    await sign_in(other, email)
    await open_account(other)
    await open_account(page)

    await page.get_by_role("table", name="Devices").get_by_role("button", name=re.compile("^Sign out")).click()

    await expect(page.get_by_text("That device is signed out.")).to_be_visible()
    await expect(page.get_by_role("table", name="Devices").get_by_role("row")).to_have_count(2)
    await other.get_by_role("button", name="Send the link again").click()
    await expect_sign_in(other)


async def test_sign_out_everywhere_ends_this_device_and_the_other(page: Page, open_context: OpenContext) -> None:
    email = await sign_up(page)
    other = await (await open_context()).new_page()
    await sign_in(other, email)
    await open_account(other)
    await open_account(page)

    await page.get_by_role("button", name="Sign out everywhere").click()

    await expect_sign_in(page)
    await other.get_by_role("button", name="Send the link again").click()
    await expect_sign_in(other)


async def test_look_is_chosen_and_survives_a_reload(page: Page) -> None:
    await sign_up(page)
    await open_account(page)
    look = page.get_by_role("group", name="Look")

    await look.get_by_role("button", name="Dark").click()

    await expect(page.locator("html")).to_have_class(re.compile("dark"))
    await page.reload()
    await expect(look.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("html")).to_have_class(re.compile("dark"))


async def test_usage_shows_the_grant_then_a_jobs_line_whose_balance_adds_up(page: Page) -> None:
    await sign_up(page)
    await page.goto("/usage")
    ledger = page.get_by_role("table", name="Ledger")
    await expect(ledger.get_by_role("row", name=re.compile("Grant Starter credits"))).to_be_visible()
    await make_picture(page, "lighthouse on a cliff at night")

    await page.goto("/usage")

    kinds = ledger.locator("tbody").first.locator("tr.jl td:nth-child(2)")
    await expect(kinds).to_have_text(["Quote", "Hold", "Release", "Charge"])
    total = 0
    for row in await ledger.locator("tr.jl, tr.solo").all():
        cells = await row.locator("td").all_inner_texts()
        total += 0 if cells[1] == "Quote" else int(cells[4].replace("−", "-"))
    await expect(page.locator(".bal")).to_have_text(str(total))
    await expect(page.get_by_role("complementary", name=re.compile("^Receipt R-"))).to_contain_text("You paid")


async def test_receipt_opens_as_a_sheet_on_the_phone_and_gives_the_focus_back(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await sign_up(page)
    await make_picture(page, "dunes at dusk")
    await page.goto("/usage")
    opener = page.get_by_role("table", name="Ledger").get_by_role("button", name="dunes at dusk")

    await opener.press("Enter")

    sheet = page.get_by_role("dialog", name=re.compile("^Receipt R-"))
    await expect(sheet).to_contain_text("ImageRoute Sketch")
    assert await find_barriers(page) == []
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(opener).to_be_focused()


async def make_picture(page: Page, prompt: str) -> None:
    """Make one picture on the create page and wait until it is there."""
    await page.goto("/create")
    await page.get_by_role("textbox", name="Prompt").fill(prompt)
    await page.get_by_role("button", name=re.compile("^Generate")).click()
    results = page.get_by_role("region", name="Results")
    await expect(results.get_by_role("img", name=prompt).first).to_be_visible(timeout=60_000)


async def test_unknown_address_answers_404_with_ways_on(page: Page, watch: Watch) -> None:
    watch.allowed.append("404")

    answer = await page.goto(MISSING)

    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", level=1)).to_have_text("This address leads nowhere")
    await page.get_by_role("link", name="Home", exact=True).click()
    await page.wait_for_url(lambda url: urlsplit(url).path == "/")


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_public_screens_have_no_barrier_and_fit(
    open_context: OpenContext, watch: Watch, size: str, theme: str
) -> None:
    watch.allowed.append("404")
    page = await (await open_context(size=size, theme=theme)).new_page()
    for path in ("/", MISSING):
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await check_screen(page)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_own_screens_have_no_barrier_and_fit(open_context: OpenContext, size: str, theme: str) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await make_picture(page, "a red balloon over the bay")
    await page.goto("/usage")
    await expect(page.get_by_role("table", name="Ledger").get_by_text("Charge")).to_be_visible()
    await check_screen(page)
    await open_account(page)
    await page.get_by_text("Change", exact=True).click()
    await check_screen(page)


async def check_screen(page: Page) -> None:
    """Assert that axe finds nothing and that nothing scrolls sideways."""
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
