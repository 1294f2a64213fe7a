"""A person gets their own pictures, exactly labelled; everyone else gets one and the same refusal."""

from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from imageroute_app.adapters.media.local import LocalMedia, open_local_media
from imageroute_app.domain.errors import NotFound, NotSignedIn, Unavailable
from imageroute_app.domain.gallery import Image, media_key, purge_time
from imageroute_app.routes.media import media_routes

ID = "0193a5b2c4d67e8f90a1b2c3d4e5f607"
ORIGINAL, LARGE, SMALL = bytes(range(200)) * 10, b"large", b"small"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ANNA, BERT = {"cookie": "who=anna"}, {"cookie": "who=bert"}


def image_of(owner: str, **changes: Any) -> Image:
    empty: dict[str, Any] = {field.name: 0 if field.type is int else "" for field in fields(Image)}
    values = empty | {"id": ID, "owner": owner, "mime": "image/png", "created_at": NOW} | changes
    return Image(**values)


@pytest.fixture
def images() -> dict[tuple[str, str], Image]:
    return {(ID, "anna"): image_of("anna")}


@pytest.fixture
async def media(tmp_path: Path) -> LocalMedia:
    store = await open_local_media(tmp_path)
    for variant, data in (("original", ORIGINAL), ("960", LARGE), ("320", SMALL)):
        await store.put(media_key("anna", ID, variant), data, "image/webp")
    return store


@pytest.fixture
async def client(images: dict[tuple[str, str], Image], media: LocalMedia) -> AsyncIterator[httpx.AsyncClient]:
    async def viewer(request: Request) -> str:
        if "who" not in request.cookies:
            raise NotSignedIn
        return request.cookies["who"]

    async def find(image_id: str, owner: str) -> Image:
        if (image_id, owner) not in images:
            raise NotFound
        return images[image_id, owner]

    app = Starlette(routes=media_routes(viewer=viewer, image=find, media=lambda: media))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.mark.promise("P45", "P20")
async def test_original(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/media/{ID}/original", headers=ANNA)
    assert answer.status_code == 200
    assert answer.content == ORIGINAL
    assert dict(answer.headers) == {
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
        "vary": "Cookie",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-type": "image/png",
        "etag": answer.headers["etag"],
        "content-length": "2000",
    }


@pytest.mark.parametrize(("variant", "data"), [("960", LARGE), ("320", SMALL)])
async def test_thumbnails_are_kept_by_the_browser(client: httpx.AsyncClient, variant: str, data: bytes) -> None:
    answer = await client.get(f"/media/{ID}/{variant}", headers=ANNA)
    assert answer.content == data
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Cookie"


async def test_trashed_picture_stays_visible_to_its_owner(
    client: httpx.AsyncClient, images: dict[tuple[str, str], Image]
) -> None:
    images[ID, "anna"] = image_of("anna", trashed=True, trashed_at=NOW, purge_at=purge_time(NOW))
    assert (await client.get(f"/media/{ID}/320", headers=ANNA)).status_code == 200


async def test_picture_whose_erasing_has_begun_is_shown_to_nobody(
    client: httpx.AsyncClient, images: dict[tuple[str, str], Image]
) -> None:
    images[ID, "anna"] = image_of("anna", trashed=True, trashed_at=NOW, purge_at=NOW)
    assert (await client.get(f"/media/{ID}/320", headers=ANNA)).status_code == 404


async def test_type_comes_from_the_record_and_is_never_one_that_runs(
    client: httpx.AsyncClient, images: dict[tuple[str, str], Image]
) -> None:
    images[ID, "anna"] = image_of("anna", mime="text/html")
    answer = await client.get(f"/media/{ID}/original", headers=ANNA)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


TRICKS = [
    "/media/", "/media", f"/media/{ID}", f"/media/{ID}/", f"/media/{ID}/320/", f"/media/{ID}/320.css",
    f"/media/{ID}/320;x", f"/media/{ID}/320;.css", f"/media/{ID}/320%3b.css", f"/media/{ID}%2F320",
    f"/media/{ID}%2f320", f"/media/{ID}/3%320", f"/media/%30{ID[1:]}/320", f"/media/{ID}/320%00",
    f"/media/{ID}/320%0a", f"/media/{ID}//320", f"/media//{ID}/320", f"/media/{ID}/x/320",
    f"/media/{ID}/..%2f320", f"/media/{ID}/321", f"/media/{ID}/Original", f"/media/{ID}/original.png",
    f"/media/{ID.upper()}/320", "/media/..%2f..%2fetc/320",
    f"/media/{ID}/320%20", "/media/" + "a" * 65 + "/320",
]  # fmt: skip


async def test_every_way_not_to_find_it_looks_the_same(client: httpx.AsyncClient) -> None:
    async def get(address: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        url = httpx.URL("http://test").copy_with(raw_path=address.encode())
        answer = await client.request("GET", url, headers=headers)
        return answer.status_code, answer.content, dict(answer.headers)

    unknown = await get(f"/media/{'f' * 32}/320", ANNA)
    assert unknown[0] == 404
    assert unknown[2]["cache-control"] == "no-store"
    assert await get(f"/media/{ID}/320", BERT) == unknown
    assert await get(f"/media/{ID}/original", BERT) == unknown
    for address in TRICKS[2:]:
        assert (address, await get(address, ANNA)) == (address, unknown)
    for address in TRICKS[:2]:
        assert (await get(address, ANNA))[0] in {404, 307}


@pytest.mark.promise("P32", "P20")
async def test_stranger_learns_nothing(client: httpx.AsyncClient) -> None:
    answers = [
        await client.get(address) for address in (f"/media/{ID}/320", "/media/nothing/320", "/media/nothing/nothing")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


async def test_record_without_file_is_not_found(client: httpx.AsyncClient, media: LocalMedia) -> None:
    await media.delete_prefix(f"images/anna/{ID}/")
    assert (await client.get(f"/media/{ID}/320", headers=ANNA)).status_code == 404


async def test_storage_that_is_away_says_when_to_come_back(
    client: httpx.AsyncClient, media: LocalMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    for verb in ("stat", "read"):
        monkeypatch.setattr(LocalMedia, verb, away)
    answer = await client.get(f"/media/{ID}/320", headers=ANNA)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("variant", ["original", "320"])
async def test_unchanged_picture_is_not_sent_again(client: httpx.AsyncClient, variant: str) -> None:
    address = f"/media/{ID}/{variant}"
    first = await client.get(address, headers=ANNA)
    etag = first.headers["etag"]
    for asked in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await client.get(address, headers={**ANNA, "if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == first.headers["cache-control"]
        assert answer.headers["vary"] == "Cookie"
    for asked in ('"other"', "", "nonsense"):
        answer = await client.get(address, headers={**ANNA, "if-none-match": asked})
        assert answer.status_code == 200
    answer = await client.get(address, headers={**BERT, "if-none-match": "*"})
    assert answer.status_code == 404


async def test_head_says_what_get_would(client: httpx.AsyncClient) -> None:
    got = await client.get(f"/media/{ID}/original", headers=ANNA)
    for extra in ({}, {"range": "bytes=0-4"}):
        head = await client.head(f"/media/{ID}/original", headers={**ANNA, **extra})
        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) == dict(got.headers)
    assert (await client.head(f"/media/{ID}/original", headers=BERT)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1990-", 1990, 2000),
        ("bytes=-5", 1995, 2000),
        ("bytes=-9999", 0, 2000),
        ("bytes=1999-99999", 1999, 2000),
    ],
)
async def test_one_range_is_sent(client: httpx.AsyncClient, asked: str, start: int, end: int) -> None:
    answer = await client.get(f"/media/{ID}/original", headers={**ANNA, "range": asked})
    assert answer.status_code == 206
    assert answer.content == ORIGINAL[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=2000-", "bytes=5000-6000", "bytes=-0"])
async def test_range_outside_is_refused(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(f"/media/{ID}/original", headers={**ANNA, "range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */2000"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes", "bytes=1" + "0" * 40,
     "bytes=" + "0-," * 5000],
)  # fmt: skip
async def test_other_ranges_are_ignored(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(f"/media/{ID}/original", headers={**ANNA, "range": asked})
    assert (answer.status_code, answer.content) == (200, ORIGINAL)


async def test_range_of_a_changed_picture_sends_it_whole(client: httpx.AsyncClient) -> None:
    etag = (await client.head(f"/media/{ID}/original", headers=ANNA)).headers["etag"]
    for condition, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200)):
        headers = {**ANNA, "range": "bytes=0-4", "if-range": condition}
        assert (await client.get(f"/media/{ID}/original", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("variant", "mime", "name"),
    [
        ("original", "image/png", f"imageroute-{ID}.png"),
        ("original", "image/jpeg", f"imageroute-{ID}.jpg"),
        ("960", "image/png", f"imageroute-{ID}-960.webp"),
    ],
)
async def test_download_is_named_by_the_id_only(
    client: httpx.AsyncClient, images: dict[tuple[str, str], Image], variant: str, mime: str, name: str
) -> None:  # fmt: skip
    images[ID, "anna"] = image_of("anna", mime=mime, prompt='"; filename="evil.html')
    answer = await client.get(f"/media/{ID}/{variant}?download=1", headers=ANNA)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    plain = await client.get(f"/media/{ID}/{variant}?download=0", headers=ANNA)
    assert "content-disposition" not in plain.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed_here(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, f"/media/{ID}/320", headers=ANNA)
    assert answer.status_code == 405
