"""Training: exactly the pictures that were allowed, one by one, after 14 days; nothing else and nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.choices import COOL_DOWN, TRAINING_WORDS, ChoiceEvent
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.statistics import K
from imageroute_app.services.gate import NotChosen
from tests.contracts import records
from tests.services.conftest import House

SECOND = timedelta(seconds=1)


async def pictures(house: House, owner: str, count: int = 10) -> list[Image]:
    made = [
        replace(records.image(number + 1, owner=owner), id=f"{owner[:24]}{number:08x}", sha256=f"{number:064x}")
        for number in range(count)
    ]
    for image in made:
        await house.database.tables.images.add(image)
    return made


async def selected(house: House) -> list[str]:
    return [one.choice.image_id for one in await house.training.selected()]


@pytest.mark.promise("P61", "P27")
async def test_only_the_picture_that_was_switched_on_is_taken_after_14_days(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    images = await pictures(house, owner)
    await house.choices.allow_training(owner, images[7].id, on=True)
    house.clock.move(seconds=(COOL_DOWN - SECOND).total_seconds())
    assert await selected(house) == []
    house.clock.move(seconds=1)
    assert await selected(house) == [images[7].id]
    build = await house.training.build()
    (entry,) = await house.training.entries(owner)
    assert (build.images, entry.build_id, entry.image_id) == (1, build.id, images[7].id)
    (event,) = await house.choices.log.history(owner)
    assert (event.words, event.image_sha256) == (TRAINING_WORDS, images[7].sha256)


@pytest.mark.promise("P62")
async def test_switched_off_on_day_13_it_is_in_no_build(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    (image,) = await pictures(house, owner, 1)
    await house.choices.allow_training(owner, image.id, on=True)
    house.clock.move(days=13)
    await house.choices.allow_training(owner, image.id, on=False)
    house.clock.move(days=400)
    assert (await house.training.build()).images == 0


@pytest.mark.promise("P62")
async def test_switched_off_later_it_is_in_no_further_build_and_its_build_is_named(house: House) -> None:
    owner = await house.person()
    (image,) = await pictures(house, owner, 1)
    await house.choices.allow_training(owner, image.id, on=True)
    house.clock.move(days=14)
    first = await house.training.build()
    await house.choices.allow_training(owner, image.id, on=False)
    second = await house.training.build()
    assert (first.images, second.images) == (1, 0)
    assert [entry.build_id for entry in await house.training.entries(owner)] == [first.id]


@pytest.mark.promise("P62")
async def test_switching_on_again_starts_the_14_days_again(house: House) -> None:
    owner = await house.person()
    (image,) = await pictures(house, owner, 1)
    for on in (True, False, True):
        await house.choices.allow_training(owner, image.id, on=on)
        house.clock.move(days=10)
    assert await selected(house) == []
    house.clock.move(days=4)
    assert await selected(house) == [image.id]


@pytest.mark.promise("P61")
async def test_nothing_switches_an_account_on(house: House) -> None:
    owner = await house.person()
    await pictures(house, owner)
    with pytest.raises(InvalidInput):
        await house.choices.choose(owner, Purpose.TRAINING, on=True)
    assert not await house.gate.may(owner, Purpose.TRAINING)
    house.clock.move(days=15)
    assert await selected(house) == []


@pytest.mark.promise("P61", "P62")
async def test_all_off_switches_every_picture_off(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    for image in await pictures(house, owner, 3):
        await house.choices.allow_training(owner, image.id, on=True)
    assert len(await house.training.allowed(owner)) == 3
    assert await house.training.all_off(owner) == 3
    assert await house.training.allowed(owner) == []
    house.clock.move(days=15)
    assert await selected(house) == []


@pytest.mark.promise("P61", "P48")
async def test_trash_takes_the_yes_back_also_when_the_picture_comes_back(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    (image,) = await pictures(house, owner, 1)
    await house.choices.allow_training(owner, image.id, on=True)
    await house.gallery.trash(owner, image.id)
    await house.gallery.restore(owner, image.id)
    house.clock.move(days=15)
    assert await selected(house) == []
    assert (await house.choices.log.history(owner))[0].event is ChoiceEvent.WITHDRAWN
    with pytest.raises(NotFound):
        await house.choices.allow_training(owner, "f" * 32, on=True)
    await house.gallery.trash(owner, image.id)
    with pytest.raises(Conflict):
        await house.choices.allow_training(owner, image.id, on=True)


@pytest.mark.promise("P61", "P47")
async def test_an_erased_person_is_in_no_build(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    (image,) = await pictures(house, owner, 1)
    await house.choices.allow_training(owner, image.id, on=True)
    await house.database.erase_rows(owner)
    house.clock.move(days=15)
    assert await selected(house) == []


@pytest.mark.promise("P61", "P58")
async def test_minors_never(house: House) -> None:
    owner = await house.person()
    (image,) = await pictures(house, owner, 1)
    await house.choices.allow_training(owner, image.id, on=True)
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, age_band=AgeBand.TEEN))
    house.clock.move(days=15)
    assert await selected(house) == []
    await house.choices.allow_training(owner, image.id, on=False)
    with pytest.raises(NotChosen):
        await house.choices.allow_training(owner, image.id, on=True)


@pytest.mark.promise("P52", "P61")
async def test_frozen_pictures_are_not_taken_and_changed_bytes_neither(house: House) -> None:
    owner = await house.person()
    first, second = await pictures(house, owner, 2)
    for image in (first, second):
        await house.choices.allow_training(owner, image.id, on=True)
    house.clock.move(days=14)
    stored = await house.database.tables.images.get(second.id, owner)
    await house.database.tables.images.update(replace(stored, sha256="f" * 64))
    assert await selected(house) == [first.id]
    await house.choices.freeze(owner)
    assert await selected(house) == []


@pytest.mark.promise("P60")
async def test_totals_of_a_build_need_20_people_and_hold_no_words(house: House) -> None:
    owners = [await house.person(f"person{number}") for number in range(K)]
    for number, owner in enumerate(owners):
        (image,) = await pictures(house, owner, 1)
        await house.choices.allow_training(owner, image.id, on=True)
        if number == K - 2:
            house.clock.move(days=14)
            assert (await house.training.build()).totals == ()
    house.clock.move(days=14)
    build = await house.training.build()
    assert build.totals == (f"model sketch-1: {K} people", f"size 512 x 768: {K} people")
    assert records.CANARY not in str(build)
    await house.choices.choose(owners[0], Purpose.MODEL_STATISTICS, on=False)
    assert (await house.training.build()).totals == ()
    assert await house.database.tables.dataset_builds.count(Query(owner=build.owner)) == 3


def test_a_build_holds_nothing_of_a_person() -> None:
    assert set(DATA_MAP["dataset_builds"].fields) == {"id", "owner", "images", "totals", "built_at", "version"}
