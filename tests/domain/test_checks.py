"""What each task needs of a request, what is cleared, and the size that follows from the source."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.catalog import Task, made_of
from imageroute_app.domain.checks import OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX_PX, anchored, check_request, output_size
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.jobs import Request

ASKED = Request(prompt="a fern", provider="sketch", model="sketch-1", width=1024, height=1280, source_id="s")
AI, COMPOSITE, DRAWN = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task": Task.UPSCALE, "source_id": ""}, "source"),
        ({"task": Task.INPAINT}, "mask"),
        ({"task": Task.INPAINT, "mask_id": "m", "prompt": ""}, "prompt"),
        ({"task": Task.OUTPAINT}, "expand"),
        ({"task": Task.OUTPAINT, "expand": (0, -1, 0, 5)}, "expand"),
        ({"task": Task.OUTPAINT, "expand": (0, 2001, 0, 5)}, "expand"),
        ({"task": Task.UPSCALE, "scale": 3}, "scale"),
        ({"reference_ids": tuple("123456789")}, "reference_ids"),
    ],
)
def test_what_a_task_lacks_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_request(replace(ASKED, **changes))
    assert refusal.value.field == field
    assert refusal.value.message.endswith(".")


def test_what_a_task_does_not_use_is_cleared() -> None:
    full = replace(ASKED, mask_id="m", expand=(1, 2, 3, 4), scale=4, count=3)
    edit = check_request(full)
    assert (edit.mask_id, edit.expand, edit.scale, edit.count) == ("", (0, 0, 0, 0), 2, 3)
    upscale = check_request(replace(full, task=Task.UPSCALE))
    assert (upscale.mask_id, upscale.expand, upscale.scale, upscale.count) == ("", (0, 0, 0, 0), 4, 1)
    inpaint = check_request(replace(full, task=Task.INPAINT, strength=0.2))
    assert (inpaint.mask_id, inpaint.strength) == ("m", 0.75)


@pytest.mark.parametrize(("task", "title"), [(Task.UPSCALE, "Upscaled"), (Task.CUTOUT, "Background removed")])
def test_tasks_that_need_no_words_get_a_title(task: Task, title: str) -> None:
    assert check_request(replace(ASKED, task=task, prompt=" ")).prompt == title
    assert check_request(replace(ASKED, task=task, prompt="mine")).prompt == "mine"


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (1024, 1280)),
        ({"task": Task.INPAINT}, (300, 200)),
        ({"task": Task.CUTOUT}, (300, 200)),
        ({"task": Task.UPSCALE, "scale": 4}, (1200, 800)),
        ({"task": Task.OUTPAINT, "expand": (10, 20, 30, 40)}, (340, 260)),
    ],
)
def test_the_size_follows_the_source_except_for_what_is_drawn_afresh(
    changes: dict[str, object], size: tuple[int, int]
) -> None:
    assert output_size(replace(ASKED, **changes), 300, 200) == size


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([2, 4]))
def test_no_result_is_larger_than_the_limit(width: int, height: int, scale: int) -> None:
    asked = replace(ASKED, task=Task.UPSCALE, scale=scale)
    wide, high = output_size(asked, width, height)
    if wide * high > OUTPUT_PIXELS_MAX or max(wide, high) > OUTPUT_SIDE_MAX_PX:
        with pytest.raises(InvalidInput, match="megapixels"):
            anchored(asked, width, height)
    else:
        request = anchored(asked, width, height)
        assert (request.width, request.height) == (wide, high)
        assert anchored(request, width, height) == request


@pytest.mark.parametrize(
    ("makes", "source", "task", "made"),
    [
        (AI, "", Task.EDIT, AI),
        (AI, "", Task.INPAINT, COMPOSITE),
        (AI, AI, Task.INPAINT, AI),
        (AI, DRAWN, Task.OUTPAINT, COMPOSITE),
        (DRAWN, AI, Task.UPSCALE, COMPOSITE),
        (DRAWN, COMPOSITE, Task.CUTOUT, COMPOSITE),
        (DRAWN, DRAWN, Task.EDIT, DRAWN),
        (DRAWN, "", Task.CUTOUT, DRAWN),
    ],
)
def test_a_picture_never_loses_that_ai_had_a_part_in_it(makes: str, source: str, task: Task, made: str) -> None:
    assert made_of(makes, source, task) == made  # type: ignore[arg-type]  # one of the literals
