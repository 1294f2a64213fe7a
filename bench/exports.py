"""Export: an archive of 10,000 pictures against tar of the same files to the same kind of socket, and its memory."""

import asyncio
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.rows import Row, limited, median_ratio
from bench.server import cookie_header, resident_mb
from bench.site import SETTINGS, sign_up
from imageroute_app.bootstrap import open_services
from imageroute_app.domain.sharing import ArchiveState
from imageroute_app.services.archive_build import Choice
from imageroute_app.services.selection import Chosen
from imageroute_app.settings import load_settings
from tests.product import Product
from tests.seeding import seed_images

PICTURES, FEW = 10_000, 20
ROUNDS = 3
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
        await seed_images(product.data_dir, email, PICTURES)
        large, small = await prepare(product.data_dir, email)
        await product.start()
        try:
            return await measured(product, cookie_header(cookies), large, small)
        finally:
            await product.kill()


async def prepare(data_dir: Path, email: str) -> tuple[str, str]:
    """Make an archive of everything and one of a few while the product is stopped; returns their ids."""
    services = await open_services(load_settings({"IMAGEROUTE_DATA_DIR": str(data_dir), "IMAGEROUTE_TESTING": "1"}))
    try:
        person = await services.database.tables.people.by_key("email_key", email)
        assert person is not None
        ids = await services.selection.ids(person.id, Chosen(everything=True))
        made = []
        for some in (ids, ids[:FEW]):
            archive = await services.archives.create(person.id, some, Choice(), title="Bench")
            while archive.state is ArchiveState.PREPARING:
                await asyncio.sleep(0.1)
                archive = await services.archives.get(person.id, archive.id)
            assert (archive.state, archive.gaps) == (ArchiveState.READY, ())
            made.append(archive.id)
        return made[0], made[1]
    finally:
        await services.close()


async def measured(product: Product, cookie: str, large: str, small: str) -> list[Row]:
    """Send the small archive, then the large one and tar in turns."""
    assert product.process is not None
    await asyncio.to_thread(download, product.port, cookie, small)
    before_mb = resident_mb(product.process.pid)
    ours, theirs, held_mb = list[Taken](), list[Taken](), list[float]()
    for _ in range(ROUNDS):
        ours.append(await asyncio.to_thread(download, product.port, cookie, large))
        held_mb.append(resident_mb(product.process.pid))
        theirs.append(await asyncio.to_thread(tar, product.data_dir / "media" / "images"))
    ratio = median_ratio([taken.speed for taken in ours], [taken.speed for taken in theirs])
    speed, floor = (statistics.median(taken.speed for taken in series) / 1e6 for series in (ours, theirs))
    first_ms = statistics.median(taken.first_s for taken in ours) * 1000
    return [
        Row(name="export, speed", value=f"{speed:,.0f} MB/s", ratio=ratio, goal=">= 1.00x tar", met=ratio >= 1),
        Row(name="  tar to the same kind of socket", value=f"{floor:,.0f} MB/s"),
        limited("export, first byte", first_ms, "ms", 100),
        limited(f"export, memory from {FEW} to {PICTURES:,} files", max(held_mb) - before_mb, "MB", 64),
    ]


def download(port: int, cookie: str, archive_id: str) -> Taken:
    """Read an archive over a plain socket to its promised end."""
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"GET /exports/{archive_id} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        taken, promised = read_all(connection, begun)
        assert taken.size_bytes > promised > 0, "the archive was cut short"
        return taken


def tar(folder: Path) -> Taken:
    """Read what tar writes of the originals to a socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.perf_counter()
        with socket.create_connection(server.getsockname()) as connection:
            accepted, _ = server.accept()
            with accepted:
                command = ["tar", "-cf", "-", "--exclude=320", "--exclude=960", "-C", str(folder), "."]
                process = subprocess.Popen(command, stdout=accepted)
            taken, _ = read_all(connection, begun)
            assert process.wait() == 0
            return taken


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
