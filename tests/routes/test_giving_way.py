"""Downloads give way to people who press (SECURITY S11): a piece waits while an event of the process has no update."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Receive, Scope, Send

from imageroute_app import priority
from imageroute_app.priority import PRESSES
from imageroute_app.routes.exports import ClosedStream
from imageroute_app.routes.socket import SocketBinding
from tests.doubles import never_over

ORIGIN = "http://127.0.0.1:3000"
SCOPE: Scope = {
    "type": "websocket",
    "path": "/_event/",
    "query_string": b"token=11111111-2222-4333-8444-555555555555",
    "headers": [(b"origin", ORIGIN.encode())],
}
EVENT, UPDATE, PING = '42/_event,["event",{}]', '42/_event,["event",{"delta":{}}]', "2"


class Tab:
    """A socket of one tab: what it sends, and an application that answers when it is told to."""

    def __init__(self, *texts: str) -> None:
        self._texts, self._answer, self._read = list(texts), asyncio.Event(), asyncio.Event()
        binding = SocketBinding(self._app, origins=(ORIGIN,), is_https=False, key=lambda: b"k", is_over=never_over)
        self._serving = asyncio.create_task(binding(SCOPE, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._texts:
            return {"type": "websocket.receive", "text": self._texts.pop(0)}
        self._read.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        assert message["text"] == UPDATE

    async def _app(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async def answer() -> None:
            await self._answer.wait()
            await send({"type": "websocket.send", "text": UPDATE})

        answering = asyncio.create_task(answer())
        try:
            while True:
                await receive()
        finally:
            answering.cancel()

    async def was_read(self) -> None:
        await self._read.wait()

    def answer(self) -> None:
        self._answer.set()

    async def close(self) -> None:
        self._serving.cancel()
        await asyncio.wait([self._serving])


class Download:
    """A download of three pieces; `sent` are those that went."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        stream = ClosedStream(self._pieces(), status=200, headers={})
        self.task = asyncio.create_task(stream.stream_response(self._send))

    async def _pieces(self) -> AsyncGenerator[bytes]:
        for piece in (b"1", b"2", b"3"):
            yield piece

    async def _send(self, message: Message) -> None:
        if body := message.get("body"):
            self.sent.append(body)


@pytest.fixture(autouse=True)
def _long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is forgotten and nothing goes on by the clock while a test runs."""
    monkeypatch.setattr(priority, "GIVE_WAY_S", 60)
    monkeypatch.setattr(priority, "FORGOTTEN_S", 60)


async def test_a_piece_waits_for_the_update_of_an_event_and_then_all_go() -> None:
    tab = Tab(PING, EVENT)
    await tab.was_read()
    download = Download()
    await asyncio.wait([download.task], timeout=0.05)
    assert download.sent == []

    tab.answer()
    await asyncio.wait_for(download.task, 30)
    assert download.sent == [b"1", b"2", b"3"]
    await tab.close()


async def test_a_ping_holds_nothing_up() -> None:
    tab = Tab(PING)
    await tab.was_read()
    await asyncio.wait_for(Download().task, 30)
    await tab.close()


async def test_a_tab_that_leaves_before_its_update_holds_nothing_up() -> None:
    tab = Tab(EVENT)
    await tab.was_read()
    assert PRESSES.is_any()
    await tab.close()
    assert not PRESSES.is_any()


@pytest.mark.parametrize("limit", ["GIVE_WAY_S", "FORGOTTEN_S"])
async def test_an_event_without_an_update_holds_a_download_up_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(priority, limit, 0.01)
    tab = Tab(EVENT)
    await tab.was_read()
    download = Download()
    await asyncio.wait_for(download.task, 30)
    assert download.sent == [b"1", b"2", b"3"]
    await tab.close()
