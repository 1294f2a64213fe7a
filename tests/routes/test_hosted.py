"""Signing in through Clerk as a browser without scripts does it, and staying in step with it; Clerk is the emulator."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from imageroute_app.adapters.identity.clerk import Clerk, ClerkKeys
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.identity import IdentityEvent
from imageroute_app.domain.rules import Rules
from imageroute_app.domain.webhooks import KEPT_FOR
from tests.doubles import MovingClock
from tests.emulators.clerk import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, ClerkEmulator
from tests.emulators.kit import served
from tests.routes.conftest import ORIGIN, House, open_house

BORN = {"born_day": "10", "born_month": "12", "born_year": "1990", "country": "GB"}
EMAIL = "ada@example.com"


@dataclass
class World:
    """A house that signs in by Clerk, and Clerk."""

    house: House
    cloud: ClerkEmulator
    seconds: list[float]

    def later(self, seconds: float) -> None:
        """Let time pass on both sides."""
        self.house.clock.move(seconds=seconds)
        self.seconds[0] += seconds


@asynccontextmanager
async def open_world(folder: Path, rules: Rules) -> AsyncIterator[World]:
    """Open a house that signs in by Clerk's emulator."""
    clock, seconds = MovingClock(), [0.0]
    cloud = ClerkEmulator(prefix="/clerk", origins=(ORIGIN,), now=lambda: clock().timestamp())
    async with served(cloud):
        keys = ClerkKeys(
            publishable=PUBLISHABLE_KEY, secret=SECRET_KEY, webhook=WEBHOOK_SECRET, api_url=f"{cloud.url}/api/v1",
            frontend_url=cloud.url, portal_url=f"{cloud.url}/portal",
        )  # fmt: skip
        clerk = Clerk(keys, origins=[ORIGIN], clock=clock, monotonic=lambda: seconds[0])
        async with open_house(folder, rules, clock, clerk) as house:
            yield World(house, cloud, seconds)
        await clerk.close()


@pytest.fixture
async def world(tmp_path: Path, rules: Rules) -> AsyncIterator[World]:
    async with open_world(tmp_path, rules) as opened:
        yield opened


class Visitor:
    """A browser with a jar for us and one for Clerk."""

    def __init__(self, world: World, ours: httpx.AsyncClient, theirs: httpx.AsyncClient) -> None:
        self.world, self.ours, self.theirs = world, ours, theirs

    async def follow(self, url: str) -> httpx.Response:
        """Follow redirects between us and Clerk, until a page or a redirect within our site."""
        for _ in range(12):
            client = self.ours if url.startswith(ORIGIN) else self.theirs
            answer = await client.get(url)
            if "__clerk_handshake" in answer.cookies:  # of production, on the domain that both share
                self.ours.cookies.set("__clerk_handshake", answer.cookies["__clerk_handshake"])
            if "location" not in answer.headers:
                return answer
            url = answer.headers["location"]
            if url.startswith("/"):
                return answer
        raise AssertionError("round and round")

    async def leave(self, next_path: str = "/gallery") -> str:
        """Press Sign in; returns the hosted page's address."""
        answer = await self.ours.get(f"/auth/clerk?next={next_path}")
        return answer.headers["location"]

    async def fill(self, url: str, **fields: str) -> httpx.Response:
        """Fill in the hosted form, and follow what comes."""
        back = parse_qs(urlsplit(url).query)["redirect_url"][0]
        answer = await self.theirs.post(url, data={"redirect_url": back, **fields})
        return await self.follow(answer.headers["location"]) if "location" in answer.headers else answer

    async def sign_up(self, email: str = EMAIL, **join: str) -> httpx.Response:
        """Fill in our form and the hosted one."""
        page = await self.ours.post("/auth/clerk/join", data={**BORN, "next": "/create", **join})
        assert page.status_code == 200, page.text
        found = re.search(r'content="0;url=([^"]+)"', page.text)
        assert found, page.text
        url = found[1].replace("&amp;", "&")
        fields = {"email_address": email, "password": "theirs", "first_name": "Ada", "last_name": "Lovelace"}
        return await self.fill(url, **fields)

    async def sign_in(self, email: str = EMAIL) -> httpx.Response:
        return await self.fill(await self.leave(), email_address=email, password="theirs")


async def visitor(world: World) -> Visitor:
    theirs = await world.house.stack.enter_async_context(httpx.AsyncClient(trust_env=False))
    return Visitor(world, await world.house.browser(), theirs)


async def signed_up(world: World) -> Visitor:
    one = await visitor(world)
    answer = await one.sign_up()
    assert (answer.status_code, answer.headers.get("location")) == (303, "/create"), answer.text
    return one


async def hook(world: World, sent: tuple[dict[str, str], bytes]) -> httpx.Response:
    headers, body = sent
    return await (await world.house.browser()).post("/webhooks/clerk", content=body, headers=headers)


def parse(url: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_signing_up_asks_the_age_here_and_the_rest_there(world: World) -> None:
    ada = await signed_up(world)
    person = await world.house.services.accounts.person(await world.house.owner(ada.ours))
    assert (person.email, person.full_name, person.country) == (EMAIL, "Ada Lovelace", "GB")
    assert person.email_verified_at is not None
    assert (await world.house.services.jobs.balance(person.id)).available == 50
    assert person.password_hash == ""


@pytest.mark.promise("P75")
async def test_who_is_too_young_is_never_sent_to_clerk(world: World) -> None:
    child = await visitor(world)
    refused = await child.ours.post("/auth/clerk/join", data={**BORN, "born_year": "2020"})
    assert refused.status_code == 403
    assert (await child.ours.post("/auth/clerk/join", data=BORN)).status_code == 403
    assert world.cloud.seen == []


async def test_signing_in_again_leads_to_the_page_that_was_wanted(world: World) -> None:
    first = await signed_up(world)
    again = await visitor(world)
    answer = await again.sign_in()
    assert answer.headers["location"] == "/gallery"
    assert await world.house.owner(again.ours) == await world.house.owner(first.ours)
    assert "ir_door" not in again.ours.cookies


async def test_who_was_never_here_fills_in_our_form_before_an_account_is_there(world: World) -> None:
    world.cloud.add_user(EMAIL, password="theirs")
    one = await visitor(world)
    answer = await one.sign_in()
    assert answer.headers["location"].startswith("/sign-up?finish=1")
    assert "ir_session" not in one.ours.cookies
    assert "One thing is missing" in (await one.ours.get(answer.headers["location"])).text
    page = await one.ours.post("/auth/clerk/join", data=BORN)
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found
    done = await one.follow(found[1].replace("&amp;", "&"))
    assert done.headers["location"] == "/create"
    assert await world.house.owner(one.ours)


async def test_an_address_that_clerk_did_not_confirm_opens_nothing(world: World) -> None:
    world.cloud.add_user(EMAIL, password="theirs", verified=False)
    answer = await (await visitor(world)).sign_in()
    assert answer.status_code == 403
    assert "Confirm your email address" in answer.text


async def test_what_comes_back_counts_in_the_browser_that_left_only(world: World) -> None:
    await signed_up(world)
    thief, victim = await visitor(world), await visitor(world)
    url = await thief.leave()
    back = parse_qs(urlsplit(url).query)["redirect_url"][0]
    posted = await thief.theirs.post(url, data={"redirect_url": back, "email_address": EMAIL, "password": "theirs"})
    handshake = (await thief.theirs.get(world.house.services.hosted.identity.handshake_url(back))).headers["location"]  # type: ignore[union-attr]
    assert posted.status_code == 303
    refused = await victim.ours.get(handshake)
    assert refused.status_code == 401
    assert "ir_session" not in victim.ours.cookies
    for odd in ("", "x", "x.y", handshake.partition("s=")[2][:40]):
        assert (await victim.ours.get("/auth/clerk/return", params={"s": odd})).status_code == 401


async def test_the_way_back_ends_after_half_an_hour(world: World) -> None:
    await signed_up(world)
    one = await visitor(world)
    url = await one.leave()
    world.later(31 * 60)
    answer = await one.fill(url, email_address=EMAIL, password="theirs")
    assert answer.status_code == 401


async def test_a_browser_without_clerk_s_cookies_is_told_after_three_rounds(world: World) -> None:
    one = await visitor(world)
    url = await one.leave()
    back = parse_qs(urlsplit(url).query)["redirect_url"][0]
    rounds = 0
    while True:
        answer = await one.ours.get(back)
        if answer.status_code != 303:
            break
        rounds += 1
        back = parse_qs(urlsplit(answer.headers["location"]).query)["redirect_url"][0]
    assert (rounds, answer.status_code) == (3, 401)
    assert "Allow its cookies" in answer.text


async def test_a_handshake_s_cookie_of_an_earlier_sign_in_does_not_stand_before_the_next(world: World) -> None:
    world.cloud.is_production = True
    ada = await signed_up(world)
    for wait_s in (1, 90):
        await ada.ours.post("/auth/sign-out")
        hosted = world.house.services.hosted
        assert hosted is not None
        await hosted.settle()
        world.later(wait_s)
        answer = await ada.sign_in()
        assert (answer.status_code, answer.headers.get("location")) == (303, "/gallery"), answer.text
        assert (await ada.ours.get("/api/gallery")).status_code == 200


async def test_there_is_no_second_door_beside_clerk(world: World) -> None:
    ada = await signed_up(world)
    forms = (
        "sign-up",
        "sign-in",
        "second-step",
        "passkey",
        "forgot-password",
        "reset-password",
        "change-email",
        "change-password",
    )
    factors = ("app", "app/confirm", "app/end", "codes", "passkeys", "passkeys/add", "passkeys/remove")
    for path in (*(f"/auth/{one}" for one in forms), *(f"/account/security/{one}" for one in factors), "/api/passkey"):
        answer = await ada.ours.post(path, data={"email": EMAIL, "password": "", "new_password": "a b c d e f"})
        assert answer.status_code == 404, path
    for path in ("/forgot-password", "/reset-password?token=x"):
        assert (await ada.ours.get(path)).status_code == 404
    changing = await ada.ours.get("/.well-known/change-password")
    assert changing.headers["location"] == "/auth/clerk/profile"
    assert (await ada.ours.get("/account/security")).headers["location"] == "/auth/clerk/profile"
    stranger = await visitor(world)
    assert "Clerk" in (await stranger.ours.get("/sign-in")).text
    assert "Date of birth" in (await stranger.ours.get("/sign-up")).text


@pytest.mark.promise("P30")
async def test_a_revoked_session_ends_at_once_by_webhook_and_in_five_minutes_without(world: World) -> None:
    told, untold = await signed_up(world), await visitor(world)
    await untold.sign_in()
    mine, other = list(world.cloud.sessions)
    world.cloud.sessions[mine]["status"] = "revoked"
    assert (await told.ours.get("/api/gallery")).status_code == 200
    sent = world.cloud.signed("session.revoked", world.cloud.sessions[mine])
    assert [(await hook(world, sent)).status_code for _ in range(2)] == [204, 204]
    assert (await told.ours.get("/api/gallery")).status_code == 401
    world.cloud.sessions[other]["status"] = "ended"
    world.later(299)
    assert (await untold.ours.get("/api/gallery")).status_code == 200
    world.later(2)
    assert (await untold.ours.get("/api/gallery")).status_code == 401


async def test_a_sign_in_that_lacks_a_step_ends_here_and_one_that_took_it_since_does_not(world: World) -> None:
    unfinished, done = await signed_up(world), await visitor(world)
    await done.sign_in()
    first, second = list(world.cloud.sessions)
    late = world.cloud.signed("session.pending", {**world.cloud.sessions[second], "status": "pending"})
    world.cloud.sessions[first]["status"] = "pending"
    sent = world.cloud.signed("session.pending", world.cloud.sessions[first])
    world.cloud.is_down = True
    assert (await hook(world, sent)).status_code == 503  # nobody can say: it comes again
    world.cloud.is_down = False
    world.later(11)
    for message in (sent, late, sent):
        assert (await hook(world, message)).status_code == 204
    assert (await unfinished.ours.get("/api/gallery")).status_code == 401
    assert (await done.ours.get("/api/gallery")).status_code == 200


async def test_a_sign_in_that_lacks_a_step_opens_no_account_and_ends_within_five_minutes(world: World) -> None:
    ada = await signed_up(world)
    [session] = world.cloud.sessions
    world.cloud.sessions[session]["status"] = "pending"
    world.later(301)
    assert (await ada.ours.get("/api/gallery")).status_code == 401
    claims = world.cloud.token(session, sts="pending")
    again = await visitor(world)
    url = await again.leave()
    back = parse_qs(urlsplit(url).query)["redirect_url"][0]
    for token in (claims, world.cloud.token(session)):
        lines = world.cloud.key.sign({"handshake": [f"__session={token}; Path=/"]})
        refused = await again.ours.get(back, params={**parse(back), "__clerk_handshake": lines})
        assert refused.status_code == 401
    assert "ir_session" not in again.ours.cookies


async def test_signing_out_here_signs_out_there(world: World) -> None:
    ada = await signed_up(world)
    await ada.ours.post("/auth/sign-out")
    hosted = world.house.services.hosted
    assert hosted is not None
    await hosted.settle()
    assert [one["status"] for one in world.cloud.sessions.values()] == ["revoked"]


async def test_clerk_down_for_ten_minutes_keeps_who_is_in_says_so_to_who_comes_and_recovers(world: World) -> None:
    ada = await signed_up(world)
    world.cloud.is_down = True
    world.later(10 * 60)
    assert (await ada.ours.get("/api/gallery")).status_code == 200
    newcomer = await visitor(world)
    renamed = await ada.ours.post("/auth/change-name", data={"full_name": "Augusta"})
    assert renamed.status_code == 503
    assert "does not answer right now" in renamed.text
    world.later(55 * 60)
    late = await ada.ours.get("/api/gallery")
    assert late.status_code == 503
    assert late.headers["retry-after"]
    world.cloud.is_down = False
    world.later(31)
    assert (await ada.ours.get("/api/gallery")).status_code == 200
    assert (await newcomer.sign_in()).headers["location"] == "/gallery"


async def test_a_name_changed_here_is_changed_there(world: World) -> None:
    ada = await signed_up(world)
    await ada.ours.post("/auth/change-name", data={"full_name": "Augusta King of Lovelace"})
    [user] = world.cloud.users.values()
    assert (user["first_name"], user["last_name"]) == ("Augusta", "King of Lovelace")


async def test_a_profile_changed_there_is_changed_here_whatever_the_order(world: World) -> None:
    ada = await signed_up(world)
    owner, [user_id] = await world.house.owner(ada.ours), list(world.cloud.users)
    world.later(1)
    await world.cloud.change_user(user_id, first_name="Old")
    world.later(1)
    await world.cloud.change_user(user_id, first_name="New")
    old, new = world.cloud.hooks_sent[-2:]
    for sent in (new, old, new, old):
        assert (await hook(world, sent)).status_code == 204
    assert (await world.house.services.accounts.person(owner)).full_name == "New Lovelace"


async def test_an_address_changed_there_is_here_within_five_minutes_without_any_message(world: World) -> None:
    ada = await signed_up(world)
    owner, [user] = await world.house.owner(ada.ours), list(world.cloud.users.values())
    newsletter = world.house.services.newsletter
    await newsletter.ask(EMAIL, is_proven=True)
    await newsletter.settle()
    world.later(1)
    user["email_addresses"][0]["email_address"] = "ada@elsewhere.example"
    user["updated_at"] = int(world.house.clock().timestamp() * 1000)
    world.later(298)
    assert (await ada.ours.get("/api/gallery")).status_code == 200
    assert (await world.house.services.accounts.person(owner)).email == EMAIL
    world.later(2)
    assert (await ada.ours.get("/api/gallery")).status_code == 200
    await world.house.services.hosted.settle()  # type: ignore[union-attr]
    assert (await world.house.services.accounts.person(owner)).email == "ada@elsewhere.example"
    await newsletter.settle()
    assert await newsletter.find(EMAIL) is None  # the newsletter goes with the person, once the new mailbox answered
    assert (await world.house.services.newsletter_choice.standing(owner)).is_waiting


async def test_an_address_that_another_account_has_changes_neither_and_stops_nothing(world: World) -> None:
    ada, bob = await signed_up(world), await visitor(world)
    await bob.sign_up("bob@example.com")
    owner, [user_id, _] = await world.house.owner(ada.ours), list(world.cloud.users)
    addresses = [{**world.cloud.users[user_id]["email_addresses"][0], "email_address": "bob@example.com"}]
    world.later(1)
    await world.cloud.change_user(user_id, first_name="New", email_addresses=addresses)
    assert (await hook(world, world.cloud.hooks_sent[-1])).status_code == 204
    person = await world.house.services.accounts.person(owner)
    assert (person.full_name, person.email) == ("New Lovelace", EMAIL)


async def test_a_repeated_message_counts_once_and_one_that_failed_counts_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_up(world)
    [user_id], tables = list(world.cloud.users), world.house.services.database.tables
    world.later(1)
    await world.cloud.change_user(user_id, first_name="New")
    sent, hosted = world.cloud.hooks_sent[-1], world.house.services.hosted
    followed: list[str] = []

    async def follow(_link: object, event: IdentityEvent) -> None:
        followed.append(event.number)
        if len(followed) == 1:
            raise Unavailable

    monkeypatch.setattr(hosted, "_follow", follow)
    assert [(await hook(world, sent)).status_code for _ in range(4)] == [503, 204, 204, 204]
    assert followed == [sent[0]["svix-id"]] * 2
    (kept,) = await tables.heard_webhooks.walk("", 10)
    assert sent[0]["svix-id"] not in str(kept)
    world.later(KEPT_FOR.total_seconds())
    await world.house.services.retention.sweep(timedelta(minutes=15))
    assert await tables.heard_webhooks.walk("", 10) == []


async def test_closing_the_account_ends_the_sign_in_there_too(world: World) -> None:
    ada = await signed_up(world)
    await ada.ours.post("/privacy-center/close", data={"when": "later"})
    hosted = world.house.services.hosted
    assert hosted is not None
    await hosted.settle()
    assert [one["status"] for one in world.cloud.sessions.values()] == ["revoked"]


async def test_signing_out_everywhere_ends_also_what_has_no_session_here_and_nobody_else_s(world: World) -> None:
    ada, bob = await signed_up(world), await visitor(world)
    await bob.sign_up("bob@example.com")
    [user_id, other] = list(world.cloud.users)
    there = world.cloud.open_session(user_id)
    world.cloud.sessions[there]["latest_activity"] = {
        "browser_name": "Firefox", "device_type": "Macintosh", "city": "Rome",
    }  # fmt: skip
    hosted, owner = world.house.services.hosted, await world.house.owner(ada.ours)
    assert hosted is not None
    assert [(one.id, one.device) for one in await hosted.elsewhere(owner)] == [(there, "Firefox on Macintosh")]
    await ada.ours.post("/auth/sign-out-everywhere")
    await hosted.settle()
    states = {one["user_id"]: set[str]() for one in world.cloud.sessions.values()}
    for one in world.cloud.sessions.values():
        states[one["user_id"]].add(one["status"])
    assert states == {user_id: {"revoked"}, other: {"active"}}


async def test_webhooks_that_are_not_clerk_s_are_refused(world: World) -> None:
    await signed_up(world)
    [user_id] = world.cloud.users
    headers, body = world.cloud.signed("user.deleted", {"id": user_id})
    for bad in ({}, {**headers, "svix-signature": "v1,AAAA"}, {**headers, "svix-timestamp": "1"}):
        assert (await hook(world, (bad, body))).status_code == 401
    assert (await hook(world, (headers, body + b" "))).status_code == 401


async def settled(world: World, code: str) -> None:
    services = world.house.services
    await services.erasures.settle()
    for _ in range(10):
        status = await services.erasures.status(code)
        if status.erasure.phase.is_final:
            return
        world.later(3700)
        await services.erasures.sweep()
        await asyncio.sleep(0)


def carried_in(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


async def test_what_was_chosen_comes_back_from_the_new_sign_in_once_and_to_its_person_only(world: World) -> None:
    ada = await signed_up(world)
    world.later(11 * 60)
    asked = await ada.ours.post("/privacy-center/close", data={"when": "now"})
    assert "You come back to this page with what you chose" in asked.text
    page = await ada.ours.post("/auth/clerk/again", data=carried_in(asked.text))
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found
    back = await ada.fill(html.unescape(found[1]), email_address=EMAIL, password="theirs")
    assert back.headers["location"] == "/confirm/carried"
    waiting = ada.ours.cookies["ir_carried"]
    resumed = await ada.ours.get("/confirm/carried")
    assert (resumed.status_code, carried_in(resumed.text)) == (200, {"when": "now"})
    assert 'action="/privacy-center/close"' in resumed.text
    assert (await ada.ours.get("/confirm/carried")).status_code == 404

    bob = await visitor(world)
    await bob.sign_up("bob@example.com")
    for forged in (waiting, f"{waiting[:-1]}{'0' if waiting[-1] != '0' else '1'}", "x", ""):
        answer = await bob.ours.get("/confirm/carried", headers={"cookie": f"ir_carried={forged}"})
        assert answer.status_code in (401, 404)
    assert (await ada.ours.post("/privacy-center/close", data=carried_in(resumed.text))).status_code == 303


@pytest.mark.promise("P30")
@pytest.mark.parametrize("tells_factors", [True, False])
async def test_an_erasure_asks_for_a_new_sign_in_and_deletes_at_clerk_last(
    world: World, *, tells_factors: bool
) -> None:
    world.cloud.tells_factors = tells_factors
    ada = await signed_up(world)
    world.later(11 * 60)
    asked = await ada.ours.post("/privacy-center/close", data={"when": "now"})
    assert asked.status_code == 403
    assert "Sign in once more" in asked.text
    page = await ada.ours.post("/auth/clerk/again", data={"next": "/privacy-center"})
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found
    back = await ada.fill(found[1].replace("&amp;", "&"), email_address=EMAIL, password="theirs")
    assert back.headers["location"] == "/privacy-center"
    closed = await ada.ours.post("/privacy-center/close", data={"when": "now"})
    code = closed.headers["location"].rpartition("/")[2]
    await settled(world, code)
    status = await world.house.services.erasures.status(code)
    assert status.erasure.phase is not Phase.GRACE
    [step] = [step for step in status.steps if step.system is System.IDENTITY]
    assert (step.state, step.detail) == (StepState.DONE, "Your sign-in account is deleted")
    assert world.cloud.users == {}
    deletes = [seen for seen in world.cloud.seen if seen.method == "DELETE"]
    assert len(deletes) == 1
    # What Clerk sends afterwards, late or twice, brings nobody back.
    for sent in world.cloud.hooks_sent:
        assert (await hook(world, sent)).status_code == 204


async def test_clerk_down_holds_the_end_of_an_erasure_up_and_it_says_so(world: World) -> None:
    ada = await signed_up(world)
    world.cloud.is_down = True
    closed = await ada.ours.post("/privacy-center/close", data={"when": "now"})
    code = closed.headers["location"].rpartition("/")[2]
    await world.house.services.erasures.settle()
    status = await world.house.services.erasures.status(code)
    [step] = [step for step in status.steps if step.system is System.IDENTITY]
    assert step.state is StepState.RETRY
    assert not status.erasure.phase.is_final
    world.cloud.is_down = False
    world.later(11)
    early = await visitor(world)
    refused = await early.sign_in()
    assert (refused.status_code, "is being erased" in refused.text) == (403, True)
    assert (await early.sign_up()).status_code != 303  # nor by our form
    assert await world.house.services.database.tables.people.walk("", 10) == []
    await settled(world, code)
    assert world.cloud.users == {}


async def test_deleted_there_is_erased_here_and_stays_so(world: World) -> None:
    ada = await signed_up(world)
    owner, [user_id] = await world.house.owner(ada.ours), list(world.cloud.users)
    known = dict(world.cloud.users[user_id])
    await world.cloud.delete_user(user_id)
    gone = world.cloud.hooks_sent[-1]
    assert [(await hook(world, gone)).status_code for _ in range(2)] == [204, 204]
    erasure = await world.house.services.erasures.of(owner)
    assert erasure is not None
    await settled(world, erasure.code)
    late = world.cloud.signed("user.updated", known)  # sent again there, after all was over here
    assert (await hook(world, late)).status_code == 204
    counts = await world.house.services.database.count_rows(owner)
    assert not any(counts.values()), counts
    assert (await ada.ours.get("/api/gallery")).status_code == 401


async def test_deleted_there_without_a_message_is_signed_out_and_the_operator_told_but_nobody_erased(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob, hosted = await signed_up(world), await visitor(world), world.house.services.hosted
    assert hosted is not None
    await bob.sign_in()
    owner, [user_id] = await world.house.owner(ada.ours), list(world.cloud.users)
    mine, other = list(world.cloud.sessions)
    world.cloud.sessions[other]["status"] = "ended"  # a sign-in that ended, of a person who is there
    world.later(301)
    assert (await bob.ours.get("/api/gallery")).status_code == 401
    await hosted.settle()
    assert "identity.person_gone" not in caplog.messages
    del world.cloud.users[user_id], world.cloud.sessions[mine]
    assert (await ada.ours.get("/api/gallery")).status_code == 401
    await hosted.settle()
    [told] = [record for record in caplog.records if record.message == "identity.person_gone"]
    assert (told.__dict__["owner"], told.levelname) == (owner, "ERROR")
    assert "imageroute erase" in told.__dict__["cure"]
    assert await world.house.services.erasures.of(owner) is None


OURS = {
    "GET": ("/auth/clerk", "/auth/clerk/return", "/auth/clerk/profile"),
    "POST": ("/webhooks/clerk", "/auth/clerk/join", "/auth/clerk/again"),
}


async def test_without_its_settings_clerk_s_addresses_are_not_there(house: House) -> None:
    client = await house.signed_up()
    for method, paths in OURS.items():
        for path in paths:
            assert (await client.request(method, path)).status_code == 404, path


async def test_a_check_that_fails_is_not_repeated_on_every_request(world: World) -> None:
    ada = await signed_up(world)
    world.cloud.is_down = True
    world.later(301)
    before = len(world.cloud.seen)
    for _ in range(10):
        assert (await ada.ours.get("/api/gallery")).status_code == 200
    assert len(world.cloud.seen) - before == 2
