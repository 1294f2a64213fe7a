"""Journey 6: an upload's days, the gallery that stops its clock, erasing now, and erasing when the days are over."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.adapters.pictures import encode, photo
from tests.conftest import MakeProduct
from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_account import sign_up
from tests.product import Product

PHOTO = encode(photo(320, 240), "JPEG")
DAY_MICROS = 86_400_000_000
SWEPT_S = 60
RULE = "Every upload is erased after 30 days"


async def bring(page: Page, name: str = "beach.jpg") -> str:
    """Upload a picture with the page's own session; returns its id."""
    headers = {"X-Requested-With": "imageroute", "X-File-Name": name, "Origin": page.url.partition("/create")[0]}
    answer = await page.request.post("/api/upload", data=PHOTO, headers=headers)
    assert answer.status == 201, await answer.text()
    return (await answer.json())["id"]


async def status_of(page: Page, upload_id: str) -> int:
    return (await page.request.get(f"/media/{upload_id}/320")).status


def age(product: Product, upload_id: str, days: int) -> None:
    """Write an upload's dates back in the product's database, as if it had come `days` ago."""
    with closing(sqlite3.connect(product.data_dir / "imageroute.db")) as database, database:
        changed = database.execute(
            "UPDATE uploads SET uploaded_at = uploaded_at - :gone, expires_at = expires_at - :gone,"
            " notice_at = notice_at - :gone WHERE id = :id",
            {"gone": days * DAY_MICROS, "id": upload_id},
        )
        assert changed.rowcount == 1


def kept(product: Product, upload_id: str) -> list[Path]:
    """Return every file in the data folder that names the upload."""
    return [path for path in product.data_dir.rglob("*") if upload_id in str(path) and path.is_file()]


async def until_gone(product: Product, upload_id: str) -> None:
    async with asyncio.timeout(SWEPT_S):
        while kept(product, upload_id):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_uploads_are_shown_saved_and_deleted(
    open_context: OpenContext, watch: Watch, size: str, theme: str
) -> None:
    page = await (await open_context(size=size, theme=theme)).new_page()
    await sign_up(page)
    await page.goto("/uploads")
    await expect(page.get_by_text(RULE)).to_be_visible()
    assert await find_barriers(page) == []
    await page.goto("/create")
    saved, deleted = await bring(page, "beach.jpg"), await bring(page, "dunes.jpg")

    await page.goto("/uploads")
    await expect(page.get_by_text("30 days left")).to_have_count(2)
    await expect(page.get_by_role("main").get_by_text("beach.jpg")).to_be_visible()
    assert await page.locator(".up").evaluate_all("all => all.every((each) => each.scrollWidth <= each.clientWidth)")
    assert await find_barriers(page) == []

    await page.get_by_role("button", name="Save to gallery: beach.jpg").click()
    await expect(page.get_by_role("main")).to_contain_text("Its clock has stopped")
    await expect(page.get_by_text("30 days left")).to_have_count(1)
    await page.get_by_role("button", name="Delete now: dunes.jpg").click()
    question = page.get_by_role("dialog", name="Delete this upload now?")
    await expect(question).to_be_visible()
    assert await find_barriers(page) == []
    await question.get_by_role("button", name="Keep it").click()
    assert await status_of(page, deleted) == 200
    await page.get_by_role("button", name="Delete now: dunes.jpg").click()
    await question.get_by_role("button", name="Delete now").click()
    await expect(page.get_by_text(RULE)).to_be_visible()
    await expect(page.get_by_role("heading", name="No uploads")).to_be_visible()
    assert await status_of(page, deleted) == 404

    assert await status_of(page, saved) == 200
    await page.goto("/gallery")
    await see_own_picture(page)


async def see_own_picture(page: Page) -> None:
    """Open the saved picture: it has nothing of a request that never was."""
    await page.get_by_role("link", name=re.compile("beach.jpg")).click()
    facts = page.get_by_role("dialog").get_by_role("complementary", name="Inspector")
    await expect(facts.get_by_role("heading", name="Your own picture")).to_be_visible()
    for nothing in ("Use prompt", "Use seed", "Remix", "Use all"):
        await expect(facts.get_by_role("link", name=nothing)).to_have_count(0)
    assert await find_barriers(page) == []


async def test_all_uploads_are_deleted_by_one_answer(open_context: OpenContext) -> None:
    page = await (await open_context(size="phone")).new_page()
    await sign_up(page)
    rest = [await bring(page, f"wave{number}.jpg") for number in range(3)]
    await page.goto("/uploads")
    await page.get_by_role("button", name="Delete all").click()
    question = page.get_by_role("dialog", name="Delete every upload now?")
    await expect(question).to_contain_text("3 uploads")
    assert await find_barriers(page) == []
    await question.get_by_role("button", name="Delete all now").click()
    await expect(page.get_by_text("3 uploads erased, with every size.")).to_be_visible()
    await expect(page.get_by_role("heading", name="No uploads")).to_be_visible()
    assert [await status_of(page, one) for one in rest] == [404, 404, 404]


async def test_another_person_sees_no_upload_and_gets_none(open_context: OpenContext, page: Page) -> None:
    await sign_up(page)
    upload_id = await bring(page)
    stranger = await (await open_context()).new_page()
    await sign_up(stranger, "Eve Adams")
    await stranger.goto("/uploads")
    await expect(stranger.get_by_role("heading", name="No uploads")).to_be_visible()
    assert await status_of(stranger, upload_id) == 404
    assert await status_of(page, upload_id) == 200


@pytest.mark.promise("P37")
async def test_an_upload_warns_at_five_days_and_is_gone_at_thirty(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product()
    watch.origins, watch.allowed = (product.url,), ["ERR_CONNECTION"]
    page = await (await open_context(url=product.url)).new_page()
    await sign_up(page)
    going, saved = await bring(page, "beach.jpg"), await bring(page, "dunes.jpg")
    age(product, going, 26)
    age(product, saved, 26)

    await page.goto("/uploads")
    await expect(page.get_by_text("4 days left")).to_have_count(2)
    await expect(page.get_by_role("link", name="Uploads, 2 expire in 5 days")).to_be_visible()
    await expect(page.get_by_role("heading", name="2 uploads will be erased in 5 days or less")).to_be_visible()
    assert await find_barriers(page) == []
    await page.get_by_role("button", name="Save to gallery: dunes.jpg").click()
    await expect(page.get_by_role("link", name="Uploads, 1 expires in 5 days")).to_be_visible()

    await page.goto("about:blank")
    await product.stop()
    age(product, going, 5)
    assert kept(product, going)
    await product.start()
    await until_gone(product, going)
    await page.goto("/uploads")
    await expect(page.get_by_role("heading", name="No uploads")).to_be_visible()
    assert await status_of(page, going) == 404
    assert await status_of(page, saved) == 200
