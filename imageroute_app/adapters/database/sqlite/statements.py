"""The statements of one table, built once and reused, so that a call pays for binding only.

Hot listings and everything else are SQLAlchemy core selects of the record's own columns. SQLite keeps no statistics
here, so the one index to use is chosen by us: a filter that tells few rows apart is hidden behind a unary plus.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from imageroute_app.adapters.database.codec import Codec, Native
from imageroute_app.adapters.database.sqlite.tables import metadata

BOUNDS = {"<": "id_below", ">": "id_above", ">=": "id_from"}
"""The parameter for each comparison of the id."""
Shape = tuple[tuple[str, int], ...]
"""The filters of a query: field and number of values, the one whose index leads first."""


def shape_of(codec: Codec[Any], wanted: Mapping[str, Sequence[Native]]) -> Shape:
    """Return the shape of these filters; a field that tells many rows apart leads."""
    ordered = sorted(wanted, key=lambda name: (codec.is_flag(name), name))
    return tuple((name, len(wanted[name])) for name in ordered)


def bound(wanted: Mapping[str, Sequence[Native]]) -> dict[str, Any]:
    """Return the parameters for the filters of a shape."""
    return {f"f_{name}": list(values) if len(values) != 1 else values[0] for name, values in wanted.items()}


class Statements:
    """Every statement of one table."""

    def __init__(self, codec: Codec[Any]) -> None:
        self._table = metadata.tables[codec.name]
        c = self._table.c
        self._columns = [c[name] for name in codec.names]
        own = (c.id == bindparam("id"), c.owner == bindparam("owner"))
        self.insert: Insert = insert(self._table)
        self.get: Select[Any] = select(*self._columns).where(*own)
        self.delete: Delete = delete(self._table).where(*own)
        changing = {name: bindparam(f"v_{name}") for name in codec.names if name not in ("id", "owner")}
        self.update: Update = (
            update(self._table)
            .where(
                c.id == bindparam("was_id"),
                c.owner == bindparam("was_owner"),
                c.version == bindparam("was"),
            )
            .values(changing)
        )
        self.page: Callable[[Shape, tuple[str, ...], bool], Select[Any]] = lru_cache(128)(self._page)
        self.count: Callable[[Shape, tuple[str, ...]], Select[Any]] = lru_cache(128)(self._count)
        self.sum: Callable[[str], Select[Any]] = lru_cache(16)(self._sum)
        self.by_column: Callable[[str], Select[Any]] = lru_cache(16)(self._by_column)
        self.overdue: Callable[[str], Select[Any]] = lru_cache(16)(self._overdue)
        self.some = select(*self._columns).where(
            c.owner == bindparam("owner"), c.id.in_(bindparam("ids", expanding=True))
        )

    def where(self, condition: str) -> Select[Any]:
        """Return a select of whole records with a condition of ours in SQL."""
        return select(*self._columns).where(text(condition))

    def _page(self, shape: Shape, compared: tuple[str, ...], oldest_first: bool) -> Select[Any]:  # a cache key
        c = self._table.c
        chosen = select(*self._columns).where(*self._filters(shape), *self._compared(compared))
        return chosen.order_by(c.id.asc() if oldest_first else c.id.desc()).limit(bindparam("limit"))

    def _count(self, shape: Shape, compared: tuple[str, ...]) -> Select[Any]:
        conditions = (*self._filters(shape), *self._compared(compared))
        return select(func.count()).select_from(self._table).where(*conditions)

    def _sum(self, name: str) -> Select[Any]:
        # Both columns stand in one index, which is all that this reads.
        return select(func.coalesce(func.sum(self._table.c[name]), 0)).where(self._table.c.owner == bindparam("owner"))

    def _compared(self, operators: tuple[str, ...]) -> list[ColumnElement[bool]]:
        return [self._table.c.id.op(operator)(bindparam(BOUNDS[operator])) for operator in operators]

    def _by_column(self, name: str) -> Select[Any]:
        return select(*self._columns).where(self._table.c[name] == bindparam("value"))

    def _overdue(self, name: str) -> Select[Any]:
        column = self._table.c[name]
        chosen = select(*self._columns).where(column <= bindparam("now"))
        return chosen.order_by(column, self._table.c.id).limit(bindparam("limit"))

    def _filters(self, shape: Shape) -> list[ColumnElement[bool]]:
        c = self._table.c
        conditions: list[ColumnElement[bool]] = [c.owner == bindparam("owner")]
        for place, (name, number) in enumerate(shape):
            column: Any = c[name]
            if place:
                column = literal_column(f"+{self._table.name}.{name}", c[name].type)
            value = bindparam(f"f_{name}", expanding=number != 1, type_=c[name].type)
            conditions.append(column == value if number == 1 else column.in_(value))
        return conditions
