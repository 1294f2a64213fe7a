"""Records to rows and back, from their type hints and the protection that DATA_MAP gives each field.

A codec is made once per table and engine; the engine says how it keeps a time and a list of texts. Times are cut to
milliseconds on every engine, because MongoDB keeps no more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from imageroute_app.adapters.database.sealing import Cipher, Sealer
from imageroute_app.domain.backups import Row
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.data_map import DATA_MAP, Protection, Table
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.gallery import image_tokens
from imageroute_app.domain.jobs import Failover, Level, Mode, Request, Rule
from imageroute_app.domain.ports import Value

R = TypeVar("R")
Native = str | int | float | bool | bytes | datetime | list[str] | None
Change = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ENCODER = json.JSONEncoder(ensure_ascii=False)
NO_TEXTS = "[]"
"""What most lists are; a page of pictures has two of them a row."""
MILLISECOND = timedelta(milliseconds=1)


def cut_time(time: datetime) -> datetime:
    """Return an aware UTC time without the fraction of its millisecond."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    whole = time.microsecond // 1000 * 1000
    return time.astimezone(UTC).replace(microsecond=whole)


def to_micros(time: datetime) -> int:
    """Return a time as whole milliseconds since 1970, counted in microseconds."""
    return (cut_time(time) - EPOCH) // MILLISECOND * 1000


def from_micros(micros: int) -> datetime:
    """Return the time that `to_micros` counted."""
    return EPOCH + timedelta(microseconds=micros)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How an engine keeps what it has no plain type for."""

    dump_time: Change
    load_time: Change
    dump_texts: Change
    load_texts: Change


SQLITE = Engine(
    dump_time=to_micros,
    load_time=from_micros,
    dump_texts=lambda texts: json.dumps(texts, ensure_ascii=False),
    load_texts=lambda text: () if text == NO_TEXTS else tuple(json.loads(text)),
)
MONGO = Engine(
    dump_time=cut_time,
    load_time=lambda time: time.astimezone(UTC),
    dump_texts=list,
    load_texts=tuple,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its protection and the changes on the way in and out; None means as it is."""

    name: str
    protection: Protection
    dump: Change | None
    load: Change | None
    cut: Change | None = None
    is_flag: bool = False
    to_plain: Change | None = None
    from_plain: Change | None = None
    """Ways to and from the form outside this engine, where that differs."""


class Codec(Generic[R]):
    """Turns records of one table into rows and back."""

    def __init__(self, name: str, engine: Engine, sealer: Sealer) -> None:
        self.name, self.table, self._sealer = name, DATA_MAP[name], sealer
        self.fields = _fields(self.table, engine)
        self.names = tuple(field.name for field in self.fields)
        self._id = self.names.index("id")
        self._by_name = {field.name: field for field in self.fields}
        self._loads = [(place, field.load) for place, field in enumerate(self.fields) if field.load is not None]
        self._absent = _defaults(self.table.record, self.names)
        self._sealed = [
            (place, field.name) for place, field in enumerate(self.fields) if field.protection is Protection.SEALED
        ]

    def row(self, record: R, cipher: Cipher) -> dict[str, Any]:
        """Return the record as it is stored, field by field."""
        row: dict[str, Any] = {}
        record_id = str(getattr(record, "id"))  # noqa: B009  # records have no common base that names it
        for field in self.fields:
            value = getattr(record, field.name)
            if value is not None and field.dump is not None:
                value = field.dump(value)
            row[field.name] = self._protected(field, value, cipher, record_id)
        return row

    def record(self, values: Sequence[Any], cipher: Cipher) -> R:
        """Return the record whose stored values stand in the order of `names`."""
        loaded = list(values)
        record_id = loaded[self._id]
        for place, name in self._sealed:
            sealed = loaded[place]
            if sealed is not None:
                loaded[place] = cipher.unseal(sealed, f"{self.name}|{record_id}|{name}")
        for place, load in self._loads:
            if loaded[place] is not None:
                loaded[place] = load(loaded[place])
        for place, default in self._absent:
            if loaded[place] is None:  # written before the field was there
                loaded[place] = default
        return self.table.record(**dict(zip(self.names, loaded, strict=True)))

    def as_stored(self, record: R, cipher: Cipher, **changes: object) -> R:
        """Return the record as reading it back would give it, with these changes."""
        for field in self.fields:
            value = changes.get(field.name, getattr(record, field.name))
            if value is None:
                continue
            if field.cut is not None:
                changes[field.name] = field.cut(value)
            elif field.protection in (Protection.KEYED, Protection.KEYED_PERSON):
                changes[field.name] = self._protected(field, value, cipher, "")
        return replace(record, **changes)  # type: ignore[type-var]  # every record is a dataclass

    def to_plain(self, values: Sequence[Any]) -> Row:
        """Return stored values, in the order of `names`, in the form that is the same for every engine."""
        return {
            field.name: value if value is None or field.to_plain is None else field.to_plain(value)
            for field, value in zip(self.fields, values, strict=True)
        }

    def from_plain(self, row: Row) -> dict[str, Any]:
        """Return the stored form of a row of any engine, by name; a field that an older release did not have gets its default.

        Raises:
            Unavailable: when it has a field that this release does not know.
        """
        if unknown := set(row) - set(self.names):
            raise Unavailable(f"{self.name} has fields of another release of ImageRoute: {', '.join(sorted(unknown))}.")
        defaults = dict(self._absent)
        stored: dict[str, Any] = {}
        for place, field in enumerate(self.fields):
            value = row.get(field.name)
            if value is not None and field.from_plain is not None:
                value = field.from_plain(value)
            elif value is None and field.protection is Protection.PLAIN and place in defaults:
                value = defaults[place] if field.dump is None else field.dump(defaults[place])
            stored[field.name] = value
        return stored

    async def all_tokens(self, stored: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, list[bytes]]]:
        """Return owner and index entries by id of stored images; one that cannot be read has none."""
        found: dict[str, tuple[str, list[bytes]]] = {}
        for values in stored:
            try:
                cipher = await self._sealer.cipher(values["owner"])
                record: Any = self.record([values[name] for name in self.names], cipher)
            except (NotFound, Unavailable):
                continue
            found[values["id"]] = (values["owner"], [cipher.token(token) for token in image_tokens(record)])
        return found

    def equals(self, wanted: Mapping[str, Value | tuple[Value, ...]], cipher: Cipher) -> dict[str, list[Native]]:
        """Return the filters of a query as stored values, one list per field.

        Raises:
            ValueError: when DATA_MAP does not declare a field for filtering; the id needs no declaration.
        """
        allowed = ("id", *self.table.filters, *self.table.unique, *self.table.keys)
        found: dict[str, list[Native]] = {}
        for name, value in wanted.items():
            if name not in allowed:
                raise ValueError(f"{self.name}.{name} is not declared for filtering in DATA_MAP")
            values = value if isinstance(value, tuple) else (value,)
            field = self._by_name[name]
            is_as_given = field.dump is None and field.protection is Protection.PLAIN  # thousands of ids, for instance
            found[name] = list(values) if is_as_given else [self._stored(field, one, cipher) for one in values]
        return found

    def key(self, name: str, value: str) -> str:
        """Return the stored form of a globally unique key; raises ValueError for any other field."""
        if name not in self.table.keys:
            raise ValueError(f"{self.name}.{name} is not declared as a key in DATA_MAP")
        if self._by_name[name].protection is Protection.KEYED:
            return self._sealer.keyed(value, f"{self.name}|{name}")
        return value

    def is_flag(self, name: str) -> bool:
        """Say whether a field is true or false, and so tells few rows apart."""
        return self._by_name[name].is_flag

    def _stored(self, field: Field, value: Value, cipher: Cipher) -> Native:
        dumped = field.dump(value) if field.dump is not None and value is not None else value
        return self._protected(field, dumped, cipher, "")

    def _protected(self, field: Field, value: Any, cipher: Cipher, record_id: str) -> Native:
        if value is None or field.protection is Protection.PLAIN:
            return value
        if field.protection is Protection.SEALED:
            return cipher.seal(value, f"{self.name}|{record_id}|{field.name}")
        place = f"{self.name}|{field.name}"
        if field.protection is Protection.KEYED_PERSON:
            return cipher.keyed(value, place)
        return self._sealer.keyed(value, place)


def _fields(table: Table, engine: Engine) -> tuple[Field, ...]:
    hints = get_type_hints(table.record)
    names = [field.name for field in fields(table.record)]
    if set(names) != set(table.fields):
        raise ValueError(f"DATA_MAP and {table.record.__name__} name different fields")
    return tuple(_field(name, hints[name], table.fields[name], engine) for name in names)


def _defaults(record: type, names: Sequence[str]) -> list[tuple[int, Any]]:
    """Return the places of fields that have a default other than None, with it."""
    known = {field.name: field.default for field in fields(record)}
    return [(place, known[name]) for place, name in enumerate(names) if known[name] not in (MISSING, None)]


def _field(name: str, hint: Any, protection: Protection, engine: Engine) -> Field:
    bare = next((part for part in get_args(hint) if part is not type(None)), hint)
    if str(hint).startswith("tuple["):
        return _texts(name, protection, engine)
    if bare is datetime:
        dump, load = engine.dump_time, engine.load_time
        return Field(name, protection, dump, load, cut_time, to_plain=load, from_plain=dump)
    if bare in _AS_JSON:
        return Field(name, protection, _dump, _AS_JSON[bare])
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return Field(name, protection, str, bare)
    if bare is bool:
        return Field(name, protection, bool, bool, is_flag=True, to_plain=bool, from_plain=bool)
    if bare not in (str, int):
        raise TypeError(f"no way to store {name}: {hint}")
    return Field(name, protection, None, None)


def _texts(name: str, protection: Protection, engine: Engine) -> Field:
    if protection is Protection.SEALED:
        return Field(name, protection, SQLITE.dump_texts, SQLITE.load_texts)
    dump, load = engine.dump_texts, engine.load_texts
    return Field(name, protection, dump, load, to_plain=load, from_plain=dump)


def _dump(record: Request | Rule) -> str:
    return ENCODER.encode(_plain(record))


def _plain(record: Request | Rule) -> dict[str, Any]:
    """Return the fields by name, as asdict does at ten times the cost: nothing in them needs a copy."""
    if isinstance(record, Rule):
        return {name: getattr(record, name) for name in _RULE}
    return {name: getattr(record, name) for name in _REQUEST} | {"rule": _plain(record.rule)}


def _load_request(text: str) -> Request:
    values = json.loads(text)
    if "mode" in values:
        values |= {"mode": Mode(values["mode"]), "rule": _rule(values["rule"])}
    if "task" in values:
        values |= {"task": Task(values["task"])} | {name: tuple(values[name]) for name in ("reference_ids", "expand")}
    return Request(**values)


def _load_rule(text: str) -> Rule:
    return _rule(json.loads(text))


def _rule(values: Mapping[str, Any]) -> Rule:
    texts = {name: tuple(values[name]) for name in ("providers", "regions")}
    kinds = {"level": Level(values["level"]), "failover": Failover(values["failover"])}
    return Rule(**{**values, **texts, **kinds})


_REQUEST, _RULE = (tuple(field.name for field in fields(kind)) for kind in (Request, Rule))
"""By what a record is, not by its type: what a page holds comes as a proxy of it."""
_AS_JSON: Mapping[Any, Change] = {Request: _load_request, Rule: _load_rule}
