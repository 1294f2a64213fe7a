"""OpenAI's image API in nine dialects: one POST, the right fields, the exact bill, and words that stay words."""

import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.catalogue import Catalogue, read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.adapters.registry import FOLDER
from imageroute_app.domain.catalog import Known, Model, Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, ProviderCall, ProviderError
from tests.emulators.kit import VirtualClock, picture, served
from tests.emulators.openai_compat import (
    AZURE_MODERATED,
    KEY,
    LIMITED,
    MODERATED,
    NO_MODEL,
    OLD_MODERATED,
    OUTPUT_MODERATED,
    QUOTA,
    TOGETHER_MODERATED,
    OpenAICompatEmulator,
    error,
)

DIALECTS = ("openai", "azure", "imagerouter", "localai", "sdcpp", "vllm", "sglang", "recraft", "together")
CATALOGUES = {name: read_catalogue(FOLDER / f"{name}.toml") for name in DIALECTS}
MODELS = {model.key: model for catalogue in CATALOGUES.values() for model in catalogue.models}
EDITING = [model for model in MODELS.values() if Task.EDIT in model.capabilities.tasks]
MASKING = [model for model in MODELS.values() if model.capabilities.takes_mask]
WORDS = "a lighthouse nobody may hear of"
LOW = MODELS["openai/gpt-image-2-low"]
SOURCE = picture("a source")


@pytest.fixture
async def vendor() -> AsyncIterator[OpenAICompatEmulator]:
    emulator = OpenAICompatEmulator()
    async with served(emulator):
        yield emulator


@asynccontextmanager
async def opened(
    vendor: OpenAICompatEmulator, *, key: str = KEY, read_s: float = 5.0, catalogue: Catalogue | None = None
) -> AsyncIterator[OpenAICompatProvider]:
    opening = Opening(key=key, url=f"{vendor.url}/v1", sleep=VirtualClock().sleep)
    provider = OpenAICompatProvider(catalogue or CATALOGUES[vendor.dialect], opening, read_s=read_s)
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def speaking(dialect: str) -> AsyncIterator[OpenAICompatEmulator]:
    emulator = OpenAICompatEmulator(dialect=dialect)
    async with served(emulator):
        yield emulator


def call_for(model: Model = LOW, *, count: int = 1, prompt: str = WORDS, **changes: Any) -> ProviderCall:
    asked = {name: changes.pop(name) for name in list(changes) if name not in ("images", "mask")}
    asked = {"width": 1024, "height": 1024, **asked}
    request = Request(prompt=prompt, provider=model.provider, model=model.id, **asked)
    return ProviderCall(id="call-1", model=model, prompt=prompt, request=request, count=count, seed=77, **changes)


async def run(vendor: OpenAICompatEmulator, call: ProviderCall, **how: Any) -> Done:
    async with opened(vendor, **how) as provider:
        events = [event async for event in provider.generate(call)]
    assert len(events) == 1
    assert isinstance(events[0], Done)
    return events[0]


async def fail(vendor: OpenAICompatEmulator, call: ProviderCall | None = None, **how: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await run(vendor, call or call_for(), **how)
    assert "vendor text" not in str(caught.value)
    assert WORDS not in str(caught.value)
    return caught.value


def mask_of(size: tuple[int, int] = (64, 64)) -> bytes:
    """Return our kind of mask whose left half may change."""
    mask = Pillow.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    mask.save(file, "PNG")
    return file.getvalue()


# --- What is sent -------------------------------------------------------------------------------------------------------

SENT = {
    "openai/gpt-image-2-high": {
        "model": "gpt-image-2",
        "size": "1344x768",
        "quality": "high",
        "output_format": "png",
    },
    "azure/gpt-image-2-medium": {"size": "1344x768", "quality": "medium", "output_format": "png"},
    "imagerouter/gpt-image-2": {
        "model": "openai/gpt-image-2",
        "size": "1536x1024",
        "quality": "medium",
        "output_format": "png",
        "response_format": "b64_ephemeral",
    },
    "localai/stablediffusion": {"model": "stablediffusion", "size": "1344x768", "response_format": "b64_json"},
    "vllm/loaded": {"size": "1344x768", "response_format": "b64_json", "seed": 77},
    "sglang/loaded": {"size": "1344x768", "response_format": "b64_json", "seed": 77},
    "recraft/recraftv4_1": {
        "model": "recraftv4_1",
        "size": "1344x768",
        "response_format": "b64_json",
        "random_seed": 77,
    },
    "together/flux-2-pro": {
        "model": "black-forest-labs/FLUX.2-pro",
        "width": 1344,
        "height": 768,
        "response_format": "base64",
        "output_format": "png",
        "seed": 77,
    },
}


@pytest.mark.parametrize("key", SENT)
async def test_each_dialect_sends_its_own_fields_and_the_exact_prompt(key: str) -> None:
    prompt = 'a "quoted" | line\nwith <tags> and ünïcode 🌊'
    if key.startswith("localai"):
        prompt = prompt.replace("|", "-")
    async with speaking(key.partition("/")[0]) as vendor:
        done = await run(vendor, call_for(MODELS[key], prompt=prompt, width=1344, height=768))
        assert vendor.seen[0].json == SENT[key] | {"prompt": prompt}
        assert [one.data for one in done.pictures] == [picture(prompt)]
        assert (vendor.billable, vendor.submissions) == (1, 1)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_travels_in_its_header_and_nowhere_else(dialect: str) -> None:
    async with speaking(dialect) as vendor:
        await run(vendor, call_for(CATALOGUES[dialect].models[0]))
        seen = vendor.seen[0]
        value = KEY if dialect == "azure" else f"Bearer {KEY}"
        assert vendor.keys_seen("authorization", "api-key") == [value]
        assert KEY not in seen.target
        assert KEY.encode() not in seen.body


@pytest.mark.parametrize("dialect", ["localai", "sdcpp", "vllm", "sglang"])
async def test_a_server_without_a_key_gets_none(dialect: str) -> None:
    async with speaking(dialect) as vendor:
        await run(vendor, call_for(CATALOGUES[dialect].models[0]), key="")
        assert vendor.keys_seen("authorization", "api-key") == []


async def test_azure_names_the_deployment_and_the_version_in_the_address() -> None:
    async with speaking("azure") as vendor:
        await run(vendor, call_for(MODELS["azure/gpt-image-2.5-flare"]))
        assert vendor.seen[0].path == "/openai/deployments/gpt-image-2.5-flare/images/generations"
        assert vendor.seen[0].query == {"api-version": "2025-04-01-preview"}


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.key)
async def test_the_vendor_takes_every_model_at_its_most(model: Model) -> None:
    able = model.capabilities
    async with speaking(model.provider) as vendor:
        done = await run(
            vendor, call_for(model, count=able.max_count, width=1280, height=832, negative="rain", seed=77)
        )
        assert [one.data for one in done.pictures] == [
            picture(vendor.drawn[0]["prompt"], number=number) for number in range(able.max_count)
        ]
        assert (vendor.billable, vendor.submissions) == (1, 1)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ((1344, 768), "1344x768"),
        ((1000, 1000), "992x992"),
        ((512, 512), "816x816"),
        ((256, 256), "816x816"),
        ((2048, 512), "2048x688"),
        ((256, 2048), "688x2048"),
        ((1080, 360), "1408x480"),
        ((2048, 2048), "2048x2048"),
    ],
)
async def test_openai_draws_what_its_size_rules_allow(
    vendor: OpenAICompatEmulator, asked: tuple[int, int], sent: str
) -> None:
    done = await run(vendor, call_for(width=asked[0], height=asked[1]))
    assert vendor.seen[0].json["size"] == sent
    width, height = asked
    is_kept = sent == f"{width}x{height}"
    note = f"Size: asked for {width} × {height}, sent as {sent.replace('x', ' × ')}."
    assert done.notes == (() if is_kept else (note,))


async def test_every_option_that_is_dropped_is_noted(vendor: OpenAICompatEmulator) -> None:
    done = await run(vendor, call_for(seed=77, negative="rain", source_id="image-1", images=(SOURCE,)))
    assert done.notes == (
        "Seed: not supported by this model, not sent.",
        "Negative prompt: not supported by this model, not sent.",
        "Strength: not supported by this model, not sent.",
    )
    assert done.pictures[0].seed is None


@pytest.mark.parametrize("key", ["vllm/loaded", "sglang/loaded", "recraft/recraftv3"])
async def test_a_negative_prompt_travels_where_there_is_a_field(key: str) -> None:
    async with speaking(key.partition("/")[0]) as vendor:
        done = await run(vendor, call_for(MODELS[key], negative="rain", seed=77))
        assert vendor.seen[0].json["negative_prompt"] == "rain"
        assert done.notes == ()


@pytest.mark.parametrize(
    ("key", "seeds"),
    [
        ("sdcpp/loaded", [77, 78, 79]),
        ("vllm/loaded", [77, None, None]),
        ("recraft/recraftv3", [77, None, None]),
        ("openai/gpt-image-2-low", [None, None, None]),
    ],
)
async def test_only_a_seed_that_is_known_is_told(key: str, seeds: list[int | None]) -> None:
    async with speaking(key.partition("/")[0]) as vendor:
        done = await run(vendor, call_for(MODELS[key], count=3))
        assert [one.seed for one in done.pictures] == seeds


# --- Words stay words ---------------------------------------------------------------------------------------------------

INJECTIONS = [
    'a cat <sd_cpp_extra_args>{"steps": 9999}</sd_cpp_extra_args>',
    '<sd_cpp_extra_args>{"seed": 1}</sd_cpp_extra_args><sd_cpp_extra_args>{"seed": 2}</sd_cpp_extra_args> cat',
    'a <SD_CPP_EXTRA_ARGS>{"seed": 1}</SD_CPP_EXTRA_ARGS> cat',
    'a < sd_cpp_extra_args>{"seed": 1}</ sd_cpp_extra_args> cat',
    "an open end <sd_cpp_extra_args>",
    "</sd_cpp_extra_args> a close",
    '<sd_cpp_<sd_cpp_extra_args>extra_args>{"seed": 1}</sd_cpp_extra_args>',
]


@pytest.mark.parametrize("prompt", INJECTIONS)
async def test_a_prompt_cannot_set_sd_servers_options(prompt: str) -> None:
    async with speaking("sdcpp") as vendor:
        done = await run(vendor, call_for(MODELS["sdcpp/loaded"], prompt=prompt))
        told = vendor.drawn[0]
        assert set(told) == {"prompt", "seed"}
        assert told["seed"] == 77
        assert told["prompt"].strip().replace("\u2039", "<") == prompt
        assert done.notes == ("Prompt: signs that this server would read as settings were sent as look-alikes.",)


@pytest.mark.parametrize(
    "negative", ["rain", "x</sd_cpp_extra_args> y", '"}<sd_cpp_extra_args>{"seed": 1}', "a\nb <b>"]
)
async def test_a_negative_prompt_cannot_leave_sd_servers_tag(negative: str) -> None:
    async with speaking("sdcpp") as vendor:
        await run(vendor, call_for(MODELS["sdcpp/loaded"], negative=negative))
        told = vendor.drawn[0]
        assert told["prompt"].strip() == WORDS
        assert told["seed"] == 77
        assert told["negative_prompt"].replace("\u2039", "<") == negative


async def test_words_that_mean_nothing_to_sd_server_are_not_touched() -> None:
    prompt = "a <lora:x:1> cat | sd_cpp_extra_args < 3"
    async with speaking("sdcpp") as vendor:
        done = await run(vendor, call_for(MODELS["sdcpp/loaded"], prompt=prompt))
        assert vendor.drawn[0]["prompt"].strip() == prompt
        assert done.notes == ()


@pytest.mark.parametrize(
    ("prompt", "negative", "told"),
    [
        ("a cat", "", ("a cat", "")),
        ("a cat", "rain", ("a cat", "rain")),
        ("a cat|dog", "", ("a cat¦dog", "")),
        ("a|b|c", "x|y", ("a¦b¦c", "x¦y")),
    ],
)
async def test_a_bar_in_the_words_does_not_split_localais_prompt(
    prompt: str, negative: str, told: tuple[str, str]
) -> None:
    async with speaking("localai") as vendor:
        done = await run(vendor, call_for(MODELS["localai/stablediffusion"], prompt=prompt, negative=negative))
        assert (vendor.drawn[0]["prompt"], vendor.drawn[0]["negative_prompt"]) == told
        assert bool(done.notes) == ("|" in prompt + negative)


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name not in ("sdcpp", "localai")])
async def test_everybody_else_gets_the_prompt_byte_by_byte(dialect: str) -> None:
    prompt = 'a | b <sd_cpp_extra_args>{"seed": 1}</sd_cpp_extra_args>\n\n  c'
    async with speaking(dialect) as vendor:
        await run(vendor, call_for(CATALOGUES[dialect].models[0], prompt=prompt))
        assert vendor.drawn[0]["prompt"] == prompt


# --- Edits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", EDITING, ids=lambda model: model.key)
async def test_every_model_that_edits_is_sent_the_picture(model: Model) -> None:
    async with speaking(model.provider) as vendor:
        call = call_for(model, count=model.capabilities.max_count, source_id="image-1", images=(SOURCE,))
        done = await run(vendor, call)
        assert len(done.pictures) == model.capabilities.max_count
        assert SOURCE in sources(vendor)
        assert (vendor.billable, vendor.submissions) == (1, 1)


def sources(vendor: OpenAICompatEmulator) -> list[bytes]:
    """Return the source pictures that came, whatever way."""
    seen = vendor.seen[0]
    if seen.is_multipart:
        return [data for _, _, data in seen.form["image[]"]]
    found = [seen.json.get("file"), seen.json.get("image"), *seen.json.get("reference_images", [])]
    return [base64.b64decode(text.rpartition(",")[2]) for text in found if text]


async def test_a_form_names_type_and_kind_of_each_picture(vendor: OpenAICompatEmulator) -> None:
    other = picture("another", mime="image/jpeg")
    await run(vendor, call_for(count=2, source_id="image-1", images=(SOURCE, other)))
    form = vendor.seen[0].form
    assert [(name, mime) for name, mime, _ in form["image[]"]] == [
        ("image-0.png", "image/png"),
        ("image-1.jpeg", "image/jpeg"),
    ]
    assert {name: form[name] for name in form if name != "image[]"} == {
        "prompt": [WORDS],
        "model": ["gpt-image-2"],
        "n": ["2"],
        "size": ["1024x1024"],
        "quality": ["low"],
        "output_format": ["png"],
    }


@pytest.mark.parametrize("model", MASKING, ids=lambda model: model.key)
async def test_the_mask_has_the_vendors_polarity_by_pixel(model: Model) -> None:
    async with speaking(model.provider) as vendor:
        await run(vendor, call_for(model, source_id="image-1", images=(SOURCE,), mask=mask_of()))
        seen = vendor.seen[0]
        name = "mask[]" if model.provider == "imagerouter" else "mask"
        data = seen.form[name][0][2] if seen.is_multipart else base64.b64decode(seen.json["mask"].rpartition(",")[2])
    with Pillow.open(io.BytesIO(data)) as sent:
        change, keep = sent.getpixel((5, 5)), sent.getpixel((60, 5))
    if model.provider in ("sdcpp", "recraft"):
        assert (sent.mode, change, keep) == ("L", 255, 0)
    else:
        assert (sent.mode, change, keep) == ("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))


async def test_recraft_edits_keep_the_sources_size_and_take_a_strength() -> None:
    model = MODELS["recraft/recraftv3"]
    async with speaking("recraft") as vendor:
        done = await run(vendor, call_for(model, seed=77, strength=0.3, source_id="image-1", images=(SOURCE,)))
        body = vendor.seen[0].json
    assert (body["strength"], set(body) & {"size", "random_seed"}) == (0.3, set())
    assert done.notes == (
        "Size: asked for 1024 × 1024, sent as the source picture's own size.",
        "Seed: not supported by this model, not sent.",
    )
    assert done.pictures[0].seed is None


async def test_repainting_a_mask_at_recraft_has_its_own_address() -> None:
    model = MODELS["recraft/recraftv3"]
    async with speaking("recraft") as vendor:
        done = await run(vendor, call_for(model, source_id="image-1", images=(SOURCE,), mask=mask_of()))
        assert vendor.seen[0].path == "/v1/images/inpaint"
    assert "Strength: not supported by this model, not sent." in done.notes


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("recraft/recraftv4_1", {"images": (SOURCE,)}),
        ("together/flux-1-schnell", {"images": (SOURCE,)}),
        ("vllm/loaded", {"images": (SOURCE,), "mask": mask_of()}),
        ("localai/stablediffusion", {"images": (SOURCE,), "mask": mask_of()}),
        ("openai/gpt-image-2-low", {"mask": mask_of()}),
    ],
)
async def test_what_a_model_cannot_do_is_never_faked(key: str, changes: dict[str, Any]) -> None:
    async with speaking(key.partition("/")[0]) as vendor:
        caught = await fail(vendor, call_for(MODELS[key], **changes))
        assert (caught.kind, caught.billed) == (ErrorKind.UNSUPPORTED, "no")
        assert not vendor.seen


# --- The bill -----------------------------------------------------------------------------------------------------------


async def test_the_bill_is_counted_from_the_tokens(vendor: OpenAICompatEmulator) -> None:
    vendor.scenario.extra["usage"] = {
        "input_tokens": 1_510,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 1_500},
        "output_tokens": 272,
    }
    assert (await run(vendor, call_for())).cost_micro_usd == 50 + 12_000 + 8_160
    assert "tokens" not in vendor.seen[0].json


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        (None, None),
        ({}, None),
        ({"input_tokens": "many", "output_tokens": 1}, None),
        ({"input_tokens": 1, "output_tokens": 0}, 8),
        ({"input_tokens": 0, "output_tokens": 1}, 30),
        ({"input_tokens": 1, "input_tokens_details": {"text_tokens": 5}, "output_tokens": 0}, 5),
    ],
)
async def test_tokens_that_are_not_all_told_are_never_guessed_too_low(
    vendor: OpenAICompatEmulator, usage: Any, micros: int | None
) -> None:
    vendor.scenario.extra["usage"] = usage
    assert (await run(vendor, call_for())).cost_micro_usd == micros


@pytest.mark.parametrize("model", CATALOGUES["openai"].models, ids=lambda model: model.id)
async def test_an_emulated_bill_stays_below_the_quote(vendor: OpenAICompatEmulator, model: Model) -> None:
    done = await run(vendor, call_for(model, count=4, source_id="image-1", images=(SOURCE,)))
    assert done.cost_micro_usd is not None
    assert done.cost_micro_usd <= 4 * model.price.of_picture(1024, 1024, 1)


@pytest.mark.parametrize(
    ("dialect", "reported", "micros"),
    [
        ("recraft", 35, 35_000),
        ("recraft", 3.5, 3_500),
        ("recraft", True, None),
        ("recraft", "35", None),
        ("imagerouter", 0.0336, 33_600),
        ("imagerouter", 0, 0),
        ("imagerouter", -1, None),
    ],
)
async def test_a_reported_cost_is_the_cost(dialect: str, reported: Any, micros: int | None) -> None:
    async with speaking(dialect) as vendor:
        vendor.scenario.cost = reported
        assert (await run(vendor, call_for(CATALOGUES[dialect].models[0]))).cost_micro_usd == micros


@pytest.mark.parametrize("dialect", ["recraft", "imagerouter", "localai", "sdcpp", "vllm", "sglang", "together"])
async def test_no_reported_cost_is_no_cost_known(dialect: str) -> None:
    async with speaking(dialect) as vendor:
        vendor.scenario.extra["no_cost"] = True
        assert (await run(vendor, call_for(CATALOGUES[dialect].models[0]))).cost_micro_usd is None


# --- Pictures -----------------------------------------------------------------------------------------------------------


async def test_the_vendors_id_of_the_request_is_kept(vendor: OpenAICompatEmulator) -> None:
    assert (await run(vendor, call_for())).request_id == "req-1"


@pytest.mark.parametrize(("came", "kept"), [(2, 2), (6, 4)])
async def test_fewer_pictures_are_delivered_and_more_are_left_out(
    vendor: OpenAICompatEmulator, came: int, kept: int
) -> None:
    vendor.scenario.count = came
    assert len((await run(vendor, call_for(count=4))).pictures) == kept


async def test_one_unreadable_picture_does_not_cost_the_others(vendor: OpenAICompatEmulator) -> None:
    good = base64.b64encode(SOURCE).decode()
    vendor.scenario.fail("submit", 200, {"data": [{"b64_json": "###"}, {"b64_json": good}, {}]})
    assert [one.data for one in (await run(vendor, call_for(count=3))).pictures] == [SOURCE]


@pytest.mark.parametrize("dialect", ["localai", "together", "recraft", "imagerouter", "sglang"])
async def test_addresses_instead_of_pictures_are_fetched_without_the_key(dialect: str) -> None:
    async with speaking(dialect) as vendor:
        vendor.scenario.extra["urls"] = True
        done = await run(vendor, call_for(CATALOGUES[dialect].models[0]))
        assert [one.data for one in done.pictures] == [picture(WORDS)]
        assert [seen.method for seen in vendor.seen] == ["POST", "GET"]
        assert vendor.keys_seen("authorization") == [f"Bearer {KEY}"]
        assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_a_data_address_is_read_in_place(vendor: OpenAICompatEmulator) -> None:
    url = f"data:image/png;base64,{base64.b64encode(SOURCE).decode()}"
    vendor.scenario.fail("submit", 200, {"data": [{"url": url}]})
    assert (await run(vendor, call_for())).pictures[0].data == SOURCE


async def test_an_allowed_picture_host_is_fetched_from_without_the_key() -> None:
    cdn = OpenAICompatEmulator(prefix="/cdn", drawn=[{"prompt": WORDS}])
    async with speaking("recraft") as vendor, served(cdn) as origin:
        vendor.scenario.extra.update(urls=True, host=cdn.url)
        catalogue = replace(CATALOGUES["recraft"], download_hosts=(origin.removeprefix("http://"),))
        done = await run(vendor, call_for(catalogue.models[0]), catalogue=catalogue)
    assert done.pictures[0].data == picture(WORDS)
    assert cdn.keys_seen("authorization") == []


@pytest.mark.parametrize("kind", ["decoy", "https://example.com", "http://169.254.169.254", "file:///etc"])
async def test_a_foreign_address_is_never_visited(kind: str) -> None:
    decoy = OpenAICompatEmulator(prefix="/decoy", drawn=[{"prompt": WORDS}])
    async with speaking("together") as vendor, served(decoy):
        vendor.scenario.extra.update(urls=True, host=decoy.url if kind == "decoy" else kind)
        caught = await fail(vendor, call_for(MODELS["together/flux-2-pro"]))
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "yes")
    assert not decoy.seen
    assert (vendor.billable, vendor.submissions) == (1, 1)


@pytest.mark.parametrize("status", [403, 404, 410, 500])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_failing_download_is_tried_once_more_and_nothing_is_bought_again(status: int, times: int) -> None:
    async with speaking("localai") as vendor:
        vendor.scenario.extra["urls"] = True
        vendor.scenario.fail("download", status, times=times)
        call = call_for(MODELS["localai/stablediffusion"])
        if times == 1:
            assert len((await run(vendor, call)).pictures) == 1
        else:
            caught = await fail(vendor, call)
            assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "yes")
        assert [seen.method for seen in vendor.seen] == ["POST", "GET", "GET"]
        assert (vendor.billable, vendor.submissions) == (1, 1)


@pytest.mark.parametrize("body", [b"<html>no picture</html>", SOURCE[: len(SOURCE) // 2]], ids=["html", "truncated"])
async def test_bytes_are_passed_on_as_they_are(vendor: OpenAICompatEmulator, body: bytes) -> None:
    vendor.scenario.body = body
    assert (await run(vendor, call_for())).pictures[0].data == body


# --- No picture ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "stage"),
    [
        (400, MODERATED, "input"),
        (400, OLD_MODERATED, "input"),
        (400, AZURE_MODERATED, "input"),
        (400, OUTPUT_MODERATED, "output"),
        (422, TOGETHER_MODERATED, "input"),
        (403, error(code="content_moderation"), "input"),
        (400, error("Your request was rejected by our safety system."), "input"),
        (400, {"code": "content_policy_violation", "message": "vendor text"}, "input"),
        (200, {"data": [], **MODERATED}, "input"),
    ],
)
async def test_every_refusal_is_one_and_costs_nothing(
    vendor: OpenAICompatEmulator, status: int, body: Any, stage: str
) -> None:
    vendor.scenario.fail("submit", status, body)
    caught = await fail(vendor)
    assert (caught.kind, caught.stage, caught.billed) == (ErrorKind.REFUSED, stage, "no")
    assert (vendor.billable, vendor.submissions) == (0, 1)


@pytest.mark.parametrize(
    "body",
    [{"data": []}, {}, [], {"data": None}, {"data": [{}]}, {"data": ["text"]}, {"data": {"a": 1}}, "text", error()],
    ids=str,
)
async def test_an_answer_without_a_picture_is_lost_and_nobody_knows_the_bill(
    vendor: OpenAICompatEmulator, body: Any
) -> None:
    vendor.scenario.fail("submit", 200, body)
    caught = await fail(vendor)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert vendor.submissions == 1


async def test_bytes_that_are_no_base64_are_lost(vendor: OpenAICompatEmulator) -> None:
    vendor.scenario.fail("submit", 200, {"data": [{"b64_json": "###"}]})
    caught = await fail(vendor)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "yes")


# --- Errors -------------------------------------------------------------------------------------------------------------

ERRORS = [
    (400, (ErrorKind.INVALID, "no")),
    (401, (ErrorKind.AUTH, "no")),
    (402, (ErrorKind.QUOTA, "no")),
    (403, (ErrorKind.AUTH, "no")),
    (404, (ErrorKind.UNSUPPORTED, "no")),
    (408, (ErrorKind.TRANSIENT, "unknown")),
    (409, (ErrorKind.INVALID, "no")),
    (413, (ErrorKind.INVALID, "no")),
    (422, (ErrorKind.INVALID, "no")),
    (429, (ErrorKind.RATE, "no")),
    (500, (ErrorKind.TRANSIENT, "unknown")),
    (502, (ErrorKind.TRANSIENT, "unknown")),
    (503, (ErrorKind.TRANSIENT, "no")),
    (504, (ErrorKind.TRANSIENT, "unknown")),
]


@pytest.mark.parametrize("body", [error(), {"error": "vendor text"}, {"code": "x", "message": "vendor text"}, None])
@pytest.mark.parametrize(("status", "meaning"), ERRORS)
async def test_every_status_is_one_of_our_kinds_and_sent_once(
    vendor: OpenAICompatEmulator, status: int, meaning: tuple[ErrorKind, str], body: Any
) -> None:
    vendor.scenario.fail("submit", status, body)
    caught = await fail(vendor)
    assert (caught.kind, caught.billed) == meaning
    assert (vendor.billable, vendor.submissions) == (0, 1)


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, QUOTA), (400, error(code="billing_hard_limit_reached")), (429, error(kind="insufficient_quota"))],
)
async def test_used_up_credit_is_no_rate_limit(vendor: OpenAICompatEmulator, status: int, body: Any) -> None:
    vendor.scenario.fail("submit", status, body, headers={"retry-after": "1"})
    caught = await fail(vendor)
    assert (caught.kind, caught.billed, caught.retry_after_s) == (ErrorKind.QUOTA, "no", None)


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ({"retry-after": "1"}, LIMITED, 1.0),
        ({"retry-after": "40"}, error(), 40.0),
        ({"retry-after": "400"}, error(), 400.0),
        ({"retry-after-ms": "1500"}, LIMITED, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, error(), 0.0),
        ({}, LIMITED, 12.0),
        ({}, error("Please retry in 250ms"), 0.25),
        ({}, error("resets in ~2m"), 120.0),
        ({}, error(), None),
    ],
)
async def test_the_wait_is_read_from_headers_or_words(
    vendor: OpenAICompatEmulator, headers: dict[str, str], body: Any, wait_s: float | None
) -> None:
    vendor.scenario.fail("submit", 429, body, headers=headers)
    caught = await fail(vendor)
    assert (caught.kind, caught.retry_after_s) == (ErrorKind.RATE, wait_s)
    assert vendor.submissions == 1


@pytest.mark.parametrize(
    ("dialect", "status", "body", "is_retired"),
    [
        ("openai", 404, NO_MODEL, True),
        ("together", 404, error(), True),
        ("vllm", 404, NO_MODEL, True),
        ("vllm", 404, {"detail": "Not Found"}, False),
        ("azure", 404, error(code="DeploymentNotFound"), False),
        ("openai", 403, NO_MODEL, False),
    ],
)
async def test_only_a_model_that_is_gone_is_retired(dialect: str, status: int, body: Any, is_retired: bool) -> None:
    async with speaking(dialect) as vendor:
        vendor.scenario.fail("submit", status, body)
        caught = await fail(vendor, call_for(CATALOGUES[dialect].models[0]))
        assert caught.is_retired == is_retired


async def test_a_model_that_the_vendor_dropped_is_retired(vendor: OpenAICompatEmulator) -> None:
    caught = await fail(vendor, call_for(replace(LOW, remote="gpt-image-1")))
    assert (caught.kind, caught.is_retired, vendor.submissions) == (ErrorKind.UNSUPPORTED, True, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"response_format": "b64_json"},
        {"style": "vivid"},
        {"seed": 1},
        {"quality": "xhigh"},
        {"size": "1000x1000"},
        {"size": "512x512"},
        {"size": "2048x512"},
        {"n": 11},
        {"background": "transparent", "output_format": "jpeg"},
    ],
    ids=str,
)
async def test_what_the_vendor_does_not_take_is_an_invalid_request(
    vendor: OpenAICompatEmulator, options: dict[str, Any]
) -> None:
    caught = await fail(vendor, call_for(replace(LOW, options=options)))
    assert (caught.kind, caught.billed) == (ErrorKind.INVALID, "no")
    assert (vendor.billable, vendor.submissions) == (0, 0)


async def test_a_wrong_key_is_auth(vendor: OpenAICompatEmulator) -> None:
    caught = await fail(vendor, key="another-key")
    assert caught.kind is ErrorKind.AUTH
    assert "another-key" not in str(caught)


@pytest.mark.parametrize("images", [(), (SOURCE,)], ids=["text", "edit"])
async def test_a_dropped_connection_may_have_been_billed(
    vendor: OpenAICompatEmulator, images: tuple[bytes, ...]
) -> None:
    vendor.scenario.drop.append("submit")
    caught = await fail(vendor, call_for(images=images))
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "unknown")
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_an_answer_too_late_may_have_been_billed(vendor: OpenAICompatEmulator) -> None:
    vendor.scenario.latency_s = 5
    caught = await fail(vendor, read_s=0.1)
    assert (caught.kind, caught.billed) == (ErrorKind.TIMEOUT, "unknown")
    assert vendor.submissions == 1


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    provider = OpenAICompatProvider(CATALOGUES["openai"], Opening(key=KEY, url="http://127.0.0.1:9"))
    with pytest.raises(ProviderError) as caught:
        _ = [event async for event in provider.generate(call_for())]
    assert (caught.value.kind, caught.value.billed) == (ErrorKind.TRANSIENT, "no")
    await provider.close()


# --- The rest of the port -----------------------------------------------------------------------------------------------


async def test_nothing_can_be_resumed_cancelled_or_previewed(vendor: OpenAICompatEmulator) -> None:
    async with opened(vendor) as provider:
        with pytest.raises(ProviderError) as caught:
            _ = [event async for event in provider.resume(call_for(), "anything")]
        assert caught.value.kind is ErrorKind.UNSUPPORTED
        assert await provider.cancel(LOW, "anything") == "unsupported"
        assert await provider.preview(call_for().request, 1) is None
        assert (provider.id, provider.models()) == ("openai", CATALOGUES["openai"].models)
    assert not vendor.seen


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.key)
def test_no_model_promises_what_the_adapter_does_not_do(model: Model) -> None:
    able = model.capabilities
    assert (able.resumes, able.cancels) == (False, "none")
    assert able.takes_mask == (Task.INPAINT in able.tasks)
    assert json.dumps({name: value for name, value in model.options.items() if name != "tokens"})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_unknown_about_data_stays_unknown(dialect: str) -> None:
    policy = CATALOGUES[dialect].models[0].policy
    if dialect in ("localai", "sdcpp", "vllm", "sglang"):
        assert (policy.region, policy.trains, policy.human_review, policy.retention_hours) == (
            "local",
            Known.NO,
            Known.NO,
            0,
        )
    elif dialect == "openai":
        assert (policy.region, policy.trains, policy.retention_hours) == ("us", Known.NO, 720)
    else:
        assert (policy.region, policy.retention_hours) == ("global", None)
        assert policy.trains is (Known.NO if dialect == "azure" else Known.UNKNOWN)


def test_a_model_near_its_end_says_when() -> None:
    ends = {model.key: str(model.retires_on) for model in MODELS.values() if model.remote == "gpt-image-1.5"}
    assert ends == {"openai/gpt-image-1.5": "2026-12-01", "azure/gpt-image-1.5": "2026-12-16"}
