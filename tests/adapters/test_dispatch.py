"""A woken job runs, a watcher hears; and when Redis is away nobody is told off for it."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator

import pytest
from taskiq import AsyncBroker
from taskiq.receiver import Receiver

from imageroute_app.adapters.dispatch import RUN_JOB
from imageroute_app.adapters.dispatch import redis as redis_dispatch
from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.dispatch.redis import CHANNEL, GROUP, STREAM, RedisDispatcher
from imageroute_app.adapters.dispatch.watchers import WAITING_MAX, Watchers
from tests.adapters.redis_server import RedisServer, needs_redis, running_redis

PATIENCE_S = 60


class Ran:
    """Notes which jobs ran on a broker, and can hold them up."""

    def __init__(self, broker: AsyncBroker) -> None:
        self.jobs: asyncio.Queue[str] = asyncio.Queue()
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

        async def run_job(job_id: str) -> None:
            self.jobs.put_nowait(job_id)
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.append(job_id)
                raise

        broker.register_task(run_job, task_name=RUN_JOB)

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self.jobs.get()


# --- Watchers ----------------------------------------------------------------------------------


async def test_watcher_hears_of_its_owner_only_from_the_moment_it_was_made() -> None:
    watchers = Watchers()
    watchers.tell("anna", "early")
    anna, also_anna, bert = (watchers.watch(owner) for owner in ("anna", "anna", "bert"))
    watchers.tell("anna", "job1")
    watchers.tell("bert", "job2")
    assert [await anext(watcher) for watcher in (anna, also_anna, bert)] == ["job1", "job1", "job2"]


async def test_slow_watcher_keeps_the_newest_and_each_once() -> None:
    watchers = Watchers()
    watcher = watchers.watch("anna")
    for n in range(WAITING_MAX + 5):
        watchers.tell("anna", f"job{n}")
    watchers.tell("anna", "job50")
    heard = [await anext(watcher) for _ in range(WAITING_MAX)]
    assert heard[0] == "job5"
    assert heard[-2:] == [f"job{WAITING_MAX + 4}", "job50"]
    assert len(set(heard)) == WAITING_MAX


async def test_closing_lets_a_waiting_watcher_go() -> None:
    watchers = Watchers()
    watcher = watchers.watch("anna")

    async def listen() -> list[str]:
        return [job_id async for job_id in watcher]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    watchers.tell("anna", "job1")
    await asyncio.sleep(0)
    await watcher.aclose()
    assert await listening == ["job1"]
    assert len(watchers) == 0


async def test_cancelled_listener_does_not_lose_what_comes_next() -> None:
    watchers = Watchers()
    watcher = watchers.watch("anna")
    listening = asyncio.ensure_future(watcher.__anext__())
    await asyncio.sleep(0)
    listening.cancel()
    watchers.tell("anna", "job1")
    assert await anext(watcher) == "job1"


async def test_dropped_watcher_is_forgotten() -> None:
    watchers = Watchers()
    kept = watchers.watch("anna")
    watchers.watch("anna")
    watchers.watch("bert")
    gc.collect()
    assert len(watchers) == 1
    watchers.watch("carl")
    gc.collect()
    assert set(watchers._by_owner) == {"anna", "carl"}
    watchers.close()
    with pytest.raises(StopAsyncIteration):
        await anext(kept)


# --- Memory ------------------------------------------------------------------------------------


@pytest.fixture
async def memory() -> AsyncIterator[MemoryDispatcher]:
    dispatcher = MemoryDispatcher()
    await dispatcher.start()
    yield dispatcher
    await dispatcher.stop()


async def test_memory_keeps_no_results(memory: MemoryDispatcher) -> None:
    ran = Ran(memory.broker)
    await memory.wake("job1")
    await ran.next()
    assert not hasattr(memory.broker.result_backend, "results")


async def test_memory_waking_without_a_task_is_only_logged(
    memory: MemoryDispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await memory.wake("job1")
    assert caplog.messages == ["wake.failed"]


async def test_memory_stop_ends_jobs_and_watchers() -> None:
    dispatcher = MemoryDispatcher()
    await dispatcher.start()
    ran = Ran(dispatcher.broker)
    ran.gate.clear()
    await dispatcher.wake("job1")
    await ran.next()
    watcher = dispatcher.changes("anna")
    await dispatcher.stop()
    assert ran.cancelled == ["job1"]
    with pytest.raises(StopAsyncIteration):
        await anext(watcher)


# --- Redis -------------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with running_redis() as started:
        yield started


@pytest.fixture
async def redis(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisDispatcher]:
    monkeypatch.setattr(redis_dispatch, "RETRY_S", 0.02)
    dispatcher = RedisDispatcher(server.url)
    await dispatcher.start()
    yield dispatcher
    await dispatcher.stop()


@pytest.fixture
async def worker(server: RedisServer, redis: RedisDispatcher) -> AsyncIterator[Ran]:
    """Another process's dispatcher that takes jobs, as tasks.py does."""
    other = RedisDispatcher(server.url)
    await other.start()
    ran = Ran(other.broker)
    receiver = Receiver(other.broker, max_async_tasks=100, run_startup=False)
    listening = asyncio.create_task(receiver.listen(asyncio.Event()))
    yield ran
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await other.stop()


async def test_redis_hands_each_job_to_one_worker_and_acknowledges(
    server: RedisServer, redis: RedisDispatcher, worker: Ran
) -> None:
    for n in range(20):
        await redis.wake(f"job{n}")
    assert sorted([await worker.next() for _ in range(20)]) == sorted(f"job{n}" for n in range(20))
    async with asyncio.timeout(PATIENCE_S), server.client() as client:
        while (await client.xpending(STREAM, GROUP))["pending"]:
            await asyncio.sleep(0.01)


async def test_redis_keeps_a_job_that_was_woken_before_any_worker_listened(
    server: RedisServer,
) -> None:
    early = RedisDispatcher(server.url)
    await early.wake("job1")
    await early.start()
    ran = Ran(early.broker)
    receiver = Receiver(early.broker, max_async_tasks=5, run_startup=False)
    listening = asyncio.create_task(receiver.listen(asyncio.Event()))
    assert await ran.next() == "job1"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await early.stop()


async def test_redis_tells_watchers_in_every_process(server: RedisServer, redis: RedisDispatcher) -> None:
    other = RedisDispatcher(server.url)
    await other.start()
    await _until_heard(server, 2)
    here, there = redis.changes("anna"), other.changes("anna")
    stranger = redis.changes("bert")
    await other.changed("anna", "job1")
    async with asyncio.timeout(PATIENCE_S):
        assert [await anext(here), await anext(there)] == ["job1", "job1"]
    assert not stranger._waiting
    await other.stop()


async def test_redis_ignores_a_malformed_message(server: RedisServer, redis: RedisDispatcher) -> None:
    await _until_heard(server, 1)
    watcher = redis.changes("anna")
    async with server.client() as client:
        for message in (b"nonsense", b"[1]", b"{}", b'"ab"', b"\xff"):
            await client.publish(CHANNEL, message)
    await redis.changed("anna", "job1")
    async with asyncio.timeout(PATIENCE_S):
        assert await anext(watcher) == "job1"


async def test_redis_away_is_logged_and_everything_goes_on_when_it_is_back(
    server: RedisServer,
    redis: RedisDispatcher,
    worker: Ran,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await redis.wake("before")
    assert await worker.next() == "before"
    watcher = redis.changes("anna")
    await server.stop()
    with caplog.at_level(logging.WARNING):
        await redis.wake("lost")
        await redis.changed("anna", "job1")
    assert "wake.failed" in caplog.messages
    assert "changed.failed" in caplog.messages
    assert await anext(watcher) == "job1"
    await server.start()
    await _until_heard(server, 2)
    await redis.wake("after")
    assert await worker.next() == "after"
    await redis.changed("anna", "job2")
    async with asyncio.timeout(PATIENCE_S):
        assert await anext(watcher) == "job2"


async def test_redis_that_was_never_there_does_not_stop_the_start(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_dispatch, "RETRY_S", 0.02)
    await server.stop()
    dispatcher = RedisDispatcher(server.url)
    await dispatcher.start()
    await dispatcher.wake("job1")
    await dispatcher.stop()


async def test_swallowed_cancellation_still_ends_a_loop() -> None:
    async def read_on() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        redis_dispatch._heed_cancellation()
        pytest.fail("went on")

    reading = asyncio.create_task(read_on())
    await asyncio.sleep(0)
    redis_dispatch._heed_cancellation()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def _until_heard(server: RedisServer, subscribers: int) -> None:
    async with asyncio.timeout(PATIENCE_S), server.client() as client:
        while (await client.pubsub_numsub(CHANNEL))[0][1] < subscribers:
            await asyncio.sleep(0.01)


for _name, _test in list(globals().items()):
    if _name.startswith("test_redis"):
        globals()[_name] = needs_redis(_test)
