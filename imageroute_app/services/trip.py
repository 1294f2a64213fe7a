"""What is known while one job is carried, and the small decisions that need nothing but their arguments."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.domain.ports import Done, ProviderError
from imageroute_app.services.endings import Closing, Ending, delivered, failed


@dataclass(slots=True)
class Trip:
    """What is known while one job is carried. `sent` counts pictures that delivered attempts asked for."""

    job: Job
    plan: list[Model]
    sent: int = 0
    number: int = 0
    delivered: int = 0
    tries: Counter[str] = field(default_factory=Counter[str])
    given_up: set[str] = field(default_factory=set[str])
    last: Ending | None = None

    @property
    def missing(self) -> int:
        """How many pictures nobody was asked for with success yet."""
        return self.job.request.count - self.sent

    def ended(self) -> Ending:
        """Return the ending when nobody is left to ask."""
        if self.delivered:
            closing = self.last.closing if self.last else Closing(outcome=AttemptOutcome.DELIVERED)
            return delivered((), self.job.request.count - self.delivered, closing)
        return self.last or failed("retired", "This model is no longer on offer.")


def begun(job: Job, plan: list[Model], earlier: Sequence[Attempt]) -> Trip:
    """Return the trip of a job as its earlier attempts left it."""
    trip = Trip(job=job, plan=plan, number=len(earlier), delivered=job.delivered)
    for attempt in earlier:
        key = f"{attempt.provider}/{attempt.model}"
        if attempt.outcome is AttemptOutcome.DELIVERED:
            trip.sent += attempt.asked
        elif attempt.outcome is AttemptOutcome.FAILED and attempt.code != "interrupted":
            trip.tries[key] += 1
            trip.given_up |= {key} if trip.tries[key] > 1 else set()
    return trip


def closing_of_stop(model: Model, answer: str) -> Closing:
    """Return how an attempt closes that the person stopped, by what the provider answered."""
    is_free = model.price.basis == "free" or answer == "stopped"
    note = f"{model.policy.company} stopped."
    if answer != "stopped":
        note = f"We stopped waiting; {model.policy.company} may finish it and bill us, not you."
    return Closing(
        outcome=AttemptOutcome.CANCELLED,
        code="cancelled",
        billed="no" if is_free else "unknown",
        notes=(note,) if model.is_networked else (),
    )


def notes(done: Done, attempt: Attempt, images: Sequence[Image]) -> tuple[str, ...]:
    """Return what the receipt says of an answer: what was changed, held back, or could not be opened."""
    lines = list(done.notes)
    if done.refused:
        lines.append(f"{done.refused} of {attempt.asked} held back by the provider's rules.")
    broken = min(len(done.pictures), attempt.asked) - len(images)
    if broken > 0:
        lines.append(f"{broken} of {attempt.asked} could not be opened.")
    return tuple(lines)


def free(error: ProviderError) -> ProviderError:
    """Return the error of a provider that bills nothing: whatever happened, asking again costs nobody anything."""
    return ProviderError(
        error.kind,
        str(error),
        billed="no",
        retry_after_s=error.retry_after_s,
        stage=error.stage,
        is_retired=error.is_retired,
    )


def first_seed(job: Job) -> int:
    """Return the seed asked for, else one drawn from the job's id, so that a replay makes the same picture."""
    if job.request.seed is not None:
        return job.request.seed
    return random.Random(job.id).randrange(2**31)  # noqa: S311  # a seed for pictures, not a secret
