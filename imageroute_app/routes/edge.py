"""The product's outer wall: one ASGI middleware around every route, page and socket.

It refuses before anything of ours runs (foreign host, foreign page, too large a body, too many sockets) and adds to
every answer what keeps browsers safe. Only the connection and the configuration are believed; a header of the client
is believed only behind the number of proxies that the settings name.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageroute_app.logs import trace
from imageroute_app.pace import Buckets, household
from imageroute_app.routes.bodies import CountedBody, Held
from imageroute_app.routes.headers import protect
from imageroute_app.routes.refusals import (
    BROKEN,
    FOREIGN_PAGE,
    NOT_FOUND,
    OF_BODIES,
    TOO_LARGE,
    WRONG_HOST,
    Refusal,
    respond,
)
from imageroute_app.routes.socket import EVENT_PATH

logger = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CLOSED_PATHS = (EVENT_PATH, "/_upload", "/auth-codespace", "/_all_routes", "/_health")
"""Reflex's own endpoints that nobody needs over HTTP."""
HEALTH_PATHS = frozenset({"/healthz", "/health", "/ready"})
WEBHOOK_PREFIX = "/webhooks/"
FROM_ELSEWHERE = ("/unsubscribe",)
"""Mail programs post here by themselves (RFC 8058); what they may end is named by a secret in the address."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRules:
    """What the wall lets through. `body_bytes_by_path` is keyed by a path and holds for what lies below it too."""

    origins: tuple[str, ...]
    policy: str
    policy_by_path: Mapping[str, str] = field(default_factory=dict)
    proxy_hops: int = 0
    body_bytes: int = MIB
    body_bytes_by_path: Mapping[str, int] = field(default_factory=dict)
    sockets_per_address: int = 500
    sockets_per_s: float = 5
    sockets_burst: int = 600

    @property
    def is_https(self) -> bool:
        """Whether people reach the product by https."""
        return self.origins[0].startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """Host headers that are ours."""
        default_port = ":443" if self.is_https else ":80"
        names = {urlsplit(origin).netloc for origin in self.origins}
        return frozenset(
            names
            | {name.removesuffix(default_port) for name in names}
            | {name + default_port for name in names if urlsplit(f"//{name}").port is None}
        )

    def policy_of(self, path: str) -> str:
        """Return the policy for a document at this path."""
        return self.policy_by_path.get(path.rstrip("/") or "/", self.policy)

    def body_limit(self, path: str) -> int:
        """Return how many bytes a request to this path may carry."""
        for prefix, limit in self.body_bytes_by_path.items():
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return limit
        return self.body_bytes


class EdgeMiddleware:
    """Wraps the whole application; the outermost of `api_transformer`."""

    def __init__(self, app: ASGIApp, rules: EdgeRules) -> None:
        """Guard `app` by `rules`."""
        self._app = app
        self._rules = rules
        self._hosts = rules.hosts
        self._open_sockets: Counter[str] = Counter()
        self._connects = Buckets(per_s=rules.sockets_per_s, burst=rules.sockets_burst)
        self._held = Held()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._serve_request(self._located(scope), receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(self._located(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    def _located(self, scope: Scope) -> Scope:
        """Return the scope with the scheme people use and the address of the client, not of our proxies."""
        schemes = {"http": ("http", "https"), "websocket": ("ws", "wss")}[scope["type"]]
        located = {**scope, "scheme": schemes[self._rules.is_https]}
        forwarded = [
            part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")
        ]
        if 0 < self._rules.proxy_hops <= len(forwarded):
            located["client"] = (forwarded[-self._rules.proxy_hops], 0)
        return located

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = secrets.token_hex(8)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        body = CountedBody(receive, self._rules.body_limit(scope["path"]), self._held, _caller(scope))
        answer = _Answer(self._rules, scope, send, body, request_id)
        try:
            refusal = self._refusal(scope)
            if refusal is None:
                refusal = await self._run(scope, body, answer)
            if refusal is not None and not answer.is_started:
                await answer.refuse(refusal)
        finally:
            body.close()

    async def _run(self, scope: Scope, body: CountedBody, answer: "_Answer") -> Refusal | None:
        try:
            await self._app(scope, body.receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last place that can still answer the person
            if not body.fault:
                logger.error("request %s failed: %s", answer.request_id, trace(error))
                return BROKEN
        if body.fault:
            return OF_BODIES[body.fault]
        await answer.release()
        return None

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers, path = Headers(scope=scope), scope["path"]
        if path in HEALTH_PATHS and scope["method"] in SAFE_METHODS:
            return None
        if not self._is_our_host(headers):
            return WRONG_HOST
        if any(path == closed or path.startswith(f"{closed}/") for closed in CLOSED_PATHS):
            return NOT_FOUND
        if (
            scope["method"] not in SAFE_METHODS
            and not path.startswith(WEBHOOK_PREFIX)
            and path not in FROM_ELSEWHERE
            and not self._is_our_page(headers)
        ):
            return FOREIGN_PAGE
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 20) or int(length) > self._rules.body_limit(
            path
        ):
            return TOO_LARGE
        return None

    def _is_our_host(self, headers: Headers) -> bool:
        hosts = headers.getlist("host")
        return len(hosts) == 1 and hosts[0].lower() in self._hosts

    def _is_our_page(self, headers: Headers) -> bool:
        origins = headers.getlist("origin")
        if origins:
            return len(origins) == 1 and origins[0] in self._rules.origins
        return headers.getlist("sec-fetch-site") == ["same-origin"]

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _caller(scope)
        is_welcome = (
            scope["path"].rstrip("/") == EVENT_PATH
            and self._is_our_host(Headers(scope=scope))
            and self._open_sockets[address] < self._rules.sockets_per_address
            and self._connects.take(address, time.monotonic())
        )
        if not is_welcome:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        self._open_sockets[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open_sockets[address] -= 1
            if self._open_sockets[address] <= 0:
                del self._open_sockets[address]


class _Answer:
    """Adds our headers to the answer, and keeps back a 500 until it is known whether an error stands behind it."""

    def __init__(self, rules: EdgeRules, scope: Scope, send: Send, body: CountedBody, request_id: str) -> None:
        self._rules = rules
        self._scope = scope
        self._send = send
        self._body = body
        self._held: list[Message] = []
        self.request_id = request_id
        self.is_started = False

    async def send(self, message: Message) -> None:
        if self._body.fault and not self.is_started:
            return
        if self._held or (message["type"] == "http.response.start" and message["status"] == 500):
            self._held.append(message)
            return
        await self._pass(message)

    async def release(self) -> None:
        """Send what was kept back: a route chose to answer 500 and did not fail."""
        held, self._held = self._held, []
        for message in held:
            await self._pass(message)

    async def refuse(self, refusal: Refusal) -> None:
        self._held = []
        wants_page = "text/html" in Headers(scope=self._scope).get("accept", "")
        await respond(refusal, self.request_id, wants_page=wants_page)(self._scope, self._body.receive, self._pass)

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            protect(
                MutableHeaders(scope=message),
                policy=self._rules.policy_of(self._scope["path"]),
                request_id=self.request_id,
                is_https=self._rules.is_https,
                is_unchanged=message["status"] == 304,
            )
        await self._send(message)


def _caller(scope: Scope) -> str:
    return household(scope["client"][0] if scope.get("client") else "")
