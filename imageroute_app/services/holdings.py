"""Holdings: what we hold about a person, category by category, counted where it lies and opened for its person.

Made of DATA_MAP alone, so that a table that is added tomorrow stands here by itself.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import cast

from imageroute_app.domain.data_map import DATA_MAP, Category, Recipient, Table
from imageroute_app.domain.data_map.dictionary import withheld
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Database, Query, Repository
from imageroute_app.domain.purposes import BASES
from imageroute_app.domain.retention import RULES
from imageroute_app.services.newsletter import Newsletter

PAGE = 20
TIMES = ("created_at", "at", "uploaded_at", "started_at", "looked_at", "updated_at", "asked_at")
"""Where a record says when it was made, the first that it has; else its id does."""
HOUSE_FIELDS = frozenset({"owner", "version", "lease_holder", "lease_until"})
"""Numbers of the house that say nothing to a person."""
APART = "newsletter_subscriptions"
"""Found by the address, because it belongs to no account."""
CATEGORIES = tuple(category for category in Category if category is not Category.HOUSE)
SLUGS: Mapping[str, Category] = {
    category.value.lower().replace(",", "").replace(" ", "-"): category for category in CATEGORIES
}
"""Categories by their name in an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One category: how many rows, since when, why and on which basis, who else has it, when it goes."""

    category: Category
    count: int
    oldest: datetime | None
    why: Sequence[str]
    basis: Sequence[str]
    who: Sequence[Recipient]
    goes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: which table it is of, and its fields in words."""

    id: str
    table: str
    purpose: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """Some rows of a category, and how to go on; `after` is empty at the end."""

    rows: Sequence[Row]
    after: str


def held_path(category: Category) -> str:
    """Return the page that shows a person's own rows of a category."""
    return f"/privacy-center/held/{next(slug for slug, one in SLUGS.items() if one is category)}"


def tables_of(category: Category) -> Mapping[str, Table]:
    """Return the tables of a category."""
    return {name: table for name, table in DATA_MAP.items() if table.category is category}


class Holdings:
    """The live view of everything (GDPR Art. 15)."""

    def __init__(self, *, database: Database, newsletter: Newsletter) -> None:
        self._tables, self._newsletter = database.tables, newsletter

    async def all(self, owner: str) -> list[Holding]:
        """Return every category, also those that hold nothing."""
        return await asyncio.gather(*(self._holding(owner, category) for category in CATEGORIES))

    async def _holding(self, owner: str, category: Category) -> Holding:
        tables = tables_of(category)
        counts = {name: await self._count(name, owner) for name in tables}
        held = [tables[name] for name, count in counts.items() if count] or list(tables.values())
        oldest = [await self._oldest(name, owner) for name, count in counts.items() if count]
        return Holding(
            category=category,
            count=sum(counts.values()),
            oldest=min((moment for moment in oldest if moment), default=None),
            why=_distinct(table.purpose for table in held),
            basis=_distinct(str(BASES[table.serves]) if table.serves else "" for table in held),
            who=tuple(dict.fromkeys(one for table in held for one in table.recipients)),
            goes=_distinct(RULES[table.rule].kept for table in held if table.rule),
        )

    async def rows(self, owner: str, category: Category, after: str = "") -> RowPage:
        """Return a page of the person's own rows, newest first within each table, sealed fields opened."""
        names = list(tables_of(category))
        start, _, last = after.partition(":")
        found: list[Row] = []
        for name in names[names.index(start) if start in names else 0 :]:
            page = await self._page(name, owner, last if name == start else "", PAGE - len(found))
            found += [_row(name, one) for one in page]
            if len(found) == PAGE:
                return RowPage(rows=found, after=f"{name}:{found[-1].id}")
        return RowPage(rows=found, after="")

    async def _page(self, name: str, owner: str, after: str, limit: int) -> list[object]:
        repository, owner = await self._place(name, owner)
        return await repository.find(Query(owner=owner, after=after, limit=limit)) if owner else []

    async def _count(self, name: str, owner: str) -> int:
        repository, owner = await self._place(name, owner)
        return await repository.count(Query(owner=owner)) if owner else 0

    async def _oldest(self, name: str, owner: str) -> datetime | None:
        repository, owner = await self._place(name, owner)
        found = await repository.find(Query(owner=owner, limit=1, oldest_first=True)) if owner else []
        return _made_at(found[0]) if found else None

    async def _place(self, name: str, owner: str) -> tuple[Repository[object], str]:
        """Return where to look and whose rows they are there; nobody's when there is no such row."""
        repository = self._tables.named(name)
        if name != APART:
            return repository, owner
        try:
            person = await self._tables.people.get(owner, owner)
        except NotFound:
            return repository, ""
        found = await self._newsletter.find(person.email)
        return repository, found.owner if found else ""


def _row(name: str, record: object) -> Row:
    return Row(id=_id(record), table=name, purpose=DATA_MAP[name].purpose, facts=tuple(_facts(name, record)))


def _id(record: object) -> str:
    return str(getattr(record, "id"))  # noqa: B009  # records have no common base that names it


def _made_at(record: object) -> datetime | None:
    for name in TIMES:
        value = getattr(record, name, None)
        if isinstance(value, datetime):
            return value
    number = _id(record)[:12]
    return datetime.fromtimestamp(int(number, 16) / 1000, UTC) if re.fullmatch(r"[0-9a-f]{12}", number) else None


def _facts(name: str, record: object) -> Iterator[tuple[str, str]]:
    for field in fields(record):  # type: ignore[arg-type]  # every record is a dataclass
        if field.name in HOUSE_FIELDS or withheld(DATA_MAP[name], field.name):
            continue
        words = _words(getattr(record, field.name))
        if words:
            yield field.name.replace("_", " "), words


def _words(value: object) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%-d %B %Y, %H:%M UTC")
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in cast("tuple[object, ...]", value))
    if is_dataclass(value) and not isinstance(value, type):
        return json.dumps(asdict(value), ensure_ascii=False)
    return str(value)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, words)))
