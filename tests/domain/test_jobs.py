from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.checks import check_request
from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.domain.jobs import Job, JobState, Request, tidy_prompt

REQUEST = Request(prompt="a fern", provider="sketch", model="sketch-1", width=1024, height=1024)
JOB = Job(
    id="j",
    owner="a",
    quote_id="q",
    state=JobState.QUEUED,
    request=REQUEST,
    provider="sketch",
    model="sketch-1",
    held_credits=1,
    charged_credits=0,
    image_ids=("i",),
    delivered=0,
    attempts=0,
    lease_holder="",
    lease_until=None,
    cancel_requested=False,
    failure_code="",
    failure_message="",
    retry_of="",
    created_at=datetime(2026, 11, 25, tzinfo=UTC),
    started_at=None,
    ended_at=None,
)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \x00\x07\n "}, "prompt"),
        ({"prompt": "x" * 10_000}, "prompt"),
        ({"negative": "x" * 4001}, "negative"),
        ({"count": 0}, "count"),
        ({"count": 9}, "count"),
        ({"width": 255}, "width"),
        ({"height": 2049}, "height"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"strength": 1.5}, "strength"),
    ],
)
def test_request_out_of_bounds_names_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_request(replace(REQUEST, **changes))
    assert refusal.value.field == field
    assert refusal.value.message.endswith(".")


@given(st.text(max_size=300))
def test_tidy_prompt_keeps_every_printable_character_and_is_stable(text: str) -> None:
    tidy = tidy_prompt(text)
    assert tidy_prompt(tidy) == tidy
    assert not any(ord(ch) < 32 and ch not in "\n\t" for ch in tidy)
    assert [ch for ch in tidy if ch.isalnum()] == [ch for ch in text if ch.isalnum()]


def test_emoji_and_right_to_left_prompts_pass_unchanged() -> None:
    for prompt in ("🌵🌙", "שלום עולם", "e\u0301clair"):
        assert check_request(replace(REQUEST, prompt=prompt)).prompt == prompt


def test_final_states_move_nowhere() -> None:
    for state in JobState:
        job = replace(JOB, state=state)
        if state.is_final:
            for target in JobState:
                with pytest.raises(Conflict):
                    job.moved(target)
    assert JOB.moved(JobState.RUNNING, attempts=1).attempts == 1
    with pytest.raises(Conflict):
        JOB.moved(JobState.SUCCEEDED)
