"""What the process costs: start, restart after a kill, memory idle and per connected person, events of 100 people."""

import asyncio
import contextlib
import itertools
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench.rows import Row, limited
from bench.site import SETTINGS, sign_up
from bench.slow import SlowProduct
from tests.product import Product
from tests.sockets import RawSocket, open_socket

STARTS = 5
PEOPLE, WARM, CROWDS, ROUNDS = 100, 30, 3, 20
EXPIRY_S = 5
BETWEEN_S = 0.3  # all come from one address here, which may send 500 events a second
SET_QUERY = "reflex___state____state.imageroute_app___state___gallery____gallery_state.set_query"
PING, PONG = "2", "3"
_queries = itertools.count(1)


async def rows() -> list[Row]:
    """Return the rows of this file."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        return [
            *await start_rows(Product(folder / "start", settings=SETTINGS)),
            *await memory_rows(SlowProduct(folder / "memory", settings=SETTINGS, state_expiry_s=EXPIRY_S)),
            *await event_rows(Product(folder / "events", settings=SETTINGS)),
            Row(name="100 people, growth of memory in an hour", value="make soak", goal="<= 5 %/h"),
        ]


async def start_rows(product: Product) -> list[Row]:
    """Measure starts of the built product, starts after a kill, and what it holds before anybody came."""
    starts, restarts, idle, workers = list[float](), list[float](), list[float](), list[float]()
    await product.start()
    await product.stop()
    for _ in range(STARTS):
        starts.append(await seconds_to_serve(product))
        await asyncio.sleep(2)
        server_mb, *worker_mb = tree_mb(product)
        idle.append(server_mb)
        workers.append(sum(worker_mb))
        await product.kill()
        restarts.append(await seconds_to_serve(product))
        await product.stop()
    return [
        limited("start of the built product", statistics.median(starts), "s", 2, digits=2),
        limited("serving again after kill -9", statistics.median(restarts), "s", 3, digits=2),
        limited("memory, idle, the server", statistics.median(idle), "MB", 120),
        Row(name="memory, idle, the processes that draw and check", value=f"{statistics.median(workers):.0f} MB"),
    ]


async def seconds_to_serve(product: Product) -> float:
    """Start and return the seconds until it answered."""
    begun = time.perf_counter()
    await product.start()
    return time.perf_counter() - begun


def tree_mb(product: Product) -> list[float]:
    """Return the resident memory of the server and then of each process that it started."""
    assert product.process is not None
    pid = product.process.pid
    children = Path(f"/proc/{pid}/task").glob("*/children")
    pids = [pid, *(int(child) for file in children for child in file.read_text().split())]
    return [resident_mb(each) for each in pids]


def resident_mb(pid: int) -> float:
    """Return the resident memory of one process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


async def memory_rows(product: SlowProduct) -> list[Row]:
    """Measure what 100 connected people hold, and whether it serves the next 100 once they are forgotten."""
    await product.start()
    cookies = await people(product)
    async with crowd(product.url, cookies[:WARM]):
        pass
    held_mb, left_mb = list[float](), list[float]()
    for _ in range(CROWDS):
        await asyncio.sleep(EXPIRY_S + 2)
        left_mb.append(tree_mb(product)[0])
        async with crowd(product.url, cookies):
            held_mb.append(tree_mb(product)[0])
    await product.stop()
    person_kb = (held_mb[0] - left_mb[0]) * 1024 / PEOPLE
    kept_kb = (held_mb[-1] - held_mb[0]) * 1024 / PEOPLE / (CROWDS - 1)
    return [
        limited("memory per connected person", person_kb, "KB", 190),
        Row(
            name="  what the next 100 in their place add, a person",
            value=f"{kept_kb:.0f} KB",
            goal="<= a tenth: given back",
            met=kept_kb <= person_kb / 10,
        ),
    ]


async def event_rows(product: Product) -> list[Row]:
    """Measure events while 100 people press at once."""
    await product.start()
    async with crowd(product.url, await people(product)) as sockets:
        times_ms, unanswered = await events_ms(sockets)
        busy_mb = sum(tree_mb(product))
    await product.stop()
    return [
        limited("100 people at once, event p95", statistics.quantiles(times_ms, n=20)[-1], "ms", 300, digits=1),
        Row(name="100 people at once, event median", value=f"{statistics.median(times_ms):.1f} ms"),
        limited("100 people at once, events without an answer", unanswered, f"of {PEOPLE * ROUNDS}", 0),
        limited("100 people at once, memory of all processes", busy_mb, "MB", 1024),
    ]


async def people(product: Product) -> list[str]:
    """Open accounts; returns their Cookie headers."""
    return [cookie_header((await sign_up(product.url))[1]) for _ in range(PEOPLE)]


def cookie_header(cookies: dict[str, str]) -> str:
    """Return the Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@contextlib.asynccontextmanager
async def crowd(url: str, cookies: Sequence[str]) -> AsyncIterator[list[RawSocket]]:
    """Connect one tab a person, each hydrated as a page does it."""
    async with contextlib.AsyncExitStack() as stack:
        opened = [
            await asyncio.gather(
                *(stack.enter_async_context(open_socket(url, str(uuid.uuid4()), cookie=cookie)) for cookie in few)
            )
            for few in batches(cookies, 10)
        ]
        yield [socket for few in opened for socket in few]


def batches(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Return the items in groups."""
    return [items[start : start + size] for start in range(0, len(items), size)]


async def events_ms(sockets: Sequence[RawSocket], rounds: int = ROUNDS) -> tuple[list[float], int]:
    """Let all press at once, again and again; returns the times and how many presses had no answer."""
    times: list[float] = []
    for _ in range(rounds):
        await asyncio.sleep(BETWEEN_S)
        times += await round_ms(sockets)
    return times, len(sockets) * rounds - len(times)


async def round_ms(sockets: Sequence[RawSocket]) -> list[float]:
    """Let all press at once; returns the times of those that were answered."""
    return [took for took in await asyncio.gather(*map(event_ms, sockets)) if took is not None]


async def event_ms(socket: RawSocket) -> float | None:
    """Return how long the server takes from an event to the update that answers it; None without one."""
    query = f"query{next(_queries)}"
    begun = time.perf_counter()
    await socket.send_event(SET_QUERY, {"query": query}, path="/gallery")
    try:
        async with asyncio.timeout(10):
            while query not in (frame := str(await socket.connection.recv())):
                if frame == PING:
                    await socket.connection.send(PONG)
    except TimeoutError:
        return None
    return (time.perf_counter() - begun) * 1000
