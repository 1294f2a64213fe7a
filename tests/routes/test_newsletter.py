"""The newsletter's pages without script, cookie or account, and the ledger as a file."""

import csv
import io

import httpx
import pytest

from imageroute_app.services.disclosures import Receiver
from tests.routes.conftest import SIGN_UP, House


async def confirmed(house: House, browser: httpx.AsyncClient) -> str:
    """Subscribe and confirm; returns the address that ends it."""
    await browser.post("/newsletter/ask", data={"email": "ann@example.org"})
    await house.services.newsletter.settle()
    link = await house.link("Do you want the newsletter?")
    assert "Yes, send it to me" in (await browser.get(link)).text
    answer = await browser.post("/newsletter", data={"token": link.partition("confirm=")[2]})
    assert "You get the newsletter" in answer.text
    await house.services.newsletter.send("News", "Hello")
    return await house.link("News")


@pytest.mark.promise("P6", "P23", "P50")
async def test_in_and_out_without_an_account(house: House, browser: httpx.AsyncClient) -> None:
    link = await confirmed(house, browser)
    assert "Unsubscribe" in (await browser.get(link)).text
    assert await house.services.newsletter.find("ann@example.org") is not None  # opening it ends nothing
    assert "You left the newsletter" in (await browser.post("/unsubscribe", data={"s": link.partition("s=")[2]})).text
    assert await house.services.newsletter.find("ann@example.org") is None
    assert browser.cookies.get("ir_session") is None


@pytest.mark.promise("P50")
async def test_a_mail_program_ends_it_by_itself(house: House, browser: httpx.AsyncClient) -> None:
    link = await confirmed(house, browser)
    answer = await browser.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert await house.services.newsletter.find("ann@example.org") is None


@pytest.mark.promise("P6")
async def test_sign_up_asks_only_when_the_box_was_ticked(house: House, browser: httpx.AsyncClient) -> None:
    await browser.post("/auth/sign-up", data=SIGN_UP)
    assert await house.services.newsletter.find("ada@example.com") is None
    second = await house.browser()
    await second.post("/auth/sign-up", data={**SIGN_UP, "email": "bea@example.com", "newsletter": "yes"})
    await house.services.newsletter.settle()
    assert await house.services.newsletter.find("bea@example.com") is not None
    assert (await house.services.newsletter.send("News", "Hello")).sent == 0


@pytest.mark.parametrize("path", ["/newsletter", "/unsubscribe", "/unsubscribe?s=x.y", "/newsletter?confirm=x.y"])
async def test_every_page_can_be_read(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 200


async def test_an_invented_link_ends_and_confirms_nothing(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/unsubscribe", data={"s": "x.y"})).status_code == 404
    assert (await browser.post("/newsletter", data={"token": "x.y"})).status_code == 404


@pytest.mark.promise("P38", "P39", "P64")
async def test_the_ledger_comes_as_a_file_that_no_spreadsheet_calculates(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    receiver = Receiver(key="mail", company="=cmd()", country="United States", retention="Kept 30 days")
    await house.services.disclosures.note(owner, receiver, "Your address and a mail: Hello")
    answer = await ada.get("/privacy-center/who-got-what.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["company"] == "'=cmd()"
    assert "clauses" in row["safeguard"]
    assert (row["sold"], row["shared for advertising"]) == ("no", "no")
    stranger = await house.browser()
    assert (await stranger.get("/privacy-center/who-got-what.csv")).status_code == 401
