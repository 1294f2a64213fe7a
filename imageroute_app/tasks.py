"""Background work: the taskiq task that runs a job, and the loop that finds lost jobs and sweeps what is over.

The database row is the truth; a message only wakes a worker, and the sweep finds every job whose message was lost. Never
imports Reflex, so that `python -m imageroute_app.tasks` is a lean worker beside Redis.
"""

import asyncio
import contextlib
import logging
import random
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

from taskiq import AsyncBroker
from taskiq.receiver import Receiver

from imageroute_app.bootstrap import open_services, use_services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.services.house import Services
from imageroute_app.settings import load_settings

log = logging.getLogger(__name__)

RUN_JOB = "run_job"
RETENTION_PERIOD = timedelta(minutes=15)


def register(services: Services) -> None:
    """Put the task on the broker that the dispatcher wakes it through."""
    broker = cast("AsyncBroker", services.broker)

    async def run_job(job_id: str) -> None:
        try:
            await services.runner.run(job_id)
        except ImageRouteError as error:
            log.warning("job.deferred", extra={"job": job_id, "code": error.code})

    if RUN_JOB not in broker.local_task_registry:
        broker.register_task(run_job, task_name=RUN_JOB)


async def sweep_forever(services: Services) -> None:
    """Look for lost jobs every period and for what is over every quarter of an hour, until cancelled."""
    period_s = services.sweep_period.total_seconds()
    retention_s = 0.0
    while True:
        try:
            await services.runner.sweep()
            if retention_s <= 0:
                await services.retention.sweep(RETENTION_PERIOD)
                retention_s = RETENTION_PERIOD.total_seconds()
        except ImageRouteError as error:
            log.warning("sweep.deferred", extra={"code": error.code})
        pause_s = period_s * random.uniform(0.9, 1.1)  # noqa: S311  # jitter, so that workers do not sweep in step
        retention_s -= pause_s
        await asyncio.sleep(pause_s)


async def receive_forever(services: Services) -> None:
    """Take woken jobs from Redis; the in-memory broker runs them by itself."""
    broker = cast("AsyncBroker", services.broker)
    stop = asyncio.Event()
    receiver = Receiver(broker, max_async_tasks=100, run_startup=False)
    try:
        await receiver.listen(stop)
    finally:
        stop.set()


@contextlib.asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Run the background work of one process around a block."""
    register(services)
    await services.start()
    loops = [asyncio.create_task(sweep_forever(services))]
    if services.needs_receiver:
        loops.append(asyncio.create_task(receive_forever(services)))
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await services.close()


async def _main() -> None:
    opened = await open_services(load_settings())
    use_services(opened)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(opened):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
