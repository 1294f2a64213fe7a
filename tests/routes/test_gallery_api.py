"""GET /api/gallery: the owner's pictures and nobody else's."""

import httpx
import pytest

from tests.routes.conftest import House


async def test_it_needs_a_session(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/api/gallery")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_signed_in"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.promise("P32", "P20")
async def test_only_the_owner_sees_a_picture(house: House) -> None:
    ada, eve = await house.signed_up("ada"), await house.signed_up("eve")
    image = await house.add_image(await house.owner(ada), "a fern at dawn")
    answer = await ada.get("/api/gallery")
    assert answer.headers["cache-control"] == "private, no-store"
    (tile,) = answer.json()["tiles"]
    assert tile["id"] == image.id
    assert (tile["prompt"], tile["w"], tile["h"]) == ("a fern at dawn", 1024, 1280)
    assert tile["colour"] == "#335577"
    assert not {"owner", "sha256", "job_id"} & tile.keys()
    assert (await eve.get("/api/gallery")).json() == {"tiles": [], "next": ""}


async def test_pages_search_and_trash(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = [await house.add_image(owner, prompt) for prompt in ("a red fern", "a blue sea", "a fern by the sea")]
    await house.services.gallery.trash(owner, images[0].id)
    first = (await client.get("/api/gallery?limit=1")).json()
    assert [tile["prompt"] for tile in first["tiles"]] == ["a fern by the sea"]
    second = (await client.get("/api/gallery", params={"limit": "1", "after": first["next"]})).json()
    assert [tile["prompt"] for tile in second["tiles"]] == ["a blue sea"]
    assert second["next"] == ""
    found = (await client.get("/api/gallery?q=fern")).json()
    assert [tile["prompt"] for tile in found["tiles"]] == ["a fern by the sea"]
    (gone,) = (await client.get("/api/gallery?trashed=1")).json()["tiles"]
    assert gone["prompt"] == "a red fern"
    assert gone["purge"].startswith("2026-12-25")


async def test_favourites_alone_and_within_a_search(house: House) -> None:
    client = await house.signed_up()
    owner = await house.owner(client)
    images = [await house.add_image(owner, prompt) for prompt in ("a red fern", "a blue sea", "a fern by the sea")]
    for image in images[:2]:
        await house.services.gallery.favourite(owner, image.id, on=True)
    marked = (await client.get("/api/gallery?favourite=1")).json()["tiles"]
    assert [tile["prompt"] for tile in marked] == ["a blue sea", "a red fern"]
    found = (await client.get("/api/gallery?favourite=1&q=fern")).json()["tiles"]
    assert [tile["prompt"] for tile in found] == ["a red fern"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "limit=-1", "q=" + "a" * 201, "after=" + "a" * 65]
)
async def test_odd_questions_are_refused(house: House, query: str) -> None:
    client = await house.signed_up()
    answer = await client.get(f"/api/gallery?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["request_id"]
