"""Mail through an SMTP server: over TLS only, unless the server is this machine, because a mail holds an address and a link."""

import asyncio
import ipaddress
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from imageroute_app.adapters.mail.letter import compose, in_ascii
from imageroute_app.domain.errors import AddressRefused, Unavailable
from imageroute_app.domain.mails import NO_MAILBOX_STATUS, mark_of
from imageroute_app.domain.ports import Mail

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
PATIENCE_S = 120.0
"""For a whole mail, however slowly each answer drips; less than a mail is in one worker's hands (services/mails.py)."""
STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}")
NOT_IN_UNICODE = "5.6.7"
"""RFC 6531: our mail server takes no address of which more than the domain is beyond ASCII."""
NO_MAILBOX, DEFAULT_STATUS = (550, 551, 553), "5.1.1"


class SmtpMailer:
    """Mailer for a URL such as smtps://user:password@mail.example.org:465."""

    def __init__(
        self,
        url: str,
        sender: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        marks: bytes = b"",
    ) -> None:
        """Number the mails by `marks`, a key of this installation, so that one that comes back is known again."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"
        self._sender, self._clock, self._marks = sender, clock, marks

    async def send(self, mail: Mail) -> None:
        """Hand the message over; raises Unavailable, AddressRefused, InvalidInput."""
        number = self._number(mail) if self._marks else mail.number
        letter = replace(mail, to=in_ascii(mail.to))
        message = compose(letter, sender=self._sender, sent_at=self._clock(), extra=mail.headers, number=number)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._is_tls,
                    start_tls=self._start_tls(),
                    timeout=TIMEOUT_S,
                )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            failure, refused = type(error).__name__, _no_such_mailbox(error)
            code = getattr(error, "code", None)
        else:
            return
        # Outside of the except block, so that the error that quotes the address is not chained.
        log.warning("mail.failed", extra={"kind": failure, "code": code})
        if refused:
            raise AddressRefused(refused)
        raise Unavailable("The mail could not be sent. Try again in a moment.")

    async def probe(self) -> None:
        """Greet the server and sign in, without a message; raises Unavailable."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, username=self._user, password=self._password,
            use_tls=self._is_tls, start_tls=self._start_tls(), timeout=TIMEOUT_S,
        )  # fmt: skip
        try:
            async with client:
                await client.noop()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            failure = type(error).__name__
        else:
            return
        raise Unavailable(f"The mail server does not let us in by TLS ({failure}): check IMAGEROUTE_SMTP_URL.")

    def _number(self, mail: Mail) -> str:
        """Return the number of a mail: the same when it is sent once more, so that mail programs show it once."""
        number = mail.number or secrets.token_hex(16)
        return f"{number}.{mark_of(self._marks, number, mail.to)}"

    def _start_tls(self) -> bool | None:
        """Return whether to upgrade to TLS: always before anything leaves this machine, else if offered."""
        if self._is_tls:
            return False
        return None if _is_this_machine(self._host) else True


def _no_such_mailbox(error: Exception) -> str:
    """Return the status (RFC 3463) of an answer that says for good that there is no such mailbox, else nothing.

    A refusal for what we are or sent (5.7.1 and the like), a full mailbox and everything for now (4xx) is not one.
    """
    if isinstance(error, aiosmtplib.SMTPNotSupported) and "SMTPUTF8" in str(error):
        return NOT_IN_UNICODE
    if not isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return ""
    for refusal in error.recipients:
        status = STATUS.match(refusal.message.strip())
        if refusal.code in NO_MAILBOX and (status is None or status[0] in NO_MAILBOX_STATUS):
            return status[0] if status else DEFAULT_STATUS
    return ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
