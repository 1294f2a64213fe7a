"""Reads what came with this release: what its tests found, and when somebody last went through its security."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from imageroute_app.domain.measures import METRICS, Built, Review

PACKAGE = Path(__file__).resolve().parent.parent
BUILT = PACKAGE / "built.json"
REVIEWS = PACKAGE / "reviews.toml"


def read_built(path: Path) -> Built:
    """Return what `python -m tests.promises --metrics` wrote; nothing for a release that was never tested."""
    if not path.is_file():
        return Built(at=None, failed=frozenset(), tests={})
    found = json.loads(path.read_text(encoding="utf-8"))
    tests = {name: tuple(names) for name, names in found["tests"].items() if name in METRICS}
    alone = {name: datetime.fromisoformat(at) for name, at in found.get("alone", {}).items()}
    return Built(at=datetime.fromisoformat(found["at"]), failed=frozenset(found["failed"]), tests=tests, alone=alone)


def read_reviews(path: Path) -> tuple[Review, ...]:
    """Return the reviews, newest first."""
    listed: list[Mapping[str, object]] = tomllib.loads(path.read_text(encoding="utf-8")).get("review", [])
    reviews = [Review(on=_day(one["on"]), what=str(one["what"]), found=str(one["found"])) for one in listed]
    return tuple(sorted(reviews, key=lambda one: one.on, reverse=True))


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{REVIEWS.name}: write the date of a review as a date, without quotes")
    return value
