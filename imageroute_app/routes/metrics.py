"""GET /metrics for Prometheus: how many requests, how long, how many sockets, what fails. No label is of a person.

Closed unless IMAGEROUTE_METRICS_TOKEN is set, and then to everyone without it. Stands outside of the wall, because a scraper
asks by the machine's address, not by ours.
"""

import hmac
import logging
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.routes.pagekit import NO_STORE, CurrentServices
from imageroute_app.services.house import Services

log = logging.getLogger(__name__)

PATH = "/metrics"
SCHEME = "Bearer "
AREAS = frozenset(
    ("admin", "api", "assets", "auth", "health", "healthz", "media", "privacy", "ready", "share", "trust", "webhooks")
)
"""First names of paths that stand for themselves; every other is "page", so that no address of anything becomes a label."""
METHODS = frozenset({"GET", "HEAD", "POST"})
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meter:
    """ASGI middleware around everything: counts what passes, and answers the scraper."""

    def __init__(self, app: ASGIApp, *, token: str, current: CurrentServices) -> None:
        """Measure `app`; without a token nothing is measured and there is no such page."""
        self._app, self._token, self._current = app, token, current
        self._figures = _figures() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self._figures is None or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            with self._figures.sockets.track_inprogress():
                await self._app(scope, receive, send)
        elif scope["path"] == PATH and self._is_welcome(scope):
            await (await self._answer())(scope, receive, send)
        else:
            await self._measured(scope, receive, send)

    def _is_welcome(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get("authorization", "")
        return given.startswith(SCHEME) and hmac.compare_digest(
            given.removeprefix(SCHEME).encode(), self._token.encode()
        )

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._figures is not None  # noqa: S101  # the caller looked
        began, status = time.perf_counter(), ["5xx"]

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = f"{message['status'] // 100}xx"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            area = _area(scope["path"])
            self._figures.requests.labels(method, area, status[0]).inc()
            self._figures.seconds.labels(area).observe(time.perf_counter() - began)

    async def _answer(self) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # only where a token is set

        assert self._figures is not None  # noqa: S101  # the caller looked
        try:
            await self._look(self._current())
        except (
            ImageRouteError,
            RuntimeError,
        ) as error:  # not open yet, or the database is away: the rest is still true
            log.warning("metrics.partly", extra={"kind": type(error).__name__})
        body = generate_latest(self._figures.registry)
        return PlainTextResponse(body, headers={**NO_STORE, "content-type": CONTENT_TYPE_LATEST})

    async def _look(self, services: Services) -> None:
        assert self._figures is not None  # noqa: S101  # the caller looked
        self._figures.failing.set(len(services.retention.failing))
        for model in services.routing.models():
            is_open = services.routing.health(model).opened_at is not None
            self._figures.breakers.labels(model.key).set(is_open)
        await services.database.check()
        self._figures.database.set(1)


class _Figures:
    """The figures of this process, in a registry of its own."""

    def __init__(self, prometheus: Any) -> None:
        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.GCCollector(registry=self.registry)
        make: Callable[..., Any] = prometheus.Gauge
        self.requests = prometheus.Counter(
            "imageroute_requests", "HTTP requests", ["method", "area", "status"], registry=self.registry
        )
        self.seconds = prometheus.Histogram(
            "imageroute_request_seconds", "How long answers took", ["area"], buckets=BUCKETS_S, registry=self.registry
        )
        self.sockets = make("imageroute_sockets", "Open websockets", registry=self.registry)
        self.failing = make("imageroute_sweeps_failing", "Parts of the sweep that failed last", registry=self.registry)
        self.breakers = make(
            "imageroute_model_paused", "1 while a model rests after failures", ["model"], registry=self.registry
        )
        self.database = make("imageroute_database_up", "1 when the database took a write", registry=self.registry)


def _figures() -> _Figures:
    import prometheus_client  # only where a token is set

    return _Figures(prometheus_client)


def _area(path: str) -> str:
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in AREAS else "page"
