"""The runner carries one job from its claim to a final state.

Principles: the lease says who works on a job; only its holder closes it, in one transaction that adds the images, closes the
hold and ends the job. Bytes are stored before that transaction under addresses chosen at submission, so that a replay after
a crash overwrites them and nothing is left over.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import BadImage, Conflict, ImageRouteError, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.gallery import Image, media_key, media_prefix
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job, JobState, drop_time
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Dispatcher,
    Done,
    ErrorKind,
    Fault,
    FinishedImage,
    ImageProvider,
    Imaging,
    Marking,
    MediaStore,
    NewId,
    Picture,
    ProviderCall,
    ProviderError,
    Query,
    Submitted,
    Tables,
)
from imageroute_app.domain.rules import Rules
from imageroute_app.logs import trace
from imageroute_app.services.holds import Holds

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 3
LOST = "The result is unknown: the server stopped while the provider was working."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a job is about to end, before it is written."""

    state: JobState
    outcome: AttemptOutcome
    reason: str
    code: str = ""
    images: Sequence[Image] = ()
    notes: tuple[str, ...] = ()


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
        self._imaging, self._media, self._dispatcher = imaging, media, dispatcher
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
                await self._end(job, _cancelled())
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
        waiting = await self._tables.jobs.find(
            Query(owner=owner, equals={"state": JobState.QUEUED}, limit=200)
        )
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
            await self._end(job, _failed("retired", error.message))
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
            ending = _failed("timeout", "The provider did not answer in time.")
        await self._end(job, ending, attempt)

    def _model(self, job: Job) -> Model:
        provider = self._providers.get(job.provider)
        for model in provider.models() if provider else ():
            if model.id == job.model:
                return model
        raise InvalidInput("This model is no longer on offer.")

    async def _stale_ending(self, job: Job, model: Model) -> _Ending | None:
        """Say how a job that an earlier worker left behind must end, or None when it may run (again)."""
        if job.cancel_requested:
            return _cancelled()
        if job.attempts > ATTEMPTS_MAX:
            return _failed("interrupted", "The server stopped several times while this ran.")
        earlier = await self._attempts(job)
        if any(a.outcome is AttemptOutcome.RUNNING for a in earlier) and not model.capabilities.replayable:
            return _Ending(
                state=JobState.FAILED, outcome=AttemptOutcome.UNKNOWN, reason=LOST, code="result_unknown"
            )
        for attempt in earlier:
            if attempt.outcome is AttemptOutcome.RUNNING:
                await self._close_attempt(self._tables, attempt, AttemptOutcome.FAILED, ("interrupted",))
        return None

    async def _attempts(self, job: Job) -> list[Attempt]:
        return await self._tables.attempts.find(
            Query(owner=job.owner, equals={"job_id": job.id}, limit=20)
        )

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

    async def _attempt(self, job: Job, model: Model, attempt: Attempt) -> _Ending:
        """Submit once and turn whatever comes back into an ending."""
        seed = job.request.seed if job.request.seed is not None else _drawn_seed(job)
        try:
            call = ProviderCall(
                id=attempt.id, request=job.request, seed=seed, images=await self._sources(job)
            )
            done = await self._generate(model, call, attempt)
            self._fault("after_answer")
            return await self._deliver(job, model, done, seed)
        except ProviderError as error:
            return _provider_failed(error)
        except NotFound:
            return _failed("source_gone", "The source picture is no longer there.")
        except Unavailable as error:
            return _failed(error.code, error.message)

    async def _sources(self, job: Job) -> Sequence[bytes]:
        if not job.request.source_id:
            return ()
        await self._tables.images.get(job.request.source_id, job.owner)
        key = media_key(job.owner, job.request.source_id, "original")
        chunks = [chunk async for chunk in await self._media.open(key)]
        return (b"".join(chunks),)

    async def _generate(self, model: Model, call: ProviderCall, attempt: Attempt) -> Done:
        async for event in self._providers[model.provider].generate(call):
            self._fault("after_sent")
            if isinstance(event, Submitted):
                attempt = await self._tables.attempts.update(replace(attempt, job_ref=event.job_ref))
            if isinstance(event, Done):
                return event
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider ended without a picture.")

    async def _deliver(self, job: Job, model: Model, done: Done, seed: int) -> _Ending:
        """Check, mark and store each picture; one bad picture costs nothing and stops no other."""
        images: list[Image] = []
        for position, picture in enumerate(done.pictures[: job.request.count]):
            try:
                finished = await self._imaging.finish(picture.data, self._marking(model))
            except BadImage:
                continue
            await self._store(job, position, finished)
            images.append(self._image(job, model, position, picture, finished, seed))
        self._fault("before_rows")
        if not images:
            return _failed("bad_picture", "The provider sent no picture that can be opened.")
        missing = job.request.count - len(images)
        reason = f"{missing} not delivered" if missing else "The hold is closed"
        return _Ending(
            state=JobState.SUCCEEDED,
            outcome=AttemptOutcome.DELIVERED,
            reason=reason,
            images=images,
            notes=tuple(done.notes),
        )

    def _marking(self, model: Model) -> Marking:
        return Marking(
            source_type=model.makes, generator=f"ImageRoute, {model.name}", created_at=self._clock()
        )

    async def _store(self, job: Job, position: int, finished: FinishedImage) -> None:
        image_id = job.image_ids[position]
        for variant, data in finished.thumbnails.items():
            await self._media.put(media_key(job.owner, image_id, variant), data, "image/webp")
        self._fault("half_stored")
        await self._media.put(
            media_key(job.owner, image_id, "original"), finished.original, finished.mime
        )

    def _image(
        self, job: Job, model: Model, position: int, picture: Picture, finished: FinishedImage, seed: int
    ) -> Image:
        now, started = self._clock(), job.started_at or job.created_at
        return Image(
            id=job.image_ids[position],
            owner=job.owner,
            job_id=job.id,
            position=position,
            prompt=job.request.prompt,
            negative=job.request.negative,
            provider=model.provider,
            model=model.id,
            style=job.request.style,
            width=finished.width,
            height=finished.height,
            seed=picture.seed if picture.seed is not None else seed + position,
            mime=finished.mime,
            size_bytes=len(finished.original),
            sha256=finished.sha256,
            colour=finished.colour,
            price_credits=job.held_credits // job.request.count,
            took_ms=round((now - started).total_seconds() * 1000),
            source_type=model.makes,
            source_id=job.request.source_id,
            favourite=False,
            trashed=False,
            trashed_at=None,
            purge_at=None,
            created_at=now,
        )

    # --- The end ------------------------------------------------------------------------------------------------------------

    async def _end(self, job: Job, ending: _Ending, attempt: Attempt | None = None) -> None:
        """Write the ending in one transaction, unless another holder has the job by now."""
        kept = {image.id for image in ending.images}
        for image_id in job.image_ids:
            if image_id not in kept:
                await self._media.delete_prefix(media_prefix(job.owner, image_id))
        try:
            written = await self._database.transact(lambda tables: self._write_end(tables, job, ending))
        except Conflict:
            log.warning("job.end_conflict", extra={"job": job.id})
            raise
        self._fault("after_commit")
        if not written:
            log.info("job.taken_over", extra={"job": job.id})

    async def _write_end(self, tables: Tables, job: Job, ending: _Ending) -> bool:
        row = await tables.jobs.get(job.id, job.owner)
        if row.state.is_final or row.lease_holder != self._holder:
            return False
        for image in ending.images:
            await tables.images.add(image)
        now = self._clock()
        charged = await self._holds.close(
            tables, row, delivered=len(ending.images), reason=ending.reason
        )
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
        for attempt in await tables.attempts.find(
            Query(owner=job.owner, equals={"job_id": job.id}, limit=20)
        ):
            if attempt.outcome is AttemptOutcome.RUNNING:
                await self._close_attempt(tables, attempt, ending.outcome, ending.notes)
        self._fault("before_commit")
        return True

    async def _close_attempt(
        self, tables: Tables, attempt: Attempt, outcome: AttemptOutcome, notes: tuple[str, ...]
    ) -> None:
        await tables.attempts.update(
            replace(attempt, outcome=outcome, notes=notes, ended_at=self._clock())
        )


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


def _cancelled() -> _Ending:
    return _Ending(
        state=JobState.CANCELLED, outcome=AttemptOutcome.CANCELLED, reason="Cancelled by you", code="cancelled"
    )


def _failed(code: str, reason: str) -> _Ending:
    return _Ending(state=JobState.FAILED, outcome=AttemptOutcome.FAILED, reason=reason, code=code)


def _provider_failed(error: ProviderError) -> _Ending:
    if error.kind is ErrorKind.REFUSED:
        return _Ending(
            state=JobState.BLOCKED,
            outcome=AttemptOutcome.REFUSED,
            reason="The provider's rules do not allow this picture.",
            code="refused",
        )
    if error.billed == "unknown":
        return _Ending(
            state=JobState.FAILED, outcome=AttemptOutcome.UNKNOWN, reason=LOST, code="result_unknown"
        )
    return _failed(error.kind, "The provider stopped answering.")
