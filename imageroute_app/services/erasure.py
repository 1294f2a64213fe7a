"""Erasing an account: asked for, seven days or at once, step by step through every system, until each has proven itself.

Principles: the account is locked before anything else and opened again only by its person within the grace. A step that fails
is tried again and shown as it is. The record of an erasure holds nothing about the person once it is over.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.accounts import Lock, Session
from imageroute_app.domain.erasures import (
    FIRST_CALL,
    GRACE,
    LEASE,
    Erasure,
    ErasureStep,
    Farewell,
    Outcome,
    Phase,
    StepState,
    after,
    next_due,
    next_step,
)
from imageroute_app.domain.errors import Conflict, Duplicate, ImageRouteError, NotFound
from imageroute_app.domain.parts import category_of, person_of
from imageroute_app.domain.ports import Clock, Database, Fault, Limiter, Mailer, NewId, Query, Tables
from imageroute_app.domain.retention import RULES
from imageroute_app.domain.rules import Rules
from imageroute_app.services.beside import Beside
from imageroute_app.services.erasure_mails import ErasureMails
from imageroute_app.services.erasure_steps import ErasureSteps, whose_of
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)

Left = Callable[[Sequence[Session]], Awaitable[None]]
SWEEP_MAX = 50
STEPS_MAX = 100
UNANSWERED = "It does not answer. We go on trying until it does"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An erasure with its steps in order, as the page without sign-in shows it."""

    erasure: Erasure
    steps: Sequence[ErasureStep]


class Erasures:
    """Everything about closing an account."""

    def __init__(
        self,
        *,
        database: Database,
        steps: ErasureSteps,
        gate: Gate,
        mailer: Mailer,
        notices: Notices,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        fault: Fault,
        watchers: Sequence[str] = (),
    ) -> None:
        """Wake `watchers`, the addresses of operators and controller, when an erasure takes too long."""
        self._database, self._tables, self._steps, self._gate = database, database.tables, steps, gate
        self._mails = ErasureMails(
            database=database, mailer=mailer, notices=notices, origin=rules.origin, watchers=watchers, clock=clock
        )
        self._limiter, self._clock, self._new_id, self._fault = limiter, clock, new_id, fault
        self._beside = Beside()
        self._left: Left | None = None

    def leave_with(self, left: Left) -> None:
        """Say how sessions are ended at the sign-in service that they came from, beside the answer."""
        self._left = left

    # --- What a person does -----------------------------------------------------------------------------------------------

    async def begin(self, owner: str, *, at_once: bool, reason: str = "asked") -> Erasure:
        """Lock the account and start the seven days, or the erasing itself; asking again returns the one that stands."""
        person = await self._tables.people.get(owner, owner)
        if person.locked_for is Lock.OPEN:  # calling it off must not lift the lock of a review
            await self._gate.lock(owner, Lock.CLOSING)
        self._fault("erasure.locked")
        if (standing := await self.of(owner)) is None:
            standing = await self._open(owner, person.email, reason)
            await self._mails.tell_asked(standing, person.email, at_once=at_once)
        if at_once:
            standing = await self._begin_now(standing)
        await self._end_sessions(owner)
        return standing

    async def _open(self, owner: str, address: str, reason: str) -> Erasure:
        now, erasure_id, farewell_id = self._clock(), self._new_id(), self._new_id()
        erasure = Erasure(
            id=erasure_id,
            owner=erasure_id,
            code=secrets.token_hex(16),
            subject=owner,
            phase=Phase.GRACE,
            asked_at=now,
            grace_until=now + GRACE,
            due_at=now + GRACE,
            remind_at=now + FIRST_CALL,
            reason=reason,
        )
        farewell = Farewell(id=farewell_id, owner=farewell_id, erasure_id=erasure_id, address=address, created_at=now)
        farewell = replace(farewell, identity=await self._steps.identity(owner))
        steps = await self._steps.plan(erasure)

        async def write(tables: Tables) -> None:
            await tables.erasures.add(erasure)
            await tables.farewells.add(farewell)
            for step in steps:
                await tables.erasure_steps.add(step)

        try:
            await self._database.transact(write)
        except Duplicate:  # two tabs at once: the other one's stands
            if (standing := await self.of(owner)) is not None:
                return standing
            raise
        return erasure

    async def _begin_now(self, erasure: Erasure) -> Erasure:
        begun = erasure.begun(self._clock())
        return erasure if begun is erasure else await self._tables.erasures.update(begun)

    async def _end_sessions(self, owner: str) -> None:
        sessions = await self._tables.sessions.find(Query(owner=owner, limit=500))
        if self._left is not None:
            await self._left(sessions)
        for session in sessions:
            await self._tables.sessions.delete(session.id, owner)

    def go(self, erasure: Erasure) -> None:
        """Begin beside the answer, so that the page shows it going at once; the sweep would come by itself."""
        self._beside.run(self.run(erasure.id), "erasure.deferred")

    async def settle(self) -> None:
        """Wait for what was begun beside an answer."""
        await self._beside.settle()

    async def of(self, owner: str) -> Erasure | None:
        """Return the erasure that stands for a person, or None."""
        return await self._tables.erasures.by_key("subject", owner)

    async def cancel(self, owner: str) -> Erasure:
        """Call it off within the seven days and open the account as it was; raises Conflict when it is too late."""
        erasure = await self.of(owner)
        if erasure is None:
            raise Conflict("This account is not being closed.")
        cancelled = await self._tables.erasures.update(erasure.cancelled(self._clock()))
        person = await self._tables.people.get(owner, owner)
        if person.locked_for is Lock.CLOSING:
            await self._gate.lock(owner, Lock.OPEN)
        await self._mails.forget_address(cancelled)
        return cancelled

    async def status(self, code: str) -> Status:
        """Return how an erasure stands, by the secret of its page; raises NotFound."""
        erasure = await self._tables.erasures.by_key("code", code) if code else None
        if erasure is None:
            raise NotFound("There is no erasure under this address.")
        return Status(erasure=erasure, steps=await self._all_steps(erasure))

    async def try_now(self, code: str) -> Status:
        """Try what waits without waiting; 10 times in ten minutes."""
        status = await self.status(code)
        await self._limiter.hit("erasure", code, limit=10, window_s=600)
        if status.erasure.phase is Phase.ERASING:
            for step in status.steps:
                if step.state is StepState.RETRY:
                    await self._tables.erasure_steps.update(replace(step, next_at=None))
            await self.run(status.erasure.id)
        return await self.status(code)

    # --- What the worker does ---------------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Go on with every erasure that is due, and send what is to be sent; returns how many moved."""
        now, moved = self._clock(), 0
        for erasure in await self._tables.erasures.overdue("remind_at", now, SWEEP_MAX):
            moved += await self._mails.remind(erasure)
        for erasure in await self._tables.erasures.overdue("due_at", now, SWEEP_MAX):
            moved += await self.run(erasure.id)
        for farewell in await self._tables.farewells.overdue("created_at", now - GRACE, SWEEP_MAX):
            moved += await self._mails.drop_stale(farewell)
        return moved

    async def run(self, erasure_id: str) -> bool:
        """Carry one erasure as far as it goes now; returns whether anything was done. Raises nothing a worker must handle."""
        now = self._clock()
        try:
            erasure = await self._tables.erasures.get(erasure_id, erasure_id)
            erasure = erasure.begun(now) if now >= erasure.grace_until or erasure.phase is Phase.ERASING else erasure
            if erasure.phase is not Phase.ERASING:
                return False
            # The claim: whoever writes this version first is at it; a worker that died is followed after the lease.
            erasure = await self._tables.erasures.update(replace(erasure, due_at=now + LEASE))
        except (Conflict, NotFound):
            return False
        self._fault("erasure.claimed")
        await self._walk(erasure)
        return True

    async def _walk(self, erasure: Erasure) -> None:
        for _ in range(STEPS_MAX):
            steps = await self._all_steps(erasure)
            if all(step.state.is_over for step in steps):
                await self._finish(erasure, steps)
                return
            step = next_step(steps, self._clock())
            if step is None:
                due = next_due(steps, self._clock())
                await self._tables.erasures.update(replace(erasure, due_at=due))
                return
            await self._do(erasure, step)

    async def _do(self, erasure: Erasure, step: ErasureStep) -> None:
        whose = whose_of(person_of(erasure), await self._mails.farewell(erasure), category_of(erasure))
        try:
            outcome = await self._steps.act(step, whose)
        except ImageRouteError as error:
            log.warning("erasure.step_failed", extra={"system": step.system, "code": error.code})
            outcome = Outcome(state=StepState.RETRY, detail=UNANSWERED)
        self._fault(f"erasure.{step.system}")
        await self._tables.erasure_steps.update(after(step, outcome, self._clock()))
        self._fault(f"erasure.{step.system}.written")

    async def _finish(self, erasure: Erasure, steps: Sequence[ErasureStep]) -> None:
        # The mail first: a worker that dies between sends it twice rather than never.
        if await self._mails.tell_ended(erasure):
            self._fault("erasure.told")
        await self._tables.erasures.update(erasure.finished(steps, self._clock()))
        self._fault("erasure.finished")
        await self._mails.forget_address(erasure)

    async def purge(self) -> int:
        """Drop a batch of receipts whose time is over, each with its steps; returns how many."""
        kept = RULES["erasure"].period or GRACE
        over = await self._tables.erasures.overdue("ended_at", self._clock() - kept, SWEEP_MAX)
        for erasure in over:
            await self._database.erase_rows(erasure.owner)
        return len(over)

    async def _all_steps(self, erasure: Erasure) -> list[ErasureStep]:
        found = await self._tables.erasure_steps.find(Query(owner=erasure.id, limit=STEPS_MAX))
        return sorted(found, key=lambda step: step.place)
