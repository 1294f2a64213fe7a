"""Accounts that nobody uses: three notices, the end to the second, and one sign-in that stops it; on both databases."""

from datetime import timedelta

import pytest

from imageroute_app.domain.erasures import Phase
from imageroute_app.domain.errors import NotFound
from imageroute_app.services.erasure_mails import asked_mail
from imageroute_app.services.erasure_steps import rows_left
from imageroute_app.services.inactivity import Inactivity
from tests.services.conftest import House

SECOND = timedelta(seconds=1)
SUBJECT = "Your account is erased on"


def rule(house: House) -> Inactivity:
    return Inactivity(
        database=house.database, notices=house.notices, erasures=house.erasures, gate=house.gate, clock=house.clock
    )


def mails(house: House) -> int:
    return sum(mail.subject.startswith(SUBJECT) for mail in house.letters.sent)


async def pass_time(house: House, **span: float) -> None:
    house.clock.move(**span)
    await rule(house).sweep()
    await house.erasures.sweep()
    await house.notices.settle()


@pytest.mark.promise("P35")
async def test_an_account_goes_after_three_notices_and_not_a_second_sooner(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    for days, count in ((670, 1), (30, 2), (23, 3)):
        await pass_time(house, days=days, seconds=-1)
        assert mails(house) == count - 1
        await pass_time(house, seconds=1)
        assert mails(house) == count
    (banner,) = (await house.banners.word(owner)).banners
    assert "sign in once before that day" in banner.text

    await pass_time(house, days=7, seconds=-1)
    assert (await house.accounts.person(owner)).id == owner
    await pass_time(house, seconds=1)

    with pytest.raises(NotFound):
        await house.accounts.person(owner)
    assert await rows_left(house.database, owner) == {}
    (erasure,) = await house.database.tables.erasures.overdue("ended_at", house.clock(), 10)
    assert (erasure.phase, erasure.reason) == (Phase.COMPLETE, "inactive")
    assert "You asked" not in asked_mail(erasure, "")[1]


@pytest.mark.promise("P35")
async def test_one_sign_in_starts_the_time_anew(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    for days in (670, 30, 23):
        await pass_time(house, days=days)
    house.clock.move(days=7, seconds=-1)
    await house.accounts.sign_in("ada@example.com", "long enough", device="Test", address="127.0.0.1")

    await pass_time(house, days=669)
    assert (await house.accounts.person(owner)).idle_told == 0
    await pass_time(house, days=1)
    assert (await house.accounts.person(owner)).idle_told == 1


@pytest.mark.promise("P35")
async def test_a_service_that_was_down_for_years_tells_first(house: House) -> None:
    owner = await house.person()
    for count in (1, 2, 3):
        await pass_time(house, days=3000)
        assert (await house.accounts.person(owner)).idle_told == count


@pytest.mark.promise("P52")
async def test_a_frozen_account_is_neither_told_nor_erased(house: House) -> None:
    owner = await house.person()
    await house.choices.freeze(owner)
    for _ in range(5):
        await pass_time(house, days=800)
    assert (await house.accounts.person(owner)).idle_told == 0
    assert mails(house) == 0
