"""Dispatch through Redis: jobs in a stream with acknowledgements, changes by publish/subscribe.

Redis may be away at any time. Then waking and telling do nothing but log: the lease sweep finds the
job and pages re-read their rows; both loops here go on once Redis is back.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator

from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import AckableMessage
from taskiq.exceptions import TaskiqError
from taskiq.kicker import AsyncKicker
from taskiq_redis import RedisStreamBroker

from imageroute_app.adapters.dispatch import RUN_JOB
from imageroute_app.adapters.dispatch.watchers import Watcher, Watchers

log = logging.getLogger(__name__)

STREAM, GROUP, CHANNEL = "imageroute:jobs", "imageroute", "imageroute:changes"
STREAM_MAX = 10_000
BLOCK_MS = 1_000
SEND_TIMEOUT_S = 2.0
SOCKET_TIMEOUT_S = 5.0
RETRY_S = 1.0
IDLE_MS = 10 * 60 * 1000
CONNECTIONS = 32
AWAY = (RedisError, OSError, TimeoutError)


class StreamBroker(RedisStreamBroker):
    """The acknowledging stream broker, listening on through outages."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            queue_name=STREAM,
            consumer_group_name=GROUP,
            consumer_id="0",
            max_connection_pool_size=CONNECTIONS,
            xread_block=BLOCK_MS,
            maxlen=STREAM_MAX,
            idle_timeout=IDLE_MS,
            unacknowledged_lock_timeout=SOCKET_TIMEOUT_S,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=SEND_TIMEOUT_S,
        )

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield messages; after an outage or a flush the group is declared anew."""
        while True:
            try:
                await self._declare_consumer_group()
                async with contextlib.aclosing(super().listen()) as messages:
                    async for message in messages:
                        yield message
            except AWAY as error:
                log.warning("jobs.away", extra={"kind": type(error).__name__})
                await asyncio.sleep(RETRY_S)


class RedisDispatcher:
    """Dispatcher for any number of processes."""

    def __init__(self, url: str) -> None:
        self.broker = StreamBroker(url)
        self._redis = Redis.from_url(
            url, socket_timeout=SOCKET_TIMEOUT_S, socket_connect_timeout=SEND_TIMEOUT_S
        )
        self._watchers = Watchers()
        self._subscription: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the broker and begin to hear of changes; both wait for Redis if it is away."""
        try:
            await self.broker.startup()
        except AWAY as error:
            log.warning("redis.away", extra={"kind": type(error).__name__})
        self._subscription = asyncio.create_task(self._hear_forever())

    async def stop(self) -> None:
        """Let go of connections and end watchers."""
        self._watchers.close()
        if self._subscription is not None:
            self._subscription.cancel()
            await asyncio.gather(self._subscription, return_exceptions=True)
        await self._redis.aclose()
        await self.broker.shutdown()

    async def wake(self, job_id: str) -> None:
        """Ask a worker to look at a job; never raises for a lost message."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await AsyncKicker(RUN_JOB, self.broker, {}).kiq(job_id)
        except (TaskiqError, *AWAY) as error:
            log.warning("wake.failed", extra={"job": job_id, "kind": type(error).__name__})

    async def changed(self, owner: str, job_id: str) -> None:
        """Tell the person's open pages, whichever process serves them."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._redis.publish(CHANNEL, json.dumps([owner, job_id]))
        except AWAY as error:
            log.warning("changed.failed", extra={"job": job_id, "kind": type(error).__name__})
            self._watchers.tell(owner, job_id)

    def changes(self, owner: str) -> Watcher:
        """Yield ids of changed jobs of one person, from now on; close it with aclose()."""
        return self._watchers.watch(owner)

    async def _hear_forever(self) -> None:
        while True:
            try:
                await self._hear()
            except AWAY as error:
                log.warning("changes.away", extra={"kind": type(error).__name__})
                await asyncio.sleep(RETRY_S)

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            while True:
                message = await channel.get_message(timeout=BLOCK_MS / 1000)
                if message is None:
                    continue
                try:
                    owner, job_id = json.loads(message["data"])
                except ValueError:
                    log.warning("changes.malformed")
                    continue
                self._watchers.tell(owner, job_id)
