"""Codes of an app and recovery codes, as a browser without scripts meets them."""

import re

import httpx
import pytest

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.factors import STEP_S, code_at
from tests.routes.conftest import PASSWORD, House

PAGE = "/account/security"
SIGN_IN = {"email": "ada@example.com", "password": PASSWORD}


async def code_now(house: House, owner: str) -> str:
    app = await house.services.two_steps.app(owner)
    assert app is not None
    return code_at(app.secret, int(house.clock().timestamp()) // STEP_S)


async def set_up(house: House, client: httpx.AsyncClient) -> list[str]:
    """Turn codes on and return the recovery codes; the clock moves on to the next code."""
    shown = await client.post(f"{PAGE}/app")
    assert shown.status_code == 200, shown.text
    owner = await house.owner(client)
    done = await client.post(f"{PAGE}/app/confirm", data={"code": await code_now(house, owner)})
    house.clock.move(seconds=STEP_S)
    codes = re.findall(r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>", done.text)
    assert len(codes) == 10, done.text
    return codes


async def ticket_of(browser: httpx.AsyncClient, next_path: str = "") -> str:
    """Give the right password and return the proof of it that the page carries."""
    page = await browser.post("/auth/sign-in", data={**SIGN_IN, "next": next_path})
    assert page.status_code == 200
    assert "ir_session" not in browser.cookies
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


async def test_a_code_is_asked_for_after_the_password(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    await set_up(house, client)
    browser = await house.browser()
    ticket = await ticket_of(browser, "/gallery")
    wrong = await browser.post("/auth/second-step", data={"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    assert ticket in wrong.text
    data = {"ticket": ticket, "code": await code_now(house, owner), "next": "/gallery"}
    right = await browser.post("/auth/second-step", data=data)
    assert (right.status_code, right.headers["location"]) == (303, "/gallery")
    assert await house.owner(browser) == owner


async def test_a_code_is_taken_once(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    await set_up(house, client)
    code = await code_now(house, owner)
    first, second = await house.browser(), await house.browser()
    for browser, status in ((first, 303), (second, 422)):
        answer = await browser.post("/auth/second-step", data={"ticket": await ticket_of(browser), "code": code})
        assert answer.status_code == status


async def test_a_recovery_code_works_once_and_its_use_is_told(house: House) -> None:
    codes = await set_up(house, await house.signed_up())
    for status in (303, 422):
        browser = await house.browser()
        data = {"ticket": await ticket_of(browser), "code": codes[0].upper()}
        assert (await browser.post("/auth/second-step", data=data)).status_code == status
    assert await house.link("A recovery code was used") == PAGE


async def test_what_waits_for_a_code_ends_with_time_with_the_password_and_cannot_be_invented(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    await set_up(house, client)
    browser = await house.browser()
    ticket = await ticket_of(browser)
    forged = [ticket[:-1] + ("0" if ticket[-1] != "0" else "1"), "", "..", "a.b.c", f"{owner}.99999999999.{'0' * 64}"]
    for one in forged:
        answer = await browser.post("/auth/second-step", data={"ticket": one, "code": await code_now(house, owner)})
        assert answer.status_code == 401, one
    data = {"current_password": PASSWORD, "new_password": "another long one"}
    await client.post("/auth/change-password", data=data)
    changed = await browser.post("/auth/second-step", data={"ticket": ticket, "code": await code_now(house, owner)})
    assert changed.status_code == 401
    await client.post("/auth/change-password", data={"current_password": "another long one", "new_password": PASSWORD})
    ticket = await ticket_of(browser)
    house.clock.move(minutes=11)
    late = await browser.post("/auth/second-step", data={"ticket": ticket, "code": await code_now(house, owner)})
    assert late.status_code == 401


async def test_guessing_codes_is_limited(house: House) -> None:
    await set_up(house, await house.signed_up())
    browser = await house.browser()
    ticket = await ticket_of(browser)
    answers = [await browser.post("/auth/second-step", data={"ticket": ticket, "code": "000000"}) for _ in range(12)]
    assert [answer.status_code for answer in answers][-1] == 429
    guesses = [await browser.post("/auth/second-step", data={"ticket": ticket, "code": "abcd"}) for _ in range(12)]
    assert [answer.status_code for answer in guesses][-1] == 429


@pytest.mark.promise("P30")
@pytest.mark.parametrize("path", ["app", "codes", "passkeys", "passkeys/remove"])
async def test_every_change_asks_for_proof_when_the_last_one_is_old(house: House, path: str) -> None:
    client = await house.signed_up()
    house.clock.move(minutes=11)
    asked = await client.post(f"{PAGE}/{path}")
    assert asked.status_code == 403
    assert 'name="current_password"' in asked.text


@pytest.mark.parametrize(("path", "data"), [("app/confirm", {"code": "1"}), ("passkeys/add", {"passkey": "{}"})])
async def test_a_stolen_screen_cannot_begin_in_the_middle(house: House, path: str, data: dict[str, str]) -> None:
    client = await house.signed_up()
    house.clock.move(minutes=11)
    answer = await client.post(f"{PAGE}/{path}", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert await house.services.two_steps.app(await house.owner(client)) is None


async def test_a_code_is_proof_of_presence(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    await set_up(house, client)
    house.clock.move(minutes=11)
    asked = await client.post("/privacy-center/close", data={"when": "later"})
    assert 'name="code"' in asked.text
    wrong = await client.post("/privacy-center/close", data={"when": "later", "code": "000000"})
    assert wrong.status_code == 422
    done = await client.post("/privacy-center/close", data={"when": "later", "code": await code_now(house, owner)})
    assert done.status_code == 303


async def test_turning_codes_off_is_told_and_noted(house: House) -> None:
    client = await house.signed_up()
    await set_up(house, client)
    assert "10 of 10 recovery codes are left" in (await client.get(PAGE)).text
    done = await client.post(f"{PAGE}/app/end")
    assert done.headers["location"] == f"{PAGE}?done=off"
    assert "Codes are off" in (await client.get(done.headers["location"])).text
    assert await house.link("Codes from an app are on") == PAGE
    assert await house.link("Codes from an app are off") == PAGE
    kinds = [row.kind for row in await house.services.activity.newest(await house.owner(client))]
    assert kinds[:2] == [ActivityKind.TWO_STEP_OFF, ActivityKind.TWO_STEP_ON]
    assert (await (await house.browser()).post("/auth/sign-in", data=SIGN_IN)).status_code == 303


async def test_a_set_up_that_nobody_finished_asks_for_nothing(house: House) -> None:
    client = await house.signed_up()
    first = await client.post(f"{PAGE}/app")
    again = await client.post(f"{PAGE}/app")
    key = re.compile(r'class="mono qrkey"[^>]*>([A-Z2-7 ]+)<')
    assert key.findall(first.text) == key.findall(again.text) != []
    wrong = await client.post(f"{PAGE}/app/confirm", data={"code": "000000"})
    assert wrong.status_code == 422
    assert (await (await house.browser()).post("/auth/sign-in", data=SIGN_IN)).status_code == 303
    assert (await client.post(f"{PAGE}/app/end")).headers["location"] == PAGE
    assert await house.services.two_steps.app(await house.owner(client)) is None


async def test_new_recovery_codes_end_the_old_ones(house: House) -> None:
    client = await house.signed_up()
    old = await set_up(house, client)
    page = await client.post(f"{PAGE}/codes")
    new = re.findall(r"<li>([a-z2-7-]{19})</li>", page.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    browser = await house.browser()
    data = {"ticket": await ticket_of(browser), "code": old[0]}
    assert (await browser.post("/auth/second-step", data=data)).status_code == 422


async def test_the_page_is_for_its_person_only(house: House) -> None:
    stranger = await house.browser()
    page = await stranger.get(PAGE)
    assert page.headers["location"] == f"/sign-in?next={PAGE}"
    for path in ("app", "app/confirm", "app/end", "codes", "passkeys", "passkeys/add", "passkeys/remove"):
        assert (await stranger.post(f"{PAGE}/{path}")).status_code == 401


async def test_a_reset_password_does_not_open_an_account_with_codes(house: House) -> None:
    client = await house.signed_up()
    await set_up(house, client)
    await client.post("/auth/forgot-password", data={"email": "ada@example.com"})
    token = (await house.link("Set a new password")).partition("token=")[2]
    await client.post("/auth/reset-password", data={"token": token, "password": "another long one"})
    browser = await house.browser()
    answer = await browser.post("/auth/sign-in", data={**SIGN_IN, "password": "another long one"})
    assert answer.status_code == 200
    assert 'name="ticket"' in answer.text
    assert "ir_session" not in browser.cookies
