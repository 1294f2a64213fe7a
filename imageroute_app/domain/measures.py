"""Measures: the figures by which /trust proves the promises, each with its target, taken by running checks (PRIVACY 5.8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How a figure stands against its target."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "not measured yet"
    """Nobody has looked yet, or there was nothing to measure, which the value says."""


class Every(StrEnum):
    """How often a check runs."""

    QUARTER = "every quarter of an hour"
    NIGHT = "every night"
    BUILD = "with every build"
    """By the tests of a release; a running installation cannot measure it."""
    ACT = "whenever an operator does it"


PERIODS: Mapping[Every, timedelta] = {Every.QUARTER: timedelta(minutes=15), Every.NIGHT: timedelta(days=1)}
"""After which a check of its own runs again."""
FRESH: Mapping[Every, timedelta] = {Every.QUARTER: timedelta(hours=1), Every.NIGHT: timedelta(hours=36)}
"""How old a figure may be before it is shown as old: the checks stand still."""
ACT_WITHIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured, in words, what it should be, and how often it is looked at."""

    title: str
    target: str
    every: Every


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One result of one check; `owner` is HOUSE, `value` a figure in words, `note` what to do about a missed target."""

    id: str
    owner: str
    metric: str
    state: State
    value: str
    note: str
    taken_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric as /trust shows it: its last measure, None for one that nobody took yet."""

    id: str
    metric: Metric
    state: State
    value: str
    note: str
    taken_at: datetime | None
    is_old: bool = False
    tests: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "upload_overdue_seconds_max": Metric("Longest an upload stayed past its 30 days", "900 s or less", Every.QUARTER),
    "sweeps_failing": Metric("Parts of the sweep that failed last time", "0", Every.QUARTER),
    "controller_named": Metric("A responsible company is named", "yes", Every.QUARTER),
    "datamap_unmapped_fields": Metric("Stored fields without an entry in the data map", "0", Every.QUARTER),
    "records_without_rule": Metric("Kinds of records without a rule that ends them", "0", Every.QUARTER),
    "security_review_days": Metric("Days since the last security review", "90 or fewer", Every.QUARTER),
    "facts_checked_days": Metric("Days since what companies do with data was last read", "90 or fewer", Every.QUARTER),
    "plain_rows": Metric("Personal texts found readable in the raw database (sample)", "0", Every.NIGHT),
    "orphan_blobs": Metric("Stored pictures without a record (sample)", "0", Every.NIGHT),
    "dangling_rows": Metric("Records of pictures without their bytes (sample)", "0", Every.NIGHT),
    "card_pattern_hits": Metric("Card numbers found in the database (sample)", "0", Every.NIGHT),
    "outputs_marked_valid": Metric(
        "Delivered files, originals and smaller sizes, that read back as marked (sample)", "100 %", Every.NIGHT
    ),
    "restore_drill_last": Metric("Days since a backup was last restored on trial", "90 or fewer", Every.ACT),
    "erasure_residual_needles": Metric("Traces of a test person found after its erasure", "0", Every.BUILD),
    "export_needle_coverage": Metric("Data of a test person found in its export", "100 %", Every.BUILD),
    "pre_consent_storage_items": Metric(
        "Entries on the device before a choice, beyond the essential", "0", Every.BUILD
    ),
    "third_party_requests_before_consent": Metric("Requests of a page to other companies", "0", Every.BUILD),
    "clicks_reject_accept": Metric("Clicks to say no, less clicks to say yes", "0", Every.BUILD),
    "clicks_withdraw_give": Metric(
        "Clicks to take a yes back, less clicks to give it, counted from the first question",
        "0",
        Every.BUILD,
    ),
    "gpc_requests_honoured": Metric("Pages that honour Global Privacy Control", "100 %", Every.BUILD),
    "training_rows_without_live_consent": Metric("Pictures collected for training without a yes", "0", Every.NIGHT),
    "consents_without_event": Metric("Consents without the words that were shown", "0", Every.NIGHT),
    "erasure_time_p50": Metric(
        "Minutes an erasure takes from the end of its grace, 50 of 100", "less than 60", Every.NIGHT
    ),
    "erasure_time_p95": Metric("Hours an erasure takes, 95 of 100", "less than 24", Every.NIGHT),
    "erasure_oldest_open": Metric(
        "How long the oldest erasure under way takes by now", "less than 20 days", Every.NIGHT
    ),
    "erasure_steps_manual_open": Metric(
        "Days of waiting for a company's answer to an erasure", "14 or fewer", Every.NIGHT
    ),
    "export_success_rate": Metric("Exports that became ready", "more than 99.5 %", Every.NIGHT),
    "export_minutes_per_5gb": Metric(
        "Minutes of making an export, for each 5 GB of it, 95 of 100 (pauses count; from 500 MB on)",
        "15 or fewer",
        Every.NIGHT,
    ),
    "exports_with_gaps": Metric("Exports that are ready with gaps", "shown", Every.NIGHT),
    "dsr_answered_within_law": Metric("Requests answered within the time of the law", "100 %", Every.NIGHT),
}
"""By id, in the order of the page."""


def figure(name: str, measure: Measure | None, now: datetime) -> Figure:
    """Return how a metric stands now, which is never better than its last measure."""
    metric = METRICS[name]
    if measure is None:
        is_owed = metric.every is Every.ACT
        return Figure(
            id=name, metric=metric, state=State.MISSED if is_owed else State.UNKNOWN, value="never" if is_owed else "",
            note="Nobody has done it yet" if is_owed else "", taken_at=None,
        )  # fmt: skip
    age = now - measure.taken_at
    shown = Figure(
        id=name, metric=metric, state=measure.state, value=measure.value, note=measure.note, taken_at=measure.taken_at
    )
    if metric.every is Every.ACT:
        is_late = age > ACT_WITHIN
        return replace(shown, value=str(age.days), state=State.MISSED if is_late else measure.state)
    return replace(shown, is_old=age > FRESH.get(metric.every, timedelta.max))


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One look at the security of a release, as /trust shows it."""

    on: date
    what: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What the tests of this release found, once for all installations of it; `tests` by metric.

    `alone` has the time of each metric that was measured by itself after all of them were, at `at`.
    """

    at: datetime | None
    failed: frozenset[str]
    tests: Mapping[str, tuple[str, ...]]
    alone: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    def figure(self, name: str) -> Figure:
        """Return a metric that only tests can measure."""
        tests = self.tests.get(name, ())
        state = State.UNKNOWN if self.at is None or not tests else State.MET
        if name in self.failed:
            state = State.MISSED
        value = {State.MET: "as it should be", State.MISSED: "a test failed", State.UNKNOWN: ""}[state]
        at = self.alone.get(name, self.at) if tests else None
        return Figure(id=name, metric=METRICS[name], state=state, value=value, note="", taken_at=at, tests=tests)
