"""What a person sees when the server dies at any point of a generation, the disk is full or the database is locked."""

import base64
import contextlib
import secrets
import sqlite3

import pytest
from playwright.async_api import Page, expect

from tests.conftest import MakeProduct
from tests.journeys.conftest import OpenContext, Watch
from tests.journeys.test_first_picture import (
    WISH,
    credits_of,
    expect_pictures,
    gallery_of,
    generate,
    new_person,
    prompt_of,
    write,
)
from tests.mongo_server import RUN
from tests.product import Product

POINTS = (
    "after_reserve",
    "after_sent",
    "after_answer",
    "half_stored",
    "before_rows",
    "before_commit",
    "after_commit",
)
# tests/services/test_kill.py kills at every one of them; in the browser that is a part of the soak.
SAMPLE = [
    point if point in {"after_reserve", "before_commit"} else pytest.param(point, marks=pytest.mark.soak)
    for point in POINTS
]


async def open_form(product: Product, open_context: OpenContext, watch: Watch) -> Page:
    watch.origins, watch.allowed = (product.url,), ["ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED"]
    page = await (await open_context(url=product.url)).new_page()
    await new_person(page)
    await write(page)
    return page


async def see_it_end(product: Product, page: Page) -> None:
    """Press, let the server die at its point, start it again and wait for the one picture on the same open page."""
    await generate(page)
    await product.wait()
    await product.start()
    await expect_pictures(page, 1)
    await expect(page.locator("a.pill")).to_contain_text("49")
    assert await gallery_of(page) == [WISH]
    await page.reload()
    await expect_pictures(page, 1)
    assert await credits_of(page) == 49


@pytest.mark.parametrize("point", SAMPLE)
async def test_killed_server_ends_the_generation_after_its_restart(
    point: str, make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product(TEST_FAULT=f"{point}:kill")
    await see_it_end(product, await open_form(product, open_context, watch))


@pytest.mark.parametrize("point", ["after_answer", pytest.param("before_commit", marks=pytest.mark.soak)])
async def test_the_same_on_mongodb(
    point: str, make_product: MakeProduct, open_context: OpenContext, watch: Watch, mongo_uri: str
) -> None:
    product = await make_product(
        TEST_FAULT=f"{point}:kill",
        MONGODB_URI=mongo_uri,
        MONGODB_DATABASE=f"{RUN}_{secrets.token_hex(4)}",
        MASTER_KEY=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )
    await see_it_end(product, await open_form(product, open_context, watch))


async def test_server_killed_before_anything_was_held_keeps_the_prompt(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product(TEST_FAULT="before_reserve:kill")
    page = await open_form(product, open_context, watch)
    await generate(page)
    await product.wait()
    await product.start()
    await page.reload()
    await expect(prompt_of(page)).to_have_value(WISH)
    assert await credits_of(page) == 50
    await write(page)
    await generate(page)
    await expect_pictures(page, 1)
    assert await gallery_of(page) == [WISH]


async def test_full_disk_is_said_and_nothing_is_lost(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product(TEST_FAULT="before_reserve:full")
    page = await open_form(product, open_context, watch)
    await generate(page)
    await expect(page.get_by_text("Our storage is full.")).to_be_visible()
    await expect(prompt_of(page)).to_have_value(WISH)
    assert await credits_of(page) == 50
    await generate(page)
    await expect_pictures(page, 1)


async def test_picture_that_cannot_be_stored_costs_nothing_and_can_be_tried_again(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product(TEST_FAULT="half_stored:full")
    page = await open_form(product, open_context, watch)
    await generate(page)
    await expect(page.get_by_text("0 credits charged")).to_be_visible(timeout=60_000)
    await expect(page.locator("a.pill")).to_contain_text("50")
    await page.get_by_role("button", name="Retry").click()
    await expect_pictures(page, 1)
    assert await credits_of(page) == 49


async def test_locked_database_is_said_and_nothing_is_lost(
    make_product: MakeProduct, open_context: OpenContext, watch: Watch
) -> None:
    product = await make_product()
    page = await open_form(product, open_context, watch)
    with contextlib.closing(sqlite3.connect(product.data_dir / "imageroute.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await generate(page)
        await expect(page.get_by_text("Storage is busy.").first).to_be_visible(timeout=60_000)
        other.execute("ROLLBACK")
    await expect(prompt_of(page)).to_have_value(WISH)
    await generate(page)
    await expect_pictures(page, 1)
    assert await credits_of(page) == 49
