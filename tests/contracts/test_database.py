"""What every database promises about records: ownership, pages, unique keys, versions, sealing."""

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from imageroute_app.domain.data_map import DATA_MAP, SYSTEM_TABLES
from imageroute_app.domain.errors import Conflict, Duplicate, NotAllowed, NotFound
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.ports import Database, Query
from tests.contracts import records
from tests.contracts.conftest import Place
from tests.contracts.records import (
    ANN,
    BOB,
    CANARY,
    LATER,
    MADE,
    NOW,
    an_id,
    fill,
    repository,
)


def as_kept(record: Any) -> Any:
    """Return the record with times cut to milliseconds, as every database keeps them."""
    cut: dict[str, Any] = {}
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        if isinstance(value, datetime):
            cut[item.name] = value.replace(microsecond=value.microsecond // 1000 * 1000)
    return replace(record, **cut)


@pytest.mark.parametrize("name", MADE)
async def test_a_record_comes_back_as_it_was(database: Database, name: str) -> None:
    record = MADE[name]()
    await repository(database, name).add(record)
    found = await repository(database, name).get(record.id, record.owner)
    hashed = {
        field: getattr(found, field)
        for field, protection in DATA_MAP[name].fields.items()
        if protection.startswith("keyed")
    }
    assert all(value.startswith("hmac:") for value in hashed.values())
    assert found == replace(as_kept(record), **hashed)


@pytest.mark.promise("P32")
@pytest.mark.parametrize("name", MADE)
async def test_nobody_reaches_the_record_of_another(database: Database, name: str) -> None:
    record = MADE[name]()
    rows = repository(database, name)
    await rows.add(record)
    with pytest.raises(NotFound):
        await rows.get(record.id, BOB)
    with pytest.raises(Conflict):
        await rows.update(replace(record, owner=BOB))
    assert await rows.delete(record.id, BOB) is False
    assert await rows.find(Query(owner=BOB)) == []
    assert await rows.count(Query(owner=BOB)) == 0
    assert (await rows.get(record.id, ANN)).owner == ANN


async def test_some_records_are_found_by_their_ids(database: Database) -> None:
    for number, owner in ((1, ANN), (2, ANN), (3, BOB), (4, ANN)):
        await database.tables.images.add(records.image(number, owner))
    ids = tuple(an_id(number) for number in (1, 3, 4, 9))
    some = Query(owner=ANN, equals={"id": ids, "trashed": False})
    assert [image.id for image in await database.tables.images.find(some)] == [an_id(4), an_id(1)]
    assert [image.id for image in await database.tables.images.find(replace(some, after=an_id(4)))] == [an_id(1)]
    assert await database.tables.images.count(some) == 2


async def test_pages_go_newest_first_whatever_the_order_of_writing(database: Database) -> None:
    numbers = [number * 37 % 200 for number in range(200)]

    async def add(tables: Any) -> None:
        for number in numbers:
            await tables.sessions.add(records.session(number, (ANN, BOB)[number % 2]))

    await database.transact(add)
    seen: list[str] = []
    after = ""
    while page := await database.tables.sessions.find(Query(owner=BOB, after=after, limit=7)):
        seen += [session.id for session in page]
        after = page[-1].id
    assert seen == [an_id(number) for number in range(199, 0, -2)]
    assert await database.tables.sessions.count(Query(owner=BOB)) == 100


async def test_filters_hold_together_and_one_of_several_is_enough(database: Database) -> None:
    for number, state in enumerate(JobState, start=1):
        await database.tables.jobs.add(records.job(number, state=state))
    wanted = Query(owner=ANN, equals={"state": (JobState.QUEUED, JobState.RUNNING)})
    assert [job.id for job in await database.tables.jobs.find(wanted)] == [an_id(2), an_id(1)]
    assert await database.tables.jobs.count(wanted) == 2
    for number in range(1, 9):
        await database.tables.images.add(records.image(number, trashed=number % 3 == 0))
    both = Query(owner=ANN, equals={"trashed": False, "job_id": an_id(1)})
    found = await database.tables.images.find(both)
    assert [image.id for image in found] == [an_id(number) for number in (7, 5, 4)]


async def test_a_page_without_a_bound_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="at least one"):
        await database.tables.jobs.find(Query(owner=ANN, limit=0))


async def test_a_filter_that_was_not_declared_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="DATA_MAP"):
        await database.tables.images.find(Query(owner=ANN, equals={"prompt": "x"}))
    with pytest.raises(ValueError, match="DATA_MAP"):
        await database.tables.images.by_key("sha256", "x")
    with pytest.raises(ValueError, match="DATA_MAP"):
        await database.tables.images.overdue("created_at", NOW, 1)


@pytest.mark.parametrize("name", [name for name in MADE if DATA_MAP[name].keys])
async def test_a_global_key_is_taken_for_everyone(database: Database, name: str) -> None:
    rows, first = repository(database, name), MADE[name]()
    await rows.add(first)
    keys = DATA_MAP[name].keys
    for key in keys:
        others = {other: f"other-{other}" for other in keys if other != key}
        with pytest.raises(Duplicate):
            await rows.add(replace(MADE[name](), id=BOB, owner=BOB, **others))
    assert await rows.count(Query(owner=BOB)) == 0


@pytest.mark.parametrize("name", [name for name in MADE if DATA_MAP[name].unique])
async def test_an_owned_key_is_taken_for_its_owner_only(database: Database, name: str) -> None:
    rows, first = repository(database, name), MADE[name]()
    await rows.add(first)
    with pytest.raises(Duplicate):
        await rows.add(replace(first, id=an_id(99)))
    await rows.add(replace(first, id=an_id(98), owner=BOB))
    others = {key: 99 if isinstance(getattr(first, key), int) else "other" for key in DATA_MAP[name].unique}
    with pytest.raises(Duplicate):
        await rows.add(replace(first, **others))


async def test_a_changed_key_can_be_taken_too(database: Database) -> None:
    await database.tables.quotes.add(records.quote(1, slot="one"))
    await database.tables.quotes.add(records.quote(2, slot="two"))
    with pytest.raises(Duplicate):
        await database.tables.quotes.update(records.quote(2, slot="one"))
    await database.tables.quotes.update(records.quote(1, slot="three"))
    await database.tables.quotes.update(records.quote(2, slot="one"))


async def test_a_stale_version_is_refused(database: Database) -> None:
    await database.tables.images.add(records.image())
    first = await database.tables.images.get(an_id(1), ANN)
    second = await database.tables.images.update(replace(first, favourite=True))
    assert second == replace(first, favourite=True, version=1)
    assert await database.tables.images.get(an_id(1), ANN) == second
    with pytest.raises(Conflict):
        await database.tables.images.update(replace(first, favourite=False))
    with pytest.raises(Conflict):
        await database.tables.images.update(records.image(2))


async def test_a_person_is_found_by_the_email_before_and_after_a_change(database: Database) -> None:
    person = records.person()
    await database.tables.people.add(person)
    found = await database.tables.people.by_key("email_key", person.email_key)
    assert found is not None
    assert found.email == person.email
    await database.tables.people.update(replace(found, full_name="New"))
    again = await database.tables.people.by_key("email_key", person.email_key)
    assert again is not None
    assert (again.full_name, again.email_key) == ("New", found.email_key)
    assert await database.tables.people.by_key("email_key", found.email_key) == again
    assert await database.tables.people.by_key("email_key", "nobody@example.com") is None


async def test_a_hashed_slot_can_be_filtered_by_its_text(database: Database) -> None:
    await database.tables.quotes.add(records.quote(1, slot="ann's"))
    await database.tables.quotes.add(records.quote(2, BOB, slot="ann's"))
    ann, bob = [
        (await database.tables.quotes.find(Query(owner=owner, equals={"slot": "ann's"})))[0] for owner in (ANN, BOB)
    ]
    assert (ann.id, bob.id) == (an_id(1), an_id(2))
    assert ann.slot != bob.slot  # the hash dies with the person's key


async def test_overdue_gives_the_oldest_first_of_everyone(database: Database) -> None:
    for number, minutes in enumerate((30, 10, 20, 40), start=1):
        ends = NOW + timedelta(minutes=minutes)
        await database.tables.sessions.add(records.session(number, (ANN, BOB)[number % 2], ends))
    found = await database.tables.sessions.overdue("expires_at", NOW + timedelta(minutes=30), 10)
    assert [session.id for session in found] == [an_id(2), an_id(3), an_id(1)]
    await database.tables.images.add(records.image())
    assert await database.tables.images.overdue("purge_at", LATER, 10) == []


async def test_times_of_any_zone_are_kept_and_naive_ones_refused(database: Database) -> None:
    here = datetime(2026, 3, 1, 1, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=5)))
    await database.tables.sessions.add(records.session(expires_at=here))
    found = (await database.tables.sessions.get(an_id(1), ANN)).expires_at
    assert found == datetime(2026, 2, 28, 20, 0, 0, 999_000, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)
    with pytest.raises(ValueError, match="zone"):
        await database.tables.sessions.add(records.session(2, expires_at=here.replace(tzinfo=None)))


async def test_the_ledger_is_append_only(database: Database) -> None:
    posted = await database.tables.ledger.post(records.entry(1, 5))
    for attempt in (
        database.tables.ledger.add(records.entry(2, 5)),
        database.tables.ledger.update(posted),
        database.tables.ledger.delete(posted.id, ANN),
    ):
        with pytest.raises(NotAllowed):
            await attempt


async def test_export_yields_every_record_of_the_person_and_nobody_elses(database: Database) -> None:
    await fill(database)
    await fill(database, BOB)
    for number in range(10, 220):
        await database.tables.attempts.add(records.attempt(number))
    rows = [row async for row in await database.export_rows(ANN)]
    assert {name for name, _ in rows} == set(DATA_MAP)
    assert {type(record) for _, record in rows} == {table.record for table in DATA_MAP.values()}
    assert {getattr(record, "owner", "") for _, record in rows} == {ANN}
    assert sum(name == "attempts" for name, _ in rows) == 211


@pytest.mark.promise("P28", "P10")
async def test_nothing_lies_in_clear_from_the_first_row_on(place: Place) -> None:
    database = await place.open()
    await fill(database)
    raw = place.raw()
    assert ANN.encode() in raw
    for text in (CANARY, CANARY.upper(), "Example.com", "example.com", "Ünï fern", "a fern"):
        assert text.encode() not in raw


@pytest.mark.promise("P1")
async def test_everything_stored_is_in_the_data_map(place: Place) -> None:
    database = await place.open()
    await fill(database)
    await database.check()
    known = set(DATA_MAP) | set(SYSTEM_TABLES)
    for name, columns in stored(place).items():
        assert name in known
        if name in DATA_MAP:
            assert columns - set(SYSTEM_TABLES) == set(DATA_MAP[name].fields)


def stored(place: Place) -> dict[str, set[str]]:
    """Return every table or collection with its columns or fields."""
    if place.engine == "mongo":
        return {name: {"id" if field == "_id" else field for field in row} for name, row in place.documents()}
    return place.columns()


async def test_check_writes_and_can_be_repeated(database: Database) -> None:
    await database.check()
    await database.check()


async def test_a_swept_page_leaves_out_whose_key_is_gone(place: Place) -> None:
    keys = await place.keys()
    database = await place.open(keys)
    await database.tables.sessions.add(records.session(1, ANN))
    await database.tables.sessions.add(records.session(2, BOB))
    await keys.destroy(ANN)
    found = await database.tables.sessions.overdue("expires_at", LATER, 10)
    assert [session.owner for session in found] == [BOB]
    assert await database.tables.sessions.by_key("token_hash", "hash-1") is None


async def test_a_walk_visits_everyone_and_passes_by_whose_key_is_gone(place: Place) -> None:
    keys = await place.keys()
    database = await place.open(keys)
    for number, owner in enumerate((ANN, ANN, BOB), start=1):
        await database.tables.sessions.add(records.session(number, owner))
    await keys.destroy(ANN)
    (found,) = await database.tables.sessions.walk("", 1)
    assert found.owner == BOB
    assert await database.tables.sessions.walk(found.id, 1) == []


async def test_a_table_is_found_by_its_name(database: Database) -> None:
    await fill(database)
    for name in DATA_MAP:
        assert await database.tables.named(name).count(Query(owner=ANN)) == 1
    with pytest.raises(KeyError):
        database.tables.named("alembic_version")


async def test_raw_rows_are_what_lies_there_and_of_that_person_only(place: Place) -> None:
    database = await place.open()
    await fill(database)
    raw = await database.raw_rows(ANN, 5)
    assert ANN.encode() in raw
    assert CANARY.encode() not in raw
    assert b"sketch-1" in raw
    assert ANN.encode() not in await database.raw_rows(BOB, 5)
