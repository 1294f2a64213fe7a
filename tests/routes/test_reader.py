"""The frame of pages that anybody may read: it knows who is signed in, and no cache hands one reader's frame to another."""

import re

import httpx
import pytest

from imageroute_app.domain.choices import STANDS_WORDS, ChoiceEvent
from imageroute_app.domain.purposes import OPTIONAL
from imageroute_app.routes.public import PAGES
from tests.routes.conftest import House

READING = (*PAGES, "verify", "support", "requests", "report", "privacy/versions", "trust/retention", "trust/promises")
DOOR = re.compile(r"<nav aria-label=\"Main\">(.*?)</nav>", re.DOTALL)


def door(page: httpx.Response) -> str:
    """Return what the head of a page offers."""
    found = DOOR.search(page.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", READING)
async def test_who_is_signed_in_is_not_asked_to_sign_in(house: House, browser: httpx.AsyncClient, name: str) -> None:
    ada = await house.signed_up()
    own, public = await ada.get(f"/{name}"), await browser.get(f"/{name}")
    assert "/sign-in" not in door(own)
    assert 'href="/privacy-center"' in door(own)
    assert 'href="/sign-in"' in door(public)
    await ada.post("/auth/sign-out")
    assert 'href="/sign-in"' in door(await ada.get(f"/{name}"))


@pytest.mark.parametrize("name", PAGES)
async def test_no_cache_hands_the_frame_of_one_reader_to_another(
    house: House, browser: httpx.AsyncClient, name: str
) -> None:
    ada = await house.signed_up()
    own, public = await ada.get(f"/{name}"), await browser.get(f"/{name}")
    assert own.headers["cache-control"] == "private, no-cache"
    assert public.headers["cache-control"] == "no-cache"
    for page in (own, public):
        assert page.headers["vary"] == "Sec-GPC, Cookie"
        assert "etag" not in page.headers
        assert "set-cookie" not in page.headers


async def test_a_cookie_that_is_no_session_gets_the_public_frame(house: House) -> None:
    odd = await house.browser()
    odd.cookies.set("ir_session", "forged")
    page = await odd.get("/privacy")
    assert 'href="/sign-in"' in door(page)
    assert page.headers["cache-control"] == "private, no-cache"


@pytest.mark.promise("P56")
@pytest.mark.parametrize("is_signed_in", [False, True])
@pytest.mark.parametrize("name", [*READING, "privacy-center/choices"])
async def test_while_a_yes_stands_every_page_has_the_way_back_without_script(
    house: House, is_signed_in: bool, name: str
) -> None:
    if name == "privacy-center/choices" and not is_signed_in:
        return
    browser = await house.signed_up() if is_signed_in else await house.browser()
    assert 'value="back"' not in seen(await browser.get(f"/{name}"))
    await browser.post("/choices", data={"answer": "accept"})
    page = await browser.get(f"/{name}")
    assert seen(page).count('value="back"') == 1
    assert STANDS_WORDS in page.text
    assert "private" in page.headers["cache-control"] or page.headers["cache-control"] == "no-store"

    answer = await browser.post("/choices", data={"answer": "back", "next": f"/{name}"})

    assert (answer.status_code, answer.headers["location"]) == (303, f"/{name}")
    assert not (await browser.get("/api/choices")).json()["counts"]
    assert 'value="back"' not in seen(await browser.get(f"/{name}"))


@pytest.mark.promise("P56", "P70")
async def test_the_log_has_the_words_beside_the_way_back(house: House) -> None:
    ada = await house.signed_up()
    await ada.post("/choices", data={"answer": "accept"})
    await ada.post("/choices", data={"answer": "back"})
    newest = (await house.services.choices.log.history(await house.owner(ada)))[: len(OPTIONAL)]
    assert [(one.event, one.words) for one in newest] == [(ChoiceEvent.WITHDRAWN, STANDS_WORDS)] * len(OPTIONAL)


def seen(page: httpx.Response) -> str:
    """Return a page as one sees it without script."""
    assert page.status_code == 200
    return re.sub(r"<form\b[^>]* hidden\b[^>]*>.*?</form>", "", page.text, flags=re.DOTALL)
