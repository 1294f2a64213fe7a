"""What a person is shown of how things stand, on both databases: journal, ledger, notices, holdings."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.activity import DETAIL, ActivityKind, cut_address
from imageroute_app.domain.choices import EVERYTHING, ChoiceEvent
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import NotSignedIn, Unavailable
from imageroute_app.domain.jobs import Level
from imageroute_app.domain.ports import Mail, Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.services.disclosures import DisclosingMailer, Receiver, ends_at
from tests.doubles import png
from tests.services.conftest import House

SECOND = timedelta(seconds=1)


# --- The journal ------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("full", "cut"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("not an address", ""),
    ],
)
def test_a_cut_address_tells_the_network_only(full: str, cut: str) -> None:
    assert cut_address(full) == cut


@pytest.mark.promise("P11")
async def test_an_address_is_cut_after_a_day_and_the_line_goes_after_thirty(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    (line,) = await house.activity.newest(owner)
    assert (line.kind, line.address) == (ActivityKind.SIGN_UP, "127.0.0.1")
    house.clock.now += timedelta(hours=24) - SECOND
    assert await house.activity.sweep() == 0
    house.clock.now += SECOND
    assert await house.activity.sweep() == 1
    assert (await house.activity.newest(owner))[0].address == "127.0.0.0"
    assert line.drop_at - line.at == timedelta(days=30)


@pytest.mark.promise("P32", "P11", "P25")
async def test_wrong_passwords_and_new_devices_stand_in_the_journal(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    with pytest.raises(NotSignedIn):
        await house.accounts.sign_in("ada@example.com", "wrong", device="Test", address="198.51.100.9")
    await house.accounts.settle()
    await house.accounts.sign_in("ada@example.com", "long enough", device="Test", address="127.0.0.1")
    await house.accounts.sign_in("ada@example.com", "long enough", device="Firefox on Linux", address="127.0.0.1")
    await house.accounts.change_name(owner, "Ada L.")
    lines = await house.activity.newest(owner)
    assert [line.kind for line in lines] == ["name_changed", "new_device", "sign_in", "sign_in_failed", "sign_up"]
    kept = [(line.drop_at - line.at).days for line in lines]
    assert kept == [30, 90, 30, 90, 30]  # what is about safety stays longer, and no longer than that
    await house.notices.settle()
    (notice,) = await house.notices.newest(owner)
    assert "Firefox on Linux" in notice.text
    assert house.letters.sent[-1].subject == "A new sign-in to your account"


async def test_a_stranger_cannot_fill_a_journal(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageroute_app.services.activity.FAILED_MAX", 2)
    owner = await house.person()
    for _ in range(3):
        await house.activity.note(owner, ActivityKind.SIGN_IN_FAILED)
    assert len(await house.activity.newest(owner)) == 3  # the sign-up and two


@pytest.mark.promise("P11", "P32")
async def test_the_journal_has_what_was_chosen_set_and_locked_and_nothing_that_did_not_change(
    either_house: House,
) -> None:
    house = either_house
    owner = await house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=False)
    await house.choices.choose(owner, Purpose.ANALYTICS, on=False)
    await house.choices.freeze(owner)
    rule = replace(await house.routing.rule(owner), level=Level.ANY)
    for _ in range(2):
        await house.routing.set_rule(owner, rule)
    await house.routing.prefer_settings_in_files(owner, False)
    await house.spending.set_guard(owner, per_job="5", per_day="", low_balance="")
    await house.gate.lock(owner, Lock.OPERATOR)
    await house.gate.lock(owner, Lock.OPEN)

    lines = [(line.kind.value, line.detail) for line in reversed(await house.activity.newest(owner))]

    assert lines == [
        ("sign_up", ""), ("consent", "analytics.refused"), ("consent", "everything.frozen"),
        ("setting", "rule-for-companies"), ("setting", "settings-in-files"), ("setting", "spending-limits"),
        ("locked", "by-the-operator"), ("locked", "ended"),
    ]  # fmt: skip


def test_every_code_of_a_choice_fits_into_the_journal() -> None:
    assert all(DETAIL.fullmatch(f"{purpose}.{event}") for purpose in (*Purpose, EVERYTHING) for event in ChoiceEvent)


async def test_a_journal_takes_no_free_text(house: House) -> None:
    owner = await house.person()
    with pytest.raises(ValueError, match="short code"):
        await house.activity.note(owner, ActivityKind.SETTING, detail="My secret prompt")


# --- Notices ----------------------------------------------------------------------------------------------------------------


async def test_a_notice_stands_though_no_mail_server_answers_and_its_mail_is_tried_again(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.accounts.settle()
    house.letters.sent.clear()
    send = house.letters.send

    async def refuse(mail: Mail) -> None:
        raise Unavailable

    house.letters.send = refuse
    notice = await house.notices.tell(
        owner, "policy", "The policy changes.", "/privacy", mail="A change", is_banner=True
    )
    await house.notices.settle()
    assert [one.id for one in await house.notices.unread(owner)] == [notice.id]
    house.letters.send = send
    assert await house.notices.deliver() == 0
    house.clock.move(minutes=15)
    assert await house.notices.deliver() == 1
    assert await house.notices.deliver() == 0
    assert [mail.subject for mail in house.letters.sent] == ["A change"]


async def test_one_notice_a_topic_and_marks_of_reading(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.notices.tell(owner, "a", "Old.", "/uploads")
    new = await house.notices.tell(owner, "a", "New.", "/uploads")
    await house.notices.tell(owner, "b", "Other.", "/uploads")
    assert [one.text for one in await house.notices.newest(owner)] == ["Other.", "New."]
    await house.notices.see(owner, new.id)
    assert [one.text for one in await house.notices.unread(owner)] == ["Other."]
    assert await house.notices.see_all(owner) == 1
    assert await house.notices.unread(owner) == []


# --- The ledger -------------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P19", "P38", "P63")
async def test_every_generation_and_every_mail_is_one_line(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    house.clock.move(seconds=1)
    receiver = Receiver(key="mail", company="mail.example.org", country="Germany", retention="Retention unknown")
    mailer = DisclosingMailer(house.letters, house.disclosures, house.database, receiver)
    await mailer.send(Mail(to="Ada@example.com", subject="Hello", text="Hello"))
    await mailer.send(Mail(to="nobody@example.com", subject="Hello", text="Hello"))
    mailed, made = await house.disclosures.lines(owner)
    assert mailed.what == "Your address and a mail: Hello"
    assert "European Economic Area" in mailed.safeguard
    assert mailed.ends_at is None
    assert made.company == house.provider.model.policy.company
    assert not any(line.sale or line.share for line in (mailed, made))
    assert "mail.example.org" in await house.disclosures.companies_since(owner, house.clock() - timedelta(days=7))


async def test_what_belongs_together_is_one_line_with_a_count(house: House) -> None:
    owner = await house.person()
    receiver = Receiver(key="cloudinary", company="Cloudinary", country="Israel", retention="until deleted")
    await asyncio.gather(*(house.disclosures.note(owner, receiver, "A picture", slot="day") for _ in range(3)))
    (line,) = await house.disclosures.lines(owner)
    assert line.what == "A picture, 3 times"


@pytest.mark.parametrize(("words", "days"), [("Kept 0 days", 0), ("Kept 30 days", 30), ("Kept 1 hour", 1 / 24)])
def test_the_end_follows_from_the_recorded_retention(house: House, words: str, days: float) -> None:
    left = house.clock()
    assert ends_at(words, left) == left + timedelta(days=days)
    assert ends_at("Retention unknown", left) is None


# --- What we hold -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P43", "P3")
async def test_what_we_hold_is_counted_where_it_lies(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    before = {one.category: one.count for one in await house.holdings.all(owner)}
    upload = await house.uploads.add(owner, png(), name="fern.png")
    after = {one.category: one for one in await house.holdings.all(owner)}
    assert after[Category.UPLOADS].count == before[Category.UPLOADS] + 1
    assert after[Category.UPLOADS].oldest == house.clock()
    assert all(one.why and one.basis and one.goes for one in after.values())
    page = await house.holdings.rows(owner, Category.UPLOADS)
    assert ("name", "fern.png") in page.rows[0].facts
    await house.uploads.delete(owner, upload.id)
    assert (await house.holdings.rows(owner, Category.UPLOADS)).rows == []


async def test_a_person_sees_own_rows_only_and_no_secret(either_house: House) -> None:
    house = either_house
    ada, bea = await house.person("ada"), await house.person("bea")
    facts = [fact for row in (await house.holdings.rows(ada, Category.ACCOUNT)).rows for fact in row.facts]
    words = " ".join(f"{name} {value}" for name, value in facts)
    assert "ada@example.com" in words
    assert not re.search(r"\bbea\b", words)  # as a word: ids are random hexadecimal digits
    assert bea not in words
    assert "argon2" not in words


async def test_a_long_category_is_read_page_by_page(house: House) -> None:
    owner = await house.person()
    for number in range(45):
        await house.activity.note(owner, ActivityKind.SETTING, detail=f"n{number}")
    seen: list[str] = []
    after = ""
    while True:
        page = await house.holdings.rows(owner, Category.USAGE, after)
        seen += [row.id for row in page.rows]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == await house.database.tables.activity.count(Query(owner=owner))


@pytest.mark.promise("P6")
async def test_a_subscription_is_found_by_the_address_of_the_account(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.newsletter.ask("ada@example.com")
    await house.newsletter.settle()
    held = {one.category: one.count for one in await house.holdings.all(owner)}
    assert held[Category.NEWSLETTER] == 1
