"""A forked worker is limited, poor and mortal as the pool's own are."""

import asyncio
import os
import resource
import time
from pathlib import Path

import pytest

from imageroute_app.adapters.worker_child import MEMORY_BYTES
from imageroute_app.adapters.workers import WorkerLost, WorkerPool


def is_there(number: int) -> bool:
    return Path(f"/proc/{number}").exists()


async def test_a_forked_worker_has_the_limits_and_ends_with_its_call() -> None:
    pool = WorkerPool(1)
    worker = await pool.run(os.getpid, timeout_s=20)
    assert await pool.run(os.getenv, "HOME", timeout_s=20) is None
    assert await pool.run(resource.getrlimit, resource.RLIMIT_AS, timeout_s=20) == (MEMORY_BYTES, MEMORY_BYTES)
    with pytest.raises(WorkerLost):
        await pool.run(time.sleep, 60, timeout_s=0.1)
    async with asyncio.timeout(20):
        while is_there(worker):
            await asyncio.sleep(0.01)
    assert await pool.run(os.getpid, timeout_s=20) != worker
    await pool.close()
