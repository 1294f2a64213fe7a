"""The carrier takes one claimed job along its plan: one paid submission at a time, failing over only as its rule allows.

Principles: an attempt is written down before anything is sent. What may have been billed is never sent again; a result that
a provider can still hand over is fetched, not made anew. Whoever fails is told apart from whoever refuses.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.domain.ledger import price_credits
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Done,
    ErrorKind,
    Fault,
    Moderation,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Submitted,
    Tables,
)
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.routing import RATE_WAIT_S, next_step, worded
from imageroute_app.domain.rules import Rules
from imageroute_app.services.attempts import Attempts
from imageroute_app.services.delivery import Delivery
from imageroute_app.services.endings import (
    Closing,
    Ending,
    blocked_here,
    cancelled,
    delivered,
    failed,
    provider_failed,
    resting,
    unknown,
)
from imageroute_app.services.gate import Gate
from imageroute_app.services.routing import Routing
from imageroute_app.services.trip import Trip, begun, closing_of_stop, first_seed, free, notes

STOP_S = 5.0
RATE_DEFAULT_S = 10.0
QUOTA_REST = timedelta(minutes=15)


class Carrier:
    """Everything between the claim of a job and its ending."""

    def __init__(
        self,
        *,
        database: Database,
        routing: Routing,
        attempts: Attempts,
        delivery: Delivery,
        moderation: Moderation,
        clock: Clock,
        rules: Rules,
        fault: Fault,
        gate: Gate,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database, self._routing, self._attempts, self._delivery = database, routing, attempts, delivery
        self._moderation, self._clock, self._rules, self._fault = moderation, clock, rules, fault
        self._gate, self._sleep = gate, sleep

    async def carry(self, job: Job) -> Ending:
        """Take the job to its end; only the last attempt is left open, to be closed with the job."""
        words = f"{job.request.prompt}\n{job.request.style}"
        objection, may, earlier, plan = await asyncio.gather(
            asyncio.to_thread(self._moderation.objection, words),
            self._gate.may(job.owner, Purpose.GENERATE),
            self._attempts.earlier(job),
            self._plan(job),
        )
        if job.attempts == 1 and not may:
            return failed("frozen", "Your data was frozen before this began. Nothing was sent to anyone.")
        if objection:
            return blocked_here(objection)
        trip = begun(job, [model for key in plan if (model := self._routing.model(key))], earlier)
        running = next((attempt for attempt in earlier if attempt.outcome is AttemptOutcome.RUNNING), None)
        ending = await self._take_up(trip, running) if running else None
        while ending is None and trip.missing > 0:
            model = await self._next_model(trip)
            if model is None:
                return trip.ended()
            trip.number += 1
            asked = min(trip.missing, model.capabilities.max_count)
            attempt = await self._attempts.open(trip.job, model, number=trip.number, asked=asked)
            ending = await self._attempt(trip, model, attempt, job_ref="")
        return ending or trip.ended()

    async def _plan(self, job: Job) -> Sequence[str]:
        try:
            return (await self._database.tables.quotes.get(job.quote_id, job.owner)).plan
        except NotFound:
            return (f"{job.provider}/{job.model}",)

    async def _take_up(self, trip: Trip, attempt: Attempt) -> Ending | None:
        """Go on with an attempt that an earlier worker left open: fetch it, draw it again for nothing, or say unknown."""
        model = self._routing.model(f"{attempt.provider}/{attempt.model}")
        if model is not None and model.capabilities.resumes and attempt.job_ref:
            return await self._attempt(trip, model, attempt, job_ref=attempt.job_ref)
        if model is None or not model.capabilities.replayable:
            return unknown(attempt.company)
        await self._attempts.close(attempt, Closing(outcome=AttemptOutcome.FAILED, code="interrupted"))
        return None

    async def _next_model(self, trip: Trip) -> Model | None:
        """Return the first of the plan that may be asked now, waiting a little for one that rests; None when nobody may."""
        waits: list[datetime] = []
        for _ in range(2):
            waits = []
            for model in trip.plan:
                if model.key in trip.given_up:
                    continue
                closed = await self._routing.closed(trip.job.owner, trip.job.request, model)
                if closed is None and self._routing.health(model).admit(self._clock()):
                    return model
                until = self._routing.health(model).standing(self._clock()).until
                waits += [until] if until else []
            wait_s = (min(waits) - self._clock()).total_seconds() if waits else 0
            if not waits or wait_s > RATE_WAIT_S:
                break
            await self._sleep(max(wait_s, 0.05))
        trip.last = trip.last or resting(min(waits) if waits else None)
        return None

    async def _attempt(self, trip: Trip, model: Model, attempt: Attempt, *, job_ref: str) -> Ending | None:
        """Ask once, or fetch what was asked for; None means that the trip goes on."""
        health, began = self._routing.health(model), self._clock()
        trip.job = await self._with(trip.job, model)
        try:
            done = await self._answer(trip, model, attempt, job_ref=job_ref)
            health.succeeded((self._clock() - began).total_seconds() / max(1, attempt.asked), self._clock())
            self._fault("after_answer")
            return await self._delivered(trip, model, attempt, done)
        except ProviderError as error:
            return await self._failed(trip, model, attempt, free(error) if model.price.basis == "free" else error)
        except NotFound:
            health.release()
            return failed("source_gone", "The source picture is no longer there.")
        except Unavailable as error:
            health.release()
            return failed(error.code, error.message)

    async def _with(self, job: Job, model: Model) -> Job:
        """Note who has the job now."""
        if (job.provider, job.model) == (model.provider, model.id):
            return job

        async def note(tables: Tables) -> None:
            row = await tables.jobs.get(job.id, job.owner)
            await tables.jobs.update(replace(row, provider=model.provider, model=model.id))

        await self._database.transact(note)
        return replace(job, provider=model.provider, model=model.id)

    async def _answer(self, trip: Trip, model: Model, attempt: Attempt, *, job_ref: str) -> Done:
        limit_s = min(model.deadline_s, self._rules.job_deadline.total_seconds())
        reference = [job_ref]
        try:
            async with asyncio.timeout(limit_s):
                call = await self._call(trip.job, model, attempt, at=trip.sent)
                provider = self._routing.providers[model.provider]
                events = provider.resume(call, job_ref) if job_ref else provider.generate(call)
                return await self._follow(events, attempt, reference)
        except TimeoutError as error:
            stopped = await self._stop(model, reference[0])
            billed = "no" if stopped == "stopped" else "unknown"
            raise ProviderError(ErrorKind.TIMEOUT, "The deadline has passed.", billed=billed) from error

    async def _call(self, job: Job, model: Model, attempt: Attempt, *, at: int) -> ProviderCall:
        pictures = await self._delivery.sources(job)
        return ProviderCall(
            id=attempt.id,
            model=model,
            prompt=worded(job.request, model),
            request=job.request,
            count=attempt.asked,
            seed=(first_seed(job) + at) % 2**32,
            images=pictures.images,
            mask=pictures.mask,
        )

    async def _follow(self, events: AsyncIterator[ProviderEvent], attempt: Attempt, reference: list[str]) -> Done:
        async for event in events:
            self._fault("after_sent")
            if isinstance(event, Submitted):
                attempt = await self._attempts.refer(attempt, event.job_ref)
                reference[0] = event.job_ref
                self._fault("after_submitted")
            if isinstance(event, Done):
                return event
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider ended without a picture.", billed="unknown")

    async def _delivered(self, trip: Trip, model: Model, attempt: Attempt, done: Done) -> Ending | None:
        unit = self._unit(trip.job, model, done)
        pictures, seed = done.pictures[: attempt.asked], first_seed(trip.job) + trip.sent
        images = await self._delivery.store(trip.job, model, pictures, at=trip.sent, seed=seed, unit=unit)
        self._fault("before_rows")
        if not images:
            self._routing.health(model).failed(self._clock())
            ending = failed("bad_picture", f"{model.policy.company} sent no picture that can be opened.", billed="yes")
            trip.last = ending
            return trip.ended() if trip.delivered else ending
        trip.sent += attempt.asked
        trip.delivered += len(images)
        closing = Closing(
            outcome=AttemptOutcome.DELIVERED,
            billed="yes" if model.price.basis != "free" else "no",
            notes=notes(done, attempt, images),
            charged_credits=unit * len(images),
            cost_micro_usd=done.cost_micro_usd,
        )
        if trip.missing <= 0:
            return delivered(images, trip.job.request.count - trip.delivered, closing)
        await self._database.transact(lambda tables: self._keep(tables, trip.job, attempt, images, closing))
        return None

    async def _keep(
        self, tables: Tables, job: Job, attempt: Attempt, images: Sequence[Image], closing: Closing
    ) -> None:
        """Store the pictures of one of several submissions, so that a restart does not ask for them again."""
        for image in images:
            await tables.images.add(image)
        row = await tables.jobs.get(job.id, job.owner)
        await tables.jobs.update(replace(row, delivered=row.delivered + len(images)))
        await self._attempts.close(await tables.attempts.get(attempt.id, job.owner), closing, tables)

    def _unit(self, job: Job, model: Model, done: Done) -> int:
        """Return what one picture costs the person: never more than quoted, less where less was billed."""
        quoted = job.held_credits // job.request.count
        price = min(quoted, self._routing.unit_credits(model, job.request))
        if model.price.basis == "metered" and done.cost_micro_usd is not None and done.pictures:
            each = -(-done.cost_micro_usd // len(done.pictures))
            price = min(price, price_credits(each, self._rules.margin))
        return price

    async def _failed(self, trip: Trip, model: Model, attempt: Attempt, error: ProviderError) -> Ending | None:
        """Decide what follows; an attempt that is followed by another is closed here."""
        self._tell_health(model, error)
        trip.tries[model.key] += 1
        trip.last = provider_failed(error, model)
        step = next_step(error.kind, billed=error.billed, wait_s=error.retry_after_s, tries=trip.tries[model.key])
        if step == "next":
            trip.given_up.add(model.key)
        if step == "end" or all(other.key in trip.given_up for other in trip.plan):
            return trip.ended()
        row = await self._database.tables.attempts.get(attempt.id, attempt.owner)
        await self._attempts.close(row, trip.last.closing)
        if step == "again":
            await self._sleep(error.retry_after_s or random.uniform(0.2, 0.8))  # noqa: S311  # jitter
        return None

    def _tell_health(self, model: Model, error: ProviderError) -> None:
        health, now = self._routing.health(model), self._clock()
        if error.is_retired:
            health.disable("retired")
        elif error.kind is ErrorKind.AUTH:
            health.disable("key")
        elif error.kind is ErrorKind.QUOTA:
            health.disable("quota", now + QUOTA_REST)
        elif error.kind is ErrorKind.RATE:
            health.limited(now + timedelta(seconds=error.retry_after_s or RATE_DEFAULT_S))
        elif error.kind in (ErrorKind.TRANSIENT, ErrorKind.TIMEOUT):
            health.failed(now)
        else:
            health.release()

    async def stop(self, job: Job) -> Ending:
        """Ask whoever has the job to stop, and return the ending of a job that its person cancelled."""
        for attempt in await self._attempts.of(job):
            model = self._routing.model(f"{attempt.provider}/{attempt.model}")
            if attempt.outcome is not AttemptOutcome.RUNNING or model is None:
                continue
            self._routing.health(model).release()
            return cancelled(closing_of_stop(model, await self._stop(model, attempt.job_ref)))
        return cancelled()

    async def _stop(self, model: Model, job_ref: str) -> str:
        if not job_ref:
            return "unsupported"
        try:
            async with asyncio.timeout(STOP_S):
                return await self._routing.providers[model.provider].cancel(model, job_ref)
        except (ProviderError, TimeoutError):
            return "unsupported"
