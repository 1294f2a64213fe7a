"""Checks of what people asked for: erasures, exports, requests, each against its time.

Principle: a time of fewer than K people is only said to be within its target or beyond it: the page is public, and whoever
knows that somebody left, or took everything along, learns nothing about that person from a figure.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from imageroute_app.domain.case_rules import Law, due
from imageroute_app.domain.erasures import ANSWER_WITHIN, LAW, STALE_AFTER, Erasure, Phase, StepState
from imageroute_app.domain.exports import GIGABYTE, Export, ExportState
from imageroute_app.domain.ports import Clock, Database
from imageroute_app.domain.statistics import K
from imageroute_app.services.checks import NOTHING, Check, Found

PAGE = 500
HALF_ERASED_WITHIN, ERASED_WITHIN = timedelta(hours=1), timedelta(hours=24)
LOOK = "Open /admin and look which system does not answer."
FIVE_GB = 5 * GIGABYTE
SPEED_FROM_BYTES = FIVE_GB // 10
"""The smallest export whose speed is counted: what a smaller one takes says nothing about a large one."""
FIVE_GB_WITHIN = timedelta(minutes=15)
READY_SHARE = 0.995


def rights_checks(*, database: Database, clock: Clock) -> list[Check]:
    """Return the checks that run every night."""
    rights = _Rights(database, clock)
    return [
        Check("erasure_time_p50", rights.half_of_erasures),
        Check("erasure_time_p95", rights.erasures),
        Check("erasure_oldest_open", rights.oldest),
        Check("erasure_steps_manual_open", rights.manual),
        Check("export_success_rate", rights.exports),
        Check("export_minutes_per_5gb", rights.speed),
        Check("exports_with_gaps", rights.gaps),
        Check("dsr_answered_within_law", rights.answered),
    ]


class _Rights:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._tables, self._clock = database.tables, clock

    async def half_of_erasures(self) -> Found:
        """How long half of the erasures take at most from the end of their grace, in minutes."""
        took = await self._erasures_took(HALF_ERASED_WITHIN)
        at_50 = percentile(took, 50)
        minutes = math.ceil(at_50 / timedelta(minutes=1))
        return _time(at_50 < HALF_ERASED_WITHIN, f"{minutes} min", len(took), LOOK)

    async def erasures(self) -> Found:
        """How long nearly all erasures take at most from the end of their grace, in hours."""
        took = await self._erasures_took(ERASED_WITHIN)
        at_95 = percentile(took, 95)
        return _time(at_95 < ERASED_WITHIN, f"{math.ceil(at_95 / timedelta(hours=1))} h", len(took), LOOK)

    async def oldest(self) -> Found:
        """How long the oldest erasure that has not ended takes by now; in steps, as it is always about one person."""
        now = self._clock()
        under_way = [now - one.grace_until for one in await self._begun() if one.ended_at is None]
        if not under_way:
            return Found(is_met=True, value="none under way")
        oldest = max(under_way)
        if oldest < STALE_AFTER:
            return Found(is_met=True, value=f"less than {STALE_AFTER.days} days")
        past = LAW if oldest >= LAW else STALE_AFTER
        return Found(is_met=False, value=f"{past.days} days or more", note=LOOK)

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
        if not total:
            return NOTHING
        share = ready / total
        return _found(
            share > READY_SHARE, f"{100 * share:.1f} % of {total}", f"{failed} failed; people can resume them."
        )

    async def speed(self) -> Found:
        """How long the making of exports took for each 5 GB, from the snapshot until every part was read back."""
        took: list[timedelta] = []
        after = ""
        while page := await self._tables.exports.walk(after, PAGE):
            took += [each for export in page if (each := _for_five_gb(export)) is not None]
            after = page[-1].id
        at_95 = percentile(took, 95)
        minutes = math.ceil(at_95 / timedelta(minutes=1))
        note = "Run `python -m bench`: the disk, the picture store or the database is slow, or a worker is missing."
        return _time(at_95 <= FIVE_GB_WITHIN, f"{minutes} min", len(took), note)

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
        if not counted:
            return NOTHING
        share = 100 * (counted - late) // counted
        return _found(not late, f"{share} % of {counted}", f"{late} late: answer them at /admin.")

    async def _begun(self) -> list[Erasure]:
        """Return the erasures whose grace is over, also those that no worker has taken up though it is."""
        now = self._clock()
        begun: list[Erasure] = []
        after = ""
        while page := await self._tables.erasures.walk(after, PAGE):
            begun += [one for one in page if one.phase is not Phase.CANCELLED and one.grace_until <= now]
            after = page[-1].id
        return begun

    async def _erasures_took(self, target: timedelta) -> list[timedelta]:
        """Return how long erasures took; one under way counts once it is past the target, and never as a fast one."""
        now = self._clock()
        times = [((one.ended_at or now) - one.grace_until, one.ended_at is None) for one in await self._begun()]
        return [took for took, is_under_way in times if not is_under_way or took >= target]

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


def _for_five_gb(export: Export) -> timedelta | None:
    """Return what 5 GB of an export took; None for one that is not ready, or too small to tell."""
    if export.ready_at is None or export.snapshot_at is None:
        return None
    size_bytes = sum(export.part_facts(part)[0] for part in range(1, len(export.parts) + 1))
    if size_bytes < SPEED_FROM_BYTES:
        return None
    return (export.ready_at - export.snapshot_at) * (FIVE_GB / size_bytes)


def percentile(values: Sequence[timedelta], percent: int) -> timedelta:
    """Return the value that so many percent do not exceed (nearest rank); zero without values."""
    if not values:
        return timedelta()
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _time(is_met: bool, value: str, count: int, note: str) -> Found:  # the words of a check of times
    if not count:
        return NOTHING
    told = f"{value}, of {count}" if count >= K else f"{'within' if is_met else 'beyond'} the target, of fewer than {K}"
    return _found(is_met, told, note)


def _found(is_met: bool, value: str, note: str) -> Found:  # the two words of a check
    return Found(is_met=is_met, value=value, note="" if is_met else note)
