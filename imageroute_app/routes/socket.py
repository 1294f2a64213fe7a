"""Bind a tab's websocket to the browser that opened it.

Reflex finds a tab's state by the token that the client sends, whoever sends it. Here the token is replaced by a keyed
digest of token and cookie, so a token read from a log, an address bar or another tab leads to an empty state. The
principle: nothing that the client alone chooses may name a state.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageroute_app.ending import end
from imageroute_app.pace import Buckets
from imageroute_app.priority import PRESSES

EVENT_PATH = "/_event"
SESSION_COOKIE = "ir_session"
ANON_COOKIE = "ir_anon"
TOKEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MESSAGES_PER_S, MESSAGES_BURST = 100, 300
EVENT_FRAME = "42"
"""How the text of an event and of an update begins: a message of Engine.IO, an event of Socket.IO."""
LOOK_EVERY_S = 30.0
NEEDED_HEADERS = {b"host", b"origin", b"cookie", b"upgrade", b"connection", b"sec-websocket-protocol"}
"""Reflex keeps the handshake's headers in the page's state and echoes each twice; what nobody reads stays out of it."""


def cookie_name(name: str, *, is_https: bool) -> str:
    """Return the cookie's name here: on https no other host or path can set it."""
    return f"__Host-{name}" if is_https else name


def read_cookie(headers: Headers, name: str, *, is_https: bool) -> str:
    """Return the value of one of our cookies, or an empty text."""
    return cookie_parser(headers.get("cookie", "")).get(cookie_name(name, is_https=is_https), "")


def bind_token(key: bytes, cookie: str, token: str) -> str:
    """Return the token under which the state is kept, of the same form as the client's."""
    digest = hmac.digest(key, f"{cookie}|{token}".encode(), hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16]))


class SocketBinding:
    """ASGI middleware for Reflex's event socket; everything else passes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        origins: Collection[str],
        is_https: bool,
        key: Callable[[], bytes],
        is_over: Callable[[str], Awaitable[bool]],
    ) -> None:
        """Bind with the key that `key` returns at each connection; it must outlive restarts and be the same everywhere.

        `is_over` says of a session cookie whether its session has ended: then the socket ends too, within LOOK_EVERY_S.
        """
        self._app = app
        self._is_over = is_over
        self._origins = frozenset(origins)
        self._is_https = is_https
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign page or an odd token with 403; hand the rest on under the bound token."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        bound = self._bind(scope)
        if bound is None:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        paced = _PacedSocket(receive, send)
        cookie = read_cookie(Headers(scope=scope), SESSION_COOKIE, is_https=self._is_https)
        try:
            if not cookie:
                await self._app(bound, paced.receive, paced.send)
            elif await self._until_over(self._app(bound, paced.receive, paced.send), cookie):
                await paced.close()
        finally:
            PRESSES.end(paced)

    async def _until_over(self, serving: Awaitable[None], cookie: str) -> bool:
        """Serve a socket until it ends, or end it with the session that it was opened with; says whether that was it."""
        connection, over = asyncio.ensure_future(serving), asyncio.ensure_future(self._session_ends(cookie))
        try:
            await asyncio.wait((connection, over), return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                connection.result()
                return False
            return True
        finally:
            await end(connection, over)

    async def _session_ends(self, cookie: str) -> None:
        """Wait until the session is over; one that was over before is nobody's: the guard shows it nothing."""
        if await self._is_over(cookie):
            await asyncio.Event().wait()
        while not await self._is_over(cookie):  # noqa: ASYNC110 - it may end in another process
            await asyncio.sleep(LOOK_EVERY_S)

    def _bind(self, scope: Scope) -> Scope | None:
        headers = Headers(scope=scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == "token"]
        is_ours = headers.getlist("origin") in [[origin] for origin in self._origins]
        if not is_ours or len(tokens) != 1 or not TOKEN.fullmatch(tokens[0]):
            return None
        token = bind_token(self._key(), self._cookie(headers), tokens[0])
        query = [(name, token if name == "token" else value) for name, value in query]
        kept = [(name, value) for name, value in scope["headers"] if name in NEEDED_HEADERS]
        return {**scope, "query_string": urlencode(query).encode(), "headers": kept}

    def _cookie(self, headers: Headers) -> str:
        """Return the cookie to bind to; without one the state belongs to this connection alone."""
        names = (SESSION_COOKIE, ANON_COOKIE)
        found = (read_cookie(headers, name, is_https=self._is_https) for name in names)
        return next(filter(None, found), "") or secrets.token_hex(16)


class _PacedSocket:
    """A socket that can be closed from here, as one is that sends faster than any page, before its messages are queued.

    While an event of it has no update yet, downloads give way (imageroute_app.priority).
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._pace = Buckets(per_s=MESSAGES_PER_S, burst=MESSAGES_BURST)
        self._is_closed = False

    async def receive(self) -> Message:
        message: dict[str, Any] = dict(await self._receive())
        if message["type"] == "websocket.receive" and not self._pace.take("", time.monotonic()):
            await self.close()
        if _is_event(message):
            PRESSES.begin(self)
        return {"type": "websocket.disconnect", "code": 1008} if self._is_closed else message

    async def close(self) -> None:
        """End the socket; what is still sent to it goes nowhere."""
        if not self._is_closed:
            self._is_closed = True
            await self._send({"type": "websocket.close", "code": 1008})

    async def send(self, message: Message) -> None:
        if not self._is_closed:
            await self._send(message)
        if _is_event(message):
            PRESSES.end(self)


def _is_event(message: Message) -> bool:
    return (message.get("text") or "").startswith(EVENT_FRAME)
