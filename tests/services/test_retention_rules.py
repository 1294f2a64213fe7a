"""Every rule of the retention table, one second before its end and at it: the table is the program, on both databases.

Rules that name a column are tested as they stand; the others have a scenario here. A rule with a period and neither fails.
"""

from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from imageroute_app.bootstrap import new_id
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import Query
from imageroute_app.domain.retention import RULES, Action
from imageroute_app.services.retention import Retention
from imageroute_app.settings import ROOT
from tests.contracts import records
from tests.doubles import png
from tests.services.conftest import House

PERIOD = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.promise("P35")

IsThere = Callable[[], Awaitable[bool]]
ELSEWHERE = {
    "age_refused": "tests/routes/test_auth.py::test_too_young_stores_nothing_and_keeps_sign_up_closed_for_an_hour",
    "door": "tests/routes/test_hosted.py::test_the_way_back_ends_after_half_an_hour",
    "counter": "tests/contracts/test_limiter.py::test_tries_up_to_the_limit_pass",
    "page_state": "tests/test_serve.py::test_reflex_is_told_the_exact_origins_and_keeps_state_off_the_disk",
    "archive": "tests/routes/test_exports.py::test_it_costs_nothing_and_is_gone_after_seven_days",
    "export": "tests/services/test_exports.py::test_the_files_go_after_seven_days_and_the_line_stays",
    "account_idle": "tests/services/test_inactivity.py::test_an_account_goes_after_three_notices_and_not_a_second_sooner",
    "waiting_mail": "tests/services/test_mails.py::test_nothing_waits_for_longer_than_three_days",
    "quiet_address": "tests/services/test_mails.py::test_a_report_about_a_mail_of_ours_silences_its_address_for_ninety_days",
    "outbox": "tests/adapters/test_mail.py::test_purge_deletes_the_old_only",
}
"""Periods that end without the sweep's database, with the tests that prove them."""


def retention_of(house: House, **changes: Any) -> Retention:
    async def purge_outbox(age: timedelta) -> int:
        return 0

    parts: dict[str, Any] = {
        "purges": (
            house.uploads.sweep,
            house.uploads.remind,
            house.activity.sweep,
            house.newsletter.sweep,
            house.erasures.purge,
        ),
        **changes,
    }
    return Retention(
        database=house.database,
        gallery=house.gallery,
        purge_outbox=purge_outbox,
        clock=house.clock,
        new_id=new_id,
        **parts,
    )


async def sample(house: House, name: str) -> IsThere:
    """Store a record of the rule's table whose period began now; returns how to look for it."""
    rule = RULES[name]
    owner = await house.person()
    record = records.MADE[rule.table](77, owner=owner)
    known = {field.name for field in fields(record)}
    ends = house.clock() + (rule.period or timedelta()) - rule.wait
    record = replace(record, **{rule.column: ends} if rule.column in known else {})
    repository = getattr(house.database.tables, rule.table)
    await repository.add(record)

    async def is_there() -> bool:
        return await repository.count(Query(owner=owner, equals={"id": record.id})) == 1

    return is_there


async def upload(house: House) -> IsThere:
    owner = await house.person()
    kept = await house.uploads.add(owner, png())

    async def is_there() -> bool:
        return bool(await house.media.list(f"uploads/{owner}/{kept.id}/"))

    return is_there


async def image_trash(house: House) -> IsThere:
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    (image,) = await house.gallery.of_job(owner, job.id)
    await house.gallery.trash(owner, image.id)

    async def is_there() -> bool:
        return bool(await house.media.list(f"images/{owner}/{image.id}/"))

    return is_there


async def address(house: House) -> IsThere:
    owner = await house.person()
    await house.activity.note(owner, ActivityKind.NEW_DEVICE, address="198.51.100.77", device="Firefox on Linux")

    async def is_there() -> bool:
        return (await house.activity.newest(owner, 1))[0].address == "198.51.100.77"

    return is_there


async def newsletter_unconfirmed(house: House) -> IsThere:
    await house.newsletter.ask("ann@example.org")
    await house.newsletter.settle()
    return lambda: _has_subscription(house)


async def newsletter_stopped(house: House) -> IsThere:
    await newsletter_unconfirmed(house)
    await house.newsletter.leave_address("ann@example.org")
    return lambda: _has_subscription(house)


async def _has_subscription(house: House) -> bool:
    found = await house.database.tables.newsletter_subscriptions.by_key("email_key", "ann@example.org")
    return found is not None


async def erasure(house: House) -> IsThere:
    """The receipt and its steps are one thing: neither may outlive the other."""
    receipt = await house.erasures.begin(await house.person(), at_once=True)
    await house.erasures.run(receipt.id)

    async def is_there() -> bool:
        rows = await house.database.count_rows(receipt.id)
        assert (rows["erasures"] > 0) == (rows["erasure_steps"] > 0)
        return rows["erasures"] > 0

    return is_there


SCENARIOS: dict[str, Callable[[House], Awaitable[IsThere]]] = {
    "upload": upload,
    "image_trash": image_trash,
    "address": address,
    "newsletter_unconfirmed": newsletter_unconfirmed,
    "newsletter_stopped": newsletter_stopped,
    "erasure": erasure,
}
TIMED = [name for name, rule in RULES.items() if rule.period is not None and name not in ELSEWHERE]


@pytest.mark.parametrize("name", [name for name in TIMED if RULES[name].column or name in SCENARIOS])
async def test_a_second_before_it_is_there_and_at_its_end_it_is_gone(either_house: House, name: str) -> None:
    house = either_house
    retention = retention_of(house)
    is_there = await (SCENARIOS[name](house) if name in SCENARIOS else sample(house, name))
    house.clock.now += (RULES[name].period or timedelta()) - SECOND
    await retention.sweep(PERIOD)
    assert await is_there()
    house.clock.now += SECOND
    await retention.sweep(PERIOD)
    assert not await is_there()


@pytest.mark.parametrize("name", TIMED)
def test_every_period_is_tested_somewhere(name: str) -> None:
    assert RULES[name].column or name in SCENARIOS


@pytest.mark.parametrize("proof", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_tested_elsewhere_is(proof: str) -> None:
    path, _, name = proof.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_table_has_a_rule_that_exists() -> None:
    assert {table.rule for table in DATA_MAP.values()} <= set(RULES)
    assert all(rule.action for rule in RULES.values() if rule.action is not Action.NOTHING)


@pytest.mark.promise("P37")
async def test_a_part_that_fails_holds_up_no_other_is_shown_and_tried_again(either_house: House) -> None:
    house = either_house
    is_down = True

    async def broken() -> int:
        if is_down:
            raise Unavailable
        return 0

    retention = retention_of(house, purges=(broken, house.uploads.sweep))
    is_there = await sample(house, "session")
    house.clock.move(days=8)
    await retention.sweep(PERIOD)
    assert not await is_there()
    (part,) = retention.failing
    assert "broken" in part
    is_down = False
    await retention.sweep(PERIOD)
    assert retention.failing == {}


async def test_a_backlog_is_worked_off_in_one_sweep(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    for number in range(450):
        await house.database.tables.sessions.add(
            replace(records.session(number, owner), id=f"{number + 1000:032x}", token_hash=f"many-{number}")
        )
    house.clock.move(days=31)
    await retention_of(house).sweep(PERIOD)
    assert await house.database.tables.sessions.count(Query(owner=owner)) == 0
