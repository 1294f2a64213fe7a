"""What is particular to MongoDB and needs no server: addresses that are refused, and the plan of its indexes."""

import gc
from dataclasses import dataclass, replace

import pytest

from imageroute_app.adapters.database.mongo.connection import connect
from imageroute_app.adapters.database.mongo.database import open_mongo
from imageroute_app.adapters.database.mongo.indexes import lists_of, planned
from imageroute_app.domain.data_map import DATA_MAP, Basis, Category, Protection, Table
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.jobs import Attempt, Job
from tests.adapters.test_database_sealing import Keys
from tests.contracts.records import NOW

HOST = "mongodb://127.0.0.1:9"


@pytest.mark.parametrize("weak", ["w=1", "w=0", "journal=false", "w=majority&journal=false"])
def test_an_address_that_asks_for_weaker_writes_is_refused(weak: str) -> None:
    with pytest.raises(Unavailable, match="w=majority"):
        connect(f"{HOST}/?{weak}", "imageroute")


@pytest.mark.parametrize("wrong", ["http://127.0.0.1", "mongodb://127.0.0.1:99999", "mongodb://"])
def test_an_address_that_is_none_is_named_as_the_setting(wrong: str) -> None:
    with pytest.raises(Unavailable, match="IMAGEROUTE_MONGODB_URI"):
        connect(wrong, "imageroute")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await open_mongo(HOST, "imageroute", Keys(), lambda: NOW, timeout_ms=50)
    gc.collect()  # pymongo leaves the socket of a connection under way to the collector


def test_every_promise_of_the_data_map_has_its_index() -> None:
    for table in DATA_MAP.values():
        documents = [index.document for index in planned(table)]
        unique = [tuple(d["key"]) for d in documents if d.get("unique")]
        assert unique == [(key,) for key in table.keys] + [("owner", key) for key in table.unique]
        ends = [tuple(d["key"]) for d in documents if "expireAfterSeconds" in d]
        assert ends == ([(table.expires,)] if table.expires else [])
        keys = [tuple(d["key"]) for d in documents]
        assert len(set(keys)) == len(keys)


def test_no_index_holds_two_lists() -> None:
    assert lists_of(Job) == {"image_ids"}
    assert lists_of(Attempt) == {"notes"}

    @dataclass
    class Album:
        owner: tuple[str, ...]
        words: tuple[str, ...]

    table = Table(
        record=Album, category=Category.IMAGES, purpose="", basis=Basis.CONTRACT, kept="",
        fields=dict.fromkeys(("owner", "words"), Protection.PLAIN),
    )  # fmt: skip
    assert planned(table)
    with pytest.raises(ValueError, match="two lists"):
        planned(replace(table, filters=("words",)))
