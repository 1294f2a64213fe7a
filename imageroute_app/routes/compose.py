"""Put the wall, the socket binding, our routes and Reflex's pages together, in the order `api_transformer` wants."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageroute_app.routes.edge import EdgeMiddleware, EdgeRules
from imageroute_app.routes.first_pictures import INLINE
from imageroute_app.routes.headers import cache_rule, content_security_policy, page_policies
from imageroute_app.routes.signal import Note, SignalMiddleware
from imageroute_app.routes.socket import (
    ANON_COOKIE,
    SESSION_COOKIE,
    SocketBinding,
    cookie_name,
    read_cookie,
)

Transformer = Callable[[ASGIApp], ASGIApp] | Starlette


def compose(
    api: Starlette,
    *,
    pages: Path,
    origins: tuple[str, ...],
    socket_key: Callable[[], bytes],
    session_is_over: Callable[[str], Awaitable[bool]],
    note_signal: Note,
    proxy_hops: int = 0,
    body_bytes_by_path: Mapping[str, int] | None = None,
    meter: Callable[[ASGIApp], ASGIApp] | None = None,
    first_pictures: Callable[[ASGIApp], ASGIApp] | None = None,
) -> list[Transformer]:
    """Return rx.App's `api_transformer`, innermost first.

    Args:
        api: Our own routes; they win over pages.
        pages: Folder of the built front end; read when the application starts, not now.
        origins: Origins of our pages, the one that people type first.
        socket_key: Called at each websocket connection, so it may wait for the services to be open.
        session_is_over: Says of a session cookie whether its session has ended, and counts as no use of it.
        note_signal: Notes a browser's opt-out signal for the person whose page is asked for.
        proxy_hops: Number of reverse proxies in front whose X-Forwarded-For is believed.
        body_bytes_by_path: Paths that may carry more than 1 MiB, with their limit.
        meter: What counts and measures, outside of the wall.
        first_pictures: What puts a person's pictures into the gallery's page.
    """
    is_https = origins[0].startswith("https://")

    def socket_binding(app: ASGIApp) -> ASGIApp:
        return SocketBinding(app, origins=origins, is_https=is_https, key=socket_key, is_over=session_is_over)

    def edge(app: ASGIApp) -> ASGIApp:
        rules = EdgeRules(
            origins=origins,
            policy=content_security_policy(pages, origins, INLINE),
            policy_by_path=page_policies(pages, origins, {"/gallery": INLINE}),
            proxy_hops=proxy_hops,
            body_bytes_by_path=body_bytes_by_path or {},
        )
        return EdgeMiddleware(app, rules)

    reflex_pages = partial(ReflexPages, pages=pages, is_https=is_https)
    own, signal = partial(OwnRoutes, api=api), partial(SignalMiddleware, note=note_signal)
    return [reflex_pages, *filter(None, [first_pictures]), own, signal, socket_binding, edge, *filter(None, [meter])]


class OwnRoutes:
    """ASGI middleware that asks our routes first, unless none of them begins as the address does.

    There are hundreds, tried in turn, and a page asks for dozens of files: looking through them all took half of a file's time.
    """

    def __init__(self, app: ASGIApp, *, api: Starlette) -> None:
        """Serve `api`, and `app` where it has no route."""
        self._app, self._api = app, api
        paths = [route.path for route in api.routes if isinstance(route, Route)]
        if len(paths) < len(api.routes) or any(path.startswith("/{") for path in paths):
            raise ValueError("every route of ours begins with a name of its own")
        self._areas = frozenset(map(_area, paths))
        api.mount("", app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_ours = scope["type"] != "http" or _area(scope["path"]) in self._areas
        await (self._api if is_ours else self._app)(scope, receive, send)


def _area(path: str) -> str:
    """Return the first name of a path."""
    return path.lstrip("/").split("/", 1)[0]


class ReflexPages:
    """ASGI middleware directly around Reflex: clean addresses, caching, and the cookie that its socket is bound to.

    Pages of our own routes pass outside of it and so never set a cookie.
    """

    def __init__(self, app: ASGIApp, pages: Path, *, is_https: bool) -> None:
        """Serve `app`, whose built pages lie in `pages`."""
        self._app = app
        self._is_https = is_https
        self._paths = {
            "/" + page.parent.relative_to(pages).as_posix()
            for page in pages.rglob("index.html")
            if page.parent != pages
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; only page and file requests are changed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in self._paths:
            scope = {**scope, "path": scope["path"] + "/", "raw_path": scope["path"].encode() + b"/"}
        headers = Headers(scope=scope)

        async def send_with_rules(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_rules(scope, headers, message)
            await send(message)

        await self._app(scope, receive, send_with_rules)

    def _add_rules(self, scope: Scope, asked: Headers, message: Message) -> None:
        answer, path = MutableHeaders(scope=message), scope["path"]
        content_type = answer.get("content-type", "")
        if message["status"] in {200, 206, 304}:
            answer.setdefault("cache-control", cache_rule(path, content_type, scope["query_string"]))
        is_page = content_type.startswith("text/html") or (message["status"] == 304 and path.endswith("/"))
        if is_page and not self._is_known(asked):
            name = cookie_name(ANON_COOKIE, is_https=self._is_https)
            secure = "; Secure" if self._is_https else ""
            answer.append("set-cookie", f"{name}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; SameSite=Lax{secure}")

    def _is_known(self, asked: Headers) -> bool:
        return any(read_cookie(asked, name, is_https=self._is_https) for name in (SESSION_COOKIE, ANON_COOKIE))
