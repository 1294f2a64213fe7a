"""The newsletter on both databases: asked twice, sent once, left at once."""

from datetime import timedelta

import pytest

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.newsletter import SubscriptionState
from imageroute_app.domain.ports import Mail
from tests.services.conftest import House

ANN = "ann@example.org"
SECOND = timedelta(seconds=1)


async def asked(house: House, email: str = ANN) -> str:
    """Ask for an address and return the token of the question."""
    await house.newsletter.ask(email)
    await house.newsletter.settle()
    return house.letters.sent[-1].link.partition("confirm=")[2]


async def confirmed(house: House, email: str = ANN) -> None:
    await house.newsletter.confirm(await asked(house, email))
    house.letters.sent.clear()


def leaving(mail: Mail) -> str:
    return mail.link.partition("s=")[2]


@pytest.mark.promise("P6", "P23")
async def test_an_address_that_did_not_confirm_gets_the_question_and_nothing_else(either_house: House) -> None:
    await asked(either_house)
    assert (await either_house.newsletter.send("News", "Hello")).sent == 0
    assert [mail.subject for mail in either_house.letters.sent] == ["Do you want the newsletter?"]


@pytest.mark.promise("P6")
async def test_it_is_deleted_with_its_key_after_seven_days_without_a_yes(either_house: House) -> None:
    house = either_house
    token = await asked(house)
    house.clock.now += timedelta(days=7) - SECOND
    assert await house.newsletter.sweep() == 0
    assert await house.newsletter.find(ANN) is not None
    house.clock.now += SECOND
    with pytest.raises(NotFound):
        await house.newsletter.confirm(token)
    assert await house.newsletter.sweep() == 1
    assert await house.database.tables.newsletter_subscriptions.by_key("email_key", ANN) is None


@pytest.mark.promise("P6", "P23", "P50")
async def test_confirmed_ones_get_an_issue_once_and_leave_with_one_press(either_house: House) -> None:
    house = either_house
    await confirmed(house)
    assert (await house.newsletter.send("News", "Hello")).sent == 1
    again = await house.newsletter.send("News", "Hello")
    assert (again.sent, again.had) == (0, 1)
    (mail,) = house.letters.sent
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert leaving(mail) in mail.headers["List-Unsubscribe"]
    await house.newsletter.leave(leaving(mail))
    await house.newsletter.leave(leaving(mail))
    assert (await house.newsletter.send("More news", "Hello")).sent == 0
    assert await house.newsletter.find(ANN) is None


@pytest.mark.promise("P50")
async def test_after_leaving_only_a_hash_is_left_and_that_for_thirty_days(either_house: House) -> None:
    house = either_house
    await confirmed(house)
    await house.newsletter.leave_address(ANN)
    left = await house.database.tables.newsletter_subscriptions.by_key("email_key", ANN)
    assert left is not None
    assert (left.state, left.email) == (SubscriptionState.STOPPED, "")
    await house.newsletter.ask(ANN)
    await house.newsletter.settle()
    assert house.letters.sent == []  # a stranger cannot have it asked again
    house.clock.now += timedelta(days=30) - SECOND
    assert await house.newsletter.sweep() == 0
    house.clock.now += SECOND
    assert await house.newsletter.sweep() == 1
    assert await asked(house)


async def test_its_own_person_may_come_back_at_once(house: House) -> None:
    await confirmed(house)
    await house.newsletter.leave_address(ANN)
    await house.newsletter.ask(ANN, is_proven=True)
    await house.newsletter.settle()
    assert house.letters.sent[-1].subject == "Do you want the newsletter?"


@pytest.mark.promise("P23")
async def test_a_mail_server_that_refuses_leaves_the_rest_for_the_next_run(either_house: House) -> None:
    house = either_house
    await confirmed(house)
    await confirmed(house, "bob@example.org")
    send, tries = house.letters.send, 0

    async def refuse_once(mail: Mail) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable
        await send(mail)

    house.letters.send = refuse_once
    first = await house.newsletter.send("News", "Hello")
    second = await house.newsletter.send("News", "Hello")
    assert (first.sent, first.failed) == (1, 1)
    assert (second.sent, second.had, second.failed) == (1, 1, 0)
    assert sorted(mail.to for mail in house.letters.sent) == ["ann@example.org", "bob@example.org"]


@pytest.mark.promise("P23")
async def test_mails_about_the_account_go_on_after_leaving(house: House) -> None:
    await house.person("ada")
    await house.newsletter.leave_address("ada@example.com")
    await house.accounts.request_reset("ada@example.com", address="127.0.0.1")
    await house.accounts.settle()
    assert house.letters.sent[-1].subject == "Set a new password"


async def test_a_link_of_one_use_is_good_for_no_other(house: House) -> None:
    token = await asked(house)
    with pytest.raises(NotFound):
        await house.newsletter.leave(token)
    with pytest.raises(NotFound):
        await house.newsletter.confirm(token[:-1] + ("0" if token[-1] != "0" else "1"))
