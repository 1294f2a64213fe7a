"""What every dispatcher promises: a woken job is run, a change is told to who watches, and nobody is held up by either."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from taskiq import AsyncBroker
from taskiq.receiver import Receiver

from imageroute_app.adapters.dispatch import RUN_JOB
from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.dispatch.redis import CHANNEL, RedisDispatcher
from imageroute_app.ending import end
from tests.adapters.redis_server import needs_redis, running_redis

PATIENCE_S = 60


@dataclass
class Post:
    """A dispatcher that runs jobs, and the jobs that it ran; `gate` holds them up."""

    dispatcher: MemoryDispatcher | RedisDispatcher
    ran: asyncio.Queue[str]
    gate: asyncio.Event

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self.ran.get()


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        memory = MemoryDispatcher()
        await memory.start()
        yield _worked(memory, memory.broker)
        await memory.stop()
        return
    async with running_redis() as server:
        redis = RedisDispatcher(server.url)
        await redis.start()
        made = _worked(redis, redis.broker)
        receiver = Receiver(redis.broker, max_async_tasks=100, run_startup=False)
        listening = asyncio.create_task(receiver.listen(asyncio.Event()))
        async with asyncio.timeout(PATIENCE_S), server.client() as client:
            while (await client.pubsub_numsub(CHANNEL))[0][1] < 1:
                await asyncio.sleep(0.01)
        yield made
        await end(listening)
        await redis.stop()


def _worked(dispatcher: MemoryDispatcher | RedisDispatcher, broker: AsyncBroker) -> Post:
    made = Post(dispatcher, asyncio.Queue(), asyncio.Event())
    made.gate.set()

    async def run_job(job_id: str) -> None:
        made.ran.put_nowait(job_id)
        await made.gate.wait()

    broker.register_task(run_job, task_name=RUN_JOB)
    return made


async def test_every_woken_job_runs_once_and_waking_waits_for_none(post: Post) -> None:
    post.gate.clear()
    wanted = [f"job{number}" for number in range(20)]
    async with asyncio.timeout(PATIENCE_S):
        for job_id in wanted:
            await post.dispatcher.wake(job_id)
    assert sorted([await post.next() for _ in wanted]) == sorted(wanted)
    post.gate.set()
    assert post.ran.empty()


async def test_a_change_is_told_to_every_page_of_its_owner_and_to_nobody_else(post: Post) -> None:
    pages, stranger = [post.dispatcher.changes("anna") for _ in range(3)], post.dispatcher.changes("bert")
    await post.dispatcher.changed("anna", "job1")
    await post.dispatcher.changed("bert", "job2")
    async with asyncio.timeout(PATIENCE_S):
        assert [await anext(page) for page in pages] == ["job1"] * 3
        assert await anext(stranger) == "job2"


async def test_who_watches_one_job_hears_of_that_one_only(post: Post) -> None:
    page = post.dispatcher.changes("anna", "job2")
    for job_id in ("job1", "job2"):
        await post.dispatcher.changed("anna", job_id)
    async with asyncio.timeout(PATIENCE_S):
        assert await anext(page) == "job2"


async def test_a_stopped_dispatcher_lets_its_watchers_go(post: Post) -> None:
    page = post.dispatcher.changes("anna")
    waiting = asyncio.ensure_future(anext(page))
    await asyncio.sleep(0)
    await post.dispatcher.stop()
    with pytest.raises(StopAsyncIteration):
        async with asyncio.timeout(PATIENCE_S):
            await waiting
