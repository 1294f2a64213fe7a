"""The services on real adapters: SQLite, local disk, real imaging; only clock, provider and bell are ours."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from imageroute_app.adapters.database.mongo.database import open_mongo
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.finish import open_imaging
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.throttle import open_limiter
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.bootstrap import new_id
from imageroute_app.domain.gallery import media_prefix
from imageroute_app.domain.jobs import Job, Request
from imageroute_app.domain.ports import Database, Imaging, MediaStore, Query
from imageroute_app.domain.rules import Rules
from imageroute_app.services.accounts import Accounts, SignUp
from imageroute_app.services.albums import Albums
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.uploads import Uploads
from tests.doubles import REQUEST, Bell, Letters, MovingClock, Objections, ScriptedProvider
from tests.fresh import open_fresh_sqlite
from tests.mongo_server import RUN

RULES = Rules(origin="http://127.0.0.1:3000", jobs_per_hour=1000, sign_ups_per_hour=1000)


@dataclass
class House:
    """Everything a service test needs."""

    database: Database
    media: MediaStore
    imaging: Imaging
    clock: MovingClock
    provider: ScriptedProvider
    sketch: SketchProvider
    rules: Rules = RULES
    bell: Bell = field(default_factory=Bell)
    letters: Letters = field(default_factory=Letters)
    moderation: Objections = field(default_factory=Objections)

    def __post_init__(self) -> None:
        self.limiter = open_limiter("")
        self.gallery = Gallery(database=self.database, media=self.media, clock=self.clock)
        self.selection = Selection(database=self.database, gallery=self.gallery, clock=self.clock)
        self.albums = Albums(
            database=self.database,
            gallery=self.gallery,
            selection=self.selection,
            clock=self.clock,
            new_id=new_id,
        )
        self.accounts = Accounts(
            database=self.database,
            passwords=ArgonPasswords(memory_kib=64, passes=1),
            mailer=self.letters,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
        )
        self.uploads = Uploads(
            database=self.database,
            imaging=self.imaging,
            media=self.media,
            mailer=self.letters,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
        )
        providers = (self.provider, self.sketch)
        self.routing = Routing(database=self.database, providers=providers, clock=self.clock, rules=self.rules)
        self.jobs = Jobs(
            database=self.database,
            routing=self.routing,
            dispatcher=self.bell,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            fault=lambda point: None,
        )
        self.runner = self.new_runner()

    def new_runner(self, fault: Callable[[str], None] = lambda point: None) -> Runner:
        """Return another worker; `fault` may raise at a named point."""
        return Runner(
            database=self.database,
            routing=self.routing,
            moderation=self.moderation,
            imaging=self.imaging,
            media=self.media,
            dispatcher=self.bell,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            fault=fault,
        )

    async def person(self, name: str = "ada") -> str:
        """Open an account and return its owner id."""
        form = SignUp(full_name=name, email=f"{name}@example.com", password="long enough", born=date(1990, 1, 1))
        return (await self.accounts.sign_up(form, device="Test", address="127.0.0.1")).person.id

    async def job(self, owner: str, request: Request = REQUEST) -> Job:
        """Quote and submit."""
        quote = await self.jobs.quote(owner, request)
        return await self.jobs.submit(owner, quote.id)

    async def check_books(self, owner: str) -> int:
        """Assert that the balance is the sum of the ledger and that every final job's hold is closed once; return it."""
        entries = await self.database.tables.ledger.find(Query(owner=owner, limit=10_000))
        total = sum(entry.amount for entry in entries)
        assert (await self.jobs.balance(owner)).available == total >= 0
        for job in await self.database.tables.jobs.find(Query(owner=owner, limit=10_000)):
            lines = [(entry.kind, entry.amount) for entry in entries if entry.job_id == job.id]
            kinds = sorted(kind for kind, _ in lines)
            assert len(kinds) == len(set(kinds))
            if job.state.is_final:
                assert sum(amount for _, amount in lines) == -job.charged_credits
                assert "release" in kinds
        return total

    async def check_media(self, owner: str) -> None:
        """Assert that there is no image row without bytes and no bytes without a row."""
        images = await self.database.tables.images.find(Query(owner=owner, limit=1000))
        stored = {key.rpartition("/")[0] + "/" for key in await self.media.list(f"images/{owner}/")}
        assert stored == {media_prefix(owner, image.id) for image in images}


@asynccontextmanager
async def open_house(folder: Path, *, mongo_uri: str = "") -> AsyncIterator[House]:
    """Open a house on SQLite, or on a database of its own at a MongoDB server."""
    clock = MovingClock()
    keys = await open_file_keys(folder / "keys", b"")
    if mongo_uri:
        database = await open_mongo(mongo_uri, f"{RUN}_{secrets.token_hex(4)}", keys, clock)
    else:
        database = await open_fresh_sqlite(folder / "house.db", keys, clock)
    pool = WorkerPool(1)
    sketch = SketchProvider(pool)
    opened = House(
        database=database,
        media=await open_local_media(folder / "media"),
        imaging=open_imaging(pool, open_credential(folder / "provenance", clock)),
        clock=clock,
        provider=ScriptedProvider(sketch.models()[0]),
        sketch=sketch,
    )
    yield opened
    await opened.accounts.settle()
    await opened.imaging.close()
    await database.close()
    await keys.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Open a house on SQLite."""
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "mongo"])
async def either_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Open a house on each database in turn."""
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else ""
    async with open_house(tmp_path, mongo_uri=uri) as opened:
        yield opened


LEASE_OVER = {"seconds": (RULES.lease + timedelta(seconds=1)).total_seconds()}
