"""The question about statistics, its answer, the browser's signal, and what is counted, for visitors and for people."""

import httpx
import pytest
from starlette.requests import Request

from imageroute_app.domain.choices import BAR_WORDS, CONFLICT_WORDS, CONSENT_LIFE, ChoiceEvent, Method, SessionKind
from imageroute_app.domain.data_map import COOKIES, STORAGE_KEYS
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.domain.statistics import HOUSE
from imageroute_app.domain.visitors import Answer, allowed_now, read_answer
from imageroute_app.routes.signal import note_signal
from tests.doubles import MovingClock
from tests.routes.conftest import SIGN_UP, House

GPC = {"Sec-GPC": "1"}
SEEN = {"page": "home", "load_ms": 400}


async def standing(client: httpx.AsyncClient, **headers: str) -> dict[str, bool]:
    """Ask what a page asks; whether somebody is signed in is said by itself."""
    said = (await client.get("/api/choices", headers=headers)).json()
    assert said.pop("known") is ("ir_session" in client.cookies)
    return said


async def counted(house: House, owner: str = HOUSE) -> list[str]:
    """Return what was counted today of visitors, or of a person."""
    found = await house.services.database.tables.usage_counts.find(Query(owner=owner, limit=100))
    return sorted(count.feature for count in found)


# --- The answer in the cookie -------------------------------------------------------------------------------------------


@pytest.mark.promise("P56")
def test_an_answer_counts_for_six_months_and_not_a_second_longer() -> None:
    clock = MovingClock()
    said = Answer(allowed=frozenset({Purpose.ANALYTICS}), at=clock(), by_bar=True)
    assert read_answer(said.dump(), clock()) == said
    clock.move(seconds=CONSENT_LIFE.total_seconds() - 1)
    assert read_answer(said.dump(), clock()) == said
    clock.move(seconds=1)
    assert read_answer(said.dump(), clock()) is None


@pytest.mark.parametrize(
    "text", ["", "yes", "1..a", "2.1764000000.a", "1.999999999999.a", "1.1764000000.a b", "1.-5.a"]
)
def test_an_odd_cookie_is_no_answer(text: str) -> None:
    assert read_answer(text, MovingClock()()) is None


@pytest.mark.promise("P67")
def test_the_signal_takes_away_unless_the_yes_was_given_beside_its_words() -> None:
    yes = Answer(allowed=frozenset(OPTIONAL), at=MovingClock()())
    against = Answer(allowed=frozenset({Purpose.ANALYTICS}), at=yes.at, against_signal=True)
    assert allowed_now(yes, signal=False) == frozenset(OPTIONAL)
    assert allowed_now(yes, signal=True) == allowed_now(None, signal=False) == frozenset()
    assert allowed_now(against, signal=True) == {Purpose.ANALYTICS}


# --- Visitors -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P13", "P14", "P24", "P56")
async def test_nothing_is_counted_and_nothing_set_before_an_answer(house: House, browser: httpx.AsyncClient) -> None:
    assert await standing(browser) == {"ask": True, "signal": False, "counts": False}
    answer = await browser.post("/api/seen", json=SEEN)
    assert answer.status_code == 204
    assert await counted(house) == []
    assert not browser.cookies


@pytest.mark.promise("P24", "P56")
async def test_reject_is_remembered_and_counts_nothing(house: House, browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/choices", data={"answer": "reject"}, headers={"Accept": "application/json"})
    assert answer.status_code == 204
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert await standing(browser) == {"ask": False, "signal": False, "counts": False}
    await browser.post("/api/seen", json=SEEN)
    assert await counted(house) == []
    assert set(browser.cookies) == {"ir_choices"}
    house.clock.move(seconds=CONSENT_LIFE.total_seconds() - 1)
    assert not (await standing(browser))["ask"]
    house.clock.move(seconds=1)
    assert (await standing(browser))["ask"]


@pytest.mark.promise("P13", "P14", "P24", "P56")
async def test_accept_counts_until_it_is_taken_back_and_then_nothing_is_left(
    house: House, browser: httpx.AsyncClient
) -> None:
    answer = await browser.post("/choices", data={"answer": "accept", "next": "/trust"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/trust")
    assert (await standing(browser))["counts"]
    for _ in range(2):
        await browser.post("/api/seen", json=SEEN)
    await browser.post("/api/seen", json={"page": "trust", "load_ms": None})
    await browser.post("/api/seen", json={"page": "a-page-of-nobody", "load_ms": 1})
    assert await counted(house) == ["load home fast", "page home", "page trust"]
    assert set(browser.cookies) == {"ir_choices", "ir_visitor"}
    assert {*browser.cookies} <= COOKIES.keys()

    await browser.post("/choices", data={"answer": "reject"})
    assert await counted(house) == []
    assert set(browser.cookies) == {"ir_choices"}
    assert not (await standing(browser))["counts"]


async def test_one_by_one_is_kept_one_by_one(house: House, browser: httpx.AsyncClient) -> None:
    await browser.post("/choices", data={"answer": "chosen", "performance": "yes"})
    await browser.post("/api/seen", json=SEEN)
    assert await counted(house) == ["load home fast"]
    page = (await browser.get("/cookies")).text
    assert 'name="performance" value="yes" checked' in page
    assert 'name="analytics" value="yes" checked' not in page
    assert "You answered on" in page


async def test_a_secret_of_a_visitor_ends_with_the_day(house: House, browser: httpx.AsyncClient) -> None:
    await browser.post("/choices", data={"answer": "accept"})
    answer = await browser.post("/api/seen", json=SEEN)
    assert "Max-Age=43200" in answer.headers["set-cookie"]  # it is noon


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"page": 1, "load_ms": 1}',
        '{"page": "home", "load_ms": -1}',
        '{"page": "home", "load_ms": "x"}',
        '{"page": "%s", "load_ms": 1}' % ("x" * 600),
    ],
)
async def test_an_odd_page_is_refused(house: House, browser: httpx.AsyncClient, body: str) -> None:
    await browser.post("/choices", data={"answer": "accept"})
    assert (await browser.post("/api/seen", content=body)).status_code == 422
    assert await counted(house) == []


async def test_an_odd_answer_is_refused_and_a_flood_too(house: House, browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/choices", data={"answer": "perhaps"})).status_code == 422
    codes = [(await browser.post("/api/seen", json=SEEN)).status_code for _ in range(40)]
    assert codes.count(204) >= 30
    assert codes[-1] == 429


# --- The browser's signal -----------------------------------------------------------------------------------------------


@pytest.mark.promise("P67", "P56")
async def test_a_visitors_signal_is_honoured_without_asking_anything(house: House, browser: httpx.AsyncClient) -> None:
    assert await standing(browser, **GPC) == {"ask": False, "signal": True, "counts": False}
    for odd in ("0", "yes", "true", ""):
        assert (await standing(browser, **{"Sec-GPC": odd}))["ask"]
    await browser.post("/choices", data={"answer": "accept"})
    await browser.post("/api/seen", json=SEEN, headers=GPC)
    assert await counted(house) == []


@pytest.mark.promise("P67")
async def test_a_yes_beside_the_words_about_the_signal_stands_also_after_signing_up(
    house: House, browser: httpx.AsyncClient
) -> None:
    assert CONFLICT_WORDS in (await browser.get("/cookies", headers=GPC)).text
    await browser.post("/choices", data={"answer": "chosen", "analytics": "yes"}, headers=GPC)
    assert (await standing(browser, **GPC))["counts"]
    house.clock.move(minutes=1)

    await browser.post("/auth/sign-up", data=SIGN_UP, headers=GPC)

    owner = await house.owner(browser)
    assert (await standing(browser, **GPC))["counts"]
    newest = (await house.services.choices.log.history(owner))[0]
    assert await house.services.statistics.allowed(owner) == {Purpose.ANALYTICS}
    assert any(CONFLICT_WORDS in one.words for one in await house.services.choices.log.history(owner))
    assert newest.session_kind is SessionKind.SIGNED_OUT


@pytest.mark.promise("P67")
async def test_against_a_signal_nothing_is_accepted_without_the_words_about_it(
    house: House, browser: httpx.AsyncClient
) -> None:
    assert "Accept all" in (await browser.get("/cookies")).text
    assert "Accept all" not in (await browser.get("/cookies", headers=GPC)).text
    ada = await house.signed_up()
    await ada.post("/api/choices/signal")
    page = (await ada.get("/cookies")).text  # by a browser that sends none
    assert "Accept all" not in page
    assert CONFLICT_WORDS in page


@pytest.mark.promise("P67")
async def test_a_persons_signal_is_noted_once(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    await house.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert (await standing(ada))["counts"]

    for _ in range(2):
        assert await standing(ada, **GPC) == {"ask": False, "signal": True, "counts": False}

    events = [one for one in await house.services.choices.log.history(owner) if one.event is ChoiceEvent.SIGNAL]
    assert [one.method for one in events] == [Method.HEADER] * len(OPTIONAL)
    await house.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert (await standing(ada, **GPC))["counts"]


@pytest.mark.promise("P67")
async def test_a_signal_that_only_pages_hear_is_noted_too(house: House, browser: httpx.AsyncClient) -> None:
    ada = await house.signed_up()
    assert (await ada.post("/api/choices/signal")).status_code == 204
    assert (await browser.post("/api/choices/signal")).status_code == 204
    assert await house.services.choices.has_signal(await house.owner(ada))
    assert not (await standing(ada))["ask"]
    assert not browser.cookies


@pytest.mark.promise("P67")
async def test_opening_any_page_with_the_signal_is_enough(house: House) -> None:
    ada = await house.signed_up()
    cookie = f"ir_session={ada.cookies['ir_session']}".encode()
    scope = {"type": "http", "method": "GET", "path": "/create", "headers": [(b"cookie", cookie)]}
    await note_signal(lambda: house.services)(Request(scope))
    assert await house.services.choices.has_signal(await house.owner(ada))


# --- Signed-in people, and the way between ------------------------------------------------------------------------------


@pytest.mark.promise("P56", "P70")
async def test_a_persons_answer_is_in_the_log_with_the_words_of_the_bar(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    assert (await standing(ada))["ask"]
    await ada.post("/choices", data={"answer": "accept"})
    assert {one.words for one in await house.services.choices.log.history(owner)} == {BAR_WORDS}
    assert set(ada.cookies) == {"ir_session"}
    await ada.post("/api/seen", json={"page": "create", "load_ms": 4000})
    assert await counted(house, owner) == ["load create slow", "page create"]
    await ada.post("/choices", data={"answer": "reject"})
    assert await counted(house, owner) == []
    assert not (await standing(ada))["ask"]


@pytest.mark.promise("P56")
async def test_an_answer_from_before_is_carried_over_and_leaves_the_browser(
    house: House, browser: httpx.AsyncClient
) -> None:
    await browser.post("/choices", data={"answer": "accept"})
    await browser.post("/api/seen", json=SEEN)
    house.clock.move(minutes=1)
    await browser.post("/auth/sign-up", data=SIGN_UP)
    owner = await house.owner(browser)
    assert await house.services.statistics.allowed(owner) == frozenset(OPTIONAL)
    assert {one.words for one in await house.services.choices.log.history(owner)} == {BAR_WORDS}
    assert set(browser.cookies) == {"ir_session"}
    assert await counted(house) == []


@pytest.mark.promise("P56")
async def test_signing_out_takes_no_yes_along_and_asks_nothing_anew(house: House) -> None:
    ada = await house.signed_up()
    await ada.post("/choices", data={"answer": "accept"})
    await ada.post("/auth/sign-out")
    assert await standing(ada) == {"ask": False, "signal": False, "counts": False}
    bob = await house.signed_up("bob")
    await bob.post("/auth/sign-out")
    assert (await standing(bob))["ask"]


async def test_a_newer_word_of_the_account_is_stronger_than_an_old_cookie(
    house: House, browser: httpx.AsyncClient
) -> None:
    ada = await house.signed_up()
    await browser.post("/choices", data={"answer": "accept"})
    house.clock.move(minutes=1)
    owner = await house.owner(ada)
    await house.services.choices.choose(owner, Purpose.ANALYTICS, on=False)
    await browser.post("/auth/sign-in", data={"email": "ada@example.com", "password": SIGN_UP["password"]})
    assert await house.services.statistics.allowed(owner) == {Purpose.PERFORMANCE}


@pytest.mark.promise("P14")
async def test_the_register_names_what_came_along(house: House) -> None:
    ada = await house.signed_up()
    found = (await ada.get("/api/device")).json()
    assert found["register"].keys() == {*COOKIES, *STORAGE_KEYS}
    assert found["cookies"] == ["ir_session"]
    assert [name for name, entry in found["register"].items() if not entry["essential"]] == ["ir_visitor"]
