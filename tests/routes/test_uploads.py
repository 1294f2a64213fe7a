"""POST /api/upload as browsers and strangers call it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from imageroute_app.domain.rules import Rules
from imageroute_app.routes.uploads import AT_ONCE, BYTES_MAX
from tests.adapters.pictures import encode, opened, photo
from tests.doubles import png
from tests.routes.conftest import ORIGIN, House

OURS = {"X-Requested-With": "imageroute", "X-File-Name": "sea%20%26%20me.jpg"}
PHOTO = encode(photo(80, 60), "JPEG")


@pytest.fixture
def rules() -> Rules:
    return Rules(origin=ORIGIN, sign_ups_per_hour=1000, uploads_per_hour=5)


@pytest.mark.promise("P7", "P32")
async def test_a_picture_comes_in_and_only_its_owner_gets_it_back(house: House) -> None:
    ada, bob, nobody = await house.signed_up(), await house.signed_up("bob"), await house.browser()
    answer = await ada.post("/api/upload", content=PHOTO, headers=OURS)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"], answer.json()["kind"]) == (80, 60, "picture")
    upload_id = answer.json()["id"]
    upload = await house.services.uploads.upload(await house.owner(ada), upload_id)
    assert upload.name == "sea & me.jpg"
    for variant, kind in (("original", "image/jpeg"), ("960", "image/webp"), ("320", "image/webp")):
        address = f"/media/{upload_id}/{variant}"
        mine = await ada.get(address)
        assert (mine.status_code, mine.headers["content-type"]) == (200, kind)
        assert mine.headers["cache-control"].startswith("private")
        assert (await bob.get(address)).status_code == 404
        assert (await nobody.get(address)).status_code == 401
    await house.services.uploads.delete(await house.owner(ada), upload_id)
    assert (await ada.get(f"/media/{upload_id}/original")).status_code == 404


async def test_a_mask_becomes_grey(house: House) -> None:
    ada = await house.signed_up()
    answer = await ada.post("/api/upload?kind=mask", content=png("white"), headers=OURS)
    mask = (await ada.get(f"/media/{answer.json()['id']}/original")).content
    assert opened(mask).mode == "L"


@pytest.mark.parametrize(
    ("content", "address", "status", "words"),
    [
        (b"", "/api/upload", 422, "empty"),
        (b"GIF but not really", "/api/upload", 422, "not a PNG, JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "/api/upload", 422, "not a PNG"),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
            "/api/upload",
            422,
            "HEIC photo, which cannot be opened here",
        ),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(64), "/api/upload", 422, "Save it as JPEG"),
        (PHOTO[:-200], "/api/upload", 422, "damaged"),
        (PHOTO, "/api/upload?kind=hat", 422, "kind"),
    ],
)
async def test_what_is_no_picture_is_refused_in_plain_words(
    house: House, content: bytes, address: str, status: int, words: str
) -> None:
    ada = await house.signed_up()
    answer = await ada.post(address, content=content, headers=OURS)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
    assert answer.json()["error"]["request_id"]
    assert await house.services.media.list("uploads/") == []


async def test_only_a_page_of_ours_of_a_signed_in_person_may_send(house: House) -> None:
    ada, nobody = await house.signed_up(), await house.browser()
    assert (await ada.post("/api/upload", content=PHOTO)).status_code == 403
    assert (await nobody.post("/api/upload", content=PHOTO, headers=OURS)).status_code == 401


async def test_a_file_over_20_mb_is_refused_by_its_length_before_it_is_read(house: House) -> None:
    ada = await house.signed_up()
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            read.append(1)
            yield bytes(1024 * 1024)

    declared = {**OURS, "Content-Length": str(BYTES_MAX + 1)}
    answer = await ada.post("/api/upload", content=body(), headers=declared)
    assert answer.status_code == 413
    assert "20.0 MB; 20 MB is the most" in answer.json()["error"]["message"]
    read.clear()
    answer = await ada.post("/api/upload", content=body(), headers=OURS)  # no length: counted while it comes
    assert answer.status_code == 413


async def test_too_many_tries_are_told_when_to_come_back(house: House) -> None:
    ada = await house.signed_up()
    answers = await asyncio.gather(*(_send(ada) for _ in range(7)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) > 0


async def test_who_sends_slowly_keeps_nobody_waiting(house: House) -> None:
    ada, bob = await house.signed_up(), await house.signed_up("bob")
    begun, goes_on = asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PHOTO[:100]
        begun.release()
        await goes_on.wait()
        yield PHOTO[100:]

    slow = [asyncio.create_task(ada.post("/api/upload", content=slowly(), headers=OURS)) for _ in range(AT_ONCE)]
    for _ in slow:
        await begun.acquire()
    async with asyncio.timeout(30):
        assert (await _send(bob)).status_code == 201
    goes_on.set()
    assert {answer.status_code for answer in await asyncio.gather(*slow)} == {201}


async def _send(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/upload", content=PHOTO, headers=OURS)
