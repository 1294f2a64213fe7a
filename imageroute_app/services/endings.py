"""How an attempt and a job can end, before it is written; the sentences are what the person reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import AttemptOutcome, JobState
from imageroute_app.domain.ports import Billed, ErrorKind, ProviderError

LOST = "The result is unknown: the server stopped while {who} was working. We never ask again by ourselves."
SENTENCES = {
    ErrorKind.AUTH: "{who} does not accept our key.",
    ErrorKind.QUOTA: "Our account at {who} is used up.",
    ErrorKind.RATE: "{who} takes no more requests for the moment.",
    ErrorKind.INVALID: "{who} did not accept these settings.",
    ErrorKind.UNSUPPORTED: "{who} does not do this any more.",
    ErrorKind.TRANSIENT: "{who} stopped answering.",
    ErrorKind.TIMEOUT: "{who} did not answer in time.",
    ErrorKind.RESULT_LOST: "{who} did not hand over the picture.",
    ErrorKind.CANCELLED: "{who} stopped the generation.",
}
UNKNOWN = " We cannot know whether it was made, and never ask twice by ourselves."
OBJECTIONS = "Our own rules do not allow this prompt. Nothing was sent to anyone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How one attempt ended, for its row."""

    outcome: AttemptOutcome
    code: str = ""
    billed: Billed = "no"
    notes: tuple[str, ...] = ()
    charged_credits: int = 0
    cost_micro_usd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The final state of a job with the sentence for it, and how its open attempt closes; `images` are not stored yet."""

    state: JobState
    reason: str
    code: str = ""
    images: Sequence[Image] = ()
    closing: Closing = field(default_factory=lambda: Closing(outcome=AttemptOutcome.FAILED))


def delivered(images: Sequence[Image], missing: int, closing: Closing) -> Ending:
    """Return the ending of a job that brought at least one picture."""
    reason = f"{missing} not delivered" if missing else "The hold is closed"
    return Ending(state=JobState.SUCCEEDED, reason=reason, images=images, closing=closing)


def cancelled(closing: Closing | None = None) -> Ending:
    """Return the ending of a job that its person stopped."""
    return Ending(
        state=JobState.CANCELLED,
        reason="Cancelled by you.",
        code="cancelled",
        closing=closing or Closing(outcome=AttemptOutcome.CANCELLED, code="cancelled"),
    )


def failed(code: str, reason: str, *, billed: Billed = "no") -> Ending:
    """Return the ending of a job that brought nothing and cost nothing."""
    closing = Closing(outcome=AttemptOutcome.FAILED, code=code, billed=billed)
    return Ending(state=JobState.FAILED, reason=reason, code=code, closing=closing)


def unknown(company: str) -> Ending:
    """Return the ending of a job whose paid attempt may or may not have been billed: the house books the loss."""
    closing = Closing(outcome=AttemptOutcome.UNKNOWN, code="result_unknown", billed="unknown")
    return Ending(state=JobState.FAILED, reason=LOST.format(who=company), code="result_unknown", closing=closing)


def blocked_here(rule: str) -> Ending:
    """Return the ending of a job that our own rules stop before anything is sent."""
    return Ending(state=JobState.BLOCKED, reason=OBJECTIONS, code=f"blocked_here:{rule}")


def resting(until: datetime | None) -> Ending:
    """Return the ending of a job that nobody can take now; `until` is when the first may be tried again."""
    when = f" The first can be tried again at {until:%H:%M} UTC." if until else ""
    return failed("resting", f"Everyone your rule allows is resting after failures.{when}")


def provider_failed(error: ProviderError, model: Model) -> Ending:
    """Return the ending that follows from what a provider raised."""
    who = model.policy.company
    if error.kind is ErrorKind.REFUSED:
        what = "picture that it made" if error.stage == "output" else "prompt"
        return Ending(
            state=JobState.BLOCKED,
            reason=f"The rules of {who} do not allow this {what}.",
            code=f"refused_{error.stage or 'input'}",
            closing=Closing(outcome=AttemptOutcome.REFUSED, code=f"refused_{error.stage}", billed=error.billed),
        )
    sentence = SENTENCES[error.kind].format(who=who)
    if error.billed == "unknown":
        closing = Closing(outcome=AttemptOutcome.UNKNOWN, code=error.kind, billed="unknown")
        return Ending(state=JobState.FAILED, reason=sentence + UNKNOWN, code="result_unknown", closing=closing)
    return failed(error.kind, sentence, billed=error.billed)
