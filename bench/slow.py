"""The product beside a stopwatch: `python -m bench.slow` serves it with a provider that takes 1.0 s and little of the CPU.

Everything else is the product's own, except that tab states may be forgotten sooner (BENCH_STATE_EXPIRY_S), and that it
notes when a picture was checked, marked and scaled (BENCH_FINISHED names the file).
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from imageroute_app.domain.pictures import FinishedImage, Marking
from imageroute_app.domain.ports import Done, Picture, ProviderCall, ProviderEvent, Submitted
from imageroute_app.settings import ROOT
from tests.product import QUICK, START_S, Product, clean_environment

WAIT_S = 1.0
EXPIRY = "BENCH_STATE_EXPIRY_S"
FINISHED = "BENCH_FINISHED"


@dataclass
class SlowProduct(Product):
    """A product started through this module."""

    state_expiry_s: int = 600

    @property
    def finished(self) -> Path:
        """The file with the moment at which each picture's own CPU was done, in ms since 1970, one a line."""
        return self.data_dir.parent / "finished"

    def last_finished_ms(self) -> float:
        """Return the newest of these moments."""
        return float(self.finished.read_text("ascii").split()[-1])

    async def start(self, **settings: str) -> None:
        """Start and wait until it serves."""
        fixed = {"PORT": str(self.port), "DATA_DIR": str(self.data_dir)}
        environment = clean_environment({**QUICK, **fixed, **self.settings, **settings})
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.slow"),
                cwd=ROOT,
                env={**environment, EXPIRY: str(self.state_expiry_s), FINISHED: str(self.finished)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while not await self._serves(client):
                assert self.process.returncode is None, self.log_path.read_text()[-3000:]
                await asyncio.sleep(0.05)


def serve_slowly() -> int:
    """Put the provider in the sketch provider's place and serve."""
    from imageroute_app import bootstrap, serve

    os.environ["REFLEX_REDIS_TOKEN_EXPIRATION"] = os.environ.get(EXPIRY, "600")
    sketch = bootstrap.SketchProvider

    class SlowProvider(sketch):
        """The sketch provider's models, its pictures from a drawer."""

        picture = b""

        async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
            """Wait, then deliver the same small picture."""
            yield Submitted(job_ref=call.id)
            begun = asyncio.get_running_loop().time()
            if not self.picture:
                from bench.pictures import photo

                type(self).picture = photo(512)
            await asyncio.sleep(begun + WAIT_S - asyncio.get_running_loop().time())
            yield Done(pictures=[Picture(data=self.picture, seed=call.seed)])

    bootstrap.SketchProvider = SlowProvider
    finish = bootstrap.PooledImaging.finish
    moments = os.open(os.environ[FINISHED], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def finish_and_note(self: bootstrap.PooledImaging, data: bytes, marking: Marking) -> FinishedImage:
        """Finish as the product does."""
        done = await finish(self, data, marking)
        os.write(moments, f"{time.time() * 1000:.1f}\n".encode())
        return done

    bootstrap.PooledImaging.finish = finish_and_note
    return serve.main([])


if __name__ == "__main__":
    sys.exit(serve_slowly())
