"""What is particular to MongoDB and needs a server: its indexes as made, and the plan of a page and of a search."""

import asyncio
import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from pymongo import MongoClient
from pymongo.database import Database as Store
from pymongo.errors import WriteError

from imageroute_app.adapters.database.mongo.schemas import validator_of
from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Tables
from imageroute_app.services.archive_build import DELETED
from imageroute_app.services.archives import PICTURES_MAX
from tests.contracts import records
from tests.contracts.conftest import Place
from tests.contracts.records import ANN, CANARY

pytestmark = pytest.mark.parametrize("place", ["new mongo"], indirect=True)


@contextlib.contextmanager
def store_of(place: Place) -> Iterator[Store[dict[str, Any]]]:
    with contextlib.closing(MongoClient[dict[str, Any]](place.uri)) as client:
        yield client[place.name]


async def test_opening_twice_makes_the_indexes_once(place: Place) -> None:
    await place.open()
    await place.open()
    with store_of(place) as store:
        sessions = store["sessions"].index_information()
        assert sessions["expires_at_1"]["expireAfterSeconds"] == 0
        assert sessions["token_hash_1"]["unique"] is True
        assert store["jobs"].index_information()["owner_1_quote_id_1"]["unique"] is True
        assert "expireAfterSeconds" not in store["quotes"].index_information()["expires_at_1"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [({"owner": ANN}, "owner_1__id_-1"), ({"owner": ANN, "trashed": False}, "owner_1_trashed_1__id_-1")],
)
async def test_a_page_walks_its_index(place: Place, wanted: dict[str, Any], index: str) -> None:
    database = await place.open()
    await database.tables.images.add(records.image())
    with store_of(place) as store:
        assert "owner_1_image_tokens_1__id_-1" in store["images"].index_information()
        plan = store["images"].find(wanted).sort("_id", -1).limit(5).explain()["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in str(plan)
    assert index in str(plan)


async def test_no_question_that_a_service_can_ask_reads_a_whole_collection(place: Place) -> None:
    """By explain, for every filter, key and date that DATA_MAP allows a query for."""
    await records.fill(await place.open())
    slow: list[str] = []
    with store_of(place) as store:
        for name, table in DATA_MAP.items():
            pages = [{"owner": ANN}, *({"owner": ANN, field: "x"} for field in (*table.filters, *table.unique))]
            alone = [{key: "x"} for key in table.keys] + [{date: {"$lte": records.NOW}} for date in table.dates]
            asked = [store[name].find(one).sort("_id", -1).limit(5) for one in pages]
            asked += [store[name].find(one).limit(5) for one in alone]
            for wanted, cursor in zip((*pages, *alone), asked, strict=True):
                if "COLLSCAN" in str(cursor.explain()["queryPlanner"]["winningPlan"]):
                    slow.append(f"{name}: {sorted(wanted)}")
    assert slow == []


async def test_a_record_of_every_table_fits_and_what_is_no_record_is_refused(place: Place) -> None:
    """The server holds every collection to its table: nothing clear in a sealed field, nothing unknown, nobody's document."""
    database = await place.open()
    await records.fill(database)
    taken: list[str] = []
    with store_of(place) as store:
        for name, table in DATA_MAP.items():
            good = store[name].find_one()
            assert good is not None, name
            new = {
                "_id": "new",
                **{key: f"{value}2" for key, value in good.items() if key in (*table.keys, *table.unique)},
            }
            wrongs: list[dict[str, Any]] = [{"shoe_size": 42}, {"owner": None}, {"version": "1"}]
            wrongs += [{field: CANARY} for field, how in table.fields.items() if how is Protection.SEALED]
            for wrong in wrongs:
                with contextlib.suppress(WriteError):
                    store[name].insert_one({**good, **new, **wrong})
                    taken.append(f"{name}: {wrong}")
                with contextlib.suppress(WriteError):
                    store[name].update_one({"_id": good["_id"]}, {"$set": wrong})
                    taken.append(f"{name}, changed: {wrong}")
            assert store[name].count_documents({}) == 1
    assert taken == []


async def test_a_refused_document_is_told_without_what_it_holds(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    database = await place.open()
    with pytest.raises(TypeError, match="DATA_MAP") as caught:
        await database.tables.drafts.add(replace(records.draft(), version=cast("int", CANARY)))
    assert CANARY not in "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "document_refused" in caplog.text
    assert place.documents() == []


async def test_validators_come_to_an_older_database_and_old_documents_can_still_be_changed(place: Place) -> None:
    first = await place.open()
    await first.tables.drafts.add(records.draft())
    with store_of(place) as store:
        store.command("collMod", "drafts", validator={}, validationLevel="strict")
        store["drafts"].update_one({}, {"$set": {"of_an_older_release": 1}})
        again = await place.open()
        await again.tables.drafts.update(replace(records.draft(), form="{}"))
        options = store["drafts"].options()
        assert options["validator"] == validator_of(DATA_MAP["drafts"])
        assert (options["validationLevel"], options["validationAction"]) == ("moderate", "error")
        with pytest.raises(WriteError):
            store["drafts"].insert_one({"_id": "x", "owner": "x"})


async def test_sessions_are_noted_while_a_process_lives_and_a_living_one_is_left_alone(place: Place) -> None:
    database = await place.open()
    inside, done = asyncio.Event(), asyncio.Event()

    async def work(tables: Tables) -> None:
        await tables.drafts.add(records.draft())
        inside.set()
        await done.wait()

    task = asyncio.create_task(database.transact(work))
    await inside.wait()
    await place.open()
    assert [row["_id"].partition(":")[0] for _, row in place.documents()] == ["transactions"]
    done.set()
    await task
    assert (await database.tables.drafts.get(ANN, ANN)).owner == ANN
    await database.close()
    assert [name for name, _ in place.documents()] == ["drafts"]


async def test_times_lie_as_dates_so_that_they_can_expire(place: Place) -> None:
    database = await place.open()
    await database.tables.sessions.add(records.session())
    ((_, row),) = place.documents()
    assert row["expires_at"] == records.LATER.replace(microsecond=123_000, tzinfo=None)


async def test_the_largest_archive_that_is_allowed_fits_and_what_does_not_is_refused_in_words(place: Place) -> None:
    """A document has 16 MB: every picture named, and every one of them missing, is the most that an archive holds."""
    archives = (await place.open()).tables.archives
    ids = tuple(records.an_id(number) for number in range(PICTURES_MAX))
    largest = replace(records.archive(), image_ids=ids, gaps=tuple(f"{one} {DELETED}" for one in ids))
    await archives.add(largest)
    stored = await archives.get(largest.id, ANN)
    assert (stored.image_ids, stored.gaps) == (largest.image_ids, largest.gaps)
    with pytest.raises(InvalidInput, match="Choose less"):
        await archives.add(replace(largest, id=records.an_id(2), title="x" * 16 * 1024 * 1024))
    with pytest.raises(InvalidInput, match="Choose less"):
        await archives.update(replace(stored, title="x" * 16 * 1024 * 1024))
    assert await archives.get(largest.id, ANN) == stored
