"""Our HTTP routes over real adapters: SQLite, local disk, Argon2id, the limiter and the outbox. The clock is the test's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple, cast

import httpx
import pytest
from starlette.applications import Starlette
from uuid_utils import uuid7

from imageroute_app.adapters.backups.strongbox import KeyStrongbox
from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.findings import REVIEWS, read_reviews
from imageroute_app.adapters.identity.passkeys import WebAuthnCeremony
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.finish import open_imaging
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.keys.tombstones import FileTombstones
from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.payments.packs import read_packs
from imageroute_app.adapters.payments.sandbox import SandboxPayments
from imageroute_app.adapters.receipts import ReceiptSigner
from imageroute_app.adapters.throttle import open_limiter
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.bootstrap import read_editions
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.measures import Built
from imageroute_app.domain.ports import Database, HostedIdentity, Imaging, MediaStore
from imageroute_app.domain.rules import Rules
from imageroute_app.routes.api import build_api
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.activity import ActivityLog
from imageroute_app.services.albums import Albums
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.archives import Archives
from imageroute_app.services.arrivals import Arrivals
from imageroute_app.services.banners import Banners
from imageroute_app.services.billing import Counter, open_billing
from imageroute_app.services.bounces import Bounces
from imageroute_app.services.case_office import World, open_office
from imageroute_app.services.checks import Checks
from imageroute_app.services.checks_house import house_checks
from imageroute_app.services.choices import Choices
from imageroute_app.services.disclosures import Disclosures
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.entries import Entries
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_companies import CompanyAnswers
from imageroute_app.services.erasure_steps import ErasureSteps, Outside
from imageroute_app.services.export_collect import Collector
from imageroute_app.services.export_report import Report
from imageroute_app.services.export_worker import ExportWorker
from imageroute_app.services.exports import Exports
from imageroute_app.services.fulfilment import Machines
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.gate import Gate
from imageroute_app.services.holdings import Holdings
from imageroute_app.services.hosted import Hosted
from imageroute_app.services.house import OutboxLetter, Services, Signature, Site
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.mails import MailQueue, QuietAddresses
from imageroute_app.services.new_address import NewAddress
from imageroute_app.services.newsletter import Newsletter
from imageroute_app.services.newsletter_choice import NewsletterChoice
from imageroute_app.services.notices import Notices
from imageroute_app.services.opening import Opening
from imageroute_app.services.part_erasures import PartErasures
from imageroute_app.services.parts import PartSteps
from imageroute_app.services.passkeys import Passkeys
from imageroute_app.services.policies import Policies
from imageroute_app.services.presence import Presence
from imageroute_app.services.provenance import Provenance
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.rendering import renderer
from imageroute_app.services.retention import Retention
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.shares import Shares
from imageroute_app.services.spending import Spending
from imageroute_app.services.statistics import Statistics
from imageroute_app.services.tombstones import EraseNotes
from imageroute_app.services.training import Training
from imageroute_app.services.two_steps import TwoSteps
from imageroute_app.services.uploads import Uploads
from tests.doubles import Bell, MovingClock, NothingFails, ScriptedProvider, no_page, shown_edition, tell_nobody
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


class _Ends(NamedTuple):
    """Where a worker's mail and news go, and its clock."""

    notices: Notices
    bell: Bell
    clock: MovingClock


def _export_worker(
    database: Database, media: MediaStore, imaging: Imaging, recipes: Recipes, ends: _Ends
) -> ExportWorker:
    report = Report(controller_name="", controller_address="", controller_email="", receivers=())
    collector = Collector(
        database=database, media=media, imaging=imaging, recipes=recipes, report=report, clock=ends.clock
    )
    return ExportWorker(
        database=database, media=media, collector=collector, report=report, notices=ends.notices, tell=ends.bell.changed,
        clock=ends.clock, new_id=lambda: uuid7().hex, fault=lambda point: None,
    )  # fmt: skip


@asynccontextmanager
async def open_house(  # noqa: PLR0915  # one a part
    folder: Path, rules: Rules, clock: MovingClock, identity: HostedIdentity | None = None
) -> AsyncIterator[House]:
    """Open everything below a folder."""
    keys = await open_file_keys(folder / "keys", b"")
    database = await open_fresh_sqlite(folder / "house.db", keys, clock)
    media = await open_local_media(folder / "media")
    outbox, limiter, passwords = Outbox(folder / "outbox", clock), open_limiter(""), CountingPasswords()
    bell, gate = Bell(), Gate(database=database, clock=clock)
    provider = ScriptedProvider(read_catalogue(CATALOGUE).models[0])

    async def letters() -> Sequence[OutboxLetter]:
        await accounts.settle()
        await new_address.settle()
        await notices.settle()
        await newsletter.settle()
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

    def new_id() -> str:
        return uuid7().hex

    pool = WorkerPool(1)
    imaging = open_imaging(pool, development_credential())
    notices = Notices(database=database, mailer=outbox, clock=clock, new_id=new_id, rules=rules)
    activity = ActivityLog(database=database, clock=clock, new_id=new_id)
    newsletter = Newsletter(
        database=database, mailer=outbox, limiter=limiter, key=b"n" * 32, clock=clock, new_id=new_id, rules=rules
    )
    uploads = Uploads(
        database=database, imaging=imaging, media=media, notices=notices, limiter=limiter, clock=clock,
        new_id=new_id, rules=rules, gate=gate,
    )  # fmt: skip
    routing = Routing(database=database, providers=(provider,), clock=clock, rules=rules)
    recipes = Recipes(database=database, routing=routing, read_marks=imaging.read_marks, clock=clock)
    archives = Archives(
        database=database, media=media, strongbox=KeyStrongbox(keys, "archive"), recipes=recipes,
        render=renderer(imaging), clock=clock, new_id=new_id,
    )  # fmt: skip
    shares = Shares(
        database=database, media=media, passwords=passwords, limiter=limiter, key=b"s" * 32, clock=clock,
        new_id=new_id, gate=gate, noted=activity.changed,
    )  # fmt: skip
    worker = _export_worker(database, media, imaging, recipes, _Ends(notices, bell, clock))
    exports = Exports(database=database, media=media, worker=worker, clock=clock, new_id=new_id, gigabyte=200_000)
    statistics = Statistics(database=database, gate=gate, clock=clock, new_id=new_id)
    gate.listen(statistics.used)
    choices = Choices(
        database=database, clock=clock, new_id=new_id, forget=(statistics.forget,),
        edition=shown_edition,
    )  # fmt: skip
    gallery = Gallery(
        database=database, media=media, clock=clock, forget=(archives.forget, shares.forget, choices.end_training),
        trashed=(choices.end_training,),
    )  # fmt: skip
    selection = Selection(database=database, gallery=gallery, clock=clock)
    policies = Policies(database=database, editions=read_editions(), tell=notices.tell, clock=clock, new_id=new_id)
    entries = Entries(activity=activity, notices=notices)
    two_steps = TwoSteps(database=database, limiter=limiter, entries=entries, key=b"t" * 32, clock=clock, rules=rules)
    passkeys = Passkeys(
        database=database, ceremony=WebAuthnCeremony(), limiter=limiter, entries=entries, key=b"p" * 32, clock=clock,
        new_id=new_id,
    )  # fmt: skip
    opening = Opening(database=database, new_id=new_id, rules=rules, opened=policies.opened)
    hosted = None
    if identity is not None:
        hosted = Hosted(
            database=database, identity=identity, opening=opening, entries=entries, key=b"h" * 32, clock=clock,
            new_id=new_id, rules=rules,
        )  # fmt: skip
    accounts = Accounts(
        database=database, passwords=passwords, mailer=outbox, limiter=limiter, entries=entries, clock=clock,
        new_id=new_id, rules=rules, two_steps=two_steps, opening=opening, hosted=hosted,
    )  # fmt: skip
    sandbox = SandboxPayments(folder / "sandbox-payments", read_packs(), b"p" * 32, clock)
    billing = open_billing(
        Counter(
            database=database, payments=sandbox, sandbox=sandbox, packs=read_packs(), notices=notices, limiter=limiter,
            gate=gate, clock=clock, new_id=new_id, origin=rules.origin, accounting_years=10,
        )
    )  # fmt: skip
    new_address = NewAddress(
        database=database, mailer=outbox, limiter=limiter, entries=entries, newsletter_follows=newsletter.follow,
        tell_recipients=billing.tell, clock=clock,
        new_id=new_id, origin=rules.origin,
    )  # fmt: skip
    spending = Spending(database=database, notices=notices, clock=clock)
    outside = Outside(
        files=(exports.forget,), mails=(outbox.forget,), pages=[no_page], payments=billing.forget,
        identity=hosted.forget if hosted else None,
    )  # fmt: skip
    jobs = Jobs(
        database=database, routing=routing, dispatcher=bell, limiter=limiter, clock=clock,
        new_id=new_id, rules=rules, fault=lambda point: None, gate=gate, spending=spending,
    )  # fmt: skip
    notes = EraseNotes(keys=keys, tombstones=FileTombstones(folder / "tombstones"), clock=clock)
    parts = PartSteps(
        database=database, media=media, gallery=gallery, uploads=uploads, newsletter=newsletter, notes=notes
    )
    holdings = Holdings(database=database, newsletter=newsletter)
    steps = ErasureSteps(
        database=database, media=media, keys=keys, notes=notes, jobs=jobs,
        outside=outside, parts=parts, clock=clock, new_id=new_id,
    )  # fmt: skip
    erasures = Erasures(
        database=database, steps=steps, gate=gate, mailer=outbox, notices=notices, limiter=limiter, clock=clock, new_id=new_id,
        rules=rules, fault=lambda point: None,
    )  # fmt: skip
    part_erasures = PartErasures(
        database=database, erasures=erasures, steps=steps, holdings=holdings, clock=clock, new_id=new_id
    )
    machines = Machines(
        erasures=erasures, parts=part_erasures, exports=exports, choices=choices, mails=(newsletter.forget_address,)
    )
    if hosted is not None:

        async def erase(owner: str) -> None:
            erasures.go(await erasures.begin(owner, at_once=True))

        hosted.erase_with(erase)
        hosted.readdress_with(newsletter.follow)
        erasures.leave_with(hosted.left)
    office = open_office(
        World(
            database=database, media=media, imaging=imaging, mailer=outbox, notices=notices, newsletter=newsletter,
            limiter=limiter, gate=gate, clock=clock,
            new_id=new_id, machines=machines, tell_recipients=tell_nobody, origin=rules.origin,
            operators=("olga@example.com",),
        )
    )  # fmt: skip
    services = Services(
        site=Site(
            is_loopback=True, origins=(ORIGIN, "http://localhost:3000"), controller_name="",
            controller_address="", controller_email="", proxy_hops=0,
            signature=Signature(signer="A certificate", is_development=True, expires_on=date(2036, 11, 1)),
        ),
        rules=rules,
        accounts=accounts,
        presence=Presence(
            database=database, passwords=passwords, two_steps=two_steps, passkeys=passkeys, limiter=limiter, clock=clock,
            rules=rules,
        ),
        two_steps=two_steps,
        new_address=new_address,
        hosted=hosted,
        passkeys=passkeys,
        gate=gate,
        notices=notices,
        banners=Banners(database=database, notices=notices, gate=gate, erasures=erasures),
        policies=policies,
        arrivals=Arrivals(database=database, clock=clock, new_id=new_id, waits=False),
        activity=activity,
        choices=choices,
        statistics=statistics,
        training=Training(database=database, choices=choices, gate=gate, clock=clock, new_id=new_id),
        disclosures=Disclosures(database=database, clock=clock, new_id=new_id),
        mails=MailQueue(database=database, mailer=outbox, clock=clock, new_id=new_id),
        bounces=Bounces(quiet=QuietAddresses(database=database, clock=clock, new_id=new_id), key=b"m" * 32),
        newsletter=newsletter,
        newsletter_choice=NewsletterChoice(database=database, choices=choices, newsletter=newsletter),
        holdings=holdings,
        part_erasures=part_erasures,
        company_answers=CompanyAnswers(database=database, clock=clock),
        appeals=Appeals(database=database, clock=clock),
        office=office,
        billing=billing,
        spending=spending,
        erasures=erasures,
        outside=outside,
        jobs=jobs,
        runner=cast("Runner", None),
        routing=routing,
        gallery=gallery,
        archives=archives,
        exports=exports,
        export_worker=worker,
        provenance=Provenance(imaging=imaging, limiter=limiter),
        recipes=recipes,
        shares=shares,
        selection=selection,
        albums=Albums(database=database, gallery=gallery, selection=selection, clock=clock, new_id=new_id),
        drafts=Drafts(database=database, clock=clock),
        uploads=uploads,
        retention=Retention(
            database=database, gallery=gallery, purge_outbox=_purge_nothing, clock=clock, new_id=new_id,
            purges=(
                archives.purge, shares.purge, uploads.sweep, uploads.remind, notices.deliver, activity.sweep,
                policies.announce, statistics.roll_up,
                newsletter.sweep, *billing.sweeps,
            ),
        ),
        checks=Checks(
            house_checks(
                tables=database.tables, retention=NothingFails(), controller="", reviews=read_reviews(REVIEWS), clock=clock
            ),
            database=database, built=Built(at=None, failed=frozenset(), tests={}), reviews=read_reviews(REVIEWS), clock=clock,
            new_id=new_id,
        ),
        database=database,
        media=media,
        dispatcher=bell,
        broker=None,
        runs_jobs=True,
        needs_receiver=False,
        sweep_period=timedelta(seconds=2),
        socket_key=b"k" * 32,
        receipts=ReceiptSigner(b"r" * 32),
        outbox=letters,
        start=_nothing,
        warm=_nothing,
        workers_are_warm=lambda: True,
        close=_nothing,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        yield House(services=services, clock=clock, passwords=passwords, folder=folder, stack=stack)
    for part in (accounts, new_address, notices, newsletter, archives, worker, erasures, *([hosted] if hosted else [])):
        await part.settle()
    for adapter in (imaging, pool, database, keys):
        await adapter.close()


async def _nothing() -> None:
    return


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
