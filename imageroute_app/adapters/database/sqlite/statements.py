"""The statements of one table, built when first used and then kept, so that a call pays for binding only.

Hot listings and everything else are SQLAlchemy core selects of the record's own columns. SQLite keeps no statistics
here, so the one index to use is chosen by us: a filter that tells few rows apart is hidden behind a unary plus.

Statements about one row and pages are kept as SQL: running a construct costs SQLAlchemy as much again as the row itself.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import sqlite

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
    return {f"f_{name}_{place}": value for name, values in wanted.items() for place, value in enumerate(values)}


def _sql(statement: ClauseElement) -> str:
    """Return a statement as SQL with a named parameter for each value."""
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))


class Positional(NamedTuple):
    """A statement with a question mark for each value, and the names of the values in that order."""

    sql: str
    names: Sequence[str]

    def ordered(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the question marks."""
        return [values[name] for name in self.names]


def _positional(statement: ClauseElement) -> Positional:
    """Return a statement that may have hundreds of values: SQLite looks through all names for each named one."""
    compiled: Any = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    return Positional(str(compiled), tuple(compiled.positiontup))


class Statements:
    """Every statement of one table."""

    def __init__(self, codec: Codec[Any]) -> None:
        self._table = metadata.tables[codec.name]
        self._columns = [self._table.c[name] for name in codec.names]
        self._changing = {name: bindparam(f"v_{name}") for name in codec.names if name not in ("id", "owner")}
        self.page: Callable[[Shape, tuple[str, ...], bool], str] = lru_cache(128)(self._page)
        self.count: Callable[[Shape, tuple[str, ...]], Positional] = lru_cache(128)(self._count)
        self.sum: Callable[[str], str] = lru_cache(16)(self._sum)
        self.by_column: Callable[[str], str] = lru_cache(16)(self._by_column)
        self.overdue: Callable[[str], Select[Any]] = lru_cache(16)(self._overdue)

    @cached_property
    def insert(self) -> str:
        """A new row."""
        return _sql(insert(self._table))

    @cached_property
    def get(self) -> str:
        """One row of its owner's."""
        return _sql(select(*self._columns).where(*self._own()))

    @cached_property
    def delete(self) -> str:
        """One row of its owner's, gone."""
        return _sql(delete(self._table).where(*self._own()))

    @cached_property
    def update(self) -> str:
        """One row, unless it changed meanwhile."""
        c = self._table.c
        was = (c.id == bindparam("was_id"), c.owner == bindparam("was_owner"), c.version == bindparam("was"))
        return _sql(update(self._table).where(*was).values(self._changing))

    @cached_property
    def walk(self) -> Select[Any]:
        """Rows of everybody in the order of their ids."""
        c = self._table.c
        return select(*self._columns).where(c.id > bindparam("after")).order_by(c.id).limit(bindparam("limit"))

    @cached_property
    def some(self) -> Select[Any]:
        """Rows of one owner by their ids."""
        c = self._table.c
        return select(*self._columns).where(c.owner == bindparam("owner"), c.id.in_(bindparam("ids", expanding=True)))

    def _own(self) -> tuple[ColumnElement[bool], ...]:
        c = self._table.c
        return c.id == bindparam("id"), c.owner == bindparam("owner")

    def where(self, condition: str) -> Select[Any]:
        """Return a select of whole records with a condition of ours in SQL."""
        return select(*self._columns).where(text(condition))

    def _page(self, shape: Shape, compared: tuple[str, ...], oldest_first: bool) -> str:  # a cache key
        c = self._table.c
        chosen = select(*self._columns).where(*self._filters(shape), *self._compared(compared))
        return _sql(chosen.order_by(c.id.asc() if oldest_first else c.id.desc())) + "\n LIMIT :limit"

    def _count(self, shape: Shape, compared: tuple[str, ...]) -> Positional:
        conditions = (*self._filters(shape), *self._compared(compared))
        return _positional(select(func.count()).select_from(self._table).where(*conditions))

    def _sum(self, name: str) -> str:
        # Both columns stand in one index, which is all that this reads.
        total = select(func.sum(self._table.c[name])).where(self._table.c.owner == bindparam("owner"))
        return _sql(total)

    def _compared(self, operators: tuple[str, ...]) -> list[ColumnElement[bool]]:
        return [self._table.c.id.op(operator)(bindparam(BOUNDS[operator])) for operator in operators]

    def _by_column(self, name: str) -> str:
        return _sql(select(*self._columns).where(self._table.c[name] == bindparam("value")))

    def _overdue(self, name: str) -> Select[Any]:
        column = self._table.c[name]
        chosen = select(*self._columns).where(column <= bindparam("now"))
        return chosen.order_by(column, self._table.c.id).limit(bindparam("limit"))

    def _filters(self, shape: Shape) -> list[ColumnElement[bool]]:
        c = self._table.c
        conditions: list[ColumnElement[bool]] = [c.owner == bindparam("owner")]
        leading = 1 if shape and shape[0][0] == "id" else 0  # the index of any filter ends with the id
        for place, (name, number) in enumerate(shape):
            column: Any = c[name]
            if place > leading:
                column = literal_column(f"+{self._table.name}.{name}", c[name].type)
            values = [bindparam(f"f_{name}_{one}", type_=c[name].type) for one in range(number)]
            conditions.append(column == values[0] if number == 1 else column.in_(values))
        return conditions
