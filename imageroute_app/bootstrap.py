"""Open the services on the adapters that the settings ask for: the only place that picks adapters.

Adapters that need a setting are imported when it is there: their vendors' libraries cost a quarter of a second at every start.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from uuid_utils import uuid7

from imageroute_app.adapters.backups.folders import drop_old, new_shelf, newest_shelf
from imageroute_app.adapters.backups.strongbox import KeyStrongbox
from imageroute_app.adapters.database.sqlite.database import open_sqlite
from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.editions import FOLDER as EDITIONS
from imageroute_app.adapters.editions import LIST as EDITIONS_LIST
from imageroute_app.adapters.editions import read_editions
from imageroute_app.adapters.findings import BUILT, REVIEWS, read_built, read_reviews
from imageroute_app.adapters.identity.passkeys import WebAuthnCeremony
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.credential import Credential
from imageroute_app.adapters.imaging.finish import PooledImaging, open_imaging
from imageroute_app.adapters.keys.files import FileKeys, open_file_keys
from imageroute_app.adapters.keys.tombstones import FileTombstones
from imageroute_app.adapters.keys.wrapping import begin_rotation, end_rotation
from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.moderation import prompt_rules
from imageroute_app.adapters.payments.closed import NoPayments
from imageroute_app.adapters.payments.packs import read_packs
from imageroute_app.adapters.payments.sandbox import SandboxPayments
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.receipts import ReceiptSigner
from imageroute_app.adapters.registry import catalogues, open_providers
from imageroute_app.adapters.throttle import MovingWindow, open_limiter
from imageroute_app.adapters.workers import PRELOADED, WorkerPool
from imageroute_app.domain.arrivals import domain_of
from imageroute_app.domain.backups import Strongbox
from imageroute_app.domain.data_map import RECEIVERS
from imageroute_app.domain.errors import StorageFull, Unavailable
from imageroute_app.domain.policies import Kind
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Fault,
    HostedIdentity,
    ImageProvider,
    KeyStore,
    Mailer,
    MediaStore,
    Payments,
)
from imageroute_app.domain.rules import Rules
from imageroute_app.domain.transfers import OWN
from imageroute_app.egress import guard, hosts_in
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.activity import ActivityLog
from imageroute_app.services.albums import Albums
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.archives import Archives
from imageroute_app.services.arrivals import Arrivals
from imageroute_app.services.banners import Banners
from imageroute_app.services.billing import Billing, Counter, open_billing
from imageroute_app.services.bounces import Bounces
from imageroute_app.services.case_office import Office, World, open_office
from imageroute_app.services.checks import Checks
from imageroute_app.services.checks_data import data_checks
from imageroute_app.services.checks_facts import facts_checks
from imageroute_app.services.checks_house import house_checks
from imageroute_app.services.checks_rights import rights_checks
from imageroute_app.services.choice_log import Edition, ShownEdition
from imageroute_app.services.choices import Choices
from imageroute_app.services.desk import TellRecipients
from imageroute_app.services.disclosures import DisclosingMailer, Disclosures, Receiver
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
from imageroute_app.services.inactivity import Inactivity
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.last_seen import last_seen
from imageroute_app.services.mails import CarefulMailer, MailQueue, QuietAddresses
from imageroute_app.services.new_address import NewAddress
from imageroute_app.services.newcomers import Newcomers
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
from imageroute_app.services.provider_copies import ProviderCopies
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.recipients import Recipients
from imageroute_app.services.rendering import renderer
from imageroute_app.services.restore import is_free
from imageroute_app.services.retention import Purge, Retention
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
from imageroute_app.settings import ROOT, Settings

if TYPE_CHECKING:
    from imageroute_app.adapters.dispatch.redis import RedisDispatcher
    from imageroute_app.adapters.keys.mongo import MongoKeys
    from imageroute_app.adapters.keys.mongo_tombstones import MongoTombstones
    from imageroute_app.adapters.payments.dodo import DodoPayments

log = logging.getLogger(__name__)

__all__ = [
    "EDITIONS",
    "EDITIONS_LIST",
    "begin_rotation",
    "drop_old",
    "end_rotation",
    "new_id",
    "new_shelf",
    "newest_shelf",
    "open_guarded",
    "open_services",
    "open_stores",
    "read_editions",
    "services",
    "use_services",
    "utc_now",
]

MAIL_NUMBERS = "mail-numbers"
STAMP = ROOT / ".web" / "build" / "sources.sha256"


@dataclass(slots=True)
class _Opened:
    """The one set of services of this process."""

    services: Services | None = None


_opened = _Opened()


def services() -> Services:
    """Return the services of this process; raises RuntimeError before they are open."""
    if _opened.services is None:
        raise RuntimeError("the services are not open yet")
    return _opened.services


def use_services(replacement: Services | None) -> None:
    """Make these the services of this process; tests hand in theirs."""
    _opened.services = replacement


def utc_now() -> datetime:
    """Return the time; nothing else in the product reads a clock."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a time-ordered id of 32 hexadecimal digits (RFC 9562 version 7)."""
    return uuid7().hex


def open_signing(settings: Settings, clock: Clock = utc_now) -> Credential:
    """Return what marks are signed with; raises Unavailable with the cure when the certificate of the settings is wrong."""
    return open_credential(settings.data_dir / "provenance", clock, settings.c2pa_certificate, settings.c2pa_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What holds an installation's data, without the services on it: for backups, moves and checks."""

    database: Database
    media: MediaStore
    keys: "FileKeys | MongoKeys"
    tombstones: "FileTombstones | MongoTombstones"
    strongbox: Strongbox

    async def close(self) -> None:
        """Let go of everything."""
        await self.media.close()
        await self.database.close()
        await self.keys.close()
        await self.tombstones.close()


async def open_stores(settings: Settings, *, clock: Clock = utc_now) -> Stores:
    """Open the stores that the settings ask for, also while a restore is on its way; what this returns must be closed."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as so_far:  # what is open is let go of when the next cannot be opened
        keys = await _open_keys(settings)
        so_far.push_async_callback(keys.close)
        database = await _open_database(settings, keys, clock)
        so_far.push_async_callback(database.close)
        media = await open_media(settings, clock)
        so_far.pop_all()
    return Stores(
        database=database,
        media=media,
        keys=keys,
        tombstones=_open_tombstones(settings),
        strongbox=KeyStrongbox(keys),
    )


async def open_embedded(settings: Settings, *, clock: Clock = utc_now) -> Stores:
    """Open the stores of the data folder, also when the settings ask for MongoDB."""
    return await open_stores(replace(settings, mongodb_uri=""), clock=clock)


async def probe_rights(settings: Settings) -> str:
    """Return what is too much or too open about the MongoDB connection, in words; empty when nothing is. Raises Unavailable."""
    from imageroute_app.adapters.database.mongo.rights import too_much

    return await too_much(settings.mongodb_uri, settings.mongodb_database)


async def probe_counters(settings: Settings) -> None:
    """Count one try; raises Unavailable when Redis does not answer."""
    limiter = open_limiter(settings.redis_url)
    try:
        await limiter.hit("doctor", new_id(), limit=1, window_s=1)
    finally:
        await limiter.close()


async def probe_mail(settings: Settings) -> None:
    """Greet the mail server and sign in; raises Unavailable."""
    from imageroute_app.adapters.mail.smtp import SmtpMailer

    await SmtpMailer(settings.smtp_url, settings.mail_from).probe()


async def probe_payments(settings: Settings) -> str:
    """Return what the operator has to mend so that Dodo sells our packs, empty when nothing; raises Unavailable."""
    payments = _open_dodo(settings, utc_now)
    try:
        return await payments.probe(read_packs())
    finally:
        await payments.close()


async def probe_identity(settings: Settings) -> str:
    """Return what the operator has to mend about the sign-in service, empty when nothing is; raises Unavailable."""
    from imageroute_app.adapters.identity.clerk_wire import Misconfigured

    identity = _open_identity(settings, utc_now)
    if identity is None:
        return ""
    try:
        await identity.probe()
    except Misconfigured as error:
        return error.cure
    finally:
        await identity.close()
    return ""


async def open_drill(folder: Path, stores: Stores, *, clock: Clock = utc_now) -> Stores:
    """Open empty stores in a folder, with the keys and the notes of an installation, to try a backup on; SQLite and disk."""
    return replace(
        stores,
        database=await open_sqlite(folder / "imageroute.db", stores.keys, clock),
        media=await open_local_media(folder / "media"),
    )


async def refuse_half_restored(database: Database, clock: Clock) -> None:
    """Raise Unavailable while a backup is being put back, so that nobody is served before the erased are erased again."""
    if not await is_free(database, clock):
        raise Unavailable("A backup is only half put back: run the command that puts it back again, to its end.")


async def open_services(  # noqa: PLR0915  # one a service, in the order they need each other
    settings: Settings, *, clock: Clock = utc_now
) -> Services:
    """Open everything the settings ask for; what this returns must be closed."""
    adapters = await _open_adapters(settings, clock)
    settings = adapters.settings
    rules, fault = _rules(settings), _fault(settings)
    activity = ActivityLog(database=adapters.database, clock=clock, new_id=new_id)
    gate = Gate(database=adapters.database, clock=clock, noted=activity.changed)
    notices = Notices(
        database=adapters.database,
        mailer=adapters.mailer,
        clock=clock,
        new_id=new_id,
        rules=rules,
        tell_pages=adapters.dispatcher.changed,
    )
    newcomers = _newcomers(settings, adapters, clock)
    policies = Policies(
        database=adapters.database,
        newcomers=newcomers,
        arrivals=adapters.arrivals,
        editions=read_editions(settings.test_editions or EDITIONS),
        tell=notices.tell,
        clock=clock,
        new_id=new_id,
    )
    entries = Entries(activity=activity, notices=notices, came=last_seen(adapters.database, clock))
    two_steps, passkeys = _factors(adapters, entries, clock, rules)
    opening = Opening(database=adapters.database, new_id=new_id, rules=rules, opened=policies.opened)
    hosted = _hosted(adapters, opening, entries, clock, rules)
    doors = _Doors(opening=opening, two_steps=two_steps, hosted=hosted)
    accounts = _accounts(adapters, entries, doors, clock, rules)
    notes = EraseNotes(keys=adapters.keys, tombstones=adapters.tombstones, clock=clock)
    newsletter = _newsletter(adapters, notes, clock, rules)
    mails = (adapters.post.forget, adapters.quiet.forget)
    routing = Routing(
        database=adapters.database,
        providers=adapters.providers,
        clock=clock,
        rules=rules,
        newcomers=newcomers,
        noted=activity.changed,
    )
    recipes = Recipes(database=adapters.database, routing=routing, read_marks=adapters.imaging.read_marks, clock=clock)
    archives, shares = _archives(adapters, recipes, clock), _shares(adapters, clock, gate, activity)
    worker = _export_worker(settings, adapters, recipes, notices, clock)
    exports = Exports(database=adapters.database, media=adapters.media, worker=worker, clock=clock, new_id=new_id)
    choices, statistics, training = _decisions(adapters, gate, policies, activity, clock)
    copies = ProviderCopies(database=adapters.database, providers=routing.providers, clock=clock)
    gallery = Gallery(
        database=adapters.database,
        media=adapters.media,
        clock=clock,
        forget=(
            archives.forget,
            shares.forget,
            exports.forget_picture,
            choices.end_training,
            notes.image,
        ),
        trashed=(choices.end_training,),
        elsewhere=(copies.forget_image,),
    )
    selection = Selection(database=adapters.database, gallery=gallery, clock=clock)
    uploads = _uploads(adapters, notices, notes, clock, rules, gate)
    spending = Spending(database=adapters.database, notices=notices, clock=clock, noted=activity.changed)
    jobs = _jobs(adapters, routing, gate, spending, clock, rules, fault)
    billing = _billing(settings, adapters, notices, gate, clock)
    new_address = NewAddress(
        database=adapters.database,
        mailer=adapters.mailer,
        limiter=adapters.limiter,
        entries=entries,
        newsletter_follows=newsletter.follow,
        tell_recipients=billing.tell,
        clock=clock,
        new_id=new_id,
        origin=settings.origin,
    )
    outside = Outside(
        files=(exports.forget,),
        mails=(adapters.outbox.forget, newsletter.forget_address, *mails),
        payments=billing.forget,
        identity=hosted.forget if hosted is not None else None,
        recipients=_recipients(settings, adapters.mailer),
        copies=copies,
    )
    parts = PartSteps(
        database=adapters.database,
        media=adapters.media,
        gallery=gallery,
        uploads=uploads,
        newsletter=newsletter,
        notes=notes,
    )
    steps = _erasure_steps(adapters, notes, jobs, outside, parts, clock)
    erasures = _erasures(settings, adapters, steps, notices, gate, clock, rules, fault)
    holdings = Holdings(database=adapters.database, newsletter=newsletter)
    part_erasures = PartErasures(
        database=adapters.database, erasures=erasures, steps=steps, holdings=holdings, clock=clock, new_id=new_id
    )
    machines = Machines(erasures=erasures, parts=part_erasures, exports=exports, choices=choices, mails=outside.mails)
    office = _office(settings, adapters, notices, newsletter, gate, billing.tell, machines, clock)
    outside.cases.append(office.traces.forget)
    if hosted is not None:
        hosted.erase_with(_eraser(erasures))
        hosted.readdress_with(newsletter.follow)
        erasures.leave_with(hosted.left)
    cases = (office.clock.ring, office.clock.purge)
    purges = (
        exports.purge,
        archives.purge,
        shares.purge,
        uploads.sweep,
        uploads.remind,
        notices.deliver,
        activity.sweep,
        statistics.roll_up,
        newsletter.sweep,
        adapters.quiet.sweep,
        *cases,
        policies.announce,
        Inactivity(database=adapters.database, notices=notices, erasures=erasures, gate=gate, clock=clock).sweep,
        notes.sweep,
        erasures.purge,
        *billing.sweeps,
    )

    retention = _retention(adapters, gallery, clock, purges)

    async def close() -> None:
        await accounts.settle()
        await new_address.settle()
        if hosted is not None:
            await hosted.settle()
        await notices.settle()
        await newsletter.settle()
        await archives.settle()
        await worker.settle()
        await erasures.settle()
        await adapters.post.settle()
        await adapters.close()

    return Services(
        site=_site(settings, adapters.credential),
        rules=rules,
        accounts=accounts,
        presence=Presence(
            database=adapters.database,
            passwords=adapters.passwords,
            two_steps=two_steps,
            passkeys=passkeys,
            limiter=adapters.limiter,
            clock=clock,
            rules=rules,
        ),
        two_steps=two_steps,
        new_address=new_address,
        hosted=hosted,
        passkeys=passkeys,
        gate=gate,
        policies=policies,
        arrivals=adapters.arrivals,
        notices=notices,
        banners=Banners(database=adapters.database, notices=notices, gate=gate, erasures=erasures),
        activity=activity,
        choices=choices,
        statistics=statistics,
        training=training,
        disclosures=Disclosures(database=adapters.database, clock=clock, new_id=new_id),
        mails=adapters.post,
        bounces=Bounces(quiet=adapters.quiet, key=adapters.keys.pepper(MAIL_NUMBERS)),
        newsletter=newsletter,
        newsletter_choice=NewsletterChoice(database=adapters.database, choices=choices, newsletter=newsletter),
        holdings=holdings,
        appeals=Appeals(database=adapters.database, clock=clock),
        office=office,
        billing=billing,
        spending=spending,
        runner=_runner(adapters, routing, gate, clock, rules, fault),
        erasures=erasures,
        part_erasures=part_erasures,
        company_answers=CompanyAnswers(database=adapters.database, clock=clock),
        outside=outside,
        jobs=jobs,
        routing=routing,
        gallery=gallery,
        archives=archives,
        exports=exports,
        export_worker=worker,
        provenance=Provenance(imaging=adapters.imaging, limiter=adapters.limiter),
        recipes=recipes,
        shares=shares,
        selection=selection,
        albums=Albums(database=adapters.database, gallery=gallery, selection=selection, clock=clock, new_id=new_id),
        drafts=Drafts(database=adapters.database, clock=clock),
        uploads=uploads,
        retention=retention,
        checks=_checks(settings, adapters, retention, choices, routing, clock),
        database=adapters.database,
        media=adapters.media,
        dispatcher=adapters.dispatcher,
        broker=adapters.dispatcher.broker,
        runs_jobs=not settings.jobs_apart,
        needs_receiver=bool(settings.redis_url),
        sweep_period=timedelta(seconds=settings.sweep_s),
        socket_key=adapters.keys.pepper("socket"),
        receipts=ReceiptSigner(adapters.keys.pepper("receipts")),
        outbox=None if settings.smtp_url else _letters(adapters.outbox, accounts, notices, newsletter),
        start=adapters.start,
        warm=adapters.warm,
        workers_are_warm=adapters.are_warm,
        close=close,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adapters:
    """What the settings asked for, opened; `settings` are without what must wait until people had their notice."""

    settings: Settings
    arrivals: Arrivals
    keys: "FileKeys | MongoKeys"
    database: Database
    limiter: MovingWindow
    pool: WorkerPool
    credential: Credential
    imaging: PooledImaging
    media: MediaStore
    providers: Sequence[ImageProvider]
    dispatcher: "MemoryDispatcher | RedisDispatcher"
    outbox: Outbox
    mailer: Mailer
    post: MailQueue
    quiet: QuietAddresses
    passwords: ArgonPasswords
    identity: HostedIdentity | None
    tombstones: "FileTombstones | MongoTombstones"
    payments: Payments

    async def start(self) -> None:
        await self.dispatcher.start()

    async def warm(self) -> None:
        await self.pool.warm()
        await self.imaging.warm()

    def are_warm(self) -> bool:
        return self.pool.is_warm and self.imaging.is_warm

    async def close(self) -> None:
        await self.dispatcher.stop()
        for provider in self.providers:
            await provider.close()
        await self.media.close()
        await self.imaging.close()
        await self.pool.close()
        await self.database.close()
        await self.keys.close()
        await self.tombstones.close()
        await self.limiter.close()
        await self.payments.close()
        if self.identity is not None:
            await self.identity.close()


async def _open_adapters(settings: Settings, clock: Clock) -> _Adapters:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = await _open_keys(settings)
    database = await _open_database(settings, keys, clock)
    arrivals = arrivals_of(settings, database, clock)
    try:
        await refuse_half_restored(database, clock)
        settings = await _admitted(settings, arrivals)
    except BaseException:
        await database.close()
        await keys.close()
        raise
    pool = WorkerPool(settings.render_workers, preload=(*PRELOADED, "imageroute_app.adapters.providers.sketch.engine"))
    outbox = Outbox(settings.data_dir / "outbox", clock)
    credential = await asyncio.to_thread(open_signing, settings, clock)
    quiet = QuietAddresses(database=database, clock=clock, new_id=new_id)
    mailer = CarefulMailer(_mailer(settings, outbox, database, keys.pepper(MAIL_NUMBERS), clock), quiet)
    return _Adapters(
        settings=settings,
        arrivals=arrivals,
        keys=keys,
        database=database,
        limiter=open_limiter(settings.redis_url),
        pool=pool,
        credential=credential,
        imaging=open_imaging(pool, credential),
        media=await open_media(settings, clock),
        providers=(SketchProvider(pool), *open_providers(settings.provider_keys, settings.provider_urls)),
        dispatcher=_open_dispatcher(settings),
        outbox=outbox,
        mailer=mailer,
        post=MailQueue(
            database=database,
            mailer=mailer,
            clock=clock,
            new_id=new_id,
            is_far=bool(settings.smtp_url),
            fault=_fault(settings),
        ),
        quiet=quiet,
        passwords=ArgonPasswords(),
        identity=_open_identity(settings, clock),
        tombstones=_open_tombstones(settings),
        payments=open_payments(settings, keys, clock),
    )


def arrivals_of(settings: Settings, database: Database, clock: Clock = utc_now) -> Arrivals:
    """Return what keeps services that are new here waiting."""
    hurried = settings.announced_late.split(",")
    return Arrivals(database=database, clock=clock, new_id=new_id, waits=not settings.is_loopback, hurried=hurried)


async def refuse_move(settings: Settings, key: str, database: Database, clock: Clock = utc_now) -> None:
    """Raise Unavailable when data is to be moved to a company that people were not told of 30 days ahead."""
    arrivals = arrivals_of(settings, database, clock)
    await arrivals.admit([one for one in services_in(settings) if one.partition(":")[0] == key])


async def _admitted(settings: Settings, arrivals: Arrivals) -> Settings:
    waiting = await arrivals.admit(services_in(settings))
    return replace(settings, payments="off") if "dodo" in waiting else settings


def services_in(settings: Settings) -> list[str]:
    """Return the keys of the services outside that the settings switch on, as domain/arrivals has them."""
    addresses = {"mail": settings.smtp_url, "database": settings.mongodb_uri, "redis": settings.redis_url}
    own = {"", *map(domain_of, hosts_in(settings.origin))}
    named = [
        f"{kind}:{domain}"
        for kind, address in addresses.items()
        for domain in sorted({domain_of(host.removeprefix("*.")) for host in hosts_in(address)} - own)
    ]
    return [*_receivers(settings), *named]


def open_payments(settings: Settings, keys: KeyStore, clock: Clock = utc_now) -> Payments:
    """Open who sells credits, as the settings ask for."""
    if settings.seller == "sandbox":
        folder = settings.data_dir / "sandbox-payments"
        return SandboxPayments(folder, read_packs(), keys.pepper("sandbox-payments"), clock)
    if settings.seller == "off":
        return NoPayments()
    return _open_dodo(settings, clock)


def _open_dodo(settings: Settings, clock: Clock) -> "DodoPayments":
    from imageroute_app.adapters.payments.dodo import HOSTS, DodoPayments, read_products
    from imageroute_app.adapters.payments.dodo_api import DodoApi
    from imageroute_app.adapters.webhooks import read_secret

    try:
        secrets = [read_secret(part.strip()) for part in settings.dodo_webhook_key.split(",")]
        products = read_products(settings.dodo_products, [pack.id for pack in read_packs()])
    except ValueError as error:
        raise Unavailable(f"IMAGEROUTE_DODO_WEBHOOK_KEY or IMAGEROUTE_DODO_PRODUCTS cannot be used: {error}") from error
    api = DodoApi(settings.dodo_url or HOSTS[settings.dodo_mode], settings.dodo_key)
    return DodoPayments(api, secrets=secrets, products=products, clock=clock)


def _billing(settings: Settings, adapters: _Adapters, notices: Notices, gate: Gate, clock: Clock) -> Billing:
    payments = adapters.payments
    return open_billing(
        Counter(
            database=adapters.database,
            payments=payments,
            sandbox=payments if isinstance(payments, SandboxPayments) else None,
            packs=read_packs(),
            notices=notices,
            limiter=adapters.limiter,
            gate=gate,
            clock=clock,
            new_id=new_id,
            origin=settings.origin,
            accounting_years=settings.accounting_years,
        )
    )


def _jobs(  # noqa: PLR0913, PLR0917  # as open_services has them
    adapters: _Adapters, routing: Routing, gate: Gate, spending: Spending, clock: Clock, rules: Rules, fault: Fault
) -> Jobs:
    return Jobs(
        database=adapters.database,
        routing=routing,
        dispatcher=adapters.dispatcher,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
        fault=fault,
        gate=gate,
        spending=spending,
    )


def _runner(adapters: _Adapters, routing: Routing, gate: Gate, clock: Clock, rules: Rules, fault: Fault) -> Runner:
    return Runner(
        database=adapters.database,
        routing=routing,
        moderation=prompt_rules(),
        imaging=adapters.imaging,
        media=adapters.media,
        dispatcher=adapters.dispatcher,
        clock=clock,
        new_id=new_id,
        rules=rules,
        fault=fault,
        gate=gate,
    )


def _erasures(  # noqa: PLR0913, PLR0917  # what it stands on, in the order of its own parameters
    settings: Settings,
    adapters: _Adapters,
    steps: ErasureSteps,
    notices: Notices,
    gate: Gate,
    clock: Clock,
    rules: Rules,
    fault: Fault,
) -> Erasures:
    return Erasures(
        database=adapters.database,
        steps=steps,
        gate=gate,
        mailer=adapters.post,
        notices=notices,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
        fault=fault,
        watchers=sorted({*_operators(settings), settings.controller_email.casefold()} - {""}),
    )


def _operators(settings: Settings) -> tuple[str, ...]:
    return tuple(filter(None, settings.operators.casefold().split(",")))


def _newcomers(settings: Settings, adapters: _Adapters, clock: Clock) -> Newcomers:
    policies = [model.policy for provider in adapters.providers for model in provider.models() if model.is_networked]
    return Newcomers(
        database=adapters.database,
        companies=[(policy.company, policy.country) for policy in policies],
        clock=clock,
        new_id=new_id,
        waits=not settings.is_loopback,
    )


def _recipients(settings: Settings, mailer: Mailer) -> Recipients:
    pairs = [part.partition("=") for part in settings.privacy_contacts.split(",") if part]
    contacts = {company.strip(): address.strip() for company, _, address in pairs}
    return Recipients(mailer=mailer, contacts=contacts, reply_to=settings.controller_dpo or settings.controller_email)


def _eraser(erasures: Erasures) -> Callable[[str], Awaitable[None]]:
    """Return how an account is erased whose person was deleted at the sign-in service: begun at once, done beside."""

    async def erase(owner: str) -> None:
        erasures.go(await erasures.begin(owner, at_once=True))

    return erase


def _erasure_steps(  # as open_services has them
    adapters: _Adapters, notes: EraseNotes, jobs: Jobs, outside: Outside, parts: PartSteps, clock: Clock
) -> ErasureSteps:
    return ErasureSteps(
        database=adapters.database,
        media=adapters.media,
        keys=adapters.keys,
        notes=notes,
        jobs=jobs,
        outside=outside,
        parts=parts,
        clock=clock,
        new_id=new_id,
    )


def _mailer(settings: Settings, outbox: Outbox, database: Database, marks: bytes, clock: Clock) -> Mailer:
    """Return how mail leaves; what a mail server gets is written down for the person whose address it is."""
    if not settings.smtp_url:
        return outbox
    from imageroute_app.adapters.mail.smtp import SmtpMailer

    host = urlsplit(settings.smtp_url).hostname or "localhost"
    is_here = host in ("localhost", "127.0.0.1", "::1")
    receiver = Receiver(
        key="mail",
        company=host,
        country=OWN if is_here else "Not stated by the operator",
        retention="Retention unknown",
    )
    disclosures = Disclosures(database=database, clock=clock, new_id=new_id)
    smtp = SmtpMailer(settings.smtp_url, settings.mail_from, marks=marks)
    return DisclosingMailer(smtp, disclosures, database, receiver)


def _newsletter(adapters: _Adapters, notes: EraseNotes, clock: Clock, rules: Rules) -> Newsletter:
    return Newsletter(
        database=adapters.database,
        mailer=adapters.mailer,
        post=adapters.post,
        limiter=adapters.limiter,
        key=adapters.keys.pepper("newsletter"),
        clock=clock,
        new_id=new_id,
        rules=rules,
        notes=(notes.subject,),
    )


def _uploads(  # as open_services has them
    adapters: _Adapters, notices: Notices, notes: EraseNotes, clock: Clock, rules: Rules, gate: Gate
) -> Uploads:
    return Uploads(
        database=adapters.database,
        imaging=adapters.imaging,
        media=adapters.media,
        notices=notices,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
        gate=gate,
        forget=(notes.upload,),
    )


def _office(  # noqa: PLR0913, PLR0917  # as open_services has them
    settings: Settings,
    adapters: _Adapters,
    notices: Notices,
    newsletter: Newsletter,
    gate: Gate,
    tell: TellRecipients,
    machines: Machines,
    clock: Clock,
) -> Office:
    return open_office(
        World(
            database=adapters.database,
            media=adapters.media,
            imaging=adapters.imaging,
            mailer=adapters.post,
            notices=notices,
            newsletter=newsletter,
            limiter=adapters.limiter,
            gate=gate,
            clock=clock,
            new_id=new_id,
            machines=machines,
            tell_recipients=tell,
            origin=settings.origin,
            contact=settings.controller_email,
            operators=_operators(settings),
            own=(parseaddr(settings.mail_from)[1],),
        )
    )


def _factors(adapters: _Adapters, entries: Entries, clock: Clock, rules: Rules) -> tuple[TwoSteps, Passkeys]:
    database, limiter = adapters.database, adapters.limiter
    two_steps = TwoSteps(
        database=database,
        limiter=limiter,
        entries=entries,
        key=adapters.keys.pepper("second-step"),
        clock=clock,
        rules=rules,
    )
    passkeys = Passkeys(
        database=database,
        ceremony=WebAuthnCeremony(),
        limiter=limiter,
        entries=entries,
        key=adapters.keys.pepper("passkey"),
        clock=clock,
        new_id=new_id,
    )
    return two_steps, passkeys


def _hosted(adapters: _Adapters, opening: Opening, entries: Entries, clock: Clock, rules: Rules) -> Hosted | None:
    if adapters.identity is None:
        return None
    return Hosted(
        database=adapters.database,
        identity=adapters.identity,
        opening=opening,
        entries=entries,
        key=adapters.keys.pepper("door"),
        clock=clock,
        new_id=new_id,
        rules=rules,
    )


def _open_identity(settings: Settings, clock: Clock) -> HostedIdentity | None:
    """Return the sign-in service of the settings; raises Unavailable with the cure when its public key is none."""
    if not settings.clerk_publishable_key:
        return None
    from imageroute_app.adapters.identity.clerk import Clerk, ClerkKeys

    keys = ClerkKeys(
        publishable=settings.clerk_publishable_key,
        secret=settings.clerk_secret_key,
        webhook=settings.clerk_webhook_secret,
        jwt=settings.clerk_jwt_key,
        api_url=settings.clerk_api_url,
        frontend_url=settings.clerk_frontend_url,
        portal_url=settings.clerk_portal_url,
    )
    try:
        return Clerk(keys, origins=settings.allowed_origins, clock=clock)
    except ValueError as error:
        raise Unavailable("IMAGEROUTE_CLERK_JWT_KEY cannot be read: copy it whole, or leave it empty.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doors:
    """By which an account comes to be."""

    opening: Opening
    two_steps: TwoSteps
    hosted: Hosted | None


def _accounts(adapters: _Adapters, entries: Entries, doors: _Doors, clock: Clock, rules: Rules) -> Accounts:
    return Accounts(
        database=adapters.database,
        passwords=adapters.passwords,
        mailer=adapters.post,
        quiet=adapters.quiet,
        limiter=adapters.limiter,
        entries=entries,
        clock=clock,
        new_id=new_id,
        rules=rules,
        two_steps=doors.two_steps,
        opening=doors.opening,
        hosted=doors.hosted,
    )


def _archives(adapters: _Adapters, recipes: Recipes, clock: Clock) -> Archives:
    return Archives(
        database=adapters.database,
        media=adapters.media,
        strongbox=KeyStrongbox(adapters.keys, "archive"),
        recipes=recipes,
        render=renderer(adapters.imaging),
        clock=clock,
        new_id=new_id,
    )


def _export_worker(
    settings: Settings, adapters: _Adapters, recipes: Recipes, notices: Notices, clock: Clock
) -> ExportWorker:
    site = _site(settings, adapters.credential)
    report = Report(
        controller_name=site.controller_name,
        controller_address=site.controller_address,
        controller_email=site.controller_email,
        receivers=site.receivers,
        data_contact=site.data_contact,
        origin=settings.origin,
    )
    collector = Collector(
        database=adapters.database,
        media=adapters.media,
        imaging=adapters.imaging,
        recipes=recipes,
        report=report,
        clock=clock,
    )
    return ExportWorker(
        database=adapters.database,
        media=adapters.media,
        collector=collector,
        report=report,
        notices=notices,
        tell=adapters.dispatcher.changed,
        clock=clock,
        new_id=new_id,
        fault=_fault(settings),
    )


def _shares(adapters: _Adapters, clock: Clock, gate: Gate, activity: ActivityLog) -> Shares:
    return Shares(
        database=adapters.database,
        media=adapters.media,
        passwords=adapters.passwords,
        limiter=adapters.limiter,
        key=adapters.keys.pepper("share"),
        clock=clock,
        new_id=new_id,
        gate=gate,
        noted=activity.changed,
    )


def _retention(adapters: _Adapters, gallery: Gallery, clock: Clock, purges: Sequence[Purge]) -> Retention:
    async def purge_outbox(age: timedelta) -> int:
        return await adapters.outbox.purge(older_than=clock() - age)

    return Retention(
        database=adapters.database,
        gallery=gallery,
        purge_outbox=purge_outbox,
        clock=clock,
        new_id=new_id,
        purges=purges,
    )


def _checks(
    settings: Settings, adapters: _Adapters, retention: Retention, choices: Choices, routing: Routing, clock: Clock
) -> Checks:
    """Return what watches the promises; `built.json` is what the tests of this release found."""
    database, reviews = adapters.database, read_reviews(REVIEWS)
    house = house_checks(
        tables=database.tables,
        retention=retention,
        controller=settings.controller_name,
        reviews=reviews,
        clock=clock,
    )
    data = data_checks(database=database, media=adapters.media, imaging=adapters.imaging, log=choices.log)
    rights = rights_checks(database=database, clock=clock)
    facts = facts_checks(policies=[model.policy for model in routing.models()], clock=clock)
    return Checks(
        [*house, *facts, *data, *rights],
        database=database,
        built=read_built(BUILT),
        reviews=reviews,
        clock=clock,
        new_id=new_id,
    )


def _open_dispatcher(settings: Settings) -> "MemoryDispatcher | RedisDispatcher":
    if not settings.redis_url:
        return MemoryDispatcher()
    from imageroute_app.adapters.dispatch.redis import RedisDispatcher

    return RedisDispatcher(settings.redis_url)


async def _open_keys(settings: Settings) -> "FileKeys | MongoKeys":
    if settings.mongodb_uri:
        from imageroute_app.adapters.keys.mongo import open_mongo_keys

        return await open_mongo_keys(
            settings.mongodb_uri,
            f"{settings.mongodb_database}_keys",
            settings.master_key_bytes,
            settings.master_key_previous_bytes,
        )
    folder = settings.data_dir / "keys"
    return await open_file_keys(folder, settings.master_key_bytes, settings.master_key_previous_bytes)


def _open_tombstones(settings: Settings) -> "FileTombstones | MongoTombstones":
    if not settings.mongodb_uri:
        return FileTombstones(settings.data_dir / "tombstones")
    from imageroute_app.adapters.keys.mongo_tombstones import MongoTombstones

    return MongoTombstones(settings.mongodb_uri, f"{settings.mongodb_database}_tombstones")


async def open_media(settings: Settings, clock: Clock = utc_now, *, where: str = "") -> MediaStore:
    """Open where pictures lie: "local" or "cloudinary", by default the one that the settings ask for.

    Raises:
        Unavailable: The disk cannot be used, or Cloudinary refuses the key.
    """
    if where == "local" or not (where or settings.cloudinary_cloud):
        return await open_local_media(settings.data_dir / "media")
    from imageroute_app.adapters.media.account import Access
    from imageroute_app.adapters.media.cloudinary import open_cloudinary_media

    access = Access(
        cloud=settings.cloudinary_cloud,
        key=settings.cloudinary_key,
        secret=settings.cloudinary_secret,
        url=settings.cloudinary_url,
        delivery_url=settings.cloudinary_delivery_url,
    )
    return await open_cloudinary_media(access, clock=clock)


async def _open_database(settings: Settings, keys: KeyStore, clock: Clock) -> Database:
    if settings.mongodb_uri:
        from imageroute_app.adapters.database.mongo.database import open_mongo

        return await open_mongo(settings.mongodb_uri, settings.mongodb_database, keys, clock)
    return await open_sqlite(settings.data_dir / "imageroute.db", keys, clock)


def _letters(
    outbox: Outbox, *senders: Accounts | Notices | Newsletter
) -> Callable[[], Awaitable[Sequence[OutboxLetter]]]:
    async def letters() -> Sequence[OutboxLetter]:
        for sender in senders:
            await sender.settle()
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

    return letters


def _decisions(
    adapters: _Adapters, gate: Gate, policies: Policies, activity: ActivityLog, clock: Clock
) -> tuple[Choices, Statistics, Training]:
    """Open what people decide on, and what depends on it; the gate tells the statistics what was asked for."""
    database = adapters.database
    statistics = Statistics(database=database, gate=gate, clock=clock, new_id=new_id)
    gate.listen(statistics.used)
    choices = Choices(
        database=database,
        clock=clock,
        new_id=new_id,
        edition=_edition(policies),
        forget=(statistics.forget,),
        noted=activity.changed,
    )
    training = Training(database=database, choices=choices, gate=gate, clock=clock, new_id=new_id)
    return choices, statistics, training


def _edition(policies: Policies) -> ShownEdition:
    """Return what a choice is made in front of: the policy in effect then, and the build by the digest of its sources."""
    build = STAMP.read_text()[:12] if STAMP.is_file() else "unbuilt"

    async def shown() -> Edition:
        in_effect = await policies.current(Kind.PRIVACY)
        return Edition(policy_version=in_effect.effective.isoformat(), ui_build=build)

    return shown


def _rules(settings: Settings) -> Rules:
    return Rules(
        origin=settings.origin,
        starter_credits=settings.starter_credits,
        margin=settings.margin,
        jobs_running_per_person=settings.jobs_running_per_person,
        jobs_per_hour=settings.jobs_per_hour,
        lease=timedelta(seconds=settings.lease_s),
        job_deadline=timedelta(seconds=settings.job_deadline_s),
        session_idle=timedelta(days=settings.session_idle_days),
        session_absolute=timedelta(days=settings.session_absolute_days),
        sign_ups_per_hour=settings.sign_ups_per_hour,
        sign_in_tries=settings.sign_in_tries,
    )


def _site(settings: Settings, credential: Credential) -> Site:
    return Site(
        is_loopback=settings.is_loopback,
        origins=settings.allowed_origins,
        controller_name=settings.controller_name,
        controller_address=settings.controller_address,
        controller_email=settings.controller_email,
        controller_dpo=settings.controller_dpo,
        controller_representative=settings.controller_representative,
        proxy_hops=settings.trusted_proxy_hops,
        receivers=_receivers(settings),
        signature=Signature(
            signer=credential.signer,
            is_development=credential.is_development,
            expires_on=credential.expires_at.date(),
        ),
    )


def restore_fault(settings: Settings) -> Fault:
    """Return what happens at the named points of a restore: nothing outside tests."""
    return _fault(settings)


def _receivers(settings: Settings) -> tuple[str, ...]:
    used = {
        "clerk": bool(settings.clerk_publishable_key),
        "cloudinary": bool(settings.cloudinary_cloud),
        "dodo": settings.seller == "dodo",
    }
    return tuple(name for name, is_used in used.items() if is_used)


def hosts_of(settings: Settings) -> frozenset[str]:
    """Return every host that this installation may speak to: those of the companies it uses, and what its settings name."""
    wanted = {*settings.provider_keys, *settings.provider_urls}
    makers = catalogues(lambda provider: provider in wanted)
    hosts = {host for name in _receivers(settings) for host in RECEIVERS[name].hosts}
    hosts |= {host for one in makers for host in (*hosts_in(one.url), *one.key_hosts, *one.download_hosts)}
    values = [getattr(settings, field.name) for field in fields(settings)]
    addresses = [value for value in (*values, *settings.provider_urls.values()) if isinstance(value, str)]
    hosts |= {host for value in addresses if "://" in value for host in hosts_in(value)}
    if settings.clerk_publishable_key:
        from imageroute_app.adapters.identity.clerk import frontend_of

        hosts |= {*hosts_in(frontend_of(settings.clerk_publishable_key))}
    return frozenset({*hosts, settings.host, socket.gethostname()})


async def open_guarded(settings: Settings) -> Services:
    """Open the services of a process that may go nowhere else from now on; every way to start one comes by here."""
    guard(hosts_of(settings))
    return await open_services(settings)


def _fault(settings: Settings) -> Fault:
    """Return what happens at the named points: nothing, or in tests a kill or an error at the point that was asked for."""
    if not settings.test_fault:
        return lambda point: None
    wanted, _, act = settings.test_fault.partition(":")
    marker = Path(settings.data_dir, "fault-done")

    def strike(point: str) -> None:
        if point != wanted or marker.exists():
            return
        marker.touch()
        if act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise StorageFull

    return strike
