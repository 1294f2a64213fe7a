"""Rows of any table as JSON and as CSV, from DATA_MAP alone: a new table is exported without a line of code.

CSV is for spreadsheets: UTF-8 with its mark, RFC 4180, and no text can become a formula. JSON holds the values as they are.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any, cast

from imageroute_app.domain.data_map import DATA_MAP, Category, Table
from imageroute_app.domain.data_map.dictionary import withheld

FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"
FOLDERS: Mapping[str, str] = {
    Category.ACCOUNT: "account",
    Category.SIGN_INS: "account",
    Category.PROMPTS: "generations",
    Category.IMAGES: "gallery",
    Category.UPLOADS: "uploads",
    Category.CREDITS: "payments",
    Category.SUPPORT: "support",
    Category.PRIVACY: "privacy",
    Category.USAGE: "usage",
    Category.NEWSLETTER: "newsletter",
}
EXPORTED = tuple(name for name, table in DATA_MAP.items() if table.exported)
"""The tables that go into a package, in the order of DATA_MAP."""


def folder(category: str) -> str:
    """Return the folder of a category; one that is new here gets its own name."""
    return FOLDERS.get(category) or "-".join(category.lower().split())


def paths(name: str) -> tuple[str, str]:
    """Return where the JSON and the CSV of a table lie in the bag."""
    stem = DATA_MAP[name].exported.rpartition(".")[0]
    place = f"data/{folder(DATA_MAP[name].category)}/{stem}"
    return f"{place}.json", f"{place}.csv"


def columns(table: Table) -> list[str]:
    """Return the fields that are exported, in the order of DATA_MAP."""
    return [field for field in table.fields if not withheld(table, field)]


def plain(value: Any) -> Any:
    """Return a field's value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(part) for name, part in asdict(value).items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in cast("Sequence[Any]", value)]
    return value


def as_row(name: str, record: object) -> dict[str, Any]:
    """Return the exported fields of a record by name."""
    return {field: plain(getattr(record, field)) for field in columns(DATA_MAP[name])}


def json_texts(rows: Sequence[Mapping[str, Any]], *, is_first: bool, is_last: bool) -> str:
    """Return the next stretch of a JSON list; all of them together are one list."""
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    begin = "[\n" if is_first else ",\n" if lines else ""
    return begin + ",\n".join(lines) + ("\n]\n" if is_last else "")


def csv_text(name: str, rows: Sequence[Mapping[str, Any]], *, is_first: bool) -> str:
    """Return the next lines of a CSV file, with its head in front of the first."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    if is_first:
        writer.writerow(columns(DATA_MAP[name]))
    writer.writerows([[cell(value) for value in row.values()] for row in rows])
    return (BOM if is_first else "") + file.getvalue()


def cell(value: Any) -> str:
    """Return a value as a cell; a text that a spreadsheet would compute is held back by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return guarded(json.dumps(value, ensure_ascii=False))
    return guarded(value) if isinstance(value, str) else str(value)


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
