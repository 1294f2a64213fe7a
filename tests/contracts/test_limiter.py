"""Tries are counted per name and person, and forgotten when asked."""

from collections.abc import AsyncIterator

import pytest

from imageroute_app.adapters import throttle
from imageroute_app.adapters.throttle import MovingWindow, open_limiter
from imageroute_app.domain.errors import RateLimited, Unavailable
from tests.adapters.redis_server import needs_redis, running_redis


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[MovingWindow]:
    if request.param == "memory":
        yield open_limiter()
        return
    async with running_redis() as server:
        opened = open_limiter(server.url)
        yield opened
        await opened.close()


async def test_tries_up_to_the_limit_pass(limiter: MovingWindow) -> None:
    for _ in range(3):
        await limiter.hit("sign_in", "anna", limit=3, window_s=60)
    with pytest.raises(RateLimited) as caught:
        await limiter.hit("sign_in", "anna", limit=3, window_s=60)
    assert 58 <= caught.value.retry_after_s <= 60
    wait_s = caught.value.retry_after_s
    assert caught.value.message == f"Too many tries. Wait {wait_s} seconds and try again."


async def test_people_and_names_are_counted_apart(limiter: MovingWindow) -> None:
    await limiter.hit("sign_in", "anna", limit=1, window_s=60)
    await limiter.hit("sign_in", "bert", limit=1, window_s=60)
    await limiter.hit("sign_up", "anna", limit=1, window_s=60)
    for name, who in (("sign_in", "anna"), ("sign_in", "bert"), ("sign_up", "anna")):
        with pytest.raises(RateLimited):
            await limiter.hit(name, who, limit=1, window_s=60)


async def test_refused_tries_do_not_lengthen_the_wait(limiter: MovingWindow) -> None:
    await limiter.hit("x", "anna", limit=1, window_s=60)
    for _ in range(5):
        with pytest.raises(RateLimited) as caught:
            await limiter.hit("x", "anna", limit=1, window_s=60)
        assert caught.value.retry_after_s <= 60


async def test_cleared_tries_are_forgotten(limiter: MovingWindow) -> None:
    await limiter.hit("sign_in", "anna", limit=1, window_s=60)
    await limiter.clear("sign_in", "anna", limit=1, window_s=60)
    await limiter.clear("sign_in", "nobody", limit=1, window_s=60)
    await limiter.hit("sign_in", "anna", limit=1, window_s=60)


@pytest.mark.parametrize(
    ("window_s", "spoken"),
    [(1, "1 second"), (30, "30 seconds"), (900, "15 minutes"), (3600, "60 minutes")],
)
async def test_wait_is_told_in_words(window_s: int, spoken: str) -> None:
    limiter = open_limiter()
    await limiter.hit("x", "anna", limit=1, window_s=window_s)
    with pytest.raises(RateLimited, match=f"Wait {spoken} and try again"):
        await limiter.hit("x", "anna", limit=1, window_s=window_s)


async def test_memory_forgets_whoever_does_not_try_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(throttle.time, "time", lambda: now)
    memory = throttle.Memory()
    limiter = MovingWindow(memory)
    for number in range(50):
        await limiter.hit("sign_in", f"visitor {number}", limit=3, window_s=60)
    assert len(memory) == 50
    now += 61
    for _ in range(26):
        await limiter.hit("jobs", "anna", limit=100, window_s=60)
    assert len(memory) == 1


async def test_memory_lets_the_oldest_try_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(throttle.time, "time", lambda: now)
    limiter = open_limiter()
    for _ in range(2):
        await limiter.hit("x", "anna", limit=2, window_s=60)
        now += 40
    await limiter.hit("x", "anna", limit=2, window_s=60)
    with pytest.raises(RateLimited) as caught:
        await limiter.hit("x", "anna", limit=2, window_s=60)
    assert caught.value.retry_after_s == 20


@needs_redis
async def test_redis_holds_no_address() -> None:
    async with running_redis() as server:
        limiter = open_limiter(server.url)
        await limiter.hit("sign_in", "anna@example.org", limit=3, window_s=60)
        async with server.client() as client:
            keys = [key async for key in client.scan_iter()]
        await limiter.close()
    assert len(keys) == 1
    assert b"anna" not in keys[0]


@needs_redis
async def test_redis_away_refuses() -> None:
    async with running_redis() as server:
        limiter = open_limiter(server.url)
        await limiter.hit("sign_in", "anna", limit=3, window_s=60)
        await server.stop()
        with pytest.raises(Unavailable):
            await limiter.hit("sign_in", "anna", limit=3, window_s=60)
        with pytest.raises(Unavailable):
            await limiter.clear("sign_in", "anna", limit=3, window_s=60)
        await limiter.close()
