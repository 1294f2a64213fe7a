"""Checks of what people asked for: erasures, exports, requests, each against its time."""

import math
from collections.abc import Sequence
from datetime import timedelta

from imageroute_app.domain.case_rules import Law, due
from imageroute_app.domain.erasures import ANSWER_WITHIN, Phase, StepState
from imageroute_app.domain.exports import ExportState
from imageroute_app.domain.ports import Clock, Database
from imageroute_app.services.checks import Check, Found

PAGE = 500
ERASED_WITHIN = timedelta(hours=24)
READY_SHARE = 0.995


def rights_checks(*, database: Database, clock: Clock) -> list[Check]:
    """Return the checks that run every night."""
    rights = _Rights(database, clock)
    return [
        Check("erasure_time_p95", rights.erasures),
        Check("erasure_steps_manual_open", rights.manual),
        Check("export_success_rate", rights.exports),
        Check("exports_with_gaps", rights.gaps),
        Check("dsr_answered_within_law", rights.answered),
    ]


class _Rights:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._tables, self._clock = database.tables, clock

    async def erasures(self) -> Found:
        """How long erasures take from the end of their grace; one that goes on counts with its time so far."""
        now = self._clock()
        took: list[timedelta] = []
        after = ""
        while page := await self._tables.erasures.walk(after, PAGE):
            begun = [one for one in page if one.phase not in (Phase.GRACE, Phase.CANCELLED)]
            took += [(one.ended_at or now) - one.grace_until for one in begun]
            after = page[-1].id
        at_95 = percentile(took, 95)
        hours = math.ceil(at_95.total_seconds() / 3600)
        note = "Open /admin and look which system does not answer."
        return _found(at_95 < ERASED_WITHIN, f"{hours} h of {len(took)}", note)

    async def manual(self) -> Found:
        """How long the oldest step waits for somebody's answer."""
        now = self._clock()
        steps = await self._tables.erasure_steps.overdue("next_at", now + ANSWER_WITHIN, PAGE)
        waiting = [now - step.at for step in steps if step.state is StepState.MANUAL and step.at is not None]
        oldest = max(waiting, default=timedelta())
        return _found(
            oldest <= ANSWER_WITHIN, str(oldest.days), "Write to the company again, and note its answer at /admin."
        )

    async def exports(self) -> Found:
        """How many of the exports that ended became ready."""
        ready, failed, _ = await self._count_exports()
        total = ready + failed
        share = ready / total if total else 1.0
        return _found(
            share > READY_SHARE, f"{100 * share:.1f} % of {total}", f"{failed} failed; people can resume them."
        )

    async def gaps(self) -> Found:
        """How many exports name something missing."""
        _, _, with_gaps = await self._count_exports()
        return Found(is_met=True, value=str(with_gaps))

    async def answered(self) -> Found:
        """How many requests under a law were answered in its time; open ones count once they are late."""
        now = self._clock()
        counted = late = 0
        after = ""
        while page := await self._tables.cases.walk(after, PAGE):
            for case in page:
                until, law = due(case.kind, case.country, case.created_at, is_extended=case.extended_at is not None)
                if law is Law.HOUSE or (case.answered_at is None and now <= until):
                    continue
                counted, late = counted + 1, late + ((case.answered_at or now) > until)
            after = page[-1].id
        share = 100 * (counted - late) // counted if counted else 100
        return _found(not late, f"{share} % of {counted}", f"{late} late: answer them at /admin.")

    async def _count_exports(self) -> tuple[int, int, int]:
        """Return how many became ready (also those whose files went since), failed, and have gaps."""
        ready = failed = with_gaps = 0
        after = ""
        while page := await self._tables.exports.walk(after, PAGE):
            for export in page:
                ready += export.ready_at is not None
                failed += export.state is ExportState.FAILED
                with_gaps += bool(export.gaps)
            after = page[-1].id
        return ready, failed, with_gaps


def percentile(values: Sequence[timedelta], percent: int) -> timedelta:
    """Return the value that so many percent do not exceed (nearest rank); zero without values."""
    if not values:
        return timedelta()
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _found(is_met: bool, value: str, note: str) -> Found:  # the two words of a check
    return Found(is_met=is_met, value=value, note="" if is_met else note)
