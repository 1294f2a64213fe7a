"""Comparing as a handler: one open picture with what belongs to it, or a sentence that says what to do."""

from dataclasses import replace

from imageroute_app.state.compare import CompareState
from imageroute_app.state.selection import SelectionState
from tests.services.conftest import House
from tests.state.conftest import OpenTab
from tests.state.test_gallery import filled, gallery


async def test_a_picture_is_compared_with_what_it_was_made_from(house: House, open_tab: OpenTab) -> None:
    source, result, _ = await filled(house)
    await house.database.tables.images.update(replace(result, source_id=source.id))
    tab = await gallery(open_tab)
    state = tab.state(CompareState)

    await CompareState.open_related.fn(state, result.id)
    assert (state.is_open, [view.prompt for view in state.compared]) == (True, [result.prompt, source.prompt])
    await CompareState.close_compare.fn(state)
    assert (state.is_open, state.compared, tab.notice) == (False, [], "")

    await CompareState.open_related.fn(state, source.id)
    assert state.is_open
    await SelectionState.begin.fn(tab.state(SelectionState))
    assert not state.is_open


async def test_a_picture_alone_opens_nothing_and_says_what_to_do(house: House, open_tab: OpenTab) -> None:
    alone, *_ = await filled(house)
    tab = await gallery(open_tab)

    await CompareState.open_related.fn(tab.state(CompareState), alone.id)

    assert not tab.state(CompareState).is_open
    assert "choose 2 to 4 in the gallery and press Compare" in tab.notice


async def test_a_picture_of_the_trash_or_of_somebody_else_is_not_compared(house: House, open_tab: OpenTab) -> None:
    mine, gone, _ = await filled(house)
    await house.gallery.trash(mine.owner, gone.id)
    theirs = await filled(house, "eve")
    tab = await gallery(open_tab)
    state = tab.state(CompareState)

    await CompareState.open_related.fn(state, gone.id)
    assert (state.is_open, "in the trash" in tab.notice) == (False, True)
    await CompareState.open_related.fn(state, theirs[0].id)
    assert (state.is_open, tab.notice) == (False, "There is nothing here.")
