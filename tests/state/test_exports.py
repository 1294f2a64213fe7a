"""What the page says of a package: true at every step, also when the worker is gone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.domain.exports import SILENT, ExportState
from imageroute_app.state.export_views import current_view, export_view
from tests.contracts.records import NOW, export

HALF = replace(
    export(), state=ExportState.COLLECTING, gaps=(), parts=(), pictures=4, pictures_done=2, picture_bytes=4_000_000,
    bytes_done=2_000_000, lease_holder="a worker", lease_until=NOW + SILENT, snapshot_at=NOW - timedelta(minutes=3),
)  # fmt: skip


def test_half_way_it_says_how_much_is_copied_and_how_long_it_takes() -> None:
    view = current_view(HALF, NOW)
    assert view.headline == "2 of 4 pictures copied"
    assert view.facts == "2.0 MB of about 4.0 MB · about 3 minutes left"
    assert [stop.look for stop in view.stops] == ["you", "now toahead", "ahead toahead", "ahead toahead", "home ahead"]
    assert (view.percent, view.problem, view.can_pause) == (50, "", True)


def test_a_silent_worker_is_told_with_the_time_when_another_goes_on() -> None:
    told = current_view(HALF, NOW + timedelta(seconds=50)).problem
    assert told.startswith(f"The worker has not answered since {NOW:%H:%M} UTC")
    assert f"{NOW + SILENT:%H:%M} UTC" in told


def test_an_interruption_that_is_tried_again_says_why() -> None:
    waiting = replace(HALF, lease_holder="", failure="The disk is full.")
    assert current_view(waiting, NOW).problem == "It was interrupted and is tried again: The disk is full."


@pytest.mark.parametrize(
    ("state", "label", "look"),
    [(ExportState.PAUSED, "Resume", "stuck toahead"), (ExportState.FAILED, "Try again", "fail toahead")],
)
def test_a_stopped_one_stands_where_it_stopped(state: ExportState, label: str, look: str) -> None:
    view = current_view(replace(HALF, state=state, resumes_in="collecting"), NOW)
    assert (view.can_resume, view.resume_label, view.can_pause) == (True, label, False)
    assert view.stops[1].look == look


def test_gaps_are_said_and_named() -> None:
    view = export_view(export())
    assert view.standing == "Ready with gaps: 1 file could not be put in"
    assert "its file is missing" in view.gaps[0]
    assert [part.label for part in view.parts] == ["Part 1 of 1"]
    many = replace(export(), gaps=export().gaps * 30)
    assert export_view(many).gaps[-1] == "and 10 more, all named in manifest.json"
