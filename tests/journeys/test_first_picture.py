"""Journey 1: from the landing page to a picture in the gallery, and everything that must not go wrong on the way."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import MakeProduct
from tests.journeys.conftest import LOOKS, OpenContext, Watch, expect_whole, find_barriers, fresh
from tests.journeys.test_account import PASSWORD, fill_form, sign_in, sign_up
from tests.product import Product

WISH = "lighthouse on a cliff at night, one warm beam"
SIZES = ("desktop", "phone")
TABS_MAX = 60
GO = re.compile("^Generate")
DOUBLE_CLICK_MS = 900
"""A press later than this is meant: services.jobs.DOUBLE_CLICK is 0.8 s."""


def prompt_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Prompt", exact=True)


def results_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Results")


async def new_person(page: Page) -> str:
    """Sign up and wait until the form can be used; returns the email."""
    email = await sign_up(page)
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()
    return email


async def write(page: Page, prompt: str = WISH) -> None:
    """Write a prompt and wait until its quote is in the form."""
    await prompt_of(page).fill(prompt)
    await expect(page.locator("[name=quote_id]")).to_have_value(re.compile(".{8}"))


async def choose_count(page: Page, count: int) -> None:
    await page.get_by_role("button", name=re.compile("^More settings|^[0-9] picture")).first.click()
    # As a person does: on the label, once the panel stands still.
    await page.locator("label.opt.count").get_by_text(str(count), exact=True).click()
    await expect(page.get_by_role("radio", name=str(count), exact=True)).to_be_checked()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name=GO)).to_have_accessible_name(re.compile(f"^Generate, {count} credit"))


async def generate(page: Page) -> None:
    await page.get_by_role("button", name=GO).click()


async def credits_of(page: Page) -> int:
    return int((await page.locator("a.pill").inner_text()).split()[0])


async def gallery_of(page: Page) -> list[str]:
    """Return the prompts of the pictures in the gallery, newest first."""
    answer = await page.request.get("/api/gallery")
    assert answer.status == 200
    return [tile["prompt"] for tile in (await answer.json())["tiles"]]


async def expect_pictures(page: Page, count: int) -> None:
    found = results_of(page).get_by_role("img", name=WISH)
    await expect(found).to_have_count(count, timeout=60_000 + count * 10_000)  # a slow machine draws them one by one


async def expect_jobs(page: Page, count: int) -> None:
    await expect(results_of(page).get_by_role("article")).to_have_count(count)


async def test_new_visitor_makes_a_picture_by_mouse(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("link", name="Sign up").click()
    await fill_form(page)
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()

    before = page.get_by_role("button", name=re.compile("^Privacy: "))
    await expect(before).to_have_accessible_name(
        re.compile("ImageRoute Sketch, This server, Kept 0 days, Never trains")
    )
    await before.click()
    facts = page.get_by_role("dialog", name="Route of the next picture")
    await expect(facts).to_contain_text("Checked on 20")
    await page.keyboard.press("Escape")
    await write(page)
    await choose_count(page, 4)
    await page.get_by_role("button", name="What this costs").click()
    await expect(page.get_by_role("dialog", name="What this costs")).to_contain_text("4 pictures at 1 credit")
    await page.keyboard.press("Escape")

    await generate(page)

    await expect(results_of(page).locator(".tile")).to_have_count(4)
    await page.reload()
    await expect_pictures(page, 4)
    await expect_whole(results_of(page).get_by_role("img", name=WISH))
    await expect(page.locator("a.pill")).to_contain_text("46")
    assert await gallery_of(page) == [WISH] * 4
    await expect(prompt_of(page)).to_have_value(WISH)


async def tab_to(page: Page, target: Locator) -> None:
    """Move the focus with the Tab key alone until it is on the target."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{TABS_MAX} presses of Tab do not reach {target}")


async def sign_up_by_keys(page: Page, email: str) -> None:
    await page.goto("/")
    await tab_to(page, page.get_by_role("link", name="Sign up"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sign-up")
    fields = {"email": email, "password": PASSWORD, "born_day": "10", "born_month": "12", "born_year": "1990"}
    for name, value in fields.items():
        await tab_to(page, page.locator(f"[name={name}]"))
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/create*")
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()


async def choose_two_by_keys(page: Page, size: str) -> None:
    opener = "^More settings" if size == "phone" else "^1 picture"
    one = page.get_by_role("radio", name="1", exact=True)
    await tab_to(page, page.get_by_role("button", name=re.compile(opener)))
    await page.keyboard.press("Enter")
    if size == "phone":
        await tab_to(page, one)
    await expect(one).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Generate, 2 credits")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
async def test_new_visitor_makes_a_picture_by_keyboard_alone(open_context: OpenContext, size: str) -> None:
    page = await (await open_context(size=size)).new_page()
    await sign_up_by_keys(page, fresh(f"keys-{size}"))

    await page.keyboard.press("/")
    await expect(prompt_of(page)).to_be_focused()
    await page.keyboard.type(WISH)
    await page.keyboard.press("Enter")
    await page.keyboard.type("second line")
    await choose_two_by_keys(page, size)
    await expect_jobs_none(page)
    await page.keyboard.press("Control+Enter")

    tiles = results_of(page).locator("[data-tile]")
    await expect(tiles).to_have_count(2, timeout=60_000)
    assert await gallery_of(page) == [f"{WISH}\nsecond line"] * 2
    await tiles.first.focus()
    await page.keyboard.press("ArrowRight")
    await expect(tiles.nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    inspector = page.get_by_role("complementary", name="Inspector")
    await expect(inspector).to_contain_text("second line")
    await page.keyboard.press("Escape")
    await expect(inspector).to_be_hidden()
    await expect(tiles.nth(1)).to_be_focused()


async def expect_jobs_none(page: Page) -> None:
    await expect(results_of(page).get_by_role("article")).to_have_count(0)


async def test_example_runs_with_one_click_and_fills_the_form(page: Page) -> None:
    await new_person(page)
    example = results_of(page).get_by_role("button", name=re.compile("^Run: .*1 credit$")).first
    await expect(example).to_contain_text("ImageRoute Sketch · This server · Kept 0 days · Never trains")

    await example.dblclick()

    await expect(results_of(page).get_by_role("img")).to_have_count(1, timeout=60_000)
    await expect_jobs(page, 1)
    await expect(prompt_of(page)).to_have_value((await gallery_of(page))[0])
    assert await credits_of(page) == 49


async def test_double_click_makes_one_job_and_a_wanted_press_a_second(page: Page) -> None:
    await new_person(page)
    await write(page)

    await page.get_by_role("button", name=GO).dblclick()
    await expect_pictures(page, 1)
    await page.wait_for_timeout(DOUBLE_CLICK_MS)
    await expect_jobs(page, 1)
    await generate(page)

    await expect_pictures(page, 2)
    await expect_jobs(page, 2)
    await expect(page.locator("a.pill")).to_contain_text("48")


async def test_press_faster_than_the_price_makes_one_job_of_what_is_written(page: Page) -> None:
    await new_person(page)

    await prompt_of(page).fill(WISH)
    await page.get_by_role("button", name=GO).dblclick()

    await expect_pictures(page, 1)
    await expect_jobs(page, 1)


async def test_two_tabs_with_the_same_form_make_one_job(page: Page) -> None:
    await new_person(page)
    await write(page)
    other = await page.context.new_page()
    await other.goto("/create")
    await expect(prompt_of(other)).to_have_value(WISH)
    await expect(other.locator("[name=quote_id]")).to_have_value(await page.locator("[name=quote_id]").input_value())

    await asyncio.gather(generate(page), generate(other))

    await expect_pictures(page, 1)
    await expect_pictures(other, 1)
    assert await gallery_of(page) == [WISH]
    await expect(page.locator("a.pill")).to_contain_text("49")


async def test_draft_comes_back_after_a_reload_and_a_new_sign_in(page: Page, open_context: OpenContext) -> None:
    email = await new_person(page)
    await write(page, "🦊 ثعلب في الغابة\nsecond line")
    await choose_count(page, 3)

    await page.reload()

    await expect(prompt_of(page)).to_have_value("🦊 ثعلب في الغابة\nsecond line")
    await expect(page.get_by_role("button", name="Generate, 3 credits")).to_be_visible()
    elsewhere = await (await open_context(size="phone")).new_page()
    await sign_in(elsewhere, email)
    await expect(prompt_of(elsewhere)).to_have_value("🦊 ثعلب في الغابة\nsecond line")


@pytest.fixture
def watch(product: Product, request: pytest.FixtureRequest) -> Watch:
    """Watch as everywhere; a test that starts or stops products of its own marks that it expects their addresses."""
    seen = Watch(origins=(product.url, product.url.replace("127.0.0.1", "localhost")))
    if "make_product" in request.fixturenames:
        seen.allowed += ["foreign request: http://127.0.0.1", "foreign request: ws://127.0.0.1", "ERR_CONNECTION"]
    return seen


async def test_server_that_dies_takes_nothing_that_was_typed(
    make_product: MakeProduct, open_context: OpenContext
) -> None:
    product = await make_product()
    page = await (await open_context(url=product.url)).new_page()
    await new_person(page)
    await write(page, "the old words")

    await product.kill()
    await expect(page.get_by_text("Your jobs go on; results will appear.")).to_be_visible(timeout=60_000)
    await prompt_of(page).fill(WISH)
    await product.start()

    await expect(page.get_by_text("Your jobs go on; results will appear.")).to_be_hidden(timeout=60_000)
    await expect(page.get_by_role("button", name=GO)).to_be_enabled()
    await expect(prompt_of(page)).to_have_value(WISH)
    await generate(page)
    await expect_pictures(page, 1)
    assert await gallery_of(page) == [WISH]


async def test_empty_prompt_is_refused_in_words(page: Page) -> None:
    await new_person(page)

    await generate(page)

    await expect(page.get_by_text("Write what you want to see first.")).to_be_visible()
    await expect_jobs_none(page)
    assert await credits_of(page) == 50


async def test_prompt_that_is_too_long_is_refused_and_kept(page: Page) -> None:
    await new_person(page)
    await prompt_of(page).fill("x" * 10_000)

    await generate(page)

    await expect(page.get_by_text("10,000 characters")).to_be_visible()
    await page.reload()
    await expect(prompt_of(page)).to_have_value("x" * 10_000)
    assert await credits_of(page) == 50


async def test_too_few_credits_are_told_before_and_after_the_press(
    make_product: MakeProduct, open_context: OpenContext
) -> None:
    product = await make_product(STARTER_CREDITS="3")
    page = await (await open_context(url=product.url)).new_page()
    await new_person(page)
    await write(page)
    await choose_count(page, 8)

    await expect(page.get_by_text("5 credits missing.")).to_be_visible()
    await prompt_of(page).press("Control+Enter")

    await expect(page.get_by_text("5 credits missing. Your prompt is kept; nothing was charged.")).to_be_visible()
    await expect(page.get_by_role("link", name="Buy credits")).to_be_visible()
    await expect(prompt_of(page)).to_have_value(WISH)
    assert await gallery_of(page) == []
    assert await credits_of(page) == 3


async def test_cancelled_job_gives_everything_back(page: Page) -> None:
    await new_person(page)
    await write(page)
    await choose_count(page, 4)
    await generate(page)

    await results_of(page).get_by_role("button", name=re.compile("^Cancel")).click()

    await expect(results_of(page).get_by_text("4 credits returned").first).to_be_visible(timeout=60_000)
    await expect(page.locator("a.pill")).to_contain_text("50")
    assert await gallery_of(page) == []
    await results_of(page).get_by_role("button", name=re.compile("^Retry")).click()
    await expect_pictures(page, 4)


async def test_inspector_reuses_trashes_and_undoes(page: Page) -> None:
    await new_person(page)
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    await prompt_of(page).fill("something else")
    await results_of(page).locator("[data-tile]").first.click()
    inspector = page.get_by_role("complementary", name="Inspector")
    await expect(inspector.get_by_role("list", name="Route of this picture").get_by_role("listitem")).to_have_count(4)
    await expect(prompt_of(page)).to_have_value("something else")

    await inspector.get_by_role("button", name="Remix").click()
    await expect(page.get_by_role("group", name=f"Starts from: {WISH}")).to_be_visible()
    await expect(prompt_of(page)).to_have_value("something else")
    await page.get_by_role("button", name="Start without this picture").click()
    await inspector.get_by_role("button", name="Use prompt").click()
    await expect(prompt_of(page)).to_have_value(WISH)
    await inspector.get_by_role("button", name="Favourite").click()
    await expect(inspector.get_by_role("button", name="Remove from favourites")).to_be_visible()
    await inspector.get_by_role("textbox", name="Add a tag").fill("hall")
    await page.keyboard.press("Enter")
    await expect(inspector.get_by_role("button", name="Remove tag hall")).to_be_visible()
    await inspector.get_by_role("button", name="Close inspector").focus()
    await page.keyboard.press("Delete")

    await expect(page.get_by_text("Moved to the trash, for 30 days.")).to_be_visible()
    await expect(results_of(page).get_by_role("img")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect_pictures(page, 1)


async def test_open_picture_is_compared_with_those_of_its_job(page: Page) -> None:
    await new_person(page)
    await write(page)
    await choose_count(page, 2)
    await generate(page)
    await expect_pictures(page, 2)
    await results_of(page).locator("[data-tile]").last.click()
    chosen = await results_of(page).locator("[data-tile]").last.get_attribute("data-tile")
    inspector, dialog = page.get_by_role("complementary", name="Inspector"), page.get_by_role("dialog", name="Compare")
    verb = inspector.get_by_role("button", name="Compare")
    await prompt_of(page).fill("")
    await prompt_of(page).press("c")
    await expect(prompt_of(page)).to_have_value("c")
    await verb.focus()
    await page.keyboard.press("c")

    await expect(dialog.locator(".cmp-frame img")).to_have_count(2)
    await expect(dialog.locator("img").first).to_have_attribute("src", f"/media/{chosen}/960")
    await check_screen(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(verb).to_be_focused()
    await inspector.get_by_role("button", name="Move to trash").click()
    await expect_pictures(page, 1)
    await results_of(page).locator("[data-tile]").click()
    await verb.click()
    await expect(page.get_by_text("Nothing belongs to this picture yet.")).to_be_visible()
    await expect(dialog).to_have_count(0)


async def test_picture_in_the_gallery_is_remixed_here(page: Page) -> None:
    await new_person(page)
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    await page.goto("/gallery")
    await page.locator("ir-grid a.tile").first.click()

    await page.get_by_role("dialog").get_by_role("link", name="Remix").click()

    await expect(page.get_by_role("group", name=f"Starts from: {WISH}")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/create/?$"))
    await generate(page)
    await expect_pictures(page, 2)


async def test_single_letters_can_be_turned_off(page: Page) -> None:
    await new_person(page)
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    await results_of(page).locator("[data-tile]").first.click()
    inspector = page.get_by_role("complementary", name="Inspector")
    await expect(inspector).to_be_visible()
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keyboard shortcuts").get_by_role("checkbox").uncheck()
    await page.keyboard.press("Escape")

    await page.keyboard.press("f")
    await page.wait_for_timeout(300)
    await expect(inspector.get_by_role("button", name="Favourite")).to_be_visible()

    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keyboard shortcuts").get_by_role("checkbox").check()
    await page.keyboard.press("Escape")
    await page.keyboard.press("f")
    await expect(inspector.get_by_role("button", name="Remove from favourites")).to_be_visible()


async def check_screen(page: Page) -> None:
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_create_has_no_barrier_and_fits_in_every_state(open_context: OpenContext, size: str, theme: str) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await new_person(page)
    await check_screen(page)
    await page.get_by_role("button", name=re.compile("^More settings")).click()
    await check_screen(page)
    await page.keyboard.press("Escape")
    await generate(page)
    await expect(page.get_by_text("Write what you want to see first.")).to_be_visible()
    await check_screen(page)
    await write(page)
    await choose_count(page, 4)
    await generate(page)
    await expect(results_of(page).locator(".tile")).to_have_count(4)
    await check_screen(page)
    await expect_pictures(page, 4)
    await results_of(page).locator("[data-tile]").first.click()
    await expect(page.get_by_role("complementary", name="Inspector")).to_be_visible()
    await check_screen(page)


async def test_a_picture_that_went_in_another_tab_is_gone_when_one_comes_back(page: Page) -> None:
    await new_person(page)
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    other = await page.context.new_page()
    await other.goto("/gallery")
    await other.get_by_role("link", name=WISH).focus()
    await other.keyboard.press("Delete")
    await expect(other.get_by_role("link", name=WISH)).to_have_count(0)

    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")  # as it comes back
    await expect(results_of(page)).to_contain_text("1 in the trash")
    await expect(results_of(page).get_by_role("img", name=WISH)).to_have_count(0)
