"""Access to packages (PRIVACY.md section 6, test 5): proof of presence, grants for one session and file, ranges, ends."""

import asyncio
import hashlib
import io
import zipfile

import httpx
import pytest

from imageroute_app.domain.exports import Export, ExportState
from tests.adapters.pictures import encode, photo
from tests.routes.conftest import PASSWORD, House

START = "/privacy-center/export"


@pytest.fixture
async def browser(house: House) -> httpx.AsyncClient:
    """Return a browser that has just signed up and has one upload."""
    client = await house.signed_up()
    await house.services.uploads.add(await house.owner(client), encode(photo(640, 480)), name="beach.png")
    return client


async def made(house: House, browser: httpx.AsyncClient) -> Export:
    """Start a package by its form and carry it to its end."""
    answer = await browser.post(START, data={"scope": "everything", "part_size": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/privacy-center#export")
    owner = await house.owner(browser)
    await house.services.export_worker.settle()
    house.clock.move(minutes=3)
    [export] = await house.services.exports.all(owner)
    for _ in range(50):  # a step that was stopped while it was written may still be writing
        if await house.services.export_worker.run(owner, export.id):
            break
        await asyncio.sleep(0.05)
    export = await house.services.exports.get(owner, export.id)
    assert export.state is ExportState.READY
    return export


def fetch(export: Export, part: int = 1) -> str:
    return f"{START}/{export.id}/{part}"


def file(export: Export, part: int = 1) -> str:
    return f"/exports/packages/{export.id}/{part}"


@pytest.mark.promise("P30", "P44")
async def test_an_old_session_is_asked_for_the_password_to_start(house: House, browser: httpx.AsyncClient) -> None:
    house.clock.move(minutes=11)
    asked = await browser.post(START, data={"scope": "gallery", "part_size": "5"})
    assert asked.status_code == 403
    assert 'value="gallery"' in asked.text
    owner = await house.owner(browser)
    assert await house.services.exports.all(owner) == []
    wrong = await browser.post(START, data={"scope": "gallery", "part_size": "5", "current_password": "not this one"})
    assert wrong.status_code == 422
    good = await browser.post(START, data={"scope": "gallery", "part_size": "5", "current_password": PASSWORD})
    assert good.status_code == 303
    [export] = await house.services.exports.all(owner)
    assert (export.categories, export.part_limit_bytes) == (("Images",), 1_000_000)


@pytest.mark.promise("P30", "P44", "P45")
async def test_a_download_is_begun_with_the_password_and_goes_on_without(
    house: House, browser: httpx.AsyncClient
) -> None:
    export = await made(house, browser)
    refused = await browser.get(file(export))
    assert refused.status_code == 403
    assert "password" in refused.text
    house.clock.move(minutes=11)
    assert (await browser.post(fetch(export))).status_code == 403
    begun = await browser.post(fetch(export), data={"current_password": PASSWORD})
    assert begun.headers["location"] == file(export)
    journal = await house.services.activity.newest(await house.owner(browser))
    assert [one.detail for one in journal if one.kind == "export"] == ["downloaded", "started"]
    whole = await browser.get(file(export))
    size, digest = export.part_facts(1)
    assert (whole.status_code, len(whole.content)) == (200, size)
    assert hashlib.sha256(whole.content).hexdigest() == digest
    assert whole.headers["etag"] == f'"{digest}"'
    assert export.file_name(1) in whole.headers["content-disposition"]
    assert "data/manifest.json" in zipfile.ZipFile(io.BytesIO(whole.content)).namelist()
    house.clock.move(hours=23)
    cut = size * 6 // 10
    headers = {"Range": f"bytes={cut}-", "If-Range": whole.headers["etag"]}
    rest = await browser.get(file(export), headers=headers)
    assert rest.status_code == 206
    assert whole.content[:cut] + rest.content == whole.content
    assert (await browser.get(file(export), headers={"Range": f"bytes={size}-"})).status_code == 416
    assert (await browser.get(file(export), headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    assert int((await browser.head(file(export))).headers["content-length"]) == size
    house.clock.move(hours=1, seconds=1)
    assert (await browser.get(file(export))).status_code == 403, "a grant holds for 24 hours"


@pytest.mark.promise("P32", "P44")
async def test_nobody_else_gets_the_file(house: House, browser: httpx.AsyncClient) -> None:
    export = await made(house, browser)
    await browser.post(fetch(export), data={"current_password": PASSWORD})
    assert (await browser.get(file(export))).status_code == 200
    stranger, thief = await house.signed_up("eve"), await house.browser()
    assert (await stranger.get(file(export))).status_code == 404
    assert (await stranger.post(fetch(export))).status_code == 404
    assert (await thief.get(file(export))).status_code == 401
    other = await house.browser()
    await other.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert (await other.get(file(export))).status_code == 403, "another session of the same person has no grant"
    await house.services.accounts.end_devices(await house.owner(browser))
    assert (await browser.get(file(export))).status_code == 401, "the grant goes with its session"
    mails = [letter for letter in await house.services.outbox() if "export" in letter.subject]  # type: ignore[misc]
    assert mails
    for mail in mails:
        assert export.id not in mail.text + mail.link
        assert (await thief.get(mail.link.removeprefix(house.services.rules.origin))).status_code != 200


@pytest.mark.promise("P44")
async def test_the_link_is_dead_after_seven_days_or_when_the_file_is_deleted(
    house: House, browser: httpx.AsyncClient
) -> None:
    export = await made(house, browser)
    await browser.post(fetch(export))
    await house.services.exports.delete_files(await house.owner(browser), export.id)
    assert (await browser.get(file(export))).status_code == 409
    again = await made_again(house, browser)
    house.clock.move(days=6, hours=23)
    await browser.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert (await browser.post(fetch(again))).status_code == 303
    house.clock.move(hours=1)
    assert (await browser.get(file(again))).status_code == 404


async def made_again(house: House, browser: httpx.AsyncClient) -> Export:
    await browser.post(START, data={"scope": "everything", "current_password": PASSWORD})
    owner = await house.owner(browser)
    await house.services.export_worker.settle()
    house.clock.move(minutes=3)
    export = (await house.services.exports.all(owner))[0]
    await house.services.export_worker.run(owner, export.id)
    return await house.services.exports.get(owner, export.id)


@pytest.mark.parametrize(
    "data", [{"scope": "chosen"}, {"scope": "all"}, {"part_size": "3"}, {"scope": "chosen", "categories": "x"}]
)
async def test_a_form_that_is_not_ours_is_refused(browser: httpx.AsyncClient, data: dict[str, str]) -> None:
    assert (await browser.post(START, data=data)).status_code == 422


async def test_what_is_not_there_is_not_found(house: House, browser: httpx.AsyncClient) -> None:
    export = await made(house, browser)
    for path in (file(export, 9), file(export).replace(export.id, "0" * 32), f"/exports/packages/{export.id}/x"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.post(fetch(export, 9))).status_code == 404
