"""Choices over HTTP: the receipt of an event, for its person and nobody else."""

import httpx
import pytest

from imageroute_app.domain.choices import TRAINING_WORDS, words_digest
from imageroute_app.domain.purposes import Purpose
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
