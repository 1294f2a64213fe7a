"""Price, limit and place in the queue are the same for everyone, whatever a person allowed, refused or objected to."""

import ast
import itertools
from dataclasses import astuple, dataclass, replace

import pytest

from imageroute_app.domain.errors import RateLimited
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.settings import ROOT
from tests.doubles import REQUEST
from tests.services.conftest import House
from tests.syntax import parsed

PRICING = (
    "services/quotes.py",
    "services/routing.py",
    "domain/plans.py",
    "domain/ledger.py",
    "services/holds.py",
    "adapters/dispatch/memory.py",
)
OBJECTABLE = (Purpose.IMPROVEMENT, Purpose.MODEL_STATISTICS)


async def _decide(house: House, owner: str, answers: tuple[bool, ...]) -> None:
    for purpose, on in zip((*OPTIONAL, *OBJECTABLE), answers, strict=True):
        await house.choices.choose(owner, purpose, on=on)


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What a person meets."""

    price: int
    plan: tuple[str, ...]
    balance: int


async def treated(house: House, owner: str) -> Treatment:
    quote = await house.jobs.quote(owner, REQUEST)
    await house.jobs.submit(owner, quote.id)
    return Treatment(price=quote.price_credits, plan=quote.plan, balance=(await house.jobs.balance(owner)).available)


@pytest.mark.promise("P68")
async def test_price_plan_and_place_are_equal_for_every_set_of_choices(house: House) -> None:
    met: list[Treatment] = []
    submitted: list[str] = []
    for number, answers in enumerate(itertools.product((True, False), repeat=4)):
        owner = await house.person(f"person{number}")
        await _decide(house, owner, answers)
        if number % 2:
            await house.choices.signal(owner)
            await house.newsletter_choice.choose(owner, on=True)
        met.append(await treated(house, owner))
        (job,) = await house.jobs.recent(owner)
        submitted.append(job.id)
    assert {astuple(one) for one in met} == {astuple(met[0])}
    assert house.bell.woken == submitted  # first come, first served


@pytest.mark.promise("P68")
def test_what_prices_and_queues_knows_no_choice() -> None:
    for name in PRICING:
        tree = parsed((ROOT / "imageroute_app" / name).read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not {
            module for module in imported if module.endswith((".gate", ".choices", ".choice_log", ".purposes"))
        }, name


@pytest.mark.promise("P68")
async def test_the_hourly_limit_is_the_same_for_all(house: House) -> None:
    house.jobs._rules = replace(house.rules, jobs_per_hour=2, jobs_running_per_person=9)
    for name, answers in (("ada", (True,) * 4), ("bob", (False,) * 4)):
        owner = await house.person(name)
        await _decide(house, owner, answers)
        for _ in range(2):
            await treated(house, owner)
            house.clock.move(seconds=2)
        with pytest.raises(RateLimited):
            await treated(house, owner)
