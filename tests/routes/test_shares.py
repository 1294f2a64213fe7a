"""Share links: what a stranger sees, and every way in which a link ends."""

import json
import re
from dataclasses import replace

import httpx
import pytest

from imageroute_app.domain.errors import InvalidInput, NotFound
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.sharing import Share
from tests.doubles import png
from tests.routes.conftest import House

PASSWORD = "open sesame please"
PROMPT = "a secret garden </script><b>"
ORIGIN = {"origin": "http://127.0.0.1:3000"}


@pytest.fixture
async def owner(house: House) -> str:
    return await house.owner(await house.signed_up())


@pytest.fixture
async def image(house: House, owner: str) -> Image:
    found = await house.add_image(owner, PROMPT)
    for variant, data in (("original", png()), ("960", b"small"), ("320", b"tiny")):
        await house.services.media.put(media_key(owner, found.id, variant), data, "image/png")
    return found


async def share(house: House, image: Image, **wanted: object) -> Share:
    return await house.services.shares.create(image.owner, image.id, **wanted)  # type: ignore[arg-type]


def picture_of(page: httpx.Response, size: str = "960") -> str:
    """Return the address of the bytes that a page shows."""
    found = re.search(rf'"(/s/[^"]+/picture\?size={size}[^"]*)"', page.text)
    assert found is not None, page.text
    return found[1].replace("&amp;", "&")


@pytest.mark.promise("P11")
async def test_the_journal_says_that_a_link_was_made_and_revoked(house: House, image: Image) -> None:
    made = await share(house, image)
    await house.services.shares.revoke(image.owner, made.id)
    lines = await house.services.activity.newest(image.owner, 2)
    assert [line.kind.value for line in lines] == ["share_ended", "share"]


async def test_a_stranger_sees_the_picture_and_nothing_else(house: House, image: Image) -> None:
    made = await share(house, image)
    assert len(made.token) >= 22
    stranger = await house.browser()
    page = await stranger.get(f"/s/{made.token}")
    assert page.status_code == 200
    for name, value in {
        "cache-control": "private, no-store",
        "x-robots-tag": "noindex, nofollow, noarchive, noimageindex",
    }.items():
        assert page.headers[name] == value
    assert "set-cookie" not in page.headers
    assert 'name="robots" content="noindex' in page.text
    assert not [word for word in ("Ada", "ada@", "secret garden", image.owner, image.id, "sketch") if word in page.text]
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", page.text, re.DOTALL)
    assert [body for kind, body in scripts if "ld+json" not in kind] == [""]
    data = json.loads(next(body for kind, body in scripts if "ld+json" in kind))
    assert data["@type"] == "ImageObject"
    assert data["digitalSourceType"].endswith("/algorithmicMedia")
    assert "description" not in data
    small = await stranger.get(picture_of(page))
    assert (small.status_code, small.content) == (200, b"small")
    original = await stranger.get(picture_of(page, "original"))
    assert original.content == png()
    for answer in (small, original):
        assert answer.headers["cache-control"] == "private, no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "etag" not in answer.headers
        assert image.id not in str(answer.headers)
    head = await stranger.head(picture_of(page))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "5")


async def test_metadata_is_shown_only_where_the_owner_said_so(house: House, image: Image) -> None:
    page = await (await house.browser()).get(f"/s/{(await share(house, image, with_metadata=True)).token}")
    assert "a secret garden &lt;/script&gt;" in page.text
    assert "</script><b>" not in page.text
    assert "<dd>sketch-1</dd>" in page.text
    data = json.loads(re.findall(r'ld\+json">(.*?)</script>', page.text)[0])
    assert data["description"] == PROMPT
    assert not re.search(r"\bAda\b", page.text)  # as a word: a token is random letters


ENDS = ["unknown", "expired", "revoked", "trashed", "erased", "malformed", "empty"]


@pytest.mark.promise("P48")
@pytest.mark.parametrize("locked", [False, True], ids=["open", "password"])
@pytest.mark.parametrize("end", ENDS)
async def test_every_end_of_a_link_looks_the_same(house: House, image: Image, end: str, locked: bool) -> None:
    made = await share(house, image, password=PASSWORD if locked else "")
    services, token = house.services, made.token
    match end:
        case "unknown":
            token = "A" * 32
        case "expired":
            house.clock.move(days=30)
        case "revoked":
            await services.shares.revoke(image.owner, made.id)
        case "trashed":
            await services.gallery.trash(image.owner, image.id)
        case "erased":
            await services.gallery.trash(image.owner, image.id)
            await services.gallery.erase(image.owner, image.id)
            assert await services.shares.all(image.owner) == []
        case "malformed":
            token = "%00..%2f" + token
        case _:
            token = token[:-1]
    stranger = await house.browser()
    answers = [
        await stranger.get(f"/s/{token}"),
        await stranger.post(f"/s/{token}", data={"password": PASSWORD}, headers=ORIGIN),
        await stranger.get(f"/s/{token}/picture"),
        await stranger.get(f"/s/{token}/picture?size=original"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    bodies = {re.sub(r"[0-9a-f]{16}", "", answer.text).replace(token, "") for answer in answers}
    assert len(bodies) == 1
    if end != "malformed":
        assert {answer.headers["cache-control"] for answer in answers} == {"private, no-store"}


async def test_a_restored_picture_is_shared_again_until_the_link_ends(house: House, image: Image) -> None:
    made = await share(house, image, days=1)
    stranger = await house.browser()
    await house.services.gallery.trash(image.owner, image.id)
    assert (await stranger.get(f"/s/{made.token}")).status_code == 404
    await house.services.gallery.restore(image.owner, image.id)
    assert (await stranger.get(f"/s/{made.token}")).status_code == 200
    house.clock.move(hours=23, minutes=59)
    assert (await stranger.get(f"/s/{made.token}")).status_code == 200
    house.clock.move(minutes=1)
    assert (await stranger.get(f"/s/{made.token}")).status_code == 404
    assert await house.services.shares.purge() == 1
    assert await house.services.shares.purge() == 0


async def test_a_password_opens_page_and_bytes_for_ten_minutes(house: House, image: Image) -> None:
    made = await share(house, image, password=PASSWORD)
    stranger = await house.browser()
    asked = await stranger.get(f"/s/{made.token}")
    assert asked.status_code == 200
    assert "picture?size" not in asked.text
    assert "ld+json" not in asked.text
    assert (await stranger.get(f"/s/{made.token}/picture")).status_code == 403
    wrong = await stranger.post(f"/s/{made.token}", data={"password": "not it at all"}, headers=ORIGIN)
    assert (wrong.status_code, "That is not the password" in wrong.text) == (422, True)
    page = await stranger.post(f"/s/{made.token}", data={"password": PASSWORD}, headers=ORIGIN)
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    address = picture_of(page)
    assert (await stranger.get(address)).content == b"small"
    for forged in (address[:-1], address.replace("grant=1", "grant=2"), re.sub(r"grant=\d+", "grant=", address)):
        assert (await stranger.get(forged)).status_code == 403
    other = await share(house, image, password=PASSWORD)
    assert (await stranger.get(address.replace(made.token, other.token))).status_code == 403
    house.clock.move(minutes=11)
    assert (await stranger.get(address)).status_code == 403


async def test_wrong_passwords_are_counted_for_each_link_and_address(house: House, image: Image) -> None:
    made = await share(house, image, password=PASSWORD)
    stranger = await house.browser(address="203.0.113.9")
    for _ in range(5):
        answer = await stranger.post(f"/s/{made.token}", data={"password": "guess again"}, headers=ORIGIN)
        assert answer.status_code == 422
    verified = house.passwords.verified
    answer = await stranger.post(f"/s/{made.token}", data={"password": PASSWORD}, headers=ORIGIN)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert house.passwords.verified == verified
    friend = await house.browser(address="198.51.100.7")
    assert (await friend.post(f"/s/{made.token}", data={"password": PASSWORD}, headers=ORIGIN)).status_code == 200


async def test_the_database_holds_neither_token_nor_password(house: House, image: Image) -> None:
    made = await share(house, image, password=PASSWORD)
    stored = await house.services.database.tables.shares.get(made.id, image.owner)
    assert stored.token == made.token
    assert stored.password_hash.startswith("$argon2id$")
    assert stored.token_hash != made.token
    files = b"".join(path.read_bytes() for path in house.folder.glob("house.db*"))
    assert made.token.encode() not in files
    assert PASSWORD.encode() not in files


async def test_only_the_owner_makes_and_ends_links(house: House, image: Image) -> None:
    made = await share(house, image)
    bob = await house.owner(await house.signed_up("bob"))
    shares = house.services.shares
    with pytest.raises(NotFound):
        await shares.create(bob, image.id)
    with pytest.raises(NotFound):
        await shares.revoke(bob, made.id)
    assert await shares.all(bob) == []
    assert [link.id for link in await shares.all(image.owner, image.id)] == [made.id]
    await house.services.gallery.trash(image.owner, image.id)
    with pytest.raises(NotFound):
        await shares.create(image.owner, image.id)


@pytest.mark.parametrize("wanted", [{"days": 0}, {"days": 365}, {"password": "short"}, {"password": "x" * 300}])
async def test_what_cannot_be_asked_for(house: House, image: Image, wanted: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await share(house, image, **wanted)


async def test_the_default_is_thirty_days_without_metadata(house: House, image: Image) -> None:
    made = await share(house, image)
    assert (made.expires_at - made.created_at).days == 30
    assert (made.with_metadata, made.password_hash) == (False, "")


async def test_a_type_that_could_run_is_sent_as_bytes(house: House, image: Image) -> None:
    await house.services.database.tables.images.update(replace(image, mime="text/html"))
    made = await share(house, image)
    answer = await (await house.browser()).get(f"/s/{made.token}/picture?size=original")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (await (await house.browser()).get(f"/s/{made.token}/picture?size=320")).status_code == 404
