"""Signing out while Clerk is down: out here at once, ended there as soon as it answers, and of no use in between."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.identity import Revocation
from imageroute_app.domain.rules import Rules
from tests.doubles import MovingClock
from tests.emulators.kit import Reply, Seen
from tests.routes.conftest import House, open_house
from tests.routes.test_hosted import Visitor, World, hook, open_world, signed_up, visitor, world

__all__ = ["world"]


def states(world: World) -> list[str]:
    """Return how the sign-ins at Clerk stand, in their order."""
    return [one["status"] for one in world.cloud.sessions.values()]


async def waiting(world: World) -> list[Revocation]:
    return await world.house.services.database.tables.revocations.walk("", 100)


async def settle(world: World) -> None:
    hosted = world.house.services.hosted
    assert hosted is not None
    await hosted.settle()


async def sweep(world: World) -> None:
    """Do what the worker does every period; while Clerk does not answer, nothing."""
    hosted = world.house.services.hosted
    assert hosted is not None
    with suppress(Unavailable):
        await hosted.revoking.sweep()


async def is_in(one: Visitor) -> bool:
    return (await one.ours.get("/api/gallery")).status_code == 200


async def is_let_in(one: Visitor) -> bool:
    """Press Sign in; say whether Clerk leads back in without asking for anything."""
    return (await one.follow(await one.leave())).headers.get("location") == "/gallery"


async def test_signed_out_everywhere_while_clerk_is_down_they_end_there_once_it_answers(world: World) -> None:
    ada, phone = await signed_up(world), await visitor(world)
    await phone.sign_in()
    there = world.cloud.open_session(next(iter(world.cloud.users)))
    world.cloud.is_down = True

    answer = await ada.ours.post("/auth/sign-out-everywhere")
    page = await ada.ours.get(answer.headers["location"])

    assert "will be ended as soon as it does" in page.text
    assert [await is_in(ada), await is_in(phone)] == [False, False]
    await settle(world)
    await sweep(world)
    assert states(world) == ["active"] * 3
    assert await waiting(world)

    world.cloud.is_down = False
    world.later(11)
    await sweep(world)

    assert states(world) == ["revoked"] * 3
    assert world.cloud.sessions[there]["status"] == "revoked"
    assert await waiting(world) == []


async def test_the_page_says_that_all_is_ended_only_once_it_is(world: World) -> None:
    ada = await signed_up(world)
    answer = await ada.ours.post("/auth/sign-out-everywhere")
    assert states(world) == ["revoked"]
    assert "on every device, and at Clerk" in (await ada.ours.get(answer.headers["location"])).text


async def test_while_the_page_waits_for_clerk_every_other_device_is_out_already(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, phone = await signed_up(world), await visitor(world)
    await phone.sign_in()
    hosted, seen = world.house.services.hosted, list[tuple[bool, bool]]()
    assert hosted is not None
    wait = hosted.has_left_everywhere

    async def waits(owner: str) -> bool:
        seen.append((await is_in(ada), await is_in(phone)))
        return await wait(owner)

    monkeypatch.setattr(hosted, "has_left_everywhere", waits)
    await ada.ours.post("/auth/sign-out-everywhere")
    assert (seen, await is_in(ada), await is_in(phone)) == ([(True, False)], False, False)


async def test_a_killed_process_is_followed_by_one_that_ends_them(tmp_path: Path, rules: Rules) -> None:
    async with open_world(tmp_path, rules) as world:
        ada = await signed_up(world)
        world.cloud.is_down = True
        await ada.ours.post("/auth/sign-out-everywhere")
        await settle(world)
        sessions, user = world.cloud.sessions, world.cloud.users
    async with open_world(tmp_path, rules) as world:
        world.cloud.sessions, world.cloud.users = sessions, user
        await sweep(world)
        assert states(world) == ["revoked"]
        assert await waiting(world) == []


@pytest.mark.parametrize("way", ["/auth/sign-out-everywhere", "/auth/sign-out"])
async def test_a_sign_in_that_clerk_did_not_end_yet_brings_nobody_back(world: World, way: str) -> None:
    ada = await signed_up(world)
    world.cloud.ends_nothing = True
    world.later(5)
    await ada.ours.post(way)
    await settle(world)
    world.later(11)
    assert states(world) == ["active"]

    back = await ada.follow(await ada.leave())

    assert (back.status_code, "You signed out of this sign-in" in back.text) == (401, True)
    assert not await is_in(ada)
    world.cloud.ends_nothing = False
    world.later(11)
    assert not await is_let_in(ada)  # and being back it was ended there
    assert (states(world), await waiting(world)) == (["revoked"], [])
    assert (await ada.sign_in()).headers["location"] == "/gallery"


async def test_who_signs_in_anew_is_not_hit_by_what_was_asked_before(world: World) -> None:
    ada = await signed_up(world)
    there = world.cloud.open_session(next(iter(world.cloud.users)))
    world.cloud.ends_nothing = True
    await ada.ours.post("/auth/sign-out-everywhere")
    await settle(world)
    world.later(11)
    again = await visitor(world)

    assert (await again.sign_in()).headers["location"] == "/gallery"

    world.cloud.ends_nothing = False
    world.later(11)
    await sweep(world)
    assert states(world) == ["revoked", "revoked", "active"]
    assert world.cloud.sessions[there]["status"] == "revoked"
    assert await is_in(again)


async def test_one_that_cannot_be_ended_holds_up_no_other(world: World) -> None:
    ada, bob = await signed_up(world), await visitor(world)
    await bob.sign_up("bob@example.com")
    world.cloud.is_down = True
    for one in (ada, bob):
        await one.ours.post("/auth/sign-out")
    await settle(world)
    world.cloud.is_down = False
    world.later(11)
    world.cloud.scenario.fail("submit", 500, {}, times=2)
    hosted = world.house.services.hosted
    assert hosted is not None
    with pytest.raises(Unavailable):
        await hosted.revoking.sweep()
    world.later(11)
    await sweep(world)
    assert states(world) == ["revoked", "revoked"]


async def test_one_that_clerk_cannot_end_is_asked_for_ever_more_rarely_and_stops_nobody(world: World) -> None:
    ada = await signed_up(world)
    world.cloud.ends_nothing = True
    await ada.ours.post("/auth/sign-out")
    await settle(world)
    tries: list[int] = []
    for _ in range(3):
        before = len(world.cloud.seen)
        for _ in range(120):
            world.later(2)
            await sweep(world)
        tries.append(len(world.cloud.seen) - before)
    assert tries[0] > tries[1] >= tries[2] == 8  # four minutes, once a minute, each with its repetition
    bob = await visitor(world)
    assert (await bob.sign_up("bob@example.com")).headers.get("location") == "/create"
    world.cloud.ends_nothing = False
    world.later(60)
    await sweep(world)
    assert await waiting(world) == []


async def test_more_sign_ins_than_one_page_end_all(world: World) -> None:
    ada = await signed_up(world)
    [user_id] = world.cloud.users
    for _ in range(130):
        world.cloud.open_session(user_id)
    unfinished = world.cloud.open_session(user_id)
    world.cloud.sessions[unfinished]["status"] = "pending"
    await ada.ours.post("/auth/sign-out-everywhere")
    await settle(world)
    assert set(states(world)) == {"revoked"}
    assert await waiting(world) == []


async def test_who_comes_back_in_the_very_moment_of_signing_out_everywhere_is_not_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, phone = await signed_up(world), await visitor(world)
    sessions, add = world.house.services.database.tables.sessions, None
    add = sessions.add
    world.cloud.ends_nothing = True
    world.later(1)

    async def slowly(record: object) -> None:
        monkeypatch.setattr(sessions, "add", add)
        await ada.ours.post("/auth/sign-out-everywhere")
        await add(record)  # type: ignore[arg-type]

    url = await phone.leave()
    phone.theirs.cookies.update(ada.theirs.cookies)
    monkeypatch.setattr(sessions, "add", slowly)
    back = await phone.follow(url)
    assert back.status_code == 401
    assert not await is_in(phone)


async def test_two_tabs_with_one_sign_in_end_neither(world: World) -> None:
    ada = await signed_up(world)
    for _ in range(2):
        assert await is_let_in(ada)
    await settle(world)
    assert states(world) == ["active"]
    world.later(301)
    assert await is_in(ada)


async def test_a_page_with_many_requests_asks_clerk_once(world: World) -> None:
    ada = await signed_up(world)
    world.later(301)
    before = len(world.cloud.seen)
    answers = await asyncio.gather(*(ada.ours.get("/api/gallery") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    await settle(world)
    assert len(world.cloud.seen) - before == 2  # its sign-in, and its profile


async def test_a_page_does_not_wait_for_the_profile_and_a_person_who_is_gone_there_is_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await signed_up(world)
    answers, asked = asyncio.Event(), world.cloud._user

    async def late(seen: Seen, name: str) -> Reply:
        await answers.wait()
        return await asked(seen, name)

    monkeypatch.setattr(world.cloud, "_user", late)
    world.later(301)
    assert await is_in(ada)
    world.cloud.users.clear()
    answers.set()
    await settle(world)
    assert not await is_in(ada)


async def test_closing_the_account_keeps_the_wish_too_and_erasing_ends_with_clerk(world: World) -> None:
    ada = await signed_up(world)
    world.cloud.is_down = True
    await ada.ours.post("/privacy-center/close", data={"when": "later"})
    await settle(world)
    assert len(await waiting(world)) == 1
    world.cloud.is_down = False
    world.later(11)
    await sweep(world)
    assert (states(world), await waiting(world)) == (["revoked"], [])


async def test_an_erasure_does_not_call_clerk_done_once_its_settings_are_gone(tmp_path: Path, rules: Rules) -> None:
    async def step(house: House, code: str) -> tuple[StepState, str]:
        house.clock.move(hours=2)
        await house.services.erasures.sweep()
        await house.services.erasures.settle()
        status = await house.services.erasures.status(code)
        return next((one.state, one.detail) for one in status.steps if one.system is System.IDENTITY)

    async with open_world(tmp_path, rules) as world:
        ada = await signed_up(world)
        world.cloud.is_down = True
        closed = await ada.ours.post("/privacy-center/close", data={"when": "now"})
        code = closed.headers["location"].rpartition("/")[2]
        assert (await step(world.house, code))[0] is StepState.RETRY
        at = world.house.clock()
    async with open_house(tmp_path, rules, MovingClock(at)) as house:
        state, detail = await step(house, code)
        assert (state, detail.startswith("Not deleted")) == (StepState.MANUAL, True)
        # What is ours does not wait for it, and the whole is not called complete.
        assert (await house.services.erasures.status(code)).erasure.phase is Phase.RETAINED


async def test_a_message_that_the_sign_in_ended_there_is_fine_before_and_after(world: World) -> None:
    ada = await signed_up(world)
    await ada.ours.post("/auth/sign-out")
    await settle(world)
    for sent in world.cloud.hooks_sent * 2:
        assert (await hook(world, sent)).status_code == 204
    assert await waiting(world) == []
