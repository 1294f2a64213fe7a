"""OpenRouter: one POST, no silent change of company, and the cost that it reports."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers import openrouter
from imageroute_app.domain.catalog import Known, Model
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, ProviderCall, ProviderError
from tests.emulators.kit import VirtualClock, picture, served
from tests.emulators.openrouter import (
    KEY,
    MODERATED,
    NO_ENDPOINT,
    PASSED_ON,
    OpenRouterEmulator,
    error,
)

CATALOGUE = read_catalogue(Path(openrouter.__file__).with_name("openrouter.toml"))
MODELS = {model.id: model for model in CATALOGUE.models}
BANANA, FLUX, FLARE = MODELS["gemini-nano-banana-2.1"], MODELS["flux.2-pro"], MODELS["gpt-image-2.5-flare"]
SECRET_WORDS = "a lighthouse nobody may hear of"


@pytest.fixture
async def vendor() -> AsyncIterator[OpenRouterEmulator]:
    emulator = OpenRouterEmulator()
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(vendor: OpenRouterEmulator) -> AsyncIterator[openrouter.OpenRouterProvider]:
    opened = open_provider(vendor)
    yield opened
    await opened.close()


def open_provider(vendor: OpenRouterEmulator, *, key: str = KEY, read_s: float = 5.0) -> openrouter.OpenRouterProvider:
    opening = Opening(key=key, url=f"{vendor.url}/api/v1", sleep=VirtualClock().sleep)
    return openrouter.OpenRouterProvider(CATALOGUE, opening, read_s=read_s)


def call_for(model: Model = BANANA, *, count: int = 1, **changes: Any) -> ProviderCall:
    asked = {name: changes.pop(name) for name in list(changes) if name not in ("images", "mask")}
    request = Request(
        prompt=SECRET_WORDS, provider="openrouter", model=model.id, **{"width": 1024, "height": 1024, **asked}
    )
    return ProviderCall(id="call-1", model=model, prompt=SECRET_WORDS, request=request, count=count, seed=77, **changes)


async def run(provider: openrouter.OpenRouterProvider, call: ProviderCall) -> Done:
    events = [event async for event in provider.generate(call)]
    assert len(events) == 1
    assert isinstance(events[0], Done)
    return events[0]


async def fail(provider: openrouter.OpenRouterProvider, call: ProviderCall | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await run(provider, call or call_for())
    assert "vendor text" not in str(caught.value)
    assert SECRET_WORDS not in str(caught.value)
    return caught.value


# --- Success ------------------------------------------------------------------------------------------------------------


async def test_sends_the_exact_prompt_and_forbids_another_company(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    done = await run(provider, call_for())
    assert [one.data for one in done.pictures] == [picture(SECRET_WORDS)]
    assert done.notes == ()
    assert vendor.seen[0].json == {
        "model": "google/gemini-nano-banana-2.1",
        "prompt": SECRET_WORDS,
        "aspect_ratio": "1:1",
        "resolution": "1K",
        "provider": {"allow_fallbacks": False},
    }
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_the_key_travels_in_its_header_and_nobody_is_named(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    await run(provider, call_for())
    seen = vendor.seen[0]
    assert vendor.keys_seen("authorization") == [f"Bearer {KEY}"]
    assert KEY not in seen.target
    assert KEY.encode() not in seen.body
    assert not {"http-referer", "x-title", "referer"} & set(seen.headers)


@pytest.mark.parametrize(("cost", "micros"), [(0.0336, 33_600), (0.0000014, 1), (0, 0), (1, 1_000_000)])
async def test_the_reported_cost_is_the_cost(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, cost: float, micros: int
) -> None:
    vendor.scenario.cost = cost
    assert (await run(provider, call_for())).cost_micro_usd == micros


async def test_no_usage_is_no_cost_known(provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator) -> None:
    vendor.scenario.extra["no_usage"] = True
    assert (await run(provider, call_for())).cost_micro_usd is None


async def test_several_pictures_are_one_submission(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    done = await run(provider, call_for(FLARE, count=4))
    assert [one.data for one in done.pictures] == [picture(SECRET_WORDS, number=number) for number in range(4)]
    assert done.cost_micro_usd == 134_400
    assert vendor.seen[0].json["n"] == 4
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_fewer_pictures_than_asked_are_delivered(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.count = 2
    assert len((await run(provider, call_for(FLARE, count=4))).pictures) == 2


async def test_more_pictures_than_asked_are_left_out(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.count = 3
    assert len((await run(provider, call_for())).pictures) == 1


@pytest.mark.parametrize(
    ("model", "sent", "note"),
    [
        (BANANA, {"aspect_ratio": "16:9", "resolution": "1K"}, "16:9 at 1K"),
        (FLUX, {"size": "1344x768"}, ""),
        (FLARE, {"size": "1536x1024"}, "1536 × 1024"),
    ],
    ids=lambda value: getattr(value, "id", None),
)
async def test_a_shape_is_sent_once_in_the_models_way(
    provider: openrouter.OpenRouterProvider,
    vendor: OpenRouterEmulator,
    model: Model,
    sent: dict[str, str],
    note: str,
) -> None:
    done = await run(provider, call_for(model, width=1344, height=768))
    body = vendor.seen[0].json
    assert {name: body[name] for name in ("aspect_ratio", "resolution", "size") if name in body} == sent
    assert done.notes == ((f"Size: asked for 1344 × 768, sent as {note}.",) if note else ())


async def test_a_size_is_rounded_to_the_models_steps_and_noted(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    done = await run(provider, call_for(FLUX, width=1000, height=1000))
    assert vendor.seen[0].json["size"] == "992x992"
    assert done.notes == ("Size: asked for 1000 × 1000, sent as 992 × 992.",)


async def test_a_seed_is_sent_where_the_model_takes_it(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    done = await run(provider, call_for(FLUX, seed=77))
    assert vendor.seen[0].json["seed"] == 77
    assert (done.pictures[0].seed, done.notes) == (77, ())


async def test_every_option_that_is_dropped_is_noted(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    images = (picture("a source"),)
    done = await run(provider, call_for(seed=77, negative="rain", source_id="image-1", images=images))
    assert done.notes == (
        "Seed: not supported by this model, not sent.",
        "Negative prompt: not supported by this model, not sent.",
        "Strength: not supported by this model, not sent.",
    )
    assert "seed" not in vendor.seen[0].json
    assert done.pictures[0].seed is None


async def test_edits_send_every_picture_as_a_reference(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    sources = (picture("one"), picture("two", mime="image/jpeg"))
    await run(provider, call_for(source_id="image-1", images=sources))
    urls = [one["image_url"]["url"] for one in vendor.seen[0].json["input_references"]]
    assert [url.partition(",")[0] for url in urls] == ["data:image/png;base64", "data:image/jpeg;base64"]
    assert tuple(base64.b64decode(url.partition(",")[2]) for url in urls) == sources


async def test_a_mask_is_never_faked(provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator) -> None:
    source = picture("a source")
    caught = await fail(provider, call_for(source_id="image-1", images=(source,), mask=source))
    assert (caught.kind, caught.billed) == (ErrorKind.UNSUPPORTED, "no")
    assert not vendor.seen


# --- No picture ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, MODERATED),
        (403, error(403, {"flagged_input": "vendor text"})),
        (400, PASSED_ON),
        (422, error(422, {"raw": "content_policy_violation"})),
        (400, {"error": {"code": "content_filter", "message": "vendor text"}}),
    ],
)
async def test_every_refusal_is_one_and_costs_nothing(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, status: int, body: Any
) -> None:
    vendor.scenario.fail("submit", status, body)
    caught = await fail(provider)
    assert (caught.kind, caught.stage, caught.billed) == (ErrorKind.REFUSED, "input", "no")
    assert (vendor.billable, vendor.submissions) == (0, 1)


@pytest.mark.parametrize(("cost", "billed"), [(0, "no"), (0.0336, "yes"), (None, "unknown")])
async def test_an_answer_without_a_picture_says_whether_it_was_billed(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, cost: float | None, billed: str
) -> None:
    vendor.scenario.count, vendor.scenario.cost = 0, cost
    vendor.scenario.extra["no_usage"] = cost is None
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, billed)
    assert vendor.submissions == 1


@pytest.mark.parametrize("body", [{}, [], {"data": None}, {"data": [{}]}, {"data": ["text"]}, "text"], ids=str)
async def test_an_answer_of_another_shape_is_lost(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, body: Any
) -> None:
    vendor.scenario.fail("submit", 200, body)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "unknown")


async def test_bytes_that_are_no_base64_are_lost(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.fail("submit", 200, {"data": [{"b64_json": "###"}]})
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "yes")


# --- Errors -------------------------------------------------------------------------------------------------------------

ERRORS = [
    (400, (ErrorKind.INVALID, "no")),
    (401, (ErrorKind.AUTH, "no")),
    (402, (ErrorKind.QUOTA, "no")),
    (403, (ErrorKind.AUTH, "no")),
    (404, (ErrorKind.UNSUPPORTED, "no")),
    (413, (ErrorKind.INVALID, "no")),
    (429, (ErrorKind.RATE, "no")),
    (500, (ErrorKind.TRANSIENT, "unknown")),
    (502, (ErrorKind.TRANSIENT, "no")),
    (503, (ErrorKind.TRANSIENT, "no")),
    (504, (ErrorKind.TIMEOUT, "unknown")),
    (524, (ErrorKind.TIMEOUT, "unknown")),
    (529, (ErrorKind.TRANSIENT, "no")),
]


@pytest.mark.parametrize("is_late", [False, True], ids=["status", "inside a 200"])
@pytest.mark.parametrize(("status", "meaning"), ERRORS)
async def test_every_status_is_one_of_our_kinds_and_sent_once(
    provider: openrouter.OpenRouterProvider,
    vendor: OpenRouterEmulator,
    status: int,
    meaning: tuple[ErrorKind, str],
    is_late: bool,
) -> None:
    vendor.scenario.fail("submit", 200 if is_late else status, error(status))
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == meaning
    assert vendor.submissions == 1


async def test_a_late_error_without_a_number_may_have_been_billed(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.fail("submit", 200, {"error": {"code": "odd", "message": "vendor text"}})
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "unknown")


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"retry-after": "40"}, 40.0), ({"retry-after-ms": "1500"}, 1.5), ({}, None)]
)
async def test_the_wait_is_read_from_the_headers(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, headers: dict[str, str], wait_s: float | None
) -> None:
    vendor.scenario.fail("submit", 429, error(429), headers=headers)
    caught = await fail(provider)
    assert (caught.kind, caught.retry_after_s) == (ErrorKind.RATE, wait_s)


async def test_a_404_by_policy_does_not_retire_the_model(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.fail("submit", 404, NO_ENDPOINT)
    by_policy = await fail(provider)
    vendor.scenario.fail("submit", 404, error(404, message="No such model"))
    gone = await fail(provider)
    assert [(one.kind, one.is_retired) for one in (by_policy, gone)] == [
        (ErrorKind.UNSUPPORTED, False),
        (ErrorKind.UNSUPPORTED, True),
    ]


async def test_a_wrong_key_is_auth(vendor: OpenRouterEmulator) -> None:
    provider = open_provider(vendor, key="another-key")
    caught = await fail(provider)
    assert caught.kind is ErrorKind.AUTH
    assert "another-key" not in str(caught)
    await provider.close()


async def test_a_dropped_connection_may_have_been_billed(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    vendor.scenario.drop.append("submit")
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "unknown")
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_an_answer_too_late_may_have_been_billed(vendor: OpenRouterEmulator) -> None:
    vendor.scenario.latency_s = 5
    provider = open_provider(vendor, read_s=0.1)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TIMEOUT, "unknown")
    assert vendor.submissions == 1
    await provider.close()


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    provider = openrouter.OpenRouterProvider(CATALOGUE, Opening(key=KEY, url="http://127.0.0.1:9/api/v1"))
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "no")
    await provider.close()


# --- The rest of the port -----------------------------------------------------------------------------------------------


async def test_nothing_can_be_resumed_cancelled_or_previewed(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator
) -> None:
    with pytest.raises(ProviderError) as caught:
        _ = [event async for event in provider.resume(call_for(), "anything")]
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert await provider.cancel(BANANA, "anything") == "unsupported"
    assert await provider.preview(call_for().request, 1) is None
    assert not vendor.seen


def test_the_catalogue_promises_nothing_about_data() -> None:
    for model in CATALOGUE.models:
        policy, able = model.policy, model.capabilities
        assert (policy.trains, policy.human_review, policy.retention_hours) == (Known.UNKNOWN, Known.UNKNOWN, None)
        assert policy.region == "global"
        assert (able.resumes, able.cancels, able.takes_mask, model.price.basis) == (False, "none", False, "metered")
    assert [model.id for model in CATALOGUE.models if model.retires_on] == ["gpt-image-1.5"]


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
async def test_the_vendor_takes_every_model_at_its_most(
    provider: openrouter.OpenRouterProvider, vendor: OpenRouterEmulator, model: Model
) -> None:
    count = model.capabilities.max_count
    assert len((await run(provider, call_for(model, count=count, width=1280, height=960))).pictures) == count
