"""Generations: what was asked (Request), what it may cost (Quote), and how it goes (Job, Attempt)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.catalog import Task
from imageroute_app.domain.errors import Conflict

PROMPT_MAX = 4000
COUNT_MAX = 8
EMPTY_DAYS = 7
SIDE_MIN, SIDE_MAX, PIXELS_MAX = 256, 2048, 2048 * 2048
SEED_MAX = 2**32 - 1


class JobState(StrEnum):
    """Where a job stands; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Say whether nothing can change any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset(JobState) - {JobState.QUEUED},
}


class Level(StrEnum):
    """How much a company must promise about what it is sent.

    Strict: never trains, keeps at most 30 days, EU or this server; what is unknown fails. Balanced: none that says it trains.
    """

    STRICT = "strict"
    BALANCED = "balanced"
    ANY = "any"


class Failover(StrEnum):
    """Who may be asked next when a provider fails: nobody, those that promise at least as much, anyone the rule allows."""

    NEVER = "never"
    EQUAL = "equal"
    ANY = "any"


class Mode(StrEnum):
    """How a model is chosen: by the person, or by us for this quality."""

    FIXED = "fixed"
    AUTO = "auto"
    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A person's rule for who may get a prompt; empty tuples and None mean no limit of one's own beside the level."""

    level: Level = Level.STRICT
    failover: Failover = Failover.EQUAL
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    retention_days_max: int | None = None
    no_training: bool = False
    no_human_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that shapes the pictures and decides who draws them; sizes in pixels, `strength` 0.0 to 1.0 for edits.

    With any mode but FIXED `provider` and `model` are empty. `source_id` and `reference_ids` name images or uploads,
    `mask_id` an upload; `expand` is what an outpaint adds left, top, right and bottom, `scale` the factor of an upscale.
    `accepts_keeping`: the person saw that the company may keep an upload longer than we do.
    """

    prompt: str
    provider: str
    model: str
    width: int
    height: int
    mode: Mode = Mode.FIXED
    rule: Rule = Rule()
    count: int = 1
    seed: int | None = None
    negative: str = ""
    style: str = ""
    task: Task = Task.TEXT
    source_id: str = ""
    strength: float = 0.6
    mask_id: str = ""
    reference_ids: tuple[str, ...] = ()
    expand: tuple[int, int, int, int] = (0, 0, 0, 0)
    scale: int = 2
    accepts_keeping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price that binds us until `expires_at`; `slot` is unique per person and request while unused.

    `plan` names who gets it ("provider/model"), first to last; `closed` who was left out and why ("provider/model: reason").
    """

    id: str
    owner: str
    slot: str
    request: Request
    plan: tuple[str, ...]
    closed: tuple[str, ...]
    unit_credits: int
    price_credits: int
    follows_job: str
    retry_of: str
    job_id: str
    created_at: datetime
    expires_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A generation as the server owns it; `image_ids` are chosen at submission so that a replay overwrites.

    `provider` and `model` are who has it now, or had it last. Jobs of one comparison share a `compare_id`.
    """

    id: str
    owner: str
    quote_id: str
    state: JobState
    request: Request
    provider: str
    model: str
    held_credits: int
    charged_credits: int
    image_ids: tuple[str, ...]
    delivered: int
    attempts: int
    lease_holder: str
    lease_until: datetime | None
    cancel_requested: bool
    failure_code: str
    failure_message: str
    retry_of: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    drop_at: datetime | None = None
    compare_id: str = ""
    version: int = 0

    def moved(self, state: JobState, **changes: object) -> "Job":
        """Return the job in `state`; raise Conflict when that move is not legal."""
        if state not in _MOVES.get(self.state, frozenset()):
            raise Conflict(f"A {self.state} generation cannot become {state}.")
        return replace(self, state=state, **changes)


class AttemptOutcome(StrEnum):
    """How one submission to a provider ended; UNKNOWN means we never learned whether it was billed."""

    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One recipient of one job, one submission: the disclosure row that receipts and the privacy report are made of.

    The facts about the company are as they stood then. `asked` counts pictures, `charged_credits` what the person paid,
    `list_micro_usd` what the house may have been billed at list price, `cost_micro_usd` what the provider reported.
    """

    id: str
    owner: str
    job_id: str
    number: int
    provider: str
    model: str
    company: str
    country: str
    region: str
    retention: str
    trains: str
    review: str
    source: str
    checked_on: str
    rule: str
    asked: int
    outcome: AttemptOutcome
    code: str
    billed: str
    job_ref: str
    notes: tuple[str, ...]
    charged_credits: int
    list_micro_usd: int
    cost_micro_usd: int | None
    started_at: datetime
    ended_at: datetime | None
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's own rule for all requests that bring none, and whether downloads carry their settings; one per person."""

    id: str
    owner: str
    rule: Rule
    settings_in_files: bool = True
    version: int = 0


def drop_time(ended_at: datetime) -> datetime:
    """Return when the row of a generation that delivered nothing is dropped; its ledger lines and receipt stay."""
    return ended_at + timedelta(days=EMPTY_DAYS)


def tidy_prompt(text: str) -> str:
    """Return the prompt without control characters and outer space; right-to-left and emoji stay."""
    kept = "".join(ch if ch in {"\n", "\t"} or ord(ch) >= 32 else " " for ch in text)
    return kept.replace("\x7f", " ").replace("\r", " ").strip()
