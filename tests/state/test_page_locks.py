"""The lock of a page's state in Redis comes back whenever its event is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
import reflex as rx
from reflex.istate.manager.token import BaseStateToken

from imageroute_app.state.page_locks import PageLocks
from tests.adapters.redis_server import RedisServer, needs_redis, running_redis

pytestmark = needs_redis
TAB = "11111111-2222-4333-8444-555555555555"
PATIENCE_S = 60
STEPS = 30
"""More turns of the loop than taking, reading, writing and giving back need."""


class LockedState(rx.State):
    count: int = 0


TOKEN = BaseStateToken(ident=TAB, cls=LockedState)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RedisServer]:
    async with running_redis() as server:
        yield server


@pytest_asyncio.fixture
async def locks(server: RedisServer) -> AsyncIterator[PageLocks]:
    made = locks_of(server)
    yield made
    await made.close()


def locks_of(server: RedisServer) -> PageLocks:
    return PageLocks(redis=server.client(), lock_expiration=1000 * PATIENCE_S * 10, lock_warning_threshold=1000)


async def count(locks: PageLocks) -> None:
    async with locks.modify_state(TOKEN) as state:
        (await state.get_state(LockedState)).count += 1


async def is_held(locks: PageLocks) -> bool:
    return bool(await locks.redis.exists(locks._lock_key(TOKEN)))


async def cancel_after(turns: int, task: "asyncio.Task[None]") -> None:
    """Cancel a task after so many turns of the loop, which hits each of its awaits in the end."""
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(STEPS))
async def test_a_cancelled_event_holds_no_lock(locks: PageLocks, turns: int) -> None:
    await count(locks)
    await cancel_after(turns, asyncio.create_task(count(locks)))

    assert not await is_held(locks)
    async with asyncio.timeout(PATIENCE_S):
        await count(locks)


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancelled_event_that_was_next_lets_the_one_behind_it_go_on(
    server: RedisServer, locks: PageLocks, turns: int
) -> None:
    other = locks_of(server)
    async with other.modify_state(TOKEN):
        first, second = asyncio.create_task(count(locks)), asyncio.create_task(count(locks))
        await until(lambda: locks._n_lock_waiters(locks._lock_key(TOKEN)) == 2)
    its_turn, _ = locks._lock_waiters[locks._lock_key(TOKEN)]
    await until(its_turn.is_set)
    await cancel_after(turns, first)
    async with asyncio.timeout(PATIENCE_S):
        await second
    await other.close()


async def test_a_cancelled_event_leaves_the_lock_of_another_alone(server: RedisServer, locks: PageLocks) -> None:
    other = locks_of(server)
    async with other.modify_state(TOKEN):
        waiting = asyncio.create_task(count(locks))
        await until(lambda: locks._n_lock_waiters(locks._lock_key(TOKEN)) == 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        assert await is_held(locks)
    await other.close()
