"""The one line above the prompt when several models are compared: the worst that holds for any of them."""

import pytest

from imageroute_app.domain.catalog import Known
from imageroute_app.state.plan_views import compared_view
from tests.domain.test_routing import with_policy


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        ((0, 0), "Kept 0 days"),
        ((0, 720, 24), "Kept 30 days"),
        ((None, None), "Retention unknown"),
        ((0, None), "Retention unknown"),
    ],
)
def test_it_keeps_as_long_as_the_one_that_keeps_longest(hours: tuple[int | None, ...], shown: str) -> None:
    models = [with_policy(f"p{place}", retention_hours=kept) for place, kept in enumerate(hours)]
    assert compared_view(models).retention == shown


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ((Known.NO, Known.NO), "Never trains"),
        ((Known.NO, Known.YES, Known.UNKNOWN), "Some train on it"),
        ((Known.YES, Known.YES), "Trains on it"),
        ((Known.NO, Known.UNKNOWN), "Training unknown"),
    ],
)
def test_it_trains_as_the_worst_of_them(answers: tuple[Known, ...], shown: str) -> None:
    models = [with_policy(f"p{place}", trains=trains) for place, trains in enumerate(answers)]
    assert compared_view(models).trains == shown
