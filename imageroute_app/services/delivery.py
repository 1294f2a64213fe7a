"""Delivery: what a provider sent becomes checked, marked and stored images; what is not kept leaves no bytes."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.catalog import Model, made_of
from imageroute_app.domain.errors import BadImage, NotFound
from imageroute_app.domain.gallery import UNKNOWN_SEED, Image, media_key, media_prefix
from imageroute_app.domain.jobs import Job
from imageroute_app.domain.pictures import FinishedImage, Marking, SourceType
from imageroute_app.domain.ports import Clock, Fault, Imaging, MediaStore, Picture, Tables
from imageroute_app.domain.routing import task_of
from imageroute_app.services.sources import mask_facts, source_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What a job starts from: its source and then its references, and an 8-bit grey mask of the source's size."""

    images: Sequence[bytes]
    mask: bytes | None


class Delivery:
    """The bytes of a job, under addresses that were chosen at its submission."""

    def __init__(self, *, tables: Tables, imaging: Imaging, media: MediaStore, clock: Clock, fault: Fault) -> None:
        self._tables, self._imaging, self._media = tables, imaging, media
        self._clock, self._fault = clock, fault

    async def sources(self, job: Job) -> "Pictures":
        """Return what the job starts from; raises NotFound when one of its pictures is gone or not this person's."""
        asked, now = job.request, self._clock()
        ids = [asked.source_id] * bool(asked.source_id) + list(asked.reference_ids)
        found = [await source_facts(self._tables, job.owner, picture_id, now) for picture_id in ids]
        mask = await mask_facts(self._tables, job.owner, asked.mask_id, now) if asked.mask_id else None
        return Pictures(
            images=[await self._read(facts.key) for facts in found],
            mask=await self._read(mask.key) if mask else None,
        )

    async def _read(self, key: str) -> bytes:
        return b"".join([chunk async for chunk in await self._media.open(key)])

    async def _made_of(self, job: Job, model: Model) -> SourceType:
        """Return what the file says of its making: a picture that keeps part of another is a composite if AI drew any of it."""
        if not job.request.source_id:
            return model.makes
        try:
            source = await source_facts(self._tables, job.owner, job.request.source_id, self._clock())
        except NotFound:
            return model.makes
        return made_of(model.makes, source.source_type, task_of(job.request))

    async def store(
        self, job: Job, model: Model, pictures: Sequence[Picture], *, at: int, seed: int, unit: int
    ) -> list[Image]:
        """Check, mark and store each picture at the job's places from `at` on; one bad picture costs and stops nothing.

        `seed` is the first picture's where the provider tells none, `unit` the price of one in credits.
        """
        images: list[Image] = []
        made = await self._made_of(job, model)
        for position, picture in enumerate(pictures[: job.request.count - at], start=at):
            marking = Marking(
                source_type=made,
                generator=f"ImageRoute, {model.name}",
                created_at=self._clock(),
                withheld=job.request.prompt,
            )
            try:
                finished = await self._imaging.finish(picture.data, marking)
            except BadImage:
                continue
            await self._put(job, position, finished)
            image = self._image(job, model, position, finished, _seed_of(picture, model, seed + position - at))
            images.append(replace(image, price_credits=unit, source_type=made))
        return images

    async def discard(self, job: Job, kept: Sequence[Image]) -> None:
        """Delete the bytes of every image of the job that is not kept."""
        kept_ids = {image.id for image in kept}
        for image_id in job.image_ids:
            if image_id not in kept_ids:
                await self._media.delete_prefix(media_prefix(job.owner, image_id))

    async def _put(self, job: Job, position: int, finished: FinishedImage) -> None:
        """Store all sizes at once; nobody looks for them before the row is there."""
        image_id = job.image_ids[position]
        files = {variant: (data, "image/webp") for variant, data in finished.thumbnails.items()}
        files["original"] = (finished.original, finished.mime)
        await _all(
            self._put_one(media_key(job.owner, image_id, variant), data, mime, is_last=variant == "original")
            for variant, (data, mime) in files.items()
        )

    async def _put_one(self, key: str, data: bytes, mime: str, *, is_last: bool) -> None:
        await self._media.put(key, data, mime)
        if not is_last:
            self._fault("half_stored")

    def _image(self, job: Job, model: Model, position: int, finished: FinishedImage, seed: int) -> Image:
        now, started = self._clock(), job.started_at or job.created_at
        return Image(
            id=job.image_ids[position],
            owner=job.owner,
            job_id=job.id,
            position=position,
            prompt=job.request.prompt,
            negative=job.request.negative,
            provider=model.provider,
            model=model.id,
            style=job.request.style,
            width=finished.width,
            height=finished.height,
            seed=seed,
            mime=finished.mime,
            size_bytes=len(finished.original),
            sha256=finished.sha256,
            crc32=finished.crc32,
            colour=finished.colour,
            price_credits=0,
            took_ms=round((now - started).total_seconds() * 1000),
            source_type=model.makes,
            source_id=job.request.source_id,
            favourite=False,
            trashed=False,
            trashed_at=None,
            purge_at=None,
            created_at=now,
        )


async def _all(steps: Iterable[Awaitable[None]]) -> None:
    """Wait until every step is over, so that none writes behind the back of a failure; then raise the first error."""
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _seed_of(picture: Picture, model: Model, seed: int) -> int:
    if picture.seed is not None:
        return picture.seed
    return seed % 2**32 if model.capabilities.takes_seed else UNKNOWN_SEED
