"""The failure cases of PROVIDERS.md 5 through the whole house: state, ledger, receipt and billable submissions of each.

Those with a picture of one's own, masks (15) and rotated or CMYK uploads (16), stand in test_editing; whatever needs a second
request, a restart or every breaker open (5 to 7, 10 to 12, 14, 20 to 22) in test_routing_flows too, every shape of a
refusal (6) in test_refusals. `ELSEWHERE` is checked.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.sdapi import SdapiProvider
from imageroute_app.domain.jobs import Failover, Job, JobState
from tests.emulators.kit import bomb, picture, served
from tests.emulators.sdapi import SdapiEmulator
from tests.services.test_routing_flows import ANYONE, CATALOGUES, Street, request, street

__all__ = ["street"]

HTML = b"<!doctype html><title>502 Bad Gateway</title>"
TRUNCATED = picture("cut", size=(256, 256))[:120]
STREAM = b'event: image_generation.partial_image\ndata: {"partial_image_index": 0, "b64_json": "iVBORw0KGgo"}\n\n'
QUOTA = {"error": {"message": "vendor text", "type": "insufficient_quota", "code": "insufficient_quota"}}
RATE = {"error": {"message": "vendor text", "type": "requests", "code": "rate_limit_exceeded"}}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One failure: who is asked, how the vendor behaves, and what must come of it.

    `outcomes` are the attempts' ("outcome", "billed"); `billable` counts submissions that the vendor would charge for.
    """

    provider: str
    set_up: Callable[[Any], object]
    code: str
    outcomes: list[tuple[str, str]]
    billable: int
    state: JobState = JobState.FAILED
    delivered: int = 0
    count: int = 1
    model: str = ""
    failover: Failover = Failover.NEVER
    more: dict[str, Any] = field(default_factory=dict)


FLOWS, EDITS = "tests/services/test_routing_flows.py", "tests/services/test_editing.py"
ELSEWHERE = {
    14: (FLOWS, "test_a_restart_after_submission_fetches_the_result"),
    15: (EDITS, "test_15_masks_are_turned_as_each_company_wants_them"),
    16: (EDITS, "test_16_a_rotated_or_cmyk_upload_goes_out_upright_and_in_rgb"),
    20: (FLOWS, "test_all_resting_waits_for_a_short_rest_and_else_says_when"),
    21: (FLOWS, "test_strict_refuses_and_explains_when_only_unknown_is_left"),
    22: (FLOWS, "test_keys_go_to_their_own_company_only"),
}
"""The cases that stand in other files, by their number in PROVIDERS.md 5."""

MODELS = {"openai": "gpt-image-2-low", "bfl": "flux-2-pro", "fal": "flux-2-flash"}
UNKNOWN = [("unknown", "unknown")]


def body(data: bytes) -> Callable[[Any], object]:
    return lambda vendor: setattr(vendor.scenario, "body", data)


def extra(**values: Any) -> Callable[[Any], object]:
    return lambda vendor: vendor.scenario.extra.update(values)


def fails(*args: Any, **more: Any) -> Callable[[Any], object]:
    return lambda vendor: vendor.scenario.fail(*args, **more)


CASES = {
    "1 drop after accept": Case(
        provider="openai", set_up=lambda v: v.scenario.drop.append("submit"), code="result_unknown", outcomes=UNKNOWN,
        billable=1, failover=Failover.ANY,
    ),
    "3 500 from a sync post": Case(
        provider="openai", set_up=fails("submit", 500, is_billed=True), code="result_unknown", outcomes=UNKNOWN,
        billable=1, failover=Failover.ANY,
    ),
    "3 504 from a sync post": Case(
        provider="openai", set_up=fails("submit", 504, is_billed=True), code="result_unknown", outcomes=UNKNOWN,
        billable=1, failover=Failover.ANY,
    ),
    "4 429 for a second": Case(
        provider="openai", set_up=fails("submit", 429, RATE, headers={"retry-after-ms": "20"}), code="",
        outcomes=[("failed", "no"), ("delivered", "yes")], billable=1, state=JobState.SUCCEEDED, delivered=1,
    ),
    "4 429 for 400 seconds": Case(
        provider="openai", set_up=fails("submit", 429, RATE, headers={"retry-after": "400"}, times=9),
        code="rate_limited", outcomes=[("failed", "no")], billable=0,
    ),
    "5 a used up account is no rate limit": Case(
        provider="openai", set_up=fails("submit", 429, QUOTA, times=9), code="quota", outcomes=[("failed", "no")],
        billable=0,
    ),
    "6 a refused prompt": Case(
        provider="openai", set_up=lambda v: setattr(v.scenario, "refuse", "input"), code="refused_input",
        outcomes=[("refused", "no")], billable=0, state=JobState.BLOCKED, failover=Failover.ANY,
    ),
    "6 a refused picture": Case(
        provider="openai", set_up=lambda v: setattr(v.scenario, "refuse", "output"), code="refused_output",
        outcomes=[("refused", "no")], billable=0, state=JobState.BLOCKED, failover=Failover.ANY,
    ),
    "7 200 without a picture": Case(
        provider="openai", set_up=lambda v: setattr(v.scenario, "count", 0), code="result_unknown", outcomes=UNKNOWN,
        billable=1, failover=Failover.ANY,
    ),
    "8 completed with an error": Case(
        provider="bfl", set_up=lambda v: v.scenario.statuses.append("Error"), code="result_unknown", outcomes=UNKNOWN,
        billable=1, failover=Failover.ANY,
    ),
    "9 a status nobody knows": Case(
        provider="bfl", set_up=lambda v: v.scenario.statuses.append("Pondering"), code="result_unknown",
        outcomes=UNKNOWN, billable=1, failover=Failover.ANY,
    ),
    "10 an expired address is fetched again": Case(
        provider="bfl", set_up=extra(dead=1), code="", outcomes=[("delivered", "yes")], billable=1,
        state=JobState.SUCCEEDED, delivered=1,
    ),
    "10 addresses that are all dead": Case(
        provider="fal", set_up=extra(dead=99), code="result_lost", outcomes=[("failed", "yes")], billable=1,
        failover=Failover.ANY,
    ),
    "11 a page instead of a picture": Case(
        provider="bfl", set_up=body(HTML), code="bad_picture", outcomes=[("failed", "yes")], billable=1,
        failover=Failover.ANY,
    ),
    "11 half a picture": Case(
        provider="fal", set_up=body(TRUNCATED), code="bad_picture", outcomes=[("failed", "yes")], billable=1,
    ),
    "11 a decompression bomb": Case(
        provider="openai", set_up=body(bomb()), code="bad_picture", outcomes=[("failed", "yes")], billable=1,
    ),
    "12 an address inside our own network": Case(
        provider="bfl", set_up=extra(sample="http://169.254.169.254/latest/meta-data"), code="result_lost",
        outcomes=[("failed", "yes")], billable=1, failover=Failover.ANY,
    ),
    "17 two of four refused": Case(
        provider="fal", set_up=extra(flags=[False, True, False, True]), code="", outcomes=[("delivered", "yes")],
        billable=1, state=JobState.SUCCEEDED, delivered=2, count=4,
    ),
    "18 a size of the vendor's own": Case(
        provider="bfl", set_up=lambda v: setattr(v.scenario, "size", (80, 48)), code="",
        outcomes=[("delivered", "yes")], billable=1, state=JobState.SUCCEEDED, delivered=1,
    ),
    "23 a stream that ends after half": Case(
        provider="openai", set_up=fails("submit", 200, STREAM, headers={"content-type": "text/event-stream"}, is_billed=True),
        code="result_unknown", outcomes=UNKNOWN, billable=1, failover=Failover.ANY,
    ),
    "19 a model that went yesterday": Case(
        provider="openai", set_up=fails("submit", 404, {"error": {"message": "x", "code": "model_not_found"}}, times=9),
        code="unsupported_model", outcomes=[("failed", "no")], billable=0,
    ),
}  # fmt: skip


@pytest.fixture
async def local(street: Street) -> AsyncIterator[SdapiEmulator]:
    """A server of one's own that everybody shares."""
    emulator = SdapiEmulator()
    async with served(emulator):
        opening = Opening(key="", url=emulator.url, sleep=emulator.clock.sleep)
        provider = SdapiProvider(read_catalogue(CATALOGUES / "sdapi.toml"), opening)
        street.house.routing.providers["sdapi"] = provider
        yield emulator
        await provider.close()


async def run(street: Street, case: Case) -> Job:
    vendor = {"openai": street.openai, "bfl": street.bfl, "fal": street.fal}[case.provider]
    case.set_up(vendor)
    rule = replace(ANYONE, failover=case.failover)
    return await street.run(request(case.provider, MODELS[case.provider], rule=rule, count=case.count))


@pytest.mark.parametrize("name", CASES)
async def test_failure_case(street: Street, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    case = CASES[name]
    job = await run(street, case)
    assert (job.state, job.delivered) == (case.state, case.delivered)
    if case.code != "unsupported_model":
        assert job.failure_code == case.code
    unit = job.held_credits // case.count
    assert job.charged_credits <= unit * case.delivered
    assert bool(job.charged_credits) == bool(case.delivered)
    assert [one[1:] for one in await street.outcomes(job)] == case.outcomes
    assert street.billable == case.billable
    assert "vendor text" not in job.failure_message
    keys = (street.bfl.key, street.fal.key, "openai-compat-test-key", "a fern at dawn")
    assert not [key for key in keys if key in caplog.text]
    for image in await street.house.gallery.of_job(street.owner, job.id):
        assert (image.width, image.height) == ((80, 48) if name.startswith("18") else (64, 64))


async def test_4_a_rate_limit_is_no_ill_health_and_goes_to_the_next(street: Street) -> None:
    street.bfl.scenario.fail("submit", 429, {}, headers={"retry-after": "40"}, times=9)
    job = await street.run(request("bfl", "flux-2-pro", rule=ANYONE))
    assert job.state is JobState.SUCCEEDED
    model = street.house.routing.model("bfl/flux-2-pro")
    assert model is not None
    standing = street.house.routing.health(model).standing(street.house.clock())
    assert (standing.code, standing.failure_rate) == ("busy", 0)
    assert standing.until is not None
    assert (standing.until - street.house.clock()).total_seconds() == pytest.approx(40, abs=1)


async def test_13_a_cancel_that_comes_after_the_end_changes_nothing(street: Street) -> None:
    job = await street.run(request("bfl", "flux-2-pro"))
    again = await street.house.jobs.cancel(street.owner, job.id)
    assert (again.state, again.charged_credits) == (JobState.SUCCEEDED, job.charged_credits)


async def test_13_a_cancel_of_a_sync_call_is_free_and_says_that_it_may_go_on(street: Street) -> None:
    street.openai.scenario.latency_s = 30
    job = await street.house.job(street.owner, request())
    running = asyncio.create_task(street.house.runner.run(job.id))
    while not street.openai.seen:
        await asyncio.sleep(0.01)
    await street.house.jobs.cancel(street.owner, job.id)
    await running
    done = await street.house.jobs.job(street.owner, job.id)
    assert (done.state, done.charged_credits) == (JobState.CANCELLED, 0)
    (attempt,) = await street.house.jobs.attempts(street.owner, job.id)
    assert attempt.billed == "unknown"
    assert "may finish it and bill us, not you" in attempt.notes[0]


async def test_2_a_deadline_that_passes_ends_unknown_and_asks_nobody_else(street: Street) -> None:
    street.openai.scenario.latency_s = 30
    provider = street.house.routing.providers["openai"]
    short = [replace(model, deadline_s=1) for model in provider.models()]
    provider.models = lambda: short
    job = await street.run(request(rule=ANYONE))
    assert (job.state, job.failure_code, job.charged_credits) == (JobState.FAILED, "result_unknown", 0)
    assert [one[1:] for one in await street.outcomes(job)] == UNKNOWN
    assert street.bfl.submissions == street.fal.submissions == 0


async def test_24_stopping_a_waiting_job_leaves_the_running_one_of_another_person_alone(
    street: Street, local: SdapiEmulator
) -> None:
    house, other = street.house, await street.house.person("olga")
    local.scenario.extra.update(hold=True, fraction=0.5)
    asked = request("sdapi", "loaded")
    first, second = await house.job(other, asked), await house.job(street.owner, asked)
    running = asyncio.create_task(house.runner.run(first.id))
    async with asyncio.timeout(60):
        while not local.current:
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(house.runner.run(second.id))
        while not local.pending:
            await asyncio.sleep(0.01)
    await house.jobs.cancel(street.owner, second.id)
    await waiting
    assert local.interrupts == []
    await local.release()
    await running
    stopped, kept = await house.jobs.job(street.owner, second.id), await house.jobs.job(other, first.id)
    assert (stopped.state, stopped.charged_credits) == (JobState.CANCELLED, 0)
    assert (kept.state, kept.delivered, kept.charged_credits) == (JobState.SUCCEEDED, 1, kept.held_credits)
    for owner, job, outcome in ((street.owner, stopped, "cancelled"), (other, kept, "delivered")):
        assert [one.outcome.value for one in await house.jobs.attempts(owner, job.id)] == [outcome]
    assert local.billable == 0
    await house.check_books(other)


@pytest.mark.parametrize("jump_s", [-86_400, 86_400])
async def test_25_a_clock_that_jumps_neither_keeps_a_company_out_nor_asks_it_in_a_row(
    street: Street, jump_s: int
) -> None:
    model = street.house.routing.model("bfl/flux-2-pro")
    assert model is not None
    street.bfl.scenario.fail("submit", 503, times=99)
    while not street.house.routing.health(model).standing(street.house.clock()).is_closed:
        job = await street.run(request("bfl", "flux-2-pro"))
        assert (job.state, job.charged_credits) == (JobState.FAILED, 0)
    asked = street.bfl.submissions
    street.house.clock.move(seconds=jump_s)
    standing = street.house.routing.health(model).standing(street.house.clock())
    if jump_s < 0:
        assert standing.until is not None
        assert (standing.until - street.house.clock()).total_seconds() <= 60
        street.house.clock.move(seconds=61)
    assert not street.house.routing.health(model).standing(street.house.clock()).is_closed
    assert street.bfl.submissions == asked
    street.bfl.scenario.failures.clear()
    job = await street.run(request("bfl", "flux-2-pro"))
    assert (job.state, job.delivered, street.billable) == (JobState.SUCCEEDED, 1, 1)
    assert await street.outcomes(job) == [("bfl", "delivered", "yes")]


def test_none_of_the_twenty_five_cases_is_missing() -> None:
    here = [name for name in globals() if name.startswith("test_")]
    numbers = {int(name.split(" ")[0]) for name in CASES}
    numbers |= {int(part) for name in here if (part := name.split("_")[1]).isdigit()}
    for number, (file, test) in ELSEWHERE.items():
        assert f"async def {test}(" in Path(file).read_text(encoding="utf-8"), number
    assert numbers | set(ELSEWHERE) == set(range(1, 26))
