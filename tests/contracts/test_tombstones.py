"""What every keeper of tombstones promises: a mark that was written stays, once, and is there after a new start."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from imageroute_app.adapters.keys.mongo_tombstones import MongoTombstones
from imageroute_app.adapters.keys.tombstones import FileTombstones
from tests.contracts.records import NOW
from tests.mongo_server import RUN

Open = Callable[[], FileTombstones | MongoTombstones]


@pytest.fixture(params=["files", "mongo"])
async def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Return what opens the same tombstones, as another process would."""
    opened: list[FileTombstones | MongoTombstones] = []
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else ""
    name = f"{RUN}_{secrets.token_hex(4)}_marks"

    def again() -> FileTombstones | MongoTombstones:
        opened.append(FileTombstones(tmp_path / "marks") if not uri else MongoTombstones(uri, name))
        return opened[-1]

    yield again
    for one in opened:
        await one.close()


async def test_a_mark_stays_and_another_process_sees_it(open_again: Open) -> None:
    here = open_again()
    assert await here.marks() == frozenset()
    await here.add(["a" * 64], NOW)
    await here.add(["b" * 64], NOW + timedelta(days=1))
    assert await here.marks() == await open_again().marks() == {"a" * 64, "b" * 64}


async def test_a_mark_that_is_there_is_harmless(open_again: Open) -> None:
    marks = open_again()
    for day in range(3):
        await marks.add(["a" * 64], NOW + timedelta(days=day))
    assert await marks.marks() == {"a" * 64}


@pytest.mark.promise("P47")
async def test_marks_go_after_their_days_and_no_others(open_again: Open) -> None:
    here, there = open_again(), open_again()
    await here.add(["a" * 64, "b" * 64], NOW)
    await there.add(["c" * 64], NOW + timedelta(days=1))
    assert await here.drop(before=NOW) == 0
    assert await there.drop(before=NOW + timedelta(days=1)) == 2
    await here.add(["d" * 64], NOW)
    assert await here.marks() == await there.marks() == {"c" * 64, "d" * 64}


async def test_marks_that_come_at_once_all_stay(open_again: Open) -> None:
    marks, wanted = open_again(), {f"{number:064x}" for number in range(20)}
    await asyncio.gather(*(marks.add([mark], NOW) for mark in wanted))
    assert await marks.marks() == wanted
