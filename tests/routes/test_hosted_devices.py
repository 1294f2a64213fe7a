"""The device list of an account of Clerk: sign-ins there without a session here are shown and ended; its silence is said."""

from collections.abc import Iterator
from typing import cast

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from imageroute_app.bootstrap import use_services
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Query
from imageroute_app.state.account import ASKING, ENDING, SILENT, AccountState
from imageroute_app.state.session import SessionState
from tests.doubles import Background
from tests.routes.test_hosted import Visitor, World, signed_up, visitor, world

__all__ = ["world"]

PHONE = {
    "browser_name": "Mobile Safari", "browser_version": "19.1", "device_type": "iPhone", "is_mobile": True,
    "city": "Rome", "country": "IT", "ip_address": "192.0.2.9",
}  # fmt: skip


@pytest.fixture(autouse=True)
def served(world: World) -> Iterator[None]:
    use_services(world.house.services)
    yield
    use_services(None)


def page_of(one: Visitor) -> AccountState:
    """Return the state of this browser's account page."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]  # as Reflex itself makes it
    headers = {"cookie": f"ir_session={one.ours.cookies['ir_session']}", "origin": "http://127.0.0.1:3000"}
    root.router_data = {"pathname": "/account", "asPath": "/account", "headers": headers}
    root.router = RouterData.from_router_data(root.router_data)
    return cast("AccountState", root.get_substate(AccountState.get_full_name().split(".")))


async def opened(one: Visitor) -> AccountState:
    """Load the page, and what comes beside it."""
    state = page_of(one)
    assert await AccountState.load_account.fn(state) is AccountState.load_outside
    await AccountState.load_outside.fn(Background(state))
    return state


async def end(state: AccountState, session_id: str) -> str:
    """Press the row's button; returns what the notice bar says."""
    assert await AccountState.end_device.fn(state, session_id) is not None
    assert state.outside_note == ENDING
    await AccountState.end_outside.fn(Background(state), session_id)
    root = state._get_root_state()
    return root.get_substate(SessionState.get_full_name().split(".")).notice  # type: ignore[attr-defined]


def rows(state: AccountState) -> list[tuple[str, str, str]]:
    return [(one.name, one.tag, one.verb) for one in state.devices]


def phone_of(world: World) -> str:
    """Sign the first person in at Clerk on a telephone that never came here; returns that sign-in."""
    there = world.cloud.open_session(next(iter(world.cloud.users)))
    world.cloud.sessions[there]["latest_activity"] = PHONE
    return there


async def test_a_sign_in_at_clerk_is_told_by_browser_and_device_only_and_can_be_ended(world: World) -> None:
    ada = await signed_up(world)
    there = phone_of(world)

    state = await opened(ada)

    assert rows(state) == [("Chrome on Linux", "This device", ""), ("Mobile Safari on iPhone", "At Clerk only", "End")]
    outside = state.devices[-1]
    assert (outside.is_phone, outside.seen, state.outside_note) == (True, "2026-11-25T12:00:00Z", "")
    assert not any(word in str(outside) for word in ("Rome", "IT", "192.0.2.9", "19.1"))

    assert await end(state, there) == "That sign-in at Clerk is ended."

    assert rows(state) == [("Chrome on Linux", "This device", "")]
    assert world.cloud.sessions[there]["status"] == "revoked"
    owner = await world.house.owner(ada.ours)
    noted = await world.house.services.database.tables.activity.find(Query(owner=owner, limit=50))
    assert [one.kind for one in noted].count(ActivityKind.DEVICE_ENDED) == 1


async def test_the_page_waits_for_nobody_and_says_that_it_asks(world: World) -> None:
    ada = await signed_up(world)
    phone_of(world)
    before = len(world.cloud.seen)

    state = page_of(ada)
    await AccountState.load_account.fn(state)

    assert (state.is_loaded, state.outside_note, len(state.devices)) == (True, ASKING, 1)
    assert len(world.cloud.seen) == before


async def test_clerk_that_does_not_answer_is_said_and_what_was_shown_stays_to_be_ended_later(world: World) -> None:
    ada = await signed_up(world)
    there = phone_of(world)
    state = await opened(ada)
    world.cloud.is_down = True

    assert "does not answer" in await end(state, there)
    assert (len(state.devices), state.outside_note) == (2, "")
    assert rows(await opened(ada)) == [("Chrome on Linux", "This device", "")]
    assert (await opened(ada)).outside_note == SILENT

    world.cloud.is_down = False
    world.later(11)
    assert await end(state, there) == "That sign-in at Clerk is ended."
    assert world.cloud.sessions[there]["status"] == "revoked"


async def test_neither_the_own_sign_in_nor_another_person_s_can_be_ended_this_way(world: World) -> None:
    ada, bob = await signed_up(world), await visitor(world)
    [own] = world.cloud.sessions
    await bob.sign_up("bob@example.com")
    hosted, owner = world.house.services.hosted, await world.house.owner(ada.ours)
    assert hosted is not None

    for session_id in world.cloud.sessions:
        with pytest.raises(NotFound, match="ended already"):
            await hosted.end_elsewhere(owner, session_id)
    await AccountState.end_outside.fn(Background(await opened(ada)), own)

    assert {one["status"] for one in world.cloud.sessions.values()} == {"active"}


async def test_a_sign_in_whose_session_here_ran_out_is_shown_again(world: World) -> None:
    ada = await signed_up(world)
    hosted, owner = world.house.services.hosted, await world.house.owner(ada.ours)
    assert hosted is not None
    assert await hosted.elsewhere(owner) == []
    world.house.clock.move(days=400)
    assert [one.id for one in await hosted.elsewhere(owner)] == list(world.cloud.sessions)
