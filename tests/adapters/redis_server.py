"""A Redis of its own for a test, on a Unix socket, without files."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection

BINARY = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(BINARY is None, reason="redis-server is not installed")


class RedisServer:
    """Can be stopped and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(BINARY or "redis-server", "--port", "0", "--unixsocket", str(self._socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(self._socket.parent)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60), self.client() as client:
            while True:
                with contextlib.suppress(NoConnection):
                    await client.execute_command("PING")
                    return
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def client(self) -> Redis:
        return Redis.from_url(self.url)


@contextlib.asynccontextmanager
async def running_redis() -> AsyncIterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="ir") as folder:
        server = RedisServer(Path(folder))
        await server.start()
        try:
            yield server
        finally:
            await server.stop()
