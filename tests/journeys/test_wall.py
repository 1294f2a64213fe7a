"""The wall around the pages, seen from a browser and from a raw socket."""

from playwright.async_api import Page, expect

from tests.journeys.conftest import find_barriers
from tests.product import Product


async def test_landing_page_runs_under_the_strict_policy(page: Page, product: Product) -> None:
    answer = await page.goto("/")

    assert answer is not None
    policy = (await answer.all_headers())["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    await expect(page.locator("h1")).to_be_visible()
    assert await find_barriers(page) == []


async def test_page_works_under_both_loopback_names(page: Page, product: Product) -> None:
    async with page.expect_websocket() as socket:
        await page.goto(f"http://localhost:{product.port}/")

    assert (await socket.value).url.startswith(f"ws://localhost:{product.port}/_event")
