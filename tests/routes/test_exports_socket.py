"""A download over a real socket to the server that the product runs on: it ends when its reader goes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.requests import Request
from starlette.types import ASGIApp

from imageroute_app.routes.api import build_api
from imageroute_app.routes.compose import compose
from tests.doubles import never_over, png
from tests.product import free_port
from tests.routes.conftest import ORIGIN, House
from tests.routes.test_exports import add_picture, archived

TAKEN_BYTES = 2_000_000
GONE_S = 10.0
SIZES = {"one file after the other": (6, 8_000_000), "read together": (60, 400_000)}


async def no_signal(_request: Request) -> None:
    """Note nothing."""


@contextlib.asynccontextmanager
async def served(house: House, pages: Path) -> AsyncIterator[int]:
    """Serve our routes behind the wall; gives the port."""
    port = free_port()
    app: ASGIApp = build_api(lambda: house.services)
    layers = compose(
        build_api(lambda: house.services),
        pages=pages,
        origins=(ORIGIN,),
        socket_key=lambda: b"",
        session_is_over=never_over,
        note_signal=no_signal,
    )
    for layer in layers[2:]:
        app = cast("Callable[[ASGIApp], ASGIApp]", layer)(app)
    server = Server(app, port=port, interface=Interfaces.ASGI, http=HTTPModes.http1, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    try:
        while not can_connect(port):
            await asyncio.sleep(0.01)
        yield port
    finally:
        server.stop()
        await serving


def can_connect(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def open_files(folder: Path) -> list[Path]:
    """Return the files of a folder that this process holds open."""
    found = list[Path]()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(link.readlink())
    return [path for path in found if path.is_relative_to(folder) and path.is_file()]


@pytest.mark.parametrize("kind", SIZES)
async def test_when_the_reader_goes_nothing_is_read_any_more(house: House, tmp_path: Path, kind: str) -> None:
    count, size_bytes = SIZES[kind]
    client = await house.signed_up()
    owner = await house.owner(client)
    data = png() + b"x" * size_bytes
    archive = await archived(house, owner, [await add_picture(house, owner, "large", data) for _ in range(count)])
    async with served(house, tmp_path) as port:
        before = set(asyncio.all_tasks())
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        cookie = f"ir_session={client.cookies['ir_session']}"
        host = ORIGIN.removeprefix("http://")
        writer.write(f"GET /exports/{archive.id} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
        await reader.readexactly(TAKEN_BYTES)
        assert set(asyncio.all_tasks()) - before, "it was over before it could be cut"
        writer.transport.abort()
        async with asyncio.timeout(GONE_S):
            while set(asyncio.all_tasks()) - before or open_files(house.folder / "media"):
                await asyncio.sleep(0.01)
