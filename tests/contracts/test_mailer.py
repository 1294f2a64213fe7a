"""What every way of sending mail promises: a message arrives as written, at one address, or it is said that it did not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import cast

import pytest

from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.mail.smtp import SmtpMailer
from imageroute_app.domain.errors import InvalidInput, Unavailable
from imageroute_app.domain.ports import Mail, Mailer
from tests.adapters.mail_server import mail_server
from tests.contracts.records import NOW

LINK = "https://images.example/verify?token=" + "aB3-_" * 40
MAIL = Mail(
    to="anna@example.org",
    subject="Bestätigen Sie Ihre Adresse",
    text=f"Hello Änna,\n\nopen {LINK}\n\n.\nFrom us \N{GRINNING FACE}\n",
    link=LINK,
    headers={"List-Unsubscribe": "<https://images.example/newsletter/leave>"},
)
TRICKS = [
    {"to": "anna@example.org\r\nBcc: eve@example.org"},
    {"to": "anna@example.org, eve@example.org"},
    {"to": "anna"},
    {"to": ""},
    {"subject": "Hello\r\nBcc: eve@example.org"},
    {"headers": {"List-Unsubscribe": "<x>\r\nBcc: eve@example.org"}},
]


@dataclass
class Way:
    """A mailer, what reached the other end, and how the other end goes away."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]
    go_away: Callable[[], Awaitable[None]]
    come_back: Callable[[], Awaitable[None]]


@pytest.fixture(params=["outbox", "smtp"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    if request.param == "outbox":
        folder, aside = tmp_path / "outbox", tmp_path / "aside"

        async def away() -> None:
            if folder.exists():
                folder.rename(aside)
            folder.write_bytes(b"a file, where a folder is needed")

        async def back() -> None:
            folder.unlink()
            if aside.exists():
                aside.rename(folder)

        yield Way(Outbox(folder, clock=lambda: NOW), lambda: [_read(file.read_bytes()) for file in folder.iterdir()],
                  away, back)  # fmt: skip
        return
    async with mail_server() as box:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{box.port}", "ImageRoute <noreply@localhost>", clock=lambda: NOW)

        def arrived() -> list[EmailMessage]:
            for envelope in box.sent:  # nobody else gets it, whatever the message says
                assert envelope.rcpt_tos == [_read(cast("bytes", envelope.content))["To"]]
            return [_read(cast("bytes", envelope.content)) for envelope in box.sent]

        yield Way(mailer, arrived, box.stop, box.start)


def _read(data: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(data, policy=SMTP))


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


async def test_what_was_written_arrives(way: Way) -> None:
    await way.mailer.send(MAIL)
    (message,) = way.arrived()
    assert (message["To"], message["Subject"], message["Date"].datetime) == (
        MAIL.to,
        MAIL.subject,
        NOW.replace(microsecond=0),
    )
    assert str(message["From"]) == "ImageRoute <noreply@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == MAIL.headers["List-Unsubscribe"]
    assert _body(message, "plain") == MAIL.text
    assert _body(message, "html").count(f'href="{LINK}"') == 1


@pytest.mark.parametrize("changes", TRICKS, ids=lambda changes: next(iter(changes)))
async def test_no_value_adds_a_header_or_a_recipient(way: Way, changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await way.mailer.send(replace(MAIL, **changes))
    assert "example.org" not in repr(caught.value)
    await way.mailer.send(MAIL)  # what is well-formed goes on
    assert len(way.arrived()) == 1


async def test_what_cannot_leave_is_said_and_the_next_goes(way: Way) -> None:
    await way.mailer.send(MAIL)
    await way.go_away()
    with pytest.raises(Unavailable) as caught:
        await way.mailer.send(replace(MAIL, subject="lost"))
    assert "Try again" in caught.value.message
    await way.come_back()
    await way.mailer.send(replace(MAIL, subject="again"))
    assert sorted(message["Subject"] for message in way.arrived()) == sorted([MAIL.subject, "again"])


async def test_a_mail_that_is_sent_once_more_keeps_its_number(way: Way) -> None:
    for _ in range(2):
        await way.mailer.send(replace(MAIL, number="0" * 31 + "1"))
    await way.mailer.send(MAIL)
    repeated = [message["Message-ID"] for message in way.arrived() if message["Message-ID"].startswith("<0000")]
    if isinstance(way.mailer, Outbox):
        assert len(way.arrived()) == 2  # a file takes its own place
    else:
        assert len(set(repeated)) == 1
        assert len(repeated) == 2
