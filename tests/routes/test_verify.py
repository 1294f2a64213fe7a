"""The public check: an answer that says what a mark proves and what not, and nothing of the file left anywhere."""

import logging

import httpx
import pytest

from imageroute_app.adapters.imaging.finish import PooledImaging
from imageroute_app.adapters.imaging.packet import make_packet
from imageroute_app.routes import verify
from imageroute_app.services import provenance
from imageroute_app.services.provenance import Provenance
from tests.adapters.pictures import MARKING, encode, photo
from tests.foreign import changed, signed_elsewhere
from tests.routes.conftest import House

NAME = "holiday-of-ada.png"


@pytest.fixture
def imaging(house: House) -> PooledImaging:
    opened = house.services.provenance._imaging
    assert isinstance(opened, PooledImaging)
    return opened


async def post(browser: httpx.AsyncClient, data: bytes, field: str = "picture") -> httpx.Response:
    return await browser.post("/verify", files={field: (NAME, data, "image/png")})


async def test_page_works_without_account_cookie_or_script(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/verify")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.text.count("<script") == 2  # the theme, and the question about statistics; it works without
    assert 'enctype="multipart/form-data"' in answer.text
    assert 'href="/verify"' in (await browser.get("/privacy")).text


async def test_each_kind_of_file_is_told_apart(browser: httpx.AsyncClient, imaging: PooledImaging) -> None:
    finished = await imaging.finish(encode(photo(96, 64)), MARKING)
    files = {
        "Yes, this ImageRoute signed it": finished.original,
        "Its signature is broken": changed(finished.original),
        "It says so, but nothing protects that": finished.thumbnails["320"],
        "It says so, but we did not sign it": signed_elsewhere(name="ImageRoute"),
        "No, another program signed it": signed_elsewhere(name="Other"),
        "Not as far as we can see": encode(photo(), "WEBP", xmp=make_packet(MARKING).replace(b"ImageRoute", b"Else")),
        "No mark found": encode(photo()),
    }
    for heading, data in files.items():
        answer = await post(browser, data)
        assert answer.status_code == 200
        assert f">{heading}</h2>" in answer.text
        assert "What it does not prove" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


async def test_nothing_of_the_file_is_kept_or_logged(
    house: House, browser: httpx.AsyncClient, imaging: PooledImaging, caplog: pytest.LogCaptureFixture
) -> None:
    before = {path: path.stat().st_size for path in house.folder.rglob("*") if path.is_file()}
    with caplog.at_level(logging.DEBUG):
        answer = await post(browser, encode(photo()))
    assert NAME not in answer.text
    assert {path: path.stat().st_size for path in house.folder.rglob("*") if path.is_file()} == before
    told = [str(vars(record)) for record in caplog.records if record.name.startswith("imageroute")]
    assert [record.getMessage() for record in caplog.records if "provenance" in record.name] == ["provenance.checked"]
    assert not any("holiday" in text for text in told)


HOSTILE = {
    "empty": (b"", "Choose a file first."),
    "text": (b"just text", "This is not a PNG, JPEG, WebP, AVIF or GIF picture."),
    "svg": (b"<svg onload=alert(1)>", "This is not a PNG, JPEG, WebP, AVIF or GIF picture."),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_files_that_are_no_picture_are_answered_plainly(
    browser: httpx.AsyncClient, imaging: PooledImaging, name: str
) -> None:
    data, message = HOSTILE[name]
    answer = await post(browser, data)
    assert answer.status_code == 422
    assert message in answer.text


async def test_words_of_a_hostile_mark_are_only_shown_as_text(
    browser: httpx.AsyncClient, imaging: PooledImaging
) -> None:
    answer = await post(browser, signed_elsewhere(name="<script>alert(1)</script>" + "x" * 3000))
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "x" * 201 not in answer.text


async def test_too_large_a_file_is_refused_while_it_is_read(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "FILE_BYTES_MAX", 1000)
    answer = await post(browser, b"x" * 1001)
    assert answer.status_code == 413
    assert "too large" in answer.text


BROKEN_FORMS = [
    ("text/plain", b"x"),
    ("multipart/form-data", b"--a\r\n"),
    ("multipart/form-data; boundary=a", b"nonsense"),
    ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data; name=picture\r\n\r\nhalf"),
    ("multipart/form-data; boundary=a", b"--a\r\nX: " + b"y" * 5000 + b"\r\n\r\n\r\n--a--\r\n"),
    ("multipart/form-data; boundary=a", b"--a\r\n\r\n\r\n" * 5 + b"--a--\r\n"),
    ("multipart/form-data; boundary=" + "a" * 300, b""),
]


@pytest.mark.parametrize(("kind", "body"), BROKEN_FORMS)
async def test_broken_forms_are_answered_plainly(browser: httpx.AsyncClient, kind: str, body: bytes) -> None:
    answer = await browser.post("/verify", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert "Choose the file again." in answer.text


async def test_another_field_is_not_taken_for_the_file(browser: httpx.AsyncClient) -> None:
    assert "Choose a file first." in (await post(browser, encode(photo()), field="other")).text


async def test_tries_are_limited_before_the_file_is_read(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "CHECKS", 1)
    assert (await post(browser, b"")).status_code == 422
    answer = await post(browser, b"")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_only_a_few_files_are_in_memory_at_once(house: House, browser: httpx.AsyncClient) -> None:
    service: Provenance = house.services.provenance
    for _ in range(provenance.AT_ONCE):
        await service.places.acquire()
    assert (await post(browser, b"x")).status_code == 503
    service.places.release()
    assert (await post(browser, b"")).status_code == 422
