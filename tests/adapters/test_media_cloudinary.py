"""What is special to Cloudinary: signatures, limits, copies at the edge, backups, parts, and answers that are not true."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import cloudinary
import httpx
import pytest
from urllib3 import Timeout

from imageroute_app.adapters.media import account, delivery
from imageroute_app.adapters.media.account import Access
from imageroute_app.adapters.media.cloudinary import CloudinaryMedia, open_cloudinary_media
from imageroute_app.domain.errors import InvalidInput, NotFound, StorageFull, Unavailable
from tests.doubles import MovingClock
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator, body_of
from tests.emulators.kit import picture, served

PICTURE = "images/anna/picture1/original"
RAW = ("raw", "authenticated")
BYTES = picture("a lighthouse")


def now() -> datetime:
    return datetime.now(UTC)


async def no_wait(_seconds: float) -> None:
    """Pause for nothing."""


def access_of(cloud: CloudinaryEmulator) -> Access:
    return Access(cloud=CLOUD, key=KEY, secret=SECRET, url=cloud.url, delivery_url=cloud.delivery_url)


@pytest.fixture
async def cloud() -> AsyncIterator[CloudinaryEmulator]:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def media(cloud: CloudinaryEmulator) -> AsyncIterator[CloudinaryMedia]:
    store = await open_cloudinary_media(access_of(cloud), clock=now, sleep=no_wait)
    yield store
    await store.close()


async def read(media: CloudinaryMedia, key: str = PICTURE) -> bytes:
    return b"".join([chunk async for chunk in await media.open(key)])


@pytest.mark.promise("P29")
async def test_everything_is_raw_authenticated_without_backup_and_named_by_ids(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    cloud.scenario.extra["backs_up"] = True
    await media.put(PICTURE, BYTES, "image/png")
    (address,) = cloud.assets
    assert address == (*RAW, f"imageroute/{PICTURE}")
    assert cloud.assets[address].data == BYTES
    assert cloud.backups == {}
    sent = body_of(cloud.seen[-1])
    assert (sent["overwrite"], sent["invalidate"], sent["backup"], sent["file"][0]) == ("1", "1", "0", "file")


@pytest.mark.promise("P29")
async def test_nobody_is_served_without_our_signature(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    signed = access_of(cloud).signed_url(f"imageroute/{PICTURE}")
    other = access_of(cloud).signed_url(f"imageroute/{PICTURE}x")
    forged = replace(access_of(cloud), secret="guessed").signed_url(f"imageroute/{PICTURE}")
    async with httpx.AsyncClient() as client:
        assert (await client.get(signed)).content == BYTES
        head, _, tail = signed.partition("/s--")
        plain = f"{head}/{tail.partition('--/')[2]}"
        public = plain.replace("/authenticated/", "/upload/")
        statuses = [(await client.get(url)).status_code for url in (plain, forged, other, public)]
    assert statuses == [401, 401, 404, 404]
    assert len(signed.split("--")[1]) == 32


async def test_stale_and_forged_requests_are_refused_by_the_emulator(cloud: CloudinaryEmulator) -> None:
    async def post(secret: str, age_s: int) -> httpx.Response:
        params = {"public_id": "a", "timestamp": str(int(now().timestamp()) - age_s), "type": "authenticated"}
        text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        signature = hashlib.sha1((text + secret).encode(), usedforsecurity=False).hexdigest()
        form = {**params, "api_key": KEY, "signature": signature}
        async with httpx.AsyncClient() as client:
            url = f"{cloud.url}/v1_1/{CLOUD}/raw/upload"
            return await client.post(url, data=form, files={"file": ("file", b"x")})

    assert (await post(SECRET, 0)).status_code == 200
    assert "Stale request" in (await post(SECRET, 3700)).text
    forged = await post("guessed", 0)
    assert forged.status_code == 401
    assert "String to sign - 'public_id=a&timestamp=" in forged.text


@pytest.mark.parametrize("wrong", [{"secret": "x"}, {"key": "x"}, {"cloud": "x"}])
async def test_a_wrong_key_is_named_with_its_cure_at_the_start(
    cloud: CloudinaryEmulator, wrong: dict[str, str]
) -> None:
    with pytest.raises(Unavailable, match="IMAGEROUTE_CLOUDINARY_KEY"):
        await open_cloudinary_media(replace(access_of(cloud), **wrong), clock=now, sleep=no_wait)


async def test_an_outage_is_no_reason_not_to_start(cloud: CloudinaryEmulator) -> None:
    cloud.scenario.extra["outage"] = True
    media = await open_cloudinary_media(access_of(cloud), clock=now, sleep=no_wait)
    with pytest.raises(Unavailable):
        await media.stat(PICTURE)
    cloud.scenario.extra.clear()
    with pytest.raises(NotFound):
        await media.stat(PICTURE)
    await media.close()


async def test_large_objects_go_in_parts(
    media: CloudinaryMedia, cloud: CloudinaryEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "PART_BYTES", 1000)
    data = bytes(range(250)) * 10
    await media.put(PICTURE, data, "image/png")
    uploads = [seen.headers["content-range"] for seen in cloud.seen if seen.path.endswith("/upload")]
    assert uploads == ["bytes 0-999/2500", "bytes 1000-1999/2500", "bytes 2000-2499/2500"]
    assert await read(media) == data


async def test_what_arrives_altered_is_not_kept(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    cloud.scenario.extra["alters"] = True
    with pytest.raises(Unavailable):
        await media.put(PICTURE, BYTES, "image/png")
    assert cloud.holds_nothing()


async def test_an_empty_object_is_refused_before_anything_is_sent(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    with pytest.raises(InvalidInput):
        await media.put(PICTURE, b"", "image/png")
    assert cloud.submissions == 0


@pytest.mark.parametrize("limits", [{"full": True}, {"raw_max": 10}])
async def test_a_full_account_is_named(
    media: CloudinaryMedia, cloud: CloudinaryEmulator, limits: dict[str, object]
) -> None:
    cloud.scenario.extra |= limits
    with pytest.raises(StorageFull):
        await media.put(PICTURE, BYTES, "image/png")


@pytest.mark.parametrize("status", [420, 429])
async def test_limits_say_when_to_come_back_and_are_not_hammered(
    media: CloudinaryMedia, cloud: CloudinaryEmulator, status: int
) -> None:
    body = {"error": {"message": "Rate Limit Exceeded. Limit of 500 api operations reached. Try again later"}}
    cloud.scenario.fail("submit", status, body).fail("download", status)
    with pytest.raises(Unavailable) as caught:
        await media.put(PICTURE, BYTES, "image/png")
    assert (type(caught.value), caught.value.retry_after_s, cloud.submissions) == (Unavailable, 60, 1)
    with pytest.raises(Unavailable) as caught:
        await media.stat(PICTURE)
    assert caught.value.retry_after_s == 60


async def test_the_hourly_limit_ends_at_the_hour(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    cloud.scenario.extra["admin_limit"] = 0
    with pytest.raises(Unavailable) as caught:
        await media.list("")
    left_s = 3600 - now().timestamp() % 3600
    assert caught.value.retry_after_s == pytest.approx(left_s, abs=5)


async def test_at_the_hourly_limit_it_is_left_alone_until_that_is_lifted_and_uploads_go_on(
    cloud: CloudinaryEmulator,
) -> None:
    clock = MovingClock()
    cloud.now = lambda: clock().timestamp()
    media = await open_cloudinary_media(access_of(cloud), clock=clock, sleep=no_wait)
    cloud.scenario.extra["admin_limit"] = cloud.admin_calls
    for _ in range(5):
        with pytest.raises(Unavailable) as caught:
            await media.delete(PICTURE)
        assert caught.value.retry_after_s == 3600
    assert cloud.admin_calls == cloud.scenario.extra["admin_limit"] + 1
    await media.put(PICTURE, BYTES, "image/png")
    clock.move(hours=1)
    cloud.scenario.extra["admin_limit"] = 500
    await media.delete(PICTURE)
    assert cloud.holds_nothing()
    await media.close()


@pytest.mark.parametrize("place", ["submit", "cancel", "poll"])
async def test_one_broken_answer_is_tried_again_and_no_more(
    media: CloudinaryMedia, cloud: CloudinaryEmulator, place: str
) -> None:
    async def everything() -> None:
        await media.put(PICTURE, BYTES, "image/png")
        await media.delete(PICTURE)

    cloud.scenario.fail(place, 502, {"error": {"message": "Bad gateway"}})  # type: ignore[arg-type]
    await everything()
    cloud.scenario.fail(place, 500, {"error": {"message": "General Error"}}, times=2)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await everything()


async def test_threads_are_bounded(cloud: CloudinaryEmulator, media: CloudinaryMedia) -> None:
    at_once = most = 0
    answer = cloud.reply

    async def counted(seen):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return await answer(seen)

    cloud.reply = counted
    await asyncio.gather(*(media.put(f"images/anna/{n}/original", b"x", "image/png") for n in range(24)))
    assert 1 < most <= account.THREADS


async def test_nothing_of_the_sdks_own_settings_counts(cloud: CloudinaryEmulator) -> None:
    """CLOUDINARY_URL and its like in the environment end in this one configuration, which is shared by the whole process."""
    cloudinary.config(
        cloud_name="other", api_key="other", api_secret="other", upload_prefix="http://127.0.0.1:9", oauth_token="other",
        secure_distribution="127.0.0.1:9", cname="127.0.0.1:9", private_cdn=True, secure=False, signature_algorithm="sha256",
        signature_version=1, cdn_subdomain=True, auth_token={"key": "00", "duration": 1}, timeout=0.001,
    )  # fmt: skip
    try:
        media = await open_cloudinary_media(access_of(cloud), clock=now, sleep=no_wait)
        await media.put(PICTURE, BYTES, "image/png")
        assert await read(media) == BYTES
        assert await media.list("") == [PICTURE]
        await media.delete(PICTURE)
        assert cloud.holds_nothing()
        await media.close()
    finally:
        cloudinary.reset_config()


@pytest.mark.parametrize("verb", ["put", "delete", "list", "stat", "open"])
async def test_an_account_that_falls_silent_holds_nobody_up_for_ever(
    cloud: CloudinaryEmulator, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(account, "TIMEOUT", Timeout(connect=0.2, read=0.2))
    monkeypatch.setattr(delivery, "TIMEOUT", httpx.Timeout(0.2))
    media = await open_cloudinary_media(access_of(cloud), clock=now, sleep=no_wait)
    answers = asyncio.Event()
    cloud.scenario.extra["silent_until"] = answers
    asked = {
        "put": media.put(PICTURE, BYTES, "image/png"), "delete": media.delete(PICTURE), "list": media.list(""),
        "stat": media.stat(PICTURE), "open": media.open(PICTURE),
    }  # fmt: skip
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable):
            await asked.pop(verb)
    for other in asked.values():
        other.close()
    answers.set()
    await media.close()


# --- Reading ------------------------------------------------------------------------------------------------------------


async def test_a_range_that_the_network_ignores_is_cut_out(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    cloud.scenario.extra["ignores_ranges"] = True
    assert b"".join([chunk async for chunk in await media.open(PICTURE, 10, 50)]) == BYTES[10:50]
    assert b"".join([chunk async for chunk in await media.open(PICTURE, 10)]) == BYTES[10:]


async def test_bytes_are_passed_on_while_they_come(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    data = bytes(4_000_000)
    await media.put(PICTURE, data, "image/png")
    cloud.scenario.slow_bytes_per_s = 40_000  # the whole would take 100 s
    async with asyncio.timeout(60):
        stream = await media.open(PICTURE)
        first = await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    assert 0 < len(first) <= 64 * 1024


async def test_a_stream_that_is_cut_is_never_taken_for_the_whole(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    cloud.scenario.extra["drop"] = "middle"
    with pytest.raises(Unavailable):
        await read(media)


@pytest.mark.parametrize("status", [401, 500, 503])
async def test_an_answer_that_says_neither_is_unavailable(
    media: CloudinaryMedia, cloud: CloudinaryEmulator, status: int
) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    cloud.scenario.fail("download", status, times=3)
    for attempt in (media.stat(PICTURE), media.open(PICTURE), media.read([PICTURE])):
        with pytest.raises(Unavailable):
            await attempt


# --- Deleting -----------------------------------------------------------------------------------------------------------


async def test_backups_go_too_and_a_folder_named_after_a_person(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    cloud.scenario.extra |= {"forces_backup": True, "folder_mode": "fixed"}
    for data in (b"one", b"two"):
        await media.put(PICTURE, data, "image/png")
    assert await read(media) == b"two"
    assert [len(backup.versions) for backup in cloud.backups.values()] == [2]
    assert await media.delete_prefix("images/anna/") == 1
    assert cloud.holds_nothing()
    assert cloud.folders == {"imageroute", "imageroute/images"}


async def test_the_backup_in_use_goes_after_its_object(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    cloud.scenario.extra |= {"forces_backup": True, "keeps_used_backup": True}
    await media.put(PICTURE, BYTES, "image/png")
    await media.delete(PICTURE)
    assert cloud.holds_nothing()


async def test_backups_of_an_object_that_is_gone_are_found_by_its_name(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    cloud.scenario.extra["forces_backup"] = True
    await media.put(PICTURE, BYTES, "image/png")
    cloud._remove((*RAW, f"imageroute/{PICTURE}"), invalidate=True)
    assert not cloud.holds_nothing()
    await media.delete(PICTURE)
    assert cloud.holds_nothing()


async def test_a_copy_at_the_edge_is_no_proof(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    await read(media)
    cloud.scenario.extra["lazy_edge"] = True
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await media.delete(PICTURE)
        assert caught.value.retry_after_s == 60
        with pytest.raises(Unavailable):
            await media.delete_prefix("images/anna/")
    cloud.settle()
    await media.delete(PICTURE)
    assert cloud.holds_nothing()
    assert await media.delete_prefix("images/anna/") == 0


async def test_a_copy_that_nobody_invalidated_is_cleared(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    await read(media)
    cloud._remove((*RAW, f"imageroute/{PICTURE}"), invalidate=False)  # deleted by the admin API, as a console does
    with pytest.raises(Unavailable):
        await media.delete(PICTURE)
    await media.delete(PICTURE)
    assert cloud.holds_nothing()


async def test_a_deletion_that_did_not_happen_is_noticed(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    for number in range(3):
        await media.put(f"images/anna/{number}/original", BYTES, "image/png")
    cloud.scenario.extra["vanished"] = True
    with pytest.raises(Unavailable):
        await media.delete("images/anna/0/original")
    with pytest.raises(Unavailable):
        await media.delete_prefix("images/anna/")
    del cloud.scenario.extra["vanished"]
    assert await media.delete_prefix("images/anna/") == 3
    assert cloud.holds_nothing()


async def test_an_outage_in_the_middle_of_a_prefix_goes_on_where_it_stopped(
    media: CloudinaryMedia, cloud: CloudinaryEmulator
) -> None:
    keys = [f"images/anna/{number:02}/original" for number in range(20)]
    for key in keys:
        await media.put(key, BYTES, "image/png")
        await media.stat(key)
    cloud.scenario.extra["listed"] = 7
    calls = 0
    answer = cloud.reply

    async def failing_later(seen):
        nonlocal calls
        calls += seen.path.endswith("/destroy")
        cloud.scenario.extra["outage"] = calls > 10
        return await answer(seen)

    cloud.reply = failing_later
    with pytest.raises(Unavailable):
        await media.delete_prefix("images/")
    assert 0 < len(cloud.assets) < len(keys)
    cloud.reply = answer
    cloud.scenario.extra["outage"] = False
    left = len(cloud.assets)
    assert await media.delete_prefix("images/") == left
    assert cloud.holds_nothing()


async def test_what_others_keep_in_the_account_is_left_alone(media: CloudinaryMedia, cloud: CloudinaryEmulator) -> None:
    await media.put(PICTURE, BYTES, "image/png")
    others = [("raw", "authenticated", "logo"), ("image", "upload", f"imageroute/{PICTURE}")]
    for address in others:
        cloud._store(address, BYTES, {})
    assert await media.list("") == [PICTURE]
    assert await media.delete_prefix("images/") == 1
    assert list(cloud.assets) == others
