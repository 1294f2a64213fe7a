"""Sizes of STYLE.md: a module stops at 300 lines, a function at 45. What is longer says why, or is split."""

import ast
from collections.abc import Iterator
from pathlib import Path

from imageroute_app.settings import ROOT
from tests.syntax import parsed

MODULE_LINES, FUNCTION_LINES = 300, 45
JUSTIFIED: dict[str, str] = {
    "imageroute_app/bootstrap.py": "every part of the product is put together here and nowhere else; no logic",
    "imageroute_app/domain/ports.py": "every port of the product, to be read beside each other; no logic",
    "imageroute_app/adapters/database/sqlite/tables.py": "every table, column by column; no logic",
    "imageroute_app/bootstrap.py::open_services": "one line a service, in the order they need each other",
    "imageroute_app/settings.py": "every setting beside its meaning, and the rules between them",
    "imageroute_app/settings.py::_contradictions": "one rule after the other, each with its cure",
    "imageroute_app/state/create.py": "one form with one state: a Reflex state cannot be split without sharing its vars",
}
"""Path, or path::function, and why it may be longer."""


def modules() -> list[Path]:
    return sorted((ROOT / "imageroute_app").rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    tree = parsed(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}::{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def report(sizes: dict[str, int], limit: int) -> list[str]:
    longest = sorted(sizes.items(), key=lambda entry: -entry[1])
    print("\n".join(f"{lines:5} {name}" for name, lines in longest[:10]))  # noqa: T201 - seen with pytest -s
    return [f"{name} has {lines} lines" for name, lines in longest if lines > limit and name not in JUSTIFIED]


def test_modules_stay_readable() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert report(sizes, MODULE_LINES) == []


def test_functions_stay_readable() -> None:
    sizes = {name: lines for path in modules() for name, lines in functions(path)}

    assert report(sizes, FUNCTION_LINES) == []


def test_justifications_are_still_needed() -> None:
    known = {str(path.relative_to(ROOT)) for path in modules()} | {
        name for path in modules() for name, _ in functions(path)
    }

    assert set(JUSTIFIED) <= known
