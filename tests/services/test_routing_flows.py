"""Whole generations over the real providers and their emulators: the receipt, the ledger and the billable submissions.

The failure cases of PROVIDERS.md 5 that need more than one room; what a provider does by itself is tested beside it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.bfl import BflProvider
from imageroute_app.adapters.providers.fal import FalProvider
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.adapters.providers.replicate import ReplicateProvider
from imageroute_app.domain.erasures import Phase, StepState
from imageroute_app.domain.errors import Conflict
from imageroute_app.domain.jobs import AttemptOutcome, Failover, Job, JobState, Level, Mode, Request, Rule
from imageroute_app.domain.plans import NoRoute
from tests.emulators.bfl import BflEmulator
from tests.emulators.fal import FalEmulator
from tests.emulators.kit import Emulator, served
from tests.emulators.openai_compat import KEY as OPENAI_KEY
from tests.emulators.openai_compat import OpenAICompatEmulator
from tests.emulators.replicate import ReplicateEmulator
from tests.services.conftest import LEASE_OVER, House

CATALOGUES = Path(__file__).parents[2] / "imageroute_app" / "adapters" / "providers"
ANYONE = Rule(level=Level.ANY, failover=Failover.ANY)
ALONE = replace(ANYONE, failover=Failover.NEVER)


@dataclass
class Street:
    """A house with three companies on its street."""

    house: House
    owner: str
    openai: OpenAICompatEmulator
    bfl: BflEmulator
    fal: FalEmulator

    @property
    def billable(self) -> int:
        return sum(one.billable for one in (self.openai, self.bfl, self.fal))

    async def run(self, request: Request) -> Job:
        job = await self.house.job(self.owner, request)
        await self.house.runner.run(job.id)
        return await self.house.jobs.job(self.owner, job.id)

    async def outcomes(self, job: Job) -> list[tuple[str, str, str]]:
        attempts = await self.house.jobs.attempts(self.owner, job.id)
        return [(one.provider, one.outcome.value, one.billed) for one in attempts]


def request(provider: str = "openai", model: str = "gpt-image-2-low", **changes: object) -> Request:
    made = Request(prompt="a fern at dawn", provider=provider, model=model, width=1024, height=1024, rule=ALONE)
    return replace(made, **changes)


@pytest.fixture
async def street(house: House) -> AsyncIterator[Street]:
    owner = await house.person()
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, email_verified_at=house.clock()))
    del house.routing.providers["scripted"]

    async def pass_time(seconds: float) -> None:
        house.clock.move(seconds=seconds)
        await asyncio.sleep(0)

    house.runner._carrier._sleep = pass_time
    openai, bfl, fal = OpenAICompatEmulator(dialect="openai"), BflEmulator(), FalEmulator()
    async with AsyncExitStack() as stack:
        for name, kind, emulator, key in (
            ("openai", OpenAICompatProvider, openai, OPENAI_KEY),
            ("bfl", BflProvider, bfl, bfl.key),
            ("fal", FalProvider, fal, fal.key),
        ):
            await stack.enter_async_context(served(emulator))
            url = emulator.url + ("/v1" if name == "openai" else "")
            opening = Opening(key=key, url=url, sleep=emulator.clock.sleep)
            provider = kind(read_catalogue(CATALOGUES / f"{name}.toml"), opening)
            house.routing.providers[name] = provider
            stack.push_async_callback(provider.close)
        made = Street(house=house, owner=owner, openai=openai, bfl=bfl, fal=fal)
        yield made
    await house.check_books(made.owner)
    await house.check_media(made.owner)


@pytest.fixture
async def replicate(street: Street) -> AsyncIterator[ReplicateEmulator]:
    """One more company."""
    emulator = ReplicateEmulator()
    async with served(emulator):
        opening = Opening(key=emulator.key, url=f"{emulator.url}/v1", sleep=emulator.clock.sleep)
        provider = ReplicateProvider(read_catalogue(CATALOGUES / "replicate.toml"), opening)
        street.house.routing.providers["replicate"] = provider
        yield emulator
        await provider.close()


@pytest.mark.promise("P19")
async def test_one_paid_submission_one_receipt_row_and_the_quoted_price(street: Street) -> None:
    job = await street.run(request("bfl", "flux-2-pro"))
    assert (job.state, job.charged_credits) == (JobState.SUCCEEDED, job.held_credits)
    assert await street.outcomes(job) == [("bfl", "delivered", "yes")]
    (attempt,) = await street.house.jobs.attempts(street.owner, job.id)
    assert (attempt.company, attempt.region, attempt.rule) == (
        "Black Forest Labs",
        "eu",
        "Any, never to another company",
    )
    assert attempt.source.startswith("https://")
    assert street.billable == 1


@pytest.mark.promise("P47")
async def test_closing_the_account_erases_at_a_company_that_has_an_api_for_it(street: Street) -> None:
    job = await street.run(request("fal", "flux-schnell"))
    assert job.state is JobState.SUCCEEDED
    erasure = await street.house.erasures.begin(street.owner, at_once=True)
    await street.house.erasures.sweep()
    status = await street.house.erasures.status(erasure.code)
    (step,) = [one for one in status.steps if one.label == "fal"]
    assert (step.state, step.count, status.erasure.phase) == (StepState.DONE, 1, Phase.COMPLETE)
    assert all(made.is_erased for made in street.fal.jobs.values())
    street.owner = await street.house.person("eve")  # whose books the fixture can still look through


async def test_a_metered_price_is_charged_below_its_quote(street: Street) -> None:
    job = await street.run(request())
    assert 0 < job.charged_credits < job.held_credits
    (attempt,) = await street.house.jobs.attempts(street.owner, job.id)
    assert attempt.cost_micro_usd is not None
    assert attempt.charged_credits == job.charged_credits


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "auth"), (503, "transient"), (429, "rate_limited"), (402, "quota"), (400, "invalid_request")],
)
async def test_never_means_that_nobody_else_is_asked(street: Street, status: int, code: str) -> None:
    street.openai.scenario.fail("submit", status, {"error": {"message": "vendor text", "code": "x"}}, times=9)
    job = await street.run(request())
    assert (job.state, job.failure_code, job.charged_credits) == (JobState.FAILED, code, 0)
    assert "OpenAI" in job.failure_message
    assert "vendor text" not in job.failure_message
    assert {provider for provider, _, _ in await street.outcomes(job)} == {"openai"}
    assert street.billable == 0


async def test_failover_sends_the_same_words_and_names_both(street: Street) -> None:
    street.bfl.scenario.fail("submit", 503, times=9)
    job = await street.run(request("bfl", "flux-2-pro", prompt="à fern,\n “dawn” 🙂", rule=ANYONE))
    assert job.state is JobState.SUCCEEDED
    outcomes = await street.outcomes(job)
    assert [provider for provider, _, _ in outcomes[:2]] == ["bfl", "bfl"]
    assert outcomes[-1][1:] == ("delivered", "yes")
    second = {"openai": street.openai, "fal": street.fal}[outcomes[-1][0]]
    sent = [seen.json["prompt"] for seen in (*street.bfl.seen, *second.seen) if seen.method == "POST"]
    assert set(sent) == {"à fern,\n “dawn” 🙂"}
    assert job.charged_credits <= job.held_credits
    assert (job.provider, street.billable) == (outcomes[-1][0], 1)


async def test_equal_or_better_skips_who_promises_less(street: Street) -> None:
    street.bfl.scenario.fail("submit", 503, times=9)
    rule = Rule(level=Level.BALANCED, failover=Failover.EQUAL)
    job = await street.run(request("bfl", "flux-2-pro", rule=rule))
    assert job.state is JobState.FAILED
    assert {provider for provider, _, _ in await street.outcomes(job)} == {"bfl"}
    quote = await street.house.database.tables.quotes.get(job.quote_id, street.owner)
    assert any("Promises less than the first" in line for line in quote.closed)


@pytest.mark.parametrize("way", ["drop", "status"])
async def test_what_may_have_been_billed_ends_unknown_free_and_is_never_replayed(street: Street, way: str) -> None:
    if way == "drop":
        street.openai.scenario.drop = ["submit"]
    else:
        street.openai.scenario.fail("submit", 500, is_billed=True)
    job = await street.run(request(rule=ANYONE))
    assert (job.state, job.failure_code, job.charged_credits) == (JobState.FAILED, "result_unknown", 0)
    assert await street.outcomes(job) == [("openai", "unknown", "unknown")]
    assert (street.openai.submissions, street.bfl.submissions, street.fal.submissions) == (1, 0, 0)
    again = await street.house.jobs.retry(street.owner, job.id)
    await street.house.runner.run(again.id)
    assert (await street.house.jobs.job(street.owner, again.id)).state is JobState.SUCCEEDED
    assert street.openai.submissions == 2


@pytest.mark.promise("P40")
@pytest.mark.parametrize(("refuse", "stage"), [("input", "refused_input"), ("output", "refused_output")])
async def test_a_refusal_is_blocked_free_and_taken_nowhere_else(street: Street, refuse: str, stage: str) -> None:
    street.bfl.scenario.refuse = refuse
    job = await street.run(request("bfl", "flux-2-pro", rule=ANYONE))
    assert (job.state, job.failure_code, job.charged_credits) == (JobState.BLOCKED, stage, 0)
    assert len(await street.outcomes(job)) == 1
    assert street.openai.submissions == street.fal.submissions == 0
    model = street.house.routing.model("bfl/flux-2-pro")
    assert model is not None
    assert street.house.routing.health(model).standing(street.house.clock()).failure_rate == 0


async def test_our_own_check_stops_before_anybody_receives_anything(street: Street) -> None:
    job = await street.run(request(prompt="something objectionable", rule=ANYONE))
    assert (job.state, job.failure_code) == (JobState.BLOCKED, "blocked_here:test-rule")
    assert await street.outcomes(job) == []
    assert not street.openai.seen


@pytest.mark.parametrize(
    ("provider", "model"), [("bfl", "flux-2-pro"), ("fal", "flux-2-flash"), ("replicate", "flux-schnell")]
)
async def test_a_restart_after_submission_fetches_the_result(
    street: Street, replicate: ReplicateEmulator, provider: str, model: str
) -> None:
    class Broken(RuntimeError): ...

    def fault(point: str) -> None:
        if point == "after_submitted":
            raise Broken

    job = await street.house.job(street.owner, request(provider, model))
    await street.house.new_runner(fault).run(job.id)
    street.house.clock.move(**LEASE_OVER)
    assert await street.house.runner.run(job.id)
    done = await street.house.jobs.job(street.owner, job.id)
    assert done.state is JobState.SUCCEEDED
    assert len(await street.outcomes(done)) == 1
    assert street.billable + replicate.billable == 1
    assert street.bfl.submissions + street.fal.submissions + replicate.submissions == 1


async def test_a_restart_of_a_sync_call_ends_unknown(street: Street) -> None:
    class Broken(RuntimeError): ...

    def fault(point: str) -> None:
        if point == "after_sent":
            raise Broken

    job = await street.house.job(street.owner, request(rule=ANYONE))
    await street.house.new_runner(fault).run(job.id)
    street.house.clock.move(**LEASE_OVER)
    assert await street.house.runner.run(job.id)
    done = await street.house.jobs.job(street.owner, job.id)
    assert (done.state, done.failure_code, done.charged_credits) == (JobState.FAILED, "result_unknown", 0)
    assert street.openai.submissions == 1


async def test_four_pictures_of_a_model_that_draws_one_are_four_rows_in_a_row(street: Street) -> None:
    job = await street.run(request("bfl", "flux-2-pro", count=4))
    assert (job.delivered, job.charged_credits) == (4, job.held_credits)
    assert [outcome for _, outcome, _ in await street.outcomes(job)] == ["delivered"] * 4
    assert street.billable == 4
    assert [image.position for image in await street.house.gallery.of_job(street.owner, job.id)] == [0, 1, 2, 3]


async def test_three_of_four_are_charged_when_the_last_fails(street: Street) -> None:
    job = await street.house.job(street.owner, request("bfl", "flux-2-pro", count=4))
    calls = 0
    original = street.bfl.reply

    async def reply(seen: object) -> object:
        nonlocal calls
        if seen.method == "POST":  # type: ignore[attr-defined]
            calls += 1
            if calls == 4:
                street.bfl.scenario.refuse = "output"
        return await original(seen)  # type: ignore[arg-type]

    street.bfl.reply = reply  # type: ignore[method-assign,assignment]
    await street.house.runner.run(job.id)
    done = await street.house.jobs.job(street.owner, job.id)
    assert (done.state, done.delivered) == (JobState.SUCCEEDED, 3)
    assert done.charged_credits == 3 * (done.held_credits // 4)


async def test_a_kill_between_two_of_four_asks_only_for_the_rest(street: Street) -> None:
    class Broken(RuntimeError): ...

    reached = 0

    def fault(point: str) -> None:
        nonlocal reached
        reached += point == "after_answer"
        if reached == 3:
            raise Broken

    job = await street.house.job(street.owner, request("bfl", "flux-2-pro", count=4))
    await street.house.new_runner(fault).run(job.id)
    assert (await street.house.jobs.job(street.owner, job.id)).delivered == 2
    street.house.clock.move(**LEASE_OVER)
    assert await street.house.runner.run(job.id)
    done = await street.house.jobs.job(street.owner, job.id)
    assert (done.state, done.delivered, done.charged_credits) == (JobState.SUCCEEDED, 4, done.held_credits)
    assert street.billable == 4


@pytest.mark.promise("P63")
async def test_strict_refuses_and_explains_when_only_unknown_is_left(street: Street) -> None:
    auto = request("", "", mode=Mode.AUTO, rule=Rule())
    with pytest.raises(NoRoute) as caught:
        await street.house.jobs.quote(street.owner, auto)
    assert len(caught.value.closed) >= 10
    assert caught.value.loosening is not None
    with pytest.raises(NoRoute, match="cannot be used"):
        await street.house.jobs.send(street.owner, request(rule=Rule()), quote_id="", most_credits=99)
    assert street.billable == 0


async def test_a_rule_that_grew_stricter_holds_for_the_next_quote(street: Street) -> None:
    assert await street.house.routing.rule(street.owner) == Rule()
    await street.house.routing.set_rule(street.owner, ANYONE)
    await street.house.routing.set_rule(street.owner, replace(ANYONE, providers=("fal",)))
    assert (await street.house.routing.rule(street.owner)).providers == ("fal",)


async def test_an_unproven_address_reaches_no_company(street: Street) -> None:
    person = await street.house.accounts.person(street.owner)
    await street.house.database.tables.people.update(replace(person, email_verified_at=None))
    with pytest.raises(NoRoute, match="confirm your email"):
        await street.house.jobs.quote(street.owner, request())


async def test_comparing_prices_each_column_and_one_failing_stops_no_other(street: Street) -> None:
    street.openai.scenario.fail("submit", 400, {"error": {"message": "x", "code": "y"}})
    requests = [request("bfl", "flux-2-pro"), request(), request("fal", "flux-2-flash")]
    quotes = [await street.house.jobs.quote(street.owner, one) for one in requests]
    total, ids = sum(quote.price_credits for quote in quotes), [quote.id for quote in quotes]
    with pytest.raises(Conflict, match="price is now"):
        await street.house.jobs.compare(street.owner, requests, quote_ids=ids, most_credits=total - 1)
    jobs = await street.house.jobs.compare(street.owner, requests, quote_ids=ids, most_credits=total)
    twice = await street.house.jobs.compare(street.owner, requests, quote_ids=ids, most_credits=total)
    assert [job.id for job in jobs] == [job.id for job in twice]
    assert len({job.compare_id for job in jobs}) == 1
    await asyncio.gather(*(street.house.runner.run(job.id) for job in jobs))
    done = [await street.house.jobs.job(street.owner, job.id) for job in jobs]
    assert [job.state.value for job in done] == ["succeeded", "failed", "succeeded"]
    assert done[1].charged_credits == 0
    assert street.billable == 2
    assert await street.house.gallery.trash_jobs(street.owner, [done[2].id]) == 1


async def test_all_resting_waits_for_a_short_rest_and_else_says_when(street: Street) -> None:
    for model in street.house.routing.providers["openai"].models():
        for _ in range(3):
            street.house.routing.health(model).failed(street.house.clock())
    with pytest.raises(NoRoute, match="resting"):
        await street.house.jobs.quote(street.owner, request())


async def test_cancelling_a_running_job_tells_the_provider_and_costs_nothing(street: Street) -> None:
    street.fal.scenario.queue_polls = 10**6
    job = await street.house.job(street.owner, request("fal", "flux-2-flash"))
    running = asyncio.create_task(street.house.runner.run(job.id))
    while not any("status" in seen.path for seen in street.fal.seen):
        await asyncio.sleep(0.01)
    await street.house.jobs.cancel(street.owner, job.id)
    await running
    done = await street.house.jobs.job(street.owner, job.id)
    assert (done.state, done.charged_credits) == (JobState.CANCELLED, 0)
    assert any(seen.method == "PUT" for seen in street.fal.seen)
    (attempt,) = await street.house.jobs.attempts(street.owner, job.id)
    assert attempt.outcome is AttemptOutcome.CANCELLED
    assert attempt.notes


async def test_keys_go_to_their_own_company_only(street: Street) -> None:
    street.bfl.scenario.fail("submit", 503, times=9)
    await street.run(request("bfl", "flux-2-pro", rule=ANYONE))
    await street.run(request())
    own = {"openai": OPENAI_KEY, "bfl": street.bfl.key, "fal": street.fal.key}
    emulators: dict[str, Emulator] = {"openai": street.openai, "bfl": street.bfl, "fal": street.fal}
    for name, emulator in emulators.items():
        for seen in emulator.seen:
            everything = f"{seen.target} {seen.headers} {seen.body!r}"
            assert not [key for other, key in own.items() if other != name and key in everything]
            assert own[name] not in seen.target
