"""Stability AI's adapter against its emulator over real loopback HTTP."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.stability import StabilityProvider
from imageroute_app.adapters.registry import FOLDER
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, Progress, ProviderCall, ProviderError, ProviderEvent, Submitted
from tests.emulators.kit import bomb, picture, served
from tests.emulators.stability import RULES, StabilityEmulator

CATALOGUE = read_catalogue(FOLDER / "stability.toml")
KEY = "sk-stability"
CREATIVE = "upscale-creative"


@pytest.fixture
async def emulator() -> AsyncIterator[StabilityEmulator]:
    emulator = StabilityEmulator(prefix="/stability")
    async with served(emulator):
        yield emulator


def opened(emulator: StabilityEmulator, **more: Any) -> StabilityProvider:
    return StabilityProvider(CATALOGUE, Opening(key=KEY, url=emulator.url, sleep=emulator.clock.sleep), **more)


@pytest.fixture
async def provider(emulator: StabilityEmulator) -> AsyncIterator[StabilityProvider]:
    provider = opened(emulator)
    yield provider
    await provider.close()


def make_call(model: str = "core", *, images=(), mask=None, seed: int = 7, **request) -> ProviderCall:
    facts = {"prompt": "a red kite", "provider": "stability", "model": model, "width": 1024, "height": 1024, **request}
    return ProviderCall(
        id="attempt-1",
        model=next(one for one in CATALOGUE.models if one.id == model),
        prompt="a red kite\n\nStyle: line art.",
        request=Request(**facts),
        count=1,
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
    assert "a red kite" not in str(caught.value)
    return caught.value


def texts(emulator: StabilityEmulator) -> dict[str, str]:
    return {name: values[0] for name, values in emulator.seen[0].form.items() if isinstance(values[0], str)}


def once(emulator: StabilityEmulator, billable: int = 1) -> None:
    assert (emulator.submissions, emulator.billable) == (1, billable)


# --- What is sent -----------------------------------------------------------------------------------------------------


async def test_a_picture_comes_back_from_a_multipart_request_of_text_only(provider, emulator):
    events = await run(provider.generate(make_call(negative="people")))
    assert len(events) == 1
    answer = cast("Done", events[0])
    seen = emulator.seen[0]
    assert seen.path == "/v2beta/stable-image/generate/core"
    assert seen.is_multipart
    assert seen.headers["accept"] == "application/json"
    assert texts(emulator) == {
        "prompt": "a red kite\n\nStyle: line art.",
        "negative_prompt": "people",
        "seed": "7",
        "aspect_ratio": "1:1",
        "output_format": "png",
    }
    assert answer.pictures[0].data == picture("a red kite\n\nStyle: line art.")
    assert (answer.pictures[0].seed, answer.cost_micro_usd, answer.request_id) == (7, None, "req-1")
    assert answer.notes == ("Size: asked for 1024 × 1024, sent as shape 1:1.",)
    once(emulator)


@pytest.mark.parametrize("model", [one.id for one in CATALOGUE.models])
async def test_every_model_of_the_catalogue_is_understood(provider, emulator, model):
    able = next(one for one in CATALOGUE.models if one.id == model).capabilities
    source, mask = picture("source"), picture("mask")
    if Task.TEXT in able.tasks:
        await done(provider.generate(make_call(model, width=1536, height=640)))
    if able.tasks != {Task.TEXT}:
        expand = (0, 9, 0, 0) if Task.OUTPAINT in able.tasks else (0, 0, 0, 0)
        used = mask if able.takes_mask else None
        await done(provider.generate(make_call(model, images=[source], mask=used, expand=expand)))
    assert emulator.billable == emulator.submissions > 0


def test_every_rule_of_the_emulator_is_in_the_catalogue():
    assert {one.remote for one in CATALOGUE.models} == set(RULES)


def test_prices_are_credits_of_a_cent():
    fixed = {
        one.remote: one.price.micro_usd
        for one in CATALOGUE.models
        if one.id not in ("sd3.5-medium", "sd3.5-large-turbo")
    }
    assert fixed == {remote: round(rule.credits * 10_000) for remote, rule in RULES.items()}


@pytest.mark.parametrize("model", ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium"])
async def test_variants_are_named_in_the_form(provider, emulator, model):
    await done(provider.generate(make_call(model)))
    assert texts(emulator)["model"] == model
    assert "mode" not in texts(emulator)


@pytest.mark.parametrize(("model", "mode"), [("ultra", None), ("sd3.5-large", "image-to-image")])
async def test_a_redrawn_picture_goes_with_its_strength(provider, emulator, model, mode):
    source = picture("source", mime="image/jpeg")
    answer = await done(provider.generate(make_call(model, images=[source], strength=0.4)))
    assert texts(emulator)["strength"] == "0.4"
    assert texts(emulator).get("mode") == mode
    assert "aspect_ratio" not in texts(emulator)
    assert emulator.seen[0].form["image"] == [("image", "image/jpeg", source)]
    assert answer.notes == ("Size: follows the source picture.",)


async def test_in_the_mask_white_means_change(provider, emulator):
    grey = Pillow.new("L", (64, 64), 0)
    grey.putpixel((3, 3), 255)
    file = io.BytesIO()
    grey.save(file, "PNG")
    answer = await done(provider.generate(make_call("inpaint", images=[picture("a")], mask=file.getvalue())))
    with Pillow.open(io.BytesIO(emulator.seen[0].form["mask"][0][2])) as mask:
        assert (mask.getpixel((3, 3)), mask.getpixel((0, 0))) == (255, 0)
    assert "Strength: not supported, not sent." in answer.notes


async def test_a_picture_grows_by_what_was_asked_for(provider, emulator):
    call = make_call("outpaint", images=[picture("a", size=(200, 100))], expand=(120, 0, 30, 1999))
    answer = await done(provider.generate(call))
    sides = {side: texts(emulator)[side] for side in ("left", "up", "right", "down")}
    assert sides == {"left": "120", "up": "0", "right": "30", "down": "1999"}
    with Pillow.open(io.BytesIO(answer.pictures[0].data)) as image:
        assert image.size == (350, 2099)


@pytest.mark.parametrize("model", ["upscale-fast", "remove-background"])
async def test_words_are_not_sent_where_none_are_taken(provider, emulator, model):
    call = make_call(model, images=[picture("a"), picture("b")], negative="people")
    answer = await done(provider.generate(call))
    assert texts(emulator) == {"output_format": "png"}
    assert answer.pictures[0].seed is None
    assert set(answer.notes) == {
        "Words: this model takes none, not sent.",
        "Seed: not supported, not sent.",
        "Negative prompt: not supported, not sent.",
        "Strength: not supported, not sent.",
        "Pictures: only the first one sent.",
        "Size: follows the source picture.",
    }


@pytest.mark.parametrize(("seed", "sent", "got"), [(0, "0", 424242), (2**32 - 2, "4294967294", 2**32 - 2)])
async def test_the_seed_is_the_one_that_the_vendor_used(provider, emulator, seed, sent, got):
    answer = await done(provider.generate(make_call(seed=seed)))
    assert texts(emulator)["seed"] == sent
    assert answer.pictures[0].seed == got


async def test_a_seed_out_of_range_is_named(provider, emulator):
    answer = await done(provider.generate(make_call(seed=2**32 - 1)))
    assert texts(emulator)["seed"] == "0"
    assert "Seed: 4294967295 is out of range, sent as 0." in answer.notes


async def test_a_negative_prompt_that_is_not_taken_is_named(provider, emulator):
    answer = await done(provider.generate(make_call("sd3.5-large-turbo", negative="people")))
    assert "negative_prompt" not in texts(emulator)
    assert "Negative prompt: not supported, not sent." in answer.notes


async def test_the_key_is_in_one_header_only(provider, emulator):
    await done(provider.generate(make_call(CREATIVE, images=[picture("a")])))
    for seen in emulator.seen:
        assert seen.headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in seen.target
        assert KEY.encode() not in seen.body


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["core", CREATIVE])
async def test_a_refusal_of_the_words_costs_nothing(provider, emulator, model):
    emulator.scenario.refuse = "input"
    error = await failed(provider.generate(make_call(model, images=[picture("a")] if model == CREATIVE else ())))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "input", "no")
    once(emulator, 0)


@pytest.mark.parametrize("model", ["core", CREATIVE])
async def test_a_filtered_picture_is_a_refusal_though_the_status_is_200(provider, emulator, model):
    emulator.scenario.refuse = "output"
    error = await failed(provider.generate(make_call(model, images=[picture("a")] if model == CREATIVE else ())))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "output", "unknown")
    once(emulator)


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "bad_request", ErrorKind.INVALID),
        (401, "unauthorized", ErrorKind.AUTH),
        (402, "payment_required", ErrorKind.QUOTA),
        (403, "permission_denied", ErrorKind.AUTH),
        (404, "not_found", ErrorKind.UNSUPPORTED),
        (413, "payload_too_large", ErrorKind.INVALID),
        (422, "unprocessable", ErrorKind.INVALID),
        (503, "unavailable", ErrorKind.TRANSIENT),
    ],
)
async def test_statuses_that_cost_nothing(provider, emulator, status, name, kind):
    emulator.scenario.fail("submit", status, {"id": "x", "name": name, "errors": ["vendor text"]})
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed, error.is_retired) == (kind, "no", status == 404)
    assert "vendor" not in str(error)
    once(emulator, 0)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_may_have_cost(provider, emulator, status):
    emulator.scenario.fail("submit", status, {}, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 60), ({"Retry-After": "1"}, 1), ({"Retry-After": "400"}, 400)])
async def test_a_rate_limit_says_how_long(provider, emulator, headers, wait_s):
    emulator.scenario.fail("submit", 429, {"name": "rate_limit_exceeded"}, headers=headers)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.retry_after_s, error.billed) == (ErrorKind.RATE, wait_s, "no")
    once(emulator, 0)


async def test_a_connection_cut_after_acceptance_may_have_cost(provider, emulator):
    emulator.scenario.drop.append("submit")
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


async def test_a_read_timeout_may_have_cost(emulator):
    provider = opened(emulator, read_s=0.1)
    emulator.scenario.slow_bytes_per_s = 1
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TIMEOUT, "unknown")
    once(emulator)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image": "", "finish_reason": "SUCCESS"},
        {"image": "AAAA", "finish_reason": "ERROR"},
        [],
        b"",
        b"<html>hello</html>",
    ],
)
async def test_an_answer_without_a_picture_is_a_lost_result(provider, emulator, body):
    emulator.scenario.fail("submit", 200, body, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_text_that_is_no_base64_is_a_lost_result(provider, emulator):
    emulator.scenario.fail("submit", 200, {"image": "%%%", "finish_reason": "SUCCESS"}, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")


@pytest.mark.parametrize("data", [b"<html>sorry</html>", picture("x")[:40], bomb()])
async def test_bytes_that_are_no_picture_are_left_to_imaging(provider, emulator, data):
    emulator.scenario.body = data
    assert (await done(provider.generate(make_call()))).pictures[0].data == data


# --- Asynchronous endpoints -------------------------------------------------------------------------------------------


def creative() -> ProviderCall:
    return make_call(CREATIVE, images=[picture("a")])


@pytest.mark.parametrize("key", ["image", "result"])
async def test_an_asynchronous_result_is_polled_every_ten_seconds(provider, emulator, key):
    emulator.scenario.queue_polls = 3
    emulator.scenario.extra["key"] = key
    events = await run(provider.generate(creative()))
    assert isinstance(events[0], Submitted)
    assert json.loads(events[0].job_ref) == {"id": next(iter(emulator.jobs))}
    assert [type(event) for event in events[1:]] == [Progress] * 3 + [Done]
    assert emulator.clock.now == 40
    assert cast("Done", events[-1]).request_id in emulator.jobs
    once(emulator)


async def test_a_restart_fetches_what_was_submitted(provider, emulator):
    emulator.scenario.queue_polls = 2
    events = provider.generate(creative())
    submitted = await anext(events)
    await events.aclose()
    assert len((await done(provider.resume(creative(), submitted.job_ref))).pictures) == 1
    once(emulator)


async def test_a_result_is_lost_after_a_day(provider, emulator):
    events = provider.generate(creative())
    submitted = await anext(events)
    await events.aclose()
    emulator.clock.now += 24 * 3600
    error = await failed(provider.resume(creative(), submitted.job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_failing_polls_are_repeated(provider, emulator):
    emulator.scenario.fail("poll", 500, times=2).drop.append("poll")
    emulator.scenario.fail("poll", 429)
    await done(provider.generate(creative()))
    assert emulator.clock.now > 60
    once(emulator)


@pytest.mark.parametrize(
    ("status", "body", "kind", "times"),
    [
        (500, {}, ErrorKind.TRANSIENT, 5),
        (429, {}, ErrorKind.RATE, 5),
        (401, {}, ErrorKind.AUTH, 1),
        (403, {"name": "content_moderation"}, ErrorKind.REFUSED, 1),
    ],
)
async def test_polls_that_keep_failing_end_as_maybe_billed(provider, emulator, status, body, kind, times):
    emulator.scenario.fail("poll", status, body, times=99)
    error = await failed(provider.generate(creative()))
    assert (error.kind, error.billed) == (kind, "unknown")
    assert sum(seen.method == "GET" for seen in emulator.seen) == times
    once(emulator)


@pytest.mark.parametrize("body", [{}, {"id": "../../v1/user"}, {"id": 7}, []])
async def test_an_answer_without_a_job_is_a_lost_result(provider, emulator, body):
    emulator.scenario.fail("submit", 200, body, is_billed=True)
    error = await failed(provider.generate(creative()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")


@pytest.mark.parametrize("job_ref", ["", "x", "{}", "[]", '{"id":"../user"}', '{"id":7}'])
async def test_a_job_number_that_is_none_is_not_asked_for(provider, emulator, job_ref):
    assert (await failed(provider.resume(creative(), job_ref))).kind is ErrorKind.RESULT_LOST
    assert emulator.seen == []


async def test_synchronous_models_cannot_be_resumed_or_stopped(provider, emulator):
    error = await failed(provider.resume(make_call(), '{"id":"00000000"}'))
    assert (error.kind, error.billed) == (ErrorKind.UNSUPPORTED, "unknown")
    assert await provider.cancel(make_call().model, "") == "unsupported"
    assert await provider.preview(make_call().request, 1) is None
    assert [one.id for one in provider.models() if one.capabilities.resumes] == [CREATIVE]
    assert emulator.seen == []


# --- The emulator is strict -------------------------------------------------------------------------------------------


async def send(
    emulator: StabilityEmulator, path: str = "generate/core", *, accept: str = "application/json", **content: Any
):
    headers = {"Authorization": f"Bearer {KEY}", "Accept": accept, **content.pop("headers", {})}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"{emulator.url}/v2beta/stable-image/{path}", headers=headers, **content)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("generate/core", {"json": {"prompt": "a"}}),
        ("generate/core", {"data": {"prompt": "a"}}),
        ("generate/core", {"files": {"seed": (None, "1")}}),
        ("generate/core", {"files": {"prompt": (None, "a"), "width": (None, "1024")}}),
        ("generate/core", {"files": {"prompt": (None, "a"), "aspect_ratio": (None, "7:3")}}),
        ("generate/core", {"files": {"prompt": (None, "a"), "seed": (None, "4294967295")}}),
        ("generate/sd3", {"files": {"prompt": (None, "a"), "output_format": (None, "webp")}}),
        ("generate/ultra", {"files": {"prompt": (None, "a"), "image": ("a.png", picture("a"), "image/png")}}),
        ("edit/inpaint", {"files": {"prompt": (None, "a"), "image": (None, "text")}}),
        ("edit/outpaint", {"files": {"image": ("a.png", picture("a"), "image/png")}}),
    ],
)
async def test_the_emulator_refuses_what_the_vendor_would(emulator, path, content):
    answer = await send(emulator, path, **content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"id", "name", "errors"}
    assert emulator.billable == 0


async def test_the_emulator_answers_by_the_accept_header(emulator):
    files = {"prompt": (None, "a"), "seed": (None, "5")}
    raw = await send(emulator, accept="image/*", files=files)
    assert raw.content == picture("a")
    assert (raw.headers["finish-reason"], raw.headers["seed"]) == ("SUCCESS", "5")
    assert (await send(emulator, accept="text/html", files=files)).status_code == 400
    assert (await send(emulator, headers={"Authorization": "sk-stability"}, files=files)).status_code == 401
    assert (await send(emulator, "generate/gone", files=files)).status_code == 404
