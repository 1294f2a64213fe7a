"""Quotes: a price and a plan that bind us for a while.

Principle: get-or-create per person and request until it is used, so that two tabs that show the same form hold the same one.
"""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from imageroute_app.domain.checks import anchored, check_draft, check_request
from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound
from imageroute_app.domain.jobs import Job, Quote, Request
from imageroute_app.domain.plans import NoRoute, Plan
from imageroute_app.domain.ports import Clock, NewId, Query, Tables
from imageroute_app.domain.rules import Rules
from imageroute_app.services.routing import Routing
from imageroute_app.services.sources import mask_facts, source_facts

LASTS_AT_LEAST = timedelta(minutes=1)


class Quotes:
    """Everything about a price before it is accepted."""

    def __init__(self, *, tables: Tables, routing: Routing, clock: Clock, new_id: NewId, rules: Rules) -> None:
        self._tables, self._routing = tables, routing
        self._clock, self._new_id, self._rules = clock, new_id, rules

    async def quote(self, owner: str, request: Request, *, follows: str = "") -> Quote:
        """Return the open quote for exactly this request; `follows` is the job that the form sent just before."""
        request = await self.prepared(owner, request)
        return await self._open(owner, request, slot=_fingerprint(request), follows=follows)

    async def prepared(self, owner: str, request: Request) -> Request:
        """Return the request as it is priced and sent: checked, and as large as its source makes it.

        Raises:
            InvalidInput: when it is out of bounds, or its mask was painted over another picture.
            NotFound: when one of its pictures is gone or not this person's.
        """
        return await self._anchored(owner, check_request(request))

    async def drafted(self, owner: str, request: Request) -> Request:
        """Return the request as it would be priced while something is still missing; raises as `prepared` does."""
        return await self._anchored(owner, check_draft(request))

    async def _anchored(self, owner: str, request: Request) -> Request:
        now = self._clock()
        for picture_id in request.reference_ids:
            await source_facts(self._tables, owner, picture_id, now)
        if not request.source_id:
            return request
        source = await source_facts(self._tables, owner, request.source_id, now)
        if request.mask_id:
            mask = await mask_facts(self._tables, owner, request.mask_id, now)
            if (mask.width, mask.height) != (source.width, source.height):
                raise InvalidInput("This mask was painted over another picture. Paint it again.", field="mask")
        return anchored(request, source.width, source.height)

    async def retrying(self, job: Job) -> Quote:
        """Return the quote for running a job once more; the same one however often it is asked for."""
        return await self._open(job.owner, job.request, slot=f"retry:{job.id}", retry_of=job.id)

    async def carried(self, owner: str, quote_id: str, request: Request) -> Quote:
        """Return the quote that a form carried if it is for this request and holds, else today's."""
        request = await self.prepared(owner, request)
        try:
            quote = await self._tables.quotes.get(quote_id, owner)
        except NotFound:
            return await self.quote(owner, request)
        is_good = bool(quote.job_id) or quote.expires_at > self._clock()
        return quote if is_good and quote.request == request else await self.quote(owner, request)

    async def check_open(self, quote: Quote) -> None:
        """Raise NoRoute when who was named first may not get the request any more."""
        model = self._routing.model(quote.plan[0])
        if model is None:
            raise NoRoute("This model is no longer on offer. Choose another one.")
        closed = await self._routing.closed(quote.owner, quote.request, model)
        if closed is not None:
            reason = f"{closed.text[:1].lower()}{closed.text[1:]}"
            raise NoRoute(f"{model.name} cannot be used: {reason}. Nothing was sent or charged.", closed=(closed,))

    async def _open(self, owner: str, request: Request, *, slot: str, follows: str = "", retry_of: str = "") -> Quote:
        found = await self._tables.quotes.find(Query(owner=owner, equals={"slot": slot}, limit=1))
        if found and found[0].job_id:
            return found[0]
        plan = await self._routing.plan(owner, request)
        if found and _holds(found[0], plan, self._clock()):
            return found[0]
        if found:
            await self._retire(found[0])
        quote = self._new(owner, request, plan, slot=slot, follows=follows, retry_of=retry_of)
        try:
            await self._tables.quotes.add(quote)
        except Duplicate:
            return await self._open(owner, request, slot=slot, follows=follows, retry_of=retry_of)
        return quote

    def _new(self, owner: str, request: Request, plan: Plan, *, slot: str, follows: str, retry_of: str) -> Quote:
        first, now = plan.candidates[0], self._clock()
        return Quote(
            id=self._new_id(),
            owner=owner,
            slot=slot,
            request=request,
            plan=tuple(candidate.model.key for candidate in plan.candidates),
            closed=tuple(f"{closed.key}: {closed.text}" for closed in plan.closed),
            unit_credits=first.unit_credits,
            price_credits=first.unit_credits * request.count,
            follows_job=follows,
            retry_of=retry_of,
            job_id="",
            created_at=now,
            expires_at=now + self._rules.quote_life,
        )

    async def _retire(self, quote: Quote) -> None:
        try:
            await self._tables.quotes.update(replace(quote, slot=quote.id))
        except Conflict:
            return


def _holds(quote: Quote, plan: Plan, now: datetime) -> bool:
    """Say whether an open quote still stands: it lasts a while, and names who would get the request now at that price."""
    first = plan.candidates[0]
    lasts = quote.expires_at - now > LASTS_AT_LEAST
    return lasts and quote.plan[:1] == (first.model.key,) and quote.unit_credits == first.unit_credits


def _fingerprint(request: Request) -> str:
    """Return the request as canonical text; the database keeps only a keyed hash of it."""
    return json.dumps(asdict(request), sort_keys=True, ensure_ascii=False)
