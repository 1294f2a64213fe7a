"""The runner carries one job from its claim to a final state.

Principles: the lease says who works on a job; only its holder closes it, in one transaction that adds the images, closes the
hold and ends the job. Bytes are stored before that transaction under addresses chosen at submission, so that a replay after
a crash overwrites them and nothing is left over. Where the store is away, the job ends all the same and gives its credits back;
the lease time stays in its row until a sweep has cleared what may lie there.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from imageroute_app.domain.errors import Conflict, ImageRouteError, Unavailable
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import AttemptOutcome, Job, JobState, drop_time
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Dispatcher,
    Fault,
    Imaging,
    MediaStore,
    Moderation,
    NewId,
    Query,
    Tables,
)
from imageroute_app.domain.rules import Rules
from imageroute_app.ending import end
from imageroute_app.logs import trace
from imageroute_app.services.attempts import Attempts
from imageroute_app.services.carrier import Carrier
from imageroute_app.services.delivery import Delivery
from imageroute_app.services.endings import Ending, failed
from imageroute_app.services.gate import Gate
from imageroute_app.services.holds import Holds
from imageroute_app.services.routing import Routing

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 3


class Runner:
    """What a worker does with a job id."""

    def __init__(
        self,
        *,
        database: Database,
        routing: Routing,
        moderation: Moderation,
        imaging: Imaging,
        media: MediaStore,
        dispatcher: Dispatcher,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        fault: Fault,
        gate: Gate,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._dispatcher = dispatcher
        self._delivery = Delivery(tables=database.tables, imaging=imaging, media=media, clock=clock, fault=fault)
        self._attempts = Attempts(tables=database.tables, clock=clock, new_id=new_id)
        self._carrier = Carrier(
            database=database,
            routing=routing,
            attempts=self._attempts,
            delivery=self._delivery,
            moderation=moderation,
            clock=clock,
            rules=rules,
            fault=fault,
            gate=gate,
        )
        self._holds = Holds(clock=clock, new_id=new_id)
        self._clock, self._new_id, self._rules, self._fault = clock, new_id, rules, fault
        self._holder = new_id()

    async def run(self, job_id: str) -> bool:
        """Carry the job to its end; False when another worker has it, it is final, or the person's cap is reached."""
        now = self._clock()
        job = await self._tables.jobs.claim(
            job_id,
            holder=self._holder,
            now=now,
            lease_until=now + self._rules.lease,
            cap=self._rules.jobs_running_per_person,
        )
        if job is None:
            return False
        await self._dispatcher.changed(job.owner, job.id)
        work = asyncio.create_task(self._work(job))
        watch = asyncio.create_task(self._keep_lease(job, work))
        try:
            await asyncio.wait({work})
            if work.cancelled() and await watch:
                await self._end(job, await self._carrier.stop(job))
        finally:
            await end(watch, work)
        if not work.cancelled() and (error := work.exception()):
            # The row keeps its lease: the sweep takes the job up again when it has run out.
            log.error("job.interrupted %s: %s", job.id, trace(error))
        await asyncio.gather(self._dispatcher.changed(job.owner, job.id), self._wake_next(job.owner))
        return True

    async def sweep(self, limit: int = 50) -> int:
        """Wake every job that waits or whose worker died; returns how many."""
        due = await self._tables.jobs.due(self._clock(), limit)
        for job in due:
            await self._dispatcher.wake(job.id)
        await self._clear_later(limit)
        return len(due)

    async def _clear_later(self, limit: int) -> None:
        """Delete what ended jobs left in a store that was away then; what is still away waits for the next sweep."""
        for job in await self._tables.jobs.overdue("lease_until", self._clock(), limit):
            if job.state.is_final and await self._is_cleared(job, ()):
                try:
                    await self._tables.jobs.update(replace(job, lease_until=None))
                except Conflict:  # another worker's sweep was here
                    continue

    async def _wake_next(self, owner: str) -> None:
        oldest = Query(owner=owner, equals={"state": JobState.QUEUED}, oldest_first=True, limit=1)
        for waiting in await self._tables.jobs.find(oldest):
            await self._dispatcher.wake(waiting.id)

    async def _keep_lease(self, job: Job, work: "asyncio.Task[None]") -> bool:
        """Extend the lease while the work runs; stop the work and say True when the person cancelled it.

        Returns False when the lease was lost to another worker, after stopping the work as well.
        """
        changes = self._dispatcher.changes(job.owner, job.id)
        time_of, pause = asyncio.get_running_loop().time, self._rules.lease.total_seconds() / 3
        renew_at = time_of() + pause
        while not work.done():
            heard = await _next_within(changes, renew_at - time_of())
            try:
                if heard == job.id and (await self._tables.jobs.get(job.id, job.owner)).cancel_requested:
                    await end(work)
                    return True
                if time_of() < renew_at:
                    continue
                renew_at = time_of() + pause
                until = self._clock() + self._rules.lease
                kept = await self._tables.jobs.renew(job.id, holder=self._holder, lease_until=until)
                stopped = (await self._tables.jobs.get(job.id, job.owner)).cancel_requested
            except ImageRouteError:
                continue
            if stopped or not kept:
                await end(work)
                return kept
        return False

    async def _work(self, job: Job) -> None:
        if job.cancel_requested:
            ending = await self._carrier.stop(job)
        elif job.attempts > ATTEMPTS_MAX:
            ending = failed("interrupted", "The server stopped several times while this ran.")
        else:
            ending = await self._carrier.carry(job)
        await self._end(job, ending)

    # --- The end ------------------------------------------------------------------------------------------------------------

    async def _end(self, job: Job, ending: Ending) -> None:
        """Write the ending in one transaction, unless another holder has the job by now."""
        cleared = await self._is_cleared(job, ending.images)
        try:
            written = await self._database.transact(
                lambda tables: self._write_end(tables, job, ending, cleared=cleared)
            )
        except Conflict:
            log.warning("job.end_conflict", extra={"job": job.id})
            raise
        self._fault("after_commit")
        if not written:
            log.info("job.taken_over", extra={"job": job.id})

    async def _is_cleared(self, job: Job, images: Sequence[Image]) -> bool:
        """Delete the bytes of what was not delivered; False while the store does not answer."""
        if len(images) == len(job.image_ids):
            return True
        stored = await self._tables.images.find(Query(owner=job.owner, equals={"job_id": job.id}, limit=20))
        try:
            await self._delivery.discard(job, [*stored, *images])
        except Unavailable as error:
            log.warning("job.left_over", extra={"job": job.id, "code": error.code})
            return False
        return True

    async def _write_end(self, tables: Tables, job: Job, ending: Ending, *, cleared: bool) -> bool:
        row = await tables.jobs.get(job.id, job.owner)
        if row.state.is_final or row.lease_holder != self._holder:
            return False
        for image in ending.images:
            await tables.images.add(image)
        due = await self._close_attempts(tables, row, ending)
        now, count = self._clock(), row.delivered + len(ending.images)
        charged = await self._holds.close(tables, row, delivered=count, charge=due, reason=ending.reason)
        await tables.jobs.update(
            row.moved(
                ending.state,
                charged_credits=charged,
                delivered=count,
                lease_until=None if cleared else now,
                failure_code=ending.code,
                failure_message="" if ending.state is JobState.SUCCEEDED else ending.reason,
                ended_at=now,
                drop_at=None if count else drop_time(now),
            )
        )
        self._fault("before_commit")
        return True

    async def _close_attempts(self, tables: Tables, job: Job, ending: Ending) -> int:
        """Close what runs; returns the credits that all attempts together are charged."""
        due = 0
        for attempt in await self._attempts.of(job, tables):
            is_open = attempt.outcome is AttemptOutcome.RUNNING
            closed = await self._attempts.close(attempt, ending.closing, tables) if is_open else attempt
            due += closed.charged_credits
        return due


async def _next_within(changes: AsyncIterator[str], seconds: float) -> str:
    """Return the next id, or an empty text when none came in time or the dispatcher has stopped."""
    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await anext(changes)
    except TimeoutError:
        return ""
    except StopAsyncIteration:
        await asyncio.sleep(max(seconds, 0))
        return ""
