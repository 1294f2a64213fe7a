"""A new policy: told before it is in effect, noted when seen, never taken for consent; on both databases."""

from datetime import date, timedelta

import pytest

from imageroute_app.bootstrap import _edition, new_id, read_editions
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.policies import Edition, Kind
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.services.choices import Choices
from imageroute_app.services.policies import Policies
from tests.services.conftest import House


def with_change(house: House, day: date = date(2026, 12, 1), tell: object = None) -> Policies:
    known = read_editions()
    coming = Edition(
        kind=Kind.PRIVACY, effective=day, sha256="1" * 64, is_material=True, summary="It adds statistics.",
        text=known[Kind.PRIVACY][-1].text, new_purposes=("analytics",),
    )  # fmt: skip
    return Policies(
        database=house.database,
        editions={**known, Kind.PRIVACY: (*known[Kind.PRIVACY], coming)},
        tell=tell or house.notices.tell,  # type: ignore[arg-type]
        clock=house.clock,
        new_id=new_id,
    )


@pytest.mark.promise("P72", "P73")
async def test_everyone_is_told_once_and_it_waits_fourteen_days(either_house: House) -> None:
    house = either_house
    owners = [await house.person("ada"), await house.person("bo")]
    policies = with_change(house)
    first = (await policies.current(Kind.PRIVACY)).id
    house.clock.move(days=20)  # past its day: without notice it is not in effect
    assert (await policies.current(Kind.PRIVACY)).id == first
    assert await policies.announce() == 2
    assert await policies.announce() == 0
    await house.notices.settle()
    for owner in owners:
        (notice,) = await house.database.tables.notices.find(
            Query(owner=owner, equals={"topic": "policy:privacy-2026-12-01"}, limit=9)
        )
        assert notice.is_banner
        assert notice.subject
    house.clock.move(days=14, seconds=-1)
    assert (await policies.current(Kind.PRIVACY)).id == first
    house.clock.move(seconds=1)
    assert (await policies.current(Kind.PRIVACY)).id == "privacy-2026-12-01"
    for owner in owners:  # nothing they did or left undone is a choice
        assert await house.database.tables.choices.count(Query(owner=owner)) == 0


@pytest.mark.promise("P70", "P72")
async def test_a_choice_names_the_edition_in_effect_at_that_moment(house: House) -> None:
    owner, policies = await house.person(), with_change(house, date(2026, 12, 9))
    choices = Choices(database=house.database, clock=house.clock, new_id=new_id, edition=_edition(policies))
    await policies.announce()
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    house.clock.move(days=14)
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    versions = [one.policy_version for one in await choices.log.history(owner)]
    assert versions == ["2026-12-09", read_editions()[Kind.PRIVACY][-1].effective.isoformat()]


@pytest.mark.promise("P72")
async def test_who_was_not_told_when_it_broke_off_is_told_by_the_next_sweep(either_house: House) -> None:
    house = either_house
    for name in ("ada", "bo", "cy"):
        await house.person(name)
    told: list[str] = []

    async def tell(owner: str, topic: str, text: str, path: str, *, mail: str = "", is_banner: bool = False) -> None:
        if len(told) == 1 and owner not in told:
            told.append("broken")
            raise Unavailable
        told.append(owner)

    policies = with_change(house, tell=tell)
    house.clock.move(seconds=5)
    with pytest.raises(Unavailable):
        await policies.announce()
    await policies.announce()
    reached = [one for one in told if one != "broken"]
    assert len(reached) == len(set(reached)) == 3


@pytest.mark.promise("P73", "P75")
async def test_what_a_person_saw_is_noted_and_is_no_consent(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    assert {row.kind for row in await house.policies.acknowledged(owner)} == set(Kind)
    policies = with_change(house)
    house.clock.move(days=1)
    await policies.announce()
    await policies.acknowledge(owner, "privacy-2026-12-01")
    await policies.acknowledge(owner, "privacy-2026-12-01")
    rows = await policies.acknowledged(owner)
    assert [row.edition for row in rows].count("privacy-2026-12-01") == 1
    assert sum(row.told_at is not None for row in rows) == 1
    assert await house.database.tables.choices.count(Query(owner=owner)) == 0
    house.clock.now += timedelta(days=1)
    assert await policies.announce() == 0
