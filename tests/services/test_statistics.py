"""Usage statistics: nothing without a yes, nothing after a no, totals without small groups, quotas apart."""

import pytest

from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.statistics import HOUSE, K, UsageCount, end_of_day, people_by_cell
from imageroute_app.services.statistics import digest_of
from tests.services.conftest import House


async def counts(house: House, owner: str) -> dict[str, int]:
    found = await house.database.tables.usage_counts.find(Query(owner=owner))
    return {count.feature: count.count for count in found}


@pytest.mark.promise("P13", "P24")
async def test_nothing_is_counted_without_a_yes(either_house: House) -> None:
    owner = await either_house.person()
    await either_house.job(owner)
    await either_house.statistics.seen(owner, "create", 300)
    assert await counts(either_house, owner) == {}


@pytest.mark.promise("P13", "P56")
async def test_each_category_counts_only_its_own(either_house: House) -> None:
    house, owner = either_house, await either_house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await house.job(owner)
    await house.statistics.seen(owner, "create", 300)
    await house.statistics.seen(owner, "create", 300)
    await house.statistics.seen(owner, "a-page-of-nobody", 300)
    assert await counts(house, owner) == {"make": 1, "page create": 2}
    await house.choices.choose(owner, Purpose.PERFORMANCE, on=True)
    await house.statistics.seen(owner, "create", 3000)
    assert (await counts(house, owner))["load create slow"] == 1
    await house.choices.choose(owner, Purpose.ANALYTICS, on=False)
    assert await counts(house, owner) == {"load create slow": 1}


@pytest.mark.promise("P13", "P21", "P51")
@pytest.mark.parametrize("purpose", [Purpose.ANALYTICS, Purpose.IMPROVEMENT])
async def test_after_a_no_there_is_not_one_further_event_and_the_quota_is_untouched(
    either_house: House, purpose: Purpose
) -> None:
    house, owner = either_house, await either_house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await house.job(owner)
    before = await house.jobs.balance(owner)
    await house.choices.choose(owner, purpose, on=False)
    assert await counts(house, owner) == {}
    assert await house.jobs.balance(owner) == before
    await house.job(owner)
    assert await counts(house, owner) == {}
    assert (await house.jobs.balance(owner)).available == before.available - 1


@pytest.mark.promise("P52")
async def test_freezing_ends_what_was_counted_today(house: House) -> None:
    owner = await house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await house.job(owner)
    await house.choices.freeze(owner)
    assert await counts(house, owner) == {}


async def count_of(house: House, number: int, feature: str) -> None:
    count = UsageCount(
        id=f"{number:032x}", owner=HOUSE, cell=f"{feature}|{number}", visitor=digest_of(str(number)), feature=feature,
        count=2, rolls_at=end_of_day(house.clock()),
    )  # fmt: skip
    await house.database.tables.usage_counts.add(count)


@pytest.mark.promise("P13", "P22", "P60")
@pytest.mark.promise("P12", "P13", "P22", "P60")
async def test_totals_have_no_ids_and_small_groups_are_dropped(either_house: House) -> None:
    house = either_house
    for number in range(K):
        await count_of(house, number, "make")
    for number in range(K, 2 * K - 1):
        await count_of(house, number, "share")
    assert await house.statistics.roll_up() == 0
    house.clock.now = end_of_day(house.clock())
    while await house.statistics.roll_up():
        pass
    (total,) = await house.statistics.totals()
    assert (total.feature, total.people, total.count, total.day) == ("make", K, 2 * K, "2026-11-25")
    assert await house.database.tables.usage_totals.count(Query(owner=HOUSE)) == 1
    assert await house.database.tables.usage_counts.count(Query(owner=HOUSE)) == 0


@pytest.mark.promise("P56")
async def test_a_visitor_is_forgotten_at_once(either_house: House) -> None:
    statistics = either_house.statistics
    for visitor in ("one", "two"):
        await statistics.seen_by_visitor(visitor, {Purpose.ANALYTICS}, "home", 200)
    await statistics.forget_visitor("one")
    (left,) = await either_house.database.tables.usage_counts.find(Query(owner=HOUSE))
    assert left.visitor == digest_of("two")


@pytest.mark.promise("P60")
def test_one_person_more_changes_a_total_by_one_at_most() -> None:
    rows = [(str(person), "model a") for person in range(K - 1)]
    assert people_by_cell(rows) == {}
    rows += [("new", "model a")] * 50 + [("new", "model b")]
    assert people_by_cell(rows) == {"model a": K}
    assert people_by_cell([*rows, *[("newer", "model a")] * 50]) == {"model a": K + 1}
