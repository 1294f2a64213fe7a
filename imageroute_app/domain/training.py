"""Training builds: which pictures went into one, so that it can be shown and a later one can leave them out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """One picture in one build, with the event that allowed it."""

    id: str
    owner: str
    build_id: str
    image_id: str
    image_sha256: str
    choice_id: str
    built_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetBuild:
    """One build: how many pictures, and totals such as "model sketch-1: 24 people", nothing else."""

    id: str
    owner: str
    images: int
    totals: tuple[str, ...]
    built_at: datetime
    version: int = 0
