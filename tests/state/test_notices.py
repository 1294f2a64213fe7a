"""The bell, the banners and the list, as one tab holds them."""

import asyncio

from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.notices import NoticesState
from tests.services.conftest import House
from tests.state.conftest import OpenTab


async def test_the_bell_counts_the_list_shows_and_marks(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab(device="Test")).state(NoticesState)
    first = await house.notices.tell(owner, "a", "One.", "/uploads")
    await house.notices.tell(owner, "b", "Two.", "/privacy", is_banner=True)

    await NoticesState.load_notices.fn(state)
    assert (state.unseen, state.bell, state.notices) == (2, "Notices, 2 new", [])
    assert [banner.text for banner in state.banners] == ["Two."]
    await NoticesState.load_list.fn(state)
    assert [(one.text, one.is_new) for one in state.notices] == [("Two.", True), ("One.", True)]
    await NoticesState.see_notice.fn(state, first.id)
    assert [one.is_new for one in state.notices] == [True, False]
    await NoticesState.see_all.fn(state)
    assert (state.unseen, state.bell, state.banners) == (0, "Notices", [])


async def test_a_page_begins_one_watch_and_a_hidden_tab_none(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    state = (await open_tab()).state(NoticesState)

    is_hidden = True
    assert await NoticesState.look_again.fn(state, is_hidden) is None
    assert not state.is_loaded
    assert await NoticesState.load_notices.fn(state) is NoticesState.watch_notices
    state._turn = "running"
    assert await NoticesState.look_again.fn(state, not is_hidden) == [InspectorState.look_again]
    assert await state._reread("of another person") is False


async def test_a_watch_ends_with_the_session(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(NoticesState)
    await NoticesState.load_notices.fn(state)
    state._turn = "mine"
    assert await state._reread("mine") is True

    await house.accounts.end_devices(owner)

    assert await state._reread("mine") is False
    await asyncio.sleep(0)


async def test_what_is_read_again_unchanged_is_not_sent_again(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    await house.notices.tell(owner, "b", "Two.", "/privacy", is_banner=True)
    state = (await open_tab(device="Test")).state(NoticesState)
    await NoticesState.load_list.fn(state)
    state._clean()

    await state._read(owner)
    assert state.dirty_vars == set()
    await house.notices.tell(owner, "c", "Three.", "/uploads")
    await state._read(owner)
    assert {"unseen", "notices"} <= state.dirty_vars
    assert "banners" not in state.dirty_vars
