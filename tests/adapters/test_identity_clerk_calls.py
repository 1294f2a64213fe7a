"""Clerk's backend API as it fails: too many calls, silence, pages of others, a wrong key; and lists of more than one page."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imageroute_app.adapters.identity.clerk import Clerk, ClerkKeys
from imageroute_app.adapters.identity.clerk_wire import PATIENCE_S, Misconfigured
from imageroute_app.domain.errors import NotFound, Unavailable
from tests.adapters.test_identity_clerk import ORIGIN, World, world
from tests.emulators.clerk import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, Key
from tests.emulators.kit import Reply

__all__ = ["world"]


async def test_the_port_s_verbs(world: World) -> None:
    clerk, cloud = world.clerk, world.cloud
    profile = await clerk.profile(world.user)
    assert (profile.email, profile.is_verified, profile.full_name) == ("ada@example.com", True, "Ada Lovelace")
    await clerk.rename(world.user, "Countess of Lovelace")
    assert (await clerk.profile(world.user)).full_name == "Countess of Lovelace"
    assert [one.id for one in await clerk.sessions(world.user)] == [world.session]
    assert await clerk.session(world.session) is not None
    for _ in range(2):
        await clerk.revoke(world.session)
    assert await clerk.session(world.session) is None
    assert await clerk.session("sess_unknown") is None
    assert await clerk.sessions(world.user) == []
    assert [await clerk.delete(world.user), await clerk.delete(world.user)] == [True, False]
    with pytest.raises(NotFound):
        await clerk.profile(world.user)
    assert {seen.headers["clerk-api-version"] for seen in cloud.seen} == {"2025-11-10"}


async def test_a_call_is_repeated_once_and_then_rests(world: World) -> None:
    world.cloud.is_down = True
    with pytest.raises(Unavailable):
        await world.clerk.profile(world.user)
    assert len(world.cloud.seen) == 2
    with pytest.raises(Unavailable):
        await world.clerk.profile(world.user)
    assert len(world.cloud.seen) == 2
    world.cloud.is_down = False
    world.seconds[0] += 11
    assert (await world.clerk.profile(world.user)).subject == world.user


async def test_too_many_calls_are_followed_by_none_until_clerk_takes_them_again(world: World) -> None:
    world.cloud.limit(30)
    with pytest.raises(Unavailable) as first:
        await world.clerk.profile(world.user)
    world.clock.move(seconds=29)
    world.seconds[0] += 29
    for _ in range(20):
        with pytest.raises(Unavailable):
            await world.clerk.session(world.session)
    with pytest.raises(Unavailable) as later:
        await world.clerk.session(world.session)
    assert (first.value.retry_after_s, later.value.retry_after_s) == (30, 1)
    assert (len(world.cloud.seen), world.cloud.impatient) == (1, 0)
    world.clock.move(seconds=1)
    world.seconds[0] += 1
    assert (await world.clerk.profile(world.user)).subject == world.user


async def test_a_fault_with_a_time_is_not_repeated_before_it(world: World) -> None:
    world.cloud.scenario.fail("submit", 503, headers={"retry-after": "120"})
    with pytest.raises(Unavailable) as refused:
        await world.clerk.profile(world.user)
    assert (refused.value.retry_after_s, len(world.cloud.seen)) == (120, 1)
    world.seconds[0] += 119
    with pytest.raises(Unavailable):
        await world.clerk.profile(world.user)
    assert len(world.cloud.seen) == 1


async def test_a_fault_of_one_call_stops_no_other(world: World) -> None:
    world.cloud.scenario.fail("submit", 500, times=2)
    with pytest.raises(Unavailable):
        await world.clerk.revoke(world.session)
    assert (await world.clerk.profile(world.user)).subject == world.user


async def test_a_service_that_drips_its_answer_is_left_after_our_patience(world: World) -> None:
    clerk = with_key(world, patience_s=0.05)
    world.cloud.scenario.slow_bytes_per_s = 10
    async with asyncio.timeout(20):  # its 1,500 bytes would take minutes, and none of them comes late
        with pytest.raises(Unavailable, match="does not answer right now"):
            await clerk.profile(world.user)
    assert len(world.cloud.seen) == 1
    await clerk.close()


PAGE_OF_A_PROXY = b"<!doctype html><title>Welcome</title>"
NO_ANSWERS: dict[str, tuple[int, object]] = {
    "a page": (200, PAGE_OF_A_PROXY),
    "nothing": (200, b""),
    "nothing said": (204, b""),
    "another thing": (200, {}),
    "a list": (200, [1]),
    "a text": (200, "ok"),
    "led away": (302, b""),
    "led away with a page": (301, PAGE_OF_A_PROXY),
    "not found by a proxy": (404, PAGE_OF_A_PROXY),
    "gone by a proxy": (410, b""),
    "refused by a proxy": (400, {"error": "bad gateway"}),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
async def test_what_clerk_did_not_say_ends_nothing_and_finds_nobody_gone(world: World, name: str) -> None:
    status, body = NO_ANSWERS[name]
    verbs: list[Callable[[], Awaitable[object]]] = [
        lambda: world.clerk.session(world.session), lambda: world.clerk.sessions(world.user),
        lambda: world.clerk.profile(world.user), lambda: world.clerk.rename(world.user, "Bob"),
        lambda: world.clerk.delete(world.user),
    ]  # fmt: skip
    for verb in verbs:
        world.cloud.scenario.failures.clear()
        world.cloud.scenario.fail("submit", status, body, times=9)
        with pytest.raises(Unavailable, match="does not answer right now"):
            await verb()
        world.seconds[0] += 11
    world.cloud.scenario.failures.clear()
    assert world.user in world.cloud.users


async def test_a_revocation_counts_once_clerk_says_so(world: World) -> None:
    for status, body in NO_ANSWERS.values():
        world.cloud.scenario.fail("submit", status, body)
        with pytest.raises(Unavailable):
            await world.clerk.revoke(world.session)
        world.seconds[0] += 11
    assert world.cloud.sessions[world.session]["status"] == "active"


@pytest.mark.parametrize("counts_pages", [True, False])
async def test_every_sign_in_is_listed_not_one_page_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch, *, counts_pages: bool
) -> None:
    wanted = {world.session} | {world.cloud.open_session(world.user) for _ in range(204)}
    for _ in range(120):
        world.cloud.sessions[world.cloud.open_session(world.user)]["status"] = "ended"
    unfinished = world.cloud.open_session(world.user)
    world.cloud.sessions[unfinished]["status"] = "pending"
    world.cloud.open_session(world.cloud.add_user("bob@example.com"))
    if not counts_pages:  # as if Clerk did not know `paginated`, and gave all at once every time
        everything = [one for one in world.cloud.sessions.values() if one["user_id"] == world.user]
        monkeypatch.setattr(world.cloud, "_list", lambda _query: Reply(body=everything))
    found = [one.id for one in await world.clerk.sessions(world.user)]
    assert (len(found), set(found)) == (206, {*wanted, unfinished})


async def test_a_pending_sign_in_opens_nothing(world: World) -> None:
    world.cloud.sessions[world.session]["status"] = "pending"
    assert await world.clerk.session(world.session) is None


def with_key(world: World, secret: str = SECRET_KEY, jwt: str = "", patience_s: float = PATIENCE_S) -> Clerk:
    keys = ClerkKeys(
        publishable=PUBLISHABLE_KEY, secret=secret, webhook=WEBHOOK_SECRET, jwt=jwt, api_url=f"{world.cloud.url}/api/v1"
    )
    return Clerk(keys, origins=[ORIGIN], clock=world.clock, monotonic=lambda: world.seconds[0], patience_s=patience_s)


async def test_a_wrong_secret_key_is_no_end_of_a_session_and_is_told_to_the_operator_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    clerk = with_key(world, "sk_test_wrong")
    for _ in range(3):
        with pytest.raises(Unavailable, match="does not answer right now"):
            await clerk.session(world.session)
        world.seconds[0] += 11
    assert len(world.cloud.seen) == 3
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in told] == ["identity.key_refused"]
    said = str(vars(told[0]))
    assert "IMAGEROUTE_CLERK_SECRET_KEY" in said
    assert not any(secret in said for secret in ("sk_test_wrong", world.session, world.user, WEBHOOK_SECRET))
    await clerk.close()


async def test_the_doctor_s_question_names_the_cure(world: World) -> None:
    good, wrong = with_key(world, jwt=world.cloud.key.pem), with_key(world, "sk_test_wrong")
    other = with_key(world, jwt=Key().pem)
    await good.probe()
    for clerk, cure in ((wrong, "IMAGEROUTE_CLERK_SECRET_KEY"), (other, "IMAGEROUTE_CLERK_JWT_KEY")):
        with pytest.raises(Misconfigured) as found:
            await clerk.probe()
        assert cure in found.value.cure
    world.cloud.scenario.fail("submit", 404, PAGE_OF_A_PROXY)
    with pytest.raises(Misconfigured) as elsewhere:
        await good.probe()
    assert "IMAGEROUTE_CLERK_API_URL" in elsewhere.value.cure
    for clerk in (good, wrong, other):
        await clerk.close()
