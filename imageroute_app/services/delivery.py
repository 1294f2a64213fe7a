"""Delivery: what a provider sent becomes checked, marked and stored images; what is not kept leaves no bytes."""

from collections.abc import Sequence
from dataclasses import replace

from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import BadImage
from imageroute_app.domain.gallery import UNKNOWN_SEED, Image, media_key, media_prefix
from imageroute_app.domain.jobs import Job
from imageroute_app.domain.ports import Clock, Fault, FinishedImage, Imaging, Marking, MediaStore, Picture, Tables


class Delivery:
    """The bytes of a job, under addresses that were chosen at its submission."""

    def __init__(self, *, tables: Tables, imaging: Imaging, media: MediaStore, clock: Clock, fault: Fault) -> None:
        self._tables, self._imaging, self._media = tables, imaging, media
        self._clock, self._fault = clock, fault

    async def sources(self, job: Job) -> Sequence[bytes]:
        """Return the source picture of an edit; raises NotFound when it is gone or not this person's."""
        if not job.request.source_id:
            return ()
        await self._tables.images.get(job.request.source_id, job.owner)
        key = media_key(job.owner, job.request.source_id, "original")
        return (b"".join([chunk async for chunk in await self._media.open(key)]),)

    async def store(
        self, job: Job, model: Model, pictures: Sequence[Picture], *, at: int, seed: int, unit: int
    ) -> list[Image]:
        """Check, mark and store each picture at the job's places from `at` on; one bad picture costs and stops nothing.

        `seed` is the first picture's where the provider tells none, `unit` the price of one in credits.
        """
        images: list[Image] = []
        for position, picture in enumerate(pictures[: job.request.count - at], start=at):
            marking = Marking(source_type=model.makes, generator=f"ImageRoute, {model.name}", created_at=self._clock())
            try:
                finished = await self._imaging.finish(picture.data, marking)
            except BadImage:
                continue
            await self._put(job, position, finished)
            image = self._image(job, model, position, finished, _seed_of(picture, model, seed + position - at))
            images.append(replace(image, price_credits=unit))
        return images

    async def discard(self, job: Job, kept: Sequence[Image]) -> None:
        """Delete the bytes of every image of the job that is not kept."""
        kept_ids = {image.id for image in kept}
        for image_id in job.image_ids:
            if image_id not in kept_ids:
                await self._media.delete_prefix(media_prefix(job.owner, image_id))

    async def _put(self, job: Job, position: int, finished: FinishedImage) -> None:
        image_id = job.image_ids[position]
        for variant, data in finished.thumbnails.items():
            await self._media.put(media_key(job.owner, image_id, variant), data, "image/webp")
        self._fault("half_stored")
        await self._media.put(media_key(job.owner, image_id, "original"), finished.original, finished.mime)

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


def _seed_of(picture: Picture, model: Model, seed: int) -> int:
    if picture.seed is not None:
        return picture.seed
    return seed % 2**32 if model.capabilities.takes_seed else UNKNOWN_SEED
