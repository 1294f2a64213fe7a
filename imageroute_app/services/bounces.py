"""Mail that came back: reports of mail servers (RFC 3464) that a mail of ours could not be delivered.

Principle: anybody can write such a report. It is believed only when it brings the number of a mail that we sent to that very
address, and it changes one thing: nothing more is sent there.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from email.utils import parseaddr
from typing import cast

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.mails import NO_MAILBOX_STATUS, is_marked
from imageroute_app.services.mails import QuietAddresses
from imageroute_app.services.signing import clean_email

log = logging.getLogger(__name__)

REPORT_BYTES_MAX = 4 * 1024 * 1024
STATUS = re.compile(r"\d\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One report: which mail it is about, whom that went to, and the status that stands for good."""

    address: str
    message_id: str
    status: str


def read_bounce(data: bytes) -> Bounce | None:
    """Return what a report says; None for every other mail, and for a report of a delay or a delivery."""
    if len(data) > REPORT_BYTES_MAX:
        return None
    message = message_from_bytes(data)
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        return None
    parts = list(message.walk())
    statuses = [
        status for part in parts if part.get_content_type() == "message/delivery-status" for status in _failed(part)
    ]
    sent = next((found for part in parts[1:] if (found := _returned(part)) is not None), None)
    if not statuses or sent is None:
        return None
    _, address = parseaddr(str(sent.get("To") or ""))
    return Bounce(address=_as_kept(address), message_id=str(sent.get("Message-ID") or "").strip(), status=statuses[0])


def _as_kept(address: str) -> str:
    """Return an address in the form in which we keep it: on its way its domain was in ASCII."""
    try:
        return clean_email(address)
    except InvalidInput:
        return address


def _failed(part: Message) -> Iterator[str]:
    """Yield the status of each recipient that was given up."""
    for block in cast("list[Message]", part.get_payload()) if part.is_multipart() else []:
        status = STATUS.match(str(block.get("Status") or "").strip())
        if str(block.get("Action") or "").strip().casefold() == "failed" and status is not None:
            yield status[0]


def _returned(part: Message) -> Message | None:
    """Return the mail that came back, or its head."""
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        return cast("list[Message]", part.get_payload())[0]
    if part.get_content_type() == "text/rfc822-headers":
        return message_from_string(cast("bytes", part.get_payload(decode=True)).decode(errors="replace"))
    return None


class Bounces:
    """Takes reports in."""

    def __init__(self, *, quiet: QuietAddresses, key: bytes) -> None:
        """Take `key`, by which our mails are numbered."""
        self._quiet, self._key = quiet, key

    async def take(self, bounce: Bounce) -> bool:
        """Leave the address alone when there is no such mailbox; returns whether it was so."""
        if not is_marked(self._key, bounce.message_id, bounce.address):
            log.info("bounce.not_ours")
            return False
        if bounce.status not in NO_MAILBOX_STATUS:
            log.info("bounce.other_reason", extra={"status": bounce.status})
            return False
        await self._quiet.note(bounce.address, bounce.status)
        return True
