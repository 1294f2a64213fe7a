"""Dispatch through Redis: jobs in a stream with acknowledgements, changes by publish/subscribe.

Redis may be away at any time. Then waking and telling do nothing but log: the lease sweep finds the
job and pages re-read their rows; both loops here go on once Redis is back.
"""

import asyncio
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
from imageroute_app.ending import end

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


_Message = tuple[str, dict[bytes, bytes]]


class StreamBroker(RedisStreamBroker):
    """The acknowledging stream broker, listening on through outages."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            queue_name=STREAM,
            consumer_group_name=GROUP,
            consumer_id="0",
            max_connection_pool_size=CONNECTIONS,
            maxlen=STREAM_MAX,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=SEND_TIMEOUT_S,
        )

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield messages, one at a time so that no busy worker hoards them; survives outages and flushes."""
        is_declared = False
        while True:
            messages: list[_Message] = []
            try:
                if not is_declared:
                    await self._declare_consumer_group()
                messages = await self._fetch()
                is_declared = True
            except AWAY as error:
                log.warning("jobs.away", extra={"kind": type(error).__name__})
                is_declared = False
                await asyncio.sleep(RETRY_S)
            _heed_cancellation()
            for message_id, fields in messages:
                ack = self._ack_generator(id=message_id, queue_name=STREAM)
                yield AckableMessage(data=fields[b"data"], ack=ack)

    async def _fetch(self) -> "list[_Message]":
        """Wait a moment for a new message; if there is none, take over what a lost worker left."""
        async with Redis(connection_pool=self.connection_pool) as redis:
            fetched = await redis.xreadgroup(GROUP, self.consumer_name, {STREAM: ">"}, count=1, block=BLOCK_MS)
            if fetched:
                return fetched[0][1]
            claimed = await redis.xautoclaim(STREAM, GROUP, self.consumer_name, IDLE_MS, count=1)
            return claimed[1]


class RedisDispatcher:
    """Dispatcher for any number of processes."""

    def __init__(self, url: str) -> None:
        self.broker = StreamBroker(url)
        self._redis = Redis.from_url(url, socket_timeout=SOCKET_TIMEOUT_S, socket_connect_timeout=SEND_TIMEOUT_S)
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
            await end(self._subscription)
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

    def changes(self, owner: str, job_id: str = "") -> Watcher:
        """Yield ids of changed jobs of one person, or of one job, from now on; close it with aclose()."""
        return self._watchers.watch(owner, job_id)

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
                _heed_cancellation()
                message = await channel.get_message(timeout=BLOCK_MS / 1000)
                if message is not None:
                    self._tell(message["data"])

    def _tell(self, text: bytes) -> None:
        try:
            match json.loads(text):
                case [str(owner), str(job_id)]:
                    self._watchers.tell(owner, job_id)
                case _:
                    log.warning("changes.malformed")
        except ValueError:
            log.warning("changes.malformed")


def _heed_cancellation() -> None:
    """End a task that was cancelled although it goes on.

    Before Python 3.12 asyncio.wait_for, through which redis sends, drops a cancellation that arrives
    when it is just done (cpython issue 86296); a loop that then reads on would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
