"""Mails through a mail server that goes away, and addresses that mail comes back from, as the product is put together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import cast

import pytest

from imageroute_app.domain.accounts import Person
from imageroute_app.domain.cases import Kind
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.mails import QUIET_FOR, QUIET_WORDS, WAITS_MOST
from imageroute_app.domain.ports import Mail
from imageroute_app.services.accounts import SignUp
from imageroute_app.services.bounces import read_bounce
from imageroute_app.services.cases import Opening
from imageroute_app.services.house import Services
from imageroute_app.services.mails import TRIED_AT_ONCE
from tests.adapters.mail_server import Box, mail_server
from tests.doubles import MovingClock
from tests.needles import open_home

ADA, SENDER = "ada@example.com", "ImageRoute <noreply@localhost>"


@dataclass
class Post:
    """The services, the mail server they send by, and their clock."""

    services: Services
    box: Box
    clock: MovingClock

    def letters(self) -> list[EmailMessage]:
        return [
            cast("EmailMessage", message_from_bytes(cast("bytes", one.content), policy=SMTP)) for one in self.box.sent
        ]

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters()]

    async def person(self) -> Person:
        form = SignUp(full_name="Ada", email=ADA, password="long enough", born=date(1990, 1, 1))
        person = (await self.services.accounts.sign_up(form, device="Test", address="127.0.0.1")).person
        await self.settle()
        return person

    async def settle(self) -> None:
        await self.services.accounts.settle()
        await self.services.newsletter.settle()
        await self.services.mails.settle()

    async def ask(self, contact: str = "bob@example.com") -> None:
        """Write to us without an account, and be written to."""
        opening = Opening(kind=Kind.TICKET, text="Where is my picture?", contact=contact)
        await self.services.office.cases.open(opening, address="127.0.0.1")

    async def tell(self, owner: str) -> None:
        await self.services.notices.tell(owner, "news", "Something happened.", "/account", mail="News")
        await self.services.notices.settle()

    async def later(self, **time: float) -> int:
        self.clock.move(seconds=timedelta(**time).total_seconds())
        return await self.services.mails.deliver()


@pytest.fixture(params=["sqlite", "mongo"])
async def post(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Post]:
    clock, uri, settings = MovingClock(), "", {"MAIL_FROM": SENDER}
    if request.param == "mongo":
        uri, settings["MONGODB_DATABASE"] = map(request.getfixturevalue, ("mongo_uri", "mongo_name"))
    async with mail_server() as box:
        settings["SMTP_URL"] = f"smtp://127.0.0.1:{box.port}"
        async with open_home(tmp_path, mongo_uri=uri, clock=clock, **settings) as services:
            yield Post(services, box, clock)


def token_in(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return body.get_content().partition("token=")[2].split()[0]


one_database = pytest.mark.parametrize("post", ["sqlite"], indirect=True)


# --- A mail server that is away -------------------------------------------------------------------------------------------


async def test_what_was_asked_for_in_an_outage_arrives_after_it_once_and_works(post: Post) -> None:
    await post.box.stop()
    await post.person()
    assert await post.later(minutes=10) == 0
    assert await post.services.mails.waiting() == 1
    await post.box.start()
    post.clock.move(minutes=30)
    await asyncio.gather(post.services.mails.deliver(), post.services.mails.deliver())  # two workers at once
    (letter,) = post.letters()
    assert (letter["To"], letter["Subject"]) == (ADA, "Confirm your email")
    assert (await post.services.accounts.verify_email(token_in(letter))).email == ADA
    assert await post.later(days=1) == 0
    assert await post.services.mails.waiting() == 0


@one_database
async def test_a_link_that_ended_meanwhile_is_not_sent(post: Post) -> None:
    await post.person()
    await post.box.stop()
    await post.services.accounts.request_reset(ADA, address="127.0.0.1")
    await post.settle()
    await post.box.start()
    assert await post.later(minutes=61) == 1
    assert post.subjects() == ["Confirm your email"]
    assert await post.services.mails.waiting() == 0


@one_database
async def test_a_server_that_is_away_is_asked_three_times_and_then_left_until_the_next_look(post: Post) -> None:
    post.box.refusal = "451"
    for number in range(5):
        await post.services.newsletter.ask(f"reader{number}@example.com")
    await post.settle()
    post.box.asked.clear()
    assert await post.later(minutes=2) == 0
    assert len(post.box.asked) == 3
    post.box.refusal = ""
    assert await post.later(minutes=30) == 5
    assert sorted(str(letter["To"]) for letter in post.letters()) == [f"reader{n}@example.com" for n in range(5)]


@one_database
async def test_a_mail_to_no_account_lies_under_a_key_of_its_own_and_takes_it_along(post: Post) -> None:
    await post.box.stop()
    await post.ask()
    await post.settle()
    (mail,) = await post.services.database.tables.waiting_mails.walk("", 10)
    assert mail.owner == mail.id
    await post.box.start()
    assert await post.later(minutes=5) == 1
    assert [str(letter["To"]) for letter in post.letters()] == ["bob@example.com"]
    assert set((await post.services.database.count_rows(mail.owner)).values()) == {0}
    with pytest.raises(NotFound):  # its key is gone
        await post.services.database.tables.waiting_mails.get(mail.id, mail.owner)


@one_database
async def test_nothing_waits_for_longer_than_three_days(post: Post) -> None:
    await post.box.stop()
    await post.ask()
    await post.settle()
    await post.box.start()
    post.box.refusal = "451"
    assert await post.later(seconds=WAITS_MOST.total_seconds() - 1) == 0
    assert await post.later(seconds=1) == 1
    assert await post.services.mails.waiting() == 0


async def test_a_mail_is_written_down_before_anybody_is_asked_to_take_it_and_no_answer_waits(post: Post) -> None:
    post.box.takes.clear()  # a server that lets everybody wait
    await post.ask()
    (mail,) = await post.services.database.tables.waiting_mails.walk("", 10)
    assert (mail.address, post.box.sent) == ("bob@example.com", [])
    assert await post.later(minutes=3) == 0  # it is in hand; no other worker sends it as well
    post.box.takes.set()
    await post.settle()
    assert [str(letter["To"]) for letter in post.letters()] == ["bob@example.com"]
    assert await post.services.mails.waiting() == 0
    assert await post.later(days=1) == 0


@one_database
async def test_in_a_rush_twenty_are_tried_at_once_and_the_others_by_the_sweep(post: Post) -> None:
    post.box.takes.clear()
    for number in range(TRIED_AT_ONCE + 5):
        await post.services.mails.send(Mail(to=f"reader{number}@example.com", subject="Hello", text="Hello."))
    post.box.takes.set()
    await post.settle()
    assert len(post.box.sent) == TRIED_AT_ONCE
    assert await post.services.mails.deliver() == 5
    assert len({str(letter["To"]) for letter in post.letters()}) == TRIED_AT_ONCE + 5


@one_database
async def test_where_the_database_takes_nothing_the_mail_server_is_asked_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(_mail: object) -> None:
        raise Unavailable

    monkeypatch.setattr(post.services.database.tables.waiting_mails, "add", locked)
    await post.services.mails.send(Mail(to=ADA, subject="Hello", text="Hello."))
    assert post.subjects() == ["Hello"]
    await post.box.stop()
    with pytest.raises(Unavailable):
        await post.services.mails.send(Mail(to=ADA, subject="Hello", text="Hello."))


async def test_an_erasure_takes_what_waits_and_its_last_mail_still_arrives(post: Post) -> None:
    await post.box.stop()
    person = await post.person()
    erasure = await post.services.erasures.begin(person.id, at_once=True)
    await post.services.erasures.run(erasure.id)
    await post.settle()
    (left,) = await post.services.database.tables.waiting_mails.walk("", 10)
    assert (left.subject, left.owner) == ("Erased", left.id)
    assert set((await post.services.database.count_rows(person.id)).values()) == {0}
    await post.box.start()
    assert await post.later(minutes=5) == 1
    assert post.subjects() == ["Erased"]
    assert await post.services.mails.waiting() == 0


# --- Mail that comes back -------------------------------------------------------------------------------------------------


async def test_a_mailbox_that_is_not_there_gets_no_more_mail_until_it_is_proven_again(post: Post) -> None:
    person = await post.person()
    post.box.refusal = "550 5.1.1"
    await post.tell(person.id)
    post.box.asked.clear()
    await post.tell(person.id)
    assert post.box.asked == []
    (banner,) = (await post.services.banners.word(person.id)).banners
    assert (banner.text, banner.path) == (QUIET_WORDS, "/verify-email")
    post.box.refusal = ""
    await post.tell(person.id)
    assert post.subjects() == ["Confirm your email"]
    await post.services.accounts.request_verification(person.id)
    await post.settle()
    await post.services.accounts.verify_email(token_in(post.letters()[-1]))
    assert (await post.services.banners.word(person.id)).banners == []
    await post.tell(person.id)
    assert post.subjects()[-1] == "News"


@one_database
@pytest.mark.parametrize("refusal", ["550 5.7.1", "552 5.2.2", "451 4.3.0", "450 4.2.1", "554"])
async def test_a_refusal_that_is_not_about_the_mailbox_silences_nobody(post: Post, refusal: str) -> None:
    person = await post.person()
    post.box.refusal = refusal
    await post.tell(person.id)
    assert (await post.services.banners.word(person.id)).banners == []


def report(
    letter: EmailMessage, *, action: str = "failed", status: str = "5.1.1", to: str = "", number: str = ""
) -> bytes:
    """Return a mail server's report about a mail, as RFC 3462 and 3464 have it."""
    head = (
        f"To: {to or letter['To']}\r\nMessage-ID: {number or letter['Message-ID']}\r\nSubject: {letter['Subject']}\r\n"
    )
    return (
        "From: MAILER-DAEMON@mail.example\r\nTo: noreply@localhost\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNobody of that name here.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n"
        f"Final-Recipient: rfc822; {letter['To']}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n--b--\r\n"
    ).encode()


async def is_quiet_after(post: Post, data: bytes) -> bool:
    bounce = read_bounce(data)
    return bounce is not None and await post.services.bounces.take(bounce)


async def test_a_report_about_a_mail_of_ours_silences_its_address_for_ninety_days(post: Post) -> None:
    person = await post.person()
    (letter,) = post.letters()
    assert await is_quiet_after(post, report(letter))
    assert await is_quiet_after(post, report(letter))
    await post.tell(person.id)
    assert post.subjects() == ["Confirm your email"]
    post.clock.move(seconds=QUIET_FOR.total_seconds())
    await post.services.retention.sweep(timedelta(minutes=15))
    await post.tell(person.id)
    assert post.subjects()[-1] == "News"


@one_database
async def test_a_report_names_the_address_as_it_travelled_and_silences_the_one_we_keep(post: Post) -> None:
    await post.services.mails.send(Mail(to="anna@exämple.org", subject="Hello", text="Hello."))
    await post.settle()
    (letter,) = post.letters()
    assert letter["To"] == "anna@xn--exmple-cua.org"
    assert await is_quiet_after(post, report(letter))
    await post.services.mails.send(Mail(to="anna@exämple.org", subject="Again", text="Hello."))
    await post.settle()
    assert (post.subjects(), await post.services.mails.waiting()) == (["Hello"], 0)


@one_database
async def test_a_report_that_anybody_could_write_silences_nobody(post: Post) -> None:
    person = await post.person()
    (letter,) = post.letters()
    forged = [
        report(letter, number="<made.up@localhost>"),
        report(letter, number=f"<{'0' * 32}.{'0' * 40}@localhost>"),
        report(letter, to="eve@example.com"),
        report(letter, action="delayed"),
        report(letter, status="5.7.1"),
        report(letter, status="4.2.2"),
        report(letter).replace(b"multipart/report", b"multipart/mixed"),
        b"", b"nonsense", report(letter)[:300], bytes(range(256)) * 20,
        report(letter).replace(b"Status: 5.1.1", b"Status: \xff\xfe"),
    ]  # fmt: skip
    assert [await is_quiet_after(post, data) for data in forged] == [False] * len(forged)
    assert (await post.services.banners.word(person.id)).banners == []
