"""Mail through an SMTP server. A password goes over TLS only, unless the server is this machine."""

import ipaddress
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from imageroute_app.adapters.mail.letter import compose
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import Mail

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


class SmtpMailer:
    """Mailer for a URL such as smtps://user:password@mail.example.org:465."""

    def __init__(
        self,
        url: str,
        sender: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"
        self._sender, self._clock = sender, clock

    async def send(self, mail: Mail) -> None:
        """Hand the message over; raises Unavailable, InvalidInput."""
        message = compose(mail, sender=self._sender, sent_at=self._clock(), extra=mail.headers)
        try:
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
            failure = type(error).__name__
            code = getattr(error, "code", None)
        else:
            return
        # Outside of the except block, so that the error that quotes the address is not chained.
        log.warning("mail.failed", extra={"kind": failure, "code": code})
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
        raise Unavailable(f"The mail server does not let us in ({failure}): check IMAGEROUTE_SMTP_URL.")

    def _start_tls(self) -> bool | None:
        """Return whether to upgrade to TLS: always before a password leaves, else if offered."""
        if self._is_tls:
            return False
        return True if self._user and not _is_this_machine(self._host) else None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
