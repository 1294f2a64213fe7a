"""The check for barriers sees what it is there to see."""

from playwright.async_api import Page

from tests.journeys.conftest import find_barriers

PAGE = """<!doctype html><html lang="en"><title>A page</title><meta name="viewport" content="width=device-width">
<style>body { color: #111; background: #fff } @media (prefers-color-scheme: dark) { body { background: #222 } }</style>
<main><h1>Words</h1></main></html>"""


async def test_words_that_cannot_be_read_in_the_other_theme_are_found(page: Page) -> None:
    await page.set_content(PAGE)
    assert [fault.split(" ")[0] for fault in await find_barriers(page)] == ["color-contrast"]
    await page.set_content(PAGE.replace("#222", "#fff"))
    assert await find_barriers(page) == []
