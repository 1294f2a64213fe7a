"""What the registers hold beside a case: legal requests, breaches, changes of ownership, reports of a child."""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from imageroute_app.domain.data_map.kinds import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Short texts of a register; times are ISO 8601 in UTC, empty where they do not apply.

    `categories` are of DATA_MAP, joined by ";"; records made from `since` (empty: ever) and before `until` may have been seen.
    `erasure` is the secret of the erasure's page that a granted case set going, `export` the id of the package.
    """

    authority: str = ""
    statute: str = ""
    scope: str = ""
    gag_until: str = ""
    categories: str = ""
    since: str = ""
    until: str = ""
    is_drill: str = ""
    authority_told_at: str = ""
    people_told_at: str = ""
    late_reason: str = ""
    new_owner: str = ""
    lock_before: str = ""
    erasure: str = ""
    export: str = ""

    def dump(self) -> str:
        """Return the facts as they lie in a case."""
        return json.dumps({name: value for name, value in asdict(self).items() if value}, ensure_ascii=False)


def read_facts(text: str) -> Facts:
    """Return the facts of a case; unknown names of another release are left out."""
    known = {item.name for item in fields(Facts)}
    values: dict[str, str] = json.loads(text or "{}")
    return Facts(**{name: str(value) for name, value in values.items() if name in known})


def read_time(text: str) -> datetime | None:
    """Return a time of the facts."""
    return datetime.fromisoformat(text) if text else None


def read_categories(facts: Facts) -> tuple[Category, ...]:
    """Return which categories of data a breach may have shown."""
    return tuple(Category(name) for name in facts.categories.split(";") if name)
