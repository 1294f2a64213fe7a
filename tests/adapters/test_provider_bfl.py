"""Black Forest Labs' adapter against its emulator over real loopback HTTP."""

import base64
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.bfl import BflProvider
from imageroute_app.adapters.registry import FOLDER
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.jobs import Request, Rule
from imageroute_app.domain.ports import Done, ErrorKind, Progress, ProviderCall, ProviderError, ProviderEvent, Submitted
from imageroute_app.domain.routing import rule_breach
from tests.emulators.bfl import ADDRESS_S, RULES, BflEmulator
from tests.emulators.kit import Emulator, Reply, Seen, bomb, picture, served

CATALOGUE = read_catalogue(FOLDER / "bfl.toml")
AMERICAN = read_catalogue(FOLDER / "bfl_us.toml")
KEY = "bfl_test"
PROMPT = "a red kite\n\nStyle: line art."


@pytest.fixture
async def emulator() -> AsyncIterator[BflEmulator]:
    emulator = BflEmulator(prefix="/bfl")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(emulator: BflEmulator) -> AsyncIterator[BflProvider]:
    provider = BflProvider(CATALOGUE, opening(emulator))
    yield provider
    await provider.close()


def opening(emulator: BflEmulator) -> Opening:
    return Opening(key=KEY, url=emulator.url, sleep=emulator.clock.sleep)


def make_call(model: str = "flux-2-pro", *, images=(), mask=None, **request) -> ProviderCall:
    facts = {"prompt": "a red kite", "provider": "bfl", "model": model, "width": 1024, "height": 1024, **request}
    return ProviderCall(
        id="attempt-1",
        model=next(one for one in CATALOGUE.models if one.id == model),
        prompt=PROMPT,
        request=Request(**facts),
        count=1,
        seed=7,
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
    assert "vendor text" not in str(caught.value)
    return caught.value


async def submitted(provider) -> str:
    """Submit and forget, as a process does that dies then; return the job_ref."""
    events = provider.generate(make_call())
    event = await anext(events)
    await events.aclose()
    assert isinstance(event, Submitted)
    return event.job_ref


def sent(emulator: BflEmulator) -> Seen:
    return next(seen for seen in emulator.seen if seen.method == "POST")


def looks(emulator: BflEmulator) -> int:
    return sum(seen.path == "/v1/get_result" for seen in emulator.seen)


def once(emulator: BflEmulator, billable: int = 1) -> None:
    assert (emulator.submissions, emulator.billable) == (1, billable)


def decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# --- What is sent -----------------------------------------------------------------------------------------------------


async def test_a_picture_comes_back_from_the_right_request(provider, emulator):
    answer = await done(provider.generate(make_call()))
    seen = sent(emulator)
    assert (seen.path, seen.headers["x-key"]) == ("/v1/flux-2-pro", KEY)
    assert seen.json == {
        "prompt": PROMPT,
        "output_format": "png",
        "prompt_upsampling": False,
        "width": 1024,
        "height": 1024,
        "seed": 7,
    }
    assert answer.pictures[0].data == picture(PROMPT)
    assert (answer.pictures[0].seed, answer.cost_micro_usd, answer.notes) == (7, 30_000, ())
    assert answer.request_id in emulator.tasks
    once(emulator)


async def test_the_task_is_named_before_anything_else(provider, emulator):
    emulator.scenario.queue_polls = 2
    events = await run(provider.generate(make_call()))
    assert isinstance(events[0], Submitted)
    task_id = next(iter(emulator.tasks))
    url = f"{emulator.url}/v1/get_result?id={task_id}"
    assert json.loads(events[0].job_ref) == {"id": task_id, "url": url, "cost": 3}
    assert [(e.stage, e.fraction) for e in events if isinstance(e, Progress)] == [
        ("running", 0.5),
        ("running", 0.5),
        ("downloading", None),
    ]
    assert looks(emulator) == 3
    once(emulator)


@pytest.mark.parametrize("model", [one.id for one in CATALOGUE.models])
async def test_every_model_of_the_catalogue_is_understood(provider, emulator, model):
    able = next(one for one in CATALOGUE.models if one.id == model).capabilities
    source, mask = picture("source"), picture("mask")
    if Task.TEXT in able.tasks:
        await done(provider.generate(make_call(model, width=1344, height=768)))
    if Task.TEXT not in able.tasks or Task.EDIT in able.tasks:
        images = [source] * able.max_references
        await done(provider.generate(make_call(model, images=images, mask=mask if able.takes_mask else None)))
    assert emulator.billable == emulator.submissions == len(emulator.tasks)


def test_both_regions_offer_what_the_emulator_knows():
    assert {one.remote for one in CATALOGUE.models} == {one.remote for one in AMERICAN.models} == set(RULES)
    assert (CATALOGUE.url, CATALOGUE.models[0].policy.region) == ("https://api.eu.bfl.ai", "eu")
    assert (AMERICAN.url, AMERICAN.models[0].policy.region) == ("https://api.us.bfl.ai", "us")
    assert all(one.options.get("input", {}).get("grounding", False) is False for one in CATALOGUE.models)


def test_what_is_unknown_fails_closed_under_strict():
    assert all(rule_breach(Rule(), one) is not None for one in (*CATALOGUE.models, *AMERICAN.models))


@pytest.mark.parametrize(
    ("asked", "got"), [((1000, 700), (992, 704)), ((2048, 2048), (2048, 2048)), ((1920, 1080), (1920, 1088))]
)
async def test_sides_are_multiples_of_16_and_the_receipt_says_so(provider, emulator, asked, got):
    answer = await done(provider.generate(make_call(width=asked[0], height=asked[1])))
    assert (sent(emulator).json["width"], sent(emulator).json["height"]) == got
    shown = f"Size: asked for {asked[0]} × {asked[1]}, sent as {got[0]} × {got[1]}."
    assert answer.notes == (() if asked == got else (shown,))


async def test_what_it_costs_is_never_more_than_the_quote(provider, emulator):
    call = make_call(width=1536, height=1024, images=[picture("one")])
    answer = await done(provider.generate(call))
    assert answer.cost_micro_usd == 60_000  # 3 + 1.5 for the second megapixel + 1.5 for the source
    assert answer.cost_micro_usd <= call.model.price.of_picture(1536, 1024, references=1)


async def test_shapes_are_named_on_the_receipt(provider, emulator):
    answer = await done(provider.generate(make_call("flux-kontext-pro", width=1344, height=768)))
    assert sent(emulator).json["aspect_ratio"] == "16:9"
    assert answer.notes == ("Size: asked for 1344 × 768, sent as shape 16:9.",)


async def test_the_newest_model_searches_nothing_and_has_no_seed(provider, emulator):
    answer = await done(provider.generate(make_call("flux-3-image", images=[picture("a"), picture("b")])))
    fields = sent(emulator).json
    assert fields["grounding"] is False
    assert "seed" not in fields
    assert [decoded(text) for text in fields["images"]] == [picture("a"), picture("b")]
    assert "Seed: not supported, not sent." in answer.notes


async def test_edits_send_each_source_in_its_own_field(provider, emulator):
    sources = [picture("one", mime="image/jpeg"), picture("two")]
    answer = await done(provider.generate(make_call(images=sources, negative="people")))
    fields = sent(emulator).json
    assert [decoded(fields["input_image"]), decoded(fields["input_image_2"])] == sources
    assert "input_image_1" not in fields
    assert set(answer.notes) == {
        "Negative prompt: not supported, not sent.",
        "Strength: not supported, not sent.",
    }


async def test_sources_that_are_too_many_are_named(provider, emulator):
    answer = await done(provider.generate(make_call("flux-kontext-pro", images=[picture("one"), picture("two")])))
    assert "Pictures: only the first 1 sent." in answer.notes
    assert "input_image_2" not in sent(emulator).json


async def test_in_the_mask_white_means_change(provider, emulator):
    grey = Pillow.new("L", (64, 64), 0)
    grey.putpixel((3, 3), 255)
    file = io.BytesIO()
    grey.save(file, "PNG")
    answer = await done(provider.generate(make_call("flux-fill-pro", images=[picture("a")], mask=file.getvalue())))
    fields = sent(emulator).json
    assert sent(emulator).path == "/v1/flux-pro-1.0-fill"
    assert decoded(fields["image"]) == picture("a")
    with Pillow.open(io.BytesIO(decoded(fields["mask"]))) as mask:
        assert (mask.getpixel((3, 3)), mask.getpixel((0, 0))) == (255, 0)
    assert {"width", "height", "aspect_ratio"}.isdisjoint(fields)
    assert "Size: the source picture's." in answer.notes


async def test_a_prompt_that_was_rewritten_is_named(provider, emulator):
    emulator.scenario.extra["prompt"] = "A majestic red kite, cinematic"
    answer = await done(provider.generate(make_call()))
    assert answer.notes == ("Prompt: the provider rewrote it before drawing.",)


@pytest.mark.parametrize(
    ("quiet", "cost", "micro_usd"),
    [(False, None, 30_000), (False, 2.5, 25_000), (True, None, None), (False, 0, 0), (True, 1.4, 14_000)],
)
async def test_the_cost_is_the_one_reported_last(provider, emulator, quiet, cost, micro_usd):
    emulator.scenario.extra["quiet"], emulator.scenario.cost = quiet, cost
    assert (await done(provider.generate(make_call()))).cost_micro_usd == micro_usd


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["input", "output"])
@pytest.mark.parametrize(("cost", "billed"), [(None, "unknown"), (0, "no"), (3, "yes")])
async def test_both_moderated_statuses_are_refusals(provider, emulator, stage, cost, billed):
    emulator.scenario.refuse, emulator.scenario.cost = stage, cost
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, stage, billed)
    assert looks(emulator) == 1
    once(emulator)


# --- What goes wrong --------------------------------------------------------------------------------------------------

DETAIL = [{"loc": ["body", "width"], "msg": "vendor text", "type": "value_error"}]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"detail": "vendor text"}, ErrorKind.INVALID),
        (402, {"detail": "Insufficient credits. vendor text"}, ErrorKind.QUOTA),
        (403, {"detail": "Not authenticated. vendor text"}, ErrorKind.AUTH),
        (404, {"detail": "Not Found"}, ErrorKind.UNSUPPORTED),
        (422, {"detail": DETAIL}, ErrorKind.INVALID),
        (429, {"detail": "vendor text"}, ErrorKind.RATE),
        (503, {}, ErrorKind.TRANSIENT),
    ],
)
async def test_statuses_that_cost_nothing(provider, emulator, status, body, kind):
    emulator.scenario.fail("submit", status, body)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed, error.is_retired) == (kind, "no", status == 404)
    once(emulator, 0)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_error_after_submission_may_have_cost(provider, emulator, status):
    emulator.scenario.fail("submit", status, {}, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


@pytest.mark.parametrize(("model", "most"), [("flux-2-pro", 24), ("flux-kontext-max", 6)])
async def test_more_active_tasks_than_allowed_are_a_rate_limit(provider, emulator, model, most):
    emulator.scenario.statuses = ["Pending"]
    for _ in range(most):
        events = provider.generate(make_call(model))
        await anext(events)
        await events.aclose()
    error = await failed(provider.generate(make_call(model)))
    assert (error.kind, error.billed, error.retry_after_s) == (ErrorKind.RATE, "no", None)
    assert (emulator.submissions, emulator.billable) == (most + 1, most)


@pytest.mark.parametrize("wait_s", [1, 40, 400])
async def test_the_wait_of_a_rate_limit_is_handed_on(provider, emulator, wait_s):
    emulator.scenario.fail("submit", 429, {"detail": "x"}, headers={"Retry-After": str(wait_s)})
    assert (await failed(provider.generate(make_call()))).retry_after_s == wait_s


async def test_a_connection_cut_after_acceptance_may_have_cost(provider, emulator):
    emulator.scenario.drop.append("submit")
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


async def test_a_read_timeout_may_have_cost(emulator):
    provider = BflProvider(CATALOGUE, opening(emulator), read_s=0.1)
    emulator.scenario.latency_s = 1
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TIMEOUT, "unknown")
    once(emulator)


async def test_an_address_where_nobody_listens_costs_nothing(emulator):
    provider = BflProvider(CATALOGUE, replace(opening(emulator), url="http://127.0.0.1:1"))
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "no")


@pytest.mark.parametrize(("cost", "billed"), [(None, "unknown"), (0, "no")])
async def test_a_task_that_failed_may_have_cost(provider, emulator, cost, billed):
    emulator.scenario.statuses, emulator.scenario.cost = ["Pending", "Error"], cost
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, billed)
    assert looks(emulator) == 2
    once(emulator)


@pytest.mark.parametrize("status", ["Failed", "ready", "Queued", ""])
async def test_an_unknown_status_ends_after_three_looks(provider, emulator, status):
    emulator.scenario.statuses = ["Pending", status]
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert looks(emulator) == 4
    once(emulator)


@pytest.mark.parametrize("status", [200, 404])
async def test_a_task_that_is_not_found_is_lost_after_three_looks(provider, emulator, status):
    emulator.scenario.fail("poll", status, {"id": "x", "status": "Task not found"}, times=9)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert looks(emulator) == 3
    once(emulator)


async def test_a_task_that_is_found_a_little_later_is_delivered(provider, emulator):
    emulator.scenario.fail("poll", 404, {"id": "x", "status": "Task not found"}, times=2)
    assert len((await done(provider.generate(make_call()))).pictures) == 1


@pytest.mark.parametrize("sample", [None, "", 7])
async def test_ready_without_a_picture_is_a_lost_result(provider, emulator, sample):
    emulator.scenario.extra |= {"sample": sample, "quiet": True}
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


@pytest.mark.parametrize(
    "body", [{}, {"id": "x"}, {"id": "x", "polling_url": ""}, {"polling_url": "x"}, [], b"nothing"]
)
async def test_an_answer_without_a_task_is_a_lost_result(provider, emulator, body):
    emulator.scenario.fail("submit", 200, body, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_failing_looks_are_repeated(provider, emulator):
    emulator.scenario.queue_polls = 2
    emulator.scenario.fail("poll", 500, times=2).drop.append("poll")
    emulator.scenario.fail("poll", 429, {"detail": "x"}, headers={"Retry-After": "30"})
    await done(provider.generate(make_call()))
    assert emulator.clock.now > 30
    once(emulator)


@pytest.mark.parametrize(
    ("status", "kind", "most"),
    [
        (500, ErrorKind.TRANSIENT, 5),
        (429, ErrorKind.RATE, 5),
        (403, ErrorKind.AUTH, 1),
        (404, ErrorKind.RESULT_LOST, 1),
    ],
)
async def test_looks_that_keep_failing_end_as_maybe_billed(provider, emulator, status, kind, most):
    emulator.scenario.fail("poll", status, {"detail": "vendor text"}, times=99)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed, error.is_retired) == (kind, "unknown", False)
    assert looks(emulator) == most
    once(emulator)


# --- Addresses --------------------------------------------------------------------------------------------------------


async def test_the_address_to_poll_may_be_another_host_of_theirs(emulator):
    gateway = BflEmulator(tasks=emulator.tasks, scenario=emulator.scenario, clock=emulator.clock)
    async with served(gateway):
        emulator.scenario.extra["gateway"] = gateway.url
        hosts = (gateway.url.removeprefix("http://"),)
        provider = BflProvider(replace(CATALOGUE, key_hosts=hosts, download_hosts=hosts), opening(emulator))
        answer = await done(provider.generate(make_call()))
        await provider.close()
    assert len(answer.pictures) == 1
    assert (looks(gateway), looks(emulator)) == (1, 0)
    assert gateway.keys_seen("x-key") == [KEY]
    once(emulator)


class Decoy(Emulator):
    async def reply(self, seen: Seen) -> Reply:
        return Reply(200, {"status": "Ready", "result": {"sample": "data:,x"}})


async def test_a_foreign_address_never_sees_the_key(provider, emulator):
    decoy = Decoy()
    async with served(decoy):
        emulator.scenario.extra["polling_url"] = f"{decoy.url}/v1/get_result?id=x"
        error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert decoy.seen == []
    once(emulator)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.eu.bfl.ai/v1/get_result?id=x",
        "https://bfl.ai.evil.example/x",
        "https://evilbfl.ai/x",
        "https://api.bfl.ai:8443/x",
        "https://api.bfl.ai@evil.example/x",
        "https://user@gateway.bfl.ai/x",
        "//evil.example/x",
        "ftp://api.bfl.ai/x",
    ],
)
async def test_addresses_that_only_look_like_theirs_are_not_asked(emulator, url):
    provider = BflProvider(CATALOGUE, replace(opening(emulator), url="https://api.eu.bfl.ai"))
    error = await failed(provider.resume(make_call(), json.dumps({"id": "x", "url": url, "cost": None})))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")


@pytest.mark.parametrize(
    "host", ["https://evil.example", "http://169.254.169.254", "http://delivery-eu1.bfl.ai", "file://"]
)
async def test_pictures_at_foreign_addresses_are_not_fetched(provider, emulator, host):
    emulator.scenario.extra["files"] = host
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    once(emulator)


async def test_the_key_is_in_one_header_only_and_never_at_the_files(provider, emulator):
    await done(provider.generate(make_call()))
    assert emulator.keys_at_files == 0
    assert sum("x-key" in seen.headers for seen in emulator.seen) == 2
    for seen in emulator.seen:
        assert KEY not in seen.target
        assert KEY.encode() not in seen.body


async def test_a_dead_address_is_asked_for_once_more(provider, emulator):
    emulator.scenario.extra["dead"] = 1
    assert len((await done(provider.generate(make_call()))).pictures) == 1
    assert looks(emulator) == 2
    once(emulator)


async def test_an_address_is_dead_after_ten_minutes_and_a_new_one_is_told(provider, emulator):
    events = provider.generate(make_call())
    async for event in events:
        if isinstance(event, Progress) and event.stage == "downloading":
            emulator.clock.now += ADDRESS_S + 1
        if isinstance(event, Done):
            assert len(event.pictures) == 1
    assert len(next(iter(emulator.tasks.values())).signed) == 2
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


# --- Resume and cancel ------------------------------------------------------------------------------------------------


async def test_a_restart_fetches_what_was_submitted(provider, emulator):
    emulator.scenario.queue_polls = 3
    job_ref = await submitted(provider)
    emulator.scenario.extra["quiet"] = True
    later = BflProvider(CATALOGUE, opening(emulator))
    answer = await done(later.resume(make_call(), job_ref))
    await later.close()
    assert (len(answer.pictures), answer.cost_micro_usd) == (1, 30_000)
    assert KEY not in job_ref
    once(emulator)


@pytest.mark.parametrize(
    "job_ref", ["", "x", "{}", '{"id":"x"}', '{"id":7,"url":"https://api.bfl.ai/x"}', '["a"]', "null"]
)
async def test_a_job_number_that_is_none_is_not_asked_for(provider, emulator, job_ref):
    error = await failed(provider.resume(make_call(), job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert emulator.seen == []


async def test_nothing_can_be_cancelled(provider, emulator):
    assert await provider.cancel(make_call().model, await submitted(provider)) == "unsupported"
    assert {one.capabilities.cancels for one in CATALOGUE.models} == {"none"}
    once(emulator)


async def test_there_is_no_preview(provider):
    assert await provider.preview(make_call().request, 1) is None
    assert provider.models() == CATALOGUE.models
    assert all(one.capabilities.resumes for one in CATALOGUE.models)


# --- The emulator is strict -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("flux-2-pro", {}),
        ("flux-2-pro", ["a"]),
        ("flux-2-pro", {"prompt": "a", "width": 1000, "height": 1024}),
        ("flux-2-pro", {"prompt": "a", "width": 48, "height": 1024}),
        ("flux-2-pro", {"prompt": "a", "width": 4096, "height": 2048}),
        ("flux-2-pro", {"prompt": "a", "aspect_ratio": "1:1"}),
        ("flux-2-pro", {"prompt": "a", "output_format": "webp"}),
        ("flux-2-pro", {"prompt": "a", "safety_tolerance": 7}),
        ("flux-2-pro", {"prompt": "a", "input_image": "no picture"}),
        ("flux-kontext-pro", {"prompt": "a", "aspect_ratio": "wide"}),
        ("flux-3-image", {"prompt": "a", "aspect_ratio": "7:3"}),
        ("flux-3-image", {"prompt": "a", "resolution": "8k"}),
        ("flux-pro-1.0-fill", {"prompt": "a"}),
    ],
)
async def test_the_emulator_refuses_what_the_vendor_would(emulator, path, body):
    async with httpx.AsyncClient(trust_env=False, headers={"x-key": KEY}) as client:
        answer = await client.post(f"{emulator.url}/v1/{path}", json=body)
    assert (answer.status_code, isinstance(answer.json()["detail"], list)) == (422, True)
    assert emulator.billable == 0


async def test_the_emulator_wants_a_mask_of_the_pictures_size(emulator):
    def encoded(size: tuple[int, int]) -> Any:
        return base64.b64encode(picture("x", size=size)).decode()

    body = {"prompt": "a", "image": encoded((64, 64)), "mask": encoded((32, 32))}
    async with httpx.AsyncClient(trust_env=False, headers={"x-key": KEY}) as client:
        assert (await client.post(f"{emulator.url}/v1/flux-pro-1.0-fill", json=body)).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"x-key": "other"}, {"Authorization": f"Bearer {KEY}"}])
async def test_the_emulator_wants_its_key(emulator, headers):
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        answer = await client.post(f"{emulator.url}/v1/flux-2-pro", json={"prompt": "a"})
    assert (answer.status_code, emulator.billable) == (403, 0)
