"""Gallery and trash as handlers: what a tab sees of a person's pictures, and of nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest

from imageroute_app.bootstrap import new_id, services
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import TAGS_MAX, VARIANTS, Image, media_key, purge_time
from imageroute_app.services.finding import TRASH
from imageroute_app.services.gallery import Gallery, Page
from imageroute_app.services.sources import IN_TRASH
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState
from imageroute_app.state.tags import TagState
from imageroute_app.state.trash import PAGE, TrashState
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab

NOTHING_HERE = "There is nothing here."


async def keep(house: House, owner: str, prompt: str, *, favourite: bool = False) -> Image:
    """Put a picture with all its sizes into a gallery."""
    image = Image(
        id=new_id(), owner=owner, job_id=new_id(), position=0, prompt=prompt, negative="", provider="sketch",
        model="sketch-1", style="", width=1024, height=1280, seed=7, mime="image/png", size_bytes=9, sha256="0" * 64,
        colour="#335577", price_credits=1, took_ms=900, source_type="algorithmicMedia", source_id="",
        favourite=favourite, trashed=False, trashed_at=None, purge_at=None, created_at=house.clock(),
    )  # fmt: skip
    await house.database.tables.images.add(image)
    for variant in VARIANTS:
        await house.media.put(media_key(owner, image.id, variant), b"picture", "image/webp")
    return image


async def filled(house: House, name: str = "ada") -> list[Image]:
    """Open an account with three pictures, the second of them a favourite; newest last."""
    owner = await house.person(name)
    wishes = (("a red fern", False), ("a blue sea", True), ("a fern by the sea", False))
    return [await keep(house, owner, prompt, favourite=favourite) for prompt, favourite in wishes]


async def gallery(open_tab: OpenTab, address: str = "/gallery", name: str = "ada") -> Tab:
    tab = await open_tab(name, address=address)
    await GalleryState.load_gallery.fn(tab.state(GalleryState))
    return tab


async def trash(open_tab: OpenTab, name: str = "ada") -> Tab:
    tab = await open_tab(name, address="/trash")
    await TrashState.load_trash.fn(tab.state(TrashState))
    return tab


async def test_address_says_what_is_searched_and_what_is_open(house: House, open_tab: OpenTab) -> None:
    images = await filled(house)

    tab = await gallery(open_tab, f"/gallery?q=sea&favourite=1&image={images[1].id}")

    state = tab.state(GalleryState)
    assert (state.query, state.favourites, state.filter) == ("sea", True, "q=sea&favourite=1")
    assert (state.total, state.favourite_total, state.found) == (3, 1, 1)
    assert (state.current, tab.state(InspectorState).image.prompt) == (images[1].id, "a blue sea")
    assert not tab.state(InspectorState).is_open


async def test_search_and_filter_narrow_the_numbers_together(house: House, open_tab: OpenTab) -> None:
    await filled(house)
    state = (await gallery(open_tab)).state(GalleryState)

    await GalleryState.set_query.fn(state, " sea ")
    assert (state.query, state.found) == ("sea", 2)
    await GalleryState.show_favourites.fn(state)
    assert (state.filter, state.found) == ("q=sea&favourite=1", 1)
    await GalleryState.clear_query.fn(state)
    assert (state.filter, state.found) == ("favourite=1", 1)
    await GalleryState.show_all.fn(state)
    assert (state.filter, state.found, state.total_label) == ("", 3, "3")


async def test_a_search_asks_the_database_once(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(house)
    state = (await gallery(open_tab)).state(GalleryState)
    asked, images = list[str](), type(house.database.tables.images)
    for verb in ("counts", "sum", "find"):
        monkeypatch.setattr(images, verb, noting(getattr(images, verb), asked))

    await GalleryState.set_query.fn(state, "sea")

    assert (state.found, state.total, state.favourite_total) == (2, 3, 1)
    assert asked == ["counts"]


def noting(verb: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    """Let a verb work as it does, and write down that it was called."""

    def noted(*given: Any, **named: Any) -> Any:
        asked.append(verb.__name__)
        return verb(*given, **named)

    return noted


async def test_a_search_that_is_not_understood_finds_nothing_and_keeps_the_other_numbers(
    house: House, open_tab: OpenTab
) -> None:
    await filled(house)
    state = (await gallery(open_tab)).state(GalleryState)

    await GalleryState.set_query.fn(state, "date:never")

    assert (state.found, state.total, state.favourite_total) == (0, 3, 1)
    assert state.problems


async def test_gallery_is_empty_only_when_all_was_read(house: House, open_tab: OpenTab) -> None:
    await house.person()
    state = (await gallery(open_tab)).state(GalleryState)

    await GalleryState.note_shown.fn(state, 0, False)
    assert not state.is_empty
    await GalleryState.note_shown.fn(state, 0, True)
    assert state.is_empty
    await GalleryState.set_query.fn(state, "fern")
    assert not state.is_empty


async def test_favourite_is_marked_in_grid_lightbox_and_number(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    tab = await gallery(open_tab)
    state = tab.state(GalleryState)
    await GalleryState.open_image.fn(state, image.id)

    await GalleryState.toggle_favourite.fn(state, image.id)
    assert (state.marked, state.favourite_total) == (f"+{image.id}", 2)
    assert tab.state(InspectorState).image.favourite
    await GalleryState.toggle_favourite.fn(state, image.id)
    assert (state.marked, state.favourite_total) == (f"-{image.id}", 1)
    assert not tab.state(InspectorState).image.favourite


async def test_favourite_of_a_tile_leaves_the_picture_in_the_panel_alone(house: House, open_tab: OpenTab) -> None:
    first, second, _ = await filled(house)
    tab = await gallery(open_tab)
    await GalleryState.open_image.fn(tab.state(GalleryState), first.id)

    await GalleryState.toggle_favourite.fn(tab.state(GalleryState), second.id)

    assert not tab.state(InspectorState).image.favourite


async def test_undo_brings_back_all_that_the_notice_names(house: House, open_tab: OpenTab) -> None:
    images = await filled(house)
    tab = await gallery(open_tab)
    state = tab.state(GalleryState)

    await GalleryState.trash_image.fn(state, images[0].id)
    assert (tab.notice, tab.state(SessionState).can_undo) == ("Moved to trash. It stays 30 days.", True)
    await GalleryState.trash_image.fn(state, images[1].id)
    assert (tab.notice, state.total) == ("2 pictures moved to trash. They stay 30 days.", 1)
    assert state.gone.split() == [images[0].id, images[1].id]

    await GalleryState.undo_trash.fn(state)

    assert (state.total, state.gone, state.refresh) == (3, "", 1)
    assert (tab.notice, tab.state(SessionState).can_undo) == ("Back in your gallery.", False)
    assert await house.gallery.count(images[0].owner, TRASH) == 0


async def test_undo_leaves_what_an_earlier_notice_named(house: House, open_tab: OpenTab) -> None:
    first, second, _ = await filled(house)
    tab = await gallery(open_tab)
    state = tab.state(GalleryState)
    await GalleryState.trash_image.fn(state, first.id)
    SessionState.close_notice.fn(tab.state(SessionState))
    await GalleryState.trash_image.fn(state, second.id)

    await GalleryState.undo_trash.fn(state)

    assert (await house.gallery.image(first.owner, first.id)).trashed
    assert not (await house.gallery.image(second.owner, second.id)).trashed


async def test_undo_passes_over_what_was_deleted_for_good_meanwhile(house: House, open_tab: OpenTab) -> None:
    first, second, _ = await filled(house)
    tab = await gallery(open_tab)
    for image in (first, second):
        await GalleryState.trash_image.fn(tab.state(GalleryState), image.id)
    await house.gallery.erase(first.owner, first.id)

    await GalleryState.undo_trash.fn(tab.state(GalleryState))

    assert tab.notice == "Back in your gallery."
    assert not (await house.gallery.image(second.owner, second.id)).trashed


async def test_lightbox_closes_on_its_picture_s_way_to_the_trash(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    state = (await gallery(open_tab, f"/gallery?image={image.id}")).state(GalleryState)
    assert state.current == image.id

    await GalleryState.trash_image.fn(state, image.id)

    assert state.current == ""


async def test_address_of_a_trashed_picture_says_where_it_is(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    await house.gallery.trash(image.owner, image.id)

    tab = await gallery(open_tab, f"/gallery?image={image.id}")

    assert (tab.state(GalleryState).current, tab.notice) == ("", IN_TRASH)


async def test_picture_that_went_in_another_tab_leaves_this_one_and_says_where_it_is(
    house: House, open_tab: OpenTab
) -> None:
    first, second, third = await filled(house)
    tab = await gallery(open_tab, f"/gallery?image={third.id}")
    state = tab.state(GalleryState)
    for image in (first, second):
        await house.gallery.trash(image.owner, image.id)
    await house.gallery.erase(second.owner, second.id)

    await GalleryState.open_image.fn(state, first.id)
    assert (state.gone, state.total, tab.notice) == (first.id, 1, IN_TRASH)
    await GalleryState.open_image.fn(state, second.id)
    assert (state.gone, tab.notice) == (f"{first.id} {second.id}", NOTHING_HERE)
    assert (state.current, tab.state(InspectorState).image.id) == (third.id, third.id), "what is open stays open"


async def test_stranger_opens_marks_trashes_and_erases_nothing(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    await house.person("eve")
    tab = await gallery(open_tab, f"/gallery?image={image.id}", name="eve")
    state, bin_of_eve = tab.state(GalleryState), tab.state(TrashState)
    assert (state.total, state.current, tab.notice) == (0, "", NOTHING_HERE)

    for call in (
        GalleryState.open_image.fn(state, image.id),
        GalleryState.toggle_favourite.fn(state, image.id),
        GalleryState.trash_image.fn(state, image.id),
        TrashState.restore_image.fn(bin_of_eve, image.id),
        TrashState.erase_image.fn(bin_of_eve, image.id),
    ):
        SessionState.close_notice.fn(tab.state(SessionState))
        await call
        assert tab.notice == NOTHING_HERE

    assert (state.current, state.gone, tab.state(InspectorState).image.id) == ("", image.id, "")
    assert await house.gallery.image(image.owner, image.id) == image


async def test_trash_restores_and_deletes_every_size_for_good(house: House, open_tab: OpenTab) -> None:
    first, second, _ = await filled(house)
    for image in (first, second):
        await house.gallery.trash(image.owner, image.id)
    tab = await trash(open_tab)
    state = tab.state(TrashState)
    assert [view.prompt for view in state.images] == ["a blue sea", "a red fern"]
    assert (state.total_label, state.images[0].purge[:10]) == (
        "2 pictures",
        purge_time(house.clock()).date().isoformat(),
    )

    await TrashState.restore_image.fn(state, first.id)
    assert tab.notice == "Back in your gallery."
    await TrashState.erase_image.fn(state, second.id)

    assert (state.images, state.total) == ([], 0)
    assert not (await house.gallery.image(first.owner, first.id)).trashed
    with pytest.raises(NotFound):
        await house.gallery.image(second.owner, second.id)
    assert await house.media.list(f"images/{second.owner}/{second.id}/") == []


async def test_picture_outside_the_trash_is_not_deleted_for_good(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    tab = await trash(open_tab)

    await TrashState.erase_image.fn(tab.state(TrashState), image.id)

    assert tab.notice == "Move the image to the trash first."
    assert await house.gallery.image(image.owner, image.id) == image


async def test_long_trash_comes_page_by_page_and_refills(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    for number in range(PAGE + 2):
        image = await keep(house, owner, f"number {number}")
        await house.gallery.trash(owner, image.id)
    state = (await trash(open_tab)).state(TrashState)
    assert (len(state.images), state.total, state.after != "") == (PAGE, PAGE + 2, True)

    for view in list(state.images):
        await TrashState.restore_image.fn(state, view.id)

    assert ([view.prompt for view in state.images], state.after) == (["number 1", "number 0"], "")


async def test_show_older_adds_the_next_page(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    for number in range(PAGE + 1):
        image = await keep(house, owner, f"number {number}")
        await house.gallery.trash(owner, image.id)
    state = (await trash(open_tab)).state(TrashState)

    await TrashState.show_older.fn(state)

    assert (len(state.images), len({view.id for view in state.images}), state.after) == (PAGE + 1, PAGE + 1, "")


async def test_undo_on_the_trash_screen_takes_the_picture_off_the_list(house: House, open_tab: OpenTab) -> None:
    image = (await filled(house))[0]
    tab = await gallery(open_tab)
    await GalleryState.trash_image.fn(tab.state(GalleryState), image.id)
    state = tab.state(TrashState)
    await TrashState.load_trash.fn(state)
    assert state.total == 1

    await TrashState.undo_trash.fn(state)

    assert (state.images, state.total, tab.notice) == ([], 0, "Back in your gallery.")


class ClosedGallery(Gallery):
    """A gallery whose database does not answer."""

    async def page(self, *_: object, **__: object) -> Page:  # pyright: ignore[reportIncompatibleMethodOverride] - takes all
        raise Unavailable

    async def count(self, *_: object, **__: object) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - takes all
        raise Unavailable


async def test_trash_that_cannot_be_read_is_not_called_empty(house: House, open_tab: OpenTab) -> None:
    await filled(house)
    served = services()
    served.gallery = ClosedGallery(database=house.database, media=house.media, clock=house.clock)  # type: ignore[misc]  # the stand-in of conftest

    tab = await trash(open_tab)

    assert (tab.state(TrashState).has_failed, tab.notice) == (True, Unavailable().message)
    served.gallery = house.gallery  # type: ignore[misc]  # the stand-in of conftest
    await TrashState.load_trash.fn(tab.state(TrashState))
    assert not tab.state(TrashState).has_failed


async def test_a_tag_too_many_is_refused_in_words(house: House, open_tab: OpenTab) -> None:
    [image, *_] = await filled(house)
    for number in range(TAGS_MAX - 1):
        await house.gallery.tag(image.owner, image.id, f"tag{number}", on=True)
    tab = await gallery(open_tab, f"/gallery?image={image.id}")
    tags, told = tab.state(TagState), tab.state(SessionState)

    await TagState.add_tag.fn(tags, {"tag": "Sea & Sun!"})
    assert told.notice == "Tagged “sea sun”: a tag is kept as search reads it."
    await TagState.add_tag.fn(tags, {"tag": "late"})
    assert told.notice == f"A picture has {TAGS_MAX} tags at most. Take one off first."
    await TagState.add_tag.fn(tags, {"tag": "Sea & Sun!"})  # it has this one
    assert told.notice == "Tagged “sea sun”: a tag is kept as search reads it."
    assert len((await house.gallery.image(image.owner, image.id)).tags) == TAGS_MAX
