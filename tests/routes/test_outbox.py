"""The outbox exists for this machine only."""

from dataclasses import replace

from tests.routes.conftest import House


async def test_it_lists_mails_with_their_links(house: House) -> None:
    client = await house.signed_up()
    page = await client.get("/outbox")
    assert page.status_code == 200
    assert "Confirm your email" in page.text
    assert "To ada@example.com" in page.text
    link = await house.link("Confirm your email")
    assert f'href="{house.services.rules.origin}{link}"' in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_an_empty_one_says_so(house: House) -> None:
    client = await house.browser()
    assert "Nothing yet" in (await client.get("/outbox")).text


async def test_others_find_nothing(house: House) -> None:
    await house.signed_up()
    far = await house.browser(address="192.0.2.7")
    assert (await far.get("/outbox")).status_code == 404
    near = await house.browser()
    assert (await near.get("/outbox", headers={"X-Forwarded-For": "192.0.2.7"})).status_code == 404
    assert "ada@" not in (await far.get("/outbox")).text


async def test_it_is_closed_off_loopback_and_with_a_mail_server(house: House) -> None:
    near = await house.browser()
    house.with_site(is_loopback=False)
    assert (await near.get("/outbox")).status_code == 404
    house.with_site(is_loopback=True)
    house.services = replace(house.services, outbox=None)
    assert (await near.get("/outbox")).status_code == 404
