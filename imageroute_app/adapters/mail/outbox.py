"""Mails as .eml files in a folder, for installations without a mail server.

A file appears whole, is readable by the product's user only, and its name sorts by time.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

from uuid_utils import uuid7

from imageroute_app.adapters.mail.letter import compose
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import Mail

log = logging.getLogger(__name__)

SENDER = "ImageRoute <noreply@localhost>"
LINK = "X-ImageRoute-Link"
EXPIRES = "Expires"
"""RFC 4021, 2.1.50: after this time a message loses its validity; here the file goes then."""
SUFFIX = ".eml"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A mail that waits in the folder; `id` sorts by time."""

    id: str
    to: str
    subject: str
    text: str
    link: str
    sent_at: datetime


class Outbox:
    """Mailer that writes files, and the folder's reader."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder, self._clock = folder, clock

    async def send(self, mail: Mail) -> None:
        """Write the message; raises Unavailable, InvalidInput."""
        extra = {**mail.headers, **({LINK: mail.link} if mail.link else {})}
        message = compose(mail, sender=SENDER, sent_at=self._clock(), extra=extra)
        try:
            await asyncio.to_thread(self._write, message.as_bytes(), mail.number or uuid7().hex)
        except OSError as error:
            log.warning("outbox.failed", extra={"errno": error.errno})
            raise Unavailable("The mail could not be written. Try again in a moment.") from None

    async def messages(self) -> list[OutboxMessage]:
        """Return the waiting mails, newest first; a file that is no mail is left out and logged."""
        return await asyncio.to_thread(self._read_all)

    async def read(self, message_id: str) -> OutboxMessage:
        """Return one mail; raises NotFound."""
        for message in await self.messages():
            if message.id == message_id:
                return message
        raise NotFound

    async def purge(self, *, older_than: datetime) -> int:
        """Delete mails written before that time, and those that say themselves that they are over; returns how many."""
        return await asyncio.to_thread(self._purge, older_than.timestamp(), self._clock())

    async def forget(self, address: str) -> int:
        """Delete the mails that wait for an address; returns how many."""
        mine = [message.id for message in await self.messages() if message.to.casefold() == address.casefold()]
        return await asyncio.to_thread(self._delete, mine)

    def _delete(self, ids: list[str]) -> int:
        for one in ids:
            (self._folder / f"{one}{SUFFIX}").unlink(missing_ok=True)
        return len(ids)

    def _write(self, data: bytes, number: str) -> None:
        """Write a file; a mail that is sent once more has the same number and takes its own place."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{number}{SUFFIX}"
        temporary = self._folder / f"{uuid7().hex}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123  # of a descriptor
            file.write(data)
        written = self._clock().timestamp()
        os.utime(temporary, (written, written))  # purge goes by our clock, not by the disk's
        temporary.replace(path)

    def _read_all(self) -> list[OutboxMessage]:
        found = [_read(path) for path in sorted(self._folder.glob(f"*{SUFFIX}"), reverse=True)]
        return [message for message in found if message is not None]

    def _purge(self, before: float, now: datetime) -> int:
        paths = list(self._folder.glob("*"))
        old = [path for path in paths if path.stat().st_mtime < before or _is_over(path, now)]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _is_over(path: Path, now: datetime) -> bool:
    if path.suffix != SUFFIX:
        return False
    try:
        message = message_from_bytes(path.read_bytes(), policy=SMTP)
        return message[EXPIRES] is not None and parsedate_to_datetime(str(message[EXPIRES])) <= now
    except (OSError, MessageError, TypeError, ValueError):
        return False  # it goes by its age


def _read(path: Path) -> OutboxMessage | None:
    try:
        message = cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=SMTP))
        return OutboxMessage(
            id=path.stem,
            to=str(message["To"]),
            subject=str(message["Subject"]),
            text=_text(message).replace("\r\n", "\n"),
            link=str(message[LINK] or ""),
            sent_at=message["Date"].datetime,
        )
    except (OSError, MessageError, AttributeError, LookupError, ValueError) as error:
        log.warning("outbox.unreadable", extra={"mail": path.stem, "kind": type(error).__name__})
        return None


def _text(message: EmailMessage) -> str:
    plain = message.get_body(("plain",))
    if plain is None:
        raise LookupError("a mail of ours has a plain text")
    return str(plain.get_content())
