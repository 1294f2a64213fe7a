"""An installation on every real adapter at once, for the journeys of test_real_services.

MongoDB's wire server, Redis, Clerk, Dodo Payments, Cloudinary and a mail server (the emulators refuse what the services would),
two web processes and a job worker. Nothing is left to an embedded default but the engine that draws.
"""

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import bson
import pytest
import pytest_asyncio
from playwright.async_api import Page
from pymongo import MongoClient

from tests.adapters.mail_server import Box, mail_server
from tests.adapters.redis_server import running_redis
from tests.emulators.clerk import ClerkEmulator, clerk_settings
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator
from tests.emulators.dodo import DodoEmulator, settings_of
from tests.emulators.kit import served
from tests.journeys.conftest import OpenContext, Watch
from tests.journeys.test_clerk import join
from tests.journeys.test_scale import WEB, Farm
from tests.mongo_server import RUN
from tests.product import Product


@dataclass
class Real:
    """An installation on real adapters, and what stands for the services."""

    farm: Farm
    clerk: ClerkEmulator
    dodo: DodoEmulator
    cloudinary: CloudinaryEmulator
    letters: Box
    origins: tuple[str, ...]

    def documents(self) -> bytes:
        """Return everything that lies in MongoDB."""
        with contextlib.closing(MongoClient[dict[str, Any]](self.farm.product.settings["MONGODB_URI"])) as client:
            store = client[self.farm.product.settings["MONGODB_DATABASE"]]
            rows = [row for name in store.list_collection_names() for row in store[name].find()]
        return b"".join(map(bson.encode, rows))

    async def shown(self) -> bytes:
        """Return all that Redis holds of open pages."""
        async with self.farm.redis.client() as redis:
            keys = [key for key in await redis.keys("*_state*") if await redis.type(key) == b"string"]
            return b"".join([await redis.get(key) or b"" for key in keys])

    async def person(self, open_context: OpenContext, email: str) -> Page:
        """Return the page of somebody who has just signed up."""
        page = await (await open_context(url=self.farm.product.url)).new_page()
        await join(page, email)
        return page


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def installation(
    front_end: None, tmp_path_factory: pytest.TempPathFactory, mongo_uri: str
) -> AsyncIterator[Real]:
    """One installation for all tests of this file; each has people of its own."""
    clerk, dodo = ClerkEmulator(prefix="/clerk"), DodoEmulator(prefix="/dodo")
    pictures = CloudinaryEmulator(prefix="/cloudinary")
    async with (
        running_redis() as redis,
        mail_server() as letters,
        served(clerk) as sign_in_at,
        served(dodo) as pay_at,
        served(pictures),
    ):
        vendors = {**clerk_settings(clerk), **settings_of(dodo)}
        settings = {
            **{name.removeprefix("IMAGEROUTE_"): text for name, text in vendors.items()},
            "CLOUDINARY_CLOUD": CLOUD,
            "CLOUDINARY_KEY": KEY,
            "CLOUDINARY_SECRET": SECRET,
            "CLOUDINARY_URL": pictures.url,
            "CLOUDINARY_DELIVERY_URL": pictures.delivery_url,
            "MONGODB_URI": mongo_uri,
            "MONGODB_DATABASE": f"{RUN}_{secrets.token_hex(4)}",
            "MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "REDIS_URL": redis.url,
            "SMTP_URL": f"smtp://127.0.0.1:{letters.port}",
            "MAIL_FROM": "ImageRoute <noreply@example.org>",
            "WEB_WORKERS": str(WEB),
            "JOBS_APART": "1",
        }
        product = Product(tmp_path_factory.mktemp("real") / "data", settings=settings)
        await product.start()
        farm = Farm(product, redis)
        clerk.origins, clerk.hook_url = (farm.product.url,), f"{farm.product.url}/webhooks/clerk"
        dodo.webhook_url = f"{farm.product.url}/webhooks/dodo"
        await farm.full()
        await farm.add_worker()
        yield Real(farm, clerk, dodo, pictures, letters, (farm.product.url, sign_in_at, pay_at))
        for worker in farm.workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        await farm.product.kill()


@pytest.fixture
def real(installation: Real, watch: Watch) -> Real:
    watch.origins = installation.origins
    watch.allowed += ["401", "403", "favicon"]
    return installation
