"""A process of its own that writes until it is killed: `python -m tests.contracts.crash <how> <engine> <folder> <uri> <name>`.

"open" stops inside a transaction and says so; "stream" commits one hold with its job after the other and counts aloud.
"""

import asyncio
import sys
from pathlib import Path

from imageroute_app.domain.ports import Database, Tables
from tests.contracts import records
from tests.contracts.conftest import Place


async def stay_inside(database: Database) -> None:
    async def work(tables: Tables) -> None:
        await tables.ledger.post(records.entry(2, -6))
        await tables.jobs.add(records.job(1))
        await tables.images.add(records.image(1, prompt="violet"))
        print("inside", flush=True)  # noqa: T201  # how the test hears of it
        await asyncio.Event().wait()

    await database.transact(work)


async def stream(database: Database) -> None:
    for number in range(100, 10_000):

        async def work(tables: Tables, number: int = number) -> None:
            await tables.ledger.post(records.entry(number, -1))
            await tables.jobs.add(records.job(number))

        await database.transact(work)
        print(number - 99, flush=True)  # noqa: T201  # how the test hears of it


async def main(how: str, engine: str, folder: str, uri: str, name: str) -> None:
    place = Place(engine=engine, folder=Path(folder), uri=uri, name=name)
    await {"open": stay_inside, "stream": stream}[how](await place.open())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
