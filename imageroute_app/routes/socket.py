"""Bind a tab's websocket to the browser that opened it.

Reflex finds a tab's state by the token that the client sends, whoever sends it. Here the token is replaced by a keyed
digest of token and cookie, so a token read from a log, an address bar or another tab leads to an empty state. The
principle: nothing that the client alone chooses may name a state.
"""

import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageroute_app.pace import Buckets

EVENT_PATH = "/_event"
SESSION_COOKIE = "ir_session"
ANON_COOKIE = "ir_anon"
TOKEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MESSAGES_PER_S, MESSAGES_BURST = 100, 300
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

    def __init__(self, app: ASGIApp, *, origins: Collection[str], is_https: bool, key: Callable[[], bytes]) -> None:
        """Bind with the key that `key` returns at each connection; it must outlive restarts and be the same everywhere."""
        self._app = app
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
        await self._app(bound, paced.receive, paced.send)

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
    """Closes a socket that sends faster than any page does, before its messages are queued."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._pace = Buckets(per_s=MESSAGES_PER_S, burst=MESSAGES_BURST)
        self._is_closed = False

    async def receive(self) -> Message:
        message: dict[str, Any] = dict(await self._receive())
        if message["type"] == "websocket.receive" and not self._pace.take("", time.monotonic()):
            await self.send({"type": "websocket.close", "code": 1008})
            self._is_closed = True
            return {"type": "websocket.disconnect", "code": 1008}
        return message

    async def send(self, message: Message) -> None:
        if not self._is_closed:
            await self._send(message)
