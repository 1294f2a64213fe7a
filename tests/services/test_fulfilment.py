"""What granting a request at the desk sets going: the person's own machines, and nothing called done before they say so."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imageroute_app.domain.accounts import Lock, Person
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.erasures import GRACE, Phase
from imageroute_app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from imageroute_app.domain.exports import ExportState
from imageroute_app.domain.ports import Query
from imageroute_app.services.case_office import Office
from imageroute_app.services.cases import Opened, Opening
from imageroute_app.services.desk import Desk
from imageroute_app.services.erasure_steps import rows_left
from imageroute_app.services.fulfilment import Fulfilment
from tests.doubles import png
from tests.services.conftest import House
from tests.services.exporting import digests_match, is_valid_bag

HERE = "192.0.2.7"
GRANTED = Ruling(outcome=Outcome.GRANTED, text="As you asked.")
AT_ONCE = Ruling(outcome=Outcome.GRANTED, text="As you asked.", at_once=True)
PARTLY = Ruling(
    outcome=Outcome.PARTLY, text="In part.", reasons="A claim.", complaint_route="The ICO", court_route="A court"
)


class Bureau:
    """A house with its office open."""

    def __init__(self, house: House) -> None:
        self.house, self.office = house, house.open_office()

    @property
    def desk(self) -> Desk:
        return self.office.desk

    async def person(self, name: str = "ada", *, verified: bool = True) -> str:
        owner = await self.house.person(name)
        await self.house.accounts.settle()
        if verified:
            await self.house.accounts.verify_email(self.house.letters.secret())
        return owner

    async def tallied(self, kind: Kind) -> dict[str, int]:
        """Return how many of a kind were counted by their end, as it is stored."""
        found = await self.house.database.tables.tallies.find(Query(owner="house"))
        parts = [(*one.slot.split(":"), one.count) for one in found]
        return {end: count for name, end, _, count in parts if name == kind.value}

    async def ask(self, kind: Kind, *, owner: str = "", contact: str = "", agent: str = "") -> Opened:
        opening = Opening(kind=kind, text="Please do it", owner=owner, contact=contact, agent=agent)
        return await self.office.cases.open(opening, address=HERE)

    async def proven(self, kind: Kind, contact: str, *, agent: str = "") -> tuple[Case, str]:
        """Ask without an account and give the code that was mailed; returns the case and the code that finds it."""
        opened = await self.ask(kind, contact=contact, agent=agent)
        letter = next(mail for mail in reversed(self.house.letters.sent) if mail.to.casefold() == contact.casefold())
        proof = letter.text.partition("our mail: ")[2].split()[0]
        return await self.office.cases.prove(opened.code, proof, address=HERE), opened.code

    async def grant(self, case: Case, ruling: Ruling = GRANTED) -> Case:
        olga = await self.house.database.tables.people.by_key("email_key", "olga@example.com")
        operator = olga or await self._operator()
        await self.desk.look(operator, case, "To answer")
        return await self.desk.decide(operator, case, ruling)

    async def _operator(self) -> Person:
        return await self.desk.operator(await self.person("olga"))

    async def words(self, case: Case) -> str:
        return (await self.office.fulfilment.progress(case)).words

    async def said(self, case: Case) -> str:
        return "\n".join(message.text for message in await self.office.cases.messages(case))

    async def mails_to(self, name: str) -> Sequence[str]:
        await self.house.notices.settle()
        return [f"{mail.subject}\n{mail.text}" for mail in self.house.letters.sent if mail.to.startswith(f"{name}@")]


@pytest.fixture
async def bureau(either_house: House) -> Bureau:
    return Bureau(either_house)


@pytest.fixture
async def one(house: House) -> Bureau:
    return Bureau(house)


@pytest.mark.promise("P47", "P53")
async def test_a_granted_erasure_closes_the_account_and_can_be_called_off_for_seven_days(bureau: Bureau) -> None:
    owner = await bureau.person()
    await bureau.house.uploads.add(owner, png(), name="beach.png")
    case = (await bureau.ask(Kind.ERASE, owner=owner)).case

    ended = await bureau.grant(case)

    erasure = await bureau.house.erasures.of(owner)
    assert erasure is not None
    assert (erasure.phase, erasure.grace_until) == (Phase.GRACE, bureau.house.clock() + GRACE)
    assert (await bureau.house.accounts.person(owner)).locked_for is Lock.CLOSING
    assert await bureau.house.accounts.devices(owner) == []
    assert await bureau.words(ended) == "To be erased on 2 December 2026"
    assert f"/erasure/{erasure.code}" in await bureau.said(ended)
    assert "closed" in "".join(await bureau.mails_to("ada"))
    assert (await bureau.office.fulfilment.progress(ended)).is_under_way

    await bureau.house.erasures.cancel(owner)

    assert await bureau.words(ended) == "Called off"
    assert (await bureau.house.accounts.person(owner)).locked_for is Lock.OPEN
    assert await bureau.house.media.list(f"uploads/{owner}/")


def uploads_stay(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let nothing of uploads be deleted for as long as the one value of the list is true."""
    real, is_down = bureau.house.media.delete, [True]

    async def delete(key: str) -> None:
        if is_down[0] and key.startswith("uploads/"):
            raise Unavailable
        await real(key)

    monkeypatch.setattr(bureau.house.media, "delete", delete)
    return is_down


@pytest.mark.promise("P47", "P53")
async def test_it_is_called_erased_only_when_every_system_has_proven_it(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await bureau.person()
    await bureau.house.uploads.add(owner, png(), name="beach.png")
    is_down = uploads_stay(bureau, monkeypatch)
    case = (await bureau.ask(Kind.ERASE, owner=owner)).case
    ended = await bureau.grant(case, AT_ONCE)
    await bureau.house.erasures.settle()
    for _ in range(24):
        bureau.house.clock.move(hours=1)
        await bureau.house.erasures.sweep()
    assert await bureau.words(ended) == "Being erased"
    assert not [mail for mail in await bureau.mails_to("ada") if mail.startswith("Erased")]

    is_down[0] = False
    bureau.house.clock.move(hours=1)
    await bureau.house.erasures.sweep()

    progress = await bureau.office.fulfilment.progress(ended)
    assert (progress.words, progress.is_under_way) == ("Erased", False)
    assert await rows_left(bureau.house.database, owner) == {}
    with pytest.raises(NotFound):
        await bureau.desk.by_reference(case.reference)  # a case of an account goes with it; the receipt stays
    status = await bureau.house.erasures.status(progress.path.rpartition("/")[2])
    assert status.erasure.phase is Phase.COMPLETE


async def test_seven_days_are_not_waited_when_the_law_ends_before(one: Bureau) -> None:
    owner = await one.person()
    case = (await one.ask(Kind.ERASE, owner=owner)).case
    one.house.clock.now = (case.due_at or one.house.clock()) - GRACE + timedelta(seconds=1)

    await one.grant(case)

    await one.house.erasures.settle()
    assert await rows_left(one.house.database, owner) == {}


@pytest.mark.promise("P47")
async def test_granted_in_part_only_that_part_goes_and_it_must_be_named(bureau: Bureau) -> None:
    owner = await bureau.person()
    await bureau.house.uploads.add(owner, png(), name="beach.png")
    case = (await bureau.ask(Kind.ERASE, owner=owner)).case
    with pytest.raises(InvalidInput) as refused:
        await bureau.grant(case, PARTLY)
    assert refused.value.field == "part"
    assert (await bureau.desk.by_reference(case.reference)).state is CaseState.OPEN

    ended = await bureau.grant(case, replace(PARTLY, part=Category.UPLOADS.value))
    await bureau.house.erasures.settle()

    assert await bureau.words(ended) == "Erased"
    assert await bureau.house.media.list(f"uploads/{owner}/") == []
    assert (await bureau.house.accounts.person(owner)).locked_for is Lock.OPEN


@pytest.mark.promise("P47", "P53")
async def test_who_has_no_account_has_the_address_forgotten_and_is_told_what_stays(bureau: Bureau) -> None:
    newsletter = bureau.house.newsletter
    await newsletter.ask("guest@example.com", is_proven=True)
    await newsletter.settle()
    other = (await bureau.ask(Kind.TICKET, contact="guest@example.com")).case
    stranger = (await bureau.ask(Kind.TICKET, contact="somebody@example.com")).case
    case, code = await bureau.proven(Kind.ERASE, "Guest@example.com")
    await bureau.office.cases.write(case, "And my tickets", file=png())

    ended = await bureau.grant(case)

    assert await newsletter.find("guest@example.com") is None
    assert await bureau.house.database.tables.cases.by_key("reference", other.reference) is None
    assert await bureau.desk.by_reference(stranger.reference)
    letter = (await bureau.mails_to("Guest"))[-1]
    assert "No account has this address" in letter
    assert "other cases" in letter
    found = await bureau.office.cases.find(code, address=HERE)
    assert (found.outcome, found.contact, found.agent) == (Outcome.GRANTED, "", "")
    assert "Please do it" not in f"{found}{await bureau.said(found)}"
    assert "tickets" not in await bureau.said(found)
    assert "guest" not in f"{found}{await bureau.said(found)}".casefold()
    assert await bureau.house.media.list(f"cases/{ended.id}/") == []


async def test_a_store_that_fails_answers_nothing(one: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    case, _ = await one.proven(Kind.ERASE, "guest@example.com")

    async def refuse(_prefix: str) -> int:
        raise Unavailable

    monkeypatch.setattr(one.house.media, "delete_prefix", refuse)
    with pytest.raises(Unavailable):
        await one.grant(case)
    assert (await one.desk.by_reference(case.reference)).state is CaseState.OPEN
    assert "No account" not in "".join(await one.mails_to("guest"))


async def test_an_account_that_never_proved_the_address_is_named_and_left_alone(one: Bureau) -> None:
    squatter = await one.person("ada", verified=False)
    case, _ = await one.proven(Kind.ERASE, "ada@example.com")

    await one.grant(case)

    assert (await one.house.accounts.person(squatter)).locked_for is Lock.OPEN
    assert "never proved it" in (await one.mails_to("ada"))[-1]


@pytest.mark.promise("P66")
async def test_what_an_agent_asks_is_done_once_its_person_gave_the_code(bureau: Bureau) -> None:
    owner = await bureau.person()
    opened = await bureau.ask(Kind.ERASE, contact="ada@example.com", agent="Law Office, law@example.org")
    with pytest.raises(Conflict):
        await bureau.grant(opened.case)
    assert await bureau.house.erasures.of(owner) is None

    case, _ = await bureau.proven(Kind.ERASE, "ada@example.com", agent="Law Office, law@example.org")
    assert case.owner == owner
    await bureau.grant(case, AT_ONCE)
    await bureau.house.erasures.settle()

    assert await rows_left(bureau.house.database, owner) == {}


async def test_a_case_whose_address_an_account_proved_since_belongs_to_it(one: Bureau) -> None:
    owner = await one.person("ada", verified=False)
    secret = one.house.letters.secret()
    case, _ = await one.proven(Kind.ERASE, "ada@example.com")
    await one.house.accounts.verify_email(secret)

    await one.grant(case)

    assert await one.house.erasures.of(owner) is not None


@pytest.mark.promise("P43", "P44")
@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.PORT])
async def test_granted_access_has_a_package_made_and_is_done_when_it_is_ready(bureau: Bureau, kind: Kind) -> None:
    owner = await bureau.person()
    ended = await bureau.grant((await bureau.ask(kind, owner=owner)).case)
    assert await bureau.words(ended) == "The package is being made"
    assert "Export my data" in await bureau.said(ended)
    (begun,) = await bureau.house.exports.all(owner)
    await bureau.house.exports._worker._tasks[begun.id]

    (export,) = await bureau.house.exports.all(owner)
    assert export.state is ExportState.READY
    assert await bureau.words(ended) == ""  # now its outcome says all: done
    assert not (await bureau.office.fulfilment.progress(ended)).is_under_way


@pytest.mark.promise("P52")
async def test_a_granted_restriction_freezes(one: Bureau) -> None:
    owner = await one.person()
    await one.grant((await one.ask(Kind.RESTRICT, owner=owner)).case)
    assert await one.house.choices.is_frozen(owner)


async def test_a_worker_that_died_between_erasing_and_answering_answers_for_the_same_erasure(
    one: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await one.person()
    case = (await one.ask(Kind.ERASE, owner=owner)).case

    class Died(Exception):
        pass

    begin = Fulfilment.begin

    async def dies(self: Fulfilment, case: Case, ended: Case, ruling: Ruling) -> None:
        await begin(self, case, ended, ruling)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Fulfilment, "begin", dies)
        with pytest.raises(Died):
            await one.grant(case)
    first = await one.house.erasures.of(owner)
    ended = await one.grant(case)
    assert first is not None
    assert (await one.office.fulfilment.progress(ended)).path == f"/erasure/{first.code}"
    assert sum("being closed" in mail for mail in await one.mails_to("ada")) == 1


# --- Children ---------------------------------------------------------------------------------------------------------


async def reported(office: Office, name: str = "kid") -> Case:
    opened = await office.children.report(f"{name}@example.com", "My pupil", contact="mum@example.com", address=HERE)
    return opened.case


@pytest.mark.promise("P59")
async def test_the_reporter_is_told_when_the_account_is_gone_and_not_before(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = await bureau.person("kid")
    await bureau.house.uploads.add(kid, png(), name="beach.png")
    is_down = uploads_stay(bureau, monkeypatch)
    case = await reported(bureau.office)
    going = await bureau.office.children.confirm(case)
    assert (going.state, await bureau.words(going)) == (CaseState.OPEN, "Being erased")
    again = await bureau.office.children.confirm(going)
    assert again.state is CaseState.OPEN
    with pytest.raises(Conflict):
        await bureau.office.children.dismiss(again)
    assert not [mail for mail in await bureau.mails_to("mum") if "is erased" in mail]
    assert "You asked" not in "".join(await bureau.mails_to("kid"))

    is_down[0] = False
    bureau.house.clock.move(hours=1)
    await bureau.house.erasures.sweep()
    await bureau.office.clock.ring()

    assert [mail for mail in await bureau.mails_to("mum") if "The account is erased" in mail]
    ended = await bureau.desk.by_reference(case.reference)
    assert (ended.outcome, ended.subject, ended.facts) == (Outcome.CONFIRMED, "", "")
    assert await bureau.tallied(Kind.CHILD) == {"confirmed": 1}


@pytest.mark.promise("P59")
@pytest.mark.parametrize("lock", [Lock.CHILD_REPORT, Lock.OPERATOR])
async def test_closing_and_calling_it_off_lifts_no_lock_of_somebody_else(one: Bureau, lock: Lock) -> None:
    kid = await one.person("kid")
    await one.house.gate.lock(kid, lock)
    await one.house.erasures.begin(kid, at_once=False)
    await one.house.erasures.cancel(kid)
    assert (await one.house.accounts.person(kid)).locked_for is lock


async def test_a_wrong_report_of_an_account_that_is_being_closed_leaves_it_closing(one: Bureau) -> None:
    kid = await one.person("kid")
    case = await reported(one.office)
    await one.house.erasures.begin(kid, at_once=False)
    await one.office.children.dismiss(case)
    assert (await one.house.accounts.person(kid)).locked_for is Lock.CLOSING


async def test_nothing_is_set_going_by_a_refusal(one: Bureau) -> None:
    owner = await one.person()
    ended = await one.grant((await one.ask(Kind.ERASE, owner=owner)).case, replace(PARTLY, outcome=Outcome.REFUSED))
    assert await one.house.erasures.of(owner) is None
    assert await one.words(ended) == ""
    assert await one.house.database.tables.erasures.count(Query(owner=owner)) == 0


# --- What is held under an address without an account -----------------------------------------------------------------


@pytest.mark.promise("P43", "P44", "P53")
async def test_who_has_no_account_takes_along_what_is_held_under_the_address(bureau: Bureau, tmp_path: Path) -> None:
    await bureau.house.newsletter.ask("guest@example.com", is_proven=True)
    await bureau.house.newsletter.settle()
    other = (await bureau.ask(Kind.TICKET, contact="guest@example.com")).case
    await bureau.office.cases.write(other, "With a file", file=png())
    stranger = (await bureau.ask(Kind.TICKET, contact="somebody@example.com")).case
    opened = await bureau.ask(Kind.ACCESS, contact="guest@example.com")
    with pytest.raises(NotAllowed):
        await bureau.office.packages.of(opened.case)
    case, _ = await bureau.proven(Kind.ACCESS, "Guest@example.com")
    ended = await bureau.grant(case)
    assert "page of this case" in (await bureau.mails_to("Guest"))[-1]

    package = await bureau.office.packages.of(ended)

    zipfile.ZipFile(io.BytesIO(package.data)).extractall(tmp_path / "bag")
    assert is_valid_bag(tmp_path / "bag")
    assert digests_match(tmp_path / "bag").returncode == 0
    found = {
        str(one.relative_to(tmp_path / "bag")): one.read_bytes()
        for one in (tmp_path / "bag").rglob("*")
        if one.is_file()
    }
    together = b"".join(found.values())
    for words in (
        other.reference,
        opened.case.reference,
        case.reference,
        "With a file",
        "To answer",
        "guest@example.com",
    ):
        assert words.encode() in together, words
    assert [path for path in found if "/attachments/" in path]
    assert json.loads(found["data/manifest.json"])["missing"] == []
    assert (await bureau.house.newsletter.find("guest@example.com")) is not None
    assert b"confirmed_at" in found["data/newsletter/newsletter.json"]
    report = found["data/report/your-data-report.txt"].decode()
    assert "No account has your address" in report
    assert f"{Category.PROMPTS}:" not in report.partition("A copy of all of it")[0]
    assert stranger.reference.encode() not in together
    assert b"somebody" not in together


@pytest.mark.promise("P43")
async def test_a_report_that_somebody_wrote_says_nothing_of_the_account_it_is_about(
    one: Bureau, tmp_path: Path
) -> None:
    kid = await one.person("kid")
    await reported(one.office)
    case, _ = await one.proven(Kind.ACCESS, "mum@example.com")
    package = await one.office.packages.of(case)
    archive = zipfile.ZipFile(io.BytesIO(package.data))
    together = b"".join(archive.read(name) for name in archive.namelist())
    assert b"My pupil" in together
    assert kid.encode() not in together
    assert b"lock_before" not in together


async def test_a_case_of_an_account_gives_no_such_package(one: Bureau) -> None:
    owner = await one.person()
    with pytest.raises(NotAllowed):
        await one.office.packages.of((await one.ask(Kind.ACCESS, owner=owner)).case)
