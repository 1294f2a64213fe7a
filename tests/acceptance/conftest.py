"""The product as bootstrap opens it on MongoDB, Cloudinary and Dodo Payments (emulated), reached by its routes.

The tests of a file share one installation, whose clock only goes ahead: each brings its own people and takes back its faults.
"""

import asyncio
import base64
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from uuid_utils import uuid7

from imageroute_app.domain.exports import Export
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.jobs import JobState, Request
from imageroute_app.routes.api import build_api
from imageroute_app.services.house import Services
from tests.doubles import MovingClock, no_page
from tests.emulators.cloudinary import CloudinaryEmulator
from tests.emulators.cloudinary import settings_of as cloud_settings
from tests.emulators.dodo import DodoEmulator
from tests.emulators.dodo import settings_of as dodo_settings
from tests.emulators.kit import served
from tests.mongo_server import RUN
from tests.needles import open_home
from tests.traces import files, mongo

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
SIGN_UP = {
    "full_name": "Ada Lovelace", "password": PASSWORD, "born_day": "10", "born_month": "12", "born_year": "1990",
    "country": "GB",
}  # fmt: skip
SKETCH = Request(prompt="a lighthouse at dawn", provider="sketch", model="sketch-1", width=256, height=256, count=1)


@dataclass(kw_only=True)
class Far:
    """One installation on vendors' stores; `cloud` and `dodo` are what stands for the companies."""

    services: Services
    clock: MovingClock
    cloud: CloudinaryEmulator
    dodo: DodoEmulator
    folder: Path
    uri: str
    database: str
    stack: AsyncExitStack

    async def browser(self) -> httpx.AsyncClient:
        """Return a browser that was never here."""
        transport = httpx.ASGITransport(build_api(lambda: self.services), client=("127.0.0.1", 50_000))
        client = httpx.AsyncClient(transport=transport, base_url=self.services.rules.origin)
        return await self.stack.enter_async_context(client)

    async def signed_up(self, name: str, **form: str) -> httpx.AsyncClient:
        """Return the browser of somebody who has just opened an account and proved the address."""
        client = await self.browser()
        answer = await client.post("/auth/sign-up", data={**SIGN_UP, "email": f"{name}@example.com", **form})
        assert answer.status_code == 303, answer.text
        letters = await self.letters(f"{name}@example.com", "Confirm your email")
        await self.services.accounts.verify_email(letters[0].link.partition("token=")[2])
        return client

    async def signed_in(self, name: str) -> httpx.AsyncClient:
        """Return one more browser of the same person."""
        client = await self.browser()
        answer = await client.post("/auth/sign-in", data={"email": f"{name}@example.com", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client

    async def letters(self, to: str, subject: str = "") -> list[Any]:
        """Return the mails to an address, newest first, of one subject or all."""
        assert self.services.outbox is not None
        return [one for one in await self.services.outbox() if one.to == to and (not subject or one.subject == subject)]

    async def owner(self, client: httpx.AsyncClient) -> str:
        """Return who a browser is signed in as."""
        session = await self.services.accounts.session(client.cookies["ir_session"])
        assert session is not None
        return session.owner

    async def made(self, owner: str, **request: Any) -> list[Image]:
        """Have pictures drawn by the engine of the house; returns them."""
        self.clock.move(seconds=5)  # sooner it would be the same press of the button
        wanted = Request(**{name: getattr(SKETCH, name) for name in SKETCH.__dataclass_fields__} | request)
        job = await self.services.jobs.submit(owner, (await self.services.jobs.quote(owner, wanted)).id)
        await self.services.runner.run(job.id)
        assert (await self.services.jobs.job(owner, job.id)).state is JobState.SUCCEEDED
        return list(await self.services.gallery.of_job(owner, job.id))

    async def stocked(self, owner: str, image: Image, count: int) -> None:
        """Put copies of a picture into the gallery, rows and bytes, so that it is as full as somebody's is."""
        (data,) = await self.services.media.read([media_key(owner, image.id, "original")])
        assert data is not None
        for number in range(count):
            copy = replace(image, id=uuid7().hex, job_id=uuid7().hex, position=0, seed=number, version=0)
            await self.services.media.put(media_key(owner, copy.id, "original"), data, image.mime)
            await self.services.database.tables.images.add(copy)

    async def bought(self, client: httpx.AsyncClient) -> str:
        """Buy the smallest pack; returns the payment's id, of which no message told yet."""
        answer = await client.post("/credits", data={"pack": "small"})
        order = answer.headers["location"].rpartition("/")[2]
        owner = await self.owner(client)
        found = await self.services.database.tables.orders.get(order, owner)
        payment = self.dodo.pay(found.session_id, "succeeded")
        assert payment is not None
        return str(payment["payment_id"])

    async def told(self, kind: str, payment_id: str, **changes: Any) -> int:
        """Send the seller's signed message; returns how it was answered."""
        body = self.dodo.payload(kind, payment_id, **changes)
        headers = self.dodo.signed(body, f"msg_{kind}_{payment_id}", at=self.clock())
        return (await (await self.browser()).post("/webhooks/dodo", content=body, headers=headers)).status_code

    async def exported(self, client: httpx.AsyncClient) -> Export:
        """Press "Export my data" and have a worker carry it to its end."""
        answer = await client.post("/privacy-center/export", data={"scope": "everything", "part_size": "1"})
        assert answer.status_code == 303, answer.text
        owner = await self.owner(client)
        await self.services.export_worker.settle()
        (export, *_) = await self.services.exports.all(owner)
        self.clock.move(minutes=3)  # past the lease of the worker that was told to stop
        for _ in range(200):  # a step that was stopped while it was written may still be writing
            if await self.services.export_worker.run(owner, export.id):
                break
            await asyncio.sleep(0.05)
        return await self.services.exports.get(owner, export.id)

    async def download(self, client: httpx.AsyncClient, export: Export, part: int = 1) -> bytes:
        """Start a download as the button does, and return the file."""
        begun = await client.post(f"/privacy-center/export/{export.id}/{part}", data={"current_password": PASSWORD})
        assert begun.status_code == 303, begun.text
        return (await client.get(begun.headers["location"])).content

    async def closed(self, client: httpx.AsyncClient, when: str) -> str:
        """Close the account; returns the path of the page that needs no sign-in."""
        answer = await client.post("/privacy-center/close", data={"when": when, "current_password": PASSWORD})
        assert answer.status_code == 303, answer.text
        await self.services.erasures.settle()
        return str(answer.headers["location"])

    async def operator(self) -> httpx.AsyncClient:
        """Return the browser of Olga, who works for the operator."""
        known = await self.services.database.tables.people.by_key("email_key", "olga@example.com")
        return await (self.signed_up("olga") if known is None else self.signed_in("olga"))

    async def decide(self, olga: httpx.AsyncClient, reference: str, act: str, **form: str) -> None:
        """Do one act at the desk about a case that was looked at."""
        answer = await olga.post(f"/admin/cases/{reference}", data={"act": act, **form})
        assert answer.status_code == 303, answer.text

    async def waiting(self, olga: httpx.AsyncClient) -> list[str]:
        """Return the numbers of the cases at the desk."""
        return re.findall(r"/admin/cases/(C-[0-9A-Z]+)", (await olga.get("/admin")).text)

    def stored(self) -> bytes:
        """Return every byte at rest: our files, every database, everything at Cloudinary."""
        there = [*files(self.folder).values(), *mongo(self.uri, self.database).values()]
        return b"".join([*there, *(asset.data for asset in self.cloud.assets.values())])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a file on the loop of their installation."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def far(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Far]:
    """Open an installation whose database, pictures and payments are all somewhere else."""
    clock, name = MovingClock(), f"{RUN}_{secrets.token_hex(4)}"
    cloud = CloudinaryEmulator(prefix="/cloudinary")  # by the true time, which the vendor's library signs
    cloud.scenario.extra |= {"forces_backup": True, "folder_mode": "fixed"}
    dodo, folder = DodoEmulator(prefix="/dodo", time=clock), tmp_path_factory.mktemp("far") / "data"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(cloud))
        await stack.enter_async_context(served(dodo))
        vendors = {**cloud_settings(cloud), **dodo_settings(dodo)}
        settings = {name.removeprefix("IMAGEROUTE_"): text for name, text in vendors.items()}
        settings |= {
            "MONGODB_DATABASE": name, "MASTER_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
            "OPERATORS": "olga@example.com", "SIGN_UPS_PER_HOUR": "1000",
        }  # fmt: skip
        home = open_home(folder, mongo_uri=mongo_uri, clock=clock, **settings)
        services = await stack.enter_async_context(home)
        services.outside.pages.append(no_page)
        yield Far(
            services=services, clock=clock, cloud=cloud, dodo=dodo, folder=folder, uri=mongo_uri,
            database=name, stack=stack,
        )  # fmt: skip
