"""A mail server on a port of this machine: it keeps what arrives, or refuses it, and can be away for a while."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd import smtp as aiosmtpd
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session


@dataclass
class Box:
    """A mail server's handler; `refusal` is the code that it answers to every recipient, `asked` is whom it was asked for."""

    refusal: str = ""
    asked: list[str] = field(default_factory=list)
    sent: list[Envelope] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    port: int = 0
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    """Set unless the server keeps everybody waiting."""
    takes_unicode: bool = True
    tls: ssl.SSLContext | None = None
    is_upgraded: bool = False
    """Whether TLS begins by STARTTLS, else with the connection."""
    needs_tls: bool = False
    _server: asyncio.Server | None = None

    async def handle_RCPT(  # noqa: N802  # named by aiosmtpd
        self, _server: aiosmtpd.SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.asked.append(address)
        await self.takes.wait()
        if self.refusal:
            return f"{self.refusal} {address} is not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: aiosmtpd.SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.sent.append(envelope)
        return "250 OK"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login + b":" + data.password)
        return AuthResult(success=data.password == b"p@ss:word", handled=False)

    async def start(self) -> None:
        """Listen, a second time on the same port."""
        loop = asyncio.get_running_loop()

        def serve() -> aiosmtpd.SMTP:
            return aiosmtpd.SMTP(
                self, hostname="mail.test", loop=loop, authenticator=self.log_in, auth_require_tls=self.needs_tls,
                enable_SMTPUTF8=self.takes_unicode, tls_context=self.tls if self.is_upgraded else None,
            )  # fmt: skip

        implicit = None if self.is_upgraded else self.tls
        self._server = await loop.create_server(serve, "127.0.0.1", self.port, ssl=implicit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


@contextlib.asynccontextmanager
async def mail_server(**ways: Any) -> AsyncIterator[Box]:
    """Run one as long as it is needed."""
    box = Box(**ways)
    box.takes.set()
    await box.start()
    try:
        yield box
    finally:
        await box.stop()
