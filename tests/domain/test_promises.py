"""The table of promises: whole, and never ahead of its tests."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from imageroute_app.domain.promises import PROMISES
from tests.promises import PROOFS, read_marks, table, write_built


def test_every_promise_is_there_in_order() -> None:
    assert list(PROMISES) == [f"P{number}" for number in range(1, 78)]
    assert all(promise.sentence.endswith(".") for promise in PROMISES.values())


def test_no_proof_is_shown_whose_test_is_gone() -> None:
    marks = read_marks()
    shown = json.loads(PROOFS.read_text(encoding="utf-8"))
    for promise, names in shown.items():
        assert set(names) <= set(marks[promise]), f"{promise}: run `make promises`"


def test_marks_are_read_from_functions_and_modules(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_x.py").write_text(
        'pytestmark = [pytest.mark.promise("P1")]\n@pytest.mark.promise("P2", "P3")\nasync def test_a(): ...\n'
        "def test_b(): ...\n"
    )
    marks = read_marks(folder)
    assert marks["P1"] == ["tests/test_x.py::test_a", "tests/test_x.py::test_b"]
    assert marks["P2"] == marks["P3"] == ["tests/test_x.py::test_a"]


def test_one_failure_or_one_gap_is_not_whole() -> None:
    proven = {"P1": ["a::b"]}
    assert table(proven, {"a::b": "passed"})[1]
    assert not table(proven, {"a::b": "failed"})[1]
    assert not table({**proven, "P2": []}, {"a::b": "passed"})[1]


def test_one_figure_measured_by_itself_has_its_own_time_and_leaves_the_others(tmp_path: Path) -> None:
    path, at = tmp_path / "built.json", datetime(2026, 11, 27, tzinfo=UTC)
    marks = {"one": ["a::one"], "two": ["a::two"], "new": []}
    write_built(marks, {"a::one": "failed", "a::two": "passed"}, at, path=path)
    later = at + timedelta(hours=1)
    marks = {"one": ["a::one"], "two": ["a::else"], "new": ["a::new"]}
    write_built(marks, {"a::new": "passed"}, later, only={"new"}, path=path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["at"], found["alone"], found["failed"]) == (at.isoformat(), {"new": later.isoformat()}, ["one"])
    assert found["tests"] == {"one": ["a::one"], "two": ["a::two"], "new": ["a::new"]}
    write_built(marks, {"a::one": "passed"}, later, only={"one"}, path=path)
    assert json.loads(path.read_text(encoding="utf-8"))["failed"] == []
    write_built(marks, {}, later, path=path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["at"], found["alone"], found["failed"]) == (later.isoformat(), {}, ["new", "one", "two"])
