"""A server of one's own: progress while it draws, and an interrupt that never hits somebody else's picture."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers import sdapi
from imageroute_app.domain.catalog import Model, Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Done,
    ErrorKind,
    Progress,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Submitted,
)
from tests.emulators.kit import VirtualClock, picture, served
from tests.emulators.sdapi import OUT_OF_MEMORY, UNPROCESSABLE, SdapiEmulator

CATALOGUE = read_catalogue(Path(sdapi.__file__).with_name("sdapi.toml"))
LOADED = CATALOGUE.models[0]
SECRET_WORDS = "a lighthouse nobody may hear of"
OURS = "task(imageroute-call-1)"
OUR_REF = json.dumps({"task": OURS}, separators=(",", ":"))
DIALECTS = ["webui", "silent"]


@pytest.fixture
async def server() -> AsyncIterator[SdapiEmulator]:
    emulator = SdapiEmulator()
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(server: SdapiEmulator) -> AsyncIterator[sdapi.SdapiProvider]:
    opened = open_provider(server)
    yield opened
    await opened.close()


def open_provider(server: SdapiEmulator, *, key: str = "", read_s: float = 5.0) -> sdapi.SdapiProvider:
    return sdapi.SdapiProvider(CATALOGUE, Opening(key=key, url=server.url, sleep=VirtualClock().sleep), read_s=read_s)


def call_for(model: Model = LOADED, *, count: int = 1, **changes: Any) -> ProviderCall:
    asked = {name: changes.pop(name) for name in list(changes) if name not in ("images", "mask")}
    request = Request(prompt=SECRET_WORDS, provider="sdapi", model=model.id, **{"width": 1024, "height": 1024, **asked})
    return ProviderCall(id="call-1", model=model, prompt=SECRET_WORDS, request=request, count=count, seed=77, **changes)


async def all_of(provider: sdapi.SdapiProvider, call: ProviderCall) -> list[ProviderEvent]:
    return [event async for event in provider.generate(call)]


async def run(provider: sdapi.SdapiProvider, call: ProviderCall) -> Done:
    events = await all_of(provider, call)
    assert events[0] == Submitted(job_ref=OUR_REF)
    assert isinstance(events[-1], Done)
    return events[-1]


async def fail(provider: sdapi.SdapiProvider, call: ProviderCall | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await run(provider, call or call_for())
    assert caught.value.billed == "no"
    assert "vendor text" not in str(caught.value)
    assert SECRET_WORDS not in str(caught.value)
    return caught.value


async def until(server: SdapiEmulator, task: str) -> None:
    """Wait until a task runs at the server; a bound instead of a hang."""
    async with asyncio.timeout(60):
        while server.current != task:
            await asyncio.sleep(0)


def body_of(server: SdapiEmulator) -> Any:
    return next(seen.json for seen in server.seen if seen.path.endswith("2img"))


# --- Success ------------------------------------------------------------------------------------------------------------


async def test_sends_the_exact_words_and_saves_nothing_there(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    done = await run(provider, call_for(negative="rain"))
    assert [(one.data, one.seed) for one in done.pictures] == [(picture(SECRET_WORDS), 77)]
    assert (done.cost_micro_usd, done.notes, done.refused) == (0, (), 0)
    assert body_of(server) == {
        "prompt": SECRET_WORDS,
        "negative_prompt": "rain",
        "width": 1024,
        "height": 1024,
        "seed": 77,
        "batch_size": 1,
        "n_iter": 1,
        "steps": 25,
        "send_images": True,
        "save_images": False,
        "force_task_id": OURS,
    }
    assert (server.submissions, server.interrupts) == (1, [])


@pytest.mark.parametrize("grid", [False, True, "unsaid"])
async def test_several_pictures_come_without_their_grid(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, grid: bool | str
) -> None:
    server.scenario.extra["grid"] = grid
    done = await run(provider, call_for(count=3))
    expected = [(picture(SECRET_WORDS, number=number), 77 + number) for number in range(3)]
    assert [(one.data, one.seed) for one in done.pictures] == expected
    assert server.submissions == 1


async def test_a_detection_map_is_no_picture(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    server.scenario.extra["map"] = True
    assert [one.data for one in (await run(provider, call_for())).pictures] == [picture(SECRET_WORDS)]


async def test_a_size_is_rounded_to_steps_of_eight_and_noted(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    done = await run(provider, call_for(width=1001, height=515))
    assert (body_of(server)["width"], body_of(server)["height"]) == (1000, 512)
    assert done.notes == ("Size: asked for 1001 × 515, sent as 1000 × 512.",)


async def test_a_named_checkpoint_is_asked_for(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    await run(provider, call_for(replace(LOADED, remote="sd_xl_base_1.0")))
    assert body_of(server)["override_settings"] == {"sd_model_checkpoint": "sd_xl_base_1.0"}


async def test_info_that_cannot_be_read_leaves_the_seed_unknown(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    image = base64.b64encode(picture(SECRET_WORDS)).decode()
    server.scenario.fail("submit", 200, {"images": [image], "info": "{"})
    done = await run(provider, call_for())
    assert [(one.data, one.seed) for one in done.pictures] == [(picture(SECRET_WORDS), None)]


# --- Edits --------------------------------------------------------------------------------------------------------------


async def test_an_edit_sends_the_picture_and_the_strength(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    source = picture("a source")
    done = await run(provider, call_for(source_id="image-1", strength=0.35, images=(source,)))
    body = body_of(server)
    assert server.seen[0].path == "/sdapi/v1/img2img"
    assert base64.b64decode(body["init_images"][0]) == source
    assert body["denoising_strength"] == 0.35
    assert "mask" not in body
    assert done.notes == ()


async def test_a_mask_is_white_where_the_picture_may_change(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    mask = Pillow.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    file = io.BytesIO()
    mask.save(file, "PNG")
    await run(provider, call_for(source_id="image-1", images=(picture("a source"),), mask=file.getvalue()))
    body = body_of(server)
    with Pillow.open(io.BytesIO(base64.b64decode(body["mask"]))) as sent:
        assert (sent.getpixel((5, 5)), sent.getpixel((60, 5))) == (0, 255)
    assert (body["inpainting_mask_invert"], body["inpaint_full_res"]) == (0, False)


# --- Progress -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_progress_grows_while_the_post_blocks(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, dialect: Any
) -> None:
    server.dialect, server.scenario.queue_polls = dialect, 8
    events = await all_of(provider, call_for())
    shown = [event for event in events if isinstance(event, Progress) and event.stage == "running"]
    fractions = [event.fraction for event in shown if event.fraction is not None]
    assert len(fractions) >= 3
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert server.submissions == 1


async def test_somebody_elses_progress_is_not_ours(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    server.scenario.extra.update(hold=True, fraction=0.5)
    other = asyncio.create_task(server.draw("task(other)", "their words"))
    await until(server, "task(other)")
    events: list[ProviderEvent] = []
    async for event in provider.generate(call_for()):
        events.append(event)
        if len(events) == 4:
            assert [event.stage for event in events if isinstance(event, Progress)] == ["queued"] * 3
            await server.release()
    assert isinstance(events[-1], Done)
    assert await other == [picture("their words")]


@pytest.mark.parametrize("times", [2, 5, 50])
async def test_progress_that_cannot_be_asked_for_costs_no_picture(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, times: int
) -> None:
    server.scenario.latency_s = 0.2
    server.scenario.fail("poll", 500, times=times)
    assert len((await run(provider, call_for())).pictures) == 1
    assert sum(seen.path.endswith("/progress") for seen in server.seen) < 1000
    assert server.submissions == 1


async def test_a_server_without_progress_is_asked_five_times(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.scenario.latency_s = 0.3
    server.dialect = "silent"
    server.scenario.fail("poll", 500, times=10_000)
    await run(provider, call_for())
    assert sum(seen.path == "/sdapi/v1/progress" for seen in server.seen) == 6  # and once after the answer


# --- Stopping -----------------------------------------------------------------------------------------------------------


async def test_our_running_picture_is_interrupted(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    server.scenario.extra.update(hold=True, fraction=0.5)
    ours = asyncio.create_task(all_of(provider, call_for()))
    await until(server, OURS)
    ours.cancel()
    await asyncio.gather(ours, return_exceptions=True)
    assert await provider.cancel(LOADED, OUR_REF) == "stopped"
    assert server.interrupts == [OURS]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_interrupt_never_hits_somebody_elses_picture(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, dialect: Any
) -> None:
    server.dialect = dialect
    server.scenario.extra.update(hold=True, fraction=0.5)
    other = asyncio.create_task(server.draw("task(other)", "their words"))
    await until(server, "task(other)")
    ours = asyncio.create_task(all_of(provider, call_for()))
    async with asyncio.timeout(60):
        while OURS not in server.pending:
            await asyncio.sleep(0)
    ours.cancel()
    await asyncio.gather(ours, return_exceptions=True)
    assert await provider.cancel(LOADED, OUR_REF) == "unsupported"
    assert server.interrupts == []
    await server.release()
    assert await other == [picture("their words")]


async def test_a_server_that_cannot_say_whose_picture_runs_is_not_interrupted(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.dialect = "silent"
    server.scenario.extra.update(hold=True, fraction=0.5)
    running = asyncio.create_task(server.draw(OURS, "our words"))
    await until(server, OURS)
    assert await provider.cancel(LOADED, OUR_REF) == "unsupported"
    assert server.interrupts == []
    await server.release()
    assert await running == [picture("our words")]


async def test_a_picture_that_is_nearly_done_is_left_to_finish(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.scenario.extra.update(hold=True, fraction=0.95)
    running = asyncio.create_task(server.draw(OURS, "our words"))
    await until(server, OURS)
    assert await provider.cancel(LOADED, OUR_REF) == "too_late"
    assert server.interrupts == []
    await server.release()
    await running


async def test_a_picture_that_is_done_is_too_late_to_stop(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    await run(provider, call_for())
    assert await provider.cancel(LOADED, OUR_REF) == "too_late"
    assert server.interrupts == []


@pytest.mark.parametrize("job_ref", ["", "{", "[]", "{}", '{"task":7}', '{"task":""}'])
async def test_a_reference_that_names_no_task_stops_nothing(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, job_ref: str
) -> None:
    server.scenario.extra.update(hold=True, fraction=0.5)
    running = asyncio.create_task(server.draw("task(other)", "their words"))
    await until(server, "task(other)")
    assert await provider.cancel(LOADED, job_ref) == "unsupported"
    assert server.interrupts == []
    await server.release()
    await running


@pytest.mark.parametrize("place", ["poll", "cancel"])
async def test_a_cancel_that_fails_is_unsupported(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, place: Any
) -> None:
    server.scenario.extra.update(hold=True, fraction=0.5)
    server.scenario.fail(place, 500)
    running = asyncio.create_task(server.draw(OURS, "our words"))
    await until(server, OURS)
    assert await provider.cancel(LOADED, OUR_REF) == "unsupported"
    await server.release()
    await running


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_half_done_picture_is_not_passed_on(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, dialect: Any
) -> None:
    server.dialect = dialect
    server.scenario.extra.update(hold=True, fraction=0.5)
    ours = asyncio.create_task(fail(provider, call_for(count=2)))
    await until(server, OURS)
    server._interrupt()  # by somebody at the server's own page
    assert (await ours).kind is ErrorKind.CANCELLED
    assert server.submissions == 1


async def test_an_interrupt_of_ours_is_seen_while_it_runs(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    server.scenario.extra.update(hold=True, linger=True, fraction=0.5)
    ours = asyncio.create_task(fail(provider))
    await until(server, OURS)
    server._interrupt()
    async with asyncio.timeout(60):
        assert (await ours).kind is ErrorKind.CANCELLED
    await server.release()


async def test_an_interrupt_of_the_next_picture_is_not_taken_for_ours(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    image = base64.b64encode(picture(SECRET_WORDS)).decode()
    server.scenario.fail("submit", 200, {"images": [image], "info": "{}"})
    server.current, server.is_interrupted = "task(other)", True
    assert len((await run(provider, call_for())).pictures) == 1


@pytest.mark.parametrize(
    ("standing", "event"),
    [
        (sdapi.Standing(is_ours=True, fraction=0.5), Progress(stage="running", fraction=0.5)),
        (sdapi.Standing(is_ours=None, fraction=0.5), Progress(stage="running", fraction=0.5)),
        (sdapi.Standing(is_ours=False, fraction=0.5), Progress(stage="queued")),
        (sdapi.Standing(is_ours=False, is_finished=True), Progress(stage="running")),
    ],
)
def test_a_standing_is_told_as_progress(standing: sdapi.Standing, event: Progress) -> None:
    assert standing.progress == event


async def test_an_interrupt_of_another_picture_leaves_ours_alone(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.is_interrupted = True  # somebody's, before ours began
    assert len((await run(provider, call_for())).pictures) == 1


async def test_leaving_closes_the_connection_and_nothing_is_left_behind(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.scenario.extra.update(hold=True, fraction=0.5)
    events = provider.generate(call_for())
    assert await anext(events) == Submitted(job_ref=OUR_REF)
    assert isinstance(await anext(events), Progress)
    before = len(asyncio.all_tasks())
    async with asyncio.timeout(60):
        await events.aclose()  # pyright: ignore[reportAttributeAccessIssue] - it is an async generator
    assert len(asyncio.all_tasks()) < before
    assert server.interrupts == []
    await server.release()


# --- Errors -------------------------------------------------------------------------------------------------------------

ERRORS = [
    (401, {"detail": "vendor text"}, ErrorKind.AUTH),
    (404, {"detail": "Not Found"}, ErrorKind.UNSUPPORTED),
    (422, UNPROCESSABLE, ErrorKind.INVALID),
    (429, {}, ErrorKind.RATE),
    (500, OUT_OF_MEMORY, ErrorKind.INVALID),
    (500, {"error": "RuntimeError", "detail": "", "errors": "CUDA out of memory"}, ErrorKind.INVALID),
    (500, {"error": "RuntimeError", "detail": "", "errors": "vendor text"}, ErrorKind.TRANSIENT),
    (502, "<html>vendor text</html>", ErrorKind.TRANSIENT),
    (503, {}, ErrorKind.TRANSIENT),
    (200, {"images": [], "info": "{}"}, ErrorKind.RESULT_LOST),
    (200, {"images": ["###"], "info": "{}"}, ErrorKind.RESULT_LOST),
    (200, {"images": None}, ErrorKind.RESULT_LOST),
    (200, "text", ErrorKind.RESULT_LOST),
]


@pytest.mark.parametrize(("status", "body", "kind"), ERRORS)
async def test_every_failure_is_one_of_our_kinds_free_and_sent_once(
    provider: sdapi.SdapiProvider, server: SdapiEmulator, status: int, body: Any, kind: ErrorKind
) -> None:
    server.scenario.fail("submit", status, body)
    assert (await fail(provider)).kind is kind
    assert (server.submissions, server.billable) == (1, 0)


async def test_too_little_memory_is_told_in_words_that_help(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    server.scenario.fail("submit", 500, OUT_OF_MEMORY)
    assert "memory" in str(await fail(provider))


async def test_a_checkpoint_that_is_not_there_does_not_retire_the_model(
    provider: sdapi.SdapiProvider, server: SdapiEmulator
) -> None:
    caught = await fail(provider, call_for(replace(LOADED, remote="nobody has this")))
    assert (caught.kind, caught.is_retired) == (ErrorKind.UNSUPPORTED, False)
    assert server.submissions == 0


async def test_a_dropped_connection_is_free(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    server.scenario.drop.append("submit")
    assert (await fail(provider)).kind is ErrorKind.TRANSIENT
    assert server.submissions == 1


async def test_an_answer_too_late_is_free(server: SdapiEmulator) -> None:
    server.scenario.extra["hold"] = True
    provider = open_provider(server, read_s=0.2)
    assert (await fail(provider)).kind is ErrorKind.TIMEOUT
    assert server.submissions == 1
    await provider.close()
    await server.release()


async def test_a_server_that_is_off_is_free() -> None:
    clock = VirtualClock()
    provider = sdapi.SdapiProvider(CATALOGUE, Opening(url="http://127.0.0.1:9", sleep=clock.sleep))
    assert (await fail(provider)).kind is ErrorKind.TRANSIENT
    await provider.close()


# --- The key ------------------------------------------------------------------------------------------------------------


async def test_user_and_password_go_as_basic_auth(server: SdapiEmulator) -> None:
    server.auth = "anna:pässword:with:colons"
    provider = open_provider(server, key=server.auth)
    server.scenario.queue_polls = 2
    await run(provider, call_for())
    assert set(server.keys_seen("authorization")) == {"Basic " + base64.b64encode(server.auth.encode()).decode()}
    assert all("anna" not in seen.target for seen in server.seen)
    await provider.close()


@pytest.mark.parametrize("key", ["", "anna:wrong"])
async def test_a_missing_or_wrong_password_is_auth(server: SdapiEmulator, key: str) -> None:
    server.auth = "anna:password"
    provider = open_provider(server, key=key)
    assert (await fail(provider)).kind is ErrorKind.AUTH
    assert server.submissions == 0
    await provider.close()


async def test_without_a_key_no_header_is_sent(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    await run(provider, call_for())
    assert server.keys_seen("authorization") == []


# --- The rest of the port -----------------------------------------------------------------------------------------------


async def test_nothing_can_be_resumed_or_previewed(provider: sdapi.SdapiProvider, server: SdapiEmulator) -> None:
    with pytest.raises(ProviderError) as caught:
        _ = [event async for event in provider.resume(call_for(), OUR_REF)]
    assert caught.value.kind is ErrorKind.UNSUPPORTED
    assert await provider.preview(call_for().request, 1) is None
    assert not server.seen


def test_the_catalogue_is_of_a_server_of_ones_own() -> None:
    assert (CATALOGUE.key, CATALOGUE.url, LOADED.remote) == ("optional", "", "")
    assert (LOADED.is_networked, LOADED.price.basis, LOADED.policy.retention_hours) == (False, "free", 0)
    assert LOADED.capabilities.tasks == {Task.TEXT, Task.EDIT, Task.INPAINT}
    assert (LOADED.capabilities.cancels, LOADED.capabilities.resumes) == ("running", False)
