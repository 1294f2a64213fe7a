"""Mails arrive as they were written; no value adds a header, and no address reaches the log."""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import cast

import pytest

from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.mail.page import as_page
from imageroute_app.adapters.mail.smtp import SmtpMailer
from imageroute_app.domain.errors import AddressRefused, ImageRouteError, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.ports import Mail
from tests.adapters import trusted
from tests.adapters.mail_server import Box, mail_server

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
SENDER = "ImageRoute <noreply@images.example>"
LINK = "https://images.example/verify?token=" + "aB3-_" * 40
MAIL = Mail(
    to="anna@example.org",
    subject="Confirm your address",
    text=f"Hello Änna,\n\nopen {LINK}\n\n.\nFrom us \N{GRINNING FACE}\n",
    link=LINK,
)

INJECTIONS = [
    {"to": "anna@example.org\nBcc: eve@example.org"},
    {"to": "anna@example.org\r\nBcc: eve@example.org"},
    {"to": "anna@example.org, eve@example.org"},
    {"to": "anna@example.org;eve@example.org"},
    {"to": "anna"},
    {"to": ""},
    {"to": "a b@example.org"},
    {"to": "anna@example.org>\0"},
    {"to": "<anna@example.org> RCPT TO:<eve@example.org>"},
    {"subject": "Hello\nBcc: eve@example.org"},
    {"subject": "Hello\r\n\r\nbody"},
    {"link": "https://x/\nBcc: eve@example.org"},
]


def mail(**changes: str) -> Mail:
    return replace(MAIL, **changes)


# --- Outbox ------------------------------------------------------------------------------------


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox", clock=lambda: NOW)


async def test_mail_can_be_read_back(outbox: Outbox) -> None:
    await outbox.send(MAIL)
    (message,) = await outbox.messages()
    assert (message.to, message.subject, message.link) == (MAIL.to, MAIL.subject, LINK)
    assert message.text == MAIL.text
    assert message.sent_at == NOW
    assert await outbox.read(message.id) == message
    with pytest.raises(NotFound):
        await outbox.read("../" + message.id)


async def test_newest_comes_first(outbox: Outbox) -> None:
    for n in range(12):
        await outbox.send(mail(subject=f"Mail {n}", link=""))
    messages = await outbox.messages()
    assert [message.subject for message in messages] == [f"Mail {n}" for n in range(11, -1, -1)]
    assert {message.link for message in messages} == {""}


async def test_files_are_for_the_product_only(outbox: Outbox, tmp_path: Path) -> None:
    await outbox.send(MAIL)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.suffix == ".eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_empty_and_absent_folders_have_no_mails(outbox: Outbox) -> None:
    assert await outbox.messages() == []
    assert await outbox.purge(older_than=NOW) == 0


async def test_purge_deletes_the_old_only(outbox: Outbox, tmp_path: Path) -> None:
    for subject in ("old", "new"):
        await outbox.send(mail(subject=subject))
    oldest = min((tmp_path / "outbox").iterdir())
    os.utime(oldest, (NOW.timestamp() - 10, NOW.timestamp() - 10))
    new = max((tmp_path / "outbox").iterdir())
    os.utime(new, (NOW.timestamp() + 10, NOW.timestamp() + 10))
    assert await outbox.purge(older_than=NOW) == 1
    assert [message.subject for message in await outbox.messages()] == ["new"]
    assert await outbox.purge(older_than=NOW + timedelta(days=1)) == 1


async def test_purge_deletes_what_says_itself_that_it_is_over(outbox: Outbox) -> None:
    for hours in (-1, 1):
        over = {"Expires": format_datetime(NOW + timedelta(hours=hours))}
        await outbox.send(replace(MAIL, subject=f"{hours}", headers=over))
    await outbox.send(replace(MAIL, subject="odd", headers={"Expires": "never"}))
    assert await outbox.purge(older_than=NOW - timedelta(days=7)) == 1
    assert {message.subject for message in await outbox.messages()} == {"1", "odd"}


async def test_file_that_is_no_mail_hides_no_other(
    outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await outbox.send(MAIL)
    (tmp_path / "outbox" / "0.eml").write_bytes(b"no mail")
    (tmp_path / "outbox" / "1.new").write_bytes(b"half")
    with caplog.at_level(logging.WARNING):
        assert len(await outbox.messages()) == 1
    assert caplog.messages == ["outbox.unreadable"]


async def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"a file")
    with pytest.raises(Unavailable):
        await Outbox(tmp_path / "outbox").send(MAIL)


@pytest.mark.parametrize("changes", INJECTIONS, ids=lambda changes: next(iter(changes)))
async def test_outbox_takes_no_injected_header(outbox: Outbox, changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await outbox.send(mail(**changes))
    assert "example.org" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert await outbox.messages() == []


# --- HTML ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"Hello\n\n{LINK}\n\nBye", f"Hello, open {LINK} now", "Hello"])
def test_the_html_twin_has_the_words_and_one_button(text: str) -> None:
    page = as_page("A subject", text, LINK)
    assert page.count("<a ") == page.count(f'<a class="go" href="{LINK}"') == 1
    assert "Hello" in page


def test_the_html_twin_asks_nobody_for_anything_and_escapes_every_word() -> None:
    page = as_page("<b>&", 'one <img src="https://evil.example/x.gif">\n\ntwo & three\nfour', "javascript:alert(1)")
    for tag in ("<img", "<script", "<link", "<a ", "url(", "@import", "javascript:alert"):
        assert tag not in page, tag
    assert "&lt;img src=&quot;" in page
    assert "two &amp; three<br>four" in page
    assert "<title>&lt;b&gt;&amp;</title>" in page


# --- SMTP --------------------------------------------------------------------------------------


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with mail_server() as kept:
        yield kept


async def test_smtp_delivers_what_was_written(box: Box) -> None:
    await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER, clock=lambda: NOW).send(MAIL)
    (envelope,) = box.sent
    assert (envelope.mail_from, envelope.rcpt_tos) == ("noreply@images.example", [MAIL.to])
    assert isinstance(envelope.content, bytes)
    message = cast("EmailMessage", message_from_bytes(envelope.content, policy=SMTP))
    assert message["From"] == SENDER
    assert message["To"] == MAIL.to
    assert message["Subject"] == MAIL.subject
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@images.example>")
    assert message.get_content_type() == "multipart/alternative"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text
    page = message.get_body(("html",))
    assert page is not None
    assert page.get_content().count(f'href="{LINK}"') == 1


async def test_smtp_logs_in_with_what_the_url_says(box: Box) -> None:
    url = f"smtp://us%40er:p%40ss%3Aword@127.0.0.1:{box.port}"
    await SmtpMailer(url, SENDER).send(MAIL)
    assert box.logins == [b"us@er:p@ss:word"]
    assert len(box.sent) == 1


@pytest.mark.parametrize(
    ("refusal", "error"),
    [("550", AddressRefused), ("550 5.1.1", AddressRefused), ("550 5.7.1", Unavailable), ("451", Unavailable)],
)
async def test_refused_mail_leaves_no_address_in_the_log(
    box: Box, refusal: str, error: type[ImageRouteError], caplog: pytest.LogCaptureFixture
) -> None:
    box.refusal = refusal
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as caught:
        await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER).send(MAIL)
    ours = [record for record in caplog.records if record.name.startswith("imageroute")]
    assert [record.getMessage() for record in ours] == ["mail.failed"]
    assert "anna" not in str(ours[0].__dict__)
    assert "anna" not in caught.value.message
    assert caught.value.__context__ is None


async def test_wrong_password_is_unavailable(box: Box) -> None:
    with pytest.raises(Unavailable):
        await SmtpMailer(f"smtp://user:wrong@127.0.0.1:{box.port}", SENDER).send(MAIL)
    assert box.sent == []


async def test_absent_and_silent_servers_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageroute_app.adapters.mail.smtp.TIMEOUT_S", 0.1)

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for scheme in ("smtp", "smtps"):
        with pytest.raises(Unavailable):
            await SmtpMailer(f"{scheme}://127.0.0.1:{port}", SENDER).send(MAIL)
    server.close()
    await server.wait_closed()
    with pytest.raises(Unavailable):
        await SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER).send(MAIL)


async def test_a_server_that_drips_is_left_after_our_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageroute_app.adapters.mail.smtp.PATIENCE_S", 0.3)
    left = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while not writer.is_closing():  # a greeting that never ends
                writer.write(b"220-hello\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        left.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(60):
            with pytest.raises(Unavailable):
                await SmtpMailer(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", SENDER).send(MAIL)
            await left.wait()
    finally:
        server.close()


@pytest.mark.parametrize("changes", INJECTIONS[:-1], ids=lambda changes: next(iter(changes)))
async def test_smtp_takes_no_injected_header(box: Box, changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER).send(mail(**changes))
    assert box.sent == []


# --- Addresses beyond ASCII ----------------------------------------------------------------------


async def test_a_domain_beyond_ascii_goes_to_every_mail_server_in_its_ascii_form(box: Box) -> None:
    await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER).send(mail(to="anna@exämple.org"))
    (envelope,) = box.sent
    assert envelope.rcpt_tos == ["anna@xn--exmple-cua.org"]
    assert b"To: anna@xn--exmple-cua.org" in cast("bytes", envelope.content)


@pytest.mark.parametrize("to", ["änna@example.org", "用户@例え.jp"])
async def test_a_mailbox_beyond_ascii_is_reached_where_the_mail_server_can(to: str) -> None:
    async with mail_server() as box:
        await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER).send(mail(to=to))
        (envelope,) = box.sent
        assert envelope.rcpt_tos[0].partition("@")[0] == to.partition("@")[0]
        assert f"To: {envelope.rcpt_tos[0]}".encode() in cast("bytes", envelope.content)
    async with mail_server(takes_unicode=False) as box:
        with pytest.raises(AddressRefused) as caught:
            await SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER).send(mail(to=to))
        assert (caught.value.reason, box.sent) == ("5.6.7", [])


@pytest.mark.parametrize(
    "to",
    ["änna@example.org\r\nBcc: eve@example.org", "änna@example.org, eve@example.org", "ä@b", "ä b@example.org", "ä"],
)
async def test_no_address_beyond_ascii_adds_a_header_or_a_recipient(box: Box, outbox: Outbox, to: str) -> None:
    for mailer in (SmtpMailer(f"smtp://127.0.0.1:{box.port}", SENDER), outbox):
        with pytest.raises(InvalidInput) as caught:
            await mailer.send(mail(to=to))
        assert caught.value.__context__ is None
    assert (box.sent, await outbox.messages()) == ([], [])


@pytest.mark.parametrize("to", ["anna@exämple.org", "änna@example.org"])
async def test_the_outbox_keeps_an_address_as_it_is_and_forgets_it(outbox: Outbox, to: str) -> None:
    await outbox.send(mail(to=to))
    assert [message.to for message in await outbox.messages()] == [to]
    assert await outbox.forget(to) == 1


# --- TLS ---------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trusted.Authority:
    return trusted.Authority(tmp_path, monkeypatch)


@pytest.mark.promise("P31")
@pytest.mark.parametrize(("scheme", "is_upgraded"), [("smtps", False), ("smtp", True)])
async def test_tls_is_spoken_and_the_server_has_to_prove_who_it_is(
    authority: trusted.Authority, scheme: str, is_upgraded: bool
) -> None:
    async with mail_server(tls=authority.context(), is_upgraded=is_upgraded, needs_tls=is_upgraded) as box:
        mailer = SmtpMailer(f"{scheme}://us%40er:p%40ss%3Aword@127.0.0.1:{box.port}", SENDER)
        with pytest.raises(Unavailable):  # nobody we trust has signed for it
            await mailer.send(MAIL)
        assert (box.sent, box.logins) == ([], [])
        authority.trust()
        await mailer.send(MAIL)
        assert (len(box.sent), box.logins) == (1, [b"us@er:p@ss:word"])


@pytest.mark.promise("P31")
@pytest.mark.parametrize("user", ["us%40er:p%40ss%3Aword@", ""])
async def test_neither_a_password_nor_a_mail_leaves_where_tls_is_not_offered(
    box: Box, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imageroute_app.adapters.mail.smtp._is_this_machine", lambda host: False)
    mailer = SmtpMailer(f"smtp://{user}127.0.0.1:{box.port}", SENDER)
    with pytest.raises(Unavailable):
        await mailer.send(MAIL)
    with pytest.raises(Unavailable, match="TLS"):
        await mailer.probe()
    assert (box.asked, box.sent, box.logins) == ([], [], [])


@pytest.mark.promise("P31")
@pytest.mark.parametrize(
    ("url", "upgrade"),
    [
        ("smtps://user:x@mail.example:465", False),
        ("smtp://user:x@mail.example:587", True),
        ("smtp://user:x@127.0.0.1:2525", None),
        ("smtp://user:x@localhost:2525", None),
        ("smtp://mail.example:25", True),
        ("smtp://10.0.0.5:25", True),
        ("smtp://127.0.0.1:25", None),
    ],
)
def test_mail_travels_encrypted_unless_on_this_machine(url: str, upgrade: bool | None) -> None:
    assert SmtpMailer(url, SENDER)._start_tls() is upgrade
