"""Read the dated TOML catalogue that stands beside each provider into domain types."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from imageroute_app.domain.catalog import Capabilities, DataPolicy, Known, Model, Task


def read_catalogue(path: Path) -> tuple[Model, ...]:
    """Return the models of one catalogue; raises KeyError or ValueError for a fact that is missing or wrong."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    policy = _policy(tables["policy"])
    return tuple(_model(tables["provider"], model, policy) for model in tables["models"])


def _policy(facts: Mapping[str, Any]) -> DataPolicy:
    checked_on = facts["checked_on"]
    if not isinstance(checked_on, date):
        raise ValueError("checked_on must be a date")  # noqa: TRY004  # a wrong value, whatever its type
    return DataPolicy(
        company=facts["company"],
        country=facts["country"],
        region=facts["region"],
        retention_days=facts.get("retention_days"),
        trains=Known(facts["trains"]),
        human_review=Known(facts["human_review"]),
        source=facts["source"],
        checked_on=checked_on,
    )


def _model(provider: Mapping[str, Any], facts: Mapping[str, Any], policy: DataPolicy) -> Model:
    return Model(
        id=facts["id"],
        provider=provider["id"],
        name=facts["name"],
        line=provider["line"],
        letter=provider["letter"],
        makes=facts["makes"],
        summary=facts["summary"],
        micro_usd=facts["micro_usd"],
        typical_s=facts["typical_s"],
        deadline_s=facts["deadline_s"],
        price_source=facts["price_source"],
        retires_on=facts.get("retires_on"),
        capabilities=_capabilities(facts["capabilities"]),
        policy=policy,
    )


def _capabilities(facts: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        tasks=frozenset(Task(task) for task in facts["tasks"]),
        side_min_px=facts["side_min_px"],
        side_max_px=facts["side_max_px"],
        multiple_of=facts["multiple_of"],
        max_count=facts["max_count"],
        prompt_chars=facts["prompt_chars"],
        takes_seed=facts["takes_seed"],
        takes_negative=facts["takes_negative"],
        replayable=facts["replayable"],
        cancels=facts["cancels"],
    )
