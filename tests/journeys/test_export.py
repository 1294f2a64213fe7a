"""Journey: one button, everything in it: progress, download in the browser, the page that opens offline, deletion."""

import asyncio
import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.conftest import MakeProduct
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_account import PASSWORD, sign_up
from tests.journeys.test_uploads import bring
from tests.product import Product
from tests.services.exporting import digests_match, is_valid_bag

READY = "Ready: everything is in it"
READY_MS = 60_000


async def open_center(page: Page) -> None:
    await page.goto("/privacy-center")
    await expect(page.get_by_role("button", name="Export my data")).to_be_visible()
    await expect(page.get_by_text("used for training.")).to_be_visible()


async def start(page: Page) -> None:
    button = page.get_by_role("button", name="Export my data")
    await expect(button).to_be_enabled()
    await button.click()


async def download(page: Page, folder: Path) -> Path:
    """Download part 1 with the browser and unpack it."""
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Download Part 1 of 1").click()
    file = await begun.value
    assert file.suggested_filename.startswith("imageroute-export-")
    assert file.suggested_filename.endswith("-part-01-of-01.zip")
    await file.save_as(folder / "part.zip")
    zipfile.ZipFile(io.BytesIO((folder / "part.zip").read_bytes())).extractall(folder / "bag")
    return folder / "bag"


@pytest.mark.promise("P44", "P45")
@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_everything_is_exported_downloaded_read_offline_and_deleted(
    open_context: OpenContext, browser: Browser, tmp_path: Path, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await bring(page, "beach.jpg")
    await open_center(page)
    await page.get_by_text("What goes in, and how large").click()
    await page.get_by_role("button", name="Choose").click()
    await expect(page.get_by_role("button", name="Uploads", exact=True)).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Everything", exact=True).click()
    await start(page)
    exports = page.get_by_role("list", name="Your exports")
    await expect(exports).to_contain_text(READY, timeout=READY_MS)
    await page.reload()
    await expect(exports).to_contain_text(READY)
    assert await find_barriers(page) == []

    bag = await download(page, tmp_path)
    assert is_valid_bag(bag)
    assert digests_match(bag).returncode == 0
    offline = await browser.new_context(offline=True, java_script_enabled=False)
    reader = await offline.new_page()
    await reader.goto((bag / "data/index.html").as_uri())
    await expect(reader.get_by_role("img", name="beach.jpg")).to_be_visible()
    await expect(reader.get_by_text("Nothing is missing.")).to_be_visible()
    await offline.close()

    await page.get_by_role("button", name="Delete file now").click()
    await expect(exports).to_contain_text("You deleted the files")
    await expect(page.get_by_role("button", name="Download Part 1 of 1")).to_have_count(0)


@pytest.mark.promise("P44")
async def test_an_export_waits_for_no_load(page: Page, open_context: OpenContext) -> None:
    await sign_up(page)
    context = await open_context(java_script_enabled=False, storage_state=await page.context.storage_state())
    plain = await context.new_page()
    await plain.goto("/privacy-center")
    await start(plain)
    await page.goto("/privacy-center")
    await expect(page.get_by_role("list", name="Your exports")).to_contain_text(READY, timeout=READY_MS)


@pytest.mark.promise("P30", "P44")
async def test_an_old_session_gives_the_password_and_what_was_chosen_goes_on(
    page: Page, product: Product, watch: Watch
) -> None:
    watch.allowed = ["status of 403"]  # the page that asks
    await sign_up(page)
    with closing(sqlite3.connect(product.data_dir / "imageroute.db")) as database, database:
        database.execute("UPDATE sessions SET confirmed_at = confirmed_at - 660000000")
    await open_center(page)
    await start(page)
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Export my data").click()
    await expect(page.get_by_role("list", name="Your exports")).to_contain_text(READY, timeout=READY_MS)


@pytest.mark.promise("P44")
async def test_a_killed_worker_is_told_and_the_export_goes_on_in_both_tabs(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch, tmp_path: Path
) -> None:
    product = await make_product(TEST_FAULT="export_packing:kill")
    watch.origins, watch.allowed = (product.url,), ["ERR_CONNECTION", "ERR_EMPTY", "WebSocket"]
    context = await open_context(url=product.url)
    page, second = await context.new_page(), await context.new_page()
    await sign_up(page)
    await bring(page, "beach.jpg")
    await open_center(page)
    await start(page)
    await product.wait()
    await page.goto("about:blank")
    await product.start()
    await open_center(page)
    await open_center(second)
    for tab in (page, second):
        await expect(tab.get_by_role("list", name="Export progress")).to_be_visible()
        await expect(tab.get_by_role("button", name="Export my data")).to_be_disabled()
    with closing(sqlite3.connect(product.data_dir / "imageroute.db")) as database, database:
        database.execute("UPDATE exports SET lease_until = lease_until - 110000000")
    silent = "The worker has not answered since"  # until the next worker begins: both are watched at once
    await asyncio.gather(*(expect(tab.get_by_text(silent)).to_be_visible() for tab in (page, second)))
    for tab in (page, second):
        await expect(tab.get_by_role("list", name="Your exports")).to_contain_text(READY, timeout=READY_MS)
    assert is_valid_bag(await download(page, tmp_path))


@pytest.mark.promise("P44")
async def test_pause_says_so_resume_goes_on_and_cancel_leaves_a_line(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product(TEST_FAULT="export_images:full")
    watch.origins = (product.url,)
    page = await (await open_context(url=product.url)).new_page()
    await sign_up(page)
    await open_center(page)
    await start(page)
    status = page.get_by_role("status").filter(has_text="copied")
    await page.get_by_role("button", name="Pause").click()
    await expect(status).to_contain_text("Paused")
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("list", name="Your exports")).to_contain_text(READY, timeout=READY_MS)
    await start(page)
    await expect(page.get_by_role("list", name="Your exports").get_by_text(READY)).to_have_count(2, timeout=READY_MS)
