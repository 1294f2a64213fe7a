"""Uploads: pictures a person brought along, their 30 days, and what becomes of them.

Principles: the row comes before the bytes and goes after them, so that nothing lies about without a row. Using an upload
never moves its end. What is being erased cannot be used any more, and is gone only when every store has said so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imageroute_app.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.gallery import VARIANTS, Image, facet, media_key
from imageroute_app.domain.pictures import IngestedImage
from imageroute_app.domain.ports import Clock, Database, Imaging, Limiter, MediaStore, NewId, Query, Tables
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.rules import Rules
from imageroute_app.domain.uploads import (
    NOTICE_DAYS,
    UPLOADED,
    Upload,
    UploadKind,
    days_left,
    expiry_time,
    notice_time,
    upload_key,
    upload_prefix,
)
from imageroute_app.services.erasing import Forget, erase_bytes
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices
from imageroute_app.services.sources import SourceFacts, source_facts, usable_upload

log = logging.getLogger(__name__)

ARRIVES_WITHIN = timedelta(hours=1)
NAME_MAX = 120
SWEEP_MAX = 200
TOPIC = "uploads-expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Soon:
    """How many uploads go within some days, and when the first does."""

    count: int
    first: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an upload stands: days left, 0 to 30; `is_going` once nobody can use it; `made` pictures of the gallery from it."""

    upload: Upload
    days_left: int
    is_going: bool
    made: int


class Uploads:
    """What a person can do with pictures of their own."""

    def __init__(
        self,
        *,
        database: Database,
        imaging: Imaging,
        media: MediaStore,
        notices: Notices,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        gate: Gate,
        forget: Sequence[Forget] = (),
    ) -> None:
        """`forget` is called before an upload is erased because its person asked for it."""
        self._database, self._tables, self._forget = database, database.tables, forget
        self._imaging, self._media, self._notices, self._limiter = imaging, media, notices, limiter
        self._clock, self._new_id, self._rules, self._gate = clock, new_id, rules, gate

    # --- Bringing and reading ---------------------------------------------------------------------------------------------

    async def count_try(self, owner: str) -> None:
        """Count one file that is about to come in; raises RateLimited."""
        await self._limiter.hit("upload", owner, limit=self._rules.uploads_per_hour, window_s=3600)

    async def add(self, owner: str, data: bytes, *, name: str = "", kind: UploadKind = UploadKind.PICTURE) -> Upload:
        """Keep a clean copy; raises BadImage, UnsafeImage, InvalidInput when there are too many, Frozen, StorageFull."""
        await self._gate.check(owner, Purpose.UPLOAD)
        if await self._tables.uploads.count(Query(owner=owner)) >= self._rules.uploads_per_person:
            raise InvalidInput(
                f"You have {self._rules.uploads_per_person} uploads, the most there can be. Delete or save some first."
            )
        picture = await self._imaging.ingest(data, is_mask=kind is UploadKind.MASK)
        upload = self._record(owner, picture, name, kind)
        await self._tables.uploads.add(upload)
        for variant, thumbnail in picture.thumbnails.items():
            await self._media.put(upload_key(owner, upload.id, variant), thumbnail, "image/webp")
        await self._media.put(upload_key(owner, upload.id, "original"), picture.data, picture.mime)
        return await self._tables.uploads.update(replace(upload, going_since=None))

    def _record(self, owner: str, picture: IngestedImage, name: str, kind: UploadKind) -> Upload:
        now = self._clock()
        expires_at = expiry_time(now)
        return Upload(
            id=self._new_id(),
            owner=owner,
            kind=kind,
            name="".join(ch for ch in name if ch.isprintable()).strip()[:NAME_MAX],
            mime=picture.mime,
            width=picture.width,
            height=picture.height,
            size_bytes=len(picture.data),
            sha256=picture.sha256,
            colour=picture.colour,
            uploaded_at=now,
            expires_at=expires_at,
            notice_at=notice_time(expires_at) if kind is UploadKind.PICTURE else None,
            going_since=now + ARRIVES_WITHIN,
        )

    async def upload(self, owner: str, upload_id: str) -> Upload:
        """Return one that can be used; raises NotFound when it is gone, going or not this person's."""
        return await usable_upload(self._tables, owner, upload_id, self._clock())

    async def source(self, owner: str, source_id: str) -> SourceFacts:
        """Return what a request may start from, an image or an upload; raises NotFound."""
        return await source_facts(self._tables, owner, source_id, self._clock())

    async def pictures(self, owner: str, limit: int = 200, *, oldest_first: bool = False) -> Sequence[Upload]:
        """Return the person's pictures, newest first, also those that are being erased."""
        equals = {"kind": UploadKind.PICTURE.value}
        query = Query(owner=owner, equals=equals, limit=limit, oldest_first=oldest_first)
        now = self._clock()
        return [one for one in await self._tables.uploads.find(query) if not one.going_since or one.going_since <= now]

    async def standings(self, owner: str) -> Sequence[Standing]:
        """Return how every picture of the person stands now, what goes first at the top."""
        now, found = self._clock(), await self.pictures(owner, self._rules.uploads_per_person, oldest_first=True)
        return [
            Standing(
                upload=upload,
                days_left=days_left(upload, now),
                is_going=upload.going_since is not None or upload.expires_at <= now,
                made=await self._made_from(upload),
            )
            for upload in found
        ]

    async def _made_from(self, upload: Upload) -> int:
        token = facet("source", upload.id)
        return await self._tables.images.count(Query(owner=upload.owner, equals={"trashed": False}, tokens=(token,)))

    async def soon(self, owner: str, days: int = NOTICE_DAYS) -> Soon:
        """Return how many go within so many days; with UPLOAD_DAYS all that are counted down."""
        now = self._clock()
        going = [
            one.expires_at
            for one in await self.pictures(owner, oldest_first=True)
            if not one.going_since and now < one.expires_at <= now + timedelta(days=days)
        ]
        return Soon(count=len(going), first=min(going, default=None))

    # --- Keeping and erasing ----------------------------------------------------------------------------------------------

    async def save(self, owner: str, upload_id: str) -> Image:
        """Make it a picture of the gallery under the same id, which stops the clock; repeating is harmless."""
        try:
            return await self._tables.images.get(upload_id, owner)
        except NotFound:
            upload = await self.upload(owner, upload_id)
        for variant in ("original", "960", "320"):
            data = await self._read(upload_key(owner, upload.id, variant))
            mime = upload.mime if variant == "original" else "image/webp"
            await self._media.put(media_key(owner, upload.id, variant), data, mime)
        image = _saved(upload)
        going = replace(upload, going_since=self._clock())

        async def swap(tables: Tables) -> Upload:
            await tables.images.add(image)
            return await tables.uploads.update(going)

        try:
            going = await self._database.transact(swap)
        except Duplicate:
            return await self._tables.images.get(upload_id, owner)
        await self._erase(going)
        return image

    async def delete(self, owner: str, upload_id: str) -> bool:
        """Erase now; False when a store did not answer and it will be tried again. Raises NotFound."""
        return await self._erase(await self._let_go(await self._tables.uploads.get(upload_id, owner)))

    async def delete_all(self, owner: str) -> int:
        """Erase every picture now; returns how many are left for the sweep, because a store did not answer.

        All of them are out of use before the first is erased, and one store that is away is asked once, not for each.
        """
        going = [await self._let_go(one) for one in await self.pictures(owner, self._rules.uploads_per_person)]
        for place, upload in enumerate(going):
            if not await self._erase(upload):
                return len(going) - place
        return 0

    async def _let_go(self, upload: Upload) -> Upload:
        """Note that nobody can use it from now on."""
        if upload.going_since is None:
            upload = await self._tables.uploads.update(replace(upload, going_since=self._clock()))
        for forget in self._forget:
            await forget(upload.owner, upload.id)
        return upload

    async def _erase(self, upload: Upload) -> bool:
        try:
            await erase_bytes(self._media, upload_prefix(upload.owner, upload.id), VARIANTS)
        except Unavailable:
            log.warning("upload.erase_failed", extra={"upload": upload.id, "failures": upload.failures + 1})
            await self._tables.uploads.update(replace(upload, failures=upload.failures + 1))
            return False
        await self._tables.uploads.delete(upload.id, upload.owner)
        return True

    async def _read(self, key: str) -> bytes:
        return b"".join([chunk async for chunk in await self._media.open(key)])

    # --- The clock --------------------------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Erase what is over, of anyone, and try again what failed; returns how many went."""
        now = self._clock()
        for upload in await self._tables.uploads.overdue("expires_at", now, SWEEP_MAX):
            if upload.going_since is None:
                try:
                    await self._tables.uploads.update(replace(upload, going_since=now))
                except Conflict:
                    continue  # saved or deleted in this very moment
        going = await self._tables.uploads.overdue("going_since", now, SWEEP_MAX)
        return sum([await self._erase(upload) for upload in going])

    async def remind(self) -> int:
        """Tell people, once for each upload, that it goes within five days; returns how many people were told."""
        due = await self._tables.uploads.overdue("notice_at", self._clock(), SWEEP_MAX)
        owners: dict[str, list[Upload]] = {}
        for upload in due:
            owners.setdefault(upload.owner, []).append(upload)
        for owner, uploads in owners.items():
            waiting = [one for one in uploads if one.going_since is None]
            if waiting:
                await self._tell(owner, min(one.expires_at for one in waiting))
            for upload in uploads:
                await self._tables.uploads.update(replace(upload, notice_at=None))
        return len(owners)

    async def _tell(self, owner: str, first: datetime) -> None:
        day = f"{first.day} {first:%B %Y}"
        text = f"Uploads of yours are erased from {day} on. Save what you want to keep to the gallery."
        await self._notices.tell(owner, TOPIC, text, "/uploads", mail="Uploads are erased soon")


def _saved(upload: Upload) -> Image:
    """Return an upload as a picture of the gallery: made by nobody here, free, found by its file name."""
    return Image(
        id=upload.id,
        owner=upload.owner,
        job_id="",
        position=0,
        prompt=upload.name or "Upload",
        negative="",
        provider=UPLOADED,
        model="",
        style="",
        width=upload.width,
        height=upload.height,
        seed=-1,
        mime=upload.mime,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        colour=upload.colour,
        price_credits=0,
        took_ms=0,
        source_type="",
        source_id="",
        favourite=False,
        trashed=False,
        trashed_at=None,
        purge_at=None,
        created_at=upload.uploaded_at,
    )
