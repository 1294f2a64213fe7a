"""Our time around a company's answer: a whole generation over the real provider against one httpx call to the same emulator.

The emulator is a process of its own and waits as long as the prompt says. The picture's own CPU is left out here (the
section "pictures" reports it): imaging hands out a finished picture at once.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bench.pictures import open_house
from bench.rows import Row, limited
from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.domain.jobs import Failover, JobState, Level, Request, Rule
from imageroute_app.settings import ROOT
from tests.emulators.kit import Reply, Seen, served
from tests.emulators.openai_compat import KEY, OpenAICompatEmulator
from tests.services.conftest import House

PAIRS, CROWD, SPREAD_S = 30, 100, 10.0
REQUEST = Request(
    prompt="", provider="openai", model="gpt-image-2-low", width=1024, height=1024,
    rule=Rule(level=Level.ANY, failover=Failover.NEVER),
)  # fmt: skip


@dataclass
class Patient(OpenAICompatEmulator):
    """Waits as many seconds as the prompt's last word says."""

    async def reply(self, seen: Seen) -> Reply:
        """Wait, then answer."""
        await asyncio.sleep(float(str(seen.json["prompt"]).split()[-1]))
        return await super().reply(seen)


async def serve() -> None:
    """Serve the emulator until the process is ended; prints its address first."""
    emulator = Patient(dialect="openai")
    async with served(emulator):
        print(emulator.url, flush=True)
        await asyncio.Event().wait()


@contextlib.contextmanager
def vendor() -> Iterator[str]:
    """Run the emulator in a process of its own."""
    command = [sys.executable, "-m", "bench.routing"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def rows() -> list[Row]:
    """Return the rows of this file."""
    with tempfile.TemporaryDirectory() as folder, vendor() as origin:
        house = await open_house(Path(folder))
        owner = await house.person()
        person = await house.accounts.person(owner)
        await house.database.tables.people.update(replace(person, email_verified_at=house.clock()))
        catalogue = read_catalogue(ROOT / "imageroute_app/adapters/providers/openai.toml")
        provider = OpenAICompatProvider(catalogue, Opening(key=KEY, url=f"{origin}/v1"))
        house.routing.providers["openai"] = provider
        async with httpx.AsyncClient(
            base_url=f"{origin}/v1/", headers={"Authorization": f"Bearer {KEY}"}, timeout=60
        ) as client:
            one = await alone(house, owner, client)
            many = await together(house, owner, client)
        await provider.close()
        await house.database.close()
    return [
        limited("generation over a company beyond one httpx call, 1 in flight", one, "ms", 15, digits=1),
        limited("generation over a company beyond one httpx call, 100 in flight", many, "ms", 15, digits=1),
    ]


async def alone(house: House, owner: str, client: httpx.AsyncClient) -> float:
    """Return the median of ours less a direct call, measured in turns."""
    beyond = list[float]()
    for number in range(PAIRS):
        prompt = f"number {number} 0.05"
        direct = await direct_s(client, prompt)
        beyond.append((await ours_s(house, owner, prompt) - direct) * 1000)
    return statistics.median(beyond)


async def together(house: House, owner: str, client: httpx.AsyncClient) -> float:
    """Return the median of ours less a direct call with 100 in flight whose answers are spread over 10 s."""
    direct = await asyncio.gather(*(later(number, direct_s, client) for number in range(CROWD)))
    ours = await asyncio.gather(*(later(number, ours_s, house, owner) for number in range(CROWD)))
    return statistics.median((our - other) * 1000 for our, other in zip(ours, direct, strict=True))


async def later(number: int, ask: Callable[..., Awaitable[float]], *who: object) -> float:
    """Begin a tenth of a second after the one before and wait 10 s, so that 100 are in flight and answers are spread."""
    await asyncio.sleep(SPREAD_S * number / CROWD)
    return await ask(*who, f"{ask.__name__} {number} {SPREAD_S}")


async def direct_s(client: httpx.AsyncClient, prompt: str) -> float:
    """Return the seconds of one call, its answer read."""
    begun = time.perf_counter()
    body = {"model": "gpt-image-2", "prompt": prompt, "n": 1, "size": "1024x1024", "quality": "low"}
    answer = await client.post("images/generations", json=body)
    assert answer.json()["data"]
    return time.perf_counter() - begun


async def ours_s(house: House, owner: str, prompt: str) -> float:
    """Return the seconds from submission to the final row."""
    begun = time.perf_counter()
    job = await house.job(owner, replace(REQUEST, prompt=prompt))
    await house.runner.run(job.id)
    spent = time.perf_counter() - begun
    assert (await house.jobs.job(owner, job.id)).state is JobState.SUCCEEDED
    return spent


if __name__ == "__main__":
    asyncio.run(serve())
