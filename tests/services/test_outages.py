"""Each service outside away for ten minutes: what a person reads, that nothing is lost, and that it goes on by itself.

Everything is real but the clock: bootstrap opens the adapters by their settings, servers and emulators are stopped and started
again on the same port. Clerk's ten minutes are in tests/routes/test_hosted.py; a kill in the middle of a write is in test_kill.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from imageroute_app.adapters.database.mongo import database as mongo_database
from imageroute_app.adapters.database.mongo.connection import MongoConnection, connect
from imageroute_app.adapters.keys import mongo as mongo_keys
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.jobs import JobState, Request
from imageroute_app.routes.api import build_api
from imageroute_app.services.house import Services
from tests.adapters.mail_server import mail_server
from tests.adapters.redis_server import needs_redis, running_redis
from tests.doubles import MovingClock
from tests.emulators.cloudinary import CloudinaryEmulator
from tests.emulators.cloudinary import settings_of as cloudinary_settings
from tests.emulators.dodo import DodoEmulator, settings_of
from tests.emulators.kit import Emulator, served
from tests.mongo_server import MongoServer, is_foreign, needs_mongo
from tests.needles import open_home
from tests.routes.conftest import PASSWORD, SIGN_UP

TEN_MINUTES = {"minutes": 10}
EMAIL = SIGN_UP["email"]


class Person:
    """Somebody with an account and a browser."""

    def __init__(self, services: Services, clock: MovingClock, browser: httpx.AsyncClient) -> None:
        self.services, self.clock, self.browser = services, clock, browser
        self.owner = ""

    async def sign_up(self) -> None:
        assert (await self.browser.post("/auth/sign-up", data=SIGN_UP)).status_code == 303
        session = await self.services.accounts.session(self.browser.cookies["ir_session"])
        assert session is not None
        self.owner = session.owner

    async def submit(self, prompt: str = "a fern at dawn") -> str:
        """Press Generate; returns the job."""
        request = Request(prompt=prompt, provider="sketch", model="sketch-1", width=256, height=256)
        quote = await self.services.jobs.quote(self.owner, request)
        return (await self.services.jobs.submit(self.owner, quote.id)).id

    async def draw(self, job_id: str) -> JobState:
        """Let a worker take the job."""
        await self.services.runner.run(job_id)
        return (await self.services.jobs.job(self.owner, job_id)).state

    async def books(self) -> tuple[int, int]:
        """Return what can be spent and what is reserved."""
        balance = await self.services.jobs.balance(self.owner)
        return balance.available, balance.reserved

    async def reads(self, path: str) -> tuple[int, str]:
        answer = await self.browser.get(path)
        return answer.status_code, answer.text


@asynccontextmanager
async def living(folder: Path, **settings: str) -> AsyncIterator[Person]:
    """Open an installation with these settings, and an account in it."""
    clock = MovingClock()
    async with open_home(folder, clock=clock, **settings) as services, AsyncExitStack() as stack:
        transport = httpx.ASGITransport(build_api(lambda: services), client=("127.0.0.1", 50_000))
        browser = httpx.AsyncClient(transport=transport, base_url=services.rules.origin)
        person = Person(services, clock, await stack.enter_async_context(browser))
        await person.sign_up()
        yield person


def _bare(settings: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("IMAGEROUTE_"): text for name, text in settings.items()}


async def refused(what: Coroutine[object, object, object]) -> str:
    """Return the words with which something is refused for now."""
    with pytest.raises(Unavailable) as caught:
        await what
    return caught.value.message


class Cloud:
    """An emulator that goes away and comes back at its address."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self._stack, self._port = emulator, AsyncExitStack(), 0

    async def start(self) -> None:
        origin = await self._stack.enter_async_context(served(self.emulator, port=self._port))
        self._port = urlsplit(origin).port or 0

    async def stop(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def clouded(emulator: Emulator) -> AsyncIterator[Cloud]:
    cloud = Cloud(emulator)
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.stop()


async def test_mongodb_away_refuses_in_words_and_every_job_ends_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_mongo()
    if is_foreign():
        pytest.skip("somebody else's server is not stopped")
    monkeypatch.setattr(mongo_database, "connect", _impatient)
    monkeypatch.setattr(mongo_keys, "TIMEOUT_MS", 400)
    server = MongoServer(tmp_path)
    await asyncio.to_thread(server.start)
    try:
        async with living(tmp_path / "data", MONGODB_URI=server.uri, MASTER_KEY="A" * 43 + "=") as ada:
            waiting = await ada.submit()
            await asyncio.to_thread(server.stop)
            assert "Nothing was lost" in await refused(ada.submit("another"))
            assert "Nothing was lost" in await refused(ada.services.runner.run(waiting))
            status, text = await ada.reads("/api/gallery")
            assert (status, "Nothing was lost" in text) == (503, True)
            ada.clock.move(**TEN_MINUTES)
            await asyncio.to_thread(server.start)
            await ada.services.runner.sweep()
            assert await ada.draw(waiting) is JobState.SUCCEEDED
            assert await ada.books() == (49, 0)
            assert await ada.draw(await ada.submit("another")) is JobState.SUCCEEDED
            assert await ada.books() == (48, 0)
    finally:
        await asyncio.to_thread(server.stop)


def _impatient(uri: str, name: str, _timeout_ms: int) -> MongoConnection:
    return connect(uri, name, 400)


@needs_redis
async def test_redis_away_stops_what_must_be_counted_and_nothing_else(tmp_path: Path) -> None:
    async with running_redis() as redis, living(tmp_path, REDIS_URL=redis.url, MASTER_KEY="A" * 43 + "=") as ada:
        waiting = await ada.submit()
        await redis.stop()
        assert await refused(ada.submit("another")) == "This cannot be done right now. Try again in a moment."
        tried = await ada.browser.post("/auth/sign-in", data={"email": EMAIL, "password": PASSWORD})
        assert (tried.status_code, "Try again in a moment" in tried.text) == (503, True)
        assert EMAIL in tried.text  # what was typed stays
        assert (await ada.reads("/api/gallery"))[0] == 200
        assert await ada.draw(waiting) is JobState.SUCCEEDED  # whoever has a job ends it, and tells nobody
        ada.clock.move(**TEN_MINUTES)
        await redis.start()
        assert await ada.draw(await ada.submit("another")) is JobState.SUCCEEDED
        assert await ada.books() == (48, 0)
        again = await ada.browser.post("/auth/sign-in", data={"email": EMAIL, "password": PASSWORD})
        assert again.status_code == 303


async def test_cloudinary_away_ends_a_job_free_and_shows_every_picture_again(tmp_path: Path) -> None:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with clouded(emulator) as cloud, living(tmp_path, **_bare(cloudinary_settings(emulator))) as ada:
        kept = await ada.submit()
        assert await ada.draw(kept) is JobState.SUCCEEDED
        (image,) = await ada.services.gallery.of_job(ada.owner, kept)
        await cloud.stop()
        lost = await ada.submit("another")
        assert await ada.draw(lost) is JobState.FAILED
        ended = await ada.services.jobs.job(ada.owner, lost)
        assert ended.failure_message == "Our picture storage does not answer. Nothing was lost; try again in a moment."
        assert await ada.books() == (49, 0)
        status, text = await ada.reads(f"/media/{image.id}/320")
        assert (status, "moment" in text) == (503, True)
        assert (await ada.reads("/api/gallery"))[0] == 200
        ada.clock.move(**TEN_MINUTES)
        await cloud.start()
        assert (await ada.reads(f"/media/{image.id}/320"))[0] == 200
        assert await ada.draw(await ada.submit("another")) is JobState.SUCCEEDED
        assert await ada.books() == (48, 0)
        await ada.services.runner.sweep()
        assert (await ada.services.jobs.job(ada.owner, lost)).lease_until is None


async def test_half_a_picture_that_a_store_kept_while_it_was_away_is_cleared_by_the_sweep(tmp_path: Path) -> None:
    emulator = CloudinaryEmulator(prefix="/cloudinary")
    async with clouded(emulator) as cloud, living(tmp_path, **_bare(cloudinary_settings(emulator))) as ada:
        job_id = await ada.submit()
        await cloud.stop()
        assert await ada.draw(job_id) is JobState.FAILED
        job = await ada.services.jobs.job(ada.owner, job_id)
        await cloud.start()
        key = media_key(ada.owner, job.image_ids[0], "320")
        await ada.services.media.put(key, b"half", "image/webp")  # it took this and did not say so
        ada.clock.move(**TEN_MINUTES)
        await ada.services.runner.sweep()
        emulator.settle()
        assert emulator.holds_nothing()
        assert await ada.books() == (50, 0)


async def test_dodo_away_sells_nothing_and_gives_what_was_paid_before(tmp_path: Path) -> None:
    emulator = DodoEmulator(prefix="/dodo")
    async with clouded(emulator) as cloud, living(tmp_path, **_bare(settings_of(emulator))) as ada:
        emulator.time = ada.clock
        before = await ada.services.billing.checkouts.buy(ada.owner, "small")
        emulator.pay(before.session_id, "succeeded")  # and its message never comes
        await cloud.stop()
        answer = await ada.browser.post("/credits", data={"pack": "small"})
        assert (answer.status_code, "moment" in answer.text) == (503, True)
        ada.clock.move(**TEN_MINUTES)
        for sweep in ada.services.billing.sweeps:
            await sweep()
        assert await ada.books() == (50, 0)
        await cloud.start()
        ada.clock.move(**TEN_MINUTES)
        for sweep in ada.services.billing.sweeps:
            await sweep()
        assert await ada.books() == (550, 0)
        assert (await ada.browser.post("/credits", data={"pack": "small"})).status_code == 303


async def test_with_dodo_selling_the_sandbox_is_nowhere_and_what_it_signs_is_nobodys(tmp_path: Path) -> None:
    async with living(tmp_path) as ada:
        order = await ada.services.billing.checkouts.buy(ada.owner, "small")
        sandbox = ada.services.billing.sandbox
        assert sandbox is not None
        assert (await ada.browser.get(order.url)).status_code == 200
        headers, body = await sandbox.press(order.session_id, "succeed")
    emulator = DodoEmulator(prefix="/dodo")
    async with clouded(emulator), open_home(tmp_path, clock=MovingClock(), **_bare(settings_of(emulator))) as services:
        transport = httpx.ASGITransport(build_api(lambda: services), client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=services.rules.origin) as browser:
            assert services.billing.sandbox is None
            assert (await browser.get(order.url)).status_code == 404
            pressed = await browser.post(
                order.url, data={"outcome": "succeed"}, headers={"origin": services.rules.origin}
            )
            assert pressed.status_code == 404
            told = await browser.post("/webhooks/dodo", content=body, headers=dict(headers))
            assert told.status_code == 401
        await services.billing.reconciling.orders()
        assert (await services.jobs.balance(ada.owner)).available == 50


async def test_a_mail_server_away_delays_what_must_be_said_and_stops_nobody(tmp_path: Path) -> None:
    async with mail_server() as box:
        settings = {"SMTP_URL": f"smtp://127.0.0.1:{box.port}", "MAIL_FROM": "ImageRoute <noreply@example.com>"}
        async with living(tmp_path, **settings) as ada:
            await ada.services.mails.settle()
            assert len(box.sent) == 1  # the address is to be confirmed
            await box.stop()
            asked = await ada.browser.post("/auth/forgot-password", data={"email": EMAIL})
            assert asked.status_code == 200  # it says the same whether anybody has this address
            await ada.services.notices.tell(ada.owner, "test", "Your export is ready.", "/privacy-center", mail="Ready")
            assert await ada.draw(await ada.submit()) is JobState.SUCCEEDED
            await ada.services.notices.settle()
            await ada.services.accounts.settle()
            await ada.services.mails.settle()
            assert [notice.text for notice in await ada.services.notices.unread(ada.owner)] == ["Your export is ready."]
            ada.clock.move(minutes=16)
            assert await ada.services.notices.deliver() == 0
            await box.start()
            ada.clock.move(minutes=16)
            assert await ada.services.notices.deliver() == 1
            assert await ada.services.notices.deliver() == 0
            content = box.sent[-1].content
            assert isinstance(content, bytes)
            assert b"Your export is ready." in content
