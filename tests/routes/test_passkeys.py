"""Passkeys over the routes, with a device in software; the browser's own part is seen in tests/journeys/test_security.py."""

import html
import json
import re
from typing import Any

import httpx
import pytest

from imageroute_app.domain.rules import Rules
from tests.authenticator import PRESENT, Device
from tests.routes.conftest import SIGN_UP, House

ORIGIN = "http://localhost:3000"
PAGE = "/account/security"


@pytest.fixture
def rules() -> Rules:
    """Browsers allow passkeys where the address is a name."""
    return Rules(origin=ORIGIN, sign_ups_per_hour=1000)


async def creation(client: httpx.AsyncClient) -> dict[str, Any]:
    page = await client.post(f"{PAGE}/passkeys")
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found, page.text
    return json.loads(html.unescape(found[1]))


async def request(client: httpx.AsyncClient) -> dict[str, Any]:
    return (await client.post("/api/passkey")).json()


async def with_passkey(
    house: House, name: str = "ada", device: Device | None = None
) -> tuple[httpx.AsyncClient, Device]:
    """Return a signed-up browser and the device that holds its passkey."""
    client, device = await house.signed_up(name), device or Device(ORIGIN)
    data = {"name": "My phone", "passkey": device.create(await creation(client))}
    added = await client.post(f"{PAGE}/passkeys/add", data=data)
    assert (added.status_code, added.headers["location"]) == (303, f"{PAGE}?done=added")
    return client, device


async def enter(house: House, answer: str) -> httpx.Response:
    return await (await house.browser()).post("/auth/passkey", data={"passkey": answer, "next": "/gallery"})


async def test_a_passkey_signs_in_without_a_password(house: House) -> None:
    client, device = await with_passkey(house)
    browser = await house.browser()
    answer = device.get(await request(browser))
    entered = await browser.post("/auth/passkey", data={"passkey": answer, "next": "/gallery"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/gallery")
    assert await house.owner(browser) == await house.owner(client)
    page = (await client.get(PAGE)).text
    assert "My phone" in page
    assert "Never" not in page
    assert await house.link("A passkey was added") == PAGE


async def test_an_answer_is_taken_once(house: House) -> None:
    _, device = await with_passkey(house)
    answer = device.get(await request(await house.browser()))
    assert (await enter(house, answer)).status_code == 303
    again = await enter(house, answer)
    assert again.status_code == 422
    assert "set-cookie" not in again.headers


async def test_an_answer_ends_after_ten_minutes(house: House) -> None:
    _, device = await with_passkey(house)
    answer = device.get(await request(await house.browser()))
    house.clock.move(minutes=11)
    assert (await enter(house, answer)).status_code == 422


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3001", "http://localhost.evil.example:3000"]
)
async def test_an_answer_given_to_another_site_is_refused(house: House, origin: str) -> None:
    _, device = await with_passkey(house)
    options = await request(await house.browser())
    device.origin = origin
    assert (await enter(house, device.get(options))).status_code == 422


async def test_a_challenge_that_is_not_ours_is_refused(house: House) -> None:
    _, device = await with_passkey(house)
    options = await request(await house.browser())
    assert (await enter(house, device.get({**options, "challenge": "A" * 54}))).status_code == 422
    assert (await enter(house, device.get({**options, "challenge": ""}))).status_code == 422


async def test_a_device_that_did_not_check_its_person_is_refused(house: House) -> None:
    _, device = await with_passkey(house)
    device.flags = PRESENT
    assert (await enter(house, device.get(await request(await house.browser())))).status_code == 422


async def test_a_copied_device_is_found_by_its_counter(house: House) -> None:
    _, device = await with_passkey(house)
    device.count = 5
    assert (await enter(house, device.get(await request(await house.browser())))).status_code == 303
    device.count = 3
    assert (await enter(house, device.get(await request(await house.browser())))).status_code == 422


async def test_another_key_under_the_same_name_is_refused(house: House) -> None:
    _, device = await with_passkey(house)
    thief = Device(ORIGIN, credential=device.credential)
    assert (await enter(house, thief.get(await request(await house.browser())))).status_code == 422


async def test_a_challenge_to_make_one_is_bound_to_its_person(house: House) -> None:
    ada, bob = await house.signed_up("ada"), await house.signed_up("bob")
    made = Device(ORIGIN).create(await creation(ada))
    refused = await bob.post(f"{PAGE}/passkeys/add", data={"passkey": made})
    assert refused.status_code == 422
    assert await house.services.passkeys.of(await house.owner(bob)) == []


async def test_one_passkey_opens_one_account_only(house: House) -> None:
    _, device = await with_passkey(house, "ada")
    bob = await house.signed_up("bob")
    refused = await bob.post(f"{PAGE}/passkeys/add", data={"passkey": device.create(await creation(bob))})
    assert refused.status_code == 422
    assert "on an account already" in refused.text


async def test_a_passkey_is_proof_of_presence_of_its_own_person_only(house: House) -> None:
    ada, device = await with_passkey(house, "ada")
    _, other = await with_passkey(house, "bob")
    house.clock.move(minutes=11)
    asked = await ada.post("/privacy-center/close", data={"when": "later"})
    assert "Confirm with a passkey" in asked.text
    foreign = {"when": "later", "passkey": other.get(await request(ada))}
    assert (await ada.post("/privacy-center/close", data=foreign)).status_code == 422
    own = {"when": "later", "passkey": device.get(await request(ada))}
    assert (await ada.post("/privacy-center/close", data=own)).status_code == 303


async def test_a_removed_passkey_opens_nothing(house: House) -> None:
    client, device = await with_passkey(house)
    [passkey] = await house.services.passkeys.of(await house.owner(client))
    stranger = await house.signed_up("eve")
    assert (await stranger.post(f"{PAGE}/passkeys/remove", data={"passkey_id": passkey.id})).status_code == 404
    done = await client.post(f"{PAGE}/passkeys/remove", data={"passkey_id": passkey.id})
    assert done.headers["location"] == f"{PAGE}?done=removed"
    assert (await enter(house, device.get(await request(await house.browser())))).status_code == 422


@pytest.mark.parametrize(
    "answer", ["", "x", "[]", "{}", '{"rawId":1,"response":[]}', "null", '{"response":{"clientDataJSON":"e30"}}']
)
async def test_what_no_browser_sends_is_refused_politely(house: House, answer: str) -> None:
    client, _ = await with_passkey(house)
    assert (await enter(house, answer)).status_code == 422
    assert (await client.post(f"{PAGE}/passkeys/add", data={"passkey": answer})).status_code == 422


async def test_where_the_address_is_a_number_the_page_says_where_passkeys_work(house: House) -> None:
    house.with_site(origin="http://127.0.0.1:3000")
    client = await house.browser()
    await client.post("/auth/sign-up", data={**SIGN_UP, "email": "n@example.com"})
    page = await client.post(f"{PAGE}/passkeys")
    assert page.status_code == 409
    assert "http://localhost:3000" in page.text
    assert "http://localhost:3000" in (await client.post("/api/passkey")).json()["error"]["message"]
