"""Several web processes on one port: started, watched, started again when one ends, and ended together.

Every process listens on the same address (SO_REUSEPORT, which granian sets), so that the kernel spreads the connections and a
dead process takes only its own with it. The processes share nothing in memory: Redis, the database and the media store
hold what they have in common.
"""

import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""Least time between two starts of one process, so that one that cannot start does not take the machine."""
QUICK_ENDS = 3
STEADY_S = 10.0
"""A process that ends sooner than this, QUICK_ENDS times in a row, cannot start: then all end, with its status."""


class Supervisor:
    """Keeps `count` processes of one command running until it is told to stop."""

    def __init__(self, command: tuple[str, ...], count: int, *, folder: Path, drain_s: float) -> None:
        """Run the command in `folder`; a process has `drain_s` seconds to end by itself after SIGTERM."""
        self._command, self._count, self._folder, self._drain_s = command, count, folder, drain_s
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stop = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Keep them running until stopped; returns 0, or 1 when one could not be kept running."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        keepers = [asyncio.create_task(self._keep(index)) for index in range(self._count)]
        await self._stop.wait()
        for process in self._running.values():
            process.terminate()
        await asyncio.wait(keepers, timeout=self._drain_s)
        for process in self._running.values():
            process.kill()
        await asyncio.gather(*keepers)
        return self._status

    async def _keep(self, index: int) -> None:
        quick_ends = 0
        while not self._stop.is_set():
            began = time.monotonic()
            status = await self._live(index)
            if self._stop.is_set():
                return
            lived_s = time.monotonic() - began
            log.error("worker.ended", extra={"worker": index, "status": status, "lived_s": round(lived_s, 1)})
            quick_ends = quick_ends + 1 if lived_s < STEADY_S else 0
            if quick_ends >= QUICK_ENDS:
                self._status = 1
                self._stop.set()
                return
            await self._pause(AGAIN_S - lived_s)

    async def _live(self, index: int) -> int:
        """Start one process and wait for its end. It ends with us, however we end: its standard input closes."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that Ctrl+C reaches us alone, and each ends in its turn
        )
        self._running[index] = process
        if self._stop.is_set():
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self._running[index]

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), max(0.0, seconds))
        except TimeoutError:
            return


async def parent_ended() -> None:
    """Wait until whoever started this process closes its standard input, as it does when it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
