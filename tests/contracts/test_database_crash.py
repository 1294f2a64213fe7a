"""What is left when the process is killed in the middle of a write: never a half."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from imageroute_app.domain.ports import Query
from tests.contracts import records
from tests.contracts.conftest import Place
from tests.contracts.records import ANN
from tests.mongo_server import ROOT


@contextlib.asynccontextmanager
async def child(how: str, place: Place) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the writing process around a block and kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contracts.crash", how, place.engine, str(place.folder),
        place.uri, place.name, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def next_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(120):
        return (await process.stdout.readline()).decode().strip()


async def test_a_kill_inside_a_transaction_leaves_nothing_of_it(place: Place) -> None:
    database = await place.open()
    await database.tables.ledger.post(records.entry(1, 10))
    async with child("open", place) as process:
        assert await next_line(process) == "inside"
        assert (await database.tables.ledger.wallet(ANN)).available == 10
    assert (await database.tables.ledger.wallet(ANN)).available == 10
    assert await database.tables.ledger.count(Query(owner=ANN)) == 1
    assert await database.tables.jobs.find(Query(owner=ANN)) == []
    assert await database.tables.images.find(Query(owner=ANN, text="violet")) == []
    await database.tables.drafts.add(records.draft())
    successor = await place.open()
    assert (await successor.tables.ledger.post(records.entry(3, -10))).balance_after == 0
    assert await successor.tables.jobs.count(Query(owner=ANN)) == 0


async def test_a_kill_while_writing_loses_nothing_confirmed_and_no_half(place: Place) -> None:
    database = await place.open()
    await database.tables.ledger.post(records.entry(1, 10_000))
    confirmed = 0
    async with child("stream", place) as process:
        while confirmed < 25:
            confirmed = int(await next_line(process))
    entries = await database.tables.ledger.find(Query(owner=ANN, limit=10_000))
    jobs = await database.tables.jobs.count(Query(owner=ANN))
    assert len(entries) - 1 == jobs >= confirmed
    balance = (await database.tables.ledger.wallet(ANN)).available
    assert balance == sum(entry.amount for entry in entries) == 10_000 - jobs
