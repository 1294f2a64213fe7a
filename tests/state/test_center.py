"""Sections of the privacy centre as one tab holds them: journal, looks, texts, figures."""

import pytest

from imageroute_app.bootstrap import services
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.cases import StaffAccess
from imageroute_app.domain.policies import Kind, Shown
from imageroute_app.domain.ports import Query
from imageroute_app.state.activity import WORDS, ActivityState
from imageroute_app.state.policies import PoliciesState
from imageroute_app.state.stored import StoredState
from tests.services.conftest import House
from tests.services.test_policies import with_change
from tests.state.conftest import OpenTab


@pytest.mark.promise("P11", "P32")
async def test_the_journal_pages_and_every_look_stands_with_its_reason(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    for number in range(12):
        house.clock.move(seconds=1)
        await house.activity.note(owner, ActivityKind.SETTING, detail=f"setting-{number}")
    look = StaffAccess(
        id="a" * 32, owner=owner, case_id="c" * 32, operator="o", reason="To answer you", looked_at=house.clock()
    )
    await house.database.tables.staff_access.add(look)
    state = (await open_tab("ada")).state(ActivityState)

    await ActivityState.load_activity.fn(state)
    assert (len(state.lines), state.has_more) == (10, True)
    assert [(one.reason, one.case) for one in state.looks] == [("To answer you", f"/cases/{'c' * 32}")]
    await ActivityState.show_older_activity.fn(state)
    assert (len(state.lines), state.has_more) == (14, False)
    new_device, first, opened = state.lines[0], state.lines[1], state.lines[-1]
    assert (new_device.what, new_device.kept, new_device.is_safety) == ("Signed in on a new device", "90 days", True)
    assert (first.what, first.kept) == ("Setting changed: setting 11", "30 days")
    assert (opened.what, opened.address) == ("Account opened", "127.0.0.1")


def test_every_kind_of_activity_has_words() -> None:
    assert set(WORDS) == set(ActivityKind)


@pytest.mark.promise("P72", "P73")
async def test_a_text_to_come_is_shown_and_noting_it_changes_no_choice(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    house.clock.move(days=5)
    house.policies = with_change(house)
    await house.policies.announce()
    state = (await open_tab("ada")).state(PoliciesState)
    services().policies = house.policies  # type: ignore[misc]

    await PoliciesState.load_policies.fn(state)
    (coming,) = state.coming
    assert (coming.day, coming.is_seen) == ("14 December 2026", False)
    assert coming.differences == "/privacy/compare?from=2026-11-26&to=2026-12-01"
    assert [one.where for one in state.seen] == ["when you signed up"] * 2
    await PoliciesState.acknowledge_policy.fn(state, coming.id)

    assert state.coming[0].is_seen
    rows = await house.policies.acknowledged(owner)
    assert [row.shown for row in rows if row.edition == coming.id] == [Shown.CENTER]
    assert await house.database.tables.choices.count(Query(owner=owner)) == 0
    current = {one.name: one.earlier for one in state.editions}
    assert set(current) == {"Privacy policy", "Terms"}
    assert (await house.policies.current(Kind.PRIVACY)).id != coming.id


async def test_figures_of_the_gallery_are_counted(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    job = await house.job(owner)
    await house.runner.run(job.id)
    state = (await open_tab("ada")).state(StoredState)
    await StoredState.load_stored.fn(state)
    assert (state.kept, state.trashed) == ("1 picture", "0 pictures")
    (image,) = await house.gallery.of_job(owner, job.id)
    await house.gallery.trash(owner, image.id)
    await StoredState.load_stored.fn(state)
    assert (state.kept, state.trashed) == ("0 pictures", "1 picture")
