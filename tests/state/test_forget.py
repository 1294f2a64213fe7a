"""Erased while their events are under way: what pages of a person hold in Redis goes, and nothing comes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from reflex.istate.manager.token import BaseStateToken

from imageroute_app.state.forget import forget_shared_pages
from imageroute_app.state.guard import Binding
from imageroute_app.state.page_locks import PageLocks
from tests.adapters.redis_server import RedisServer, needs_redis

pytestmark = [needs_redis, pytest.mark.promise("P47")]
NEEDLE = "ada@needle.example"
OWNER = "ada"
TAB = "11111111-2222-4333-8444-666666666666"
PATIENCE_S = 60


class ShownState(Binding):
    email: str = ""


TOKEN = BaseStateToken(ident=TAB, cls=ShownState)


@pytest_asyncio.fixture
async def pages(server: RedisServer) -> AsyncIterator[PageLocks]:
    made = PageLocks(redis=server.client(), lock_expiration=3000, lock_warning_threshold=1000)
    yield made
    await made.close()


async def show(pages: PageLocks, begun: asyncio.Event, may_end: asyncio.Event, *, is_bound: bool = True) -> None:
    """An event of the person's page that has read the address, and writes it when it may end."""
    async with pages.modify_state(TOKEN) as state:
        if is_bound:
            (await state.get_state(Binding))._owner = OWNER
        begun.set()
        await may_end.wait()
        (await state.get_state(ShownState)).email = NEEDLE


async def begun_or_failed(event: "asyncio.Task[None]", begun: asyncio.Event) -> None:
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait([event, waiting], return_when=asyncio.FIRST_COMPLETED)
    if event.done():
        event.result()


async def left(server: RedisServer) -> bytes:
    async with server.client() as redis:
        return b"".join([await redis.get(name) or b"" for name in await redis.keys("*")])


async def test_an_event_under_way_on_a_page_that_is_new_is_waited_for(server: RedisServer, pages: PageLocks) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    event = asyncio.create_task(show(pages, begun, may_end))
    await begun_or_failed(event, begun)
    async with server.client() as redis:
        forgetting = asyncio.create_task(forget_shared_pages(redis, OWNER))
        await asyncio.sleep(1)
        may_end.set()
        await event
        async with asyncio.timeout(PATIENCE_S):
            assert await forgetting == 1
    assert NEEDLE.encode() not in await left(server)


async def test_what_a_background_task_writes_once_more_goes_too(server: RedisServer, pages: PageLocks) -> None:
    at_once = asyncio.Event()
    at_once.set()
    await show(pages, asyncio.Event(), at_once)
    assert NEEDLE.encode() in await left(server)
    async with server.client() as redis:
        forgetting = asyncio.create_task(forget_shared_pages(redis, OWNER))
        async with asyncio.timeout(PATIENCE_S):
            while NEEDLE.encode() in await left(server):
                await asyncio.sleep(0.01)
            await show(pages, asyncio.Event(), at_once, is_bound=False)
            assert await forgetting == 1
    assert NEEDLE.encode() not in await left(server)


async def test_a_lock_that_nobody_gives_back_does_not_hold_the_erasure_up_for_ever(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imageroute_app.state.forget.ENDED_WITHIN_S", 0.5)
    async with server.client() as redis:
        await redis.set("somebody_lock", b"held for ever")
        async with asyncio.timeout(PATIENCE_S):
            assert await forget_shared_pages(redis, OWNER) == 0
