"""The runner carries one job from its claim to a final state.

Principles: the lease says who works on a job; only its holder closes it, in one transaction that adds the images, closes the
hold and ends the job. Bytes are stored before that transaction under addresses chosen at submission, so that a replay after
a crash overwrites them and nothing is left over.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import Conflict, ImageRouteError, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job, JobState, drop_time
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Dispatcher,
    Done,
    ErrorKind,
    Fault,
    ImageProvider,
    Imaging,
    MediaStore,
    NewId,
    ProviderCall,
    ProviderError,
    Query,
    Submitted,
    Tables,
)
from imageroute_app.domain.rules import Rules
from imageroute_app.logs import trace
from imageroute_app.services.delivery import Delivery
from imageroute_app.services.endings import Ending, cancelled, delivered, failed, provider_failed, unknown
from imageroute_app.services.holds import Holds

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 3


class Runner:
    """What a worker does with a job id."""

    def __init__(
        self,
        *,
        database: Database,
        providers: Sequence[ImageProvider],
        imaging: Imaging,
        media: MediaStore,
        dispatcher: Dispatcher,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        fault: Fault,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._providers = {provider.id: provider for provider in providers}
        self._dispatcher = dispatcher
        self._delivery = Delivery(tables=database.tables, imaging=imaging, media=media, clock=clock, fault=fault)
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
                await self._end(job, cancelled())
        finally:
            watch.cancel()
            work.cancel()
            await asyncio.gather(watch, work, return_exceptions=True)
        if not work.cancelled() and (error := work.exception()):
            # The row keeps its lease: the sweep takes the job up again when it has run out.
            log.error("job.interrupted %s: %s", job.id, trace(error))
        await self._dispatcher.changed(job.owner, job.id)
        await self._wake_next(job.owner)
        return True

    async def sweep(self, limit: int = 50) -> int:
        """Wake every job that waits or whose worker died; returns how many."""
        due = await self._tables.jobs.due(self._clock(), limit)
        for job in due:
            await self._dispatcher.wake(job.id)
        return len(due)

    async def _wake_next(self, owner: str) -> None:
        waiting = await self._tables.jobs.find(Query(owner=owner, equals={"state": JobState.QUEUED}, limit=200))
        if waiting:
            await self._dispatcher.wake(waiting[-1].id)

    async def _keep_lease(self, job: Job, work: "asyncio.Task[None]") -> bool:
        """Extend the lease while the work runs; stop the work and say True when the person cancelled it.

        Returns False when the lease was lost to another worker, after stopping the work as well.
        """
        changes = self._dispatcher.changes(job.owner)
        time_of, pause = asyncio.get_running_loop().time, self._rules.lease.total_seconds() / 3
        renew_at = time_of() + pause
        while not work.done():
            heard = await _next_within(changes, renew_at - time_of())
            try:
                if heard == job.id and (await self._tables.jobs.get(job.id, job.owner)).cancel_requested:
                    work.cancel()
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
                work.cancel()
                return kept
        return False

    async def _work(self, job: Job) -> None:
        try:
            model = self._model(job)
        except InvalidInput as error:
            await self._end(job, failed("retired", error.message))
            return
        stale = await self._stale_ending(job, model)
        if stale is not None:
            await self._end(job, stale)
            return
        attempt = await self._open_attempt(job, model)
        try:
            async with asyncio.timeout(min(model.deadline_s, self._rules.job_deadline.total_seconds())):
                ending = await self._attempt(job, model, attempt)
        except TimeoutError:
            ending = failed("timeout", "The provider did not answer in time.")
        await self._end(job, ending, attempt)

    def _model(self, job: Job) -> Model:
        provider = self._providers.get(job.provider)
        for model in provider.models() if provider else ():
            if model.id == job.model:
                return model
        raise InvalidInput("This model is no longer on offer.")

    async def _stale_ending(self, job: Job, model: Model) -> Ending | None:
        """Say how a job that an earlier worker left behind must end, or None when it may run (again)."""
        if job.cancel_requested:
            return cancelled()
        if job.attempts > ATTEMPTS_MAX:
            return failed("interrupted", "The server stopped several times while this ran.")
        earlier = await self._attempts(job)
        if any(a.outcome is AttemptOutcome.RUNNING for a in earlier) and not model.capabilities.replayable:
            return unknown()
        for attempt in earlier:
            if attempt.outcome is AttemptOutcome.RUNNING:
                await self._close_attempt(self._tables, attempt, AttemptOutcome.FAILED, ("interrupted",))
        return None

    async def _attempts(self, job: Job) -> list[Attempt]:
        return await self._tables.attempts.find(Query(owner=job.owner, equals={"job_id": job.id}, limit=20))

    async def _open_attempt(self, job: Job, model: Model) -> Attempt:
        policy = model.policy
        attempt = Attempt(
            id=self._new_id(),
            owner=job.owner,
            job_id=job.id,
            number=job.attempts,
            provider=model.provider,
            model=model.id,
            company=policy.company,
            country=policy.country,
            retention=policy.retention_text,
            trains=policy.training_text,
            outcome=AttemptOutcome.RUNNING,
            job_ref="",
            notes=(),
            started_at=self._clock(),
            ended_at=None,
        )
        await self._tables.attempts.add(attempt)
        return attempt

    async def _attempt(self, job: Job, model: Model, attempt: Attempt) -> Ending:
        """Submit once and turn whatever comes back into an ending."""
        seed = job.request.seed if job.request.seed is not None else _drawn_seed(job)
        try:
            call = ProviderCall(id=attempt.id, request=job.request, seed=seed, images=await self._delivery.sources(job))
            done = await self._generate(model, call, attempt)
            self._fault("after_answer")
            return await self._deliver(job, model, done, seed)
        except ProviderError as error:
            return provider_failed(error)
        except NotFound:
            return failed("source_gone", "The source picture is no longer there.")
        except Unavailable as error:
            return failed(error.code, error.message)

    async def _generate(self, model: Model, call: ProviderCall, attempt: Attempt) -> Done:
        async for event in self._providers[model.provider].generate(call):
            self._fault("after_sent")
            if isinstance(event, Submitted):
                attempt = await self._tables.attempts.update(replace(attempt, job_ref=event.job_ref))
            if isinstance(event, Done):
                return event
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider ended without a picture.")

    async def _deliver(self, job: Job, model: Model, done: Done, seed: int) -> Ending:
        images = await self._delivery.store(job, model, done.pictures, seed)
        self._fault("before_rows")
        if not images:
            return failed("bad_picture", "The provider sent no picture that can be opened.")
        return delivered(images, job.request.count, tuple(done.notes))

    # --- The end ------------------------------------------------------------------------------------------------------------

    async def _end(self, job: Job, ending: Ending, attempt: Attempt | None = None) -> None:
        """Write the ending in one transaction, unless another holder has the job by now."""
        await self._delivery.discard(job, ending.images)
        try:
            written = await self._database.transact(lambda tables: self._write_end(tables, job, ending))
        except Conflict:
            log.warning("job.end_conflict", extra={"job": job.id})
            raise
        self._fault("after_commit")
        if not written:
            log.info("job.taken_over", extra={"job": job.id})

    async def _write_end(self, tables: Tables, job: Job, ending: Ending) -> bool:
        row = await tables.jobs.get(job.id, job.owner)
        if row.state.is_final or row.lease_holder != self._holder:
            return False
        for image in ending.images:
            await tables.images.add(image)
        now = self._clock()
        charged = await self._holds.close(tables, row, delivered=len(ending.images), reason=ending.reason)
        await tables.jobs.update(
            row.moved(
                ending.state,
                charged_credits=charged,
                delivered=len(ending.images),
                lease_until=None,
                failure_code=ending.code,
                failure_message="" if ending.state is JobState.SUCCEEDED else ending.reason,
                ended_at=now,
                drop_at=None if ending.images else drop_time(now),
            )
        )
        for attempt in await tables.attempts.find(Query(owner=job.owner, equals={"job_id": job.id}, limit=20)):
            if attempt.outcome is AttemptOutcome.RUNNING:
                await self._close_attempt(tables, attempt, ending.outcome, ending.notes)
        self._fault("before_commit")
        return True

    async def _close_attempt(
        self, tables: Tables, attempt: Attempt, outcome: AttemptOutcome, notes: tuple[str, ...]
    ) -> None:
        await tables.attempts.update(replace(attempt, outcome=outcome, notes=notes, ended_at=self._clock()))


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


def _drawn_seed(job: Job) -> int:
    """Return the seed of a job that asked for a random one: drawn from its id, so that a replay makes the same picture."""
    return random.Random(job.id).randrange(2**31)  # noqa: S311  # a seed for pictures, not a secret
