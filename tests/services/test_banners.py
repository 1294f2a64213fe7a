"""What stands above every page: what lasts as long as it lasts, what was told until it was seen; on both databases."""

import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.services.export_worker import TOPIC as EXPORT
from tests.services.conftest import House
from tests.services.test_policies import with_change


@pytest.mark.promise("P72")
async def test_a_policy_to_come_stands_with_its_day_and_the_differences_until_it_was_seen(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    house.clock.move(days=5)
    await with_change(house).announce()

    word = await house.banners.word(owner)
    (banner,) = word.banners
    assert word.unseen == 1
    assert "takes effect on 14 December 2026" in banner.text
    notice = await house.notices.open(owner, banner.notice_id)

    assert notice.path == "/privacy/compare?from=2026-11-26&to=2026-12-01"
    word = await house.banners.word(owner)
    assert (word.unseen, list(word.banners)) == (0, [])


@pytest.mark.promise("P52", "P49")
async def test_a_closing_and_a_freeze_stand_for_as_long_as_they_last(house: House) -> None:
    owner = await house.person()
    assert (await house.banners.word(owner)).banners == []

    await house.choices.freeze(owner)
    (frozen,) = (await house.banners.word(owner)).banners
    assert (frozen.path, frozen.notice_id) == ("/privacy-center#choices", "")
    await house.erasures.begin(owner, at_once=False)
    (closing,) = (await house.banners.word(owner)).banners
    assert "erased on 2 December 2026" in closing.text
    await house.erasures.cancel(owner)
    await house.gate.lock(owner, Lock.CHILD_REPORT)
    (review,) = (await house.banners.word(owner)).banners
    assert "under review" in review.text


async def test_an_export_that_is_ready_is_said_above_every_page_and_open_pages_hear_of_it(house: House) -> None:
    owner = await house.person()
    house.bell.told.clear()
    await house.notices.tell(owner, EXPORT, "Your export is ready.", "/privacy-center#export")
    await house.notices.tell(owner, "uploads", "An upload goes soon.", "/uploads")

    word = await house.banners.word(owner)

    assert [banner.act for banner in word.banners] == ["Open the package"]
    assert word.unseen == 2
    assert house.bell.told == [(owner, "notices"), (owner, "notices")]


async def test_nobody_opens_the_notice_of_another(house: House) -> None:
    ada, bob = await house.person("ada"), await house.person("bob")
    notice = await house.notices.tell(ada, "a", "For Ada.", "/uploads")

    await house.notices.see(bob, notice.id)

    assert [one.id for one in await house.notices.unread(ada)] == [notice.id]
