"""Closing an account over HTTP: the password comes first, the page needs no sign-in and names nobody."""

import base64
import html
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.routes.conftest import PASSWORD, House


async def closed(house: House, *, when: str = "later") -> tuple[str, str]:
    """Close Ada's account; returns her id and the path of the page."""
    ada = await house.signed_up()
    owner = await house.owner(ada)
    answer = await ada.post("/privacy-center/close", data={"when": when})
    assert answer.status_code == 303, answer.text
    assert "ir_session" not in ada.cookies
    return owner, answer.headers["location"]


@pytest.mark.promise("P30", "P49")
async def test_an_old_session_gives_the_password_first_and_the_choice_goes_along(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    house.clock.move(minutes=11)

    asked = await ada.post("/privacy-center/close", data={"when": "now"})
    wrong = await ada.post("/privacy-center/close", data={"when": "now", "current_password": "not it at all"})
    assert (asked.status_code, wrong.status_code) == (403, 422)
    assert 'value="now"' in asked.text
    assert "Erase everything now" in asked.text
    assert await house.services.erasures.of(owner) is None

    done = await ada.post("/privacy-center/close", data={"when": "now", "current_password": PASSWORD})
    assert done.status_code == 303
    assert done.headers["location"].startswith("/erasure/")
    await house.services.erasures.settle()


@pytest.mark.promise("P47")
async def test_the_page_needs_no_session_and_names_nobody(house: House) -> None:
    owner, path = await closed(house, when="now")
    await house.services.erasures.settle()
    stranger = await house.browser()

    page, file = await stranger.get(path), await stranger.get(f"{path}/status.json")

    assert page.status_code == file.status_code == 200
    assert "Gone. Every system was searched again" in page.text
    assert file.json()["state"] == "complete"
    assert {system["state"] for system in file.json()["systems"]} <= {"done", "absent"}
    for text in (page.text, file.text):
        assert owner not in text
        assert "ada@" not in text
        assert "lovelace" not in text.casefold()
    assert "<script" not in page.text.replace('<script src="/site.js"></script>', "")


@pytest.mark.promise("P47")
async def test_a_receipt_is_signed_and_a_changed_one_is_found_out(house: House) -> None:
    _, path = await closed(house, when="now")
    await house.services.erasures.settle()
    stranger = await house.browser()
    receipt = (await stranger.get(f"{path}/status.json")).json()
    signature = receipt.pop("signature")
    assert signature["public_key"] in html.unescape((await stranger.get("/trust")).text)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"]))

    def check(what: dict[str, object]) -> None:
        data = json.dumps(what, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        key.verify(base64.b64decode(signature["value"]), data)

    check(receipt)
    assert receipt["out_of_reach"]
    assert receipt["complaints"].startswith("https://")
    with pytest.raises(InvalidSignature):
        check({**receipt, "ended_at": "2026-11-24T00:00:00+00:00"})


@pytest.mark.promise("P47", "P49")
async def test_within_the_seven_days_one_press_keeps_it(house: House) -> None:
    owner, path = await closed(house)
    again = await house.browser()
    entered = await again.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert entered.headers["location"] == "/privacy-center#close"

    kept = await again.post("/privacy-center/keep")

    assert kept.status_code == 303
    assert await house.services.erasures.of(owner) is None
    assert "Called off" in (await again.get(path)).text


async def test_an_address_that_nobody_was_given_is_not_there(house: House) -> None:
    stranger = await house.browser()

    assert (await stranger.get(f"/erasure/{'0' * 32}")).status_code == 404
    assert (await stranger.post(f"/erasure/{'0' * 32}/try")).status_code == 404
    assert (await stranger.post("/privacy-center/close", data={"when": "now"})).status_code == 401
