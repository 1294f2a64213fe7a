"""Replicate's adapter against its emulator over real loopback HTTP."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.answers import decode_picture
from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.replicate import ReplicateProvider
from imageroute_app.adapters.registry import FOLDER
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, Progress, ProviderCall, ProviderError, ProviderEvent, Submitted
from tests.emulators.kit import Emulator, Reply, Seen, bomb, picture, served
from tests.emulators.replicate import RULES, ReplicateEmulator

CATALOGUE = read_catalogue(FOLDER / "replicate.toml")
KEY = "r8_test"


@pytest.fixture
async def emulator() -> AsyncIterator[ReplicateEmulator]:
    emulator = ReplicateEmulator(prefix="/replicate")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(emulator: ReplicateEmulator) -> AsyncIterator[ReplicateProvider]:
    opening = Opening(key=KEY, url=f"{emulator.url}/v1", sleep=emulator.clock.sleep)
    provider = ReplicateProvider(CATALOGUE, opening)
    yield provider
    await provider.close()


def make_call(
    model: str = "flux-schnell", *, count: int = 1, images=(), mask=None, seed: int = 7, **request
) -> ProviderCall:
    facts = {"prompt": "a red kite", "provider": "replicate", "model": model, "width": 1024, "height": 1024, **request}
    return ProviderCall(
        id="attempt-1",
        model=next(one for one in CATALOGUE.models if one.id == model),
        prompt="a red kite\n\nStyle: line art.",
        request=Request(**facts),
        count=count,
        seed=seed,
        images=images,
        mask=mask,
    )


async def run(events: AsyncIterator[ProviderEvent]) -> list[ProviderEvent]:
    return [event async for event in events]


async def done(events: AsyncIterator[ProviderEvent]) -> Done:
    last = (await run(events))[-1]
    assert isinstance(last, Done)
    return last


async def failed(events: AsyncIterator[ProviderEvent]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await run(events)
    return caught.value


def sent(emulator: ReplicateEmulator) -> Seen:
    return next(seen for seen in emulator.seen if seen.method == "POST")


def polls(emulator: ReplicateEmulator) -> list[Seen]:
    return [seen for seen in emulator.seen if seen.method == "GET" and "/v1/predictions/" in seen.path]


def once(emulator: ReplicateEmulator, billable: int = 1) -> None:
    assert (emulator.submissions, emulator.billable) == (1, billable)


# --- What is sent -----------------------------------------------------------------------------------------------------


async def test_a_picture_comes_back_from_the_right_request(provider, emulator):
    answer = await done(provider.generate(make_call()))
    seen = sent(emulator)
    assert seen.path == "/v1/models/black-forest-labs/flux-schnell/predictions"
    assert seen.headers["prefer"] == "wait=1"
    assert seen.headers["cancel-after"] == "120s"
    assert seen.json == {
        "input": {
            "prompt": "a red kite\n\nStyle: line art.",
            "output_format": "png",
            "aspect_ratio": "1:1",
            "seed": 7,
            "num_outputs": 1,
        }
    }
    assert answer.pictures[0].data == picture("a red kite\n\nStyle: line art.")
    assert answer.pictures[0].seed == 7
    assert answer.cost_micro_usd is None
    assert answer.request_id in emulator.predictions
    once(emulator)


async def test_the_job_is_named_before_anything_else(provider, emulator):
    emulator.scenario.queue_polls = 4
    events = await run(provider.generate(make_call()))
    assert isinstance(events[0], Submitted)
    assert json.loads(events[0].job_ref) == {"id": next(iter(emulator.predictions))}
    assert [e.stage for e in events if isinstance(e, Progress)] == ["queued"] * 2 + ["running"] * 2 + ["downloading"]
    assert [e.fraction for e in events if isinstance(e, Progress)][2:4] == [0.42, 0.42]
    assert len(polls(emulator)) == 4
    once(emulator)


@pytest.mark.parametrize("model", [one.id for one in CATALOGUE.models])
async def test_every_model_of_the_catalogue_is_understood(provider, emulator, model):
    able = next(one for one in CATALOGUE.models if one.id == model).capabilities
    source, mask = picture("source"), picture("mask")
    if Task.TEXT in able.tasks:
        await done(provider.generate(make_call(model, count=able.max_count, width=1344, height=768)))
    if Task.TEXT not in able.tasks or Task.EDIT in able.tasks:
        await done(provider.generate(make_call(model, images=[source], mask=mask if able.takes_mask else None)))
    assert emulator.billable == emulator.submissions == len(emulator.predictions)


def test_every_rule_of_the_emulator_is_in_the_catalogue():
    assert {one.remote for one in CATALOGUE.models} == set(RULES)


async def test_several_pictures_are_one_submission(provider, emulator):
    answer = await done(provider.generate(make_call(count=3)))
    assert [one.data for one in answer.pictures] == [picture(make_call().prompt, number=n) for n in range(3)]
    assert "Seed: one for all 3 pictures." in answer.notes
    once(emulator)


@pytest.mark.parametrize("shape", ["string", "list"])
async def test_output_may_be_a_text_or_a_list(provider, emulator, shape):
    emulator.scenario.extra["shape"] = shape
    assert len((await done(provider.generate(make_call()))).pictures) == 1


async def test_a_picture_may_stand_in_the_answer_itself(provider, emulator):
    emulator.scenario.extra["output"] = ["data:image/png;base64,AAAA"]
    assert (await done(provider.generate(make_call()))).pictures[0].data == b"\0\0\0"


async def test_free_sizes_are_rounded_and_the_receipt_says_so(provider, emulator):
    answer = await done(provider.generate(make_call("flux-2-pro", width=1000, height=700)))
    fields = sent(emulator).json["input"]
    assert (fields["aspect_ratio"], fields["width"], fields["height"]) == ("custom", 992, 704)
    assert answer.notes == ("Size: asked for 1000 × 700, sent as 992 × 704.",)


async def test_ratios_are_named_on_the_receipt(provider, emulator):
    answer = await done(provider.generate(make_call(width=1344, height=768)))
    assert sent(emulator).json["input"]["aspect_ratio"] == "16:9"
    assert answer.notes == ("Size: asked for 1344 × 768, sent as shape 16:9.",)


async def test_what_is_not_supported_is_named(provider, emulator):
    call = make_call("flux-kontext-pro", images=[picture("one"), picture("two")], negative="people", style="line-art")
    answer = await done(provider.generate(call))
    assert set(answer.notes) == {
        "Negative prompt: not supported, not sent.",
        "Strength: not supported, not sent.",
        "Pictures: only the first 1 sent.",
        "Size: asked for 1024 × 1024, sent as shape 1:1.",
    }
    assert "negative_prompt" not in sent(emulator).json["input"]


@pytest.mark.parametrize(
    ("model", "field", "is_list"),
    [("flux-dev", "image", False), ("flux-2-pro", "input_images", True), ("flux-kontext-pro", "input_image", False)],
)
async def test_edits_send_the_source_the_models_way(provider, emulator, model, field, is_list):
    source = picture("source", mime="image/jpeg")
    answer = await done(provider.generate(make_call(model, images=[source], strength=0.3)))
    fields = sent(emulator).json["input"]
    value = fields[field][0] if is_list else fields[field]
    assert value.startswith("data:image/jpeg;base64,")
    assert decode_picture(value) == source
    assert fields.get("prompt_strength") == (0.3 if model == "flux-dev" else None)
    assert ("Strength: not supported, not sent." in answer.notes) == (model != "flux-dev")


async def test_in_the_mask_white_means_change(provider, emulator):
    grey = Pillow.new("L", (8, 8), 0)
    grey.putpixel((3, 3), 255)
    file = io.BytesIO()
    grey.save(file, "PNG")
    answer = await done(provider.generate(make_call("flux-fill-pro", images=[picture("a")], mask=file.getvalue())))
    with Pillow.open(io.BytesIO(decode_picture(sent(emulator).json["input"]["mask"]))) as mask:
        assert (mask.getpixel((3, 3)), mask.getpixel((0, 0))) == (255, 0)
    assert "Size: the source picture's." in answer.notes


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "Potential NSFW content was detected in one or more images.",
        "Request failed (E005)",
    ],
)
async def test_texts_of_refusals_are_refusals_of_the_picture(provider, emulator, text):
    emulator.scenario.extra["error"] = text
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "output", "unknown")
    assert text[:12] not in str(error)
    once(emulator)


async def test_no_output_with_a_refusal_in_the_log_is_a_refusal(provider, emulator):
    emulator.scenario.extra |= {"output": [], "logs": "Using seed: 7\nNSFW content detected in image 0"}
    assert (await failed(provider.generate(make_call()))).kind is ErrorKind.REFUSED
    once(emulator)


async def test_pictures_held_back_are_counted(provider, emulator):
    emulator.scenario.count = 2
    emulator.scenario.extra["logs"] = "NSFW content detected in image 1"
    answer = await done(provider.generate(make_call(count=4)))
    assert (len(answer.pictures), answer.refused) == (2, 2)
    once(emulator)


async def test_pictures_missing_without_a_reason_are_named(provider, emulator):
    emulator.scenario.count = 2
    answer = await done(provider.generate(make_call(count=4)))
    assert (len(answer.pictures), answer.refused) == (2, 0)
    assert "2 of 4 pictures came back." in answer.notes


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"detail": "no"}, ErrorKind.AUTH),
        (403, {"detail": "no"}, ErrorKind.AUTH),
        (402, {"title": "Insufficient credit", "detail": "buy more"}, ErrorKind.QUOTA),
        (404, {"detail": "gone"}, ErrorKind.UNSUPPORTED),
        (422, {"title": "Input validation failed", "detail": "- input.prompt"}, ErrorKind.INVALID),
        (429, {"detail": "throttled"}, ErrorKind.RATE),
        (503, {}, ErrorKind.TRANSIENT),
    ],
)
async def test_statuses_that_cost_nothing(provider, emulator, status, body, kind):
    emulator.scenario.fail("submit", status, body)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (kind, "no")
    assert error.is_retired == (status == 404)
    once(emulator, 0)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_after_submission_may_have_cost(provider, emulator, status):
    emulator.scenario.fail("submit", status, {}, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


@pytest.mark.parametrize(
    ("headers", "text", "wait_s"),
    [
        ({}, "Request was throttled. Your rate limit resets in ~30s.", 30),
        ({}, "Request was throttled. Your rate limit resets in 400s.", 400),
        ({"Retry-After": "1"}, "Request was throttled. Your rate limit resets in ~30s.", 1),
        ({"Retry-After": "40"}, "", 40),
        ({}, "Request was throttled.", None),
    ],
)
async def test_the_wait_of_a_rate_limit_is_read_from_header_or_text(provider, emulator, headers, text, wait_s):
    emulator.scenario.fail("submit", 429, {"detail": text, "status": 429}, headers=headers)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.retry_after_s, error.billed) == (ErrorKind.RATE, wait_s, "no")
    once(emulator, 0)


async def test_a_connection_cut_after_acceptance_may_have_cost(provider, emulator):
    emulator.scenario.drop.append("submit")
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


async def test_a_read_timeout_may_have_cost(emulator):
    opening = Opening(key=KEY, url=f"{emulator.url}/v1", sleep=emulator.clock.sleep)
    provider = ReplicateProvider(CATALOGUE, opening, read_s=0.1)
    emulator.scenario.latency_s = 1
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TIMEOUT, "unknown")
    assert emulator.submissions == 1


async def test_an_address_where_nobody_listens_costs_nothing(emulator):
    provider = ReplicateProvider(CATALOGUE, Opening(key=KEY, url="http://127.0.0.1:1/v1", sleep=emulator.clock.sleep))
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "no")


@pytest.mark.parametrize(
    ("statuses", "kind", "billed"),
    [
        (["starting", "aborted"], ErrorKind.TIMEOUT, "no"),
        (["starting", "processing", "canceled"], ErrorKind.CANCELLED, "yes"),
        (["processing", "failed"], ErrorKind.TRANSIENT, "unknown"),
    ],
)
async def test_endings_without_a_picture(provider, emulator, statuses, kind, billed):
    emulator.scenario.statuses = statuses
    emulator.scenario.extra["error"] = "CUDA out of memory"
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (kind, billed)
    once(emulator, 0 if billed == "no" else 1)


async def test_success_with_an_error_is_a_failure(provider, emulator):
    emulator.scenario.extra |= {"error": "exploded", "error_anyway": True}
    emulator.scenario.statuses = ["succeeded"]
    assert (await failed(provider.generate(make_call()))).kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize("output", [None, [], "", {}, [None]])
async def test_success_without_a_picture_is_a_lost_result(provider, emulator, output):
    emulator.scenario.extra["output"] = output
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_an_unknown_status_ends_after_three_looks(provider, emulator):
    emulator.scenario.statuses = ["processing", "resting"]
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert len(polls(emulator)) == 3
    once(emulator)


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": "../../account"}, {"id": 7}, [], None])
async def test_an_answer_without_a_job_is_a_lost_result(provider, emulator, body):
    emulator.scenario.fail("submit", 201, body if body is not None else b"nothing", is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")


async def test_failing_polls_are_repeated(provider, emulator):
    emulator.scenario.queue_polls = 2
    emulator.scenario.fail("poll", 500, times=2).drop.append("poll")
    emulator.scenario.fail("poll", 429, {"detail": "Your rate limit resets in ~30s."})
    await done(provider.generate(make_call()))
    assert emulator.clock.now > 30
    once(emulator)


@pytest.mark.parametrize(("status", "kind"), [(500, ErrorKind.TRANSIENT), (429, ErrorKind.RATE), (401, ErrorKind.AUTH)])
async def test_polls_that_keep_failing_end_as_maybe_billed(provider, emulator, status, kind):
    emulator.scenario.queue_polls = 2
    emulator.scenario.fail("poll", status, times=99)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (kind, "unknown")
    assert len(polls(emulator)) == (1 if status == 401 else 5)
    once(emulator)


# --- The picture's address --------------------------------------------------------------------------------------------


async def test_a_dead_address_is_asked_for_once_more(provider, emulator):
    emulator.scenario.extra["dead"] = 1
    assert len((await done(provider.generate(make_call()))).pictures) == 1
    assert len(polls(emulator)) == 1
    once(emulator)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_address_that_stays_dead_is_a_lost_result(provider, emulator, status):
    emulator.scenario.fail("download", status, times=9)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    assert sum(seen.path.startswith("/delivery/") for seen in emulator.seen) == 2
    once(emulator)


@pytest.mark.parametrize("data", [b"<html>sorry</html>", picture("x")[:40], bomb()])
async def test_bytes_that_are_no_picture_are_left_to_imaging(provider, emulator, data):
    emulator.scenario.body = data
    assert (await done(provider.generate(make_call()))).pictures[0].data == data


@pytest.mark.parametrize(
    "host", ["https://evil.example", "http://169.254.169.254", "http://replicate.delivery", "file://"]
)
async def test_pictures_at_foreign_addresses_are_not_fetched(provider, emulator, host):
    emulator.scenario.extra["host"] = host
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    once(emulator)


class Decoy(Emulator):
    async def reply(self, seen: Seen) -> Reply:
        return Reply(200, {"status": "succeeded", "output": "data:,x"})


async def test_a_foreign_address_to_poll_never_sees_the_key(emulator):
    decoy = Decoy()
    async with served(decoy):
        emulator.scenario.queue_polls = 2
        emulator.scenario.extra["get_url"] = f"{decoy.url}/v1/predictions/x"
        provider = ReplicateProvider(CATALOGUE, Opening(key=KEY, url=f"{emulator.url}/v1", sleep=emulator.clock.sleep))
        await done(provider.generate(make_call()))
        await provider.close()
    assert decoy.seen == []


async def test_the_key_is_in_one_header_only(provider, emulator):
    await done(provider.generate(make_call(count=2)))
    for seen in emulator.seen:
        has_key = seen.path.startswith("/v1/")
        assert seen.headers.get("authorization") == (f"Bearer {KEY}" if has_key else None)
        assert KEY not in seen.target
        assert KEY.encode() not in seen.body


# --- Resume and cancel ------------------------------------------------------------------------------------------------


async def test_a_restart_fetches_what_was_submitted(provider, emulator):
    emulator.scenario.queue_polls = 3
    events = provider.generate(make_call(count=2))
    submitted = await anext(events)
    await events.aclose()
    answer = await done(provider.resume(make_call(count=2), submitted.job_ref))
    assert len(answer.pictures) == 2
    once(emulator)


@pytest.mark.parametrize(("is_purged", "billed"), [(False, "unknown"), (True, "yes")])
async def test_after_an_hour_the_result_is_lost(provider, emulator, is_purged, billed):
    emulator.scenario.statuses = ["starting", "succeeded"]
    emulator.scenario.extra["purged"] = is_purged
    events = provider.generate(make_call())
    submitted = await anext(events)
    await events.aclose()
    next(iter(emulator.predictions.values())).status = "succeeded"
    emulator.clock.now += 3601
    error = await failed(provider.resume(make_call(), submitted.job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, billed)
    once(emulator)


@pytest.mark.parametrize("job_ref", ["", "x", "{}", '{"id":"../account"}', '{"id":7}', '["a"]'])
async def test_a_job_number_that_is_none_is_not_asked_for(provider, emulator, job_ref):
    error = await failed(provider.resume(make_call(), job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert emulator.seen == []


@pytest.mark.parametrize(
    ("statuses", "stopped", "billable"),
    [(["starting"], "stopped", 0), (["processing"], "too_late", 1), (["succeeded"], "too_late", 1)],
)
async def test_only_what_had_not_begun_counts_as_stopped(provider, emulator, statuses, stopped, billable):
    emulator.scenario.statuses = statuses
    events = provider.generate(make_call())
    submitted = await anext(events)
    await events.aclose()
    call = make_call()
    assert await provider.cancel(call.model, submitted.job_ref) == stopped
    once(emulator, billable)


@pytest.mark.parametrize(("status", "stopped"), [(404, "too_late"), (500, "unsupported"), (401, "unsupported")])
async def test_a_cancel_that_fails_says_what_is_known(provider, emulator, status, stopped):
    emulator.scenario.fail("cancel", status)
    assert await provider.cancel(make_call().model, '{"id":"job00000001"}') == stopped


async def test_there_is_no_preview(provider):
    assert await provider.preview(make_call().request, 1) is None
    assert provider.models() == CATALOGUE.models


# --- The emulator is strict -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": {"Authorization": "Token r8_test"}}, 401),
        ({"headers": {"Prefer": "wait=90"}}, 400),
        ({"headers": {"Cancel-After": "soon"}}, 400),
        ({"json": {"prompt": "no wrapper"}}, 422),
        ({"json": {"input": {}}}, 422),
        ({"json": {"input": {"prompt": "a", "width": 1024, "height": 1024}}}, 422),
        ({"json": {"input": {"prompt": "a", "num_outputs": 5}}}, 422),
        ({"json": {"input": {"prompt": "a", "aspect_ratio": "7:3"}}}, 422),
        ({"path": "models/black-forest-labs/flux-0/predictions"}, 404),
    ],
)
async def test_the_emulator_refuses_what_the_vendor_would(emulator, changes, status):
    url = f"{emulator.url}/v1/{changes.get('path', 'models/black-forest-labs/flux-schnell/predictions')}"
    headers = {"Authorization": f"Bearer {KEY}", **changes.get("headers", {})}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, headers=headers, json=changes.get("json", {"input": {"prompt": "a"}}))
    assert answer.status_code == status
    assert {"title", "status", "detail"} <= answer.json().keys()
    assert emulator.billable == 0


async def test_a_model_of_the_catalogue_can_be_changed_without_code(provider, emulator):
    call = make_call("flux-schnell")
    slower = replace(call.model, deadline_s=300, options={"input": {"output_format": "jpg", "go_fast": True}})
    await done(provider.generate(replace(call, model=slower)))
    assert sent(emulator).headers["cancel-after"] == "300s"
    assert sent(emulator).json["input"]["go_fast"] is True
