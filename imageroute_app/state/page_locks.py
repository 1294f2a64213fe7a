"""Locks of page states in Redis that never outlive who holds them for long.

Reflex cancels the loads of a page that is left (`supersedes`, a closed socket). Where that comes while Redis is being asked
for the page's lock, the lock is given to nobody: until it runs out, 10 s later, the next page of that tab stands still. The
principle: who is cancelled hears Redis's answer first, and takes back what it gave. A process that is killed gives nothing
back, so a lock is short and whoever holds it longer renews it, for as long as Reflex lets a lock be held.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import reflex as rx
from redis.exceptions import RedisError
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import StateToken

Answer = TypeVar("Answer")

GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
"""KEYS: the lock. ARGV: who may hold it. Somebody else's lock stays."""
RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
"""
"""KEYS: the lock. ARGV: who holds it, and for how many milliseconds more."""
LIFE_MS = 3000
"""A page goes on within 5 s after the process that served it was killed (PERFORMANCE); this is most of it."""


class PageLocks(StateManagerRedis):
    """Reflex's states in Redis, with locks that survive a cancellation of who waits for them; `longest_ms` bounds renewing."""

    longest_ms: int = 10_000

    async def _try_get_lock(self, lock_key: bytes, lock_id: bytes) -> bool | None:
        return await _to_its_end(super()._try_get_lock(lock_key, lock_id))

    async def _wait_lock(self, lock_key: bytes, lock_id: bytes) -> None:
        try:
            await super()._wait_lock(lock_key, lock_id)
        except asyncio.CancelledError:
            await _to_its_end(self._give_back(lock_key, lock_id))
            raise

    @contextlib.asynccontextmanager
    async def _lock(self, token: StateToken[Any], event_name: str | None = None) -> AsyncIterator[bytes]:
        lock_id = b""
        try:
            async with super()._lock(token, event_name) as lock_id, self._renewed(self._lock_key(token), lock_id):
                yield lock_id
        except asyncio.CancelledError:  # it may have come while the lock was given back
            if lock_id:
                await _to_its_end(self._give_back(self._lock_key(token), lock_id))
            raise

    @contextlib.asynccontextmanager
    async def _renewed(self, lock_key: bytes, lock_id: bytes) -> AsyncIterator[None]:
        """Renew a lock that is held for long; most are not, so that nothing but a timer is set for them."""
        every_s = self.lock_expiration / 3000
        tasks = list[asyncio.Task[None]]()
        begin = lambda: tasks.append(asyncio.create_task(self._renew(lock_key, lock_id, every_s)))  # noqa: E731
        timer = asyncio.get_running_loop().call_later(every_s, begin)
        try:
            yield
        finally:
            timer.cancel()
            for task in tasks:
                task.cancel()

    async def _renew(self, lock_key: bytes, lock_id: bytes, every_s: float) -> None:
        for _ in range(int((self.longest_ms - self.lock_expiration) / 1000 / every_s)):
            with contextlib.suppress(RedisError):  # the next time, before the lock runs out
                if not await self._run(RENEW, lock_key, lock_id, self.lock_expiration):
                    return
            await asyncio.sleep(every_s)

    async def _give_back(self, lock_key: bytes, lock_id: bytes) -> None:
        await self._run(GIVE_BACK, lock_key, lock_id)
        self._notify_next_waiter(lock_key)  # the turn may have been this one's

    async def _run(self, script: str, lock_key: bytes, *given: bytes | int) -> int:
        # redis-py types EVAL for text and for clients that block; bytes go as they are.
        run = cast("Callable[..., Awaitable[int]]", self.redis.eval)
        return await run(script, 1, lock_key, *given)


async def _to_its_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run something short to its end, then raise the cancellation that came meanwhile, however often."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()
        raise cancelled
    return task.result()


def install(app: rx.App) -> None:
    """Keep the pages of an app that keeps them in Redis under these locks; call before it serves."""
    plain = app.state_manager
    if isinstance(plain, StateManagerRedis):
        locks = PageLocks(
            redis=plain.redis,
            token_expiration=plain.token_expiration,
            lock_expiration=min(plain.lock_expiration, LIFE_MS),
            lock_warning_threshold=plain.lock_warning_threshold,
        )
        locks.longest_ms = plain.lock_expiration
        app._state_manager = locks
