"""Background work: the taskiq task that runs a job, and the loop that finds lost jobs and sweeps what is over.

The database row is the truth; a message only wakes a worker, and the sweep finds every job whose message was lost. Never
imports Reflex, so that `python -m imageroute_app.tasks` is a lean worker beside Redis.
"""

import asyncio
import contextlib
import logging
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import cast

from taskiq import AsyncBroker
from taskiq.receiver import Receiver

from imageroute_app.bootstrap import open_guarded, use_services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.ending import end
from imageroute_app.logs import configure_logging, trace
from imageroute_app.services.house import Services
from imageroute_app.settings import Settings, SettingsError, load_settings

log = logging.getLogger(__name__)

RUN_JOB = "run_job"
RETENTION_PERIOD = timedelta(minutes=15)
JOBS_AT_ONCE = 100
DRAIN_S = 15
"""How long a process that stops lets its jobs go on; the web process ends itself after 20 s, whatever happens."""
CHECKS_EVERY = timedelta(minutes=1)


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
        await _attempt("jobs", services.runner.sweep())
        await _attempt("exports", services.export_worker.sweep())
        await _attempt("erasures", services.erasures.sweep())
        await _attempt("mails", services.mails.deliver())
        if services.hosted is not None:
            await _attempt("sign-outs", services.hosted.revoking.sweep())
        if retention_s <= 0 and await _attempt("retention", services.retention.sweep(RETENTION_PERIOD)):
            retention_s = RETENTION_PERIOD.total_seconds()
        pause_s = period_s * random.uniform(0.9, 1.1)  # noqa: S311  # jitter, so that workers do not sweep in step
        retention_s -= pause_s
        await asyncio.sleep(pause_s)


async def _attempt(part: str, work: Awaitable[object]) -> bool:
    """Do one part of a sweep; a part that fails, for whatever reason, holds up no other. Returns whether it was done."""
    try:
        await work
    except ImageRouteError as error:
        log.warning("sweep.deferred %s", part, extra={"code": error.code})
    except Exception as error:  # noqa: BLE001  # a mistake of ours in one part must not end what erases and expires
        log.error("sweep.broken %s: %s", part, trace(error))
    else:
        return True
    return False


async def check_forever(services: Services) -> None:
    """Look every minute which checks of /trust are due, until cancelled; the first look waits for the first sweep."""
    while True:
        await asyncio.sleep(services.sweep_period.total_seconds())
        await _attempt("checks", services.checks.sweep())
        await asyncio.sleep(CHECKS_EVERY.total_seconds())


async def warm(services: Services) -> None:
    """Start the processes that draw and check, again and again until they are there; the first page need not wait for them."""
    while True:
        if await _attempt("workers", services.warm()):
            return
        await asyncio.sleep(services.sweep_period.total_seconds())


async def receive_until(services: Services, stop: asyncio.Event) -> None:
    """Take woken jobs from Redis until told to stop, then let those in hand end; the in-memory broker runs them by itself."""
    broker = cast("AsyncBroker", services.broker)
    receiver = Receiver(broker, max_async_tasks=JOBS_AT_ONCE, run_startup=False, wait_tasks_timeout=DRAIN_S)
    await receiver.listen(stop)


@contextlib.asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Run the background work of one process around a block."""
    register(services)
    await services.start()
    stop = asyncio.Event()
    loops = (warm, sweep_forever, check_forever) if services.runs_jobs else (warm,)
    running_loops = [asyncio.create_task(loop(services)) for loop in loops]
    receives = services.runs_jobs and services.needs_receiver
    receiving = asyncio.create_task(receive_until(services, stop)) if receives else None
    try:
        yield
    finally:
        stop.set()
        for loop in running_loops:
            await end(loop)
        if receiving is not None:
            await asyncio.wait([receiving], timeout=DRAIN_S)
            await end(receiving)  # what it still had in hand is another worker's when its lease runs out
        await services.close()


async def work(settings: Settings) -> None:
    """Run jobs beside the web processes until SIGTERM or SIGINT, then end what is in hand."""
    opened = await open_guarded(replace(settings, jobs_apart=False))
    use_services(opened)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(opened):
        log.info("working")
        await stop.wait()


def main() -> int:
    """Run the command; returns the process's exit status."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"Some settings cannot be used:\n{error}\n")
        return 2
    if not settings.redis_url:
        sys.stderr.write(
            "A worker of its own needs IMAGEROUTE_REDIS_URL: without Redis the web process runs the jobs.\n"
        )
        return 2
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(work(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
