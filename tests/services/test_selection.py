"""Bulk verbs on what a filter found, albums, tags, and what is left when something breaks in the middle."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.bootstrap import new_id
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.gallery import TAGS_MAX, Image, media_key
from imageroute_app.domain.search import lowest_id
from imageroute_app.services import selection as module
from imageroute_app.services.finding import TRASH, Ask
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.selection import Chosen, Selection, Step
from tests.contracts import records
from tests.services.conftest import House

COUNT = 25


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 10)


async def fill(house: House, owner: str, count: int = COUNT) -> list[Image]:
    """Keep pictures, every fifth of them of the sea; newest last."""
    images = [
        replace(
            records.image(1, owner, f"{'sea' if number % 5 == 0 else 'fern'} number{number}"),
            id=new_id(), albums=(), tags=(), size_bytes=1000, width=1024, height=1024,
        )
        for number in range(count)
    ]  # fmt: skip
    for image in images:
        await house.database.tables.images.add(image)
    return images


async def steps(run: AsyncIterator[Step]) -> list[Step]:
    return [step async for step in run]


def found(text: str = "") -> Chosen:
    return Chosen(ask=Ask(text=text), everything=True)


async def test_verbs_reach_everything_found_and_only_that(house: House) -> None:
    owner, eve = await house.person(), await house.person("eve")
    await fill(house, owner)
    await fill(house, eve, 5)

    done = await steps(house.selection.favourite(owner, found("sea"), on=True))

    assert done == [Step(done=5, changed=5, total=5)]
    assert await house.gallery.count(owner, Ask(favourite=True)) == 5
    assert await house.gallery.count(owner, Ask(text="favourite:yes fern")) == 0
    assert await house.gallery.count(eve, Ask(favourite=True)) == 0


async def test_progress_comes_batch_by_batch_and_a_second_run_changes_nothing(house: House) -> None:
    owner = await house.person()
    await fill(house, owner)
    assert [step.done for step in await steps(house.selection.favourite(owner, found(), on=True))] == [10, 20, 25]
    again = await steps(house.selection.favourite(owner, found(), on=True))
    assert again[-1] == Step(done=25, changed=0, total=25)


async def test_some_are_left_out_and_later_ones_are_not_reached(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner, 6)
    chosen = replace(found(), but=frozenset({images[0].id}), below_id=images[4].id)
    assert await house.selection.count(owner, chosen) == 3
    await steps(house.selection.trash(owner, chosen, house.selection.moment()))
    left = (await house.gallery.page(owner)).images
    assert [image.id for image in left] == [images[5].id, images[4].id, images[0].id]


async def test_named_pictures_of_others_are_passed_over(house: House) -> None:
    owner, eve = await house.person(), await house.person("eve")
    mine, hers = (await fill(house, owner, 1))[0], (await fill(house, eve, 1))[0]
    chosen = Chosen(ids=(mine.id, hers.id, "f" * 32))
    assert (await steps(house.selection.favourite(owner, chosen, on=True)))[-1].changed == 1
    assert await house.gallery.count(eve, Ask(favourite=True)) == 0
    with pytest.raises(NotFound):
        await steps(house.selection.album(owner, chosen, (await house.albums.create(eve, "Hers")).id, on=True))


async def test_trash_is_undone_by_its_moment_and_earlier_trash_stays(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner)
    album = await house.albums.create(owner, "Blue hour")
    await steps(house.selection.album(owner, found("sea"), album.id, on=True))
    await steps(house.selection.favourite(owner, found("sea"), on=True))
    await house.gallery.trash(owner, images[1].id)
    house.clock.move(seconds=30)
    moment = house.selection.moment()

    await steps(house.selection.trash(owner, found(), moment))
    assert await house.gallery.count(owner) == 0
    assert (await house.albums.shelves(owner))[0].count == 0
    undone = await steps(house.selection.undo_trash(owner, moment))

    assert undone[-1].changed == COUNT - 1
    assert await house.gallery.count(owner, TRASH) == 1
    assert await house.gallery.count(owner, Ask(album=album.id, favourite=True)) == 5


async def test_restore_brings_albums_tags_and_favourites_back(house: House) -> None:
    owner = await house.person()
    image = (await fill(house, owner, 1))[0]
    album = await house.albums.create(owner, "Blue hour")
    await steps(house.selection.album(owner, found(), album.id, on=True))
    await steps(house.selection.tag(owner, found(), "Night", on=True))
    before = await house.gallery.favourite(owner, image.id, on=True)
    await house.gallery.trash(owner, image.id)

    await steps(house.selection.restore(owner, Chosen(ask=TRASH, everything=True)))

    after = await house.gallery.image(owner, image.id)
    assert after == replace(before, version=after.version)
    assert await house.gallery.count(owner, Ask(text='tag:night album:"blue hour" favourite:yes')) == 1


async def test_second_trip_to_the_trash_keeps_the_first_date(house: House) -> None:
    owner = await house.person()
    image = (await fill(house, owner, 1))[0]
    first = await house.gallery.trash(owner, image.id)
    house.clock.move(days=3)
    assert (await house.gallery.trash(owner, image.id)).purge_at == first.purge_at


async def test_erase_takes_bytes_and_rows_of_trashed_pictures_only(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner, 12)
    for image in images:
        await house.media.put(media_key(owner, image.id, "320"), b"picture", "image/webp")
    await steps(house.selection.trash(owner, found("fern"), house.selection.moment()))

    done = await steps(house.selection.erase(owner, Chosen(ids=tuple(image.id for image in images))))

    assert done[-1].changed == 9
    assert len(await house.media.list(f"images/{owner}/")) == await house.gallery.count(owner) == 3
    assert await house.gallery.stored_bytes(owner) == 3000


class StoppingMedia:
    """A media store that stops answering after some deletions."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def delete(self, key: str) -> None:
        """Nothing lies there."""

    async def delete_prefix(self, prefix: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise Unavailable
        return 1


async def test_an_outage_midway_leaves_true_rows_and_the_next_run_does_the_rest(house: House) -> None:
    owner = await house.person()
    await fill(house, owner)
    trash = Chosen(ask=TRASH, everything=True)
    await steps(house.selection.trash(owner, found(), house.selection.moment()))
    broken = Gallery(database=house.database, media=StoppingMedia(12), clock=house.clock)  # type: ignore[arg-type]  # deletes only
    with pytest.raises(Unavailable):
        await steps(Selection(database=house.database, gallery=broken, clock=house.clock).erase(owner, trash))

    assert await house.gallery.count(owner, TRASH) == COUNT - 12
    assert (await steps(house.selection.erase(owner, trash)))[-1] == Step(done=13, changed=13, total=13)


async def test_a_database_that_stops_midway_keeps_whole_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await house.person()
    await fill(house, owner)
    transact, calls = house.database.transact, 0

    async def failing(work: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Unavailable
        return await transact(work)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(house.database, "transact", failing)
    with pytest.raises(Unavailable):
        await steps(house.selection.trash(owner, found(), house.selection.moment()))
    assert await house.gallery.count(owner, TRASH) == 20
    assert (await steps(house.selection.trash(owner, found(), house.selection.moment())))[-1].changed == 5


async def test_a_picture_changed_meanwhile_is_looked_at_again(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner, 3)

    def change(image: Image) -> Image:
        return replace(image, favourite=True)

    stale = (await house.gallery.page(owner)).images
    await house.gallery.tag(owner, images[1].id, "night", on=True)
    assert await house.selection._apply(owner, stale, change) == 3
    assert (await house.gallery.image(owner, images[1].id)).tags == ("night",)
    assert await house.gallery.count(owner, Ask(favourite=True)) == 3


async def test_tags_are_words_once_each_and_bounded(house: House) -> None:
    owner = await house.person()
    image = (await fill(house, owner, 1))[0]
    await house.gallery.tag(owner, image.id, " Blue  SÉA ", on=True)
    await house.gallery.tag(owner, image.id, "blue sea", on=True)
    assert (await house.gallery.image(owner, image.id)).tags == ("blue sea",)
    assert (await house.gallery.tag(owner, image.id, "Blue Sea", on=False)).tags == ()
    for number in range(TAGS_MAX + 3):
        await house.gallery.tag(owner, image.id, f"tag{number}", on=True)
    assert len((await house.gallery.image(owner, image.id)).tags) == TAGS_MAX
    with pytest.raises(InvalidInput):
        await house.gallery.tag(owner, image.id, " !! ", on=True)


async def test_albums_have_names_of_their_own_and_covers_that_follow(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner, 4)
    album = await house.albums.create(owner, "  Blue   hour ")
    assert album.name == "Blue hour"
    with pytest.raises(Conflict):
        await house.albums.create(owner, "BLUE HOUR")
    with pytest.raises(InvalidInput):
        await house.albums.create(owner, "  ")
    other = await house.albums.create(owner, "Archive")
    with pytest.raises(Conflict):
        await house.albums.rename(owner, other.id, "blue hour")
    assert [each.name for each in await house.albums.all(owner)] == ["Archive", "Blue hour"]

    chosen = Chosen(ids=tuple(image.id for image in images[:3]))
    await steps(house.selection.album(owner, chosen, album.id, on=True))
    assert await cover_of(house, owner) == (3, images[2].id)
    await house.albums.set_cover(owner, album.id, images[0].id)
    assert await cover_of(house, owner) == (3, images[0].id)
    await house.gallery.trash(owner, images[0].id)
    assert await cover_of(house, owner) == (2, images[2].id)
    with pytest.raises(NotFound):
        await house.albums.set_cover(owner, album.id, images[3].id)


async def cover_of(house: House, owner: str) -> tuple[int, str]:
    shelf = (await house.albums.shelves(owner))[-1]
    return shelf.count, shelf.cover.id if shelf.cover else ""


async def test_deleting_an_album_keeps_its_pictures_also_in_the_trash(house: House) -> None:
    owner = await house.person()
    images = await fill(house, owner)
    album = await house.albums.create(owner, "Blue hour")
    await steps(house.selection.album(owner, found(), album.id, on=True))
    await house.gallery.trash(owner, images[0].id)

    assert (await steps(house.albums.delete(owner, album.id)))[-1].changed == COUNT

    assert await house.albums.all(owner) == []
    assert (await house.gallery.restore(owner, images[0].id)).albums == ()
    assert await house.gallery.count(owner) == COUNT
    with pytest.raises(NotFound):
        await steps(house.albums.delete(owner, album.id))


async def test_albums_of_others_are_not_there(house: House) -> None:
    owner, eve = await house.person(), await house.person("eve")
    album = await house.albums.create(owner, "Mine")
    await fill(house, owner, 2)
    await steps(house.selection.album(owner, found(), album.id, on=True))
    assert await house.albums.shelves(eve) == []
    assert await house.gallery.count(eve, Ask(album=album.id)) == 0
    reading = await house.gallery.reading(eve, Ask(text="album:mine"))
    assert (reading.query, reading.problems) == (None, ("There is no album called “mine”.",))
    for call in (house.albums.rename(eve, album.id, "Taken"), steps(house.albums.delete(eve, album.id))):
        with pytest.raises(NotFound):
            await call


async def texts(house: House, owner: str, ask: Ask) -> Sequence[str]:
    return [image.prompt for image in (await house.gallery.page(owner, ask)).images]


async def test_operators_work_together_and_a_mistake_finds_nothing(house: House) -> None:
    owner = await house.person()
    await fill(house, owner, 6)
    assert await texts(house, owner, Ask(text="model:sketch ratio:square sea")) == ["sea number5", "sea number0"]
    assert await texts(house, owner, Ask(text="sea", oldest_first=True)) == ["sea number0", "sea number5"]
    assert await house.gallery.count(owner, Ask(text="colour:red sea")) == 0
    assert await house.gallery.count(owner, Ask(text="favourite:no", favourite=True)) == 0
    assert await house.gallery.count(owner, Ask(text="favourite:no")) == 6


async def test_dates_find_what_was_made_then(house: House) -> None:
    owner = await house.person()
    day = house.clock().replace(hour=12)
    for back in range(4):
        made = lowest_id(day - timedelta(days=back))
        await house.database.tables.images.add(replace(records.image(1, owner, f"day{back}"), id=made))
    assert await texts(house, owner, Ask(text=f"date:{day:%Y-%m-%d}")) == ["day0"]
    assert await texts(house, owner, Ask(text="date:yesterday")) == ["day1"]
    assert await texts(house, owner, Ask(text=f"date:{day - timedelta(days=2):%Y-%m-%d}..yesterday")) == [
        "day1",
        "day2",
    ]
