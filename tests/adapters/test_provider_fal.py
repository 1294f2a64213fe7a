"""fal.ai's adapter against its emulator over real loopback HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from imageroute_app.adapters.answers import decode_picture
from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.fal import FalProvider
from imageroute_app.adapters.registry import FOLDER
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Done, ErrorKind, Progress, ProviderCall, ProviderError, ProviderEvent, Submitted
from tests.emulators.fal import POLICY, RULES, FalEmulator, model_error, platform_error
from tests.emulators.kit import Emulator, Reply, Seen, bomb, picture, served

CATALOGUE = read_catalogue(FOLDER / "fal.toml")
KEY = "fal_test"
PROMPT = "a red kite\n\nStyle: line art."


@pytest.fixture
async def emulator() -> AsyncIterator[FalEmulator]:
    emulator = FalEmulator(prefix="/fal")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def provider(emulator: FalEmulator) -> AsyncIterator[FalProvider]:
    provider = FalProvider(CATALOGUE, opening(emulator))
    yield provider
    await provider.close()


def opening(emulator: FalEmulator) -> Opening:
    return Opening(key=KEY, url=emulator.url, sleep=emulator.clock.sleep)


def make_call(model: str = "flux-schnell", *, count: int = 1, images=(), **request) -> ProviderCall:
    facts = {"prompt": "a red kite", "provider": "fal", "model": model, "width": 1024, "height": 1024, **request}
    return ProviderCall(
        id="attempt-1",
        model=next(one for one in CATALOGUE.models if one.id == model),
        prompt=PROMPT,
        request=Request(**facts),
        count=count,
        seed=7,
        images=images,
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


async def submitted(provider, call: ProviderCall | None = None) -> str:
    """Submit and forget, as a process does that dies then; return the job_ref."""
    events = provider.generate(call or make_call())
    event = await anext(events)
    await events.aclose()
    assert isinstance(event, Submitted)
    return event.job_ref


def sent(emulator: FalEmulator) -> Seen:
    return next(seen for seen in emulator.seen if seen.method == "POST")


def looks(emulator: FalEmulator, ending: str = "/status") -> int:
    return sum(seen.method == "GET" and seen.path.endswith(ending) for seen in emulator.seen)


def once(emulator: FalEmulator, billable: int = 1) -> None:
    assert (emulator.submissions, emulator.billable) == (1, billable)


# --- What is sent -----------------------------------------------------------------------------------------------------


async def test_a_picture_comes_back_from_the_right_request(provider, emulator):
    answer = await done(provider.generate(make_call()))
    seen = sent(emulator)
    assert seen.path == "/fal-ai/flux/schnell"
    assert seen.headers["x-fal-request-timeout"] == "120"
    assert seen.json == {
        "prompt": PROMPT,
        "output_format": "png",
        "image_size": {"width": 1024, "height": 1024},
        "seed": 7,
        "num_images": 1,
    }
    assert answer.pictures[0].data == picture(PROMPT)
    assert (answer.pictures[0].seed, answer.notes, answer.cost_micro_usd, answer.refused) == (7, (), None, 0)
    assert answer.request_id in emulator.jobs
    once(emulator)


async def test_nothing_is_kept_and_nothing_is_run_twice(provider, emulator):
    await done(provider.generate(make_call()))
    job = next(iter(emulator.jobs.values()))
    assert (job.is_kept, job.lifetime_s) == (False, 3600)
    for seen in emulator.seen:
        if not seen.path.startswith("/files/"):
            assert (seen.headers["x-fal-store-io"], seen.headers["x-fal-no-retry"]) == ("0", "1")


async def delivered(provider: FalProvider) -> str:
    events = await run(provider.generate(make_call()))
    return next(event.job_ref for event in events if isinstance(event, Submitted))


@pytest.mark.promise("P47", "P37")
async def test_erasing_a_job_is_proven_at_the_addresses_of_its_files_and_the_key_stays_away_from_them(
    provider, emulator
):
    job_ref = await delivered(provider)
    assert await provider.forget(job_ref) == "erased"
    (job,) = emulator.jobs.values()
    assert job.is_erased
    assert [seen.path for seen in emulator.seen if seen.method == "DELETE"] == [
        f"/v1/models/requests/{job.id}/payloads"
    ]
    assert emulator.seen[-1].path.startswith("/files/")
    assert emulator.keys_at_files == 0
    assert await provider.forget(job_ref) == "erased"  # repeatable


@pytest.mark.parametrize(
    ("says", "means"),
    [({"erases": False}, "refused"), ({"erases": "nothing"}, "not_there")],
)
async def test_what_fal_does_not_erase_is_not_called_erased(provider, emulator, says, means):
    job_ref = await delivered(provider)
    emulator.scenario.extra = says
    assert await provider.forget(job_ref) == means
    assert not any(job.is_erased for job in emulator.jobs.values())


async def test_a_file_that_is_still_there_is_not_called_gone(provider, emulator):
    job_ref = await delivered(provider)
    emulator.scenario.extra = {"lingers": True}
    with pytest.raises(ProviderError, match="still has a file"):
        await provider.forget(job_ref)


def test_the_platform_of_the_vendor_is_asked_where_no_other_address_is_set():
    assert FalProvider(CATALOGUE, Opening(key=KEY))._platform == "https://api.fal.ai"
    assert "api.fal.ai" in CATALOGUE.key_hosts


async def test_the_job_is_named_before_anything_else_and_watched_where_fal_says(provider, emulator):
    emulator.scenario.queue_polls = 4
    events = await run(provider.generate(make_call()))
    assert isinstance(events[0], Submitted)
    job_id = next(iter(emulator.jobs))
    base = f"{emulator.url}/fal-ai/flux/requests/{job_id}"
    assert json.loads(events[0].job_ref) == {
        "id": job_id,
        "status": f"{base}/status",
        "result": base,
        "cancel": f"{base}/cancel",
    }
    assert KEY not in events[0].job_ref
    assert [e.stage for e in events if isinstance(e, Progress)] == ["queued"] * 2 + ["running"] * 2 + ["downloading"]
    assert looks(emulator) == 5
    once(emulator)


@pytest.mark.parametrize("model", [one.id for one in CATALOGUE.models])
async def test_every_model_of_the_catalogue_is_understood(provider, emulator, model):
    able = next(one for one in CATALOGUE.models if one.id == model).capabilities
    await done(provider.generate(make_call(model, count=able.max_count, width=1344, height=768)))
    if Task.EDIT in able.tasks:
        await done(provider.generate(make_call(model, images=[picture("source")])))
    assert emulator.billable == emulator.submissions == len(emulator.jobs)


def test_every_rule_of_the_emulator_is_in_the_catalogue():
    edits = {one.options["edit"] for one in CATALOGUE.models if Task.EDIT in one.capabilities.tasks}
    assert {one.remote for one in CATALOGUE.models} | edits == set(RULES)


async def test_several_pictures_are_one_submission(provider, emulator):
    answer = await done(provider.generate(make_call(count=3)))
    assert [one.data for one in answer.pictures] == [picture(PROMPT, number=n) for n in range(3)]
    assert answer.notes == ("Seed: one for all 3 pictures.",)
    once(emulator)


async def test_a_picture_may_stand_in_the_answer_itself(provider, emulator):
    emulator.scenario.extra["result"] = {"images": [{"url": "data:image/png;base64,AAAA"}]}
    assert (await done(provider.generate(make_call()))).pictures[0].data == b"\0\0\0"


async def test_sizes_are_rounded_and_the_receipt_says_so(provider, emulator):
    answer = await done(provider.generate(make_call(width=1000, height=700)))
    assert sent(emulator).json["image_size"] == {"width": 992, "height": 704}
    assert answer.notes == ("Size: asked for 1000 × 700, sent as 992 × 704.",)


async def test_edits_go_to_their_own_path_and_name_what_is_dropped(provider, emulator):
    source = picture("source", mime="image/jpeg")
    call = make_call("flux-2-turbo", images=[source, picture("two")], negative="people")
    answer = await done(provider.generate(call))
    seen = sent(emulator)
    assert seen.path == "/fal-ai/flux-2/turbo/edit"
    assert [decode_picture(url) for url in seen.json["image_urls"]] == [source]
    assert seen.json["image_urls"][0].startswith("data:image/jpeg;base64,")
    assert "negative_prompt" not in seen.json
    assert set(answer.notes) == {
        "Negative prompt: not supported, not sent.",
        "Strength: not supported, not sent.",
        "Pictures: only the first 1 sent.",
    }


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [{}, {"silent": True}, {"untyped": True}])
async def test_a_refused_prompt_is_a_refusal_wherever_it_is_said(provider, emulator, extra):
    emulator.scenario.refuse = "input"
    emulator.scenario.extra |= extra
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "input", "unknown")
    once(emulator)


async def test_a_refusal_of_the_submission_costs_nothing(provider, emulator):
    emulator.scenario.fail("submit", 422, {"detail": [POLICY]})
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "input", "no")
    once(emulator, 0)


async def test_a_refusal_may_name_the_picture_that_was_made(provider, emulator):
    emulator.scenario.extra |= {"end": model_error(POLICY | {"loc": ["response", "images", 0]}), "silent": True}
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "output", "unknown")


async def test_black_pictures_are_a_refusal_of_the_picture(provider, emulator):
    emulator.scenario.refuse = "output"
    error = await failed(provider.generate(make_call(count=2)))
    assert (error.kind, error.stage, error.billed) == (ErrorKind.REFUSED, "output", "yes")
    assert not any(seen.path.startswith("/files/") for seen in emulator.seen)
    once(emulator)


async def test_pictures_held_back_are_counted(provider, emulator):
    emulator.scenario.extra["flags"] = [False, True, False, True]
    answer = await done(provider.generate(make_call(count=4)))
    assert [one.data for one in answer.pictures] == [picture(PROMPT, number=0), picture(PROMPT, number=2)]
    assert answer.refused == 2
    assert answer.notes == ("Seed: one for all 4 pictures.",)
    once(emulator)


async def test_pictures_missing_without_a_reason_are_named(provider, emulator):
    emulator.scenario.count = 2
    answer = await done(provider.generate(make_call(count=4)))
    assert (len(answer.pictures), answer.refused) == (2, 0)
    assert "2 of 4 pictures came back." in answer.notes


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"detail": "vendor text"}, ErrorKind.INVALID),
        (401, {"detail": "vendor text"}, ErrorKind.AUTH),
        (403, {"detail": "vendor text"}, ErrorKind.AUTH),
        (403, {"detail": "User is locked. Reason: Exhausted balance. vendor text"}, ErrorKind.QUOTA),
        (402, {"detail": "vendor text"}, ErrorKind.QUOTA),
        (404, {"detail": "Application not found. vendor text"}, ErrorKind.UNSUPPORTED),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "vendor text", "type": "int_type"}]}, ErrorKind.INVALID),
        (429, {"detail": "vendor text"}, ErrorKind.RATE),
        (503, {}, ErrorKind.TRANSIENT),
        (500, {"detail": "vendor text", "error_type": "internal_error"}, ErrorKind.TRANSIENT),
        (503, {"detail": "vendor text", "error_type": "runner_scheduling_failure"}, ErrorKind.TRANSIENT),
        (504, {"detail": "vendor text", "error_type": "request_timeout"}, ErrorKind.TIMEOUT),
    ],
)
async def test_statuses_that_cost_nothing(provider, emulator, status, body, kind):
    emulator.scenario.fail("submit", status, body)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed, error.is_retired) == (kind, "no", status == 404)
    once(emulator, 0)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_gateways_error_after_submission_may_have_cost(provider, emulator, status):
    emulator.scenario.fail("submit", status, b"<html>gateway</html>", is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


@pytest.mark.parametrize("wait_s", [1, 40, 400, None])
async def test_the_wait_of_a_rate_limit_is_handed_on(provider, emulator, wait_s):
    emulator.scenario.fail("submit", 429, {"detail": "x"}, headers={"Retry-After": str(wait_s)} if wait_s else {})
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.retry_after_s, error.billed) == (ErrorKind.RATE, wait_s, "no")


async def test_a_connection_cut_after_acceptance_may_have_cost(provider, emulator):
    emulator.scenario.drop.append("submit")
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")
    once(emulator)


async def test_a_read_timeout_may_have_cost(emulator):
    provider = FalProvider(CATALOGUE, opening(emulator), read_s=0.1)
    emulator.scenario.latency_s = 1
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TIMEOUT, "unknown")
    once(emulator)


async def test_an_address_where_nobody_listens_costs_nothing(emulator):
    provider = FalProvider(CATALOGUE, replace(opening(emulator), url="http://127.0.0.1:1"))
    error = await failed(provider.generate(make_call()))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "no")


@pytest.mark.parametrize("extra", [{}, {"silent": True}, {"untyped": True}])
@pytest.mark.parametrize(
    ("end", "kind", "billed"),
    [
        (platform_error(503, "runner_disconnected"), ErrorKind.TRANSIENT, "no"),
        (platform_error(503, "runner_connection_timeout"), ErrorKind.TRANSIENT, "no"),
        (platform_error(504, "startup_timeout"), ErrorKind.TIMEOUT, "no"),
        (Reply(500, {"detail": "vendor text"}), ErrorKind.TRANSIENT, "no"),
        (platform_error(499, "client_cancelled"), ErrorKind.CANCELLED, "unknown"),
        (model_error({"loc": ["body"], "msg": "vendor text", "type": "no_media_generated"}), ErrorKind.RESULT_LOST, "unknown"),
        (model_error({"loc": ["body"], "msg": "vendor text", "type": "image_too_small"}), ErrorKind.INVALID, "unknown"),
        (Reply(404, {"detail": "vendor text"}), ErrorKind.RESULT_LOST, "unknown"),
    ],
)  # fmt: skip
async def test_a_completed_job_may_carry_an_error(provider, emulator, end, kind, billed, extra):
    emulator.scenario.extra |= {"end": end, **extra}
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (kind, billed)
    assert looks(emulator) == 1
    once(emulator, 0 if billed == "no" else 1)


async def test_an_error_beside_a_result_is_a_failure(provider, emulator):
    emulator.scenario.fail("poll", 200, {"status": "COMPLETED", "error": "vendor text"})
    next_status = await submitted(provider)
    emulator.jobs[next(iter(emulator.jobs))].status = "COMPLETED"
    error = await failed(provider.resume(make_call(), next_status))
    assert (error.kind, error.billed) == (ErrorKind.TRANSIENT, "unknown")


@pytest.mark.parametrize(
    "result", [{}, {"images": []}, {"images": None}, {"images": [{}]}, [], {"images": [{"url": 1}]}]
)
async def test_a_result_without_a_picture_is_lost(provider, emulator, result):
    emulator.scenario.extra["result"] = result
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_an_unknown_status_ends_after_three_looks(provider, emulator):
    emulator.scenario.statuses = ["IN_PROGRESS", "RESTING"]
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert looks(emulator) == 4
    once(emulator)


@pytest.mark.parametrize("body", [{}, {"request_id": "x"}, {"request_id": "x", "status_url": ""}, [], b"nothing"])
async def test_an_answer_without_a_job_is_a_lost_result(provider, emulator, body):
    emulator.scenario.fail("submit", 200, body, is_billed=True)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    once(emulator)


async def test_failing_looks_are_repeated(provider, emulator):
    emulator.scenario.queue_polls = 2
    emulator.scenario.fail("poll", 500, times=2).drop.append("poll")
    emulator.scenario.fail("poll", 429, {"detail": "x"}, headers={"Retry-After": "30"})
    emulator.scenario.fail("result", 502, b"<html>", times=4)
    await done(provider.generate(make_call()))
    assert emulator.clock.now > 30
    once(emulator)


@pytest.mark.parametrize("place", ["poll", "result"])
@pytest.mark.parametrize(("status", "kind"), [(502, ErrorKind.TRANSIENT), (429, ErrorKind.RATE)])
async def test_looks_that_keep_failing_end_as_maybe_billed(provider, emulator, place, status, kind):
    emulator.scenario.fail(place, status, b"<html>", times=99)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (kind, "unknown")
    assert looks(emulator, "/status") == (5 if place == "poll" else 1)
    once(emulator)


@pytest.mark.parametrize(("status", "kind"), [(401, ErrorKind.AUTH), (404, ErrorKind.RESULT_LOST)])
async def test_looks_that_are_turned_away_end_at_once(provider, emulator, status, kind):
    emulator.scenario.fail("poll", status, {"detail": "vendor text"}, times=99)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed, error.is_retired) == (kind, "unknown", False)
    assert looks(emulator) == 1


# --- The picture's address --------------------------------------------------------------------------------------------


async def test_a_dead_address_is_asked_for_once_more(provider, emulator):
    emulator.scenario.extra["dead"] = 1
    assert len((await done(provider.generate(make_call()))).pictures) == 1
    assert next(iter(emulator.jobs.values())).generation == 2
    once(emulator)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_address_that_stays_dead_is_a_lost_result(provider, emulator, status):
    emulator.scenario.fail("download", status, times=9)
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    assert sum(seen.path.startswith("/files/") for seen in emulator.seen) == 2
    once(emulator)


@pytest.mark.parametrize("data", [b"<html>sorry</html>", picture("x")[:40], bomb()])
async def test_bytes_that_are_no_picture_are_left_to_imaging(provider, emulator, data):
    emulator.scenario.body = data
    assert (await done(provider.generate(make_call()))).pictures[0].data == data


@pytest.mark.parametrize(
    "host", ["https://evil.example", "http://169.254.169.254", "http://v3.fal.media", "https://fal.media.evil.example", "file://"]
)  # fmt: skip
async def test_pictures_at_foreign_addresses_are_not_fetched(provider, emulator, host):
    emulator.scenario.extra["files"] = host
    error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    once(emulator)


class Decoy(Emulator):
    async def reply(self, seen: Seen) -> Reply:
        return Reply(200, {"status": "COMPLETED", "images": [{"url": "data:,x"}]})


@pytest.mark.parametrize("name", ["status_url", "response_url"])
async def test_a_foreign_address_never_sees_the_key(provider, emulator, name):
    decoy = Decoy()
    async with served(decoy):
        emulator.scenario.extra["addresses"] = {name: f"{decoy.url}/fal-ai/flux/requests/x"}
        error = await failed(provider.generate(make_call()))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert decoy.seen == []
    once(emulator)


@pytest.mark.parametrize(
    "url", ["https://queue.fal.run.evil.example/x", "http://queue.fal.run/x", "https://a@queue.fal.run/x"]
)
async def test_addresses_that_only_look_like_fals_are_not_asked(emulator, url):
    provider = FalProvider(CATALOGUE, replace(opening(emulator), url="https://queue.fal.run"))
    job = json.dumps({"id": "x", "status": url, "result": url, "cancel": url})
    error = await failed(provider.resume(make_call(), job))
    await provider.close()
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")


async def test_the_key_is_in_one_header_only_and_never_at_the_files(emulator):
    files = FalEmulator(jobs=emulator.jobs)
    async with served(files):
        emulator.scenario.extra["files"] = files.url
        catalogue = replace(CATALOGUE, download_hosts=(files.url.removeprefix("http://"),))
        provider = FalProvider(catalogue, opening(emulator))
        await done(provider.generate(make_call(count=2)))
        await provider.close()
    assert len(files.seen) == 2
    assert files.keys_at_files == 0
    assert not any("x-fal-store-io" in seen.headers for seen in files.seen)
    for seen in emulator.seen:
        assert seen.headers["authorization"] == f"Key {KEY}"
    for seen in (*emulator.seen, *files.seen):
        assert KEY not in seen.target
        assert KEY.encode() not in seen.body


# --- Resume and cancel ------------------------------------------------------------------------------------------------


async def test_a_restart_fetches_what_was_submitted(provider, emulator):
    emulator.scenario.queue_polls = 3
    call = make_call("flux-2-turbo", count=2, images=[picture("source")])
    job_ref = await submitted(provider, call)
    later = FalProvider(CATALOGUE, opening(emulator))
    answer = await done(later.resume(call, job_ref))
    await later.close()
    assert len(answer.pictures) == 2
    once(emulator)


async def test_after_an_hour_the_result_is_lost(provider, emulator):
    job_ref = await submitted(provider)
    emulator.clock.now += 3601
    error = await failed(provider.resume(make_call(), job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "yes")
    once(emulator)


@pytest.mark.parametrize(
    "job_ref", ["", "x", "{}", '{"id":"x"}', '{"id":7,"status":"a","result":"b","cancel":"c"}', '["a"]']
)
async def test_a_job_number_that_is_none_is_not_asked_for(provider, emulator, job_ref):
    error = await failed(provider.resume(make_call(), job_ref))
    assert (error.kind, error.billed) == (ErrorKind.RESULT_LOST, "unknown")
    assert emulator.seen == []


@pytest.mark.parametrize(
    ("status", "stopped", "billable"),
    [("IN_QUEUE", "stopped", 0), ("IN_PROGRESS", "too_late", 1), ("COMPLETED", "too_late", 1)],
)
async def test_only_what_had_not_begun_counts_as_stopped(provider, emulator, status, stopped, billable):
    job_ref = await submitted(provider)
    next(iter(emulator.jobs.values())).status = status
    emulator.scenario.statuses = [status]
    assert await provider.cancel(make_call().model, job_ref) == stopped
    assert sum(seen.method == "PUT" and seen.path.endswith("/cancel") for seen in emulator.seen) == 1
    once(emulator, billable)


async def test_a_job_that_was_cancelled_in_the_queue_ends_as_cancelled(provider, emulator):
    job_ref = await submitted(provider)
    await provider.cancel(make_call().model, job_ref)
    assert (await failed(provider.resume(make_call(), job_ref))).kind is ErrorKind.CANCELLED


async def test_a_cancel_that_races_completion_is_too_late(provider, emulator):
    job_ref = await submitted(provider)
    next(iter(emulator.jobs.values())).status = "IN_PROGRESS"
    assert await provider.cancel(make_call().model, job_ref) == "too_late"
    assert len((await done(provider.resume(make_call(), job_ref))).pictures) == 1


@pytest.mark.parametrize(
    ("status", "stopped"), [(400, "too_late"), (404, "too_late"), (500, "unsupported"), (401, "unsupported")]
)
async def test_a_cancel_that_fails_says_what_is_known(provider, emulator, status, stopped):
    job_ref = await submitted(provider)
    emulator.scenario.fail("cancel", status)
    assert await provider.cancel(make_call().model, job_ref) == stopped


@pytest.mark.parametrize(("status", "stopped"), [(500, "unsupported"), (404, "stopped")])
async def test_a_cancel_whose_outcome_cannot_be_seen_promises_nothing(provider, emulator, status, stopped):
    job_ref = await submitted(provider)
    emulator.scenario.fail("poll", status)
    assert await provider.cancel(make_call().model, job_ref) == stopped


async def test_there_is_no_preview(provider):
    assert await provider.preview(make_call().request, 1) is None
    assert provider.models() == CATALOGUE.models
    assert all(one.capabilities.resumes and one.capabilities.cancels == "queued" for one in CATALOGUE.models)


# --- The emulator is strict -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "path", "body", "status"),
    [
        ({"Authorization": f"Bearer {KEY}"}, "fal-ai/flux/schnell", {"prompt": "a"}, 401),
        ({}, "fal-ai/flux/slow", {"prompt": "a"}, 404),
        ({}, "fal-ai/flux/schnell", ["a"], 422),
        ({"X-Fal-Object-Lifecycle-Preference": "an hour"}, "fal-ai/flux/schnell", {"prompt": "a"}, 422),
    ],
)
async def test_the_queue_refuses_what_the_vendor_would(emulator, headers, path, body, status):
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Key {KEY}", **headers}) as client:
        answer = await client.post(f"{emulator.url}/{path}", json=body)
    assert answer.status_code == status
    assert "detail" in answer.json()
    assert emulator.billable == 0


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt": "a", "width": 512},
        {"prompt": "a", "num_images": 5},
        {"prompt": "a", "image_size": "huge"},
        {"prompt": "a", "image_size": {"width": 20000, "height": 64}},
        {"prompt": "a", "output_format": "webp"},
        {"prompt": "a", "seed": "7"},
    ],
)
async def test_the_runner_refuses_what_the_vendor_would(emulator, fields):
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Key {KEY}"}) as client:
        job = (await client.post(f"{emulator.url}/fal-ai/flux/schnell", json=fields)).json()
        wrong = await client.get(f"{emulator.url}/fal-ai/flux/schnell/requests/{job['request_id']}/status")
        assert (await client.get(job["status_url"])).json()["status"] == "COMPLETED"
        answer = await client.get(job["response_url"])
    assert wrong.status_code == 404  # the sub-path has no place in it
    assert (answer.status_code, isinstance(answer.json()["detail"], list)) == (422, True)
    assert next(iter(emulator.jobs.values())).is_kept
