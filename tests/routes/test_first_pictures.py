"""GET /gallery with the person's first pictures in it: theirs alone, kept by nobody, and no script before them."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from imageroute_app.routes.api import build_api
from imageroute_app.routes.first_pictures import EAGER, INLINE, FirstPictures
from imageroute_app.routes.headers import content_security_policy
from tests.routes.conftest import House

PRERENDERED = (
    '<!DOCTYPE html><html><head><script async="" src="/grid.js" type="module"></script><script defer="" src="/app.js">'
    '</script><link rel="modulepreload" href="/assets/a.js"/><script>theme()</script></head><body><section class="scroll">'
    '<ir-grid aria-busy="true" id="grid" src="/api/gallery"></ir-grid></section>'
    '<script type="module" async="">import "/assets/a.js";</script></body></html>'
)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
Visit = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    page = tmp_path / "pages" / "gallery" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(PRERENDERED)
    return tmp_path / "pages"


@pytest.fixture
async def visit(house: House, pages: Path) -> Visit:
    """Open the gallery as this browser: `await visit(client, q="fern")`."""
    below = Starlette(routes=[Route("/gallery", lambda request: HTMLResponse(PRERENDERED))])
    around = FirstPictures(below, pages=pages, current=lambda: house.services)
    api = build_api(lambda: house.services)
    app = Starlette(routes=[*api.routes, Mount("", app=around)])

    async def open_gallery(client: httpx.AsyncClient, **asked: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=client.base_url, cookies=client.cookies) as browser:
            return await browser.get("/gallery", params=asked)

    return open_gallery


@pytest.mark.promise("P32", "P20")
async def test_only_the_owner_gets_a_page_with_pictures_and_nobody_keeps_it(house: House, visit: Visit) -> None:
    ada, eve = await house.signed_up("ada"), await house.signed_up("eve")
    image = await house.add_image(await house.owner(ada), 'a "fern" <at> dawn')

    answer = await visit(ada)

    assert f'src="/media/{image.id}/320"' in answer.text
    assert 'aria-label="a &quot;fern&quot; &lt;at&gt; dawn"' in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Cookie" in answer.headers["vary"]
    assert image.id not in (await visit(eve)).text
    assert (await visit(await house.browser())).text == PRERENDERED


async def test_it_shows_what_its_address_asks_for(house: House, visit: Visit) -> None:
    ada = await house.signed_up("ada")
    for prompt in ("a red fern", "a blue sea"):
        await house.add_image(await house.owner(ada), prompt)

    assert re.findall('aria-label="(a [^"]+)"', (await visit(ada, q="fern")).text) == ["a red fern"]
    assert re.findall('aria-label="(a [^"]+)"', (await visit(ada)).text) == ["a blue sea", "a red fern"]
    assert '<ir-grid served class="filled" ' in (await visit(ada)).text
    assert "filled" not in (await visit(ada, q="moon")).text
    assert (await visit(ada, q="a" * 201)).text == PRERENDERED


@pytest.mark.promise("P31")
async def test_no_file_of_script_runs_before_the_pictures_and_the_policy_knows_the_rest(
    house: House, visit: Visit, pages: Path
) -> None:
    text = (await visit(await house.signed_up("ada"))).text

    assert "modulepreload" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert set(re.findall(r'<script([^>]*)src="', text)) == {
        ' type="later" data-type="module" async="" ',
        ' type="later" defer="" ',
    }
    policy = content_security_policy(pages, ("https://a.example",), INLINE)
    for script in INLINE_SCRIPT.findall(text):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


async def test_only_the_first_pictures_and_no_font_of_ours_are_fetched_before_the_page_wakes(
    house: House, visit: Visit
) -> None:
    ada = await house.signed_up("ada")
    for number in range(EAGER + 2):
        await house.add_image(await house.owner(ada), f"fern {number}")

    text = (await visit(ada)).text

    assert text.startswith('<!DOCTYPE html><html class="plain">')
    assert 'class="flow asleep"' in text
    boxes = re.findall(r'<div class="(box[^"]*)".*? loading="(\w+)"', text)
    assert boxes == [("box", "eager")] * EAGER + [("box late", "lazy")] * 2
    [wake] = [script for script in INLINE_SCRIPT.findall(text) if "modulepreload" in script]
    assert 'classList.remove("plain", "early")' in wake
    assert 'classList.remove("asleep")' in wake
