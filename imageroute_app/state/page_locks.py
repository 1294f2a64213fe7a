"""Locks of page states in Redis that never outlive who holds them for long, and few ways to Redis for an event.

Reflex cancels the loads of a page that is left (`supersedes`, a closed socket). Where that comes while Redis is being asked
for the page's lock, the lock is given to nobody: until it runs out, 10 s later, the next page of that tab stands still. The
principle: who is cancelled hears Redis's answer first, and takes back what it gave. A process that is killed gives nothing
back, so a lock is short and whoever holds it longer renews it, for as long as Reflex lets a lock be held.

An event goes to Redis three times: for the lock, for the states that it needs with the one that the guard needs, and to
write them and give the lock back in one. Whoever finds the page locked looks again and again; Reflex has Redis announce
every lock that anybody takes or gives back to every process, which cost more than all waiting.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import reflex as rx
from redis.exceptions import RedisError
from reflex.istate.manager import StateModificationContext
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken, StateToken
from reflex.state import BaseState
from reflex_base.utils.exceptions import LockExpiredError
from typing_extensions import Unpack

from imageroute_app.state.guard import Binding

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
WRITE_BACK = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
for i = 2, #KEYS do
    redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ARGV[2])
end
return redis.call('DEL', KEYS[1])
"""
"""KEYS: the lock, then states. ARGV: who holds it, for how many seconds they are kept, then the states as they are written."""
LIFE_MS = 3000
"""A page goes on within 5 s after the process that served it was killed (PERFORMANCE); this is most of it."""
LOOK_AGAIN_S = 0.05
"""Events of a page wait for each other in their process; only its background work, or a tab that came over, waits here."""


_required: dict[tuple[type[BaseState], bool], set[type[BaseState]]] = {}
"""What is read for an event, by its state: the same for every page, so found out once."""


class PageLocks(StateManagerRedis):
    """Reflex's states in Redis, with locks that survive a cancellation of who waits for them; `longest_ms` bounds renewing."""

    longest_ms: int = 10_000

    def _ensure_lock_task(self) -> None:
        """Subscribe to nothing: who waits looks for itself."""

    def _get_required_state_classes(
        self,
        target_state_cls: type[BaseState],
        subclasses: bool = False,
        required_state_classes: set[type[BaseState]] | None = None,
    ) -> set[type[BaseState]]:
        """Return what is read for an event: with it the guard's state, which is asked for next."""
        if required_state_classes is not None:
            return super()._get_required_state_classes(target_state_cls, subclasses, required_state_classes)
        asked = (target_state_cls, subclasses)
        if asked not in _required:
            found = super()._get_required_state_classes(target_state_cls, subclasses, set())
            _required[asked] = super()._get_required_state_classes(Binding, False, found)
        return set(_required[asked])

    @contextlib.asynccontextmanager
    async def _try_modify_state(
        self, token: StateToken[Any], **context: Unpack[StateModificationContext]
    ) -> AsyncIterator[Any]:
        lock_key, lock_id = self._lock_key(token), uuid.uuid4().hex.encode()
        await self._wait_lock(lock_key, lock_id)
        is_held = True
        try:
            async with self._renewed(lock_key, lock_id):
                state = await self.get_state(token)
                yield state
                await self._write_back(token, state, lock_key, lock_id)
                is_held = False
        finally:
            if is_held:
                await _to_its_end(self._give_back(lock_key, lock_id))
            else:
                self._notify_next_waiter(lock_key)

    async def _write_back(self, token: StateToken[Any], state: Any, lock_key: bytes, lock_id: bytes) -> None:
        """Write what was touched and give the lock back, or do neither where it is another's by now."""
        writes = self._collect_state_writes(cast("BaseStateToken", token), state)
        names, kept = [name.encode() for name, _ in writes], [stored for _, stored in writes]
        if not await self._run(WRITE_BACK, [lock_key, *names], lock_id, self.token_expiration, *kept):
            raise LockExpiredError("an event held its page's lock for too long: nothing of it was kept")

    async def _try_get_lock(self, lock_key: bytes, lock_id: bytes) -> bool | None:
        return await _to_its_end(super()._try_get_lock(lock_key, lock_id))

    async def _wait_lock(self, lock_key: bytes, lock_id: bytes) -> None:
        try:
            if self._n_lock_waiters(lock_key) or not await self._try_get_lock(lock_key, lock_id):
                await self._stand_in_line(lock_key, lock_id)
        except asyncio.CancelledError:
            await _to_its_end(self._give_back(lock_key, lock_id))
            raise

    async def _stand_in_line(self, lock_key: bytes, lock_id: bytes) -> None:
        """Wait behind those of this process that came before; only the first of them asks Redis."""
        async with self._lock_waiter(lock_key) as my_turn:
            line = self._lock_waiters[lock_key]
            while True:
                my_turn.clear()
                if line[0] is my_turn and await self._try_get_lock(lock_key, lock_id):
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await my_turn.wait()

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
                if not await self._run(RENEW, [lock_key], lock_id, self.lock_expiration):
                    return
            await asyncio.sleep(every_s)

    async def _give_back(self, lock_key: bytes, lock_id: bytes) -> None:
        await self._run(GIVE_BACK, [lock_key], lock_id)
        self._notify_next_waiter(lock_key)  # the turn may have been this one's

    async def _run(self, script: str, keys: list[bytes], *given: bytes | int) -> int:
        # redis-py types EVAL for text and for clients that block; bytes go as they are.
        run = cast("Callable[..., Awaitable[int]]", self.redis.eval)
        return await run(script, len(keys), *keys, *given)


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
