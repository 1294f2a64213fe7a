"""How a job can end, before it is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import AttemptOutcome, JobState
from imageroute_app.domain.ports import ErrorKind, ProviderError

LOST = "The result is unknown: the server stopped while the provider was working."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The final state of a job, of its open attempt, and the sentence that the person reads."""

    state: JobState
    outcome: AttemptOutcome
    reason: str
    code: str = ""
    images: Sequence[Image] = ()
    notes: tuple[str, ...] = ()


def delivered(images: Sequence[Image], asked: int, notes: tuple[str, ...]) -> Ending:
    """Return the ending of a job that brought at least one picture."""
    missing = asked - len(images)
    return Ending(
        state=JobState.SUCCEEDED,
        outcome=AttemptOutcome.DELIVERED,
        reason=f"{missing} not delivered" if missing else "The hold is closed",
        images=images,
        notes=notes,
    )


def cancelled() -> Ending:
    """Return the ending of a job that its person stopped."""
    return Ending(
        state=JobState.CANCELLED, outcome=AttemptOutcome.CANCELLED, reason="Cancelled by you.", code="cancelled"
    )


def failed(code: str, reason: str) -> Ending:
    """Return the ending of a job that brought nothing and cost nothing."""
    return Ending(state=JobState.FAILED, outcome=AttemptOutcome.FAILED, reason=reason, code=code)


def unknown() -> Ending:
    """Return the ending of a job whose paid attempt may or may not have been billed: the house books the loss."""
    return Ending(state=JobState.FAILED, outcome=AttemptOutcome.UNKNOWN, reason=LOST, code="result_unknown")


def provider_failed(error: ProviderError) -> Ending:
    """Return the ending that follows from what a provider raised."""
    if error.kind is ErrorKind.REFUSED:
        return Ending(
            state=JobState.BLOCKED,
            outcome=AttemptOutcome.REFUSED,
            reason="The provider's rules do not allow this picture.",
            code="refused",
        )
    return unknown() if error.billed == "unknown" else failed(error.kind, "The provider stopped answering.")
