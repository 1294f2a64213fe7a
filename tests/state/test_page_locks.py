"""The lock of a page's state in Redis comes back whenever its event is cancelled."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
import reflex as rx
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex_base.utils.exceptions import LockExpiredError

from imageroute_app.settings import ROOT
from imageroute_app.state.guard import Binding
from imageroute_app.state.page_locks import LIFE_MS, PageLocks, install
from tests.adapters.redis_server import RedisServer, needs_redis

pytestmark = needs_redis
TAB = "11111111-2222-4333-8444-555555555555"
PATIENCE_S = 60
STEPS = 30
"""More turns of the loop than taking, reading, writing and giving back need."""


class LockedState(rx.State):
    count: int = 0


TOKEN = BaseStateToken(ident=TAB, cls=LockedState)


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


async def test_an_event_goes_to_redis_three_times_and_finds_the_guards_state_there(locks: PageLocks) -> None:
    await count(locks)
    ways, ask = list[str](), locks.redis.execute_command

    async def noted(*command: Any, **options: Any) -> Any:
        ways.append(command[0])
        return await ask(*command, **options)

    locks.redis.execute_command = noted  # type: ignore[method-assign]
    async with locks.modify_state(TOKEN) as state:
        (await state.get_state(LockedState)).count += 1
        (await state.get_state(Binding))._owner = "ada"

    assert ways == ["SET", "MGET", "EVAL"]
    assert not await is_held(locks)
    async with locks.modify_state(TOKEN) as state:
        assert (await state.get_state(LockedState)).count == 2
        assert (await state.get_state(Binding))._owner == "ada"


async def test_events_of_two_processes_on_one_page_wait_for_each_other_and_redis_announces_none(
    server: RedisServer, locks: PageLocks
) -> None:
    other = locks_of(server)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(count(one) for _ in range(10) for one in (locks, other)))

    async with locks.modify_state(TOKEN) as state:
        assert (await state.get_state(LockedState)).count == 20
    assert await locks.redis.execute_command("PUBSUB", "NUMPAT") == 0
    await other.close()


async def test_an_event_that_failed_keeps_nothing_and_gives_its_lock_back(locks: PageLocks) -> None:
    await count(locks)
    with pytest.raises(ZeroDivisionError):
        await count_and_fail(locks)

    assert not await is_held(locks)
    async with locks.modify_state(TOKEN) as state:
        assert (await state.get_state(LockedState)).count == 1


async def count_and_fail(locks: PageLocks) -> None:
    async with locks.modify_state(TOKEN) as state:
        (await state.get_state(LockedState)).count += 1
        raise ZeroDivisionError


HOLDER = """
import asyncio, sys
from redis.asyncio import Redis
from tests.state.test_page_locks import TOKEN
from imageroute_app.state.page_locks import LIFE_MS, PageLocks

async def hold():
    locks = PageLocks(redis=Redis.from_url(sys.argv[1]), lock_expiration=LIFE_MS, lock_warning_threshold=1000)
    async with locks.modify_state(TOKEN):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


async def test_the_lock_of_a_killed_process_is_free_within_five_seconds(server: RedisServer, locks: PageLocks) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, server.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            assert await holder.stdout.readline() == b"held\n"
    finally:
        holder.kill()
        await holder.wait()
    assert await locks.redis.pttl(locks._lock_key(TOKEN)) <= 5000
    async with asyncio.timeout(PATIENCE_S):
        await count(locks)


async def test_a_long_event_keeps_its_lock_until_it_is_held_for_too_long(server: RedisServer) -> None:
    locks = PageLocks(redis=server.client(), lock_expiration=600, lock_warning_threshold=500)
    locks.longest_ms = 600 * 10
    async with locks.modify_state(TOKEN) as state:
        await asyncio.sleep(2)  # more than three lives of a lock
        (await state.get_state(LockedState)).count = 7
    async with locks.modify_state(TOKEN) as state:
        assert (await state.get_state(LockedState)).count == 7

    locks.longest_ms = 600
    with pytest.raises(LockExpiredError):
        await hold(locks, asyncio.sleep(2))
    await locks.close()


async def test_nobody_renews_the_lock_of_another(server: RedisServer) -> None:
    locks = PageLocks(redis=server.client(), lock_expiration=600, lock_warning_threshold=500)
    key = locks._lock_key(TOKEN)
    with pytest.raises(LockExpiredError):
        await hold(locks, take_over(locks, key))
    assert not await locks.redis.exists(key)
    await locks.close()


async def hold(locks: PageLocks, meanwhile: Coroutine[Any, Any, None]) -> None:
    async with locks.modify_state(TOKEN):
        await meanwhile


async def take_over(locks: PageLocks, key: bytes) -> None:
    """Give the lock to somebody else, and wait for longer than a lock lives."""
    await locks.redis.set(key, b"somebody else", px=700)
    await asyncio.sleep(1.5)


async def test_the_app_serves_with_short_locks_that_are_held_as_long_as_reflex_allows(server: RedisServer) -> None:
    plain = StateManagerRedis(redis=server.client())
    app = cast("rx.App", SimpleNamespace(state_manager=plain))
    install(app)
    made = app._state_manager
    assert isinstance(made, PageLocks)
    assert (made.lock_expiration, made.longest_ms) == (LIFE_MS, plain.lock_expiration)
    await made.close()
