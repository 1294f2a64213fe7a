"""Export: an archive of 10,000 pictures, copies of 40 of about 100 KB, against tar of the same files, and its memory.

Tar is measured twice: written to a bare socket, which is the goal, and handed on by the server that the product runs on,
which is what a program between tar and the reader costs there. All three are taken in turns.
"""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rows import Row, limited, median_ratio
from bench.server import cookie_header, crowd, event_ms, resident_mb
from bench.site import SETTINGS, draw_pictures, sign_up
from imageroute_app.settings import ROOT
from tests.product import Product, free_port
from tests.seeding import make_archive, seed_images
from tests.sockets import RawSocket

PICTURES, FEW = 10_000, 20
ROUNDS = 3
TABS, PRESSES = 10, 15
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One transfer: its bytes, and seconds to the first byte and to the last."""

    size_bytes: int
    first_s: float
    whole_s: float

    @property
    def speed(self) -> float:
        """Return bytes a second."""
        return self.size_bytes / self.whole_s


async def rows() -> list[Row]:
    """Return the rows of this file."""
    with tempfile.TemporaryDirectory() as made:
        product = Product(Path(made) / "data", settings=SETTINGS)
        await product.start()
        email, cookies = await sign_up(product.url)
        await product.stop()
        await seed_images(product.data_dir, email, PICTURES, await asyncio.to_thread(draw_pictures, 2))
        large = await make_archive(product.data_dir, email)
        small = await make_archive(product.data_dir, email, FEW)
        await product.start()
        try:
            cookie = cookie_header(cookies)
            return [*await measured(product, cookie, large, small), *await beside(product, cookie, large)]
        finally:
            await product.kill()


async def measured(product: Product, cookie: str, large: str, small: str) -> list[Row]:
    """Send the small archive, then the large one and tar in turns."""
    assert product.process is not None
    await asyncio.to_thread(download, product.port, f"/exports/{small}", cookie)
    before_mb = resident_mb(product.process.pid)
    ours, theirs, handed, held_mb = list[float](), list[float](), list[float](), list[float]()
    firsts_ms = list[float]()
    folder = product.data_dir / "media" / "images"
    with tar_server(folder) as tar_port:
        for _ in range(ROUNDS):
            taken = await asyncio.to_thread(download, product.port, f"/exports/{large}", cookie)
            ours.append(taken.speed)
            firsts_ms.append(taken.first_s * 1000)
            held_mb.append(resident_mb(product.process.pid))
            theirs.append((await asyncio.to_thread(tar, folder)).speed)
            handed.append((await asyncio.to_thread(download, tar_port, "/")).speed)
    ratio, median = median_ratio(ours, theirs), statistics.median
    return [
        Row(name="export, speed", value=mb_s(median(ours)), ratio=ratio, goal=">= 1.00x tar", met=ratio >= 1),
        Row(name="  tar to a bare socket", value=mb_s(median(theirs))),
        Row(name="  beside tar through the same server", value=mb_s(median(handed)), ratio=median_ratio(ours, handed)),
        limited("export, first byte", median(firsts_ms), "ms", 100),
        limited(f"export, memory from {FEW} to {PICTURES:,} files", max(held_mb) - before_mb, "MB", 64),
        Row(name="  other work on the machine, load of the last minute", value=f"{os.getloadavg()[0]:.1f}"),
    ]


async def beside(product: Product, cookie: str, large: str) -> list[Row]:
    """Let others press without and beside a download of the large archive, in turns; then send it three times at once."""
    people = [cookie_header((await sign_up(product.url))[1]) for _ in range(TABS)]
    alone, along = list[float](), list[float]()
    async with crowd(product.url, people) as sockets:
        for _ in range(ROUNDS):
            alone += await pressed(sockets)
            over = asyncio.Event()
            running = asyncio.create_task(again_and_again(product.port, large, cookie, over))
            await asyncio.sleep(0.2)
            along += await pressed(sockets)
            over.set()
            await running
    p95_alone, p95_along = (statistics.quantiles(times, n=20)[-1] for times in (alone, along))
    three = await asyncio.gather(
        *(asyncio.to_thread(download, product.port, f"/exports/{large}", cookie) for _ in range(3))
    )
    return [
        Row(name=f"events of {TABS} others, p95 alone", value=f"{p95_alone:.1f} ms"),
        Row(
            name="  beside an export that runs",
            value=f"{p95_along:.1f} ms",
            ratio=p95_along / p95_alone,
            goal="< 1.50x alone",
            met=p95_along / p95_alone < 1.5,
        ),
        limited("three exports at once, the slowest first byte", max(one.first_s for one in three) * 1000, "ms", 2000),
    ]


async def pressed(sockets: Sequence[RawSocket]) -> list[float]:
    """Let all press at once a few times; returns what each press took."""
    times = list[float]()
    for _ in range(PRESSES):
        found = await asyncio.gather(*map(event_ms, sockets))
        assert None not in found, "an event had no answer"
        times += [took for took in found if took is not None]
        await asyncio.sleep(0.1)
    return times


async def again_and_again(port: int, archive_id: str, cookie: str, over: asyncio.Event) -> None:
    """Download the archive until told to stop, so that one always runs."""
    while not over.is_set():
        await asyncio.to_thread(download, port, f"/exports/{archive_id}", cookie)


def mb_s(speed: float) -> str:
    """Return bytes a second as text."""
    return f"{speed / 1e6:,.0f} MB/s"


def download(port: int, path: str, cookie: str = "") -> Taken:
    """Read an answer over a plain socket to its promised end."""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        host = f"Host: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        connection.sendall(f"GET {path} HTTP/1.1\r\n{host}".encode())
        taken, promised = read_all(connection, begun)
        assert taken.size_bytes > promised, "the archive was cut short"
        return taken


def tar(folder: Path) -> Taken:
    """Read what tar writes of the originals to a socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.perf_counter()
        with socket.create_connection(server.getsockname()) as connection:
            accepted, _ = server.accept()
            with accepted:
                process = subprocess.Popen(tar_command(folder), stdout=accepted)
            taken, _ = read_all(connection, begun)
            assert process.wait() == 0
            return taken


def tar_command(folder: Path | str) -> list[str]:
    """Return what writes the originals below a folder to its standard output."""
    return ["tar", "-cf", "-", "--exclude=320", "--exclude=960", "-C", str(folder), "."]


@contextlib.contextmanager
def tar_server(folder: Path) -> Iterator[int]:
    """Serve what tar writes from a process of its own; gives the port once it listens."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.exports", str(folder), str(port)], cwd=ROOT)
    try:
        while not can_connect(port):
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def can_connect(port: int) -> bool:
    """Say whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def serve_tar(folder: str, port: int) -> None:
    """Hand on what tar writes, as the product hands on an archive; serves until the process is ended."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        process = await asyncio.create_subprocess_exec(*tar_command(folder), stdout=subprocess.PIPE, limit=PIECE_BYTES)
        assert process.stdout is not None
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while piece := await process.stdout.read(PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        await process.wait()

    await Server(app, port=port, interface=Interfaces.ASGI, http=HTTPModes.http1, log_enabled=False).serve()


def read_all(connection: socket.socket, begun: float) -> tuple[Taken, int]:
    """Read to the end; returns what was taken and the length that an HTTP head promised."""
    buffer = bytearray(PIECE_BYTES)
    total, first_s, promised = 0, 0.0, 0
    while count := connection.recv_into(buffer):
        if not total:
            first_s = time.perf_counter() - begun
            head = bytes(buffer[: min(count, 4096)]).lower()
            if b"content-length: " in head:
                promised = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        total += count
    return Taken(size_bytes=total, first_s=first_s, whole_s=time.perf_counter() - begun), promised


if __name__ == "__main__":
    asyncio.run(serve_tar(sys.argv[1], int(sys.argv[2])))
