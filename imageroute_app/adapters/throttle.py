"""Counting tries in a moving window, in memory or in Redis.

Who tried is stored as a digest: an address in Redis would be one more place to erase. In memory the windows are our own:
those of limits go through every key there is at every try, each in a thread.
"""

import hashlib
import logging
import math
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

from limits import RateLimitItem, RateLimitItemPerSecond, WindowStats
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from imageroute_app.domain.errors import RateLimited, Unavailable

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = logging.getLogger(__name__)

MINUTE_S = 60
SHOWN_AS_SECONDS_S = 90
REDIS_TIMEOUT_S = 2.0
KEY_PREFIX = "imageroute:tries"


def open_limiter(redis_url: str = "") -> "MovingWindow":
    """Return a limiter for this process, or for all that share a Redis when a URL is given."""
    if not redis_url:
        return MovingWindow(Memory())
    from redis.asyncio import ConnectionPool  # only with a Redis: it costs a start much time

    pool = ConnectionPool.from_url(redis_url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    storage = RedisStorage(
        "async+redis://",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=KEY_PREFIX,
        connection_pool=pool,  # pyright: ignore[reportArgumentType]  # documented, but missing from its types
    )
    return MovingWindow(MovingWindowRateLimiter(storage), pool)


class Strategy(Protocol):
    """What counts; as limits' strategies do."""

    async def hit(self, item: RateLimitItem, *identifiers: str) -> bool:
        """Count a try unless there were too many."""
        ...

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return when the next try is free, and how many are left."""
        ...

    async def clear(self, item: RateLimitItem, *identifiers: str) -> None:
        """Forget the tries."""
        ...


class Memory:
    """The tries of this process: their times by key. Each try also looks whether a few other keys are over."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._window_s: dict[str, int] = {}

    async def hit(self, item: RateLimitItem, *identifiers: str) -> bool:
        """Count a try unless there were too many."""
        self._forget_some()
        key, now = item.key_for(*identifiers), time.time()
        tries = self._within(item, key, now)
        if len(tries) >= item.amount:
            return False
        tries.append(now)
        return True

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return when the next try is free, and how many are left."""
        now = time.time()
        tries = self._within(item, item.key_for(*identifiers), now)
        return WindowStats(tries[0] + item.get_expiry() if tries else now, item.amount - len(tries))

    async def clear(self, item: RateLimitItem, *identifiers: str) -> None:
        """Forget the tries."""
        self._drop(item.key_for(*identifiers))

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._tries)

    def _within(self, item: RateLimitItem, key: str, now: float) -> deque[float]:
        tries = self._tries.setdefault(key, deque())
        self._window_s[key] = item.get_expiry()
        while tries and tries[0] <= now - item.get_expiry():
            tries.popleft()
        return tries

    def _forget_some(self) -> None:
        """Look at two keys in turn, so that what is over goes about twice as fast as it comes."""
        for _ in range(min(2, len(self._tries))):
            key = next(iter(self._tries))
            if not (tries := self._tries[key]) or tries[-1] <= time.time() - self._window_s[key]:
                self._drop(key)
            else:
                self._tries.move_to_end(key)

    def _drop(self, key: str) -> None:
        self._tries.pop(key, None)
        self._window_s.pop(key, None)


class MovingWindow:
    """Limiter; without its storage it refuses rather than lets everything through."""

    def __init__(self, strategy: Strategy, pool: "ConnectionPool | None" = None) -> None:
        self._strategy, self._pool = strategy, pool

    async def hit(self, name: str, who: str, *, limit: int, window_s: int) -> None:
        """Count one try; raises RateLimited with the seconds to wait, Unavailable."""
        item, key = RateLimitItemPerSecond(limit, window_s, namespace=name), _digest(who)
        try:
            if await self._strategy.hit(item, key):
                return
            stats = await self._strategy.get_window_stats(item, key)
        except StorageError as error:
            raise _unavailable(error) from error
        wait_s = min(window_s, max(1, math.ceil(stats.reset_time - time.time())))
        message = f"Too many tries. Wait {_spoken(wait_s)} and try again."
        raise RateLimited(message, retry_after_s=wait_s)

    async def clear(self, name: str, who: str, *, limit: int, window_s: int) -> None:
        """Forget the tries, for example after a good sign-in; raises Unavailable."""
        item = RateLimitItemPerSecond(limit, window_s, namespace=name)
        try:
            await self._strategy.clear(item, _digest(who))
        except StorageError as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Let go of connections."""
        if self._pool is not None:
            await self._pool.aclose()


def _digest(who: str) -> str:
    return hashlib.blake2b(who.encode(), digest_size=16).hexdigest()


def _unavailable(error: StorageError) -> Unavailable:
    log.warning("throttle.unavailable", extra={"kind": type(error.storage_error).__name__})
    return Unavailable("This cannot be done right now. Try again in a moment.")


def _spoken(wait_s: int) -> str:
    if wait_s == 1:
        return "1 second"
    if wait_s < SHOWN_AS_SECONDS_S:
        return f"{wait_s} seconds"
    return f"{math.ceil(wait_s / MINUTE_S)} minutes"
