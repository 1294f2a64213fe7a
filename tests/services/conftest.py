"""The services on real adapters: SQLite, local disk, real imaging; only clock, provider and bell are ours."""

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
from imageroute_app.adapters.keys.files import FileKeys, open_file_keys
from imageroute_app.adapters.keys.tombstones import FileTombstones
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.payments.packs import read_packs
from imageroute_app.adapters.payments.sandbox import SandboxPayments
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.throttle import open_limiter
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.bootstrap import new_id, read_editions
from imageroute_app.domain.gallery import media_prefix
from imageroute_app.domain.jobs import Job, Request
from imageroute_app.domain.ports import Database, Imaging, MediaStore, Payments, Query
from imageroute_app.domain.rules import Rules
from imageroute_app.services.accounts import Accounts, SignUp
from imageroute_app.services.activity import ActivityLog
from imageroute_app.services.albums import Albums
from imageroute_app.services.banners import Banners
from imageroute_app.services.billing import Billing, Counter, open_billing
from imageroute_app.services.case_office import Office, World, open_office
from imageroute_app.services.choices import Choices
from imageroute_app.services.disclosures import Disclosures
from imageroute_app.services.entries import Entries
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_steps import ErasureSteps, Outside
from imageroute_app.services.export_collect import Collector
from imageroute_app.services.export_report import Report
from imageroute_app.services.export_worker import ExportWorker
from imageroute_app.services.exports import Exports
from imageroute_app.services.fulfilment import Machines
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.gate import Gate
from imageroute_app.services.holdings import Holdings
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.last_seen import last_seen
from imageroute_app.services.newsletter import Newsletter
from imageroute_app.services.newsletter_choice import NewsletterChoice
from imageroute_app.services.notices import Notices
from imageroute_app.services.opening import Opening
from imageroute_app.services.part_erasures import PartErasures
from imageroute_app.services.parts import PartSteps
from imageroute_app.services.policies import Policies
from imageroute_app.services.provider_copies import ProviderCopies
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.spending import Spending
from imageroute_app.services.statistics import Statistics
from imageroute_app.services.tombstones import EraseNotes
from imageroute_app.services.training import Training
from imageroute_app.services.two_steps import TwoSteps
from imageroute_app.services.uploads import Uploads
from tests.doubles import (
    REQUEST,
    Bell,
    Letters,
    MovingClock,
    Objections,
    ScriptedProvider,
    no_page,
    shown_edition,
    tell_nobody,
)
from tests.fresh import open_fresh_sqlite

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
    keys: FileKeys
    folder: Path
    rules: Rules = RULES
    bell: Bell = field(default_factory=Bell)
    letters: Letters = field(default_factory=Letters)
    moderation: Objections = field(default_factory=Objections)

    def __post_init__(self) -> None:  # noqa: PLR0915  # one a service
        self.limiter = open_limiter("")
        self.activity = ActivityLog(database=self.database, clock=self.clock, new_id=new_id)
        noted = self.activity.changed
        self.gate = Gate(database=self.database, clock=self.clock, noted=noted)
        self.statistics = Statistics(database=self.database, gate=self.gate, clock=self.clock, new_id=new_id)
        self.gate.listen(self.statistics.used)
        self.choices = Choices(
            database=self.database,
            clock=self.clock,
            new_id=new_id,
            edition=shown_edition,
            forget=(self.statistics.forget,),
            noted=noted,
        )
        self.training = Training(
            database=self.database, choices=self.choices, gate=self.gate, clock=self.clock, new_id=new_id
        )
        self.tombstones = FileTombstones(self.folder / "tombstones")
        self.notes = EraseNotes(keys=self.keys, tombstones=self.tombstones, clock=self.clock)
        providers = (self.provider, self.sketch)
        self.routing = Routing(
            database=self.database, providers=providers, clock=self.clock, rules=self.rules, noted=noted
        )
        self.copies = ProviderCopies(database=self.database, providers=self.routing.providers, clock=self.clock)
        self.gallery = Gallery(
            database=self.database,
            media=self.media,
            clock=self.clock,
            forget=(self.choices.end_training, self.notes.image),
            trashed=(self.choices.end_training,),
            elsewhere=(self.copies.forget_image,),
        )
        self.selection = Selection(database=self.database, gallery=self.gallery, clock=self.clock)
        self.albums = Albums(
            database=self.database,
            gallery=self.gallery,
            selection=self.selection,
            clock=self.clock,
            new_id=new_id,
        )
        self.notices = Notices(
            database=self.database, mailer=self.letters, clock=self.clock, new_id=new_id, rules=self.rules,
            tell_pages=self.bell.changed,
        )  # fmt: skip
        self.newsletter = Newsletter(
            database=self.database, mailer=self.letters, limiter=self.limiter, key=b"n" * 32, clock=self.clock,
            new_id=new_id, rules=self.rules, notes=(self.notes.subject,),
        )  # fmt: skip
        self.newsletter_choice = NewsletterChoice(
            database=self.database, choices=self.choices, newsletter=self.newsletter
        )
        self.holdings = Holdings(database=self.database, newsletter=self.newsletter)
        self.disclosures = Disclosures(database=self.database, clock=self.clock, new_id=new_id)
        self.policies = Policies(
            database=self.database,
            editions=read_editions(),
            tell=self.notices.tell,
            clock=self.clock,
            new_id=new_id,
        )
        entries = Entries(activity=self.activity, notices=self.notices, came=last_seen(self.database, self.clock))
        self.two_steps = TwoSteps(
            database=self.database,
            limiter=self.limiter,
            entries=entries,
            key=b"t" * 32,
            clock=self.clock,
            rules=self.rules,
        )
        self.accounts = Accounts(
            database=self.database,
            passwords=ArgonPasswords(memory_kib=64, passes=1),
            mailer=self.letters,
            limiter=self.limiter,
            entries=entries,
            two_steps=self.two_steps,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            opening=Opening(database=self.database, new_id=new_id, rules=self.rules, opened=self.policies.opened),
        )
        self.uploads = Uploads(
            database=self.database,
            imaging=self.imaging,
            media=self.media,
            notices=self.notices,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            gate=self.gate,
            forget=(self.notes.upload,),
        )
        self.spending = Spending(database=self.database, notices=self.notices, clock=self.clock, noted=noted)
        self.jobs = Jobs(
            database=self.database,
            routing=self.routing,
            dispatcher=self.bell,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            fault=lambda point: None,
            gate=self.gate,
            spending=self.spending,
        )
        self.runner = self.new_runner()
        self.sandbox = SandboxPayments(self.folder / "sandbox-payments", read_packs(), b"p" * 32, self.clock)
        self.billing = self.new_billing(self.sandbox)
        self.outside = Outside(
            mails=(self.letters.forget,), pages=[no_page], payments=self.billing.forget, copies=self.copies
        )
        self.erasures = self.new_erasures()
        self.part_erasures = PartErasures(
            database=self.database, erasures=self.erasures, steps=self.steps, holdings=self.holdings, clock=self.clock,
            new_id=new_id,
        )  # fmt: skip
        self.exports = self.new_exports()
        self.banners = Banners(database=self.database, notices=self.notices, gate=self.gate, erasures=self.erasures)

    def new_billing(self, payments: Payments) -> Billing:
        """Return the services of buying with another seller."""
        return open_billing(
            Counter(
                database=self.database,
                payments=payments,
                sandbox=payments if isinstance(payments, SandboxPayments) else None,
                packs=read_packs(),
                notices=self.notices,
                limiter=self.limiter,
                gate=self.gate,
                clock=self.clock,
                new_id=new_id,
                origin=self.rules.origin,
                accounting_years=10,
            )
        )

    def new_exports(self) -> Exports:
        """Return the services of packages."""
        recipes = Recipes(
            database=self.database, routing=self.routing, read_marks=self.imaging.read_marks, clock=self.clock
        )
        report = Report(controller_name="", controller_address="", controller_email="", receivers=())
        collector = Collector(
            database=self.database,
            media=self.media,
            imaging=self.imaging,
            recipes=recipes,
            report=report,
            clock=self.clock,
        )
        worker = ExportWorker(
            database=self.database, media=self.media, collector=collector, report=report, notices=self.notices,
            tell=self.bell.changed, clock=self.clock, new_id=new_id, fault=lambda point: None,
        )  # fmt: skip
        return Exports(database=self.database, media=self.media, worker=worker, clock=self.clock, new_id=new_id)

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
            gate=self.gate,
        )

    def new_erasures(self, fault: Callable[[str], None] = lambda point: None) -> Erasures:
        """Return another worker for erasures; `fault` may raise at a named point."""
        self.steps = ErasureSteps(
            database=self.database,
            media=self.media,
            keys=self.keys,
            notes=self.notes,
            jobs=self.jobs,
            outside=self.outside,
            parts=PartSteps(
                database=self.database,
                media=self.media,
                gallery=self.gallery,
                uploads=self.uploads,
                newsletter=self.newsletter,
                notes=self.notes,
            ),
            clock=self.clock,
            new_id=new_id,
        )
        return Erasures(
            database=self.database,
            steps=self.steps,
            gate=self.gate,
            mailer=self.letters,
            notices=self.notices,
            limiter=self.limiter,
            clock=self.clock,
            new_id=new_id,
            rules=self.rules,
            fault=fault,
            watchers=("olga@example.com",),
        )

    def open_office(self) -> Office:
        """Return the services of cases; Olga is the operator."""
        return open_office(
            World(
                database=self.database,
                media=self.media,
                imaging=self.imaging,
                mailer=self.letters,
                notices=self.notices,
                newsletter=self.newsletter,
                limiter=self.limiter,
                gate=self.gate,
                clock=self.clock,
                new_id=new_id,
                machines=self.machines(),
                tell_recipients=tell_nobody,
                origin=self.rules.origin,
                contact="privacy@example.com",
                operators=("olga@example.com",),
            )
        )

    def machines(self) -> Machines:
        """Return what a granted request sets going."""
        return Machines(
            erasures=self.erasures, parts=self.part_erasures, exports=self.exports, choices=self.choices,
            mails=(self.letters.forget, self.newsletter.forget_address),
        )  # fmt: skip

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
async def open_house(folder: Path, *, mongo_uri: str = "", mongo_name: str = "") -> AsyncIterator[House]:
    """Open a house on SQLite, or on a database at a MongoDB server."""
    clock = MovingClock()
    keys = await open_file_keys(folder / "keys", b"")
    if mongo_uri:
        database = await open_mongo(mongo_uri, mongo_name, keys, clock)
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
        keys=keys,
        folder=folder,
    )
    yield opened
    await opened.accounts.settle()
    await opened.notices.settle()
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
    mongo: dict[str, str] = {}
    if request.param == "mongo":
        mongo = {name: request.getfixturevalue(name) for name in ("mongo_uri", "mongo_name")}
    async with open_house(tmp_path, **mongo) as opened:
        yield opened


LEASE_OVER = {"seconds": (RULES.lease + timedelta(seconds=1)).total_seconds()}
