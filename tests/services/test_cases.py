from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from imageroute_app.domain.accounts import Lock, Person
from imageroute_app.domain.case_rules import REQUESTS, Ruling
from imageroute_app.domain.cases import Author, Case, CaseState, Kind, Outcome
from imageroute_app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, RateLimited
from imageroute_app.domain.ports import Query
from imageroute_app.domain.registers import Facts, read_facts
from imageroute_app.services.case_office import Office
from imageroute_app.services.cases import Opened, Opening
from imageroute_app.services.gate import Frozen
from imageroute_app.services.registers import Entry
from tests.doubles import png
from tests.services.conftest import House

HERE = "192.0.2.7"


@dataclass
class Bureau:
    """A house with its office open and an operator at the desk."""

    house: House
    office: Office

    async def person(self, name: str, *, verified: bool = True) -> str:
        owner = await self.house.person(name)
        await self.house.accounts.settle()
        if verified:
            await self.house.accounts.verify_email(self.house.letters.secret())
        return owner

    async def operator(self) -> Person:
        return await self.office.desk.operator(await self.person("olga"))

    async def open(self, kind: Kind = Kind.TICKET, *, owner: str = "", contact: str = "", **more: Any) -> Opened:
        opening = Opening(kind=kind, text="Where is my picture?", owner=owner, contact=contact, **more)
        return await self.office.cases.open(opening, address=HERE)

    async def tallied(self, kind: Kind) -> dict[str, int]:
        """Return how many of a kind were counted by their end, as it is stored."""
        found = await self.house.database.tables.tallies.find(Query(owner="house"))
        parts = [(*one.slot.split(":"), one.count) for one in found]
        return {end: count for name, end, _, count in parts if name == kind.value}

    async def stored(self, case: Case) -> Case:
        return await self.office.desk.by_reference(case.reference)

    async def mails_to(self, name: str) -> list[str]:
        await self.house.notices.settle()
        return [mail.text for mail in self.house.letters.sent if mail.to == f"{name}@example.com"]

    def code_in(self, text: str) -> str:
        return next(line for line in text.splitlines() if "code" in line).rpartition(": ")[2]


@pytest.fixture
async def bureau(either_house: House) -> Bureau:
    return Bureau(either_house, either_house.open_office())


@pytest.fixture
async def one(house: House) -> Bureau:
    """Return a bureau on SQLite only, for what does not touch the database in a way of its own."""
    return Bureau(house, house.open_office())


SOLVED = Ruling(outcome=Outcome.SOLVED, text="It is in the trash.")


@pytest.mark.promise("P5")
async def test_question_goes_both_ways_and_is_dropped_two_years_after_its_end(bureau: Bureau) -> None:
    owner, olga = await bureau.person("ada"), await bureau.operator()
    opened = await bureau.open(owner=owner, request_id="0123abcd")
    assert "0123abcd" in (await bureau.mails_to("ada"))[-1]
    await bureau.office.desk.look(olga, opened.case, "She asked")
    await bureau.office.desk.write(olga, opened.case, "Which one?")
    await bureau.office.cases.write(opened.case, "The fern.", file=png())
    ended = await bureau.office.desk.decide(olga, await bureau.stored(opened.case), SOLVED)
    assert "trash" not in (await bureau.mails_to("ada"))[-1]  # the words stay in the account
    messages = await bureau.office.cases.messages(ended)
    assert [(m.author, m.text) for m in messages] == [(Author.STAFF, "Which one?"), (Author.PERSON, "The fern.")]
    rows = [name async for name, _ in await bureau.house.database.export_rows(owner)]
    assert {"cases", "case_messages", "staff_access"} <= set(rows)
    assert await bureau.house.media.list(f"cases/{owner}/")
    bureau.house.clock.now = bureau.house.clock.now.replace(year=2028) - timedelta(seconds=1)
    await bureau.office.clock.purge()
    assert await bureau.office.cases.mine(owner)
    bureau.house.clock.move(seconds=1)
    await bureau.office.clock.purge()
    assert await bureau.office.cases.mine(owner) == []
    assert await bureau.house.media.list(f"cases/{owner}/") == []
    assert await bureau.house.database.tables.case_messages.count(Query(owner=owner)) == 0


@pytest.mark.promise("P32")
async def test_every_look_needs_a_reason_and_its_person_sees_it(bureau: Bureau) -> None:
    owner, olga = await bureau.person("ada"), await bureau.operator()
    case = (await bureau.open(owner=owner)).case
    for act in (
        lambda: bureau.office.desk.read(olga, case),
        lambda: bureau.office.desk.write(olga, case, "Hello"),
        lambda: bureau.office.desk.decide(olga, case, SOLVED),
        lambda: bureau.office.desk.extend(olga, case, "Much to do"),
    ):
        with pytest.raises(NotAllowed):
            await act()
    with pytest.raises(InvalidInput):
        await bureau.office.desk.look(olga, case, " ")
    await bureau.office.desk.look(olga, case, "To answer the question")
    assert await bureau.office.desk.read(olga, case) == []
    (look,) = await bureau.office.desk.looks_at(owner)
    assert (look.reason, look.operator, look.case_id) == ("To answer the question", olga.id, case.id)
    bureau.house.clock.move(minutes=15, seconds=1)
    with pytest.raises(NotAllowed):
        await bureau.office.desk.read(olga, case)


async def test_the_desk_is_for_operators_who_proved_their_address(one: Bureau) -> None:
    with pytest.raises(NotFound):
        await one.office.desk.operator(await one.person("ada"))
    with pytest.raises(NotAllowed):
        await one.office.desk.operator(await one.person("olga", verified=False))


@pytest.mark.promise("P32")
async def test_nobody_sees_the_case_of_another(bureau: Bureau) -> None:
    ada, bo = await bureau.person("ada"), await bureau.person("bo")
    case = (await bureau.open(owner=ada)).case
    message = await bureau.office.cases.write(case, "A file", file=b"just text")
    assert await bureau.office.cases.mine(bo) == []
    with pytest.raises(NotFound):
        await bureau.office.cases.case(bo, case.id)
    other = (await bureau.open(owner=bo)).case
    with pytest.raises(NotFound):
        await bureau.office.cases.file(other, message.id)
    for code in ("", case.reference, case.id, "AAAA-AAAA-AAAA-AAAA-AAAA", "\x00", "x" * 10_000):
        with pytest.raises(NotFound):
            await bureau.office.cases.find(code, address=HERE)


async def test_codes_are_tried_only_so_often(one: Bureau) -> None:
    for _ in range(30):
        with pytest.raises(NotFound):
            await one.office.cases.find("AAAA-AAAA-AAAA-AAAA-AAAA", address=HERE)
    with pytest.raises(RateLimited):
        await one.office.cases.find("AAAA-AAAA-AAAA-AAAA-AAAA", address=HERE)


@pytest.mark.promise("P53", "P66")
async def test_case_without_an_account_is_followed_by_its_code_and_done_for_who_has_the_mailed_one(
    bureau: Bureau,
) -> None:
    olga = await bureau.operator()
    opened = await bureau.open(Kind.ACCESS, contact="guest@example.com", country="US")
    assert opened.case.owner == opened.case.id
    found = await bureau.office.cases.find(opened.code, address=HERE)
    assert found.confirmed_at is None
    granted = Ruling(outcome=Outcome.GRANTED, text="Nothing is held of you.")
    await bureau.office.desk.look(olga, found, "To answer")
    with pytest.raises(Conflict):
        await bureau.office.desk.decide(olga, found, granted)
    with pytest.raises(InvalidInput):
        await bureau.office.cases.prove(opened.code, opened.code, address=HERE)
    proof = (await bureau.mails_to("guest"))[0].partition("our mail: ")[2].splitlines()[0]
    proven = await bureau.office.cases.prove(opened.code, proof, address=HERE)
    ended = await bureau.office.desk.decide(olga, proven, granted)
    assert ended.outcome is Outcome.GRANTED
    bureau.house.clock.move(days=3 * 366)
    await bureau.office.clock.purge()
    with pytest.raises(NotFound):
        await bureau.house.database.tables.cases.get(ended.id, ended.id)


@pytest.mark.promise("P53")
async def test_mailed_code_puts_the_case_into_the_account_of_that_address(bureau: Bureau) -> None:
    ada, olga = await bureau.person("ada"), await bureau.operator()
    opened = await bureau.open(Kind.ACCESS, contact="Ada@example.com", is_by_mail=True)
    await bureau.office.desk.look(olga, opened.case, "To see what it is")
    await bureau.office.cases.write(opened.case, "And a file", file=png())
    assert await bureau.office.cases.mine(ada) == []
    code = (await bureau.mails_to("ada"))[-1] if (await bureau.mails_to("ada")) else ""
    assert opened.code in code or opened.code in bureau.house.letters.sent[-1].text
    linked = await bureau.office.cases.find(opened.code, address=HERE)
    assert linked.owner == ada
    assert [case.id for case in await bureau.office.cases.mine(ada)] == [opened.case.id]
    (message,) = await bureau.office.cases.messages(linked)
    _, chunks = await bureau.office.cases.file(linked, message.id)
    assert b"".join([chunk async for chunk in chunks])
    assert len(await bureau.office.desk.looks_at(ada)) == 1
    with pytest.raises(NotFound):
        await bureau.house.database.tables.cases.get(opened.case.id, opened.case.id)
    assert await bureau.house.media.list(f"cases/{opened.case.id}/") == []


async def test_account_that_never_proved_its_address_gets_no_case_of_it(one: Bureau) -> None:
    squatter = await one.person("ada", verified=False)
    opened = await one.open(Kind.ACCESS, contact="ada@example.com", is_by_mail=True)
    found = await one.office.cases.find(opened.code, address=HERE)
    assert found.is_confirmed
    assert await one.office.cases.mine(squatter) == []


async def test_who_is_signed_in_can_take_a_case_along(one: Bureau) -> None:
    ada, bo = await one.person("ada"), await one.person("bo")
    opened = await one.open(contact="guest@example.com")
    assert (await one.office.cases.claim(ada, opened.code, address=HERE)).owner == ada
    with pytest.raises(Conflict):
        await one.office.cases.claim(bo, opened.code, address=HERE)


@pytest.mark.promise("P66")
async def test_agent_is_answered_only_after_the_person_agreed(one: Bureau) -> None:
    await one.person("ada")
    opened = await one.open(Kind.ERASE, contact="ada@example.com", agent="Law Office, law@example.org")
    letter = (await one.mails_to("ada"))[-1]
    assert "on your behalf" in letter
    assert not (await one.stored(opened.case)).is_confirmed
    assert opened.code not in letter  # the agent has it, and it proves nothing


@pytest.mark.promise("P42")
@pytest.mark.parametrize("kind", REQUESTS)
async def test_every_right_can_be_asked_for_by_anyone(one: Bureau, kind: Kind) -> None:
    case = (await one.open(kind, owner=await one.person("ada"), country="ZW")).case
    assert case.due_at is not None


@pytest.mark.parametrize(
    ("file", "is_good"),
    [
        (b"plain words", True),
        ("ünï\n".encode(), True),
        (b"<html><script>alert(1)</script>", True),  # text is text; it is shown and sent as nothing else
        (b"\x00\x01\x02", False),
        (b"MZ\x90\x00", False),
        (b"%PDF-1.7\n\xff", False),
        (b"x" * 900_001, False),
        (b"\x89PNG\r\n\x1a\n garbage", False),
    ],
)
async def test_files_are_pictures_or_plain_text(one: Bureau, file: bytes, is_good: bool) -> None:
    case = (await one.open(owner=await one.person("ada"))).case
    if is_good:
        assert (await one.office.cases.write(case, "Here", file=file)).mime == "text/plain"
        return
    with pytest.raises(InvalidInput):
        await one.office.cases.write(case, "Here", file=file)


@pytest.mark.parametrize("text", ["", " \n", "\x00\x1b", "x" * 5001])
async def test_words_that_cannot_be_used_open_nothing(one: Bureau, text: str) -> None:
    owner = await one.person("ada")
    with pytest.raises(InvalidInput):
        await one.office.cases.open(Opening(kind=Kind.TICKET, text=text, owner=owner), address=HERE)
    assert await one.office.cases.mine(owner) == []


async def test_only_so_many_cases_an_hour(one: Bureau) -> None:
    for number in range(10):
        await one.open(contact=f"guest{number}@example.com")
    with pytest.raises(RateLimited):
        await one.open(contact="guest@example.com")


async def test_answer_to_a_solved_question_opens_it_again(one: Bureau) -> None:
    owner, olga = await one.person("ada"), await one.operator()
    case = (await one.open(owner=owner)).case
    await one.office.desk.look(olga, case, "To answer")
    ended = await one.office.desk.decide(olga, case, SOLVED)
    await one.office.cases.write(ended, "It is not there.")
    again = await one.stored(ended)
    assert (again.state, again.purge_at) == (CaseState.OPEN, None)
    assert again.due_at is not None


# --- Clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P53", "P71")
@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.COMPLAINT])
async def test_unanswered_for_20_days_wakes_the_responsible_once(bureau: Bureau, kind: Kind) -> None:
    owner = await bureau.person("ada")
    case = (await bureau.open(kind, owner=owner)).case
    assert case.acknowledged_at == bureau.house.clock()  # at once, and so within 30 days
    bureau.house.clock.move(days=20, seconds=-1)
    assert await bureau.office.clock.ring() == 0
    bureau.house.clock.move(seconds=1)
    assert await bureau.office.clock.ring() == 1
    assert await bureau.office.clock.ring() == 0
    assert case.reference in (await bureau.mails_to("olga"))[-1]
    assert case.reference in (await bureau.mails_to("privacy"))[-1]
    assert (await bureau.stored(case)).escalated_at is not None


@pytest.mark.promise("P66")
async def test_extension_is_told_with_its_reason(one: Bureau) -> None:
    owner, olga = await one.person("ada"), await one.operator()
    case = (await one.open(Kind.ACCESS, owner=owner)).case
    await one.office.desk.look(olga, case, "To answer")
    longer = await one.office.desk.extend(olga, case, "Many records")
    assert "Many records" in (await one.mails_to("ada"))[-1]
    (told,) = await one.office.cases.messages(longer)
    assert told.author is Author.HOUSE


@pytest.mark.promise("P46")
async def test_correction_is_told_to_those_who_hold_the_data(bureau: Bureau) -> None:
    told: list[tuple[str, str]] = []

    async def tell(owner: str, what: str) -> list[str]:
        told.append((owner, what))
        return ["Example Co."]

    owner, olga = await bureau.person("ada"), await bureau.operator()
    bureau.office.desk._tell_recipients = tell
    case = (await bureau.open(Kind.CORRECT, owner=owner)).case
    await bureau.office.desk.look(olga, case, "To correct")
    ended = await bureau.office.desk.decide(olga, case, Ruling(outcome=Outcome.GRANTED, text="It is noted."))
    assert told == [(owner, "correct")]
    assert "Example Co." in (await bureau.office.cases.messages(ended))[-1].text


# --- Children ---------------------------------------------------------------------------------------------------------


async def report(bureau: Bureau, account: str) -> Case:
    return (
        await bureau.office.children.report(account, "A pupil of mine", contact="mum@example.com", address=HERE)
    ).case


@pytest.mark.promise("P59")
async def test_reported_account_is_locked_at_once_and_erased_without_grace(bureau: Bureau) -> None:
    kid, olga = await bureau.person("kid"), await bureau.operator()
    await bureau.house.media.put(f"images/{kid}/x/original", b"picture", "image/png")
    case = await report(bureau, " KID@example.com ")
    person = await bureau.house.accounts.person(kid)
    assert person.locked_for is Lock.CHILD_REPORT
    await bureau.office.desk.look(olga, case, "To review")
    ended = await bureau.office.children.confirm(case)
    assert await bureau.house.media.list(f"images/{kid}/") == []
    with pytest.raises(NotFound):
        await bureau.house.accounts.person(kid)
    assert (ended.outcome, ended.subject, ended.facts) == (Outcome.CONFIRMED, "", "")
    assert "kid" not in ended.text
    assert "erased" in (await bureau.mails_to("mum"))[-1]
    assert await bureau.tallied(Kind.CHILD) == {"confirmed": 1}
    bureau.house.clock.move(days=30)
    await bureau.office.clock.purge()
    assert await bureau.house.database.tables.cases.by_key("reference", case.reference) is None


@pytest.mark.promise("P59")
async def test_false_report_gives_everything_back(bureau: Bureau) -> None:
    owner = await bureau.person("ada")
    await bureau.house.media.put(f"images/{owner}/x/original", b"picture", "image/png")
    case = await report(bureau, "ada@example.com")
    before = await bureau.house.accounts.person(owner)
    await bureau.office.children.dismiss(case)
    after = await bureau.house.accounts.person(owner)
    assert after == replace(before, locked_for=Lock.OPEN, version=after.version)
    assert await bureau.house.media.list(f"images/{owner}/")
    assert "open again" in (await bureau.mails_to("mum"))[-1]


async def test_second_open_report_keeps_the_lock_and_a_closing_account_stays_closing(one: Bureau) -> None:
    owner = await one.person("ada")
    await one.office.children._gate.lock(owner, Lock.CLOSING)
    first, second = await report(one, "ada@example.com"), await report(one, "ada@example.com")
    await one.office.children.dismiss(second)
    assert (await one.house.accounts.person(owner)).locked_for is Lock.CHILD_REPORT
    await one.office.children.dismiss(first)
    assert (await one.house.accounts.person(owner)).locked_for is Lock.CLOSING


@pytest.mark.promise("P59")
async def test_report_that_nobody_reviewed_for_a_day_raises_the_alarm(bureau: Bureau) -> None:
    await bureau.person("kid")
    case = await report(bureau, "kid@example.com")
    bureau.house.clock.move(hours=24, seconds=-1)
    assert await bureau.office.clock.ring() == 0
    bureau.house.clock.move(seconds=1)
    assert await bureau.office.clock.ring() == 1
    assert case.reference in (await bureau.mails_to("olga"))[-1]


async def test_report_does_not_tell_whether_there_is_an_account(one: Bureau) -> None:
    await one.person("kid")
    known, unknown = await report(one, "kid@example.com"), await report(one, "nobody@example.com")
    letters = [
        text.replace(case.reference, "")
        for case, text in zip((known, unknown), (await one.mails_to("mum")), strict=True)
    ]
    shapes = [[line.partition(":")[0] for line in letter.splitlines()] for letter in letters]
    assert shapes[0] == shapes[1]


async def test_locked_account_only_stores(one: Bureau) -> None:
    from imageroute_app.domain.purposes import Purpose

    kid = await one.person("kid")
    await report(one, "kid@example.com")
    with pytest.raises(Frozen):
        await one.office.children._gate.check(kid, Purpose.GENERATE)


# --- Registers --------------------------------------------------------------------------------------------------------


def legal(gag_until: str = "") -> Entry:
    facts = Facts(authority="Court of Bonn", statute="StPO § 95", scope="the address of sign-up", gag_until=gag_until)
    return Entry(kind=Kind.LEGAL, text="Letter of today", facts=facts, account="ada@example.com")


@pytest.mark.promise("P26")
async def test_person_is_told_of_an_authority_at_once_or_when_the_gag_ends(bureau: Bureau) -> None:
    owner = await bureau.person("ada")
    notices = bureau.house.database.tables.notices
    await bureau.office.registers.open(legal())
    assert await notices.count(Query(owner=owner)) == 1
    gag = bureau.house.clock() + timedelta(days=60)
    case = await bureau.office.registers.open(legal(gag.isoformat()))
    bureau.house.clock.move(days=60, seconds=-1)
    await bureau.office.clock.ring()
    assert await notices.count(Query(owner=owner)) == 1
    bureau.house.clock.move(seconds=1)
    await bureau.office.clock.ring()
    assert await notices.count(Query(owner=owner)) == 2
    assert "Court of Bonn" in (await bureau.mails_to("ada"))[-1]
    assert read_facts((await bureau.stored(case)).facts).people_told_at


@pytest.mark.promise("P26")
async def test_requests_by_authorities_are_counted_by_their_end(one: Bureau) -> None:
    await one.person("ada")
    olga, case = await one.operator(), await one.office.registers.open(legal())
    await one.office.desk.look(olga, case, "To answer")
    ruling = Ruling(outcome=Outcome.REFUSED, text="No.", reasons="No law for it.", complaint_route="-", court_route="-")
    await one.office.desk.decide(olga, case, ruling)
    assert await one.tallied(Kind.LEGAL) == {"refused": 1}
    assert await one.tallied(Kind.CHILD) == {}


@pytest.mark.promise("P26")
async def test_numbers_of_a_year_are_told_of_twenty_or_more_only(one: Bureau) -> None:
    tallies = one.office.tallies

    async def told() -> list[tuple[int, str, int | None, dict[str, int]]]:
        return [(year.year, year.kind.value, year.total, {**year.ends}) for year in await tallies.by_year()]

    assert await told() == [(2026, "legal", 0, {}), (2026, "child", 0, {})]
    await tallies.add(Kind.LEGAL, Outcome.REFUSED)
    assert (await told())[0] == (2026, "legal", None, {})
    for _ in range(19):
        await tallies.add(Kind.LEGAL, Outcome.REFUSED)
    assert (await told())[0] == (2026, "legal", 20, {"refused": 20})
    await tallies.add(Kind.LEGAL, Outcome.DISCLOSED)
    assert (await told())[0] == (2026, "legal", 21, {})  # 21 less 20 refused would tell of one
    one.house.clock.move(days=60)
    assert [line[:3] for line in await told()] == [
        (2027, "legal", 0), (2027, "child", 0), (2026, "legal", 21), (2026, "child", 0)
    ]  # fmt: skip


async def test_register_refuses_an_entry_without_what_it_needs(one: Bureau) -> None:
    for entry, field in (
        (Entry(kind=Kind.LEGAL, text="x", facts=Facts(authority="A", statute="B")), "scope"),
        (replace(legal(), account="nobody@example.com"), "account"),
        (legal("tomorrow"), "gag_until"),
        (
            Entry(kind=Kind.BREACH, text="x", facts=Facts(categories="Shoes", until="2026-11-25T00:00:00+00:00")),
            "categories",
        ),
    ):
        with pytest.raises(InvalidInput) as refused:
            await one.office.registers.open(entry)
        assert refused.value.field == field


@pytest.mark.promise("P76")
async def test_breach_drill_lists_exactly_the_affected_and_screams_at_hour_60(bureau: Bureau) -> None:
    ada, bo = await bureau.person("ada"), await bureau.person("bo")
    await bureau.person("cy")
    for owner in (ada, bo):
        await bureau.open(owner=owner)
    facts = Facts(categories="Requests and messages", until="2100-01-01T00:00:00+00:00", is_drill="yes")
    case = await bureau.office.registers.open(Entry(kind=Kind.BREACH, text="Drill", facts=facts))
    assert await bureau.office.registers.affected(case) == sorted([ada, bo])
    assert "cases.created_at" in bureau.office.registers.readable(case)
    assert "cases.text" not in bureau.office.registers.readable(case)
    sent = len(bureau.house.letters.sent)
    told = await bureau.office.registers.tell_affected(case, "Your messages were open.")
    assert len(bureau.house.letters.sent) == sent  # a drill writes to nobody
    with pytest.raises(Conflict):
        await bureau.office.registers.tell_affected(told, "Again")
    bureau.house.clock.move(hours=60, seconds=-1)
    assert await bureau.office.clock.ring() == 0
    bureau.house.clock.move(seconds=1)
    assert await bureau.office.clock.ring() == 1
    assert case.reference in (await bureau.mails_to("olga"))[-1]


@pytest.mark.promise("P76")
async def test_breach_tells_the_affected_only(one: Bureau) -> None:
    ada, bo = await one.person("ada"), await one.person("bo")
    await one.open(owner=ada)
    facts = Facts(categories="Requests and messages", until="2100-01-01T00:00:00+00:00")
    case = await one.office.registers.open(Entry(kind=Kind.BREACH, text="Open bucket", facts=facts))
    await one.office.registers.tell_affected(case, "Your messages were open.")
    notices = one.house.database.tables.notices
    assert [await notices.count(Query(owner=owner)) for owner in (ada, bo)] == [1, 0]
    early = replace(facts, until="2020-01-01T00:00:00+00:00")
    before = await one.office.registers.open(Entry(kind=Kind.BREACH, text="Long ago", facts=early))
    assert await one.office.registers.affected(before) == []


@pytest.mark.promise("P41")
async def test_change_of_ownership_is_told_to_everyone_30_days_before(bureau: Bureau) -> None:
    owner, olga = await bureau.person("ada"), await bureau.operator()
    entry = Entry(kind=Kind.OWNERSHIP, text="Sale", facts=Facts(new_owner="Example Co."))
    assert not await bureau.office.registers.may_transfer()
    case = await bureau.office.registers.open(entry)
    assert "Example Co." in (await bureau.mails_to("ada"))[-1]
    assert await bureau.house.database.tables.notices.count(Query(owner=owner)) == 1
    bureau.house.clock.move(days=30, seconds=-1)
    await bureau.office.desk.look(olga, case, "To hand over")
    done = Ruling(outcome=Outcome.COMPLETED, text="Handed over.")
    assert not await bureau.office.registers.may_transfer()
    with pytest.raises(Conflict):
        await bureau.office.desk.decide(olga, case, done)
    bureau.house.clock.move(seconds=1)
    assert await bureau.office.registers.may_transfer()
    await bureau.office.desk.decide(olga, case, done)


async def test_queue_shows_what_is_due_first(one: Bureau) -> None:
    owner = await one.person("ada")
    ask, question = (await one.open(Kind.ACCESS, owner=owner)).case, (await one.open(owner=owner)).case
    child = await report(one, "ada@example.com")
    assert [case.id for case in await one.office.desk.queue()] == [child.id, question.id, ask.id]
