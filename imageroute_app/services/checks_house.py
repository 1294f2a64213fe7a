"""Checks of the house: its sweeps, its map of data, its rules, who is responsible, when security was last reviewed."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from imageroute_app.domain import data_map
from imageroute_app.domain.data_map import Item, Table
from imageroute_app.domain.data_map.dictionary import meaning
from imageroute_app.domain.measures import Review
from imageroute_app.domain.ports import Clock, Tables
from imageroute_app.domain.retention import RULES
from imageroute_app.services.checks import Check, Found

OVERDUE_MAX = timedelta(seconds=900)
REVIEW_WITHIN = timedelta(days=90)
BATCH = 1000


class Sweeping(Protocol):
    """What tells which parts of a sweep fail."""

    @property
    def failing(self) -> Mapping[str, datetime]:
        """Parts whose last sweep failed, with the time since when."""
        ...


def house_checks(
    *,
    tables: Tables,
    retention: Sweeping,
    controller: str,
    reviews: Sequence[Review],
    clock: Clock,
    table_map: Mapping[str, Table] = data_map.DATA_MAP,
) -> list[Check]:
    """Return the checks that run every quarter of an hour."""
    house = _House(tables, retention, controller, reviews, clock, table_map)
    return [
        Check("upload_overdue_seconds_max", house.overdue),
        Check("sweeps_failing", house.sweeps),
        Check("controller_named", house.named),
        Check("datamap_unmapped_fields", house.unmapped),
        Check("records_without_rule", house.without_rule),
        Check("security_review_days", house.reviewed),
    ]


class _House:
    def __init__(
        self,
        tables: Tables,
        retention: Sweeping,
        controller: str,
        reviews: Sequence[Review],
        clock: Clock,
        table_map: Mapping[str, Table],
    ) -> None:
        self._tables, self._retention, self._controller = tables, retention, controller
        self._reviews, self._clock, self._map = reviews, clock, table_map

    async def overdue(self) -> Found:
        """How long past its 30 days the oldest upload still lies here."""
        now = self._clock()
        late = await self._tables.uploads.overdue("expires_at", now, BATCH)
        longest = max((now - upload.expires_at for upload in late), default=timedelta())
        note = "The sweep does not reach them: look at the log for retention.deferred."
        return _found(longest <= OVERDUE_MAX, f"{int(longest.total_seconds()):,} s", note)

    async def sweeps(self) -> Found:
        """Which parts of the sweep failed when they last ran in this process."""
        failing = sorted(self._retention.failing)
        return _found(not failing, str(len(failing)), f"Failing: {', '.join(failing)}")

    async def named(self) -> Found:
        """Whether the settings name who is responsible."""
        return _found(
            bool(self._controller),
            "yes" if self._controller else "no",
            "Development installation: set IMAGEROUTE_CONTROLLER_NAME, _ADDRESS and _EMAIL.",
        )

    async def unmapped(self) -> Found:
        """Fields of records that the data map or the dictionary does not know, and tables that no record is mapped to."""
        missing = [f"{name}.{item}" for name, table in self._map.items() for item in _unmapped(name, table)]
        missing += sorted(name for name in vars(self._tables) if not name.startswith("_") and name not in self._map)
        return _found(not missing, str(len(missing)), f"Without an entry: {', '.join(missing[:10])}")

    async def without_rule(self) -> Found:
        """Kinds of records, cookies, files and logs that no rule of retention ends."""
        kinds: dict[str, Table | Item] = {**self._map, **data_map.SYSTEM_TABLES, **data_map.COOKIES}
        kinds |= {**data_map.STORAGE_KEYS, **data_map.MEDIA_PREFIXES, **data_map.FILES, **data_map.LOGS}
        missing = [name for name, kind in kinds.items() if kind.rule not in RULES]
        return _found(not missing, str(len(missing)), f"Without a rule: {', '.join(missing[:10])}")

    async def reviewed(self) -> Found:
        """Days since somebody last went through the security of this release."""
        note = "Review the security and add a line to imageroute_app/reviews.toml."
        if not self._reviews:
            return Found(is_met=False, value="never", note=note)
        age = self._clock().date() - max(review.on for review in self._reviews)
        return _found(age <= REVIEW_WITHIN, str(max(0, age.days)), note)


def _unmapped(name: str, table: Table) -> list[str]:
    fields = [field.name for field in dataclasses.fields(table.record)]
    return [item for item in fields if item not in table.fields or not _has_meaning(name, item)]


def _has_meaning(name: str, item: str) -> bool:
    try:
        return bool(meaning(name, item))
    except KeyError:
        return False


def _found(is_met: bool, value: str, note: str) -> Found:  # the two words of a check
    return Found(is_met=is_met, value=value, note="" if is_met else note)
