"""Our HTTP routes over real adapters: SQLite, local disk, Argon2id, the limiter and the outbox. The clock is the test's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette
from uuid_utils import uuid7

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.finish import open_imaging
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.throttle import open_limiter
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.rules import Rules
from imageroute_app.routes.api import build_api
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.albums import Albums
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.archives import Archives
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.house import OutboxLetter, Services, Signature, Site
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.provenance import Provenance
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.rendering import renderer
from imageroute_app.services.retention import Retention
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.shares import Shares
from imageroute_app.services.uploads import Uploads
from tests.doubles import Bell, MovingClock, ScriptedProvider
from tests.fresh import open_fresh_sqlite
from tests.marks import development_credential

CATALOGUE = Path(__file__).parents[2] / "imageroute_app/adapters/providers/sketch/catalogue.toml"
ORIGIN = "http://127.0.0.1:3000"
PASSWORD = "correct horse battery"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
SIGN_UP = {
    "full_name": "Ada Lovelace",
    "email": "ada@example.com",
    "password": PASSWORD,
    "born_day": "10",
    "born_month": "12",
    "born_year": "1990",
    "country": "GB",
}


class CountingPasswords(ArgonPasswords):
    """The real thing, and how often it worked."""

    def __init__(self) -> None:
        super().__init__(memory_kib=64, passes=1)
        self.verified = 0

    async def verify(self, password: str, encoded: str) -> bool:
        self.verified += 1
        return await super().verify(password, encoded)


@dataclass
class House:
    """The services, their application, and a way to call it like a browser."""

    services: Services
    clock: MovingClock
    passwords: CountingPasswords
    folder: Path
    stack: AsyncExitStack

    async def browser(self, *, address: str = "127.0.0.1", agent: str = CHROME) -> httpx.AsyncClient:
        """Return a client with a cookie jar of its own."""
        app: Starlette = build_api(lambda: self.services)
        transport = httpx.ASGITransport(app, client=(address, 50_000))
        client = httpx.AsyncClient(
            transport=transport,
            base_url=self.services.rules.origin,
            headers={"User-Agent": agent, "Accept-Language": "en-GB"},
        )
        return await self.stack.enter_async_context(client)

    async def signed_up(self, name: str = "ada") -> httpx.AsyncClient:
        """Return a browser that has just signed up."""
        client = await self.browser()
        answer = await client.post("/auth/sign-up", data={**SIGN_UP, "email": f"{name}@example.com"})
        assert answer.status_code == 303, answer.text
        return client

    async def owner(self, client: httpx.AsyncClient) -> str:
        """Return who a browser is signed in as."""
        session = await self.services.accounts.session(client.cookies["ir_session"])
        assert session is not None
        return session.owner

    async def link(self, subject: str) -> str:
        """Return the path of the link in the newest mail with this subject."""
        assert self.services.outbox is not None
        letters = [letter for letter in await self.services.outbox() if letter.subject == subject]
        return letters[0].link.removeprefix(self.services.rules.origin)

    async def add_image(self, owner: str, prompt: str) -> Image:
        """Put a picture's row into a gallery."""
        image = Image(
            id=uuid7().hex, owner=owner, job_id=uuid7().hex, position=0, prompt=prompt, negative="",
            provider="sketch", model="sketch-1", style="", width=1024, height=1280, seed=7, mime="image/png",
            size_bytes=9, sha256="0" * 64, colour="#335577", price_credits=1, took_ms=900,
            source_type="algorithmicMedia", source_id="", favourite=False, trashed=False, trashed_at=None,
            purge_at=None, created_at=self.clock(),
        )  # fmt: skip
        await self.services.database.tables.images.add(image)
        return image

    def with_site(self, *, origin: str = ORIGIN, **changes: object) -> None:
        """Change what the installation says about itself."""
        site = replace(self.services.site, origins=(origin,), **changes)
        rules = replace(self.services.rules, origin=origin)
        self.services = replace(self.services, site=site, rules=rules)


@asynccontextmanager
async def open_house(folder: Path, rules: Rules, clock: MovingClock) -> AsyncIterator[House]:
    """Open everything below a folder."""
    keys = await open_file_keys(folder / "keys", b"")
    database = await open_fresh_sqlite(folder / "house.db", keys, clock)
    media = await open_local_media(folder / "media")
    outbox, limiter, passwords, bell = Outbox(folder / "outbox", clock), open_limiter(""), CountingPasswords(), Bell()
    provider = ScriptedProvider(read_catalogue(CATALOGUE).models[0])

    async def letters() -> Sequence[OutboxLetter]:
        await accounts.settle()
        return [
            OutboxLetter(
                id=mail.id,
                to=mail.to,
                subject=mail.subject,
                text=mail.text,
                link=mail.link,
                sent_at=mail.sent_at.isoformat(),
            )
            for mail in await outbox.messages()
        ]

    async def nothing() -> None:
        return

    def new_id() -> str:
        return uuid7().hex

    pool = WorkerPool(1)
    imaging = open_imaging(pool, development_credential())
    uploads = Uploads(
        database=database, imaging=imaging, media=media, mailer=outbox, limiter=limiter, clock=clock,
        new_id=new_id, rules=rules,
    )  # fmt: skip
    routing = Routing(database=database, providers=(provider,), clock=clock, rules=rules)
    recipes = Recipes(database=database, routing=routing, read_marks=imaging.read_marks, clock=clock)
    archives = Archives(
        database=database, media=media, recipes=recipes, render=renderer(imaging), clock=clock, new_id=new_id
    )
    shares = Shares(
        database=database, media=media, passwords=passwords, limiter=limiter, key=b"s" * 32, clock=clock,
        new_id=new_id,
    )  # fmt: skip
    gallery = Gallery(database=database, media=media, clock=clock, forget=(archives.forget, shares.forget))
    selection = Selection(database=database, gallery=gallery, clock=clock)
    accounts = Accounts(
        database=database, passwords=passwords, mailer=outbox, limiter=limiter, clock=clock,
        new_id=new_id, rules=rules,
    )  # fmt: skip
    services = Services(
        site=Site(
            is_loopback=True, origins=(ORIGIN, "http://localhost:3000"), controller_name="",
            controller_address="", controller_email="", proxy_hops=0,
            signature=Signature(signer="A certificate", is_development=True, expires_on=date(2036, 11, 1)),
        ),
        rules=rules,
        accounts=accounts,
        appeals=Appeals(database=database, clock=clock),
        jobs=Jobs(
            database=database, routing=routing, dispatcher=bell, limiter=limiter, clock=clock,
            new_id=new_id, rules=rules, fault=lambda point: None,
        ),
        runner=cast("Runner", None),
        routing=routing,
        gallery=gallery,
        archives=archives,
        provenance=Provenance(imaging=imaging, limiter=limiter),
        recipes=recipes,
        shares=shares,
        selection=selection,
        albums=Albums(database=database, gallery=gallery, selection=selection, clock=clock, new_id=new_id),
        drafts=Drafts(database=database, clock=clock),
        uploads=uploads,
        retention=Retention(
            database=database, gallery=gallery, purge_outbox=_purge_nothing, clock=clock, new_id=new_id,
            purges=(archives.purge, shares.purge, uploads.sweep, uploads.remind),
        ),
        database=database,
        media=media,
        dispatcher=bell,
        broker=None,
        needs_receiver=False,
        sweep_period=timedelta(seconds=2),
        socket_key=b"k" * 32,
        outbox=letters,
        start=nothing,
        close=nothing,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        yield House(services=services, clock=clock, passwords=passwords, folder=folder, stack=stack)
    await accounts.settle()
    await archives.settle()
    await imaging.close()
    await pool.close()
    await database.close()
    await keys.close()


async def _purge_nothing(_age: timedelta) -> int:
    return 0


@pytest.fixture
def rules() -> Rules:
    """Return the figures of the installation; a test module may override them."""
    return Rules(origin=ORIGIN, sign_ups_per_hour=1000)


@pytest.fixture
async def house(tmp_path: Path, rules: Rules) -> AsyncIterator[House]:
    """Open a house in a fresh folder."""
    async with open_house(tmp_path, rules, MovingClock()) as opened:
        yield opened


@pytest.fixture
async def browser(house: House) -> httpx.AsyncClient:
    """Return a browser that was never here."""
    return await house.browser()
