"""Generations as the person sees them: quote, submit, watch, cancel, retry.

Principle: the idempotency key is the quote id. Hold and job are written in one transaction, so there is never one without
the other; the runner alone closes a hold once a job has started.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import zip_longest

from imageroute_app.domain.checks import check_request
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotEnoughCredits
from imageroute_app.domain.jobs import Attempt, Job, JobState, Quote, Request, drop_time
from imageroute_app.domain.ledger import Entry
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Dispatcher,
    Fault,
    Limiter,
    NewId,
    Query,
    Tables,
)
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.rules import Rules
from imageroute_app.services.gate import Gate
from imageroute_app.services.holds import Holds
from imageroute_app.services.quotes import Quotes
from imageroute_app.services.routing import Routing
from imageroute_app.services.sources import SourceFacts, source_facts
from imageroute_app.services.spending import Spending

COMPARE_MIN, COMPARE_MAX = 2, 4
# Nobody reads a new price within this time: a press on so young a quote is the second half of a double click.
DOUBLE_CLICK = timedelta(milliseconds=800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Credits to spend now, and credits reserved by running jobs."""

    available: int
    reserved: int


class Jobs:
    """Everything up to the moment a worker takes over."""

    def __init__(
        self,
        *,
        database: Database,
        routing: Routing,
        dispatcher: Dispatcher,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        fault: Fault,
        gate: Gate,
        spending: Spending,
    ) -> None:
        self._gate, self._spending = gate, spending
        self._database, self._tables = database, database.tables
        self.routing = routing
        self._quotes = Quotes(tables=database.tables, routing=routing, clock=clock, new_id=new_id, rules=rules)
        self._dispatcher, self._limiter = dispatcher, limiter
        self._holds = Holds(clock=clock, new_id=new_id)
        self._clock, self._new_id, self._rules, self._fault = clock, new_id, rules, fault

    # --- What can be asked and what it costs --------------------------------------------------------------------------------

    async def quote(self, owner: str, request: Request) -> Quote:
        """Return the open quote for exactly this request, made on first use; two tabs get the same one.

        Raises:
            InvalidInput: when the request is out of bounds, naming the field.
            NoRoute: when nobody may run it under its rule.
        """
        return await self._quotes.quote(owner, request)

    async def drafted(self, owner: str, request: Request) -> Request:
        """Return the request as it would be priced while something is still missing; raises InvalidInput, NotFound."""
        return await self._quotes.drafted(owner, request)

    async def source(self, owner: str, picture_id: str) -> SourceFacts:
        """Return what is known of a picture that another was made from; raises NotFound when it is gone."""
        return await source_facts(self._tables, owner, picture_id, self._clock())

    async def next_quote(self, owner: str, request: Request, *, after_job: str) -> Quote:
        """Return the quote the form shows once `after_job` was accepted; guards against a double click."""
        return await self._quotes.quote(owner, request, follows=after_job)

    async def balance(self, owner: str) -> Balance:
        """Return what can be spent and what is reserved."""
        wallet = await self._tables.ledger.wallet(owner)
        open_jobs = await self._tables.jobs.find(
            Query(owner=owner, equals={"state": (JobState.QUEUED, JobState.RUNNING)}, limit=500)
        )
        return Balance(available=wallet.available, reserved=sum(job.held_credits for job in open_jobs))

    async def ledger(self, owner: str, *, after: str = "", limit: int = 100) -> list[Entry]:
        """Return a page of the ledger, newest first."""
        return await self._tables.ledger.find(Query(owner=owner, after=after, limit=limit))

    # --- Submit -------------------------------------------------------------------------------------------------------------

    async def submit(self, owner: str, quote_id: str, *, compare_id: str = "") -> Job:
        """Accept a quote: hold its price and queue its job. Submitting it again returns the same job.

        Jobs submitted with the same `compare_id` stand side by side.

        Raises:
            NotEnoughCredits: nothing is written then.
            SpendLimit: by the person's own limits; nothing is written then.
            Conflict: when the quote is too old; ask for a new one.
            RateLimited: after the hourly number of jobs.
            Frozen: while the person's data is only stored.
            NoRoute: when the rule or the catalogue changed, so that who was named may not get it any more.
        """
        quote = await self._tables.quotes.get(quote_id, owner)
        if quote.job_id:
            return await self.job(owner, quote.job_id)
        if quote.follows_job and self._clock() - quote.created_at < DOUBLE_CLICK:
            return await self.job(owner, quote.follows_job)
        if quote.expires_at <= self._clock():
            raise Conflict("This price is too old. Look at the new one and press again.")
        await _both(self._gate.check(owner, Purpose.GENERATE), self._quotes.check_open(quote))
        await self._limiter.hit("jobs", owner, limit=self._rules.jobs_per_hour, window_s=3600)
        self._fault("before_reserve")
        job_id, image_ids = self._new_id(), tuple(self._new_id() for _ in range(quote.request.count))
        try:
            job = await self._database.transact(
                lambda tables: self._accept(tables, quote, job_id, image_ids, compare_id)
            )
        except (Duplicate, Conflict):
            # Another tab was faster: its job is the one.
            quote = await self._tables.quotes.get(quote_id, owner)
            if not quote.job_id:
                raise
            return await self.job(owner, quote.job_id)
        self._fault("after_reserve")
        await self._dispatcher.wake(job.id)
        await self._dispatcher.changed(owner, job.id)
        await self._spending.note(owner, job.held_credits)
        return job

    async def send(self, owner: str, request: Request, *, quote_id: str, most_credits: int) -> Job:
        """Submit what a form says when it is sent: by the quote it carried if that is for this request, else a new one.

        Raises:
            Conflict: when today's price is higher than `most_credits`; nothing is sent then.
        """
        quote = await self._quotes.carried(owner, quote_id, request)
        if not quote.job_id and quote.price_credits > most_credits:
            raise Conflict(f"The price is now {quote.price_credits} credits. Press again to accept it.")
        return await self.submit(owner, quote.id)

    async def compare(
        self, owner: str, requests: Sequence[Request], *, quote_ids: Sequence[str], most_credits: int
    ) -> list[Job]:
        """Submit one prompt to several models at once; each has its own quote, hold and end.

        Raises:
            InvalidInput: for fewer than two or more than four models.
            NotEnoughCredits: when the balance does not cover all of them; nothing is sent then.
            Conflict: when today's prices are higher than `most_credits` together; nothing is sent then.
        """
        if not COMPARE_MIN <= len(requests) <= COMPARE_MAX:
            raise InvalidInput(f"Choose {COMPARE_MIN} to {COMPARE_MAX} models to compare.", field="model")
        quotes = [
            await self._quotes.carried(owner, quote_id, request)
            for quote_id, request in zip_longest(quote_ids[: len(requests)], requests, fillvalue="")
            if isinstance(request, Request)
        ]
        fresh = [quote.price_credits for quote in quotes if not quote.job_id]
        if len(fresh) == len(quotes) and sum(fresh) > most_credits:
            raise Conflict(f"The price is now {sum(fresh)} credits. Press again to accept it.")
        missing = sum(fresh) - (await self.balance(owner)).available
        if missing > 0:
            raise NotEnoughCredits(missing)
        return [await self.submit(owner, quote.id, compare_id=quotes[0].id) for quote in quotes]

    async def _accept(
        self, tables: Tables, quote: Quote, job_id: str, image_ids: tuple[str, ...], compare_id: str
    ) -> Job:
        """Write hold and job; the quote's version says that nobody used it meanwhile."""
        job = replace(self._queued(quote, job_id, image_ids), compare_id=compare_id)
        await self._spending.check(tables, job.owner, job.held_credits)
        await self._holds.open(tables, job)
        await tables.jobs.add(job)
        # A retry keeps its slot, so that pressing Retry twice finds the used quote and its job.
        slot = quote.slot if quote.retry_of else f"used:{quote.id}"
        await tables.quotes.update(replace(quote, slot=slot, job_id=job_id))
        return job

    def _queued(self, quote: Quote, job_id: str, image_ids: tuple[str, ...]) -> Job:
        return Job(
            id=job_id,
            owner=quote.owner,
            quote_id=quote.id,
            state=JobState.QUEUED,
            request=quote.request,
            provider=quote.plan[0].partition("/")[0],
            model=quote.plan[0].partition("/")[2],
            held_credits=quote.price_credits,
            charged_credits=0,
            image_ids=image_ids,
            delivered=0,
            attempts=0,
            lease_holder="",
            lease_until=None,
            cancel_requested=False,
            failure_code="",
            failure_message="",
            retry_of=quote.retry_of,
            created_at=self._clock(),
            started_at=None,
            ended_at=None,
        )

    async def retry(self, owner: str, job_id: str) -> Job:
        """Run a finished job that delivered nothing once more, at today's price; pressing twice makes one."""
        job = await self.job(owner, job_id)
        if not job.state.is_final or job.delivered:
            raise Conflict("Only a generation that delivered nothing can be tried again.")
        quote = await self._quotes.retrying(job)
        return await self.submit(owner, quote.id)

    # --- Watch and cancel ---------------------------------------------------------------------------------------------------

    async def job(self, owner: str, job_id: str) -> Job:
        """Return one job; raises NotFound when it is not this person's."""
        return await self._tables.jobs.get(job_id, owner)

    async def recent(self, owner: str, *, after: str = "", limit: int = 20) -> list[Job]:
        """Return a page of jobs, newest first."""
        return await self._tables.jobs.find(Query(owner=owner, after=after, limit=limit))

    async def attempts(self, owner: str, job_id: str) -> list[Attempt]:
        """Return who received this job, in order."""
        found = await self._tables.attempts.find(Query(owner=owner, equals={"job_id": job_id}, limit=20))
        return sorted(found, key=lambda attempt: attempt.number)

    def changes(self, owner: str) -> AsyncIterator[str]:
        """Yield ids of jobs of this person as they change."""
        return self._dispatcher.changes(owner)

    async def cancel(self, owner: str, job_id: str) -> Job:
        """Stop a job: a queued one ends at once, a running one as soon as its worker hears of it."""
        for _ in range(5):
            job = await self.job(owner, job_id)
            if job.state.is_final or job.cancel_requested:
                return job
            try:
                job = await self._cancel_now(job)
            except Conflict:
                continue
            await self._dispatcher.changed(owner, job_id)
            return job
        raise Conflict("The generation is just ending. Look again in a moment.")

    async def _cancel_now(self, job: Job) -> Job:
        if job.state is JobState.RUNNING:
            return await self._tables.jobs.update(replace(job, cancel_requested=True))
        now = self._clock()
        ended = job.moved(JobState.CANCELLED, cancel_requested=True, ended_at=now, drop_at=drop_time(now))

        async def close(tables: Tables) -> Job:
            stored = await tables.jobs.update(ended)
            await self._holds.close(tables, ended, delivered=0, charge=0, reason="Cancelled before it started")
            return stored

        return await self._database.transact(close)

    async def preview(self, owner: str, request: Request, seed: int) -> bytes | None:
        """Return a free small picture of what a seed gives, where the provider can do that; 120 a minute."""
        await self._limiter.hit("preview", owner, limit=120, window_s=60)
        request = check_request(request)
        provider = self.routing.providers.get(request.provider)
        if provider is None:
            raise InvalidInput("This model is not on offer. Choose another one.", field="model")
        return await provider.preview(request, seed)


async def _both(*checks: Awaitable[None]) -> None:
    """Wait for checks that run side by side; of several that fail the first in order is raised."""
    for found in await asyncio.gather(*checks, return_exceptions=True):
        if found is not None:
            raise found
