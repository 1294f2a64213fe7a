"""A Cloudinary account through the vendor's SDK: uploads, deletions, backups and listings of raw, authenticated objects.

Principles: the SDK's own settings are never used, every call names the account, the type and its timeouts, because the
SDK's default type is public and its default timeout is none. It is synchronous and runs in a bounded pool of threads of
its own. Its errors carry parts of answers, so they are translated here and never logged.
Checked against SDK 1.46.3 and the vendor's documentation on 2026-11-26.
"""

import asyncio
import functools
import hashlib
import io
import logging
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import cloudinary
from cloudinary import exceptions
from urllib3 import Timeout

from imageroute_app.domain.errors import ImageRouteError, NotFound, StorageFull, Unavailable
from imageroute_app.domain.ports import Clock

THREADS = 8
# The SDK builds its connection pools from these when its modules are first imported: no hidden repeats, a socket a thread.
_pool: dict[str, Any] = cloudinary.CERT_KWARGS
_pool.update(retries=False, maxsize=THREADS, block=True)

from cloudinary import api, uploader, utils  # noqa: E402

log = logging.getLogger(__name__)

TIMEOUT = Timeout(connect=5, read=60)
TRIES, PAUSE_S = 2, 0.5
PART_BYTES = 20_000_000  # a larger object is sent in parts; one request may hold 100 MB
LISTED_AT_ONCE = 500  # the most that a listing gives
RATE_WAIT_S, RATE_WAIT_MAX_S = 60, 3600
CONFIGURED_WAIT_S = 300
RAW = {"resource_type": "raw", "type": "authenticated"}
"""Raw, because a picture may be re-encoded or stripped by settings of the account, and a raw object never is;
authenticated, because the default type is public."""
OUR_ERRORS = (
    exceptions.NotFound,
    exceptions.RateLimited,
    exceptions.BadRequest,
    exceptions.NotAllowed,
    exceptions.AuthorizationRequired,
    exceptions.AlreadyExists,
)
FULL = re.compile(r"quota|(?<!retries )exceeded|too large|storage limit", re.IGNORECASE)
"""What the vendor says of a full account; urllib3 says "Max retries exceeded" where nobody answered."""
RATE_RESET = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
BUSY = "Our picture storage does not answer. Nothing was lost; try again in a moment."
CLEARING = "Copies are still being cleared. The rest goes by itself; nothing more is needed."

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which account, by its cloud name and key; `url` and `delivery_url` stand in for the vendor's own hosts."""

    cloud: str
    key: str
    secret: str = field(repr=False)
    url: str = ""
    delivery_url: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """What every call of the SDK is handed, so that nothing of the environment counts."""
        return {
            "cloud_name": self.cloud,
            "api_key": self.key,
            "api_secret": self.secret,
            "oauth_token": None,
            "upload_prefix": self.url.rstrip("/") or "https://api.cloudinary.com",
            "signature_algorithm": "sha1",
            "signature_version": 2,
            "timeout": TIMEOUT,
        }

    def signed_url(self, public_id: str) -> str:
        """Return the address at which an object is delivered; it holds as long as the object does, so it never leaves us."""
        url, _ = utils.cloudinary_url(
            public_id,
            **RAW,
            cloud_name=self.cloud,
            api_secret=self.secret,
            sign_url=True,
            long_url_signature=True,
            auth_token=False,
            force_version=True,
            secure=True,
            private_cdn=False,
            secure_distribution="res.cloudinary.com",
            cname="",
        )
        path = urlsplit(url).path.removeprefix(f"/{self.cloud}")
        return (self.delivery_url.rstrip("/") or f"https://res.cloudinary.com/{self.cloud}") + path


class Account:
    """The calls of one account; every verb raises Unavailable, with the seconds to wait where the vendor says them."""

    def __init__(self, access: Access, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._access, self._clock, self._sleep = access, clock, sleep
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cloudinary")
        self._has_folders: bool | None = None
        self._admin_again_at = clock()

    async def check(self) -> None:
        """Raise Unavailable with the cure when the account refuses the key; an outage passes, it may be over soon."""
        try:
            await self._call(api.ping)
        except _Refused:
            raise
        except Unavailable:
            log.warning("media.unreachable")

    async def upload(self, public_id: str, data: bytes) -> None:
        """Store the bytes, overwriting, without a backup copy; what arrived is compared with what was sent.

        Raises:
            StorageFull: The account takes no more, or not an object of this size.
        """
        options = {
            **RAW, "public_id": public_id, "overwrite": True, "invalidate": True, "backup": False,
            "unique_filename": False, "use_filename": False, "filename": "file",
        }  # fmt: skip
        if len(data) <= PART_BYTES:
            stored = await self._call(uploader.upload, data, **options)
        else:
            stored = await self._call(_upload_in_parts, data, chunk_size=PART_BYTES, **options)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if stored.get("bytes") != len(data) or stored.get("etag", digest) != digest:
            log.warning("media.altered")
            await self.destroy(public_id)
            raise Unavailable(BUSY)

    async def destroy(self, public_id: str) -> bool:
        """Delete an object with what was derived from it, and have its copies dropped; False when it was not there."""
        answer = await self._call(uploader.destroy, public_id, invalidate=True, **RAW)
        if answer.get("result") not in ("ok", "not found"):
            raise Unavailable(BUSY)
        return answer["result"] == "ok"

    async def drop_backups(self, public_id: str) -> bool:
        """Delete the backup versions that this object has, alive or deleted; True when none is left."""
        asset_id, versions = await self._backups(public_id)
        if not versions:
            return True
        try:
            await self._call(api.delete_backed_up_assets, asset_id, versions)
        except NotFound:
            pass
        except _Rejected:  # the version that is in use can be dropped only after its object
            return False
        return not (await self._backups(public_id))[1]

    async def names(self, prefix: str) -> list[str]:
        """Return every public id that begins with a prefix, sorted."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            options = {"prefix": prefix, "max_results": LISTED_AT_ONCE, "next_cursor": cursor, **RAW}
            answer = await self._call(api.resources, **options)
            found += [one["public_id"] for one in answer["resources"] if one["public_id"].startswith(prefix)]
            cursor = answer.get("next_cursor")
            if not cursor:
                return sorted(found)

    async def drop_folder(self, path: str) -> None:
        """Remove an empty folder, where the account makes folders of public ids at all."""
        if self._has_folders is None:
            answer = await self._call(api.config, settings=True)
            self._has_folders = (answer.get("settings") or {}).get("folder_mode") == "fixed"
        if not self._has_folders:
            return
        try:
            await self._call(api.delete_folder, path)
        except (NotFound, _Rejected):  # gone already, or something new lies in it
            return

    async def close(self) -> None:
        """Let the threads end; a call that is on its way ends by its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _backups(self, public_id: str) -> tuple[str, Sequence[str]]:
        try:
            answer = await self._call(api.resource, public_id, versions=True, **RAW)
        except NotFound:
            return "", ()
        return answer["asset_id"], [one["version_id"] for one in answer.get("versions") or ()]

    async def _call(self, function: Callable[..., dict[str, Any]], *args: Any, **options: Any) -> dict[str, Any]:
        """Call the SDK in a thread; what broke without an answer of the vendor's is tried once more.

        Once the admin API is at its hourly limit it is left alone until that is lifted; uploads have none.
        """
        is_admin = function.__module__ == api.__name__
        wait_s = math.ceil((self._admin_again_at - self._clock()).total_seconds()) if is_admin else 0
        if wait_s > 0:
            raise Unavailable(BUSY, retry_after_s=wait_s)
        call = functools.partial(function, *args, **options, **self._access.options)
        for left in range(TRIES - 1, -1, -1):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, call)
            except OUR_ERRORS as error:
                told = self._translated(error)
                if is_admin and isinstance(error, exceptions.RateLimited) and isinstance(told, Unavailable):
                    self._admin_again_at = self._clock() + timedelta(seconds=told.retry_after_s)
                raise told from error
            except Exception as error:  # the SDK raises bare Exceptions for every status that it has no class for
                if not left or FULL.search(str(error)):
                    raise self._translated(error) from error
            await self._sleep(PAUSE_S)
        raise Unavailable(BUSY)

    def _translated(self, error: Exception) -> ImageRouteError:
        log.warning("media.failed", extra={"kind": type(error).__name__})
        match error:
            case exceptions.NotFound():
                return NotFound()
            case exceptions.RateLimited():
                return Unavailable(BUSY, retry_after_s=self._rate_wait_s(str(error)))
            case exceptions.AuthorizationRequired():
                return _Refused()
            case _ if FULL.search(str(error)):
                return StorageFull()
            case exceptions.BadRequest() | exceptions.NotAllowed():
                return _Rejected(BUSY)
            case _:
                return Unavailable(BUSY)

    def _rate_wait_s(self, text: str) -> int:
        """Return the seconds until the limit is lifted, which the vendor says in the text only."""
        found = RATE_RESET.search(text)
        if found is None:
            return RATE_WAIT_S
        reset = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return min(max(1, int((reset - self._clock()).total_seconds())), RATE_WAIT_MAX_S)


class _Rejected(Unavailable):
    """The vendor found fault with the request itself."""


class _Refused(Unavailable):
    """The vendor does not know the key."""

    def __init__(self) -> None:
        super().__init__(
            "Our picture storage is not set up: Cloudinary refuses IMAGEROUTE_CLOUDINARY_KEY and _SECRET for this cloud. "
            "Copy all three from its console.",
            retry_after_s=CONFIGURED_WAIT_S,
        )


def _upload_in_parts(data: bytes, **options: Any) -> dict[str, Any]:
    return uploader.upload_large(io.BytesIO(data), **options) or {}
