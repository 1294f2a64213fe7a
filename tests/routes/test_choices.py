"""Choices over HTTP: the receipt of an event, for its person and nobody else."""

import html

import httpx
import pytest

from imageroute_app.domain.choices import LIFT_WORDS, TRAINING_WORDS, ChoiceEvent, words_digest, words_for
from imageroute_app.domain.purposes import PURPOSES, Purpose
from tests.routes.conftest import ORIGIN, House


async def receipt(house: House, client: httpx.AsyncClient, number: int = 0) -> httpx.Response:
    """Fetch the receipt of the newest event, or of an older one."""
    history = await house.services.choices.log.history(await house.owner(client))
    return await client.get(f"/privacy-center/choices/{history[number].id}")


@pytest.mark.promise("P70")
async def test_a_receipt_holds_the_words_and_how_to_take_them_back(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    await house.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await house.services.choices.choose(owner, Purpose.ANALYTICS, on=False)

    taken_back, given = (await receipt(house, ada)).json(), await receipt(house, ada, 1)

    assert given.headers["content-disposition"].startswith('attachment; filename="imageroute-receipt-')
    said = given.json()
    words = said["pii_processing"]["words_shown"]
    assert words.startswith("Usage statistics. We count")
    assert said["pii_processing"]["words_sha256"] == words_digest(words)
    assert said["pii_processing"]["lawful_basis"] == "eu-gdpr:A6-1-a"
    assert (said["pii_processing"]["purpose_id"], said["pii_processing"]["pii_recipients"]) == ("analytics", [])
    assert said["pii_processing"]["withdrawal_method"] == f"{ORIGIN}/privacy-center#choices"
    assert said["pii_processing"]["privacy_notice"] == f"{ORIGIN}/privacy/versions/2026-11-25"
    assert (said["event"]["event_state"], taken_back["event"]["event_state"]) == (
        "dpv:ConsentGiven",
        "dpv:ConsentWithdrawn",
    )
    assert said["event"]["validity_end"]
    assert taken_back["proof"]["previous_sha256"] == said["proof"]["sha256"]
    assert "ada@" not in given.text
    assert "Lovelace" not in given.text


@pytest.mark.promise("P61", "P70", "P52")
async def test_receipts_of_a_picture_and_of_a_freeze(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    image = await house.add_image(owner, "Dunes")
    await house.services.choices.allow_training(owner, image.id, on=True)
    await house.services.choices.freeze(owner)

    frozen, allowed = (await receipt(house, ada)).json(), (await receipt(house, ada, 1)).json()

    assert allowed["pii_processing"]["words_shown"] == TRAINING_WORDS
    assert (
        allowed["pii_processing"]["image_id"],
        allowed["event"]["rests_until"] > allowed["event"]["event_time"],
    ) == (
        image.id,
        True,
    )
    assert "Dunes" not in str(allowed)
    assert (frozen["event"]["event_type"], "event_state" in frozen["event"]) == ("frozen", False)
    assert "lawful_basis" not in frozen["pii_processing"]


@pytest.mark.promise("P32")
async def test_a_receipt_is_there_for_its_person_only(house: House, browser: httpx.AsyncClient) -> None:
    ada, bob = await house.signed_up(), await house.signed_up("bob")
    await house.services.choices.choose(await house.owner(ada), Purpose.ANALYTICS, on=True)
    path = (await receipt(house, ada)).request.url.path

    assert (await bob.get(path)).status_code == 404
    assert (await browser.get(path)).status_code == 401


PAGE = "/privacy-center/choices"


@pytest.mark.promise("P57", "P51", "P52", "P56")
async def test_every_switch_is_a_form_that_needs_no_script(house: House) -> None:
    ada = await house.signed_up()
    owner, choices = await house.owner(ada), house.services.choices
    page = await ada.get(PAGE)
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    for standing in await choices.standings(owner):
        words = words_for(standing.purpose, ChoiceEvent.GIVEN)
        act, done = ("off", False) if standing.is_on else ("on", True)
        shown = html.unescape(page.text)
        assert words.removeprefix(f"{PURPOSES[standing.purpose].title}. ") in shown
        answer = await ada.post(PAGE, data={"act": act, "purpose": standing.purpose.value})
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
        if standing.purpose is not Purpose.NEWSLETTER:  # waits for its mail
            assert (await choices.standing(owner, standing.purpose)).is_on is done
        last = await choices.log.last(owner, standing.purpose)
        assert last is not None
        assert last.words == words

    image = await house.add_image(owner, "Dunes")
    await choices.allow_training(owner, image.id, on=True)
    assert "1 picture on" in (await ada.get(PAGE)).text
    await ada.post(PAGE, data={"act": "training-off"})
    assert await house.services.training.allowed(owner) == []


@pytest.mark.promise("P52")
async def test_a_freeze_is_lifted_without_script_only_after_its_words(house: House) -> None:
    ada = await house.signed_up()
    owner, choices = await house.owner(ada), house.services.choices
    await ada.post(PAGE, data={"act": "freeze"})
    assert await choices.is_frozen(owner)
    early = await ada.post(PAGE, data={"act": "lift"})
    assert early.status_code == 409
    asked = await ada.post(PAGE, data={"act": "ask-lift"})
    told = await ada.get(asked.headers["location"])
    assert LIFT_WORDS in html.unescape(told.text)
    assert await choices.is_frozen(owner)
    await ada.post(PAGE, data={"act": "lift"})
    assert not await choices.is_frozen(owner)


async def test_the_plain_page_is_for_its_person_and_takes_only_its_buttons(house: House) -> None:
    stranger = await house.browser()
    assert (await stranger.get(PAGE)).status_code in {303, 401}
    assert (await stranger.post(PAGE, data={"act": "freeze"})).status_code in {303, 401}
    ada = await house.signed_up()
    for data in ({"act": "sell"}, {"act": "on", "purpose": "sale"}, {"act": "on", "purpose": "account"}, {}):
        assert (await ada.post(PAGE, data=data)).status_code in {400, 422}
    assert await house.services.choices.log.history(await house.owner(ada)) == []


@pytest.mark.promise("P70")
async def test_a_receipt_names_who_else_gets_something(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    await house.services.newsletter_choice.choose(owner, on=True)
    await house.services.choices.choose(owner, Purpose.NEWSLETTER, on=False)
    said = (await receipt(house, ada)).json()["pii_processing"]
    assert (said["purpose_id"], said["pii_recipients"]) == ("newsletter", ["the mail server"])
