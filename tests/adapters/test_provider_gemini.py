"""Gemini: one picture a submission, refusals that come as 200, and a key that is never in an address."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers import gemini
from imageroute_app.domain.catalog import Known, Model
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, ProviderCall, ProviderError
from tests.emulators.gemini import (
    BLOCK_REASONS,
    FINISH_REFUSALS,
    KEY,
    RATIOS,
    GeminiEmulator,
    error,
    exhausted,
)
from tests.emulators.kit import VirtualClock, picture, served

FOLDER = Path(gemini.__file__).parent
CATALOGUE = read_catalogue(FOLDER / "gemini.toml")
SECRET_WORDS = "a lighthouse nobody may hear of"


@pytest.fixture
async def vendor() -> AsyncIterator[GeminiEmulator]:
    emulator = GeminiEmulator()
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(vendor: GeminiEmulator) -> AsyncIterator[gemini.GeminiProvider]:
    opened = open_provider(vendor)
    yield opened
    await opened.close()


def open_provider(vendor: GeminiEmulator, *, key: str = KEY, read_s: float = 5.0) -> gemini.GeminiProvider:
    opening = Opening(key=key, url=f"{vendor.url}/v1beta", sleep=VirtualClock().sleep)
    return gemini.GeminiProvider(CATALOGUE, opening, read_s=read_s)


def call_for(model: Model = CATALOGUE.models[0], **changes: Any) -> ProviderCall:
    asked = {name: changes.pop(name) for name in list(changes) if name not in ("images", "mask", "seed_sent")}
    request = Request(
        prompt=SECRET_WORDS, provider="gemini", model=model.id, **{"width": 1024, "height": 1024, **asked}
    )
    seed = changes.pop("seed_sent", request.seed if request.seed is not None else 77)
    return ProviderCall(id="call-1", model=model, prompt=SECRET_WORDS, request=request, count=1, seed=seed, **changes)


async def run(provider: gemini.GeminiProvider, call: ProviderCall) -> Done:
    events = [event async for event in provider.generate(call)]
    assert len(events) == 1
    assert isinstance(events[0], Done)
    return events[0]


async def fail(provider: gemini.GeminiProvider, call: ProviderCall | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await run(provider, call or call_for())
    assert "vendor text" not in str(caught.value)
    assert SECRET_WORDS not in str(caught.value)
    return caught.value


# --- Success ------------------------------------------------------------------------------------------------------------


async def test_sends_the_exact_prompt_and_returns_the_picture(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator
) -> None:
    done = await run(provider, call_for())
    assert [one.data for one in done.pictures] == [picture(SECRET_WORDS)]
    assert (done.notes, done.cost_micro_usd, done.request_id, done.refused) == ((), None, "resp-1", 0)
    assert vendor.seen[0].path == "/v1beta/models/gemini-nano-banana-2.1:generateContent"
    assert vendor.seen[0].json == {
        "contents": [{"role": "user", "parts": [{"text": SECRET_WORDS}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"aspectRatio": "1:1", "imageSize": "1K"},
        },
    }
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_the_key_travels_in_its_header_only(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    await run(provider, call_for())
    seen = vendor.seen[0]
    assert seen.headers["x-goog-api-key"] == KEY
    assert "authorization" not in seen.headers
    assert KEY not in seen.target
    assert KEY.encode() not in seen.body


@pytest.mark.parametrize(("width", "height", "ratio"), [(1344, 768, "16:9"), (768, 1344, "9:16"), (1536, 640, "21:9")])
async def test_a_size_becomes_the_closest_ratio_and_is_noted(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, width: int, height: int, ratio: str
) -> None:
    done = await run(provider, call_for(width=width, height=height))
    assert vendor.seen[0].json["generationConfig"]["imageConfig"]["aspectRatio"] == ratio
    assert done.notes == (f"Size: asked for {width} × {height}, sent as {ratio} at 1K.",)


async def test_the_larger_model_is_asked_for_2k(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    done = await run(provider, call_for(CATALOGUE.models[1]))
    assert vendor.seen[0].json["generationConfig"]["imageConfig"]["imageSize"] == "2K"
    assert done.notes == ("Size: asked for 1024 × 1024, sent as 1:1 at 2K.",)


@pytest.mark.parametrize(
    ("seed", "sent", "notes"),
    [(5, 5, ()), (2**31 + 3, 3, ("Seed: asked for 2147483651, sent as 3.",))],
)
async def test_a_seed_is_sent_when_asked_for(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, seed: int, sent: int, notes: tuple[str, ...]
) -> None:
    done = await run(provider, call_for(seed=seed))
    assert vendor.seen[0].json["generationConfig"]["seed"] == sent
    assert (done.pictures[0].seed, done.notes) == (sent, notes)


async def test_every_option_that_is_dropped_is_noted(provider: gemini.GeminiProvider) -> None:
    done = await run(provider, call_for(negative="rain", source_id="image-1", images=(picture("a source"),)))
    assert done.notes == (
        "Negative prompt: not supported by this model, not sent.",
        "Strength: not supported by this model, not sent.",
    )


async def test_edits_send_every_picture_with_its_type(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    sources = (picture("one"), picture("two", mime="image/jpeg"), picture("three", mime="image/webp"))
    await run(provider, call_for(source_id="image-1", images=sources))
    parts = vendor.seen[0].json["contents"][0]["parts"]
    assert parts[0] == {"text": SECRET_WORDS}
    assert [part["inlineData"]["mimeType"] for part in parts[1:]] == ["image/png", "image/jpeg", "image/webp"]
    assert tuple(base64.b64decode(part["inlineData"]["data"]) for part in parts[1:]) == sources


async def test_a_mask_is_never_faked(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    source = picture("a source")
    caught = await fail(provider, call_for(source_id="image-1", images=(source,), mask=source))
    assert (caught.kind, caught.billed) == (ErrorKind.UNSUPPORTED, "no")
    assert not vendor.seen


async def test_drafts_and_more_than_was_asked_are_left_out(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator
) -> None:
    vendor.scenario.extra.update(draft=True, parts=3)
    done = await run(provider, call_for())
    assert [one.data for one in done.pictures] == [picture(SECRET_WORDS)]


# --- No picture ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [*BLOCK_REASONS, "JAILBREAK"])
async def test_a_blocked_prompt_is_a_refusal_that_costs_nothing(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, reason: str
) -> None:
    vendor.block = reason
    caught = await fail(provider)
    assert (caught.kind, caught.stage, caught.billed) == (ErrorKind.REFUSED, "input", "no")
    assert (vendor.billable, vendor.submissions) == (0, 1)


@pytest.mark.parametrize("reason", FINISH_REFUSALS)
async def test_a_held_back_picture_is_a_refusal(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, reason: str
) -> None:
    vendor.scenario.refuse = reason
    caught = await fail(provider)
    assert (caught.kind, caught.stage, caught.billed) == (ErrorKind.REFUSED, "output", "unknown")
    assert vendor.submissions == 1


@pytest.mark.parametrize(
    "extra",
    [{"reason": "NO_IMAGE"}, {"reason": "IMAGE_OTHER"}, {"reason": "MAX_TOKENS"}, {"text_only": True}, {"parts": 0}],
    ids=str,
)
async def test_an_answer_without_a_picture_is_lost_and_no_refusal(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, extra: dict[str, Any]
) -> None:
    vendor.scenario.extra.update(extra)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_a_draft_alone_is_no_picture(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    vendor.scenario.extra.update(draft=True, parts=0)
    assert (await fail(provider)).kind is ErrorKind.RESULT_LOST


@pytest.mark.parametrize("body", [{}, [], {"candidates": None}, {"candidates": [{"content": None}]}, "text"], ids=str)
async def test_an_answer_of_another_shape_is_lost(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, body: Any
) -> None:
    vendor.scenario.fail("submit", 200, body)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "unknown")


async def test_bytes_that_are_no_base64_are_lost(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "###"}}
    vendor.scenario.fail("submit", 200, {"candidates": [{"content": {"parts": [part]}}]})
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.RESULT_LOST, "yes")


async def test_a_truncated_picture_is_passed_on(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    vendor.scenario.body = picture(SECRET_WORDS)[:40]
    assert (await run(provider, call_for())).pictures[0].data == vendor.scenario.body


# --- Errors -------------------------------------------------------------------------------------------------------------

ERRORS = [
    (400, "INVALID_ARGUMENT", (ErrorKind.INVALID, "no")),
    (400, "FAILED_PRECONDITION", (ErrorKind.AUTH, "no")),
    (401, "UNAUTHENTICATED", (ErrorKind.AUTH, "no")),
    (403, "PERMISSION_DENIED", (ErrorKind.AUTH, "no")),
    (404, "NOT_FOUND", (ErrorKind.UNSUPPORTED, "no")),
    (429, "RESOURCE_EXHAUSTED", (ErrorKind.RATE, "no")),
    (500, "INTERNAL", (ErrorKind.TRANSIENT, "unknown")),
    (503, "UNAVAILABLE", (ErrorKind.TRANSIENT, "no")),
    (504, "DEADLINE_EXCEEDED", (ErrorKind.TRANSIENT, "unknown")),
]


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize(("status", "name", "meaning"), ERRORS)
async def test_every_status_is_one_of_our_kinds_and_sent_once(
    provider: gemini.GeminiProvider,
    vendor: GeminiEmulator,
    status: int,
    name: str,
    meaning: tuple[ErrorKind, str],
    is_wrapped: bool,
) -> None:
    body = error(status, name)[1]
    vendor.scenario.fail("submit", status, [body] if is_wrapped else body)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == meaning
    assert vendor.submissions == 1


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize(("delay", "wait_s"), [("37s", 37.0), ("1.5s", 1.5), ("", None), ("soon", None)])
async def test_the_wait_is_read_from_the_details(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, delay: str, wait_s: float | None, is_wrapped: bool
) -> None:
    vendor.scenario.fail("submit", 429, [exhausted(delay)] if is_wrapped else exhausted(delay))
    caught = await fail(provider)
    assert (caught.kind, caught.retry_after_s) == (ErrorKind.RATE, wait_s)


@pytest.mark.parametrize(
    "quota", ["GenerateRequestsPerDayPerProjectPerModel-FreeTier", "generate_requests_per_day_per_project"]
)
async def test_a_daily_limit_is_quota_not_rate(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator, quota: str
) -> None:
    vendor.scenario.fail("submit", 429, exhausted("37s", quota))
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.QUOTA, "no")


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_wrong_key_is_auth_although_it_comes_as_400(vendor: GeminiEmulator, is_wrapped: bool) -> None:
    vendor.scenario.extra["wrapped"] = is_wrapped
    provider = open_provider(vendor, key="another-key")
    caught = await fail(provider)
    assert caught.kind is ErrorKind.AUTH
    assert "another-key" not in str(caught)
    await provider.close()


async def test_a_model_that_is_gone_is_marked_retired(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    caught = await fail(provider, call_for(CATALOGUE.models[3]))
    assert (caught.kind, caught.is_retired) == (ErrorKind.UNSUPPORTED, True)
    assert vendor.submissions == 0


async def test_a_dropped_connection_may_have_been_billed(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator
) -> None:
    vendor.scenario.drop.append("submit")
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "unknown")
    assert (vendor.billable, vendor.submissions) == (1, 1)


async def test_an_answer_too_late_may_have_been_billed(vendor: GeminiEmulator) -> None:
    vendor.scenario.latency_s = 5
    provider = open_provider(vendor, read_s=0.1)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TIMEOUT, "unknown")
    assert vendor.submissions == 1
    await provider.close()


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    opening = Opening(key=KEY, url="http://127.0.0.1:9/v1beta")
    provider = gemini.GeminiProvider(CATALOGUE, opening)
    caught = await fail(provider)
    assert (caught.kind, caught.billed) == (ErrorKind.TRANSIENT, "no")
    await provider.close()


async def test_a_redirect_is_not_followed(provider: gemini.GeminiProvider, vendor: GeminiEmulator) -> None:
    vendor.scenario.fail("submit", 302, headers={"location": "http://127.0.0.1:9/elsewhere"})
    assert (await fail(provider)).kind is ErrorKind.TRANSIENT
    assert len(vendor.seen) == 1


# --- The rest of the port -----------------------------------------------------------------------------------------------


async def test_nothing_can_be_resumed_cancelled_or_previewed(
    provider: gemini.GeminiProvider, vendor: GeminiEmulator
) -> None:
    with pytest.raises(ProviderError) as caught:
        _ = [event async for event in provider.resume(call_for(), "anything")]
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert await provider.cancel(CATALOGUE.models[0], "anything") == "unsupported"
    assert await provider.preview(call_for().request, 1) is None
    assert not vendor.seen


def test_the_catalogues_say_what_google_says() -> None:
    free = read_catalogue(FOLDER / "gemini_free.toml")
    assert {model.policy.trains for model in CATALOGUE.models} == {Known.NO}
    assert {(model.policy.trains, model.policy.human_review) for model in free.models} == {(Known.YES, Known.YES)}
    assert {model.price.of_picture(1024, 1024) for model in free.models} == {0}
    for model in (*CATALOGUE.models, *free.models):
        able = model.capabilities
        assert (able.max_count, able.resumes, able.cancels, able.takes_mask) == (1, False, "none", False)
        assert able.ratios == RATIOS
    assert [model.id for model in CATALOGUE.models if model.retires_on] == ["gemini-3.1-flash-image"]


async def test_both_tiers_share_the_adapter_under_their_own_ids(vendor: GeminiEmulator) -> None:
    free = read_catalogue(FOLDER / "gemini_free.toml")
    provider = gemini.GeminiProvider(free, Opening(key=KEY, url=f"{vendor.url}/v1beta"))
    assert (provider.id, provider.models()) == ("gemini_free", free.models)
    call = replace(call_for(), model=free.models[0])
    assert len((await run(provider, call)).pictures) == 1
    await provider.close()
