"""The uploads screen as handlers: clocks, badge, saving, erasing, and what a stranger sees of it."""

from dataclasses import replace

import pytest

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.uploads import Upload
from imageroute_app.state.session import SessionState
from imageroute_app.state.uploads import UploadsState, UploadView
from tests.adapters.pictures import encode, photo
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab
from tests.state.test_gallery import keep

PHOTO = encode(photo(64, 48), "JPEG")


async def opened(open_tab: OpenTab, name: str = "ada") -> Tab:
    tab = await open_tab(name, address="/uploads")
    await SessionState.load_session.fn(tab.state(SessionState))
    await UploadsState.load_uploads.fn(tab.state(UploadsState))
    return tab


def shown(tab: Tab) -> list[UploadView]:
    return tab.state(UploadsState).uploads


async def brought(house: House, name: str = "ada") -> Upload:
    return await house.uploads.add(await house.person(name), PHOTO, name="beach.jpg")


async def test_a_new_upload_has_thirty_days_and_no_badge(house: House, open_tab: OpenTab) -> None:
    upload = await brought(house)
    tab = await opened(open_tab)
    (view,) = shown(tab)
    assert (view.name, view.width, view.height, view.days_left) == ("beach.jpg", 64, 48, "30 days left")
    assert (view.thumb, view.made) == (f"/media/{upload.id}/320", "Nothing made from it yet")
    assert (view.is_soon, view.is_going, tab.state(SessionState).expiring) == (False, False, 0)
    assert tab.state(UploadsState).stored.startswith("1 upload, ")


@pytest.mark.parametrize(
    ("days", "left", "is_soon"), [(24, "6 days left", False), (25, "5 days left", True), (29.5, "1 day left", True)]
)
async def test_the_days_are_counted_down(
    house: House, open_tab: OpenTab, days: float, left: str, *, is_soon: bool
) -> None:
    await brought(house)
    house.clock.move(days=days)
    tab = await opened(open_tab)
    (view,) = shown(tab)
    assert (view.days_left, view.is_soon, view.is_going) == (left, is_soon, False)
    assert tab.state(SessionState).expiring == int(is_soon)


async def test_after_thirty_days_it_is_being_erased_even_before_the_sweep(house: House, open_tab: OpenTab) -> None:
    await brought(house)
    house.clock.move(days=30)
    tab = await opened(open_tab)
    assert (shown(tab)[0].is_going, tab.state(SessionState).expiring) == (True, 0)


async def test_badge_says_how_many(house: House, open_tab: OpenTab) -> None:
    owner = (await brought(house)).owner
    house.clock.move(days=1)
    await house.uploads.add(owner, PHOTO)
    house.clock.move(days=24)
    assert (await opened(open_tab)).state(SessionState).expiring_label == "1 expires in 5 days"
    house.clock.move(days=1)
    session = (await opened(open_tab)).state(SessionState)
    assert (session.expiring_label, session.expiring_uploads) == ("2 expire in 5 days", "2 uploads")


async def test_pictures_made_from_an_upload_are_counted(house: House, open_tab: OpenTab) -> None:
    upload = await brought(house)
    for _ in range(2):
        image = await keep(house, upload.owner, "a fern")
        await house.database.tables.images.update(replace(image, source_id=upload.id))
    assert shown(await opened(open_tab))[0].made == "2 pictures made from it"


async def test_saving_moves_it_to_the_gallery_and_says_that_the_clock_stopped(house: House, open_tab: OpenTab) -> None:
    upload = await brought(house)
    house.clock.move(days=27)
    tab = await opened(open_tab)
    await UploadsState.save_upload.fn(tab.state(UploadsState), upload.id)
    assert (shown(tab), tab.state(SessionState).expiring) == ([], 0)
    assert "Its clock has stopped" in tab.notice
    assert (await house.gallery.image(upload.owner, upload.id)).prompt == "beach.jpg"


async def test_deleting_erases_now(house: House, open_tab: OpenTab) -> None:
    upload = await brought(house)
    tab = await opened(open_tab)
    await UploadsState.delete_upload.fn(tab.state(UploadsState), upload.id)
    assert (shown(tab), tab.notice) == ([], "Erased: the upload and both sizes.")
    assert await house.media.list(f"uploads/{upload.owner}/") == []


async def test_a_store_that_does_not_answer_leaves_it_being_erased(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await brought(house)
    tab = await opened(open_tab)

    async def refuse(prefix: str) -> int:
        raise Unavailable

    monkeypatch.setattr(house.media, "delete_prefix", refuse)
    await UploadsState.delete_upload.fn(tab.state(UploadsState), upload.id)
    (view,) = shown(tab)
    assert view.is_going
    assert "keep trying" in tab.notice
    monkeypatch.undo()
    assert await house.uploads.sweep() == 1


async def test_what_is_being_erased_is_neither_safe_nor_there_to_be_deleted(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await brought(house)
    await house.uploads.add(first.owner, PHOTO, name="dunes.jpg")
    tab = await opened(open_tab)
    state = tab.state(UploadsState)
    assert (state.ahead, state.stored.split(",")[0]) == ("Nothing is erased in the next 5 days", "2 uploads")

    async def refuse(prefix: str) -> int:
        raise Unavailable

    monkeypatch.setattr(house.media, "delete_prefix", refuse)
    await UploadsState.delete_upload.fn(state, first.id)
    assert state.ahead == "1 upload is being erased, nothing else in the next 5 days"
    assert state.stored.split(",")[0] == "1 upload"
    house.clock.move(days=26)
    assert (await opened(open_tab)).state(UploadsState).ahead == (
        "1 upload is being erased, 1 more will be in 5 days or less"
    )
    house.clock.move(days=4)
    state = (await opened(open_tab)).state(UploadsState)
    assert (len(state.uploads), state.ahead, state.stored) == (2, "2 uploads are being erased", "")


async def test_a_stranger_sees_saves_and_deletes_nothing(house: House, open_tab: OpenTab) -> None:
    upload = await brought(house)
    await house.person("eve")
    tab = await opened(open_tab, "eve")
    assert shown(tab) == []
    for act in (UploadsState.save_upload, UploadsState.delete_upload):
        await act.fn(tab.state(UploadsState), upload.id)
        assert tab.notice.endswith(("Choose another one.", "There is nothing here."))
    with pytest.raises(NotFound):
        await house.gallery.image(upload.owner, upload.id)
    assert (await house.uploads.upload(upload.owner, upload.id)).id == upload.id


async def test_a_failed_reading_is_said_and_can_be_tried_again(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await brought(house)

    async def refuse(owner: str) -> None:
        raise Unavailable

    tab = await open_tab(address="/uploads")
    state = tab.state(UploadsState)
    monkeypatch.setattr(house.uploads, "standings", refuse)
    await UploadsState.load_uploads.fn(state)
    assert (state.has_failed, state.uploads) == (True, [])
    monkeypatch.undo()
    await UploadsState.load_uploads.fn(state)
    assert (state.has_failed, len(state.uploads)) == (False, 1)


async def test_a_picture_that_comes_in_is_shown_and_a_recipe_is_sent_to_create(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab(address="/uploads")
    upload = await house.uploads.add(owner, encode(photo(), "JPEG"), name="new.jpg")
    await UploadsState.take_upload.fn(tab.state(UploadsState), upload.id)
    assert [view.name for view in tab.state(UploadsState).uploads] == ["new.jpg"]
    assert "30 days" in tab.state(SessionState).notice
    await UploadsState.refuse_recipe.fn(tab.state(UploadsState), "{}")
    assert "Create" in tab.state(SessionState).notice
