"""Open the services on the adapters that the settings ask for: the only place that picks adapters."""

import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uuid_utils import uuid7

from imageroute_app.adapters.database.mongo.database import open_mongo
from imageroute_app.adapters.database.sqlite.database import open_sqlite
from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.dispatch.redis import RedisDispatcher
from imageroute_app.adapters.identity.passwords import ArgonPasswords
from imageroute_app.adapters.imaging.finish import open_imaging
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.keys.mongo import open_mongo_keys
from imageroute_app.adapters.mail.outbox import Outbox
from imageroute_app.adapters.mail.smtp import SmtpMailer
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.throttle import open_limiter
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.domain.errors import StorageFull
from imageroute_app.domain.ports import Database, Fault, KeyStore, Mailer
from imageroute_app.domain.rules import Rules
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.house import OutboxLetter, Services, Site
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.retention import Retention
from imageroute_app.services.runner import Runner
from imageroute_app.settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Opened:
    """The one set of services of this process."""

    services: Services | None = None
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


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


async def open_services(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> Services:
    """Open everything the settings ask for; what this returns must be closed."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = await _open_keys(settings)
    database = await _open_database(settings, keys, clock)
    limiter = open_limiter(settings.redis_url)
    pool = WorkerPool(settings.render_workers)
    imaging = open_imaging(pool)
    media = await open_local_media(settings.data_dir / "media")
    providers = (SketchProvider(pool),)
    dispatcher = RedisDispatcher(settings.redis_url) if settings.redis_url else MemoryDispatcher()
    outbox = Outbox(settings.data_dir / "outbox", clock)
    mailer: Mailer = SmtpMailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else outbox
    rules, fault = _rules(settings), _fault(settings)
    gallery = Gallery(database=database, media=media, clock=clock)
    accounts = Accounts(
        database=database,
        passwords=ArgonPasswords(),
        mailer=mailer,
        limiter=limiter,
        clock=clock,
        new_id=new_id,
        rules=rules,
    )

    async def purge_outbox(age: timedelta) -> int:
        return await outbox.purge(older_than=clock() - age)

    async def start() -> None:
        await dispatcher.start()
        await pool.warm()

    async def close() -> None:
        await accounts.settle()
        await dispatcher.stop()
        for provider in providers:
            await provider.close()
        await imaging.close()
        await pool.close()
        await database.close()

    return Services(
        site=_site(settings),
        rules=rules,
        accounts=accounts,
        jobs=Jobs(
            database=database,
            providers=providers,
            dispatcher=dispatcher,
            limiter=limiter,
            clock=clock,
            new_id=new_id,
            rules=rules,
            fault=fault,
        ),
        runner=Runner(
            database=database,
            providers=providers,
            imaging=imaging,
            media=media,
            dispatcher=dispatcher,
            clock=clock,
            new_id=new_id,
            rules=rules,
            fault=fault,
        ),
        gallery=gallery,
        drafts=Drafts(database=database, clock=clock),
        retention=Retention(
            database=database, gallery=gallery, purge_outbox=purge_outbox, clock=clock, new_id=new_id
        ),
        database=database,
        media=media,
        dispatcher=dispatcher,
        broker=dispatcher.broker,
        needs_receiver=bool(settings.redis_url),
        sweep_period=timedelta(seconds=settings.sweep_s),
        socket_key=keys.pepper("socket"),
        outbox=None if settings.smtp_url else _letters(outbox),
        start=start,
        close=close,
    )


async def _open_keys(settings: Settings) -> KeyStore:
    if settings.mongodb_uri:
        return await open_mongo_keys(
            settings.mongodb_uri, f"{settings.mongodb_database}_keys", settings.master_key_bytes
        )
    return await open_file_keys(settings.data_dir / "keys", settings.master_key_bytes)


async def _open_database(settings: Settings, keys: KeyStore, clock: Callable[[], datetime]) -> Database:
    if settings.mongodb_uri:
        return await open_mongo(settings.mongodb_uri, settings.mongodb_database, keys, clock)
    return await open_sqlite(settings.data_dir / "imageroute.db", keys, clock)


def _letters(outbox: Outbox) -> Callable[[], Awaitable[Sequence[OutboxLetter]]]:
    async def letters() -> Sequence[OutboxLetter]:
        return [
            OutboxLetter(
                id=mail.id, to=mail.to, subject=mail.subject, text=mail.text, link=mail.link, sent_at=mail.sent_at.isoformat()
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


def _site(settings: Settings) -> Site:
    return Site(
        is_loopback=settings.is_loopback,
        origins=settings.allowed_origins,
        controller_name=settings.controller_name,
        controller_address=settings.controller_address,
        controller_email=settings.controller_email,
        proxy_hops=settings.trusted_proxy_hops,
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
