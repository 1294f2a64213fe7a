"""A company that is new here: everyone is told once, and it gets nothing for 30 days; on both databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from imageroute_app.bootstrap import new_id, read_editions
from imageroute_app.domain.jobs import Level, Rule
from imageroute_app.domain.plans import NoRoute
from imageroute_app.domain.ports import Query
from imageroute_app.services.newcomers import Newcomers
from imageroute_app.services.policies import Policies
from imageroute_app.services.routing import Routing
from tests.doubles import REQUEST
from tests.services.conftest import House

OLD, ACME = ("Old Co.", "Germany"), ("Acme", "France")


def started(house: House, *companies: tuple[str, str], waits: bool = True) -> tuple[Policies, Newcomers]:
    """Return what a process has that was started with these companies set up."""
    newcomers = Newcomers(database=house.database, companies=companies, clock=house.clock, new_id=new_id, waits=waits)
    policies = Policies(
        database=house.database, editions=read_editions(), tell=house.notices.tell, clock=house.clock, new_id=new_id,
        newcomers=newcomers,
    )  # fmt: skip
    return policies, newcomers


async def proven(house: House) -> str:
    """Return somebody who proved an address, without which no company gets anything."""
    owner = await house.person("ada")
    await house.accounts.settle()
    await house.accounts.verify_email(house.letters.secret())
    return owner


async def told(house: House, owner: str) -> Sequence[str]:
    found = await house.database.tables.notices.find(Query(owner=owner, limit=20))
    return [one.text for one in found if one.topic == "company:Acme"]


@pytest.mark.promise("P39")
async def test_everyone_is_told_once_and_it_gets_nothing_for_thirty_days(either_house: House) -> None:
    house = either_house
    policies, newcomers = started(house, OLD)
    assert await policies.announce() == 0  # who was there at the beginning is not new
    ada = await proven(house)
    house.clock.move(days=1)
    assert await newcomers.opens() == {}

    policies, newcomers = started(house, OLD, ACME)
    assert list(await newcomers.opens()) == ["Acme"]  # closed from the first moment, before the sweep came by
    assert await policies.announce() == 1
    assert await policies.announce() == 0
    await house.notices.settle()
    (text,) = await told(house, ada)
    assert "Acme, France, may get what you send to one of its models from 26 December 2026 on" in text
    assert house.letters.sent[-1].subject == "A new company from 26 December 2026: Acme"
    later = await house.person("bo")
    assert await policies.announce() == 0
    assert await told(house, later) == []

    facts = replace(house.provider.model.policy, company="Acme", country="France", region="eu")
    house.provider.model = replace(house.provider.model, policy=facts)
    routing = Routing(
        database=house.database, providers=(house.provider,), clock=house.clock, rules=house.rules, newcomers=newcomers
    )
    request = replace(REQUEST, rule=Rule(level=Level.ANY))
    assert list(await routing.opens()) == ["Acme"]
    house.clock.move(days=30, seconds=-1)
    with pytest.raises(NoRoute) as refused:
        await routing.plan(ada, request)
    assert [(one.code, one.text) for one in refused.value.closed] == [("announced", "New here, open from 2026-12-26")]
    house.clock.move(seconds=1)
    assert (await routing.plan(ada, request)).candidates[0].model.policy.company == "Acme"
    assert await routing.opens() == {}


@pytest.mark.promise("P39")
async def test_without_people_or_on_loopback_nobody_waits(house: House) -> None:
    await started(house, OLD)[0].announce()
    policies, newcomers = started(house, OLD, ACME)
    await policies.announce()  # nobody is there who could be told
    house.clock.move(minutes=2)
    assert await newcomers.opens() == {}
    await house.person("ada")
    policies, newcomers = started(house, OLD, ACME, ("Third", "Japan"), waits=False)
    house.clock.move(minutes=2)
    assert await newcomers.opens() == {}
    assert await policies.announce() == 0
