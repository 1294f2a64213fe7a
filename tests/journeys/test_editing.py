"""Journey 5: change a picture, paint over a part of it, enlarge it, cut it out; only what a model can do is offered."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import MakeProduct
from tests.emulators.bfl import BflEmulator
from tests.emulators.kit import served
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_first_picture import GO, expect_pictures, generate, new_person, results_of, write
from tests.journeys.test_routing import choose, prove_address

TASKS = re.compile("^What to do with the picture")
FROM = re.compile("^Show the picture this was made from")
MARKED = re.compile(r"^(\d+) % of the picture is marked")


def tasks_of(page: Page) -> Locator:
    return page.get_by_role("group", name=TASKS)


def inspector_of(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Inspector")


def canvas_of(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("^Mask over"))


async def made_one(page: Page) -> None:
    """Make a picture and open it in the inspector."""
    await new_person(page)
    await draw_one(page)


async def draw_one(page: Page) -> None:
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    await results_of(page).locator("[data-tile]").click()
    await expect(inspector_of(page)).to_be_visible()


async def use(page: Page, verb: str) -> None:
    await inspector_of(page).get_by_role("button", name=verb, exact=True).click()
    await expect(tasks_of(page)).to_be_visible()


async def expect_quote(page: Page) -> None:
    await expect(page.locator("[name=quote_id]")).to_have_value(re.compile(".{8}"))


async def newest_size(page: Page, count: int) -> tuple[int, int]:
    """Wait until so many pictures are there and return the newest one's size in pixels."""
    await expect(results_of(page).locator("[data-tile]")).to_have_count(count, timeout=60_000)
    newest = (await (await page.request.get("/api/gallery")).json())["tiles"][0]
    return newest["w"], newest["h"]


async def grounds(page: Page) -> list[str]:
    """Return what kind of pattern lies behind each of the two newest pictures."""
    kinds = "all => all.slice(0, 2).map(each => getComputedStyle(each).backgroundImage.split('(')[0])"
    found: list[str] = await results_of(page).locator("li.tile").evaluate_all(kinds)
    return found


async def marked(page: Page) -> int:
    text = await page.get_by_text(MARKED).inner_text()
    found = MARKED.match(text)
    assert found
    return int(found[1])


async def test_brushes_that_did_not_come_say_so_and_come_with_the_next_press(page: Page, watch: Watch) -> None:
    watch.allowed += ["ERR_INTERNET_DISCONNECTED"]
    await made_one(page)
    await page.route("**/mask.js*", lambda route: route.abort("internetdisconnected"))
    await use(page, "Edit")
    await tasks_of(page).get_by_role("button", name="Paint over").click()
    await expect(page.get_by_role("alert").filter(has_text="The brushes could not be loaded")).to_be_visible()
    await page.unroute("**/mask.js*")

    await page.get_by_role("button", name="Try again").click()

    await expect(canvas_of(page)).to_be_visible()


async def test_each_task_gives_a_picture_that_leads_back_to_its_source(page: Page) -> None:
    await made_one(page)

    await use(page, "Edit")
    await expect_quote(page)
    await generate(page)
    assert await newest_size(page, 2) == (1024, 1280)

    await tasks_of(page).get_by_role("button", name="Upscale").click()
    await expect(page.get_by_text("Gives 2048 × 2560 pixels")).to_be_visible()
    await expect_quote(page)
    await generate(page)
    assert await newest_size(page, 3) == (2048, 2560)

    await tasks_of(page).get_by_role("button", name="Extend").click()
    await page.get_by_label("Extend on the right, in pixels").fill("9999")
    await expect(page.get_by_text("Extend each side by 0 to 2,000 pixels.")).to_be_visible()
    await page.get_by_role("button", name=GO).click()
    await expect(page.get_by_text("Extend each side by 0 to 2,000 pixels.")).to_be_visible()
    await page.get_by_label("Extend on the right, in pixels").fill("256")
    await page.get_by_label("Extend on the top, in pixels").fill("128")
    await page.get_by_label("Extend on the left, in pixels").fill("0")
    await expect(page.get_by_text("Gives 1280 × 1408 pixels")).to_be_visible()
    await expect_quote(page)
    await generate(page)
    assert await newest_size(page, 4) == (1280, 1408)

    await tasks_of(page).get_by_role("button", name="Remove background").click()
    await expect(page.get_by_text("the rest becomes transparent")).to_be_visible()
    await expect_quote(page)
    await generate(page)
    assert (await newest_size(page, 5), await grounds(page)) == ((1024, 1280), ["repeating-conic-gradient", "none"])

    await results_of(page).get_by_role("article").first.get_by_role("button", name=FROM).click()
    await expect(inspector_of(page)).to_contain_text("1024 × 1280")
    await expect(inspector_of(page).get_by_role("heading", name="Made from")).to_have_count(0)


async def test_a_mask_is_painted_by_mouse_undone_and_inverted(page: Page) -> None:
    await made_one(page)
    await use(page, "Edit")
    await tasks_of(page).get_by_role("button", name="Paint over").click()
    await expect(canvas_of(page)).to_be_visible()
    await expect(page.get_by_role("button", name="Use this mask")).to_be_disabled()
    box = await canvas_of(page).bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5, steps=6)
    await page.mouse.up()
    await expect(page.get_by_role("button", name="Use this mask")).to_be_enabled()
    painted = await marked(page)
    assert 3 <= painted <= 15
    await page.get_by_role("button", name="Invert").click()
    await expect(page.get_by_text(f"{100 - painted} % of the picture is marked")).to_be_visible()
    await page.get_by_role("button", name="Undo stroke").click()
    await expect(page.get_by_text(f"{painted} % of the picture is marked")).to_be_visible()
    await page.get_by_label("What should be there").fill("teal marble")
    await page.get_by_role("button", name="Use this mask").click()

    await expect(page.get_by_text("Only what you painted over changes.")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_have_value("teal marble")
    await expect_quote(page)
    await generate(page)
    assert await newest_size(page, 2) == (1024, 1280)


async def test_a_mask_is_painted_with_keys_alone(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await made_one(page)
    await use(page, "Edit")
    await tasks_of(page).get_by_role("button", name="Paint over").press("Enter")
    await canvas_of(page).focus()
    await page.keyboard.press("]")
    await page.keyboard.down("Space")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        await page.keyboard.press(key)
    await page.keyboard.up("Space")
    await expect(page.get_by_role("button", name="Use this mask")).to_be_enabled()
    painted = await marked(page)
    await page.get_by_role("button", name="Brush").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("button", name="Clear")).to_be_focused()
    for key in ("Home", "ArrowRight", "Space"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("slider", name="Brush size")).to_be_focused()
    await canvas_of(page).focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text(f"{painted} % of the picture is marked")).to_have_count(0)
    await page.keyboard.press("Control+z")
    await expect(page.get_by_text(f"{painted} % of the picture is marked")).to_be_visible()
    await page.get_by_role("button", name="Use this mask").press("Enter")
    await expect(page.get_by_text("Only what you painted over changes.")).to_be_visible()


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_panel_and_mask_editor_have_no_barriers_and_fit(open_context: OpenContext, size: str, theme: str) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await made_one(page)
    await use(page, "Extend")
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await tasks_of(page).get_by_role("button", name="Paint over").click()
    await expect(canvas_of(page)).to_be_visible()
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.keyboard.press("Escape")
    await expect(canvas_of(page)).to_have_count(0)
    await expect(page.get_by_role("button", name="Paint", exact=True)).to_be_visible()


async def test_what_the_chosen_model_cannot_do_is_not_offered(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    emulator = BflEmulator()
    async with served(emulator):
        product = await make_product(BFL_KEY=emulator.key, BFL_URL=emulator.url)
        watch.origins += (product.url,)
        page = await (await open_context(url=product.url)).new_page()
        await sign_up(page)
        await prove_address(page)
        await draw_one(page)
        await use(page, "Edit")
        await choose(page, "FLUX.2 pro")
        picker = page.get_by_role("dialog", name="Who draws it")
        upscale = tasks_of(page).get_by_role("button", name="Upscale")
        await expect(upscale).to_be_disabled()
        await expect(upscale).to_have_attribute("title", "Does not upscale")
        await page.get_by_role("button", name=re.compile("^Upscale: 1 model can")).click()
        await expect(picker.get_by_text("Does not upscale").first).to_be_visible()
        await picker.get_by_role("radio", name=re.compile("Sketch")).check()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name=GO)).to_have_accessible_name("Generate, 1 credit")
        await expect(upscale).to_have_attribute("aria-pressed", "true")
        assert emulator.submissions == 0
