"""Editions: what is published never changes, a material change waits for its notice, and every promise stands in the text."""

import argparse
import hashlib
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.bootstrap import EDITIONS, read_editions
from imageroute_app.domain.errors import InvalidInput, Unavailable
from imageroute_app.domain.policies import Edition, Kind, current, effective_at, to_come
from imageroute_app.domain.policy_text import compare, parse, promises_in
from imageroute_app.domain.promises import PROMISES
from imageroute_app.policies.__main__ import main, publish

FACTS = {
    "controller", "contact", "storage", "periods", "recipients", "transfers", "cookies", "models", "bases", "credits",
    "limits",
}  # fmt: skip
PUBLISHED = {
    "privacy-2026-11-26": "2eab919167c1f11064fd2262a471038c14132c9696d48f4dd277da925b2cb9a5",
    "terms-2026-11-26": "187f1b34796488ecf394386b69277e1c68d536f5a008295a0a6aeda9dd5b07f1",
}
TODAY = date(2026, 11, 26)


def edition(day: date, *, is_material: bool = True) -> Edition:
    return Edition(
        kind=Kind.PRIVACY,
        effective=day,
        sha256="0" * 64,
        is_material=is_material,
        summary="It changes.",
        text="# A\n\nB",
    )


@pytest.mark.promise("P1", "P72")
def test_what_was_published_is_unchanged() -> None:
    found = {one.id: one.sha256 for editions in read_editions().values() for one in editions}
    assert PUBLISHED.items() <= found.items()
    for name, sha256 in found.items():
        assert hashlib.sha256((EDITIONS / f"{name}.md").read_bytes()).hexdigest() == sha256


@pytest.mark.promise("P72")
def test_an_edited_text_is_refused_at_the_start(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EDITIONS, tmp_path / "editions"))
    path = folder / "privacy-2026-11-26.md"
    path.write_text(path.read_text().replace("30 days", "31 days"))
    with pytest.raises(Unavailable, match="publish a new edition"):
        read_editions(folder)


@pytest.mark.promise("P1")
def test_every_promise_stands_in_the_policy_and_nothing_else_does() -> None:
    made = promises_in(read_editions()[Kind.PRIVACY][-1].text)
    assert made == set(PROMISES)


@pytest.mark.promise("P1")
@pytest.mark.parametrize("kind", list(Kind))
def test_texts_are_readable_and_name_known_facts(kind: Kind) -> None:
    for one in read_editions()[kind]:
        policy = parse(one.text)
        names = {block.name for section in policy.sections for block in section.blocks if block.kind == "facts"}
        assert names <= FACTS
        assert len({section.id for section in policy.sections}) == len(policy.sections)
        assert "!" not in one.text


@pytest.mark.promise("P71", "P73", "P74")
def test_what_was_missing_is_said() -> None:
    policy = read_editions()[Kind.PRIVACY][-1].text
    for words in (
        "Take back a consent",
        "complain to the data protection authority",
        "never taken as consent",
        ":: periods",
        ":: recipients",
        ":: transfers",
        ":: controller",
        "neither sold nor shared",
        "within 24 hours",
        "not even a part",
        "only anonymised",
        "only if you switched it on for this very picture",
    ):
        assert words in policy


@pytest.mark.promise("P72")
def test_a_material_edition_waits_fourteen_days_from_its_announcement() -> None:
    first, second = edition(date(2026, 1, 1)), edition(date(2026, 12, 1))
    told = datetime(2026, 11, 25, 12, tzinfo=UTC)
    announced = {second.id: told}
    due = told + timedelta(days=14)
    assert effective_at(second, {}) is None
    assert effective_at(second, announced) == due
    assert current((first, second), {}, datetime(2030, 1, 1, tzinfo=UTC)) is first
    assert current((first, second), announced, due - timedelta(seconds=1)) is first
    assert to_come((first, second), announced, due - timedelta(seconds=1)) == [second]
    assert current((first, second), announced, due) is second
    assert to_come((first, second), announced, due) == []


@given(st.integers(0, 60), st.integers(0, 60))
def test_never_sooner_than_its_day_nor_than_its_notice(day: int, told: int) -> None:
    start = datetime(2026, 12, 1, tzinfo=UTC)
    one = edition((start + timedelta(days=day)).date())
    announced = start + timedelta(days=told)
    starts = effective_at(one, {one.id: announced})
    assert starts is not None
    assert starts >= announced + timedelta(days=14)
    assert starts.date() >= one.effective


def test_a_change_that_is_not_material_needs_no_notice() -> None:
    first, second = edition(date(2026, 1, 1)), edition(date(2026, 12, 1), is_material=False)
    assert current((first, second), {}, datetime(2026, 12, 1, tzinfo=UTC)) is second


@pytest.mark.promise("P72")
def test_publishing_refuses_a_material_change_without_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(EDITIONS, tmp_path / "editions"))
    text = (folder / "privacy-2026-11-26.md").read_text()
    for day in ("2026-12-09", "2026-12-10"):
        (folder / f"privacy-{day}.md").write_text(text + "\n\nMore.")
    words = ["publish", "privacy", "2026-12-09", "--summary", "More.", "--material", "--purpose", "analytics"]
    assert main(words, folder, lambda: TODAY) == 2
    assert "14 days of notice" in capsys.readouterr().err
    assert main([*words[:2], "2026-12-10", *words[3:]], folder, lambda: TODAY) == 0
    newest = read_editions(folder)[Kind.PRIVACY][-1]
    assert (newest.id, newest.is_material, newest.new_purposes) == ("privacy-2026-12-10", True, ("analytics",))
    assert main([*words[:2], "2026-12-10", *words[3:]], folder, lambda: TODAY) == 2
    assert main(["check"], folder) == 0


def test_publishing_needs_a_text_that_can_be_read(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EDITIONS, tmp_path / "editions"))
    given = argparse.Namespace(kind="terms", effective="2027-01-01", material=False, summary="", purpose=[])
    with pytest.raises(InvalidInput, match="first"):
        publish(folder, given, TODAY)
    (folder / "terms-2027-01-01.md").write_text("words")
    with pytest.raises(InvalidInput, match="title"):
        publish(folder, given, TODAY)


def test_texts_become_parts_and_never_markup() -> None:
    policy = parse(
        "# A\n\nLead\n\n## B {#b}\n\n<b>x</b> **y** [z](/z) [P1 P2]\n\n- one [P3]\n- two\n\n:: facts\n\n### C"
    )
    (section,) = policy.sections
    text, entries, facts, heading = section.blocks
    assert [(span.text, span.href, span.is_bold) for span in text.lines[0].spans] == [
        ("<b>x</b> ", "", False), ("y", "", True), (" ", "", False), ("z", "/z", False),
    ]  # fmt: skip
    assert text.lines[0].promises == ("P1", "P2")
    assert [line.promises for line in entries.lines] == [("P3",), ()]
    assert (facts.name, heading.kind) == ("facts", "heading")
    assert policy.contents == (("b", "B"),)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8), st.lists(st.sampled_from(["a", "b", "e"]), max_size=8)
)
def test_a_comparison_holds_every_line_that_differs(old: list[str], new: list[str]) -> None:
    pieces = compare("\n\n".join(old), "\n\n".join(new))
    added = [piece.text for piece in pieces if piece.kind == "added"]
    removed = [piece.text for piece in pieces if piece.kind == "removed"]
    for line in "abcde":
        assert new.count(line) - old.count(line) == added.count(line) - removed.count(line)
