"""Health of models as our own runs see it: usual time, share of failures, and a circuit breaker for each.

Pure state with `now` as an argument. Averages fade with a half-life, beginning at what the catalogue declares. Three
failures in a minute, or more than half of at least six, open the breaker for 30 s, doubling up to 15 minutes; then one real
job tries it. Rate limits and refused keys are no failures and are kept apart (PROVIDERS.md 3.3).
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

HALF_LIFE = timedelta(minutes=20)
WINDOW = timedelta(seconds=60)
FAILURES_MAX, RUNS_MIN = 3, 6
OPEN_FIRST, OPEN_MOST = timedelta(seconds=30), timedelta(minutes=15)
TRIAL_MOST = timedelta(minutes=5)
SLOW_FACTOR = 2.0
"""From how many times the declared usual time on a model is called slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a model stands now. `until` is when it may be tried again, None for not before something changes."""

    code: Literal["ok", "slow", "errors", "resting", "busy", "key", "quota", "retired"]
    text: str
    latency_s: float
    failure_rate: float
    runs: int
    until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is sent to it now."""
        return self.code in ("resting", "busy", "key", "quota", "retired")


@dataclass(slots=True)
class Health:
    """One model's record. `declared_s` is the usual time that the catalogue names."""

    declared_s: float
    weight: float = 1.0
    latency_sum: float = 0.0
    failure_sum: float = 0.0
    at: datetime | None = None
    runs: int = 0
    recent: deque[tuple[datetime, bool]] = field(default_factory=lambda: deque[tuple[datetime, bool]](maxlen=64))
    opened_at: datetime | None = None
    open_for: timedelta = timedelta(0)
    trial_until: datetime | None = None
    not_before: datetime | None = None
    disabled: Literal["", "key", "quota", "retired"] = ""
    disabled_until: datetime | None = None

    def __post_init__(self) -> None:
        """Begin with one run's weight at the declared time."""
        self.latency_sum = self.declared_s

    def succeeded(self, took_s: float, now: datetime) -> None:
        """Note a delivered picture and the seconds it took; closes the breaker."""
        self._count(now, is_good=True, took_s=took_s)
        self.opened_at, self.open_for, self.trial_until = None, timedelta(0), None
        self.disabled, self.disabled_until = "", None

    def failed(self, now: datetime) -> None:
        """Note a failure that speaks against the provider's health; may open the breaker."""
        is_trial = self.opened_at is not None
        self._count(now, is_good=False, took_s=None)
        if is_trial or self._is_sick(now):
            self.open_for = min(max(self.open_for * 2, OPEN_FIRST), OPEN_MOST)
            self.opened_at, self.trial_until = now, None
            self.recent.clear()

    def limited(self, until: datetime) -> None:
        """Note a rate limit; the later end wins."""
        self.not_before = until if self.not_before is None else max(self.not_before, until)
        self.trial_until = None

    def disable(self, why: Literal["key", "quota", "retired"], until: datetime | None = None) -> None:
        """Send nothing more: the key was refused, the account is used up, the model is gone; None means until a restart."""
        self.disabled, self.disabled_until = why, until

    def admit(self, now: datetime) -> bool:
        """Say whether one call may go now; after a rest only one at a time may."""
        if self.standing(now).is_closed:
            return False
        if self.opened_at is not None:
            self.trial_until = now + TRIAL_MOST
        return True

    def release(self) -> None:
        """Give a trial back that ended without telling anything about health."""
        self.trial_until = None

    def standing(self, now: datetime) -> Standing:
        """Return how the model stands."""
        code, text, until = self._state(now)
        return Standing(
            code=code,
            text=text,
            latency_s=self.latency_sum / self.weight,
            failure_rate=self.failure_sum / self.weight,
            runs=self.runs,
            until=until,
        )

    def _state(
        self, now: datetime
    ) -> tuple[Literal["ok", "slow", "errors", "resting", "busy", "key", "quota", "retired"], str, datetime | None]:
        if self.disabled and (self.disabled_until is None or now < self.disabled_until):
            words = {"key": "Its key is refused", "quota": "Our account there is used up", "retired": "Retired"}
            return self.disabled, words[self.disabled], self.disabled_until
        if (rest := self._rest_until(now)) is not None:
            return "resting", "Failed lately, resting", rest
        if self.not_before is not None and now < self.not_before:
            return "busy", "Takes no more requests now", self.not_before
        if self.failure_sum / self.weight > 0.25:
            return "errors", "Errors", None
        is_slow = self.latency_sum / self.weight > SLOW_FACTOR * self.declared_s
        return ("slow", "Slow", None) if is_slow else ("ok", "Good", None)

    def _rest_until(self, now: datetime) -> datetime | None:
        if self.opened_at is None:
            return None
        # A clock that was set back must not keep the breaker open for longer than its time.
        self.opened_at = min(self.opened_at, now)
        until = self.opened_at + self.open_for
        if now < until:
            return until
        return self.trial_until if self.trial_until is not None and now < self.trial_until <= now + TRIAL_MOST else None

    def _is_sick(self, now: datetime) -> bool:
        lately = [is_good for at, is_good in self.recent if now - at <= WINDOW]
        bad = lately.count(False)
        return bad >= FAILURES_MAX or (len(lately) >= RUNS_MIN and bad * 2 > len(lately))

    def _count(self, now: datetime, *, is_good: bool, took_s: float | None) -> None:
        if self.at is not None and now > self.at:
            fade = max(0.5 ** ((now - self.at) / HALF_LIFE), 1e-6)
            self.weight, self.latency_sum, self.failure_sum = (
                self.weight * fade,
                self.latency_sum * fade,
                self.failure_sum * fade,
            )
        mean_s = self.latency_sum / self.weight
        self.at, self.runs = now, self.runs + 1
        self.weight += 1
        self.latency_sum += mean_s if took_s is None else took_s
        self.failure_sum += not is_good
        self.recent.append((now, is_good))
