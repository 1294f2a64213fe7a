"""Journey 7: a gallery of thousands: search, filters in the address, Back, everything at once, albums, undo, comparing."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, StorageState, expect

from tests.journeys.conftest import OpenContext, expect_whole, find_barriers
from tests.journeys.test_account import sign_up
from tests.journeys.test_gallery import TILES, open_gallery, picture
from tests.product import Product
from tests.seeding import seed_rows

COUNT = 2_400
SUBJECTS = 6
DONE_MS = 60_000


@pytest.fixture(scope="module")
def readers() -> list[StorageState]:
    """Hold what the browser of a person keeps whose pictures no test changes, so that they are put in once."""
    return []


async def fill(page: Page, product: Product) -> Page:
    """Open the gallery of a new person with thousands of pictures; their rows are put in through the database."""
    email = await sign_up(page)
    await page.goto("about:blank")
    await seed_rows(product.data_dir, email, COUNT)
    await open_gallery(page)
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def large(open_context: OpenContext, product: Product, readers: list[StorageState]) -> Page:
    """Open the gallery of the person whose pictures are only looked at."""
    if readers:
        page = await (await open_context(storage_state=readers[0])).new_page()
        await open_gallery(page)
        return page
    page = await fill(await (await open_context()).new_page(), product)
    readers.append(await page.context.storage_state())
    return page


async def all_of(page: Page, query: str) -> None:
    """Search, then choose everything found by the keyboard."""
    await page.get_by_role("searchbox", name="Search your images").fill(query)
    await expect(page).to_have_url(re.compile(r"[?&]q="))
    await expect(page.locator(TILES).first).to_be_visible()
    await page.locator(TILES).first.focus()
    await page.keyboard.press("Control+a")


async def said(page: Page, text: str) -> None:
    await expect(page.locator(".notices")).to_contain_text(text, timeout=DONE_MS)


async def test_everything_found_is_marked_put_into_an_album_trashed_and_brought_back(
    page: Page, product: Product, open_context: OpenContext
) -> None:
    await fill(page, product)
    part = COUNT // SUBJECTS
    tools = page.get_by_role("toolbar", name="Selection")
    await all_of(page, "ocean sunset")
    await expect(tools).to_contain_text(f"{part} selected")
    await tools.get_by_role("button", name="Favourite", exact=True).click()
    await said(page, f"{part} pictures marked as favourites.")
    await expect(page.get_by_role("button", name=f"Favourites {part}")).to_be_visible()

    await all_of(page, "ocean sunset")
    await tools.get_by_role("button", name="Add to album").click()
    dialog = page.get_by_role("dialog", name="Add to album")
    await dialog.get_by_role("textbox", name="New album").fill("Blue hour")
    await dialog.get_by_role("button", name="Make and add").click()
    await said(page, f"{part} pictures added to the album.")

    await open_album(page, part)
    await trash_and_return(page, part)
    await check_album_and_hearts(page)

    stranger = await (await open_context()).new_page()
    await sign_up(stranger)
    await stranger.goto("/albums")
    await expect(stranger.get_by_role("heading", name="No albums yet")).to_be_visible()


async def open_album(page: Page, part: int) -> None:
    await page.get_by_role("link", name="Albums").first.click()
    await expect(page.get_by_text(f"{part} pictures")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("link", name="Blue hour").click()
    await expect(page.get_by_role("heading", name="Blue hour")).to_be_visible()
    await expect(page.get_by_role("button", name=f"All {part}")).to_be_visible()


async def trash_and_return(page: Page, part: int) -> None:
    """Trash the whole album twice: once taken back by the notice, once from the trash."""
    await page.locator(TILES).first.focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await said(page, f"{part} pictures moved to trash.")
    await expect(page.get_by_role("heading", name="This album is empty")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await said(page, f"{part} pictures back in your gallery.")
    await expect(page.get_by_role("button", name=f"All {part}")).to_be_visible()
    await expect(page.get_by_role("button", name=f"Favourites {part}")).to_be_visible()

    await page.locator(TILES).first.focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await said(page, f"{part} pictures moved to trash.")
    await page.goto("/trash")
    await page.get_by_role("button", name="Restore all").click()
    await expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible(timeout=DONE_MS)


async def check_album_and_hearts(page: Page) -> None:
    """Look for what was restored by the operators of the search."""
    await page.goto('/gallery?q=album:"Blue hour" favourite:yes')
    await expect(page.get_by_role("button", name="Remove filter Album: Blue hour")).to_be_visible()
    found = await (await page.request.get('/api/gallery?q=album:"Blue hour" favourite:yes')).json()
    assert len(found["tiles"]) == 60


SCROLL = """async () => {
    const [box, list] = [".scroll:has(ir-grid)", "ir-grid [role=list]"].map((each) => document.querySelector(each));
    const found = { written: 0, rows: 0 };
    new MutationObserver((changes) => {
        const bottom = list.getBoundingClientRect().top * -1 + innerHeight;
        const added = new Set(changes.flatMap(({ addedNodes }) => [...addedNodes]));
        const far = [...added].map((each) => parseFloat(each.style.top)).filter((top) => top > bottom);
        found.rows = Math.max(found.rows, new Set(far).size);
        found.written += changes.filter(({ type, target }) => type === "attributes" && !added.has(target)).length;
    }).observe(list, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-posinset"] });
    for (let frame = 0; frame < 300; frame += 1) {
        box.scrollTop += 90;
        await new Promise(requestAnimationFrame);
    }
    return found;
}"""


async def test_scrolling_draws_a_row_at_a_time_and_leaves_those_that_stand_alone(large: Page) -> None:
    assert await large.evaluate(SCROLL) == {"written": 0, "rows": 1}


async def test_filters_stand_in_the_address_and_back_returns_to_the_same_place(large: Page) -> None:
    page = large
    await page.get_by_role("combobox", name="Shape").select_option("portrait")
    await expect(page).to_have_url(re.compile("q=ratio%3Aportrait"))
    await page.get_by_role("combobox", name="Order").select_option("oldest")
    await expect(page).to_have_url(re.compile("sort=oldest"))
    region = page.get_by_role("region", name="Gallery")
    await expect(page.locator(TILES).first).to_be_visible()
    for _ in range(6):
        await region.evaluate("region => region.scrollBy(0, 3000)")
        await page.wait_for_timeout(150)
    await page.wait_for_timeout(300)
    top = await region.evaluate("region => region.getBoundingClientRect().top")
    seen = await page.locator(TILES).evaluate_all(
        "(all, top) => all.find(t => t.getBoundingClientRect().bottom > top).dataset.id", top
    )
    await page.get_by_role("link", name="Usage").first.click()
    await expect(page).to_have_url(re.compile("/usage"))
    await page.go_back()
    await expect(page.locator(f'{TILES}[data-id="{seen}"]')).to_be_in_viewport(timeout=DONE_MS)
    await expect(page.get_by_role("combobox", name="Shape")).to_have_value("portrait")
    assert await page.locator(TILES).count() <= 600

    await page.get_by_role("searchbox", name="Search your images").fill("ocean colour:red")
    await expect(page.get_by_text("colour: is no filter").first).to_be_visible()
    await page.get_by_role("searchbox", name="Search your images").fill("date:2001")
    await expect(page.get_by_role("heading", name="No picture matches date:2001")).to_be_visible()
    assert await find_barriers(page) == []


async def test_ranges_are_chosen_and_two_are_compared_with_one_zoom(large: Page) -> None:
    page = large
    tools = page.get_by_role("toolbar", name="Selection")
    await picture(page, COUNT - 1).click(modifiers=["ControlOrMeta"])
    await expect(tools).to_contain_text("1 selected")
    await picture(page, COUNT - 3).click(modifiers=["Shift"])
    await expect(tools).to_contain_text("3 selected")
    assert await find_barriers(page) == []
    await page.keyboard.press("c")
    compare = page.get_by_role("dialog", name="Compare")
    await expect(compare.locator(".cmp-frame img")).to_have_count(3)
    await page.wait_for_timeout(200)
    await expect_whole(compare.locator(".cmp-frame img"))
    await compare.locator("ir-compare").focus()
    for key in ("+", "+", "+", "ArrowRight"):
        await page.keyboard.press(key)
    shown = await compare.locator("img").evaluate_all("all => all.map(each => getComputedStyle(each).transform)")
    assert shown[0].startswith("matrix(1.95")
    scales = {each.split(",")[0] for each in shown}
    assert len(scales) == 1
    assert await find_barriers(page) == []
    await page.keyboard.press("Escape")
    await expect(compare).to_have_count(0)
    await expect(tools).to_contain_text("3 selected")
