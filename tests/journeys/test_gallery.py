"""Gallery and trash as people meet them: an endless grid, search, the lightbox, undo, and what another person sees of it."""

import itertools
import re

import pytest
from playwright.async_api import Page, expect

from tests.conftest import MakeProduct
from tests.journeys.conftest import OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.product import Product
from tests.seeding import seed_images

COUNT = 300
LOOKS = list(itertools.product(("desktop", "phone"), ("light", "dark")))
TILES = "ir-grid a.tile"
BOXES = """all => all.map(tile => {
    const box = tile.getBoundingClientRect();
    return [tile.dataset.id, box.left, box.top, box.width, box.height];
})"""


async def open_gallery(page: Page, query: str = "") -> None:
    await page.goto("/gallery" + query)
    await expect(page.locator(TILES).first).to_be_visible()


async def seeded(page: Page, product: Product, count: int) -> str:
    """Open an account and fill its gallery while the product is stopped; returns the email."""
    email = await sign_up(page)
    await page.goto("about:blank")
    await product.stop()
    await seed_images(product.data_dir, email, count)
    await product.start()
    return email


@pytest.fixture
def watch(product: Product) -> Watch:
    """Products of these tests have ports of their own, and are stopped under open pages."""
    seen = Watch(origins=())
    seen.allowed += ["foreign request", "ERR_CONNECTION_REFUSED"]
    return seen


async def test_endless_grid_search_lightbox_trash_and_undo(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product()
    page = await (await open_context(url=product.url)).new_page()
    await seeded(page, product, COUNT)
    await open_gallery(page)
    await scroll_through(page)
    await search(page)
    await look_closer(page)
    await trash_and_undo(page)


async def scroll_through(page: Page) -> None:
    grid, tiles, seen = page.get_by_role("region", name="Gallery"), page.locator(TILES), set[str]()
    for _ in range(80):
        boxes = await tiles.evaluate_all(BOXES)
        seen |= {box[0] for box in boxes}
        assert len(boxes) <= 600
        assert not any(overlap(a, b) for a, b in itertools.combinations(boxes[:40], 2))
        if len(seen) == COUNT:
            return
        await grid.evaluate("region => region.scrollBy(0, region.clientHeight)")
        await page.wait_for_timeout(60)
    assert len(seen) == COUNT


async def search(page: Page) -> None:
    tiles, field = page.locator(TILES), page.get_by_role("searchbox", name="Search your images")
    await field.fill("plan number26")
    await expect(tiles).to_have_count(3)
    await expect(page).to_have_url(re.compile(r"q=plan"))
    await page.reload()
    await expect(tiles).to_have_count(3)
    await field.fill("zebra")
    await expect(page.get_by_text("No picture matches")).to_be_visible()
    await page.get_by_role("button", name="Clear the search").click()
    await expect(tiles.first).to_be_visible()


async def look_closer(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    await page.locator(TILES).first.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("number298")
    await page.keyboard.press("ArrowRight")
    await expect(dialog).to_contain_text("number297")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def trash_and_undo(page: Page) -> None:
    first = page.get_by_role("link", name="number299")
    await first.focus()
    await page.keyboard.press("Delete")
    await expect(first).to_have_count(0)
    await expect(page.get_by_role("status").filter(has_text="moved to the trash")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(first).to_have_count(1)


def overlap(a: list[float], b: list[float]) -> bool:
    """Say whether two boxes [id, left, top, width, height] share more than a rounding error."""
    across = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    down = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    return across > 1 and down > 1


async def test_trash_restores_and_deletes_for_good_and_a_stranger_sees_nothing(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product()
    watch.allowed.append("404")
    page = await (await open_context(url=product.url)).new_page()
    await seeded(page, product, 3)
    await open_gallery(page)
    ids = await page.locator(TILES).evaluate_all("all => all.map(a => a.dataset.id)")
    for place in (0, 0):
        await page.locator(TILES).nth(place).focus()
        await page.keyboard.press("Delete")
        await expect(page.locator(f'{TILES}[data-id="{ids.pop(0)}"]')).to_have_count(0)

    await page.goto("/trash")
    await expect(page.get_by_text("30 days left").first).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Restore: .*number2")).click()
    await expect(page.get_by_role("button", name=re.compile("^Restore"))).to_have_count(1)
    left = (await (await page.request.get("/api/gallery?trashed=1")).json())["tiles"][0]["id"]
    await page.get_by_role("button", name=re.compile("^Delete now")).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete now").click()
    await expect(page.get_by_text("The trash is empty")).to_be_visible()
    for variant in ("320", "960", "original"):
        assert (await page.request.get(f"/media/{left}/{variant}")).status == 404
    kept = (await (await page.request.get("/api/gallery")).json())["tiles"]
    assert len(kept) == 2

    stranger = await (await open_context(url=product.url)).new_page()
    await sign_up(stranger)
    await stranger.goto(f"/gallery?image={kept[0]['id']}")
    await expect(stranger.get_by_text("Nothing yet")).to_be_visible()
    assert (await (await stranger.request.get("/api/gallery")).json())["tiles"] == []
    assert (await stranger.request.get(f"/media/{kept[0]['id']}/320")).status == 404


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_gallery_lightbox_and_trash_have_no_barriers(
    size: str, theme: str, make_product: MakeProduct, open_context: OpenContext
) -> None:
    product = await make_product()
    page = await (await open_context(size=size, theme=theme, url=product.url)).new_page()
    await seeded(page, product, 8)
    await open_gallery(page)
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator(TILES).first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("dialog").get_by_role("button", name="Move to trash").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await find_barriers(page) == []
    await page.goto("/trash")
    await expect(page.get_by_role("button", name=re.compile("^Restore"))).to_be_visible()
    assert await find_barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
