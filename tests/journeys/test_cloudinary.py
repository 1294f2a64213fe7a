"""Journey 7 with the pictures at Cloudinary: whoever deletes one finds it gone everywhere, and never hears so too early."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import APIResponse, Page, expect

from tests.conftest import MakeProduct
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator
from tests.emulators.kit import served
from tests.journeys.conftest import OpenContext, Watch
from tests.journeys.test_account import sign_in
from tests.journeys.test_first_picture import generate, new_person, results_of, write
from tests.journeys.test_gallery import open_gallery
from tests.product import Product

SIZES = ("320", "960", "original")
DONE_MS, GONE_S = 40_000, 60


@dataclass
class Cloud:
    """A person with one picture at Cloudinary, and the same person in a second browser that has seen every size of it."""

    emulator: CloudinaryEmulator
    product: Product
    page: Page
    other: Page
    image_id: str

    async def look(self, size: str) -> APIResponse:
        """Ask for the picture in the other browser, past what that keeps."""
        return await self.other.request.get(f"/media/{self.image_id}/{size}")

    async def trash(self) -> None:
        """Move it to the trash by the keyboard, and go there."""
        await open_gallery(self.page)  # awake: the tiles are there before any key is heard
        await self.page.locator("ir-grid a.tile").first.focus()
        await self.page.keyboard.press("Delete")
        await expect(self.page.locator("ir-grid a.tile")).to_have_count(0)
        await self.page.goto("/trash")

    async def delete_now(self) -> None:
        """Delete it from the trash for good."""
        await self.page.get_by_role("button", name=re.compile("^Delete now: ")).click()
        await self.page.get_by_role("dialog").get_by_role("button", name="Delete now").click()


@pytest_asyncio.fixture(loop_scope="session")
async def cloud(make_product: MakeProduct, open_context: OpenContext, watch: Watch) -> AsyncIterator[Cloud]:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with served(emulator):
        product = await make_product(
            CLOUDINARY_CLOUD=CLOUD,
            CLOUDINARY_KEY=KEY,
            CLOUDINARY_SECRET=SECRET,
            CLOUDINARY_URL=emulator.url,
            CLOUDINARY_DELIVERY_URL=emulator.delivery_url,
        )
        watch.origins = (product.url,)
        page = await (await open_context(url=product.url)).new_page()
        email = await new_person(page)
        await write(page)
        await generate(page)
        await expect(results_of(page).locator("[data-tile]")).to_be_visible(timeout=DONE_MS)
        (tile,) = (await (await page.request.get("/api/gallery")).json())["tiles"]
        other = await (await open_context(url=product.url)).new_page()
        await sign_in(other, email)
        made = Cloud(emulator=emulator, product=product, page=page, other=other, image_id=tile["id"])
        for size in SIZES:
            assert (await made.look(size)).status == 200
        yield made


async def test_restored_it_is_byte_equal_and_deleted_it_is_gone_everywhere(cloud: Cloud) -> None:
    before = {size: await (await cloud.look(size)).body() for size in SIZES}
    await cloud.trash()
    await cloud.page.get_by_role("button", name=re.compile("^Restore: ")).click()
    await expect(cloud.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert {size: await (await cloud.look(size)).body() for size in SIZES} == before

    await cloud.trash()
    await cloud.delete_now()
    await expect(cloud.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert [(await cloud.look(size)).status for size in SIZES] == [404, 404, 404]
    assert cloud.emulator.holds_nothing(), cloud.emulator.names


async def test_while_the_supplier_is_down_nothing_is_said_to_be_gone_and_then_it_goes(
    cloud: Cloud, watch: Watch
) -> None:
    watch.allowed += ["ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED"]  # while it stops and starts again
    await cloud.trash()
    cloud.emulator.scenario.extra["outage"] = True
    await cloud.delete_now()
    await expect(cloud.page.get_by_text("goes on by itself")).to_be_visible()
    assert 200 not in [(await cloud.look(size)).status for size in SIZES]
    assert not cloud.emulator.holds_nothing()

    del cloud.emulator.scenario.extra["outage"]
    cloud.emulator.settle()
    await cloud.product.restart()  # it looks for what is over at its start, then every quarter of an hour
    async with asyncio.timeout(GONE_S):
        while not cloud.emulator.holds_nothing():
            await asyncio.sleep(0.1)
    await cloud.page.goto("/trash")
    await expect(cloud.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert [(await cloud.look(size)).status for size in SIZES] == [404, 404, 404]
