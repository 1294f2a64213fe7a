"""Downloads that are broken off, at the running product: nothing of them stays in the process or its folder (SECURITY S12)."""

import asyncio
import contextlib
import os
import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.conftest import MakeProduct
from tests.product import Product
from tests.routes.conftest import SIGN_UP
from tests.seeding import make_archive, seed_rows

PICTURES = 300
SHARES = (0.01, 0.5, 0.99)
GONE_S = 60
AT_ONCE = 4
POOL = min(32, (os.cpu_count() or 1) + 4)
"""Threads that asyncio starts one by one as it needs them, and keeps."""
EMAIL = "cancels@example.com"


async def stocked(product: Product) -> tuple[str, str]:
    """Give somebody pictures and an archive of them; returns its address and the Cookie header."""
    async with httpx.AsyncClient(base_url=product.url, headers={"Origin": product.url}) as client:
        answer = await client.post("/auth/sign-up", data={**SIGN_UP, "email": EMAIL})
        assert answer.status_code == 303, answer.text
        cookie = f"ir_session={client.cookies['ir_session']}"
    await product.stop()
    await seed_rows(product.data_dir, EMAIL, PICTURES)
    archive_id = await make_archive(product.data_dir, EMAIL)
    await product.start()
    return f"/exports/{archive_id}", cookie


def take(port: int, address: str, cookie: str, share: float) -> int:
    """Read so much of the answer's body, then break the connection off; returns the whole length that was promised."""
    with socket.create_connection(("127.0.0.1", port), GONE_S) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a farewell
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        head, _, body = head.partition(b"\r\n\r\n")
        promised = re.search(rb"content-length: (\d+)", head.lower())
        assert promised is not None, head
        whole, taken = int(promised[1]), len(body)
        while taken < whole * share:
            piece = connection.recv(65_536)
            assert piece, "it was cut short by the server"
            taken += len(piece)
        return whole


def held(product: Product) -> dict[str, set[str] | int]:
    """Return what the process holds: open files and sockets, threads, and the files of its folder."""
    assert product.process is not None
    proc = Path(f"/proc/{product.process.pid}")
    opened = list[str]()
    for link in (proc / "fd").iterdir():
        with contextlib.suppress(OSError):
            opened.append(str(link.readlink()))
    return {
        "media": {name for name in opened if "/media/" in name},
        "open": len(opened),
        "threads": len(list((proc / "task").iterdir())),
        "files": {str(path) for path in product.data_dir.rglob("*") if path.is_file() and "sqlite" not in path.name},
    }


def left(before: dict[str, set[str] | int], product: Product) -> dict[str, object]:
    """Return what the process holds more than before."""
    found: dict[str, object] = {}
    for name, now in held(product).items():
        then = before[name]
        more = now - then if isinstance(now, set) and isinstance(then, set) else None
        margin = POOL if name == "threads" else 0
        if more or (isinstance(now, int) and isinstance(then, int) and now > then + margin):
            found[name] = sorted(more)[:5] if more else f"{then} before, {now} now"
    return found


async def until_gone(look: Callable[[], dict[str, object]]) -> None:
    """Wait until nothing is left, or say what is."""
    for _ in range(GONE_S * 4):
        if not look():
            return
        await asyncio.sleep(0.25)
    assert look() == {}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("times", [3, pytest.param(100, marks=pytest.mark.soak)])
async def test_downloads_that_are_broken_off_leave_nothing_behind(make_product: MakeProduct, times: int) -> None:
    product = await make_product()
    address, cookie = await stocked(product)
    whole = await asyncio.to_thread(take, product.port, address, cookie, 1.0)
    assert whole > 10_000_000, "so large that a socket's buffer does not hold all of it"
    await asyncio.gather(*(asyncio.to_thread(take, product.port, address, cookie, 0.5) for _ in range(AT_ONCE)))
    await asyncio.sleep(2)  # threads that any download starts stay for the next
    before = held(product)
    assert not before["media"]

    for share in SHARES:
        for _ in range(0, times, AT_ONCE):
            some = (asyncio.to_thread(take, product.port, address, cookie, share) for _ in range(AT_ONCE))
            await asyncio.gather(*some)

    await until_gone(lambda: left(before, product))
