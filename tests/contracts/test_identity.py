"""What signing in promises whoever says who somebody is: accounts of this server, and Clerk against its emulator.

The port of a service outside (HostedIdentity) has one adapter; what both kinds share is what a person meets. So this suite
acts as a browser without scripts, and looks at nothing but answers and what is stored.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from imageroute_app.domain.ports import Query
from imageroute_app.domain.rules import Rules
from tests.doubles import MovingClock
from tests.routes.conftest import ORIGIN, PASSWORD, SIGN_UP, House, open_house
from tests.routes.test_hosted import BORN, Visitor, World, open_world, visitor

EMAIL = "ada@example.com"
RULES = Rules(origin=ORIGIN, sign_ups_per_hour=1000)
IN, OUT = 200, 401


class Door(ABC):
    """A house, and the ways by which its people come in."""

    house: House

    @abstractmethod
    async def sign_up(self, email: str = EMAIL, *, year: str = "1990") -> httpx.AsyncClient:
        """Return the browser of a new person, in or refused."""

    @abstractmethod
    async def sign_in(self, email: str = EMAIL, *, wanted: str = "/gallery", password: str = "") -> httpx.AsyncClient:
        """Return another browser of the person; `landed` says where it was sent."""

    @abstractmethod
    async def prove(self, browser: httpx.AsyncClient) -> None:
        """Prove once more to be there."""

    @abstractmethod
    def later(self, seconds: float) -> None:
        """Let time pass."""

    landed: str = ""


@dataclass
class Local(Door):
    """Accounts of this server."""

    house: House

    async def sign_up(self, email: str = EMAIL, *, year: str = "1990") -> httpx.AsyncClient:
        browser = await self.house.browser()
        form = {**SIGN_UP, "email": email, "born_year": year}
        self.landed = (await browser.post("/auth/sign-up", data=form)).headers.get("location", "")
        return browser

    async def sign_in(self, email: str = EMAIL, *, wanted: str = "/gallery", password: str = "") -> httpx.AsyncClient:
        browser = await self.house.browser()
        form = {"email": email, "password": password or PASSWORD, "next": wanted}
        self.landed = (await browser.post("/auth/sign-in", data=form)).headers.get("location", "")
        return browser

    async def prove(self, browser: httpx.AsyncClient) -> None:
        session = await self.house.services.accounts.session(browser.cookies["ir_session"])
        assert session is not None
        await self.house.services.presence.confirm(session, PASSWORD)

    def later(self, seconds: float) -> None:
        self.house.clock.move(seconds=seconds)


@dataclass
class Outside(Door):
    """People of Clerk."""

    world: World
    visitors: list[Visitor]

    def __post_init__(self) -> None:
        self.house = self.world.house

    async def _new(self) -> Visitor:
        self.visitors.append(await visitor(self.world))
        return self.visitors[-1]

    async def sign_up(self, email: str = EMAIL, *, year: str = "1990") -> httpx.AsyncClient:
        one = await self._new()
        if year == "1990":
            self.landed = (await one.sign_up(email)).headers.get("location", "")
        else:
            await one.ours.post("/auth/clerk/join", data={**BORN, "born_year": year})
        return one.ours

    async def sign_in(self, email: str = EMAIL, *, wanted: str = "/gallery", password: str = "") -> httpx.AsyncClient:
        one = await self._new()
        answer = await one.fill(await one.leave(wanted), email_address=email, password=password or "theirs")
        self.landed = answer.headers.get("location", "")
        return one.ours

    async def prove(self, browser: httpx.AsyncClient) -> None:
        one = next(one for one in self.visitors if one.ours is browser)
        page = await browser.post("/auth/clerk/again", data={"next": "/privacy-center"})
        found = re.search(r'content="0;url=([^"]+)"', page.text)
        assert found
        await one.fill(found[1].replace("&amp;", "&"), email_address=EMAIL, password="theirs")

    def later(self, seconds: float) -> None:
        self.world.later(seconds)


@pytest.fixture(params=["local", "clerk"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    if request.param == "local":
        async with open_house(tmp_path, RULES, MovingClock()) as house:
            yield Local(house)
        return
    async with open_world(tmp_path, RULES) as world:
        yield Outside(world, [])


async def state(browser: httpx.AsyncClient) -> int:
    """Return how a page of one's own answers: IN or OUT."""
    return (await browser.get("/api/gallery")).status_code


async def people(door: Door) -> int:
    return len(await door.house.services.database.tables.people.walk("", 100))


async def test_signing_up_opens_one_account_with_its_credits_and_signing_in_finds_it_again(door: Door) -> None:
    first = await door.sign_up()
    owner = await door.house.owner(first)
    assert (await state(first), door.landed) == (IN, "/create")
    person = await door.house.services.accounts.person(owner)
    assert (person.email, person.full_name, person.country) == (EMAIL, "Ada Lovelace", "GB")
    assert (await door.house.services.jobs.balance(owner)).available == 50
    assert await door.house.owner(await door.sign_in()) == owner
    assert (await people(door), door.landed) == (1, "/gallery")


async def test_too_young_stores_nothing(door: Door) -> None:
    child = await door.sign_up(year="2020")
    assert await state(child) == OUT
    assert await people(door) == 0


async def test_an_address_opens_one_account_only(door: Door) -> None:
    first = await door.sign_up()
    second = await door.sign_up()
    assert (await state(first), await state(second), await people(door)) == (IN, OUT, 1)


async def test_a_wrong_password_opens_nothing(door: Door) -> None:
    await door.sign_up()
    assert await state(await door.sign_in(password="not the password")) == OUT
    assert await state(await door.sign_in("nobody@example.com")) == OUT


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
async def test_nobody_is_led_to_another_site(door: Door, wanted: str) -> None:
    await door.sign_up()
    assert await state(await door.sign_in(wanted=wanted)) == IN
    assert door.landed == "/create"


async def test_the_session_is_a_cookie_that_no_script_reads_and_no_other_is_believed(door: Door) -> None:
    browser = await door.sign_up()
    (cookie,) = [one for one in browser.cookies.jar if one.name == "ir_session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    stranger = await door.house.browser()
    for guess in ("x", "0" * 43, (cookie.value or "")[:-1]):
        stranger.cookies.set("ir_session", guess)
        assert await state(stranger) == OUT


async def test_signing_out_ends_this_browser_only_and_its_cookie_for_good(door: Door) -> None:
    first = await door.sign_up()
    second = await door.sign_in()
    token = first.cookies["ir_session"]
    await first.post("/auth/sign-out")
    assert (await state(first), await state(second)) == (OUT, IN)
    thief = await door.house.browser()
    thief.cookies.set("ir_session", token)
    assert await state(thief) == OUT


async def test_a_device_is_listed_and_ended_from_another(door: Door) -> None:
    first = await door.sign_up()
    second = await door.sign_in()
    owner = await door.house.owner(first)
    newest, oldest = await door.house.services.accounts.devices(owner)
    assert {newest.device, oldest.device} == {"Chrome on Linux"}
    await first.post("/auth/end-device", data={"session_id": newest.id})
    assert (await state(first), await state(second)) == (IN, OUT)
    door.later(600)  # nobody comes back by the five-minute check
    assert (await state(first), await state(second)) == (IN, OUT)


async def test_signing_out_everywhere_ends_every_browser(door: Door) -> None:
    browsers = [await door.sign_up(), await door.sign_in(), await door.sign_in()]
    await browsers[1].post("/auth/sign-out-everywhere")
    assert [await state(browser) for browser in browsers] == [OUT] * 3
    assert await state(await door.sign_in()) == IN


async def test_a_session_that_nobody_uses_ends_and_a_used_one_at_its_last_day(door: Door) -> None:
    used, unused = await door.sign_up(), await door.sign_in()
    days = RULES.session_absolute.days
    for _ in range(days):
        assert await state(used) == IN
        door.later(86_400)
    assert (await state(used), await state(unused)) == (OUT, OUT)


async def test_a_name_is_changed_and_stays_after_signing_in_again(door: Door) -> None:
    browser = await door.sign_up()
    await browser.post("/auth/change-name", data={"full_name": "Augusta King"})
    owner = await door.house.owner(await door.sign_in())
    assert (await door.house.services.accounts.person(owner)).full_name == "Augusta King"


async def test_entries_are_written_down_with_the_device_only(door: Door) -> None:
    browser = await door.sign_up()
    await door.sign_in()
    rows = await door.house.services.database.tables.activity.find(
        Query(owner=await door.house.owner(browser), limit=50)
    )
    assert {row.device for row in rows} == {"Chrome on Linux"}
    assert len(rows) >= 2


async def test_an_erasure_waits_for_proof_of_today_and_leaves_nobody(door: Door) -> None:
    browser = await door.sign_up()
    owner = await door.house.owner(browser)
    door.later(11 * 60)
    asked = await browser.post("/privacy-center/close", data={"when": "now"})
    assert asked.status_code == 403
    assert await door.house.services.erasures.of(owner) is None
    await door.prove(browser)
    closed = await browser.post("/privacy-center/close", data={"when": "now"})
    code = closed.headers["location"].rpartition("/")[2]
    await door.house.services.erasures.settle()
    for _ in range(10):
        if (await door.house.services.erasures.status(code)).erasure.phase.is_final:
            break
        door.later(3700)
        await door.house.services.erasures.sweep()
    assert not any((await door.house.services.database.count_rows(owner)).values())
    assert (await state(browser), await people(door)) == (OUT, 0)
    assert await state(await door.sign_in()) == OUT
