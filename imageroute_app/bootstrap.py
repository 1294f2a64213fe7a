"""Open the services on the adapters that the settings ask for: the only place that picks adapters.

Adapters that need a setting are imported when it is there: their vendors' libraries cost a quarter of a second at every start.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from uuid_utils import uuid7

from imageroute_app.adapters.database.sqlite.database import open_sqlite
from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.credential import Credential
from imageroute_app.adapters.imaging.finish import PooledImaging, open_imaging
from imageroute_app.adapters.keys.files import FileKeys, open_file_keys
from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.mail.smtp import SmtpMailer
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.moderation import PromptRules
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.registry import open_providers
from imageroute_app.adapters.throttle import MovingWindow, open_limiter
from imageroute_app.adapters.workers import PRELOADED, WorkerPool
from imageroute_app.domain.errors import StorageFull
from imageroute_app.domain.ports import (
    Clock,
    Database,
    Fault,
    ImageProvider,
    KeyStore,
    Mailer,
    MediaStore,
)
from imageroute_app.domain.rules import Rules
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
from imageroute_app.services.retention import Purge, Retention
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.shares import Shares
from imageroute_app.services.uploads import Uploads
from imageroute_app.settings import Settings

if TYPE_CHECKING:
    from imageroute_app.adapters.dispatch.redis import RedisDispatcher
    from imageroute_app.adapters.keys.mongo import MongoKeys

log = logging.getLogger(__name__)


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


async def open_services(settings: Settings, *, clock: Clock = utc_now) -> Services:
    """Open everything the settings ask for; what this returns must be closed."""
    adapters = await _open_adapters(settings, clock)
    rules, fault = _rules(settings), _fault(settings)
    accounts = _accounts(adapters, clock, rules)
    routing = Routing(database=adapters.database, providers=adapters.providers, clock=clock, rules=rules)
    recipes = Recipes(database=adapters.database, routing=routing, read_marks=adapters.imaging.read_marks, clock=clock)
    archives, shares = _archives(adapters, recipes, clock), _shares(adapters, clock)
    gallery = Gallery(
        database=adapters.database, media=adapters.media, clock=clock, forget=(archives.forget, shares.forget)
    )
    selection = Selection(database=adapters.database, gallery=gallery, clock=clock)
    uploads = _uploads(adapters, clock, rules)
    purges = (archives.purge, shares.purge, uploads.sweep, uploads.remind)

    async def close() -> None:
        await accounts.settle()
        await archives.settle()
        await adapters.close()

    return Services(
        site=_site(settings, adapters.credential),
        rules=rules,
        accounts=accounts,
        appeals=Appeals(database=adapters.database, clock=clock),
        jobs=_jobs(adapters, routing, clock, rules, fault),
        runner=_runner(adapters, routing, clock, rules, fault),
        routing=routing,
        gallery=gallery,
        archives=archives,
        provenance=Provenance(imaging=adapters.imaging, limiter=adapters.limiter),
        recipes=recipes,
        shares=shares,
        selection=selection,
        albums=Albums(database=adapters.database, gallery=gallery, selection=selection, clock=clock, new_id=new_id),
        drafts=Drafts(database=adapters.database, clock=clock),
        uploads=uploads,
        retention=_retention(adapters, gallery, clock, purges),
        database=adapters.database,
        media=adapters.media,
        dispatcher=adapters.dispatcher,
        broker=adapters.dispatcher.broker,
        needs_receiver=bool(settings.redis_url),
        sweep_period=timedelta(seconds=settings.sweep_s),
        socket_key=adapters.keys.pepper("socket"),
        outbox=None if settings.smtp_url else _letters(adapters.outbox, accounts),
        start=adapters.start,
        close=close,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adapters:
    """What the settings asked for, opened."""

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

    async def start(self) -> None:
        await self.dispatcher.start()
        await self.pool.warm()
        await self.imaging.warm()

    async def close(self) -> None:
        await self.dispatcher.stop()
        for provider in self.providers:
            await provider.close()
        await self.media.close()
        await self.imaging.close()
        await self.pool.close()
        await self.database.close()
        await self.keys.close()
        await self.limiter.close()


async def _open_adapters(settings: Settings, clock: Clock) -> _Adapters:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = await _open_keys(settings)
    pool = WorkerPool(settings.render_workers, preload=(*PRELOADED, "imageroute_app.adapters.providers.sketch.engine"))
    outbox = Outbox(settings.data_dir / "outbox", clock)
    credential = await asyncio.to_thread(open_signing, settings, clock)
    return _Adapters(
        keys=keys,
        database=await _open_database(settings, keys, clock),
        limiter=open_limiter(settings.redis_url),
        pool=pool,
        credential=credential,
        imaging=open_imaging(pool, credential),
        media=await open_media(settings, clock),
        providers=(SketchProvider(pool), *open_providers(settings.provider_keys, settings.provider_urls)),
        dispatcher=_open_dispatcher(settings),
        outbox=outbox,
        mailer=SmtpMailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else outbox,
    )


def _jobs(adapters: _Adapters, routing: Routing, clock: Clock, rules: Rules, fault: Fault) -> Jobs:
    return Jobs(
        database=adapters.database,
        routing=routing,
        dispatcher=adapters.dispatcher,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
        fault=fault,
    )


def _runner(adapters: _Adapters, routing: Routing, clock: Clock, rules: Rules, fault: Fault) -> Runner:
    return Runner(
        database=adapters.database,
        routing=routing,
        moderation=PromptRules(),
        imaging=adapters.imaging,
        media=adapters.media,
        dispatcher=adapters.dispatcher,
        clock=clock,
        new_id=new_id,
        rules=rules,
        fault=fault,
    )


def _uploads(adapters: _Adapters, clock: Clock, rules: Rules) -> Uploads:
    return Uploads(
        database=adapters.database,
        imaging=adapters.imaging,
        media=adapters.media,
        mailer=adapters.mailer,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
    )


def _accounts(adapters: _Adapters, clock: Clock, rules: Rules) -> Accounts:
    return Accounts(
        database=adapters.database,
        passwords=ArgonPasswords(),
        mailer=adapters.mailer,
        limiter=adapters.limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
    )


def _archives(adapters: _Adapters, recipes: Recipes, clock: Clock) -> Archives:
    return Archives(
        database=adapters.database,
        media=adapters.media,
        recipes=recipes,
        render=renderer(adapters.imaging),
        clock=clock,
        new_id=new_id,
    )


def _shares(adapters: _Adapters, clock: Clock) -> Shares:
    return Shares(
        database=adapters.database,
        media=adapters.media,
        passwords=ArgonPasswords(),
        limiter=adapters.limiter,
        key=adapters.keys.pepper("share"),
        clock=clock,
        new_id=new_id,
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


def _open_dispatcher(settings: Settings) -> "MemoryDispatcher | RedisDispatcher":
    if not settings.redis_url:
        return MemoryDispatcher()
    from imageroute_app.adapters.dispatch.redis import RedisDispatcher

    return RedisDispatcher(settings.redis_url)


async def _open_keys(settings: Settings) -> "FileKeys | MongoKeys":
    if settings.mongodb_uri:
        from imageroute_app.adapters.keys.mongo import open_mongo_keys

        return await open_mongo_keys(
            settings.mongodb_uri, f"{settings.mongodb_database}_keys", settings.master_key_bytes
        )
    return await open_file_keys(settings.data_dir / "keys", settings.master_key_bytes)


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


def _letters(outbox: Outbox, accounts: Accounts) -> Callable[[], Awaitable[Sequence[OutboxLetter]]]:
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

    return letters


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
        proxy_hops=settings.trusted_proxy_hops,
        receivers=("cloudinary",) if settings.cloudinary_cloud else (),
        signature=Signature(
            signer=credential.signer,
            is_development=credential.is_development,
            expires_on=credential.expires_at.date(),
        ),
    )


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
