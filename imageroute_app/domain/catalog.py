"""The catalogue: what each model can do, costs and promises about data.

One dated TOML file beside each provider fills these types; form, quote, routing, picker and privacy card read nothing else.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal

from imageroute_app.domain.pictures import SourceType

MEGAPIXEL = 1_048_576  # 1024 x 1024: vendors that bill by the megapixel count this as one


class Task(StrEnum):
    """What a model can be asked to do."""

    TEXT = "text"
    EDIT = "edit"
    INPAINT = "inpaint"
    OUTPAINT = "outpaint"
    UPSCALE = "upscale"
    CUTOUT = "cutout"


class Known(StrEnum):
    """A fact that may be missing; unknown is said as unknown and fails closed."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


Region = Literal["local", "eu", "us", "global"]
HOURS_PER_DAY = 24


FACTS_HOLD = timedelta(days=90)
"""How long what a company says of itself is taken for true without being read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPolicy:
    """What a company says it does with what it is sent, with source and the date it was checked.

    `retention_hours` is the longest it keeps anything of a request; None where it does not say. `deletes` says whether it has
    an API that erases a request.
    """

    company: str
    country: str
    region: Region
    retention_hours: int | None
    trains: Known
    human_review: Known
    source: str
    checked_on: date
    deletes: bool = False

    @property
    def retention_text(self) -> str:
        """Return the retention as words, for example "Kept 0 days", "Kept 1 hour" or "Retention unknown"."""
        hours = self.retention_hours
        if hours is None:
            return "Retention unknown"
        if hours % HOURS_PER_DAY:
            return "Kept 1 hour" if hours == 1 else f"Kept {hours} hours"
        days = hours // HOURS_PER_DAY
        return "Kept 1 day" if days == 1 else f"Kept {days} days"

    @property
    def training_text(self) -> str:
        """Return the training fact as words."""
        return {Known.YES: "Trains on it", Known.NO: "Never trains", Known.UNKNOWN: "Training unknown"}[self.trains]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a model accepts: sides and sizes in pixels, counts of pictures, lengths in characters.

    With geometry "free" any size in the bounds is drawn as asked; "sizes" and "ratios" list what there is, and the closest
    is taken and named on the receipt. `max_count` is per submission: a larger job is sent in several, one after the other.
    `max_references` counts all pictures of a request; `scales` are the factors of an upscale, `source_pixels_max` its limit.
    `resumes`: a result can be fetched after a restart. `replayable`: drawing it again costs nothing and gives the same.
    """

    tasks: frozenset[Task]
    side_min_px: int
    side_max_px: int
    multiple_of: int
    max_count: int
    prompt_chars: int
    takes_seed: bool
    takes_negative: bool
    replayable: bool
    cancels: Literal["none", "queued", "running"]
    geometry: Literal["free", "sizes", "ratios"] = "free"
    sizes: tuple[tuple[int, int], ...] = ()
    ratios: tuple[str, ...] = ()
    pixels_max: int = 0
    max_references: int = 1
    takes_style: bool = False
    takes_mask: bool = False
    scales: tuple[int, ...] = ()
    source_pixels_max: int = 0
    transparent: bool = False
    resumes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A list price in micro-USD: per picture, or for the first started megapixel and each further one.

    "exact" is what the provider bills; "metered" is an upper bound of a bill that is known only afterwards.
    """

    unit: Literal["picture", "megapixel"]
    micro_usd: int
    basis: Literal["free", "exact", "metered"]
    source: str
    checked_on: date
    more_micro_usd: int = 0
    reference_micro_usd: int = 0

    def of_picture(self, width: int, height: int, references: int = 0) -> int:
        """Return the most that one picture of this size costs, in micro-USD."""
        total = self.micro_usd + references * self.reference_micro_usd
        if self.unit == "megapixel":
            total += (max(1, math.ceil(width * height / MEGAPIXEL)) - 1) * self.more_micro_usd
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of one provider.

    `remote` is the vendor's name of it and `options` are fixed fields of every request, both for its adapter only;
    `quality` is our own judgement, 1 to 5, for "Best".
    """

    id: str
    provider: str
    name: str
    line: str
    letter: str
    makes: SourceType
    summary: str
    price: Price
    typical_s: int
    deadline_s: int
    retires_on: date | None
    capabilities: Capabilities
    policy: DataPolicy
    remote: str = ""
    quality: int = 3
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """Return "provider/model", the name that plans, health and forms use."""
        return f"{self.provider}/{self.id}"

    @property
    def is_networked(self) -> bool:
        """Say whether using it sends the prompt off this installation."""
        return self.policy.region != "local"


def made_of(makes: SourceType, source: str, task: Task) -> SourceType:
    """Return the type of what a model of type `makes` made of a source of type `source` (empty: a person's own).

    A picture that keeps some of its source is a composite as soon as AI drew any part of the two.
    """
    is_trained = makes == "trainedAlgorithmicMedia"
    if is_trained and (task is Task.EDIT or source == makes):
        return makes
    has_trained = is_trained or source in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
    return "compositeWithTrainedAlgorithmicMedia" if has_trained else makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A picture shape on offer, with the pixels it stands for."""

    name: str
    width: int
    height: int


RATIOS: tuple[Ratio, ...] = tuple(
    Ratio(name=name, width=width, height=height)
    for name, width, height in (
        ("1:1", 1024, 1024),
        ("4:5", 1024, 1280),
        ("5:4", 1280, 1024),
        ("3:4", 960, 1280),
        ("4:3", 1280, 960),
        ("2:3", 896, 1344),
        ("3:2", 1344, 896),
        ("9:16", 768, 1344),
        ("16:9", 1344, 768),
        ("21:9", 1536, 640),
    )
)
