"""Signed-in tabs on one node of one and of two web workers, which meet in Redis with a job worker: events, memory, a flood.

Run alone with `python -m bench scale`. Two workers need a redis-server; without one their rows say so.
"""

import asyncio
import base64
import contextlib
import os
import secrets
import statistics
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from bench.rows import Row, limited
from bench.server import PEOPLE, ROUNDS, SET_QUERY, cookie_header, crowd, events_ms, resident_mb, round_ms
from bench.site import SETTINGS, sign_up
from tests.adapters.redis_server import BINARY, running_redis
from tests.product import Product
from tests.sockets import RawSocket, open_socket

GOAL_MS, GOAL_MB = 300, 1024
TABS, TABS_GOAL_MS, TABS_ROUNDS = 250, 1000, 5
FLOOD, FLOODS, FLOOD_GOAL = 2_000, 4, 2.0
DRIED_S = 5
"""After this nothing of a flood waits any more."""


async def rows() -> list[Row]:
    """Return the rows of this file."""
    with tempfile.TemporaryDirectory() as made:
        found = [machine(), *await node_rows("one worker", Product(Path(made) / "one", settings=SETTINGS))]
        if BINARY is None:
            return [*found, Row(name="100 tabs, two web workers", value="no redis-server here")]
        async with running_redis() as redis:
            settings = {
                **SETTINGS,
                "REDIS_URL": redis.url,
                "MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "WEB_WORKERS": "2",
                "JOBS_APART": "1",
            }
            product = Product(Path(made) / "two", settings=settings)
            async with job_worker(product):
                return [*found, *await node_rows("two web workers, a job worker", product)]


def machine() -> Row:
    """Return the row that says what else the machine was doing."""
    load, _, _ = os.getloadavg()
    return Row(name="the machine: processors, load before the start", value=f"{os.cpu_count()}, {load:.1f}")


async def node_rows(name: str, product: Product) -> list[Row]:
    """Start the node, sign people in, let all press at once; returns what that took."""
    await product.start()
    cookies = [cookie_header((await sign_up(product.url))[1]) for _ in range(PEOPLE)]
    before_s = cpu_s(family(product))
    async with crowd(product.url, cookies) as sockets:
        times_ms, unanswered = await events_ms(sockets)
        busy_mb = sum(map(resident_mb, family(product)))
        spread = spread_of(product)
    spent_ms = (cpu_s(family(product)) - before_s) * 1000 / (PEOPLE * ROUNDS + PEOPLE)
    more = [*await tabs_rows(product.url, cookies), await flood_row(product.url, cookies)]
    await product.stop()
    return [
        limited(f"100 tabs, {name}: event p95", p95(times_ms), "ms", GOAL_MS, digits=1),
        Row(name="  event median", value=f"{statistics.median(times_ms):.1f} ms"),
        Row(name="  processor time an event, all processes", value=f"{spent_ms:.1f} ms"),
        limited("  events without an answer", unanswered, f"of {PEOPLE * ROUNDS}", 0),
        limited("  memory of all its processes", busy_mb, "MB", GOAL_MB),
        Row(name="  of those the processes above 60 MB", value=", ".join(f"{mb:.0f}" for mb in spread)),
        *more,
    ]


async def tabs_rows(url: str, cookies: Sequence[str]) -> list[Row]:
    """Let more tabs than people press at once: everybody has several."""
    tabs = [cookies[number % len(cookies)] for number in range(TABS)]
    async with crowd(url, tabs) as sockets:
        times_ms, unanswered = await events_ms(sockets, TABS_ROUNDS)
    return [
        limited(f"  {TABS} tabs: event p95", p95(times_ms), "ms", TABS_GOAL_MS, digits=1),
        limited(f"  {TABS} tabs: events without an answer", unanswered, f"of {TABS * TABS_ROUNDS}", 0),
    ]


async def flood_row(url: str, cookies: Sequence[str]) -> Row:
    """Let all press with and without a tab beside them that sends as fast as it can, in turns."""
    flooder, *others = cookies
    calm, flooded = list[float](), list[float]()
    async with crowd(url, others) as sockets:
        for _ in range(FLOODS):
            await asyncio.sleep(DRIED_S)
            calm += await round_ms(sockets)
            async with open_socket(url, str(uuid.uuid4()), cookie=flooder) as tab:
                flood = asyncio.create_task(send_flood(tab))
                flooded += await round_ms(sockets)
                await flood
    ratio, lost = p95(flooded) / p95(calm), len(others) * FLOODS - len(flooded)
    return Row(
        name=f"  {FLOOD:,} events of one tab beside them: event p95",
        value=f"{p95(flooded):.1f} ms" + (f", {lost} lost" if lost else ""),
        ratio=ratio,
        goal=f"< {FLOOD_GOAL:.2f}x without, none lost",
        met=ratio < FLOOD_GOAL and not lost,
    )


async def send_flood(tab: RawSocket) -> None:
    """Send until all is sent or the server has had enough."""
    with contextlib.suppress(ConnectionClosed):
        for number in range(FLOOD):
            await tab.send_event(SET_QUERY, {"query": f"flood{number}"}, path="/gallery")
            await asyncio.sleep(0)


def p95(times_ms: Sequence[float]) -> float:
    """Return the time that one in twenty exceeds."""
    return statistics.quantiles(times_ms, n=20)[-1]


@contextlib.asynccontextmanager
async def job_worker(product: Product) -> AsyncIterator[None]:
    """Run the process that takes jobs, as compose does."""
    worker = await product.start_worker()
    product_workers[product.data_dir] = worker.pid
    try:
        yield
    finally:
        worker.terminate()
        await worker.wait()


product_workers: dict[Path, int] = {}
"""Job workers by the data folder of their product; they are no children of its process."""


def family(product: Product) -> list[int]:
    """Return the ids of every process of an installation."""
    assert product.process is not None
    roots = [product.process.pid, *filter(None, [product_workers.get(product.data_dir)])]
    return [pid for root in roots for pid in _descended(root)]


def _descended(pid: int) -> list[int]:
    found = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [one for child in file.read_text().split() for one in _descended(int(child))]
    return found


def cpu_s(pids: Sequence[int]) -> float:
    """Return the processor seconds, user and system, that these processes have spent (proc(5): fields 14 and 15)."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def spread_of(product: Product) -> list[float]:
    """Return the memory of the large processes, largest first."""
    return sorted((mb for mb in map(resident_mb, family(product)) if mb > 60), reverse=True)
