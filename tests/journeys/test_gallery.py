"""Gallery and trash as people meet them: an endless grid, search, the lightbox, undo, and what another person sees of it."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from tests.journeys.conftest import LOOKS, OpenContext, Watch, expect_whole, find_barriers
from tests.journeys.test_account import sign_up
from tests.product import Product
from tests.seeding import seed_images

COUNT = 300
TILES = "ir-grid a.tile"
BOXES = """all => all.map(tile => {
    const box = tile.getBoundingClientRect();
    return [tile.dataset.id, box.left, box.top, box.width, box.height];
})"""
Box = tuple[str, float, float, float, float]
Fill = Callable[..., Awaitable[Page]]
Hold = Callable[..., Awaitable[tuple[Page, asyncio.Event]]]


@pytest_asyncio.fixture(loop_scope="session")
async def fill(product: Product, open_context: OpenContext) -> Fill:
    """Open the gallery of a new person: `await fill(300, size="phone")`."""

    async def fill_one(count: int, **look: str) -> Page:
        page = await (await open_context(**look)).new_page()
        email = await sign_up(page)
        await page.goto("about:blank")
        await seed_images(product.data_dir, email, count)
        await open_gallery(page)
        return page

    return fill_one


async def open_gallery(page: Page, query: str = "") -> None:
    """Open the gallery and wait until the page is awake: only then the chip knows its number."""
    await page.goto("/gallery" + query)
    await expect(page.get_by_role("button", name=re.compile(r"^All \d"))).to_be_visible()


def picture(page: Page, number: int) -> Locator:
    """Return the tile of picture `number`; the newest has the highest."""
    return page.get_by_role("link", name=re.compile(rf"number{number}$"))


def lightbox(page: Page) -> Locator:
    return page.locator(".lightbox")


async def boxes(page: Page) -> list[Box]:
    return await page.locator(TILES).evaluate_all(BOXES)


def overlap(a: Box, b: Box) -> bool:
    """Say whether two boxes share more than a rounding error."""
    across = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    down = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    return across > 1 and down > 1


async def check_layout(page: Page) -> list[Box]:
    """Assert that few tiles are in the DOM, none over another, none beyond the edge; return their boxes."""
    found = await boxes(page)
    width = await page.evaluate("innerWidth")
    assert 0 < len(found) <= 600
    assert [(a[0], b[0]) for a, b in itertools.combinations(found, 2) if overlap(a, b)] == []
    assert all(box[1] >= 0 and box[1] + box[3] <= width + 1 for box in found)
    return found


async def test_endless_grid_shows_every_picture_once_and_in_its_place(fill: Fill) -> None:
    page = await fill(COUNT)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/gallery" in request.url else None)
    await page.reload(wait_until="commit")
    await expect(page.locator(TILES).first).to_be_visible()
    first = await page.locator(TILES).first.element_handle()
    await expect(page.get_by_role("button", name=f"All {COUNT}")).to_be_visible()
    assert await first.evaluate("tile => tile.isConnected"), "waking up must not draw the grid again"

    region, seen = page.get_by_role("region", name="Gallery"), set[str]()
    for _ in range(600):
        seen |= {box[0] for box in await check_layout(page)}
        if len(seen) == COUNT:
            break
        await region.evaluate("region => region.scrollBy(0, region.clientHeight)")
        await page.wait_for_timeout(50)

    assert len(seen) == COUNT
    assert len(asked) == COUNT // 60 - 1, "the first page came with the document, each other one is read once"
    assert "size" not in page.url


async def test_row_at_the_top_stays_when_the_window_changes(fill: Fill) -> None:
    page = await fill(120)
    region = page.get_by_role("region", name="Gallery")
    await region.evaluate("region => region.scrollTo(0, 1500)")
    await page.wait_for_timeout(100)
    top = await region.evaluate("region => region.getBoundingClientRect().top")
    visible = [box[0] for box in await boxes(page) if box[2] + box[4] > top][:3]

    await page.set_viewport_size({"width": 700, "height": 900})
    await expect(page.locator(f'{TILES}[data-id="{visible[0]}"]')).to_be_in_viewport()

    await check_layout(page)


async def test_search_finds_words_and_beginnings_and_stays_in_the_address(fill: Fill) -> None:
    page = await fill(60)
    tiles, field = page.locator(TILES), page.get_by_role("searchbox", name="Search your images")
    await page.keyboard.press("/")
    await expect(field).to_be_focused()
    await page.keyboard.type("plan number5")
    await expect(tiles).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"\?q=plan\+number5$"))
    await expect(field).to_have_value("plan number5")

    await page.reload()
    await expect(tiles).to_have_count(2)
    await expect(field).to_have_value("plan number5")
    await page.goto("/trash")
    await page.go_back()
    await expect(tiles).to_have_count(2)
    await expect(field).to_have_value("plan number5")

    await field.fill("zebra")
    await expect(page.get_by_role("heading", name="No picture matches zebra")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Clear the search").click()
    await expect(picture(page, 59)).to_be_visible()
    await expect(field).to_have_value("")
    await expect(field).to_be_focused()
    assert urlsplit(page.url).query == ""


async def test_pictures_open_and_step_by_mouse_and_by_keyboard(fill: Fill) -> None:
    page = await fill(70)
    await picture(page, 68).click()
    await expect(lightbox(page)).to_contain_text("number68")
    await expect(lightbox(page)).to_contain_text("2 of 70")
    await expect_whole(lightbox(page).locator(".frame img"))
    await lightbox(page).get_by_role("button", name="Next picture").click()
    await expect(lightbox(page).get_by_role("heading", name="number67")).to_be_visible()
    await page.reload()
    await expect(lightbox(page)).to_contain_text("3 of 70")
    await lightbox(page).get_by_role("button", name="Gallery").click()
    await expect(lightbox(page)).to_have_count(0)
    await expect(picture(page, 67)).to_be_focused()
    assert urlsplit(page.url).query == ""

    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    await expect(lightbox(page)).to_contain_text("number68")
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(lightbox(page)).to_contain_text("number65")
    await page.keyboard.press("ArrowLeft")
    await expect(lightbox(page)).to_contain_text("number66")
    await page.keyboard.press("Escape")
    await expect(picture(page, 66)).to_be_focused()


async def test_address_of_an_old_picture_opens_it_among_its_neighbours(fill: Fill) -> None:
    page = await fill(COUNT)
    oldest = (await (await page.request.get("/api/gallery?q=number7")).json())["tiles"][-1]["id"]

    await page.goto(f"/gallery?image={oldest}")
    await expect(lightbox(page)).to_contain_text("293 of 300")
    await page.keyboard.press("ArrowRight")
    await expect(lightbox(page).get_by_role("heading", name="number6")).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(picture(page, 6)).to_be_focused()
    await expect(picture(page, 6)).to_be_in_viewport()


async def test_hearts_mark_favourites_and_the_chip_shows_only_them(fill: Fill) -> None:
    page = await fill(8)
    await picture(page, 7).hover()
    await page.locator("ir-grid .box").first.get_by_role("button", name="Favourite").click()
    await expect(page.get_by_role("button", name="Favourites 1")).to_be_visible()
    await picture(page, 5).focus()
    await page.keyboard.press("f")
    await expect(page.get_by_role("button", name="Favourites 2")).to_be_visible()

    await page.get_by_role("button", name="Favourites 2").click()

    await expect(page.locator(TILES)).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"\?favourite=1$"))
    await picture(page, 5).click()
    await lightbox(page).get_by_role("button", name="Remove from favourites").click()
    await expect(lightbox(page).get_by_role("button", name="Favourite", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(page.locator(TILES)).to_have_count(1)


async def test_trash_by_keyboard_and_undo_several_at_once(fill: Fill) -> None:
    page = await fill(8)
    notice = page.locator(".notices")
    await picture(page, 6).focus()
    await page.keyboard.press("Delete")
    await expect(notice).to_contain_text("Moved to trash. It stays 30 days.")
    await expect(picture(page, 6)).to_have_count(0)
    await expect(picture(page, 5)).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(notice).to_contain_text("2 pictures moved to trash.")
    await expect(page.get_by_role("button", name="All 6")).to_be_visible()

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.locator(TILES)).to_have_count(8)
    await expect(notice).to_contain_text("Back in your gallery.")
    await picture(page, 3).click()
    await page.keyboard.press("Delete")
    await expect(lightbox(page)).to_have_count(0)
    await expect(picture(page, 2)).to_be_focused()
    await page.get_by_role("button", name="Undo").click()
    await expect(picture(page, 3)).to_be_visible()


async def test_the_way_back_counts_ten_seconds_and_rests_under_the_focus(fill: Fill) -> None:
    page = await fill(3)
    await picture(page, 1).focus()
    await page.keyboard.press("Delete")
    await expect(picture(page, 1)).to_have_count(0)
    await page.get_by_role("button", name="Undo").focus()
    clock = await page.locator(".toast .count").evaluate_handle("each => each.getAnimations()[0]")
    assert await clock.evaluate("each => [each.playState, each.effect.getTiming().duration]") == ["paused", 10_000]
    await picture(page, 2).focus()
    assert await clock.evaluate("each => each.playState") == "running"
    await clock.evaluate("each => each.finish()")
    await expect(page.locator(".notices .toast")).to_have_count(0)
    await page.keyboard.press("Control+z")
    await expect(page.locator(TILES)).to_have_count(2)


async def test_trash_restores_and_deletes_for_good_and_a_stranger_sees_nothing(
    fill: Fill, open_context: OpenContext, watch: Watch
) -> None:
    page = await fill(3)
    for number in (2, 1):
        await picture(page, number).focus()
        await page.keyboard.press("Delete")
        await expect(picture(page, number)).to_have_count(0)

    await page.goto("/trash")
    await expect(page.get_by_text("2 pictures in the trash.")).to_be_visible()
    await expect(page.get_by_text("30 days left").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Restore: .*number2")).click()
    await expect(page.get_by_role("button", name=re.compile("^Restore: "))).to_have_count(1)
    ask, dialog = page.get_by_role("button", name=re.compile("^Delete now: ")), page.get_by_role("dialog")
    await ask.click()
    await expect(dialog).to_contain_text("number1")
    await page.keyboard.press("Escape")
    await expect(ask).to_be_focused()
    left = (await (await page.request.get("/api/gallery?trashed=1")).json())["tiles"][0]["id"]
    await ask.click()
    await dialog.get_by_role("button", name="Delete now").click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    for variant in ("320", "960", "original"):
        assert (await page.request.get(f"/media/{left}/{variant}")).status == 404
    kept = (await (await page.request.get("/api/gallery")).json())["tiles"]
    assert len(kept) == 2

    watch.allowed.append("404")
    stranger = await (await open_context(url=watch.origins[0])).new_page()
    await sign_up(stranger)
    await stranger.goto(f"/gallery?image={kept[0]['id']}")
    await expect(stranger.get_by_text("Nothing yet")).to_be_visible()
    await expect(lightbox(stranger)).to_have_count(0)
    assert (await (await stranger.request.get("/api/gallery")).json())["tiles"] == []
    assert (await stranger.request.get(f"/media/{kept[0]['id']}/320")).status == 404


async def test_on_a_phone_the_filters_stand_in_one_row_that_moves_under_the_search(fill: Fill) -> None:
    page = await fill(5, size="phone")
    search, bar = page.get_by_role("searchbox", name="Search your images"), page.locator(".gf")
    tops = await bar.locator(".chip").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == 9
    assert max(tops) - min(tops) < 1
    where = "one => one.getBoundingClientRect().left"
    before = await search.evaluate(where)
    downloads = bar.get_by_role("button", name="Downloads", exact=True)
    await downloads.scroll_into_view_if_needed()
    assert await bar.evaluate("one => one.scrollLeft") > 0
    assert abs(await search.evaluate(where) - before) < 1
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await downloads.click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_what_opened_a_dialog_has_the_focus_again_after_it(fill: Fill) -> None:
    page = await fill(4)
    bar, dialog = page.get_by_role("toolbar", name="Selection"), page.locator("[role=dialog]:not([popover])")
    for number in (3, 1):
        await picture(page, number).click(modifiers=["Control"])
    for name, key in (("Compare", "Enter"), ("Tag", "Enter"), ("Add to album", " ")):
        button = bar.get_by_role("button", name=name)
        await button.press(key)
        await expect(dialog).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(button).to_be_focused()
    await page.keyboard.press("Escape")
    await picture(page, 2).click()
    share = lightbox(page).get_by_role("button", name="Share")
    await share.press("Enter")
    await expect(dialog).to_have_count(2)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(1)
    await expect(share).to_be_focused()


async def test_escape_at_once_closes_the_dialog_on_top(fill: Fill) -> None:
    page = await fill(2)
    await picture(page, 1).click()
    dialog, share = page.locator("[role=dialog]:not([popover])"), lightbox(page).get_by_role("button", name="Share")
    await share.evaluate(
        """(button) => new Promise((done) => {
            new MutationObserver((_, observer) => {
                if (document.querySelectorAll("[role=dialog]:not([popover])").length < 2) return;
                observer.disconnect();
                const key = { key: "Escape", bubbles: true, cancelable: true };
                done(document.activeElement.dispatchEvent(new KeyboardEvent("keydown", key)));
            }).observe(document.body, { childList: true, subtree: true });
            button.focus();
            button.click();
        })"""
    )
    await expect(dialog).to_have_count(1)
    await expect(share).to_be_focused()


async def test_open_picture_is_compared_with_what_belongs_to_it(fill: Fill) -> None:
    page = await fill(6)
    dialog = page.get_by_role("dialog", name="Compare", exact=True)
    await picture(page, 3).click()
    verb = lightbox(page).get_by_role("button", name="Compare", exact=True)
    await verb.press("Enter")
    await expect(dialog.locator(".cmp-frame img")).to_have_count(4)
    await expect(dialog.locator(".cmp-frame img").first).to_have_attribute("alt", re.compile("number3$"))
    await expect_whole(dialog.locator(".cmp-frame img"))
    await dialog.locator("ir-compare").press("+")
    await expect(dialog.locator("ir-compare")).to_have_attribute("data-zoom", "125%")
    assert await find_barriers(page) == []
    for key in ("Delete", "r", "ArrowRight", "d"):  # of the lightbox, which is not what is looked at
        await page.keyboard.press(key)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(verb).to_be_focused()
    await expect(lightbox(page).get_by_role("heading", name="number3")).to_be_visible()

    await lightbox(page).get_by_role("textbox", name="Add a tag").press("c")
    await expect(lightbox(page).get_by_role("textbox", name="Add a tag")).to_have_value("c")
    await verb.focus()
    await page.keyboard.press("c")
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await expect(lightbox(page)).to_be_visible()


async def test_picture_that_nothing_belongs_to_is_not_compared_but_says_how(fill: Fill) -> None:
    page = await fill(1)
    await picture(page, 0).click()
    await lightbox(page).get_by_role("button", name="Compare", exact=True).click()
    await expect(page.locator(".notices")).to_contain_text("choose 2 to 4 in the gallery and press Compare")
    await expect(page.get_by_role("dialog", name="Compare", exact=True)).to_have_count(0)
    await page.locator(".notices").get_by_role("button", name="Dismiss").click()
    await expect(page.locator(".notices .toast")).to_have_count(0)
    await expect(lightbox(page)).to_be_visible()


async def test_picture_that_went_in_another_tab_leaves_this_one_without_a_dead_end(fill: Fill) -> None:
    page = await fill(5)
    other = await page.context.new_page()
    await open_gallery(other)
    for number in (3, 1):
        await picture(other, number).focus()
        await other.keyboard.press("Delete")
        await expect(picture(other, number)).to_have_count(0)

    await picture(page, 3).click()
    await expect(page.locator(".notices")).to_contain_text("This picture is in the trash.")
    await expect(picture(page, 3)).to_have_count(0)
    await expect(lightbox(page)).to_have_count(0)
    await expect(page.get_by_role("button", name="All 3")).to_be_visible()
    await picture(page, 2).click()
    await page.keyboard.press("ArrowRight")
    await expect(lightbox(page)).to_contain_text("2 of 3")
    await expect(lightbox(page).get_by_role("heading", name="number2")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(lightbox(page).get_by_role("heading", name="number0")).to_be_visible()


async def test_a_tag_says_what_it_became(fill: Fill) -> None:
    page = await fill(3)
    await picture(page, 2).click()
    field = lightbox(page).get_by_role("textbox", name="Add a tag")
    await field.fill("Sea & Sun!")
    await field.press("Enter")
    await expect(page.locator(".notices")).to_contain_text("Tagged “sea sun”")
    await expect(lightbox(page).get_by_role("button", name="Remove tag sea sun")).to_be_visible()
    await page.keyboard.press("Escape")
    await picture(page, 1).click(modifiers=["Control"])
    await page.get_by_role("toolbar", name="Selection").get_by_role("button", name="Tag").click()
    await page.get_by_role("dialog").get_by_role("textbox", name="Tag").fill("Déjà-vu")
    await page.get_by_role("dialog").get_by_role("button", name="Tag").click()
    await expect(page.locator(".notices")).to_contain_text("1 picture tagged “deja vu”.")


async def test_delete_right_behind_choosing_is_not_lost(fill: Fill) -> None:
    page = await fill(5)
    await page.evaluate(
        """() => [["a", true], ["Delete", false]].forEach(([key, ctrlKey]) =>
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true, cancelable: true })))"""
    )
    await expect(page.locator(".notices")).to_contain_text("5 pictures moved to trash.")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(TILES)).to_have_count(5)


async def test_some_of_the_trash_are_chosen_restored_and_deleted(fill: Fill) -> None:
    page = await fill(5, size="phone", theme="dark")
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await expect(page.locator(".notices")).to_contain_text("5 pictures moved to trash.")
    await page.goto("/trash")
    bar, boxes = (
        page.get_by_role("toolbar", name="Selection"),
        page.get_by_role("checkbox", name=re.compile("^Select: ")),
    )
    for number in (4, 2):
        await page.get_by_role("checkbox", name=re.compile(f"^Select: .*number{number}$")).click()
    await expect(bar).to_contain_text("2 pictures selected")
    assert await find_barriers(page) == []
    await bar.get_by_role("button", name="Restore").click()
    await expect(page.locator(".notices")).to_contain_text("2 pictures back in your gallery.")
    await expect(boxes).to_have_count(3)

    await boxes.first.click()
    await bar.get_by_role("button", name="Delete now").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete now").click()
    await expect(page.locator(".notices")).to_contain_text("1 picture deleted for good.")
    await expect(boxes).to_have_count(2)
    await expect(bar).to_have_count(0)
    kept = (await (await page.request.get("/api/gallery")).json())["tiles"]
    assert sorted(tile["prompt"].rpartition("number")[2] for tile in kept) == ["2", "4"]


async def test_pictures_that_were_restored_elsewhere_are_shown_again(fill: Fill) -> None:
    page = await fill(3)
    await picture(page, 1).focus()
    await page.keyboard.press("Delete")
    await expect(picture(page, 1)).to_have_count(0)
    await page.get_by_role("link", name="Trash").click()
    await page.get_by_role("button", name=re.compile("^Restore: ")).click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()

    for return_to_gallery in (page.get_by_role("link", name="Back to the gallery").click(), page.reload()):
        await return_to_gallery
        await expect(page.get_by_role("button", name="All 3")).to_be_visible()
        await expect(page.locator(TILES)).to_have_count(3)


@pytest_asyncio.fixture(loop_scope="session")
async def hold(fill: Fill) -> Hold:
    """Open the gallery of six pictures with some files held back: `page, release = await hold("**/app.js*")`."""

    async def hold_some(*files: str) -> tuple[Page, asyncio.Event]:
        page = await (await fill(6)).context.new_page()  # one that has no script in its memory
        is_released = asyncio.Event()

        async def wait(route: Route) -> None:
            await is_released.wait()
            await route.continue_()

        for pattern in files:
            await page.route(pattern, wait)
        async with page.expect_request(files[0]):
            await page.goto("/gallery", wait_until="commit")
            await picture(page, 4).focus()
        return page, is_released

    return hold_some


async def test_what_is_pressed_before_the_page_is_awake_happens_once_it_is(hold: Hold) -> None:
    page, is_released = await hold("**/assets/*.js")
    await expect(page.locator("ir-grid .fav").first).to_be_attached()
    await page.keyboard.press("f")
    await page.keyboard.press("x")
    await page.get_by_role("searchbox").fill("plan number")
    await page.get_by_role("button", name="Favourites").click()

    is_released.set()
    await expect(page.get_by_role("button", name="Favourites 1")).to_have_attribute("aria-pressed", "true")
    await expect(page).to_have_url(re.compile(r"q=plan\+number&favourite=1$"))


@pytest.mark.parametrize("held", [("**/*.js*",), ("**/grid.js*", "**/assets/*.js")], ids=["every script", "not app.js"])
async def test_what_wakes_the_page_is_heard_too(hold: Hold, held: tuple[str, ...]) -> None:
    page, is_released = await hold(*held)
    await page.keyboard.press("f")
    await page.keyboard.press("Control+a")
    await page.get_by_role("button", name="Favourites").click()
    await picture(page, 4).focus()
    await page.keyboard.type("/plan")

    is_released.set()
    await expect(page.get_by_role("button", name="Favourites 1")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_role("searchbox")).to_have_value("plan")
    await expect(page).to_have_url(re.compile(r"q=plan&favourite=1$"))


async def test_everything_is_chosen_by_a_key_before_any_script_is_here(hold: Hold) -> None:
    page, is_released = await hold("**/*.js*")
    await page.keyboard.press("Control+a")
    is_released.set()
    await expect(page.get_by_role("toolbar", name="Selection")).to_contain_text("6 selected")
    assert await page.evaluate("getSelection().isCollapsed"), "the browser selects no words for it"


@pytest.mark.parametrize("size", ["desktop", "phone"])
async def test_nothing_moves_while_the_page_wakes(fill: Fill, size: str) -> None:
    page = await (await fill(60, size=size)).context.new_page()  # one that has font and scripts to wait for
    await page.add_init_script(
        "globalThis.moved = 0; new PerformanceObserver(list => { for (const each of list.getEntries()) moved += each.value })"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    await open_gallery(page)
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(200)
    assert await page.evaluate("moved") < 0.005


async def test_page_that_begins_has_nothing_chosen_and_no_dialog_open(fill: Fill) -> None:
    page = await fill(4)
    bar, dialogs = page.get_by_role("toolbar", name="Selection"), page.locator("[role=dialog]:not([popover])")
    await picture(page, 3).click(modifiers=["ControlOrMeta"])
    await picture(page, 2).click(modifiers=["ControlOrMeta"])
    await bar.get_by_role("button", name="Tag").click()
    await expect(page.get_by_role("dialog", name="Tag the pictures")).to_be_visible()
    await open_gallery(page)
    await expect(bar).to_have_count(0)
    await expect(dialogs).to_have_count(0)
    await picture(page, 1).click(modifiers=["ControlOrMeta"])
    await expect(bar).to_contain_text("1 selected")
    await bar.get_by_role("button", name="Clear selection").click()
    await expect(bar).to_have_count(0)

    await picture(page, 1).click()
    await page.get_by_role("button", name="Share", exact=True).click()
    await expect(page.get_by_role("dialog", name="Share this picture")).to_be_visible()
    await page.goto("/albums")
    await open_gallery(page)
    await expect(dialogs).to_have_count(0)


async def test_page_that_cannot_be_read_says_so_and_goes_on(fill: Fill, watch: Watch) -> None:
    page = await fill(100)
    watch.allowed += ["ERR_FAILED", "401"]
    region = page.get_by_role("region", name="Gallery")

    async def fail(route: Route) -> None:
        await route.abort()

    end = "region => region.scrollTo(0, region.scrollHeight)"
    await page.route("**/api/gallery?*", fail)
    await page.reload()
    await region.evaluate(end)
    await expect(region.get_by_role("alert")).to_contain_text("could not be read")
    await expect(page.get_by_role("button", name="All 100")).to_be_visible()
    await expect(region.get_by_text("Nothing yet")).to_have_count(0)
    await page.unroute("**/api/gallery?*")
    await region.get_by_role("button", name="Try again").click()
    await expect(picture(page, 39)).to_be_visible()

    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, json={})

    await page.route("**/api/gallery?*", refuse)
    await page.reload()
    await region.evaluate(end)
    await expect(region.get_by_role("link", name="Sign in")).to_have_attribute("href", "/sign-in?next=/gallery")


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_gallery_lightbox_and_trash_have_no_barriers(size: str, theme: str, fill: Fill) -> None:
    page = await fill(8, size=size, theme=theme)
    await expect(page.locator(TILES).first).to_be_visible()
    await check_screen(page)
    await page.locator(TILES).first.click()
    await expect(lightbox(page)).to_be_visible()
    await check_screen(page)
    await lightbox(page).get_by_role("button", name="Move to trash").click()
    await expect(picture(page, 6)).to_be_focused()
    await check_screen(page)
    await page.goto("/trash")
    ask = page.get_by_role("button", name=re.compile("^Delete now: "))
    await ask.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await check_screen(page)
    await page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    await expect(ask).to_be_focused()
    await check_screen(page)
    await page.get_by_role("button", name=re.compile("^Restore: ")).click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    await check_screen(page)


async def check_screen(page: Page) -> None:
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_empty_gallery_leads_to_the_first_picture(page: Page) -> None:
    await sign_up(page)
    await page.goto("/gallery")
    await expect(page.get_by_role("heading", name="Nothing yet")).to_be_visible()
    await check_screen(page)

    await page.get_by_role("link", name="Make the first one").click()

    await expect(page).to_have_url(re.compile(r"/create/?$"))
