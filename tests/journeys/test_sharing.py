"""The share part of journey 12: a link is made, seen by a stranger without script or cookie, and taken back at once."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.journeys.conftest import LOOKS, OpenContext, Watch, find_barriers
from tests.journeys.test_gallery import TILES, Fill, fill

__all__ = ["fill"]
PASSWORD = "open sesame please"


async def make_link(page: Page, password: str = "") -> str:
    await page.locator(TILES).first.click()
    await page.get_by_role("button", name="Share", exact=True).click()
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Make a link").click()
    return await page.get_by_label("Link", exact=True).first.input_value()


@pytest.mark.promise("P48")
@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_a_link_is_seen_by_a_stranger_until_it_is_revoked(
    fill: Fill, open_context: OpenContext, watch: Watch, size: str, theme: str
) -> None:
    page = await fill(2, size=size, theme=theme)
    link = await make_link(page)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == link
    assert await find_barriers(page) == []
    context = await open_context(size=size, theme=theme, java_script_enabled=False)
    stranger = await context.new_page()
    await stranger.goto(link)
    shown = stranger.get_by_role("img", name="The shared picture")
    await expect(shown).to_be_visible()
    assert await context.cookies() == []
    assert not re.search(r"\bAda\b", await stranger.content())  # as a word: a token is random letters
    assert "topographic" not in await stranger.content()

    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("No link works now.", exact=False)).to_be_visible()
    watch.allowed.append("404")
    await stranger.reload()
    await expect(stranger.get_by_role("heading", name="Not found")).to_be_visible()


async def test_a_password_stands_before_the_picture(fill: Fill, open_context: OpenContext, watch: Watch) -> None:
    page = await fill(1)
    link = await make_link(page, PASSWORD)
    stranger = await (await open_context()).new_page()
    watch.allowed.append("422")
    await stranger.goto(link)
    for typed in ("something else", PASSWORD):
        await expect(stranger.get_by_role("img", name="The shared picture")).to_have_count(0)
        await stranger.get_by_label("Password", exact=True).fill(typed)
        await stranger.get_by_role("button", name="Show the picture").click()
    await expect(stranger.get_by_role("img", name="The shared picture")).to_be_visible()
    assert await find_barriers(stranger) == []
