"""Reads the published editions: texts beside a list that names the hash of each, so that none can be changed afterwards."""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.policies import Edition, Kind
from imageroute_app.domain.policy_text import parse

FOLDER = Path(__file__).resolve().parent.parent / "policies/editions"
LIST = "editions.toml"


def read_editions(folder: Path = FOLDER) -> Mapping[Kind, tuple[Edition, ...]]:
    """Return the editions of each kind, oldest first.

    Raises:
        Unavailable: A text is not the one that was published, or a kind has none.
    """
    listed = tomllib.loads((folder / LIST).read_text(encoding="utf-8"))["edition"]
    editions = [_read(folder, entry) for entry in listed]
    found = {
        kind: tuple(sorted((one for one in editions if one.kind is kind), key=lambda one: one.effective))
        for kind in Kind
    }
    if not all(found.values()):
        raise Unavailable("A policy has no edition: publish one with `python -m imageroute_app.policies publish`.")
    return found


def _read(folder: Path, entry: Mapping[str, Any]) -> Edition:
    name, effective = str(entry["kind"]), entry["effective"]
    if not isinstance(effective, date):
        raise Unavailable(f"{LIST}: the date of {name} is no date.")
    path = folder / f"{name}-{effective.isoformat()}.md"
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise Unavailable(
            f"{path.name} was changed after it was published. Restore it, and publish a new edition instead."
        )
    text = data.decode()
    parse(text)
    return Edition(
        kind=Kind(name),
        effective=effective,
        sha256=str(entry["sha256"]),
        is_material=bool(entry["material"]),
        summary=str(entry["summary"]),
        text=text,
        new_purposes=tuple(entry.get("new_purposes", ())),
    )
