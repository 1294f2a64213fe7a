"""Pictures at Cloudinary, from the first put to proof that nothing is left, also when the vendor is down in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageroute_app.adapters.media.account import Access
from imageroute_app.adapters.media.cloudinary import CloudinaryMedia, open_cloudinary_media
from imageroute_app.domain.errors import Conflict, NotFound, Unavailable
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.jobs import JobState
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator
from tests.emulators.kit import served
from tests.services.conftest import House, open_house
from tests.services.test_retention import PERIOD, retention_of


async def no_wait(_seconds: float) -> None:
    """Wait for nothing: what the adapter waits for comes by the test's hand."""


@pytest.fixture
async def cloud() -> AsyncIterator[CloudinaryEmulator]:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with served(emulator):
        yield emulator


@pytest.fixture
async def house(tmp_path: Path, cloud: CloudinaryEmulator) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        access = Access(cloud=CLOUD, key=KEY, secret=SECRET, url=cloud.url, delivery_url=cloud.delivery_url)
        media: CloudinaryMedia = await open_cloudinary_media(access, clock=opened.clock, sleep=no_wait)
        opened.media = media
        opened.__post_init__()
        yield opened
        await opened.accounts.settle()
        await media.close()


async def picture(house: House) -> Image:
    """Have one made, and look at every size, so that the delivery network keeps copies."""
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    (image,) = await house.gallery.of_job(owner, job.id)
    for size in ("original", "960", "320"):
        assert [chunk async for chunk in await house.media.open(media_key(owner, image.id, size))]
    return image


@pytest.mark.promise("P29", "P48")
async def test_a_picture_is_made_looked_at_by_range_trashed_and_purged(house: House, cloud: CloudinaryEmulator) -> None:
    cloud.scenario.extra |= {"folder_mode": "fixed", "forces_backup": True}
    image = await picture(house)
    original = media_key(image.owner, image.id, "original")
    assert (await house.media.stat(original)).size_bytes == image.size_bytes
    part = b"".join([chunk async for chunk in await house.media.open(original, 10, 20)])
    assert part == next(one.data for (_, _, name), one in cloud.assets.items() if name.endswith("original"))[10:20]
    assert {(kind, sort) for kind, sort, _ in cloud.assets} == {("raw", "authenticated")}
    await house.check_media(image.owner)

    await house.gallery.trash(image.owner, image.id)
    await house.gallery.restore(image.owner, image.id)
    await house.gallery.trash(image.owner, image.id)
    house.clock.move(days=30)
    await retention_of(house).sweep(PERIOD)
    with pytest.raises(NotFound):
        await house.gallery.image(image.owner, image.id)
    assert cloud.holds_nothing()
    assert not any(image.id in folder for folder in cloud.folders)


@pytest.mark.promise("P48")
@pytest.mark.parametrize("fault", ["outage", "lazy_edge", "vanished"])
async def test_delete_now_is_not_said_to_be_done_until_it_is(
    house: House, cloud: CloudinaryEmulator, fault: str
) -> None:
    image = await picture(house)
    await house.gallery.trash(image.owner, image.id)
    cloud.scenario.extra[fault] = True
    with pytest.raises(Unavailable, match="goes on by itself"):
        await house.gallery.erase(image.owner, image.id)
    assert (await house.gallery.image(image.owner, image.id)).is_leaving
    with pytest.raises(Conflict):
        await house.gallery.restore(image.owner, image.id)
    assert await house.gallery.purge() == 0
    assert (await house.gallery.image(image.owner, image.id)).is_leaving
    assert not cloud.holds_nothing()

    del cloud.scenario.extra[fault]
    cloud.settle()
    assert await house.gallery.purge() == 1
    assert cloud.holds_nothing()
    with pytest.raises(NotFound):
        await house.gallery.image(image.owner, image.id)
    assert await house.gallery.purge() == 0


async def test_a_purge_after_a_restart_still_waits_for_proof(house: House, cloud: CloudinaryEmulator) -> None:
    image = await picture(house)
    await house.gallery.trash(image.owner, image.id)
    cloud.scenario.extra["lazy_edge"] = True
    with pytest.raises(Unavailable):
        await house.gallery.erase(image.owner, image.id)
    access = Access(cloud=CLOUD, key=KEY, secret=SECRET, url=cloud.url, delivery_url=cloud.delivery_url)
    restarted = CloudinaryMedia(access, clock=house.clock, sleep=no_wait)
    house.media = restarted
    house.__post_init__()
    assert await house.gallery.purge() == 0
    cloud.settle()
    assert await house.gallery.purge() == 1
    assert cloud.holds_nothing()
    await restarted.close()


async def test_one_picture_that_stays_holds_up_no_other_retention(house: House, cloud: CloudinaryEmulator) -> None:
    image = await picture(house)
    await house.gallery.trash(image.owner, image.id)
    house.clock.move(days=31)
    cloud.scenario.extra["outage"] = True
    assert await retention_of(house).sweep(PERIOD) > 0  # sessions and links of the person went
    assert await house.gallery.image(image.owner, image.id)


async def test_a_full_account_ends_the_job_free_and_leaves_nothing(house: House, cloud: CloudinaryEmulator) -> None:
    owner = await house.person()
    cloud.scenario.extra["full"] = True
    job = await house.job(owner)
    await house.runner.run(job.id)
    (ended,) = await house.jobs.recent(owner)
    assert ended.state is not JobState.SUCCEEDED
    assert cloud.holds_nothing()
    await house.check_books(owner)
