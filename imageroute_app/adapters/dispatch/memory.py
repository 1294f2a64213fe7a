"""Dispatch inside one process: woken jobs run on this event loop."""

import asyncio
import logging

from taskiq import InMemoryBroker
from taskiq.exceptions import TaskiqError, UnknownTaskError
from taskiq.kicker import AsyncKicker
from taskiq.message import BrokerMessage
from taskiq.result_backends.dummy import DummyResultBackend

from imageroute_app.adapters.dispatch import RUN_JOB
from imageroute_app.adapters.dispatch.watchers import Watcher, Watchers
from imageroute_app.ending import end

log = logging.getLogger(__name__)


class LoopBroker(InMemoryBroker):
    """The in-memory broker without results, and one that ends what runs when it stops."""

    def __init__(self) -> None:
        super().__init__(await_inplace=True)
        self.result_backend = DummyResultBackend()  # pyright: ignore[reportAttributeAccessIssue]  # we read rows
        self._running: set[asyncio.Task[None]] = set()

    async def kick(self, message: BrokerMessage) -> None:
        """Begin the task and do not wait for it; raises UnknownTaskError."""
        if self.find_task(message.task_name) is None:
            raise UnknownTaskError(task_name=message.task_name)
        task = asyncio.create_task(super().kick(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def shutdown(self) -> None:
        """Cancel what runs: the jobs' leases run out and the next start takes them up."""
        await end(*self._running)
        await super().shutdown()


class MemoryDispatcher:
    """Dispatcher for one process."""

    def __init__(self) -> None:
        self.broker = LoopBroker()
        self._watchers = Watchers()

    async def start(self) -> None:
        """Open the broker."""
        await self.broker.startup()

    async def stop(self) -> None:
        """End running jobs and watchers."""
        self._watchers.close()
        await self.broker.shutdown()

    async def wake(self, job_id: str) -> None:
        """Begin to run a job here."""
        try:
            await AsyncKicker(RUN_JOB, self.broker, {}).kiq(job_id)
        except TaskiqError as error:
            log.warning("wake.failed", extra={"job": job_id, "kind": type(error).__name__})

    async def changed(self, owner: str, job_id: str) -> None:
        """Tell the person's open pages that a job changed."""
        self._watchers.tell(owner, job_id)

    def changes(self, owner: str, job_id: str = "") -> Watcher:
        """Yield ids of changed jobs of one person, or of one job, from now on; close it with aclose()."""
        return self._watchers.watch(owner, job_id)
