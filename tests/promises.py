"""`make promises`: promise -> tests -> result, for every promise of the policy; fails while one has no passing test.

A test proves a promise by `@pytest.mark.promise("P37")` on it or in the `pytestmark` of its module. The marks are read from the
sources, so that /trust/promises can name them without running anything: they are written to routes/proofs.json on the way.

A test measures a figure of /trust that no running installation can by `@pytest.mark.metric("erasure_residual_needles")`;
`--metrics` runs only those and writes what they found to built.json, which is part of the release; `--metrics NAME` runs the
tests of one figure and notes its time beside the others.
"""

import argparse
import ast
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imageroute_app.domain.measures import METRICS
from imageroute_app.domain.promises import PROMISES
from tests.syntax import parsed

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "imageroute_app/routes/proofs.json"
BUILT = ROOT / "imageroute_app/built.json"
NOT_PROVEN = "not proven yet"


def read_marks(
    folder: Path = ROOT / "tests", *, mark: str = "promise", known: Iterable[str] = PROMISES
) -> dict[str, list[str]]:
    """Return the tests of every promise, or of every figure, as "path::name", in the order of `known`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"{mark}(" in text:
            for promise, name in _marks_of(parsed(text), mark):
                found[promise].append(f"{path.relative_to(folder.parent)}::{name}")
    strangers = sorted(found.keys() - set(known))
    if strangers:
        raise ValueError(f"No such {mark}: {', '.join(strangers)}")
    return {promise: found.get(promise, []) for promise in known}


def _marks_of(module: ast.Module, mark: str) -> Iterator[tuple[str, str]]:
    shared: list[str] = []
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            shared = list(_ids_in(node.value, mark))
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = [each for decorator in node.decorator_list for each in _ids_in(decorator, mark)]
            yield from ((promise, node.name) for promise in dict.fromkeys([*shared, *own]))


def _ids_in(decorator: ast.expr, mark: str) -> Iterator[str]:
    for call in ast.walk(decorator):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(f"mark.{mark}"):
            for argument in call.args:
                yield ast.literal_eval(argument)


class Results:
    """Notes how each test ended; a test with parameters passed when all of them did."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of a test."""
        name = report.nodeid.partition("[")[0]
        if report.failed:
            self.outcomes[name] = "failed"
        elif report.when == "call" or report.skipped:
            self.outcomes.setdefault(name, report.outcome)


def write_proofs(marks: Mapping[str, list[str]]) -> None:
    """Write which tests prove which promise, for /trust/promises."""
    PROOFS.write_text(json.dumps(marks, indent=1) + "\n", encoding="utf-8")


def write_built(
    marks: Mapping[str, list[str]],
    outcomes: Mapping[str, str],
    at: datetime,
    *,
    only: Collection[str] = (),
    path: Path = BUILT,
) -> None:
    """Write what the tests of this release found of each figure, for /trust; of `only` some, the others stay as they are."""
    tests = {name: names for name, names in marks.items() if names}
    failed = {
        name
        for name, names in tests.items()
        if (not only or name in only) and any(outcomes.get(one) != "passed" for one in names)
    }
    said = at.isoformat(timespec="seconds")
    found: dict[str, Any] = {"at": said, "alone": {}}
    if only:
        before = json.loads(path.read_text(encoding="utf-8"))
        known = before["tests"]
        tests = {
            name: names if name in only else known[name] for name, names in tests.items() if name in {*only, *known}
        }
        failed |= set(before["failed"]) - set(only)
        found = {"at": before["at"], "alone": before.get("alone", {}) | dict.fromkeys(sorted(only), said)}
    found |= {"failed": sorted(failed), "tests": tests}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def run(marks: Mapping[str, list[str]], workers: int, mark: str = "promise") -> dict[str, str]:
    """Run every marked test; returns how each ended."""
    results = Results()
    files = sorted({name.partition("::")[0] for names in marks.values() for name in names})
    options = ["-m", mark, "-n", str(workers)] if workers else ["-m", mark]
    pytest.main([*options, "-p", "no:cacheprovider", *files], plugins=[results])
    return results.outcomes


def table(marks: Mapping[str, list[str]], outcomes: Mapping[str, str]) -> tuple[list[str], bool]:
    """Return the lines of the table, and whether every promise has a test and all of them passed."""
    lines: list[str] = []
    is_whole = True
    for promise, names in marks.items():
        lines.append(f"{promise:4} {PROMISES[promise].sentence}")
        for name in names or [NOT_PROVEN]:
            outcome = outcomes.get(name, "not run") if names else ""
            lines.append(f"       {outcome + ' ' if outcome else ''}{name}")
            is_whole = is_whole and outcome == "passed"
    proven = sum(bool(names) for names in marks.values())
    return [*lines, f"{proven} of {len(marks)} promises have a test."], is_whole


def main() -> int:
    """Print the table; 0 when every promise is proven."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the tests without running them")
    parser.add_argument("-n", type=int, default=2, help="tests at a time; 0: one after the other in this process")
    parser.add_argument(
        "--metrics", nargs="*", metavar="NAME", help="run what measures figures, and write what it found"
    )
    given = parser.parse_args()
    if given.metrics is not None:
        only = frozenset[str](given.metrics)
        figures = read_marks(mark="metric", known=METRICS)
        if strangers := sorted(only - {name for name, names in figures.items() if names}):
            parser.error(f"No test measures {', '.join(strangers)}")
        chosen = {name: names for name, names in figures.items() if not only or name in only}
        write_built(figures, run(chosen, given.n, "metric"), datetime.now(UTC), only=only)
        return 1 if json.loads(BUILT.read_text(encoding="utf-8"))["failed"] else 0
    marks = read_marks()
    write_proofs(marks)
    lines, is_whole = table(marks, {} if given.list else run(marks, given.n))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if is_whole else 1


if __name__ == "__main__":
    raise SystemExit(main())
