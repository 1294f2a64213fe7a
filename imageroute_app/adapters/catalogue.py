"""Read the dated TOML catalogue that stands beside each provider into domain types."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from imageroute_app.domain.catalog import Capabilities, DataPolicy, Known, Model, Price, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One provider: how it is reached and what it offers.

    `kind` names the adapter; `url` is its address unless a setting gives another. The key travels to that address and to
    `key_hosts` only ("*.bfl.ai" means the name and all below it); pictures are downloaded from it and `download_hosts`.
    `listing` says how its free list of models is read, where there is one: see adapters/listing.py.
    """

    id: str
    name: str
    kind: str
    key: Literal["needed", "optional", "none"]
    url: str
    key_hosts: tuple[str, ...]
    download_hosts: tuple[str, ...]
    models: tuple[Model, ...]
    listing: Mapping[str, str]


def read_catalogue(path: Path) -> Catalogue:
    """Return one catalogue; raises KeyError, TypeError or ValueError for a fact that is missing or wrong."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    provider, policy = tables["provider"], _policy(tables["policy"])
    return Catalogue(
        id=provider["id"],
        name=provider["name"],
        kind=provider["kind"],
        key=provider["key"],
        url=provider.get("url", ""),
        key_hosts=tuple(provider.get("key_hosts", ())),
        download_hosts=tuple(provider.get("download_hosts", ())),
        listing=tables.get("listing", {}),
        models=tuple(_model(provider, tables.get("defaults", {}) | model, policy) for model in tables["models"]),
    )


def _policy(facts: Mapping[str, Any]) -> DataPolicy:
    return DataPolicy(
        company=facts["company"],
        country=facts["country"],
        region=facts["region"],
        retention_hours=facts.get("retention_hours"),
        trains=Known(facts["trains"]),
        human_review=Known(facts["human_review"]),
        source=facts["source"],
        checked_on=_date(facts["checked_on"]),
        deletes=facts.get("deletes", False),
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
        price=_price(facts["price"]),
        typical_s=facts["typical_s"],
        deadline_s=facts["deadline_s"],
        retires_on=_date(facts["retires_on"]) if "retires_on" in facts else None,
        capabilities=_capabilities(facts["capabilities"]),
        policy=policy,
        remote=facts.get("remote", facts["id"]),
        quality=facts.get("quality", 3),
        options=facts.get("options", {}),
    )


def _price(facts: Mapping[str, Any]) -> Price:
    return Price(**{**facts, "checked_on": _date(facts["checked_on"])})


def _capabilities(facts: Mapping[str, Any]) -> Capabilities:
    tasks = frozenset(Task(task) for task in facts["tasks"])
    sizes = tuple((width, height) for width, height in facts.get("sizes", ()))
    ratios, scales = tuple(facts.get("ratios", ())), tuple(facts.get("scales", ()))
    return Capabilities(**{**facts, "tasks": tasks, "sizes": sizes, "ratios": ratios, "scales": scales})


def _date(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{value!r} must be a date")
    return value
