"""Policies and facts: no account, no cookie, no script but ours, and every table from the data map."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from imageroute_app.domain.data_map import COOKIES, DATA_MAP, RECEIVERS, STORAGE_KEYS
from imageroute_app.routes.api import build_api, build_routes
from imageroute_app.routes.public import PAGES
from tests.routes.conftest import ORIGIN, House

FORMS = ("sign-up", "sign-in", "forgot-password", "verify-email", "reset-password")
OUR_SCRIPTS = {
    '<script src="/site.js">',
    '<script src="/consent.js" defer>',
    '<script src="/device.js" type="module">',
}
HIDDEN = re.compile(r"<(p|form)\b[^>]* hidden\b[^>]*>.*?</\1>", re.DOTALL)
SCRIPT = re.compile(r"<script\b[^>]*>")


@pytest.mark.promise("P2")
@pytest.mark.parametrize("name", PAGES)
async def test_public_pages_need_and_leave_nothing(browser: httpx.AsyncClient, name: str) -> None:
    answer = await browser.get(f"/{name}")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-cache"
    assert set(SCRIPT.findall(answer.text)) <= OUR_SCRIPTS


@pytest.mark.metric("third_party_requests_before_consent")
@pytest.mark.promise("P38", "P65")
@pytest.mark.parametrize("name", [*PAGES, *FORMS])
async def test_pages_are_complete_and_stay_on_our_origin(browser: httpx.AsyncClient, name: str) -> None:
    page = (await browser.get(f"/{name}")).text
    assert '<html lang="en">' in page
    assert page.count("<h1") == page.count("<main") == 1
    assert re.search(r"<title>[^<]+ · ImageRoute</title>", page)
    assert re.search(r'<meta name="description" content="[^"]{30,}">', page)
    assert 'property="og:image" content="http://127.0.0.1:3000/img/social.webp"' in page
    assert 'href="#main">Skip to content' in page
    loaded = re.findall(r'(?:src|href)="(https?:[^"]*)"', page)
    assert all('rel="noopener noreferrer"' in page for _ in loaded)
    assert "style=" not in page
    assert not re.search(r"\son\w+=", page)


async def test_no_page_promises_what_is_not_there(browser: httpx.AsyncClient) -> None:
    for name in PAGES:
        text = re.sub(r"<[^>]+>", " ", (await browser.get(f"/{name}")).text)
        assert not re.search(r"\bplanned\b|\bcoming soon\b|!", text), name


@pytest.mark.promise("P14")
async def test_every_cookie_and_storage_key_is_in_the_register(house: House) -> None:
    client = await house.signed_up()
    page = (await client.get("/cookies")).text
    for name in [*COOKIES, *STORAGE_KEYS]:
        assert f'<td role="cell">{name}</td>' in page
    young = await house.browser()
    await young.post("/auth/sign-up", data={"born_day": "1", "born_month": "1", "born_year": "2020"})
    assert {*client.cookies, *young.cookies} <= COOKIES.keys()


@pytest.mark.promise("P1")
async def test_trust_shows_every_table_of_the_data_map(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/trust")).text
    for table in DATA_MAP.values():
        assert table.purpose in page
    assert "Development installation" in page


@pytest.mark.promise("P14")
async def test_trust_calls_no_cookie_needed_that_waits_for_a_yes(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/trust")).text
    needed = sum(item.is_essential for item in COOKIES.values())
    assert f"<dt>Cookies needed to work</dt><dd>{needed}</dd>" in page
    assert f"<dt>Cookies only after a yes</dt><dd>{len(COOKIES) - needed}</dd>" in page
    assert needed < len(COOKIES)


@pytest.mark.promise("P39")
async def test_processors_name_each_model_and_no_company(house: House, browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/processors")).text
    assert "No outside company receives your prompts" in page
    for model in house.services.routing.models():
        assert model.policy.company in page
        assert model.policy.training_text in page


@pytest.mark.promise("P39")
async def test_facts_that_were_not_read_again_for_90_days_are_called_old(
    house: House, browser: httpx.AsyncClient
) -> None:
    newest = max(model.policy.checked_on for model in house.services.routing.models())
    noon = datetime(newest.year, newest.month, newest.day, 12, tzinfo=UTC)
    house.clock.now = noon + timedelta(days=90)
    assert "older than 90 days" not in (await browser.get("/processors")).text
    house.clock.now += timedelta(days=1)
    assert "older than 90 days" in (await browser.get("/processors")).text


async def test_cloudinary_is_named_where_it_keeps_the_pictures(house: House, browser: httpx.AsyncClient) -> None:
    for path in ("/processors", "/privacy"):
        assert "Cloudinary" not in (await browser.get(path)).text
    house.with_site(receivers=("cloudinary",))
    page = (await browser.get("/processors")).text
    assert "One company receives data" in page
    assert "Cloudinary, Israel and United States,</b> receives every picture" in page
    privacy = (await browser.get("/privacy")).text
    assert "No outside company receives your prompts: the models offered here run on this server." in privacy
    assert "receives every picture and its sizes" in privacy


@pytest.mark.promise("P74", "P53")
async def test_the_controller_is_named(house: House, browser: httpx.AsyncClient) -> None:
    house.with_site(
        controller_name="Example GmbH", controller_address="1 Road, Town", controller_email="hello@example.org"
    )
    for name in ("privacy", "contact", "terms"):
        page = (await browser.get(f"/{name}")).text
        assert "Example GmbH" in page
        assert "mailto:hello@example.org" in page
    assert "Contact: mailto:hello@example.org" in (await browser.get("/.well-known/security.txt")).text


@pytest.mark.metric("gpc_requests_honoured")
@pytest.mark.promise("P67")
async def test_a_privacy_signal_is_confirmed(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/cookies")
    signalled = await browser.get("/cookies", headers={"Sec-GPC": "1"})
    assert "Opt-out preference signal honored" not in HIDDEN.sub("", plain.text)
    elsewhere = await browser.get("/trust", headers={"Sec-GPC": "1"})
    for page in (signalled, elsewhere):
        assert HIDDEN.sub("", page.text).count("Opt-out preference signal honored") == 1
    assert signalled.headers["vary"] == "Sec-GPC, Cookie"
    gpc = (await browser.get("/.well-known/gpc.json")).json()
    assert gpc["gpc"] is True


async def test_well_known_files(house: House, browser: httpx.AsyncClient) -> None:
    security = await browser.get("/.well-known/security.txt")
    assert security.headers["content-type"].startswith("text/plain")
    for _ in range(400):
        text = (await browser.get("/.well-known/security.txt")).text
        expires = datetime.fromisoformat(re.findall(r"^Expires: (.+)$", text, re.MULTILINE)[0])
        assert timedelta(days=30) < expires - house.clock() < timedelta(days=365)
        house.clock.move(days=1)
    change = await browser.get("/.well-known/change-password")
    assert (change.status_code, change.headers["location"]) == (302, "/account")
    assert "Disallow: /api/" in (await browser.get("/robots.txt")).text


async def test_other_methods_answer_405_and_head_answers(house: House, browser: httpx.AsyncClient) -> None:
    for route in build_routes(lambda: house.services):
        methods = route.methods or set()
        if "GET" in methods:
            assert "HEAD" in methods
    for path, allow in (("/privacy", "GET, HEAD"), ("/auth/sign-in", "POST"), ("/api/gallery", "GET, HEAD")):
        answer = await browser.request("DELETE", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert (await browser.head("/privacy")).status_code == 200
    page = await browser.get("/auth/sign-in")
    assert page.status_code == 405
    assert 'href="/sign-in"' in page.text


async def test_an_id_of_the_edge_is_shown(house: House) -> None:
    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"request_id": "feedfacefeedface"}
        await build_api(lambda: house.services)(scope, receive, send)

    transport = httpx.ASGITransport(edge)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert "feedfacefeedface" in (await client.post("/auth/end-device")).text
        assert (await client.get("/api/gallery")).json()["error"]["request_id"] == "feedfacefeedface"


@pytest.mark.promise("P4")
async def test_seller_of_credits_is_named_and_holds_no_pictures(house: House, browser: httpx.AsyncClient) -> None:
    house.with_site(receivers=("dodo",))

    privacy, processors = (await browser.get("/privacy")).text, (await browser.get("/processors")).text

    for page in (privacy, processors):
        assert "Dodo Payments, United States, receives your email address" in page.replace("</b>", "").replace(
            "<b>", ""
        )
    assert "pictures at Dodo" not in privacy
    assert "for 30 days" in (await browser.get("/terms")).text


LINK = re.compile(r'<a\b([^>]*\bhref="(https?://[^"]*)"[^>]*)>(.*?)</a>', re.DOTALL)


@pytest.mark.promise("P65")
async def test_every_link_to_another_site_is_marked_and_tells_it_nothing(house: House) -> None:
    house.with_site(receivers=tuple(RECEIVERS))
    ada = await house.signed_up()
    seen: set[str] = set()
    pages = (
        *PAGES,
        "requests",
        "complaint",
        "report",
        "support",
        "verify",
        "cases",
        "trust/retention",
        "privacy-center/choices",
    )
    for name in pages:
        page = (await ada.get(f"/{name}")).text
        for attributes, target, words in LINK.findall(page):
            if target.startswith((f"{ORIGIN}/", "http://localhost:3000/")):
                continue
            seen.add(target)
            assert {"noopener", "noreferrer"} <= set(re.findall(r'rel="([^"]*)"', attributes)[0].split()), (
                name,
                target,
            )
            assert re.search(r"\((external|another site)\)", words), (name, target)
    assert len(seen) > 3
