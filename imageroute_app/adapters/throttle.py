"""Counting tries in a moving window, in memory or in Redis.

Who tried is stored as a digest: an address in Redis would be one more place to erase.
"""

import hashlib
import logging
import math
import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
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
        return MovingWindow(MovingWindowRateLimiter(MemoryStorage()))
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


class MovingWindow:
    """Limiter; without its storage it refuses rather than lets everything through."""

    def __init__(self, strategy: MovingWindowRateLimiter, pool: "ConnectionPool | None" = None) -> None:
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
