import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from imageroute_app.routes import bodies
from imageroute_app.routes.compose import ReflexPages
from imageroute_app.routes.edge import EdgeMiddleware, EdgeRules
from imageroute_app.routes.headers import NO_DOCUMENT, cache_rule, content_security_policy, page_policies

ORIGIN = "http://127.0.0.1:3000"
ORIGINS = (ORIGIN, "http://localhost:3000")


async def count(request: Request) -> Response:
    return JSONResponse({"size": len(await request.body())})


async def fail(request: Request) -> Response:
    raise RuntimeError("canary-secret")


async def choose_500(request: Request) -> Response:
    return PlainTextResponse("chosen", status_code=500)


async def private_picture(request: Request) -> Response:
    headers = {"cache-control": "private, max-age=9", "content-security-policy": "default-src 'none'; sandbox"}
    return Response(b"png", headers=headers)


async def style(request: Request) -> Response:
    headers = {
        "cache-control": "no-cache",
        "etag": '"1"',
        "last-modified": "Fri, 27 Nov 2026 13:19:59 GMT",
        "access-control-allow-origin": ORIGIN,
        "vary": "Accept-Encoding, Origin, Origin",
    }
    return Response("a{}", media_type="text/css", headers=headers)


async def whoami(request: Request) -> Response:
    return JSONResponse({"client": request.client.host if request.client else "", "scheme": request.url.scheme})


API = Starlette(
    routes=[
        Route("/count", count, methods=["POST"]),
        Route("/upload/{name}", count, methods=["PUT", "POST"]),
        Route("/webhooks/pay", count, methods=["POST"]),
        Route("/fail", fail),
        Route("/500", choose_500),
        Route("/picture", private_picture),
        Route("/style", style),
        Route("/whoami", whoami),
        Route("/healthz", lambda request: PlainTextResponse("ok")),
        Route("/", lambda request: HTMLResponse("<p>home</p>")),
        *(
            Route(path, lambda request: PlainTextResponse("reached"))
            for path in ("/_upload", "/_event/", "/_all_routes")
        ),
    ]
)


def wall(**rules: object) -> EdgeMiddleware:
    merged = {"origins": ORIGINS, "policy": "script-src 'self'", **rules}
    return EdgeMiddleware(API, EdgeRules(**merged))


def client_of(app: EdgeMiddleware, url: str = ORIGIN, address: str = "10.0.0.9") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url=url)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(wall(body_bytes=1000, body_bytes_by_path={"/upload": 5000})) as opened:
        yield opened


@pytest.mark.promise("P31", "P38")
async def test_every_answer_carries_the_protecting_headers(client: httpx.AsyncClient) -> None:
    for path in ("/", "/missing", "/fail", "/_upload"):
        headers = (await client.get(path)).headers
        is_document = headers["content-type"].startswith("text/html")
        assert headers["content-security-policy"] == ("script-src 'self'" if is_document else NO_DOCUMENT)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["server"] == "ImageRoute"
        assert headers["cache-control"] == "no-store"
        assert len(headers["x-request-id"]) == 16
        assert "strict-transport-security" not in headers


async def test_scripts_and_styles_are_told_only_what_concerns_them(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/style")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["vary"] == "Accept-Encoding"
    told_twice = {
        "access-control-allow-origin",
        "content-security-policy",
        "permissions-policy",
        "x-frame-options",
        "last-modified",
        "x-request-id",
    }
    assert told_twice & set(headers) == set()


async def test_stricter_rules_of_a_route_stay(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/picture")).headers

    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "private, max-age=9"


@pytest.mark.promise("P31")
async def test_https_installation_says_so_for_a_year() -> None:
    async with client_of(wall(origins=("https://images.example.org",)), "http://images.example.org") as client:
        answer = await client.get("/whoami")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.json()["scheme"] == "https"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:3001", "127.0.0.1:3000.evil.example", ""])
async def test_foreign_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/", headers={"host": host})

    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "wrong_host"


async def test_health_is_answered_under_any_name(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz", headers={"host": "10.1.2.3"})).text == "ok"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": ORIGIN}, 200),
        ({"origin": "http://localhost:3000"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:3001"}, 403),
        ({"origin": f"{ORIGIN}.evil.example"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_only_our_own_pages_change_things(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await client.post("/count", headers=headers)).status_code == status


async def test_payment_notices_come_from_elsewhere(client: httpx.AsyncClient) -> None:
    assert (await client.post("/webhooks/pay", content=b"12345")).json() == {"size": 5}


@pytest.mark.parametrize(("path", "limit"), [("/count", 1000), ("/upload/a", 5000)])
async def test_declared_and_undeclared_bodies_stop_at_the_limit(
    client: httpx.AsyncClient, path: str, limit: int
) -> None:
    async def drops(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 100):
            yield b"x" * 100

    async def status(content: object) -> int:
        return (await client.post(path, content=content, headers={"origin": ORIGIN})).status_code  # type: ignore[arg-type]

    assert await status(b"x" * limit) == 200
    assert await status(b"x" * (limit + 1)) == 413
    assert await status(drops(limit)) == 200
    assert await status(drops(limit + 100)) == 413


@pytest.mark.parametrize(("of_one", "of_all", "others"), [(2000, 9000, 200), (9000, 2000, 503)])
async def test_bodies_under_way_fill_no_memory(
    monkeypatch: pytest.MonkeyPatch, of_one: int, of_all: int, others: int
) -> None:
    monkeypatch.setattr(bodies, "OF_ONE_CALLER", of_one)
    monkeypatch.setattr(bodies, "OF_ALL", of_all)
    app, arrived, goes_on = wall(), asyncio.Event(), asyncio.Event()

    async def stopping() -> AsyncIterator[bytes]:
        yield b"x" * 1500
        arrived.set()
        await goes_on.wait()
        yield b"x"

    async def status(address: str, content: object) -> tuple[int, str]:
        async with client_of(app, address=address) as client:
            answer = await client.post("/count", content=content, headers={"origin": ORIGIN})  # type: ignore[arg-type]
            return answer.status_code, answer.headers.get("retry-after", "")

    first = asyncio.create_task(status("2001:db8::1", stopping()))
    await arrived.wait()
    assert await status("2001:db8::2", b"x" * 1000) == (503, "60"), "another address of the same household"
    assert (await status("2001:db8:0:1::1", b"x" * 1000))[0] == others
    goes_on.set()
    assert (await first)[0] == 200
    assert (await status("2001:db8::2", b"x" * 1000))[0] == 200
    assert not app._held._by_caller


async def test_a_body_that_stops_on_its_way_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PIECE_S", 0.01)

    async def stopping() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async with client_of(wall()) as client:
        answer = await client.post("/count", content=stopping(), headers={"origin": ORIGIN})

    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too_slow")


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "\u00b2".encode("latin-1")])
async def test_a_length_that_is_none_is_refused(client: httpx.AsyncClient, length: str | bytes) -> None:
    answer = await client.post("/count", headers={"origin": ORIGIN, "content-length": length})  # type: ignore[dict-item]

    assert answer.status_code == 413


async def test_failure_is_told_with_a_number_and_without_its_text(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/fail")

    assert answer.status_code == 500
    request_id = answer.headers["x-request-id"]
    assert answer.json()["error"]["request_id"] == request_id
    assert f"request {request_id} failed: RuntimeError at " in caplog.text
    assert "canary-secret" not in caplog.text + answer.text


async def test_browser_gets_a_page_that_says_what_to_do(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail", headers={"accept": "text/html"})

    assert "Something broke on our side" in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_chosen_500_is_left_alone(client: httpx.AsyncClient) -> None:
    assert (await client.get("/500")).text == "chosen"


@pytest.mark.parametrize(
    "path", ["/_upload", "/_upload/file", "/_event/", "/_all_routes", "/auth-codespace", "/_health"]
)
async def test_reflex_endpoints_are_closed_over_http(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(("hops", "client_seen"), [(0, "10.0.0.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "10.0.0.9")])
async def test_forwarded_addresses_are_believed_for_named_proxies_only(hops: int, client_seen: str) -> None:
    async with client_of(wall(proxy_hops=hops)) as client:
        answer = await client.get("/whoami", headers={"x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3"})

    assert answer.json()["client"] == client_seen


async def connect(
    app: EdgeMiddleware, path: str = "/_event/", host: str = "127.0.0.1:3000", address: str = "10.0.0.9"
) -> str:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "websocket", "path": path, "client": (address, 1), "headers": [(b"host", host.encode())],
        "query_string": b"", "subprotocols": [],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["type"]


async def test_sockets_are_capped_per_address_and_counted_down() -> None:
    within: list[str] = []

    async def accepting(scope: Scope, receive: object, send: object) -> None:
        await send({"type": "websocket.accept"})  # type: ignore[operator]
        within.append(await connect(app))

    app = EdgeMiddleware(accepting, EdgeRules(origins=ORIGINS, policy="", sockets_per_address=2))

    assert await connect(app) == "websocket.accept"
    assert within == ["websocket.close", "websocket.accept"]
    assert not app._open_sockets


async def test_all_addresses_of_one_household_share_their_limits() -> None:
    app = wall(sockets_burst=2, sockets_per_s=0.001)

    opened = [await connect(app, address=f"2001:db8::{number}") for number in range(3)]

    assert opened[2] == "websocket.close"


async def test_sockets_open_only_on_the_event_path_and_our_host() -> None:
    assert await connect(wall(), path="/other") == "websocket.close"
    assert await connect(wall(), host="evil.example") == "websocket.close"


async def test_connecting_over_and_over_is_slowed() -> None:
    app = wall(sockets_burst=3, sockets_per_s=0.001)

    opened = [await connect(app, path="/_event") for _ in range(5)]

    assert opened[3:] == ["websocket.close"] * 2


def test_policy_names_each_inline_script_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "create").mkdir()
    (tmp_path / "index.html").write_text("<script>alert(1)</script><script src='/a.js'></script>")
    (tmp_path / "create" / "index.html").write_text("<SCRIPT type=module>alert(1)</SCRIPT>")

    policy = content_security_policy(tmp_path, ORIGINS)

    assert policy.count("'sha256-") == 1
    assert "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy
    assert "connect-src 'self' ws://127.0.0.1:3000 ws://localhost:3000;" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


def test_policy_of_a_page_names_its_own_scripts_only(tmp_path: Path) -> None:
    (tmp_path / "create").mkdir()
    (tmp_path / "index.html").write_text("<script>alert(1)</script>")
    (tmp_path / "create" / "index.html").write_text("<script>alert(2)</script>")
    one, two, three = (
        "'sha256-" + base64.b64encode(hashlib.sha256(f"alert({n})".encode()).digest()).decode() for n in "123"
    )

    found = page_policies(tmp_path, ORIGINS, {"/create": ["alert(3)"]})

    assert {path: [sign in policy for sign in (one, two, three)] for path, policy in found.items()} == {
        "/": [True, False, False],
        "/create": [False, True, True],
    }
    rules = EdgeRules(origins=ORIGINS, policy="any", policy_by_path=found)
    assert rules.policy_of("/create/") == rules.policy_of("/create") == found["/create"]
    assert rules.policy_of("/") == found["/"]
    assert rules.policy_of("/nowhere") == "any"


@pytest.mark.parametrize(
    ("path", "kind", "rule"),
    [
        ("/assets/root-BRe2ndBF.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/app.js?v=0123abcd", "text/javascript", "public, max-age=31536000, immutable"),
        ("/app.js?v=now", "text/javascript", "no-cache"),
        ("/create/?v=0123abcd", "text/html", "no-cache"),
        ("/assets/plain.js", "text/javascript", "no-cache"),
        ("/create/", "text/html; charset=utf-8", "no-cache"),
        ("/fonts/text.woff2", "font/woff2", "public, max-age=86400"),
        ("/app.js", "text/javascript", "no-cache"),
    ],
)
def test_hashed_files_are_kept_and_pages_are_asked_for(path: str, kind: str, rule: str) -> None:
    address, _, query = path.partition("?")

    assert cache_rule(address, kind, query.encode()) == rule


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "create").mkdir()
    (tmp_path / "create" / "index.html").touch()
    (tmp_path / "index.html").touch()

    async def reflex(request: Request) -> Response:
        if "if-none-match" in request.headers:
            return Response(status_code=304)
        kind = "text/html" if request.url.path.endswith("/") else "text/javascript"
        return Response(request.url.path, media_type=kind)

    app = Starlette(routes=[Route("/{path:path}", reflex)])
    middleware = ReflexPages(app, tmp_path, is_https=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(middleware), base_url=ORIGIN) as client:
        yield client


async def test_page_address_needs_no_slash_and_no_redirect(pages: httpx.AsyncClient) -> None:
    assert (await pages.get("/create")).text == "/create/"
    assert (await pages.get("/created")).text == "/created"


async def test_page_sets_the_anonymous_cookie_once(pages: httpx.AsyncClient) -> None:
    first = await pages.get("/create")

    cookie = first.headers["set-cookie"]
    assert cookie.startswith("ir_anon=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "set-cookie" not in (await pages.get("/create")).headers


async def test_files_and_signed_in_people_get_no_anonymous_cookie(pages: httpx.AsyncClient) -> None:
    assert "set-cookie" not in (await pages.get("/a.js")).headers
    assert "set-cookie" not in (await pages.get("/", headers={"cookie": "ir_session=x"})).headers


async def test_page_from_the_browsers_cache_still_sets_the_cookie(pages: httpx.AsyncClient) -> None:
    assert "ir_anon" in (await pages.get("/create", headers={"if-none-match": "x"})).headers["set-cookie"]
