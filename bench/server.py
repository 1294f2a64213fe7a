"""What the process costs: start, restart after a kill, memory idle and per connected person, events of 100 people."""

import asyncio
import contextlib
import secrets
import statistics
import time
import uuid
from pathlib import Path

import httpx

from bench.rows import Row
from tests.product import Product
from tests.sockets import HYDRATE, open_socket

PEOPLE = 100
ROUNDS = 10


def resident_kb(pid: int) -> int:
    """Return the resident memory of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


async def start_rows(product: Product) -> list[Row]:
    """Measure starts of the built product, and starts after a kill."""
    starts, restarts = [], []
    for _ in range(3):
        begun = time.perf_counter()
        await product.start()
        starts.append(time.perf_counter() - begun)
        await product.kill()
        begun = time.perf_counter()
        await product.start()
        restarts.append(time.perf_counter() - begun)
        await product.stop()
    start, restart = statistics.median(starts), statistics.median(restarts)
    return [
        Row(name="start of the built product", value=f"{start:.2f} s", goal="<= 2 s", met=start <= 2),
        Row(name="serving again after kill -9", value=f"{restart:.2f} s", goal="<= 3 s", met=restart <= 3),
    ]


async def people_rows(product: Product) -> list[Row]:
    """Measure memory and event times with 100 signed-in people connected."""
    await product.start(SIGN_UPS_PER_HOUR="100000")
    assert product.process is not None
    pid = product.process.pid
    async with open_socket(product.url, str(uuid.uuid4()), cookie="ir_anon=" + secrets.token_hex(12)):
        idle_kb = resident_kb(pid)
    cookies = [await sign_up(product.url) for _ in range(PEOPLE)]
    before_kb = resident_kb(pid)
    times_ms: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(open_socket(product.url, str(uuid.uuid4()), cookie=cookie))
            for cookie in cookies
        ]
        connected_kb = resident_kb(pid)
        for _ in range(ROUNDS):
            times_ms += await asyncio.gather(*(event_ms(socket) for socket in sockets))
        busy_kb = resident_kb(pid)
    await product.stop()
    p95_ms = statistics.quantiles(times_ms, n=20)[-1]
    person_kb = (connected_kb - before_kb) / PEOPLE
    return [
        Row(name="memory, idle", value=f"{idle_kb / 1024:.0f} MB", goal="<= 120 MB", met=idle_kb <= 120 * 1024),
        Row(name="memory per connected person", value=f"{person_kb:.0f} KB", goal="<= 190 KB", met=person_kb <= 190),
        Row(name="100 people, event p95", value=f"{p95_ms:.1f} ms", goal="<= 300 ms", met=p95_ms <= 300),
        Row(name="100 people, memory", value=f"{busy_kb / 1024:.0f} MB", goal="<= 1 GB", met=busy_kb <= 1024 * 1024),
    ]


async def sign_up(url: str) -> str:
    """Open an account by the form and return its Cookie header."""
    form = {
        "full_name": "",
        "email": f"{secrets.token_hex(8)}@example.com",
        "password": "long enough",
        "birth_day": "1",
        "birth_month": "1",
        "birth_year": "1990",
        "country": "",
    }
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as client:
        answer = await client.post("/auth/sign-up", data=form)
        assert answer.status_code == 303, answer.text[-500:]
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def event_ms(socket: object) -> float:
    """Return how long one hydrate of a signed-in page takes."""
    begun = time.perf_counter()
    await socket.send_event(HYDRATE, path="/usage")  # type: ignore[attr-defined]
    await socket.connection.recv()  # type: ignore[attr-defined]
    return (time.perf_counter() - begun) * 1000
