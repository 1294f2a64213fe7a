"""The catalogue: what each model can do, costs and promises about data.

One dated TOML file beside each provider fills these types; form, quote, routing, picker and privacy card read nothing else.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPolicy:
    """What a company says it does with what it is sent, with source and the date it was checked."""

    company: str
    country: str
    region: Literal["local", "eu", "us", "global"]
    retention_days: int | None
    trains: Known
    human_review: Known
    source: str
    checked_on: date

    @property
    def retention_text(self) -> str:
        """Return the retention as words, for example "Kept 0 days" or "Retention unknown"."""
        if self.retention_days is None:
            return "Retention unknown"
        return "Kept 1 day" if self.retention_days == 1 else f"Kept {self.retention_days} days"

    @property
    def training_text(self) -> str:
        """Return the training fact as words."""
        return {Known.YES: "Trains on it", Known.NO: "Never trains", Known.UNKNOWN: "Training unknown"}[self.trains]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a model accepts: sizes in pixels, counts of pictures, lengths in characters."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of one provider; the price is list price per picture in micro-USD."""

    id: str
    provider: str
    name: str
    line: str
    letter: str
    makes: Literal["trainedAlgorithmicMedia", "algorithmicMedia"]
    summary: str
    micro_usd: int
    typical_s: int
    deadline_s: int
    price_source: str
    retires_on: date | None
    capabilities: Capabilities
    policy: DataPolicy


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
