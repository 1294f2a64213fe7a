"""Whatever happens to a worker, its call ends, and the pool goes on."""

import asyncio
import io
import operator
import os
import pathlib
import pickle
import resource
import select
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from imageroute_app.adapters import worker_child
from imageroute_app.adapters.imaging.picture import check_kind
from imageroute_app.adapters.workers import CallFailed, WorkerLost, WorkerPool
from imageroute_app.domain.errors import BadImage, NotFound, Unavailable

WAIT_FOREVER = ([], [], [], 3600)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    opened = WorkerPool(1, preload=())
    yield opened
    await opened.close()


async def test_result_and_arguments_travel(pool: WorkerPool) -> None:
    assert await pool.run(operator.add, b"a", b"b", timeout_s=5) == b"ab"
    assert await pool.run(dict, timeout_s=5, size=b"x" * 3_000_000) == {"size": b"x" * 3_000_000}


async def test_worker_is_another_process_and_is_kept(pool: WorkerPool) -> None:
    first = await pool.run(os.getpid, timeout_s=5)
    assert first != os.getpid()
    assert await pool.run(os.getpid, timeout_s=5) == first


async def test_product_errors_travel_as_they_are(pool: WorkerPool) -> None:
    with pytest.raises(BadImage, match="This is not a PNG"):
        await pool.run(check_kind, b"text", timeout_s=5)


async def test_other_errors_are_named_but_never_quoted(pool: WorkerPool) -> None:
    with pytest.raises(CallFailed) as caught:
        await pool.run(int, "a secret text", timeout_s=5)
    assert caught.value.kind == "ValueError"
    assert "secret" not in str(caught.value)


async def test_memory_is_limited_and_the_worker_survives(pool: WorkerPool) -> None:
    first = await pool.run(os.getpid, timeout_s=5)
    with pytest.raises(CallFailed, match="our side") as caught:
        await pool.run(bytearray, 3 * 1024**3, timeout_s=5)
    assert caught.value.kind == "MemoryError"
    assert await pool.run(os.getpid, timeout_s=5) == first


async def test_worker_knows_no_secret_and_writes_no_file(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("IMAGEROUTE_MASTER_KEY", "secret")
    assert await pool.run(os.getenv, "IMAGEROUTE_MASTER_KEY", timeout_s=5) is None
    with pytest.raises(CallFailed):
        await pool.run(pathlib.Path.write_bytes, tmp_path / "file", b"x", timeout_s=5)


async def test_dying_worker_fails_its_call_only(pool: WorkerPool) -> None:
    with pytest.raises(WorkerLost):
        await pool.run(os._exit, 3, timeout_s=5)
    assert await pool.run(operator.add, 1, 1, timeout_s=5) == 2


async def test_worker_killed_in_the_middle_of_a_call(pool: WorkerPool) -> None:
    pid = await pool.run(os.getpid, timeout_s=5)
    call = asyncio.create_task(pool.run(select.select, *WAIT_FOREVER, timeout_s=30))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerLost):
        await call
    assert await pool.run(os.getpid, timeout_s=5) != pid


async def test_worker_killed_while_idle_is_replaced(pool: WorkerPool) -> None:
    (worker,) = await _warm(pool)
    os.kill(worker, signal.SIGKILL)
    await _until_gone(worker)
    await asyncio.sleep(0.05)
    assert await pool.run(operator.add, 1, 1, timeout_s=5) == 2


async def test_hung_worker_is_ended(pool: WorkerPool) -> None:
    pid = await pool.run(os.getpid, timeout_s=5)
    with pytest.raises(Unavailable):
        await pool.run(select.select, *WAIT_FOREVER, timeout_s=0.05)
    await _until_gone(pid)
    assert await pool.run(operator.add, 1, 1, timeout_s=5) == 2


async def test_cancelled_call_frees_its_place(pool: WorkerPool) -> None:
    pid = await pool.run(os.getpid, timeout_s=5)
    call = asyncio.create_task(pool.run(select.select, *WAIT_FOREVER, timeout_s=30))
    waiting = asyncio.create_task(pool.run(operator.add, 1, 1, timeout_s=5))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await waiting == 2
    await _until_gone(pid)


async def test_taken_over_worker_cannot_send_code(pool: WorkerPool) -> None:
    with pytest.raises(WorkerLost):
        await pool.run(pathlib.PurePath, "/etc", timeout_s=5)
    with pytest.raises(WorkerLost):
        await pool.run(threading.Lock, timeout_s=5)
    assert await pool.run(operator.add, 1, 1, timeout_s=5) == 2


async def test_many_calls_share_few_workers() -> None:
    pool = WorkerPool(2, preload=())
    calls = [
        pool.run(os._exit, 1, timeout_s=5) if n % 7 == 3 else pool.run(operator.mul, n, n, timeout_s=5)
        for n in range(20)
    ]
    results = await asyncio.gather(*calls, return_exceptions=True)
    for n, result in enumerate(results):
        assert isinstance(result, WorkerLost) if n % 7 == 3 else result == n * n
    await pool.close()


async def test_warm_starts_all_once() -> None:
    pool = WorkerPool(2)
    await pool.warm()
    await pool.warm()
    assert len(set(await _warm(pool))) == 2
    assert await pool.run(_numpy_is_loaded, timeout_s=5)
    await pool.close()


async def test_closed_pool_refuses_and_leaves_no_process() -> None:
    pool = WorkerPool(2, preload=())
    workers = await _warm(pool)
    await pool.close()
    await pool.close()
    for pid in workers:
        await _until_gone(pid)
    with pytest.raises(WorkerLost):
        await pool.run(os.getpid, timeout_s=5)


async def test_close_while_a_worker_starts() -> None:
    pool = WorkerPool(1, preload=())
    call = asyncio.create_task(pool.run(os.getpid, timeout_s=5))
    await asyncio.sleep(0.01)
    await pool.close()
    with pytest.raises(WorkerLost):
        await call


async def test_pool_that_cannot_start_says_so() -> None:
    pool = WorkerPool(1, preload=("no.such.module",))
    with pytest.raises(WorkerLost, match="do not start"):
        await pool.run(os.getpid, timeout_s=5)
    await pool.close()


PARENT = """
import asyncio, os
from imageroute_app.adapters.workers import WorkerPool
async def main():
    pool = WorkerPool(2, preload=())
    await pool.warm()
    busy = asyncio.create_task(pool.run(spin, timeout_s=60))
    await asyncio.sleep(0.1)
    print(*(worker.pid for worker in pool._all), flush=True)
    await asyncio.sleep(60)
from select import select
def spin(): select([], [], [], 60)
spin = __import__("functools").partial(select, [], [], [], 60)
asyncio.run(main())
"""


async def test_workers_end_with_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": str(pathlib.Path.cwd())}
    )  # fmt: skip
    assert parent.stdout is not None
    workers = [int(pid) for pid in (await parent.stdout.readline()).split()]
    assert len(workers) == 2
    parent.kill()
    await parent.wait()
    for pid in workers:
        await _until_gone(pid)


@pytest.fixture
def unlimited_after() -> Iterator[None]:
    """Answering a call here gives this process a child's time limit, which would end the whole run later."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    yield
    resource.setrlimit(resource.RLIMIT_CPU, before)


@pytest.mark.usefixtures("unlimited_after")
def test_child_answers_calls_and_stops_when_its_input_closes() -> None:
    target = io.BytesIO()
    for call in ((9.0, operator.add, (1, 2), {}), (9.0, operator.truediv, (1, 0), {})):
        worker_child.write_frame(target, worker_child.answer(call))
    target.seek(0)
    frames = [worker_child.read_frame(target) for _ in range(3)]
    assert [pickle.loads(frame) for frame in frames if frame] == [  # noqa: S301
        ("value", 3),
        ("failed", "ZeroDivisionError"),
    ]
    assert frames[2] is None
    assert worker_child.answer((9.0, _raise_not_found, (), {}))[0] == "error"
    assert worker_child.read_frame(io.BytesIO(b"\0" * 7 + b"\5abc")) is None


def _raise_not_found() -> None:
    raise NotFound


def _numpy_is_loaded() -> bool:
    return "numpy" in sys.modules


async def _warm(pool: WorkerPool) -> list[int]:
    await pool.warm()
    return [worker.pid for worker in pool._all]


async def _until_gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while _is_running(pid):
            await asyncio.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
