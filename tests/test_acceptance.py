"""docs/ACCEPTANCE.md names tests that are there, and its second column only such as run on MongoDB."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.syntax import parsed

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs/ACCEPTANCE.md"
NAME = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ON_BOTH = ("either_house", "bureau", "watch", "estate", "home", "mongo_uri", "place", "far")
"""Fixtures that open each database in turn, or MongoDB."""
CLOUDINARY = "tests/services/test_cloudinary_flows.py"


Names = list[tuple[str, str]]


def rows() -> dict[int, tuple[Names, Names]]:
    lines = [line.split("|") for line in TABLE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]
    return {int(cells[1]): (NAME.findall(cells[3]), NAME.findall(cells[4])) for cells in lines}


@cache
def functions(path: str) -> dict[str, set[str]]:
    """Return the tests of a file with the names of their arguments."""
    module = parsed((ROOT / path).read_text(encoding="utf-8"))
    found = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: {argument.arg for argument in node.args.args} for node in found}


def test_the_table_has_all_twenty_with_both_columns() -> None:
    assert list(rows()) == list(range(1, 21))
    assert {number for number, columns in rows().items() if not all(columns)} == set()


@pytest.mark.parametrize(("path", "name"), NAME.findall(TABLE.read_text(encoding="utf-8")))
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in functions(path)


@pytest.mark.parametrize("number", range(1, 21))
def test_the_second_column_runs_on_mongodb_or_cloudinary(number: int) -> None:
    for path, name in rows()[number][1]:
        assert path == CLOUDINARY or functions(path)[name] & set(ON_BOTH), f"{path}::{name}"
