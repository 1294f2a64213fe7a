"""Signing up, in and out, new passwords, proven addresses and devices, as a browser without scripts sees them."""

import asyncio
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from http.cookies import SimpleCookie

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.choices import OBJECT_WORDS
from imageroute_app.domain.ports import Query
from imageroute_app.routes.session import safe_next
from tests.routes.conftest import ORIGIN, PASSWORD, SIGN_UP, House

REQUEST_ID = re.compile(r"[0-9a-f]{16}")
IDS = re.compile(rb"[0-9a-f]{32}")
"""Random: any four digits are found in one of many now and then."""


def without_id(answer: httpx.Response) -> str:
    return REQUEST_ID.sub("ID", answer.text)


def cookie(answer: httpx.Response, name: str) -> dict[str, str]:
    """Return the attributes of a cookie that the answer sets."""
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return {key: str(value) for key, value in jar[name].items() if value} | {"value": jar[name].value}


async def welcomed(house: House) -> int:
    letters = await house.services.outbox() if house.services.outbox else []
    return sum(letter.subject == "Confirm your email" for letter in letters)


# --- Sign up ----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P3")
async def test_sign_up_opens_an_account_and_goes_on(house: House, browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/auth/sign-up", data=SIGN_UP)
    assert (answer.status_code, answer.headers["location"]) == (303, "/create")
    assert answer.headers["cache-control"] == "no-store"
    person = await house.services.accounts.person(await house.owner(browser))
    assert (person.full_name, person.email, person.country) == ("Ada Lovelace", "ada@example.com", "GB")
    assert person.wants_newsletter is False
    assert await house.link("Confirm your email")


async def test_sign_up_goes_to_the_page_that_was_wanted(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/sign-up?next=/gallery")
    assert 'name="next" value="/gallery"' in page.text
    answer = await browser.post("/auth/sign-up", data={**SIGN_UP, "next": "/gallery"})
    assert answer.headers["location"] == "/gallery"


@pytest.mark.promise("P6", "P75", "P58")
async def test_sign_up_form_is_neutral_and_nothing_is_ticked(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/sign-up")).text
    assert " checked" not in page
    assert '<option value="GB" selected>' in page
    assert not re.search(r"\b(13|16|18)\b", re.sub(r"<svg.*?</svg>|<head>.*?</head>", "", page, flags=re.DOTALL))


async def test_faults_stand_beside_their_fields_and_values_are_kept(browser: httpx.AsyncClient) -> None:
    data = {**SIGN_UP, "email": "not an address", "password": "short", "born_month": "13", "newsletter": "yes"}
    answer = await browser.post("/auth/sign-up", data=data)
    assert answer.status_code == 422
    for name in ("email", "password", "date_of_birth"):
        assert f'id="{name}-error"' in answer.text
    assert 'role="alert"' in answer.text
    assert answer.text.count("autofocus") == 1
    assert 'value="Ada Lovelace"' in answer.text
    assert 'value="yes" checked' in answer.text
    assert "short" not in answer.text
    assert re.search(r'Request <span class="mono">[0-9a-f]{16}<', answer.text)
    assert "set-cookie" not in answer.headers


async def test_typed_text_is_escaped(browser: httpx.AsyncClient) -> None:
    data = {**SIGN_UP, "full_name": '"><script>alert(1)</script>', "email": "x"}
    answer = await browser.post("/auth/sign-up", data=data)
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


@pytest.mark.promise("P3")
async def test_unknown_fields_are_ignored(house: House, browser: httpx.AsyncClient) -> None:
    extra = {"credits": "9999", "id": "mine", "owner": "mine", "email_verified_at": "2026-01-01", "role": "admin"}
    assert (await browser.post("/auth/sign-up", data={**SIGN_UP, **extra})).status_code == 303
    owner = await house.owner(browser)
    person = await house.services.accounts.person(owner)
    assert owner != "mine"
    assert person.email_verified_at is None
    assert (await house.services.jobs.balance(owner)).available == house.services.rules.starter_credits


async def test_a_taken_address_is_refused_and_told_by_mail(house: House) -> None:
    await house.signed_up()
    other = await house.browser()
    answer = await other.post("/auth/sign-up", data={**SIGN_UP, "email": "ADA@example.com"})
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert "ir_session" not in other.cookies
    assert house.services.outbox is not None
    assert "You already have an account" in {letter.subject for letter in await house.services.outbox()}


async def test_too_many_and_too_large_fields_are_refused(browser: httpx.AsyncClient) -> None:
    many = await browser.post("/auth/sign-up", data={f"f{number}": "x" for number in range(40)})
    large = await browser.post("/auth/sign-up", data={**SIGN_UP, "full_name": "x" * 9000})
    assert (many.status_code, large.status_code) == (400, 400)
    assert "Request" in large.text


# --- Age --------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P58")
@pytest.mark.parametrize(
    ("today", "born", "country", "allowed"),
    [
        ((2026, 11, 25), (2013, 11, 25), "US", True),
        ((2026, 11, 25), (2013, 11, 26), "US", False),
        ((2026, 11, 25), (2010, 11, 25), "DE", True),
        ((2026, 11, 25), (2010, 11, 26), "DE", False),
        ((2026, 11, 25), (2013, 11, 25), "", False),
        ((2025, 2, 28), (2012, 2, 29), "US", False),
        ((2025, 3, 1), (2012, 2, 29), "US", True),
        ((2028, 2, 28), (2012, 2, 29), "FR", False),
        ((2028, 2, 29), (2012, 2, 29), "FR", True),
    ],
)
async def test_age_boundaries(
    house: House, browser: httpx.AsyncClient, today: tuple[int, int, int], born: tuple[int, int, int],
    country: str, allowed: bool,
) -> None:  # fmt: skip
    house.clock.now = datetime(*today, 12, tzinfo=UTC)
    year, month, day = (str(part) for part in born)
    data = {**SIGN_UP, "born_year": year, "born_month": month, "born_day": day, "country": country}
    answer = await browser.post("/auth/sign-up", data=data)
    assert answer.status_code == (303 if allowed else 403)
    assert await welcomed(house) == int(allowed)


@pytest.mark.promise("P58")
async def test_too_young_stores_nothing_and_keeps_sign_up_closed_for_an_hour(
    house: House, browser: httpx.AsyncClient
) -> None:
    answer = await browser.post("/auth/sign-up", data={**SIGN_UP, "born_year": "2020", "email": "nonsense"})
    assert answer.status_code == 403
    assert "You cannot open an account here yet" in answer.text
    age = cookie(answer, "ir_age")
    assert (age["max-age"], age["value"]) == ("3600", "1")
    assert age["httponly"]
    assert "ir_session" not in browser.cookies
    assert await welcomed(house) == 0
    assert (await browser.get("/sign-up")).status_code == 403
    again = await browser.post("/auth/sign-up", data=SIGN_UP)
    assert again.status_code == 403
    assert await welcomed(house) == 0


@pytest.mark.promise("P58")
async def test_the_date_of_birth_is_not_kept_anywhere(house: House, browser: httpx.AsyncClient) -> None:
    await browser.post("/auth/sign-up", data={**SIGN_UP, "born_day": "17", "born_month": "June", "born_year": "1987"})
    assert (await house.services.accounts.person(await house.owner(browser))).age_band == "18+"
    files = [path for path in house.folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = IDS.sub(b"", path.read_bytes())
        assert b"1987-06-17" not in content
        assert b"1987" not in content or path.suffix == ".eml"


# --- Sign in and out --------------------------------------------------------------------------------------------------


async def test_wrong_and_unknown_answer_the_same_and_cost_the_same(house: House) -> None:
    await house.signed_up()
    stranger = await house.browser()
    wrong = await stranger.post("/auth/sign-in", data={"email": "ada@example.com", "password": "not it at all"})
    known = house.passwords.verified
    unknown = await stranger.post("/auth/sign-in", data={"email": "eve@example.com", "password": "not it at all"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert without_id(wrong).replace("ada@", "eve@") == without_id(unknown)
    assert wrong.headers.keys() == unknown.headers.keys()
    assert (known, house.passwords.verified) == (1, 2)
    assert "not it at all" not in wrong.text


@pytest.mark.promise("P2")
async def test_who_does_not_agree_leaves_without_a_trace(house: House, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/sign-up")
    assert 'If you do not agree, <a href="/">leave</a>' in page.text
    assert not browser.cookies
    assert await house.services.database.owners(after="", limit=9) == []


@pytest.mark.promise("P51")
async def test_the_first_mail_tells_apart_from_the_rest_that_one_may_object(house: House) -> None:
    await house.signed_up()
    assert house.services.outbox is not None
    (first,) = await house.services.outbox()
    *_, last = first.text.strip().split("\n\n")
    assert last == f"{OBJECT_WORDS} Your switches: {ORIGIN}/privacy-center#choices"


async def test_sign_in_and_out(house: House) -> None:
    await house.signed_up()
    client = await house.browser()
    answer = await client.post("/auth/sign-in", data={"email": "Ada@Example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/create")
    assert (await client.get("/sign-in")).headers["location"] == "/create"
    token = client.cookies["ir_session"]
    out = await client.post("/auth/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert out.headers["clear-site-data"] == '"cache"'
    assert "ir_session" not in client.cookies
    assert await house.services.accounts.session(token) is None
    assert (await client.post("/auth/sign-out")).status_code == 303


async def test_a_password_hashed_at_an_older_cost_is_hashed_anew_at_the_next_sign_in(
    house: House, browser: httpx.AsyncClient
) -> None:
    owner, people = await house.owner(await house.signed_up()), house.services.database.tables.people
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await people.update(replace(await people.get(owner, owner), password_hash=weak))
    wrong = await browser.post("/auth/sign-in", data={"email": "ada@example.com", "password": "wrong wrong"})
    assert (wrong.status_code, (await people.get(owner, owner)).password_hash) == (401, weak)
    answer = await browser.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    strong = (await people.get(owner, owner)).password_hash
    assert answer.status_code == 303
    assert "m=64,t=1" in strong  # the cost of these tests
    answer = await browser.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert (answer.status_code, (await people.get(owner, owner)).password_hash) == (303, strong)


async def test_signing_in_again_ends_the_session_before(house: House) -> None:
    client = await house.signed_up()
    before, owner = client.cookies["ir_session"], await house.owner(client)
    await client.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert await house.services.accounts.session(before) is None
    assert len(await house.services.accounts.devices(owner)) == 1


async def test_wrong_passwords_run_into_a_limit(house: House, browser: httpx.AsyncClient) -> None:
    data = {"email": "ada@example.com", "password": "wrong wrong"}
    codes = [(await browser.post("/auth/sign-in", data=data)).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    last = await browser.post("/auth/sign-in", data=data)
    assert int(last.headers["retry-after"]) > 0
    assert "Too many tries" in last.text
    elsewhere = await house.browser(address="192.0.2.7")
    assert (await elsewhere.post("/auth/sign-in", data=data)).status_code == 401


async def test_accounts_from_one_address_run_into_a_limit(house: House) -> None:
    rules = replace(house.services.rules, sign_ups_per_hour=2)
    house.services.accounts._rules = rules
    codes = []
    for number, address in enumerate(["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:1::1"]):
        client = await house.browser(address=address)
        data = {**SIGN_UP, "email": f"p{number}@example.com"}
        codes.append((await client.post("/auth/sign-up", data=data)).status_code)
    assert codes == [303, 303, 429, 303]


@pytest.mark.promise("P54")
async def test_session_cookie_on_http(browser: httpx.AsyncClient) -> None:
    session = cookie(await browser.post("/auth/sign-up", data=SIGN_UP), "ir_session")
    assert (session["path"], session["samesite"], session["max-age"]) == ("/", "lax", str(7 * 86_400))
    assert session["httponly"]
    assert not {"secure", "domain"} & session.keys()


@pytest.mark.promise("P54", "P31")
async def test_session_cookie_on_https(house: House) -> None:
    house.with_site(origin="https://images.example.org")
    client = await house.browser()
    answer = await client.post("/auth/sign-up", data=SIGN_UP)
    session = cookie(answer, "__Host-ir_session")
    assert session["secure"]
    assert session["httponly"]
    assert (session["path"], session["samesite"]) == ("/", "lax")
    assert "domain" not in session
    assert (await client.get("/api/gallery")).status_code == 200
    young = await (await house.browser()).post("/auth/sign-up", data={**SIGN_UP, "born_year": "2020"})
    assert cookie(young, "ir_age")["secure"]


async def test_an_account_that_the_operator_locked_is_let_in_where_it_wanted(house: House) -> None:
    owner = await house.owner(await house.signed_up())
    await house.services.gate.lock(owner, Lock.OPERATOR)
    entry = {"email": "ada@example.com", "password": PASSWORD, "next": "/gallery"}
    entered = await (await house.browser()).post("/auth/sign-in", data=entry)
    assert (entered.status_code, entered.headers["location"]) == (303, "/gallery")


# --- Where to go next -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/a\r\nX: y",
     "/\t/evil.example", " /gallery", "", "gallery", "/auth/sign-out", "/" + "a" * 600],
)  # fmt: skip
async def test_open_redirects_are_refused(house: House, wanted: str) -> None:
    client = await house.browser()
    answer = await client.post("/auth/sign-up", data={**SIGN_UP, "next": wanted})
    assert answer.headers["location"] == "/create"
    again = await client.get("/sign-in", params={"next": wanted})
    assert again.headers["location"] == "/create"


@given(st.text(max_size=40))
def test_the_next_page_is_always_ours(wanted: str) -> None:
    found = str(httpx.URL(ORIGIN).join(safe_next(wanted)))
    assert found.startswith(ORIGIN + "/")


# --- New password -----------------------------------------------------------------------------------------------------


async def test_a_reset_ends_every_session_and_its_link_works_once(house: House) -> None:
    client = await house.signed_up()
    asked = await (await house.browser()).post("/auth/forgot-password", data={"email": "ada@example.com"})
    assert asked.status_code == 200
    link = await house.link("Set a new password")
    token = link.partition("token=")[2]
    page = await client.get(link)
    assert page.headers["referrer-policy"] == "strict-origin"
    assert page.headers["cache-control"] == "no-store"
    data = {"token": token, "password": "another long one"}
    short = await client.post("/auth/reset-password", data={**data, "password": "short"})
    assert short.status_code == 422
    assert f'value="{token}"' in short.text
    done = await client.post("/auth/reset-password", data=data)
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in?done=reset")
    assert "ir_session" not in client.cookies
    assert (await client.post("/auth/reset-password", data=data)).status_code == 404
    old = await client.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    new = await client.post("/auth/sign-in", data={"email": "ada@example.com", "password": "another long one"})
    assert (old.status_code, new.status_code) == (401, 303)


async def test_a_reset_link_ends_after_an_hour(house: House) -> None:
    client = await house.signed_up()
    await client.post("/auth/forgot-password", data={"email": "ada@example.com"})
    token = (await house.link("Set a new password")).partition("token=")[2]
    house.clock.move(minutes=61)
    answer = await client.post("/auth/reset-password", data={"token": token, "password": "another long one"})
    assert answer.status_code == 404
    assert "This link does not work" in answer.text


async def test_forgot_password_answers_alike_for_unknown_addresses(house: House) -> None:
    await house.signed_up()
    client = await house.browser()
    known = await client.post("/auth/forgot-password", data={"email": "ada@example.com"})
    unknown = await client.post("/auth/forgot-password", data={"email": "eve@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert without_id(known).replace("ada@", "eve@") == without_id(unknown)


# --- Proven address ---------------------------------------------------------------------------------------------------


async def test_opening_the_link_alone_uses_nothing_up(house: House) -> None:
    client = await house.signed_up()
    link = await house.link("Confirm your email")
    for _ in range(3):
        page = await client.get(link)
        assert page.headers["referrer-policy"] == "strict-origin"
    token = {"token": link.partition("token=")[2]}
    assert (await house.services.accounts.person(await house.owner(client))).email_verified_at is None
    assert (await client.post("/auth/verify-email", data=token)).status_code == 200
    assert (await house.services.accounts.person(await house.owner(client))).email_verified_at is not None
    again = await client.post("/auth/verify-email", data=token)
    assert again.status_code == 404
    assert "Send a new link" in again.text
    assert "Your email is confirmed" in (await client.post("/auth/send-verification")).text
    assert "Your email is confirmed" in (await client.get("/verify-email")).text


async def test_a_new_link_is_sent_to_who_is_signed_in(house: House) -> None:
    client = await house.signed_up()
    assert "Send a new link" in (await client.get("/verify-email")).text
    answers = [await client.post("/auth/send-verification") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert await welcomed(house) == 6


async def test_links_of_one_kind_do_not_open_the_other(house: House) -> None:
    client = await house.signed_up()
    token = (await house.link("Confirm your email")).partition("token=")[2]
    answer = await client.post("/auth/reset-password", data={"token": token, "password": "another long one"})
    assert answer.status_code == 404
    assert (await client.post("/auth/verify-email", data={"token": token})).status_code == 200


# --- The account page's forms -----------------------------------------------------------------------------------------


@pytest.mark.promise("P46")
async def test_changing_the_name(house: House) -> None:
    client = await house.signed_up()
    answer = await client.post("/auth/change-name", data={"full_name": "  Countess   of Lovelace "})
    assert answer.headers["location"] == "/account?done=name"
    assert (await house.services.accounts.person(await house.owner(client))).full_name == "Countess of Lovelace"
    bad = await client.post("/auth/change-name", data={"full_name": "x" * 121})
    assert bad.status_code == 422
    assert 'id="full_name-error"' in bad.text


async def test_changing_the_password_needs_the_current_one(house: House) -> None:
    client = await house.signed_up()
    other = await house.browser()
    await other.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    wrong = {"current_password": "not it at all", "new_password": "another long one"}
    refused = await client.post("/auth/change-password", data=wrong)
    assert refused.status_code == 422
    assert 'id="current_password-error"' in refused.text
    short = await client.post("/auth/change-password", data={"current_password": PASSWORD, "new_password": "x"})
    assert 'id="new_password-error"' in short.text
    good = {"current_password": PASSWORD, "new_password": "another long one"}
    done = await client.post("/auth/change-password", data=good)
    assert done.headers["location"] == "/account?done=password"
    assert (await client.get("/api/gallery")).status_code == 200
    assert (await other.get("/api/gallery")).status_code == 401


@pytest.mark.parametrize("password", ["Password1", "ada@example.com", "IloveYou1", "imageroute"])
async def test_a_password_that_others_try_first_is_refused(
    house: House, browser: httpx.AsyncClient, password: str
) -> None:
    refused = await browser.post("/auth/sign-up", data={**SIGN_UP, "password": password})
    assert refused.status_code == 422
    assert "among the first that others try" in refused.text
    client = await house.signed_up()
    changed = await client.post("/auth/change-password", data={"current_password": PASSWORD, "new_password": password})
    assert 'id="new_password-error"' in changed.text


async def test_a_common_password_does_not_use_a_reset_link_up(house: House) -> None:
    client = await house.signed_up()
    await client.post("/auth/forgot-password", data={"email": "ada@example.com"})
    token = (await house.link("Set a new password")).partition("token=")[2]
    refused = await client.post("/auth/reset-password", data={"token": token, "password": "12345678"})
    assert refused.status_code == 422
    done = await client.post("/auth/reset-password", data={"token": token, "password": "another long one"})
    assert done.status_code == 303


@pytest.mark.promise("P12")
async def test_a_device_is_known_by_family_and_system_only(house: House) -> None:
    odd = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59 Safari/537.36"
    client = await house.browser(agent=odd)
    await client.post("/auth/sign-up", data=SIGN_UP)
    (session,) = await house.services.accounts.devices(await house.owner(client))
    assert session.device == "Chrome on Linux"
    kept = {item.name for item in fields(session)}
    assert not kept & {"user_agent", "screen", "fonts", "language", "timezone", "fingerprint"}


async def test_ending_a_device(house: House) -> None:
    client = await house.signed_up()
    other = await house.browser(agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
                                " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1")  # fmt: skip
    await other.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    owner = await house.owner(client)
    devices = {session.device: session.id for session in await house.services.accounts.devices(owner)}
    assert devices.keys() == {"Chrome on Linux", "Mobile Safari on iOS"}
    answer = await client.post("/auth/end-device", data={"session_id": devices["Mobile Safari on iOS"]})
    assert answer.headers["location"] == "/account?done=device"
    assert (await other.get("/api/gallery")).status_code == 401
    own = await client.post("/auth/end-device", data={"session_id": devices["Chrome on Linux"]})
    assert own.headers["location"] == "/"
    assert own.headers["clear-site-data"] == '"cache"'


async def test_nobody_ends_the_device_of_another_person(house: House) -> None:
    ada, eve = await house.signed_up("ada"), await house.signed_up("eve")
    (session,) = await house.services.accounts.devices(await house.owner(ada))
    answer = await eve.post("/auth/end-device", data={"session_id": session.id})
    assert answer.status_code == 404
    assert (await ada.get("/api/gallery")).status_code == 200


async def test_signing_out_everywhere(house: House) -> None:
    client = await house.signed_up()
    other = await house.browser()
    await other.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    answer = await client.post("/auth/sign-out-everywhere")
    assert answer.headers["location"] == "/sign-in?done=everywhere"
    assert "signed out on every device" in (await client.get("/sign-in?done=everywhere")).text
    assert (await other.get("/api/gallery")).status_code == 401


@pytest.mark.parametrize(
    "name", ["change-name", "change-password", "end-device", "sign-out-everywhere", "send-verification"]
)
async def test_the_forms_need_a_session(browser: httpx.AsyncClient, name: str) -> None:
    answer = await browser.post(f"/auth/{name}", data={"full_name": "Eve"})
    assert answer.status_code == 401
    assert 'href="/sign-in"' in answer.text


@pytest.mark.promise("P54")
async def test_sessions_end_when_unused_and_at_thirty_days(house: House) -> None:
    client = await house.signed_up()
    for _ in range(5):
        house.clock.move(days=5)
        answer = await client.get("/api/gallery")
        assert answer.status_code == 200
        assert cookie(answer, "ir_session")["max-age"] == str(7 * 86_400)
    house.clock.move(days=6)
    assert (await client.get("/api/gallery")).status_code == 401


async def test_asking_whether_a_session_is_over_is_no_use_of_it(house: House) -> None:
    client = await house.signed_up()
    token, accounts = client.cookies["ir_session"], house.services.accounts
    house.clock.move(days=6, hours=23)
    assert not await accounts.is_over(token)
    house.clock.move(hours=2)
    assert await accounts.is_over(token)
    bob = await house.signed_up("bob")
    token = bob.cookies["ir_session"]
    assert not await accounts.is_over(token)
    await bob.post("/auth/sign-out")
    assert await accounts.is_over(token)


async def test_a_page_that_asks_for_many_things_at_once_stays_signed_in(house: House) -> None:
    client = await house.signed_up()
    house.clock.move(hours=1)
    answers = await asyncio.gather(*(client.get("/api/gallery") for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await house.services.database.tables.sessions.find(Query(owner=await house.owner(client)))) == 1
