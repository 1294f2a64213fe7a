"""What every database promises about an erasure, and about copies that outlive it."""

import pytest

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import Query
from tests.contracts import records
from tests.contracts.conftest import Place
from tests.contracts.records import ANN, BOB, CANARY, EVERY_ROW, FAR, fill


@pytest.mark.promise("P47")
async def test_erasing_takes_everything_of_one_person_and_can_be_repeated(place: Place) -> None:
    database = await place.open()
    await fill(database)
    await fill(database, BOB)
    assert await database.erase_rows(ANN) == EVERY_ROW
    assert await database.erase_rows(ANN) == 0
    raw = place.raw()
    assert ANN.encode() not in raw
    assert BOB.encode() in raw
    assert len([row async for row in await database.export_rows(BOB)]) == EVERY_ROW
    with pytest.raises(NotFound):
        await database.tables.people.get(ANN, ANN)
    with pytest.raises(NotFound):
        await database.tables.drafts.add(records.draft())


async def test_an_erasure_that_stopped_before_the_key_is_finished_by_the_next(place: Place) -> None:
    keys = await place.keys()
    database = await place.open(keys)
    await database.tables.drafts.add(records.draft())
    await keys.destroy(ANN)
    assert await database.erase_rows(ANN) == 1
    assert ANN.encode() not in place.raw()


@pytest.mark.promise("P47", "P28")
async def test_a_backup_from_before_the_erasure_cannot_be_read(place: Place) -> None:
    keys = await place.keys()
    database = await place.open(keys)
    await fill(database)
    await fill(database, BOB)
    copy = place.copied()
    await database.erase_rows(ANN)
    restored = await copy.open(keys)
    assert ANN.encode() in copy.raw()
    assert CANARY.encode() not in copy.raw()
    with pytest.raises(NotFound):
        await restored.tables.people.get(ANN, ANN)
    with pytest.raises(NotFound):
        await restored.tables.images.find(Query(owner=ANN, text=CANARY))
    assert await restored.tables.sessions.by_key("token_hash", "hash-1") is None
    swept = await restored.tables.sessions.overdue("expires_at", FAR, 10)
    assert [session.owner for session in swept] == [BOB]
    assert (await restored.tables.people.get(BOB, BOB)).owner == BOB


async def test_rows_are_unreadable_under_any_other_key(place: Place) -> None:
    await fill(await place.open())
    stranger = await place.open(await place.keys("other-keys"))
    with pytest.raises(Unavailable, match="cannot be read"):
        await stranger.tables.drafts.get(ANN, ANN)


async def test_a_backup_can_be_erased_again(place: Place) -> None:
    keys = await place.keys()
    database = await place.open(keys)
    await fill(database)
    copy = place.copied()
    await database.erase_rows(ANN)
    restored = await copy.open(keys)
    assert await restored.erase_rows(ANN) == EVERY_ROW
    assert ANN.encode() not in copy.raw()


async def test_an_erased_image_leaves_no_words_behind(place: Place) -> None:
    database = await place.open()
    await database.tables.images.add(records.image(1, prompt="one unrepeated prompt"))
    assert place.tokens() > 0
    await database.tables.images.delete(records.an_id(1), ANN)
    assert place.tokens() == 0
