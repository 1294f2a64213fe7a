"""What an erasure does to cases that are nobody's or somebody else's."""

from dataclasses import replace

import pytest

from imageroute_app.domain.cases import Kind
from imageroute_app.services.cases import Opening
from tests.services.conftest import House

HERE = "127.0.0.9"


async def prove_address(house: House, owner: str) -> None:
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, email_verified_at=house.clock()))


@pytest.mark.promise("P47")
async def test_cases_without_an_account_go_only_with_an_account_that_proved_their_address(either_house: House) -> None:
    house, office = either_house, either_house.open_office()
    owner = await house.person("ada")
    opened = await office.cases.open(Opening(kind=Kind.TICKET, text="Mine.", contact="Ada@example.com"), address=HERE)
    other = await office.cases.open(Opening(kind=Kind.TICKET, text="His.", contact="bob@example.com"), address=HERE)

    assert await office.traces.forget(owner) == 0
    assert (await house.database.tables.cases.get(opened.case.id, opened.case.owner)).text == "Mine."

    await prove_address(house, owner)
    assert await office.traces.forget(owner) == 1
    assert await office.traces.forget(owner) == 0
    assert [case.id for case in await house.database.tables.cases.walk("", 10)] == [other.case.id]


@pytest.mark.promise("P47")
async def test_a_report_of_somebody_else_stays_without_the_address_of_who_made_it(house: House) -> None:
    office = house.open_office()
    owner, child = await house.person("ada"), await house.person("kid")
    await prove_address(house, owner)
    await office.children.report("kid@example.com", "He is ten.", contact="ada@example.com", address=HERE)

    assert await office.traces.forget(owner) == 1

    (report,) = await house.database.tables.cases.walk("", 10)
    assert (report.contact, report.subject) == ("", child)
    assert "He is ten." in report.text


async def test_an_account_that_is_gone_has_no_traces(house: House) -> None:
    assert await house.open_office().traces.forget("f" * 32) == 0
