"""doctor: looks whether everything that the settings name answers, and says what to do where it does not."""

import argparse
import secrets
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imageroute_app.bootstrap import (
    open_signing,
    open_stores,
    probe_counters,
    probe_identity,
    probe_mail,
    probe_payments,
    probe_rights,
    refuse_half_restored,
    utc_now,
)
from imageroute_app.command.kit import DONE, FAILED, Command, say
from imageroute_app.domain.errors import ImageRouteError, NotFound, Unavailable
from imageroute_app.settings import Settings

FREE_BYTES = 1024**3
SOON_DAYS = 30
NOWHERE = "images/doctor/{name}/original"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found: "ok", "note" for what can stay so, "BAD" for what cannot."""

    state: str
    text: str


Look = Callable[[Settings], Awaitable[Found]]


async def data_folder(settings: Settings) -> Found:
    """Look at the room on the disk."""
    free = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent).free
    text = f"data folder {settings.data_dir}, {free / 1024**3:.1f} GB free"
    return Found("ok", text) if free > FREE_BYTES else Found("BAD", f"{text}: make room, at least 1 GB")


async def stores(settings: Settings) -> Found:
    """Open keys and database, write, store a picture, read it back and delete it."""
    opened = await open_stores(settings)
    try:
        await opened.database.check()
        await refuse_half_restored(opened.database, utc_now)
        await opened.tombstones.marks()
        key, data = NOWHERE.format(name=secrets.token_hex(8)), secrets.token_bytes(64)
        await opened.media.put(key, data, "application/octet-stream")
        back = await opened.media.read([key])
        await opened.media.delete(key)
    finally:
        await opened.close()
    if back != [data]:
        return Found("BAD", "a stored picture does not come back as it was")
    where = "MongoDB" if settings.mongodb_uri else "SQLite"
    pictures = f"Cloudinary ({settings.cloudinary_cloud})" if settings.cloudinary_cloud else "the data folder"
    return Found(
        "ok", f"database {where}: writes; keys fit the master key; pictures in {pictures}: stored, read, deleted"
    )


async def master_key(settings: Settings) -> Found:
    """Look where the master key is kept."""
    if settings.master_key_previous:
        return Found("note", "two master keys are set: run `imageroute keys rotate`, then remove the previous one")
    if settings.master_key:
        return Found("ok", "the master key comes from the settings")
    return Found("note", f"the master key is {settings.data_dir / 'keys' / 'master.key'}: keep a copy in another place")


async def rights(settings: Settings) -> Found:
    """Look at the connection to MongoDB and what its user may do."""
    if not settings.mongodb_uri:
        return Found("ok", "no MongoDB is set: SQLite")
    too_much = await probe_rights(settings)
    return Found("note", too_much) if too_much else Found("ok", "the MongoDB user has no more rights than it needs")


async def counters(settings: Settings) -> Found:
    """Count a try where tries are counted."""
    try:
        await probe_counters(settings)
    except Unavailable:
        return Found("BAD", "Redis does not answer or does not let us in: look at IMAGEROUTE_REDIS_URL")
    return Found("ok", "Redis answers" if settings.redis_url else "no Redis is set: one process")


async def mail(settings: Settings) -> Found:
    """Greet the mail server, and sign in there."""
    if not settings.smtp_url:
        state = "ok" if settings.is_loopback else "BAD"
        return Found(
            state, "no mail server is set: mails stay in the outbox folder" + ("" if state == "ok" else "; set one")
        )
    await probe_mail(settings)
    return Found("ok", "the mail server answers and lets us in; nothing was sent")


async def sign_in(settings: Settings) -> Found:
    """Ask Clerk with our keys, where it is the sign-in service."""
    if not settings.clerk_publishable_key:
        return Found("ok", "no Clerk is set: accounts of this server")
    cure = await probe_identity(settings)
    return Found("BAD", cure) if cure else Found("ok", "Clerk answers and takes our keys")


async def payments(settings: Settings) -> Found:
    """Ask who sells credits for every pack, with our key."""
    if settings.seller != "dodo":
        what = "a sandbox sells credits: no money moves" if settings.seller == "sandbox" else "no credits are sold"
        return Found("ok", what)
    cure = await probe_payments(settings)
    return Found("BAD", cure) if cure else Found("ok", "Dodo Payments takes our key and asks the prices that we show")


async def certificate(settings: Settings) -> Found:
    """Look at the certificate of the marks in pictures."""
    credential = open_signing(settings)
    days = (credential.expires_at - utc_now()).days
    if credential.is_development:
        return Found(
            "note", "marks are signed by a certificate made here: set IMAGEROUTE_C2PA_CERTIFICATE for the public"
        )
    return Found("ok" if days > SOON_DAYS else "BAD", f"marks are signed by {credential.signer}, for {days} more days")


async def public(settings: Settings) -> Found:
    """Look at what an installation for others needs."""
    if settings.is_loopback:
        return Found("ok", f"{settings.origin}: for this machine only")
    if not settings.is_https:
        return Found("BAD", f"{settings.origin} is not https: cookies and pictures would travel in the open")
    if not settings.trusted_proxy_hops:
        return Found("note", "no proxy is trusted: if one stands in front, set IMAGEROUTE_TRUSTED_PROXY_HOPS=1")
    if not settings.operators:
        return Found("note", "nobody answers cases: set IMAGEROUTE_OPERATORS")
    return Found("ok", f"{settings.origin}, operators and proxy are set")


async def providers(settings: Settings) -> Found:
    """Name the providers whose key or address is set; none is asked, because that can cost money."""
    names = sorted({*settings.provider_keys, *settings.provider_urls})
    return Found("ok", f"providers set: {', '.join(names) or 'none, the built-in engine alone'}; not asked")


LOOKS: dict[str, Look] = {
    "disk": data_folder, "stores": stores, "master key": master_key, "rights": rights, "counters": counters, "mail": mail,
    "sign-in": sign_in, "payments": payments,
    "marks": certificate, "public": public, "providers": providers,
}  # fmt: skip


async def doctor(settings: Settings, _options: argparse.Namespace) -> int:
    """Look at everything; returns 1 when something cannot stay as it is."""
    found = [await looked(name, look, settings) for name, look in LOOKS.items()]
    bad = sum(one.state == "BAD" for one in found)
    say("Everything that is set answers." if not bad else f"{bad} of {len(found)} cannot stay as they are.")
    return FAILED if bad else DONE


async def looked(name: str, look: Look, settings: Settings) -> Found:
    """Take one look and say what it found; a look that cannot be taken is BAD."""
    try:
        found = await look(settings)
    except (ImageRouteError, NotFound) as error:
        found = Found("BAD", error.message)
    except OSError as error:
        found = Found("BAD", f"{error.strerror or type(error).__name__}")
    say(f"{found.state:<5} {name:<11} {found.text}")
    return found


DOCTOR_COMMANDS = (
    Command(
        words="doctor", purpose="look whether everything that the settings name answers; says what to do", run=doctor
    ),
)
