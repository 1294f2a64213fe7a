from datetime import timedelta

import pytest

from imageroute_app.bootstrap import new_id
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Query
from imageroute_app.services.retention import Retention
from tests.services.conftest import House

PERIOD = timedelta(minutes=15)


def retention_of(house: House) -> Retention:
    async def purge_outbox(age: timedelta) -> int:
        return 0

    return Retention(
        database=house.database,
        gallery=house.gallery,
        purge_outbox=purge_outbox,
        clock=house.clock,
        new_id=new_id,
        purges=(house.uploads.sweep, house.uploads.remind),
    )


@pytest.mark.promise("P36", "P48")
async def test_trashed_image_is_there_a_second_before_30_days_and_gone_after(house: House) -> None:
    retention = retention_of(house)
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    (image,) = await house.gallery.of_job(owner, job.id)
    await house.gallery.trash(owner, image.id)
    house.clock.move(days=30, seconds=-1)
    await retention.sweep(PERIOD)
    await house.gallery.restore(owner, image.id)
    await house.gallery.trash(owner, image.id)
    house.clock.move(days=30)
    await retention.sweep(PERIOD)
    with pytest.raises(NotFound):
        await house.gallery.image(owner, image.id)
    assert await house.media.list(f"images/{owner}/") == []
    await house.check_media(owner)


@pytest.mark.promise("P9", "P36")
async def test_a_picture_that_was_made_stays_for_years_until_it_is_deleted(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    (image,) = await house.gallery.of_job(owner, job.id)
    house.clock.move(days=5 * 366)
    await retention_of(house).sweep(PERIOD)
    assert await house.gallery.image(owner, image.id) == image
    await house.check_media(owner)
    await house.gallery.trash(owner, image.id)
    await house.gallery.erase(owner, image.id)
    assert await house.media.list(f"images/{owner}/") == []


@pytest.mark.promise("P35")
async def test_generation_without_a_picture_is_dropped_after_7_days_and_its_ledger_stays(house: House) -> None:
    retention = retention_of(house)
    owner = await house.person()
    kept = await house.job(owner)
    await house.runner.run(kept.id)
    house.provider.script.append([b"nothing"])
    house.clock.move(seconds=5)
    empty = await house.job(owner)
    await house.runner.run(empty.id)
    house.clock.move(days=7, seconds=-1)
    await retention.sweep(PERIOD)
    assert len(await house.jobs.recent(owner)) == 2
    house.clock.move(seconds=1)
    await retention.sweep(PERIOD)
    assert [job.id for job in await house.jobs.recent(owner)] == [kept.id]
    assert len(await house.jobs.ledger(owner)) == 6


async def test_sessions_links_and_old_quotes_go_when_they_are_over(house: House) -> None:
    retention = retention_of(house)
    owner = await house.person()
    await house.accounts.settle()
    tables = house.database.tables
    house.clock.move(hours=24)
    await retention.sweep(PERIOD)
    assert await tables.mail_tokens.count(Query(owner=owner)) == 0
    assert await tables.sessions.count(Query(owner=owner)) == 1
    house.clock.move(days=7)
    await retention.sweep(PERIOD)
    assert await tables.sessions.count(Query(owner=owner)) == 0


async def test_only_one_sweeper_works_at_a_time(house: House) -> None:
    first, second = retention_of(house), retention_of(house)
    owner = await house.person()
    house.clock.move(days=8)
    assert await first.sweep(PERIOD) > 0
    await house.person("bo")
    house.clock.move(minutes=29)
    assert await second.sweep(PERIOD) == 0
    house.clock.move(days=8)
    assert await second.sweep(PERIOD) > 0
    assert await house.database.tables.sessions.count(Query(owner=owner)) == 0


async def test_a_worker_that_starts_after_another_was_stopped_need_not_wait(house: House) -> None:
    owner = await house.person()
    await house.job(owner)
    first, second = retention_of(house), retention_of(house)
    await first.sweep(PERIOD)
    house.clock.move(days=91)
    assert await second.sweep(PERIOD) > 0
    lease = {"holder": "another", "now": house.clock(), "until": house.clock() + PERIOD}
    assert await house.database.tables.acquire_lease("retention", **lease)  # one sweeps at a time all the same
    assert await first.sweep(PERIOD) == 0
