import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from starlette.datastructures import Headers
from starlette.types import Message, Scope
from websockets.exceptions import ConnectionClosed, InvalidStatus

from imageroute_app.routes import socket
from imageroute_app.routes.socket import SocketBinding, bind_token, read_cookie
from tests.doubles import never_over
from tests.product import Product
from tests.routes.conftest import SIGN_UP
from tests.sockets import open_socket

ORIGIN = "http://127.0.0.1:3000"
TOKEN = "11111111-2222-4333-8444-555555555555"
SESSION_STATE = "reflex___state____state.imageroute_app___state___session____session_state"


class Recorder:
    """An application that notes under which query and headers a socket reached it, and reads what it is sent."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.messages: list[Message] = []

    async def __call__(self, scope: Scope, receive: object, send: object) -> None:
        self.scopes.append(scope)
        while True:
            message = await receive()  # type: ignore[operator]
            self.messages.append(message)
            if message["type"] == "websocket.disconnect":
                return
            await send({"type": "websocket.send", "text": "answer"})  # type: ignore[operator]

    @property
    def queries(self) -> list[str]:
        return [scope["query_string"].decode() for scope in self.scopes]


async def connect(
    recorder: Recorder,
    *,
    token: str = TOKEN,
    cookie: str = "",
    origin: str | None = ORIGIN,
    extra: dict[str, str] | None = None,
    key: bytes = b"k" * 32,
    is_https: bool = False,
    messages: int = 0,
) -> list[Message]:
    headers = {"host": "127.0.0.1:3000", **(extra or {})}
    if cookie:
        headers["cookie"] = cookie
    if origin is not None:
        headers["origin"] = origin
    incoming: list[Message] = [{"type": "websocket.receive", "text": "x"}] * messages
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "websocket",
        "path": "/_event/",
        "query_string": f"token={token}&EIO=4".encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    binding = SocketBinding(recorder, origins=(ORIGIN,), is_https=is_https, key=lambda: key, is_over=never_over)
    await binding(scope, receive, send)
    return sent


async def test_token_is_replaced_by_one_bound_to_the_cookie() -> None:
    recorder = Recorder()

    await connect(recorder, cookie="ir_session=alice")
    await connect(recorder, cookie="ir_session=alice; other=1")
    await connect(recorder, cookie="ir_session=bob")
    await connect(recorder, cookie="ir_anon=alice")
    await connect(recorder, cookie="ir_session=alice", key=b"j" * 32)

    first, again, *others = recorder.queries
    assert first == again == f"token={bind_token(b'k' * 32, 'alice', TOKEN)}&EIO=4"
    assert TOKEN not in first
    assert first not in [others[0], others[2]]


async def test_session_cookie_goes_before_the_anonymous_one() -> None:
    recorder = Recorder()

    await connect(recorder, cookie="ir_anon=x; ir_session=alice")
    await connect(recorder, cookie="ir_session=alice")

    assert recorder.queries[0] == recorder.queries[1]


async def test_without_a_cookie_every_connection_is_alone() -> None:
    recorder = Recorder()

    await connect(recorder)
    await connect(recorder)

    assert recorder.queries[0] != recorder.queries[1]


def test_derived_token_leads_nowhere_either() -> None:
    derived = bind_token(b"k", "alice", TOKEN)

    assert len(derived) == len(TOKEN)
    assert bind_token(b"k", "alice", derived) != derived


def test_on_https_only_the_protected_cookie_counts() -> None:
    headers = Headers({"cookie": "ir_session=planted; __Host-ir_session=real"})

    assert read_cookie(headers, "ir_session", is_https=True) == "real"
    assert read_cookie(headers, "ir_session", is_https=False) == "planted"


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"{ORIGIN}.evil.example", "http://127.0.0.1:3001", ORIGIN.upper()]
)
async def test_foreign_or_missing_origin_is_refused(origin: str | None) -> None:
    recorder = Recorder()

    sent = await connect(recorder, origin=origin)

    assert [message["type"] for message in sent] == ["websocket.close"]
    assert not recorder.scopes


@pytest.mark.parametrize(
    "token", ["", "a", "../../etc", TOKEN + "0", TOKEN + "%00", "x" * 36, "x" * 60_000, f"{TOKEN}&token={TOKEN}"]
)
async def test_odd_token_is_refused(token: str) -> None:
    recorder = Recorder()

    await connect(recorder, token=token)

    assert not recorder.scopes


async def test_only_needed_headers_reach_the_state() -> None:
    recorder = Recorder()

    extra = {
        "authorization": "Bearer x",
        "x-forwarded-for": "1.2.3.4",
        "user-agent": "a",
        "sec-websocket-version": "13",
    }
    await connect(recorder, extra=extra)

    names = {name for name, _ in recorder.scopes[0]["headers"]}
    assert names == {b"host", b"origin"}


async def test_flood_of_messages_ends_the_socket_before_they_are_queued() -> None:
    recorder = Recorder()

    sent = await connect(recorder, messages=1000)

    assert 250 < len(recorder.messages) < 350
    assert recorder.messages[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert sent[-1] == {"type": "websocket.close", "code": 1008}


@pytest.mark.parametrize("over_from_the_start", [True, False])
async def test_a_socket_ends_with_the_session_that_opened_it(
    monkeypatch: pytest.MonkeyPatch, over_from_the_start: bool
) -> None:
    monkeypatch.setattr(socket, "LOOK_EVERY_S", 0)
    answers = [over_from_the_start, False, True]
    recorder, sent, closed = Recorder(), list[Message](), asyncio.Event()

    async def is_over(cookie: str) -> bool:
        assert cookie == "alice"
        return answers.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)
        closed.set()

    async def receive() -> Message:  # the server hands on what the client does: it answers our close with its own
        await asyncio.wait_for(closed.wait(), 0.05 if over_from_the_start else 30)
        return {"type": "websocket.disconnect", "code": 1008}

    scope: Scope = {
        "type": "websocket",
        "path": "/_event/",
        "query_string": f"token={TOKEN}".encode(),
        "headers": [(b"origin", ORIGIN.encode()), (b"cookie", b"ir_session=alice")],
    }
    binding = SocketBinding(recorder, origins=(ORIGIN,), is_https=False, key=lambda: b"k", is_over=is_over)
    if over_from_the_start:  # nobody's: the guard shows it nothing, and closing it would only bring it back
        with pytest.raises(TimeoutError):
            await binding(scope, receive, send)
    else:
        await binding(scope, receive, send)

    assert sent == ([] if over_from_the_start else [{"type": "websocket.close", "code": 1008}])
    assert answers == ([False, True] if over_from_the_start else [])


@pytest_asyncio.fixture(loop_scope="session")
async def alice(product: Product) -> AsyncIterator[str]:
    """The Cookie header of a person with an account on the running product."""
    async with httpx.AsyncClient(base_url=product.url, headers={"Origin": product.url}) as client:
        form = {**SIGN_UP, "email": f"{product.port}.{id(client)}@example.com"}
        answer = await client.post("/auth/sign-up", data=form)
        assert answer.status_code == 303, answer.text
        yield f"ir_session={client.cookies['ir_session']}"


@pytest.mark.asyncio(loop_scope="session")
async def test_stolen_tab_token_gets_nothing_from_the_product(product: Product, alice: str) -> None:
    async with open_socket(product.url, TOKEN, cookie=alice) as socket:
        await socket.send_event(f"{SESSION_STATE}.load_session", path="/create")
        await socket.settle(until=lambda: socket.value("session_state", "name"))
        assert socket.value("session_state", "name") == SIGN_UP["full_name"]
        assert alice.partition("=")[2] not in str(socket.updates)

    for thief in ("", "ir_anon=thief", "ir_session=thief"):
        async with open_socket(product.url, TOKEN, cookie=thief) as socket:
            await socket.send_event(f"{SESSION_STATE}.load_session", path="/create")
            await socket.settle(until=lambda: socket.events)
            assert not socket.value("session_state", "name")
            assert [event["name"] for event in socket.events] == ["_redirect"]

    async with open_socket(product.url, TOKEN, cookie=alice) as socket:
        assert socket.value("session_state", "name") == SIGN_UP["full_name"]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
async def test_foreign_page_opens_no_socket_on_the_product(product: Product, alice: str, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with open_socket(product.url, TOKEN, cookie=alice, origin=origin):
            pass

    assert refused.value.response.status_code == 403


@pytest.mark.asyncio(loop_scope="session")
async def test_abuse_leaves_the_product_serving_and_its_log_clean(product: Product) -> None:
    frames = [
        '42/_event,["event","canary-text"]',
        '42/_event,["event",{"canary-key":1}]',
        '42/_event,["event",{"name":"canary.name","payload":{"a":"canary-payload"}}]',
        '42/_event,["client_error",{"message":"canary-error"}]',
        '42/_event,["' + "[" * 5000,
        '451-/_event,["event",{"_placeholder":true,"num":0}]',
        '42/_event,["event",{"name":"' + "x" * 300_000 + '"}]',
    ]
    for frame in frames:
        async with open_socket(product.url, TOKEN, cookie="ir_anon=abuser") as socket:
            try:
                await socket.send_frame(frame)
                await socket.settle(0.1)
            except ConnectionClosed:
                await asyncio.sleep(0)

    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{product.url}/healthz")).status_code == 200
    assert "canary" not in product.log_path.read_text()
