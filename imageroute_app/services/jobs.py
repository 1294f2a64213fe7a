"""Generations as the person sees them: quote, submit, watch, cancel, retry.

Principle: the idempotency key is the quote id. Hold and job are written in one transaction, so there is never one without
the other; the runner alone closes a hold once a job has started.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from imageroute_app.domain.jobs import Attempt, Job, JobState, Quote, Request, check_request, drop_time
from imageroute_app.domain.ledger import Entry, price_credits
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Dispatcher,
    Fault,
    ImageProvider,
    Limiter,
    NewId,
    Query,
    Tables,
)
from imageroute_app.domain.rules import Rules
from imageroute_app.services.holds import Holds

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
        providers: Sequence[ImageProvider],
        dispatcher: Dispatcher,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        fault: Fault,
    ) -> None:
        self._database, self._tables = database, database.tables
        self._providers = {provider.id: provider for provider in providers}
        self._dispatcher, self._limiter = dispatcher, limiter
        self._holds = Holds(clock=clock, new_id=new_id)
        self._clock, self._new_id, self._rules, self._fault = clock, new_id, rules, fault

    # --- What can be asked and what it costs --------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return every model that can be used now."""
        return [model for provider in self._providers.values() for model in provider.models()]

    def model(self, provider: str, model: str) -> Model:
        """Return one model; raises InvalidInput when it is not on offer."""
        for found in self.models():
            if (found.provider, found.id) == (provider, model):
                return found
        raise InvalidInput("This model is not on offer. Choose another one.", field="model")

    def unit_price(self, model: Model) -> int:
        """Return what one picture of a model costs today, in credits."""
        return price_credits(model.micro_usd, self._rules.margin)

    async def quote(self, owner: str, request: Request) -> Quote:
        """Return the open quote for exactly this request, made on first use; two tabs get the same one.

        Raises:
            InvalidInput: when the request is out of bounds, naming the field.
        """
        request = check_request(request)
        if request.source_id:
            await self._tables.images.get(request.source_id, owner)
        return await self._open_quote(owner, request, slot=_fingerprint(request))

    async def _open_quote(
        self, owner: str, request: Request, *, slot: str, follows: str = "", retry_of: str = ""
    ) -> Quote:
        model = self.model(request.provider, request.model)
        now = self._clock()
        for stored in await self._tables.quotes.find(Query(owner=owner, equals={"slot": slot}, limit=1)):
            if stored.job_id or stored.expires_at - now > timedelta(minutes=1):
                return stored
            await self._retire(stored)
        unit = self.unit_price(model)
        quote = Quote(
            id=self._new_id(),
            owner=owner,
            slot=slot,
            request=request,
            unit_credits=unit,
            price_credits=unit * request.count,
            follows_job=follows,
            retry_of=retry_of,
            job_id="",
            created_at=now,
            expires_at=now + self._rules.quote_life,
        )
        try:
            await self._tables.quotes.add(quote)
        except Duplicate:
            return await self._open_quote(owner, request, slot=slot, follows=follows, retry_of=retry_of)
        return quote

    async def _retire(self, quote: Quote) -> None:
        try:
            await self._tables.quotes.update(replace(quote, slot=quote.id))
        except Conflict:
            return

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

    async def submit(self, owner: str, quote_id: str) -> Job:
        """Accept a quote: hold its price and queue its job. Submitting it again returns the same job.

        Raises:
            NotEnoughCredits: nothing is written then.
            Conflict: when the quote is too old; ask for a new one.
            RateLimited: after the hourly number of jobs.
        """
        quote = await self._tables.quotes.get(quote_id, owner)
        if quote.job_id:
            return await self.job(owner, quote.job_id)
        if quote.follows_job and self._clock() - quote.created_at < DOUBLE_CLICK:
            return await self.job(owner, quote.follows_job)
        if quote.expires_at <= self._clock():
            raise Conflict("This price is too old. Look at the new one and press again.")
        await self._limiter.hit("jobs", owner, limit=self._rules.jobs_per_hour, window_s=3600)
        self._fault("before_reserve")
        job_id, image_ids = self._new_id(), tuple(self._new_id() for _ in range(quote.request.count))
        try:
            job = await self._database.transact(lambda tables: self._accept(tables, owner, quote_id, job_id, image_ids))
        except Duplicate:
            quote = await self._tables.quotes.get(quote_id, owner)
            return await self.job(owner, quote.job_id)
        self._fault("after_reserve")
        if job.id == job_id:
            await self._dispatcher.wake(job.id)
            await self._dispatcher.changed(owner, job.id)
        return job

    async def send(self, owner: str, request: Request, *, quote_id: str, most_credits: int) -> Job:
        """Submit what a form says when it is sent: by the quote it carried if that is for this request, else a new one.

        Raises:
            Conflict: when today's price is higher than `most_credits`; nothing is sent then.
        """
        request = check_request(request)
        quote = await self._carried(owner, quote_id, request)
        if not quote.job_id and quote.price_credits > most_credits:
            raise Conflict(f"The price is now {quote.price_credits} credits. Press again to accept it.")
        return await self.submit(owner, quote.id)

    async def _carried(self, owner: str, quote_id: str, request: Request) -> Quote:
        try:
            quote = await self._tables.quotes.get(quote_id, owner)
        except NotFound:
            return await self.quote(owner, request)
        is_good = bool(quote.job_id) or quote.expires_at > self._clock()
        return quote if is_good and quote.request == request else await self.quote(owner, request)

    async def _accept(self, tables: Tables, owner: str, quote_id: str, job_id: str, image_ids: tuple[str, ...]) -> Job:
        quote = await tables.quotes.get(quote_id, owner)
        if quote.job_id:
            return await tables.jobs.get(quote.job_id, owner)
        job = self._queued(quote, job_id, image_ids)
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
            provider=quote.request.provider,
            model=quote.request.model,
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

    async def next_quote(self, owner: str, request: Request, *, after_job: str) -> Quote:
        """Return the quote the form shows once `after_job` was accepted; guards against a double click."""
        request = check_request(request)
        return await self._open_quote(owner, request, slot=_fingerprint(request), follows=after_job)

    async def retry(self, owner: str, job_id: str) -> Job:
        """Run a finished job that delivered nothing once more, at today's price; pressing twice makes one."""
        job = await self.job(owner, job_id)
        if not job.state.is_final or job.delivered:
            raise Conflict("Only a generation that delivered nothing can be tried again.")
        quote = await self._open_quote(owner, job.request, slot=f"retry:{job.id}", retry_of=job.id)
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
            await self._holds.close(tables, ended, delivered=0, reason="Cancelled before it started")
            return stored

        return await self._database.transact(close)

    async def preview(self, owner: str, request: Request, seed: int) -> bytes | None:
        """Return a free small picture of what a seed gives, where the provider can do that; 120 a minute."""
        await self._limiter.hit("preview", owner, limit=120, window_s=60)
        request = check_request(request)
        self.model(request.provider, request.model)
        return await self._providers[request.provider].preview(request, seed)


def _fingerprint(request: Request) -> str:
    """Return the request as canonical text; the database keeps only a keyed hash of it."""
    return json.dumps(asdict(request), sort_keys=True, ensure_ascii=False)
