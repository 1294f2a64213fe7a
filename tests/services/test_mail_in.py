"""Mail that comes in, hostile mail first; test 20 of the acceptance tests from the mail to the answer."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from imageroute_app.bootstrap import open_services
from imageroute_app.domain.authorities import LIST_URL
from imageroute_app.domain.case_rules import Ruling, first_alarm
from imageroute_app.domain.cases import Author, Kind, Outcome
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import Mail
from imageroute_app.services.access_answer import access_answer
from imageroute_app.services.case_codes import hash_code
from imageroute_app.services.mail_intake import Letter, NotForUs, kind_of, read_letter
from imageroute_app.settings import ROOT, load_settings
from tests.product import clean_environment
from tests.services.conftest import House
from tests.services.test_cases import HERE, Bureau


def mail(text: str = "What do you know about me?", **headers: str) -> bytes:
    message = EmailMessage()
    named = {
        "From": "Ada <ada@example.com>",
        "To": "contact@imageroute.com",
        "Subject": "My data",
        "Message-ID": "<1@a>",
    }
    for name, value in {**named, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        message[name] = value
    message.set_content(text)
    return message.as_bytes()


def letter(text: str = "What do you know about me?", **headers: str) -> Letter:
    return read_letter(mail(text, **headers))


@pytest.fixture
async def bureau(either_house: House) -> Bureau:
    return Bureau(either_house, either_house.open_office())


@pytest.fixture
async def one(house: House) -> Bureau:
    return Bureau(house, house.open_office())


@pytest.mark.promise("P53", "P43")
async def test_mailed_question_has_a_month_and_an_answer_with_everything(bureau: Bureau) -> None:
    bureau.house.clock.now = datetime(2027, 1, 31, 9, 0, tzinfo=UTC)
    ada, olga = await bureau.person("ada"), await bureau.operator()
    case = await bureau.office.intake.take(letter())
    assert case.kind is Kind.ACCESS
    assert case.due_at == datetime(2027, 2, 28, 9, 0, tzinfo=UTC)
    assert not case.has_account  # the sender's address alone is believed by nobody
    (mailed,) = [text for text in (await bureau.mails_to("ada")) if case.reference in text]
    assert "28 February 2027" in mailed
    code = mailed.partition("this code: ")[2].split()[0]
    proven = await bureau.office.cases.find(code, address=HERE)
    assert proven.owner == ada
    bureau.house.clock.move(days=20)
    await bureau.office.clock.ring()
    assert case.reference in (await bureau.mails_to("privacy"))[-1]
    case = await bureau.stored(case)
    await bureau.office.desk.look(olga, case, "To answer")
    ended = await bureau.office.desk.decide(
        olga, case, Ruling(outcome=Outcome.GRANTED, text=access_answer("DE", "http://127.0.0.1:3000"))
    )
    for words in ("Basis:", "Kept:", "Goes to:", "safeguards", "corrected, erased", "BfDI", LIST_URL):
        assert words in ended.answer


async def test_same_mail_twice_is_one_case_with_one_acknowledgement(bureau: Bureau) -> None:
    first, second = await bureau.office.intake.take(letter()), await bureau.office.intake.take(letter())
    assert first.id == second.id
    assert len(await bureau.mails_to("ada")) == 1
    again = await bureau.office.intake.take(letter("What do you know about me? Please!", Message_ID="<2@a>"))
    assert again.id == first.id  # the same talk of the same day
    assert len(await bureau.mails_to("ada")) == 1
    (message,) = await bureau.office.cases.messages(again)
    assert message.author is Author.MAIL


@pytest.mark.promise("P53")
async def test_an_acknowledgement_that_did_not_go_out_is_sent_again_with_a_code_that_works(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, send = bureau.house.letters, bureau.house.letters.send
    is_down = True

    async def often_down(mail: Mail) -> None:
        if is_down and "We have your message" in mail.text:
            raise Unavailable
        await send(mail)

    monkeypatch.setattr(letters, "send", often_down)
    by_mail = await bureau.office.intake.take(letter())
    by_form = (await bureau.open(Kind.ACCESS, contact="bob@example.com")).case
    assert (by_mail.acknowledged_at, by_form.acknowledged_at) == (None, None)
    bureau.house.clock.move(hours=1)
    await bureau.office.clock.ring()
    assert [mail for mail in letters.sent if "We have your message" in mail.text] == []

    is_down = False
    bureau.house.clock.move(hours=1)
    await bureau.office.clock.ring()

    (to_ada,), (to_bob,) = await bureau.mails_to("ada"), await bureau.mails_to("bob")
    code = to_ada.partition("this code: ")[2].split()[0]
    assert (await bureau.office.cases.find(code, address="192.0.2.1")).is_confirmed
    case = await bureau.stored(by_form)
    assert hash_code(to_bob.partition("from our mail: ")[2].split()[0]) == case.proof_hash
    assert case.acknowledged_at == bureau.house.clock()
    assert case.alarm_at == first_alarm(Kind.ACCESS, case.created_at)
    bureau.house.clock.move(hours=2)
    await bureau.office.clock.ring()
    assert len(await bureau.mails_to("ada")) == 1


async def test_answer_by_mail_joins_the_case_it_names_and_only_from_its_own_address(one: Bureau) -> None:
    owner = await one.person("ada")
    case = (await one.open(owner=owner)).case
    joined = await one.office.intake.take(letter("The fern.", Subject=f"Re: Question to support ({case.reference})"))
    assert joined.id == case.id
    (message,) = await one.office.cases.messages(case)
    assert (message.author, "The fern." in message.text) == (Author.MAIL, True)
    stranger = letter("Let me in", Subject=f"Re: ({case.reference})", From="eve@example.com", Message_ID="<3@a>")
    other = await one.office.intake.take(stranger)
    assert other.id != case.id
    assert len(await one.office.cases.messages(case)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; by=x"},
        {"Precedence": "bulk"},
        {"List_Id": "<list.example.com>"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.com"},
        {"From": "noreply@example.com"},
        {"From": "nobody"},
        {"From": ""},
    ],
)
def test_machines_and_mails_without_a_sender_get_no_answer(headers: dict[str, str]) -> None:
    with pytest.raises(NotForUs):
        letter(**headers)


async def test_own_mail_makes_no_loop(one: Bureau) -> None:
    with pytest.raises(NotForUs):
        await one.office.intake.take(letter(From="privacy@example.com"))
    assert one.house.letters.sent == []


async def test_one_talk_takes_only_so_many_mails(one: Bureau) -> None:
    await one.office.intake.take(letter())
    for number in range(20):
        await one.office.intake.take(letter(f"What do you know about me? {number}", Message_ID=f"<n{number}@a>"))
    with pytest.raises(NotForUs):
        await one.office.intake.take(letter("What do you know about me? More", Message_ID="<more@a>"))
    assert len(one.house.letters.sent) == 1


HEAD = b"From: ada@example.com\r\nSubject: Hello\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1000,
        b"no mail at all",
        b"From: ada@example.com\r\n\r\n \x00",
        b"x" * (4 * 1024 * 1024 + 1),
        b"From: =?utf-8?b?!!!?= <a@b\r\n\r\nHello",
        b"From: " + b"a" * 100_000 + b"@example.com\r\n\r\nHello",
    ],
    ids=range(7),
)
def test_what_is_no_mail_is_ignored(data: bytes) -> None:
    with pytest.raises(NotForUs):
        read_letter(data)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Type: text/plain; charset=nonsense\r\n\r\nHello \xff\x00",
        HEAD + b"Content-Type: text/html\r\n\r\n<script>evil()</script><p>Hello<b>there</p",
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\nHello\r\n" * 5000,
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=",
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64",
        b"From: =?utf-8?q?=41da?= <ada@example.com>\r\nSubject: =?utf-8?b?SGVsbG8=?=\r\n\r\nHello",
        HEAD + b"\r\n" + b"Hello " * 100_000,
        b"From: ada@example.com\r\nSubject: Hello\r\n\tBcc: eve@example.com\r\n\r\nHello\x1b[31m\xe2\x80\xae",
    ],
    ids=range(8),
)
def test_hostile_mail_becomes_plain_words(data: bytes) -> None:
    found = read_letter(data)
    assert found.sender == "ada@example.com"
    assert "Hello" in found.text
    assert "evil" not in found.text
    assert len(found.text) <= 5000
    assert all(ch == "\n" or ch.isprintable() for ch in found.text)
    assert "\n" not in found.subject


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Please delete my account", Kind.ERASE),
        ("I want a copy of my data", Kind.ACCESS),
        ("Do not sell my information", Kind.OPT_OUT),
        ("This is a complaint", Kind.COMPLAINT),
        ("My child has an account", Kind.CHILD),
        ("My picture is gone", Kind.TICKET),
    ],
)
def test_words_decide_the_kind(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


async def test_file_that_cannot_be_used_does_not_cost_the_words(one: Bureau) -> None:
    case = await one.office.intake.take(replace(letter(), file=b"\x00\x01"))
    assert await one.office.cases.messages(case) == []


async def test_time_of_a_talk_ends_after_a_day(one: Bureau) -> None:
    first = await one.office.intake.take(letter())
    one.house.clock.move(days=1, seconds=1)
    second = await one.office.intake.take(letter("What do you know about me now?", Message_ID="<2@a>"))
    assert first.id != second.id
    assert second.created_at - first.created_at > timedelta(days=1)


def run(data: bytes, folder: Path) -> int:
    environment = clean_environment({"DATA_DIR": str(folder), "TESTING": "1"})
    command = [sys.executable, "-m", "imageroute_app.mail_in"]
    return subprocess.run(command, input=data, cwd=ROOT, env=environment, check=False).returncode


@pytest.mark.promise("P53")
async def test_command_takes_a_mail_from_standard_input(tmp_path: Path) -> None:
    assert run(mail(), tmp_path) == 0
    assert run(b"nonsense", tmp_path) == 0
    services = await open_services(load_settings({"IMAGEROUTE_DATA_DIR": str(tmp_path)}))
    try:
        (case,) = await services.office.desk.queue()
        assert case.kind is Kind.ACCESS
        assert services.outbox is not None
        assert [letter.to for letter in await services.outbox()] == ["ada@example.com"]
    finally:
        await services.close()
