"""The private gallery: pages, search, favourites, trash and erasing for good."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.gallery import (
    TAGS_MAX,
    VARIANTS,
    Image,
    facet,
    from_trash,
    leaving,
    media_prefix,
    tag_name,
    to_trash,
)
from imageroute_app.domain.ports import Clock, Database, MediaStore, Query
from imageroute_app.domain.uploads import is_spent
from imageroute_app.services.erasing import Forget, erase_bytes
from imageroute_app.services.finding import EVERYTHING, Ask, Reading, read_ask
from imageroute_app.services.sources import IN_TRASH

log = logging.getLogger(__name__)

PAGE_MAX = 200
FAILURES_MAX = 10
PEERS_MAX = 40
"""More pictures than one comparison makes."""
NOT_YET = "This picture cannot come back, but copies of it are still being cleared. That goes on by itself until all are gone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of images in the order that was asked for; `next_after` is empty on the last page."""

    images: Sequence[Image]
    next_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How many images a question finds, and how many there are of its album (or of all) with and without a heart."""

    reading: Reading
    found: int
    total: int
    favourites: int


class Gallery:
    """What a person can do with delivered pictures."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        clock: Clock,
        forget: Sequence[Forget] = (),
        trashed: Sequence[Forget] = (),
        elsewhere: Sequence[Forget] = (),
    ) -> None:
        """`forget` is called before a picture is erased, `elsewhere` once its bytes are gone here, `trashed` in the trash."""
        self._database, self._tables = database, database.tables
        self._media, self._clock, self._forget, self._trashed = media, clock, forget, trashed
        self._elsewhere = elsewhere

    async def page(self, owner: str, ask: Ask = EVERYTHING, *, after: str = "", limit: int = 60) -> Page:
        """Return one page of what is asked for; a search that cannot be understood finds nothing (`reading` says why)."""
        size = max(1, min(limit, PAGE_MAX))
        query = (await self.reading(owner, ask)).query
        if query is None:
            return Page(images=[], next_after="")
        found = await self._tables.images.find(replace(query, after=after, limit=size + 1))
        more = len(found) > size
        return Page(images=found[:size], next_after=found[size - 1].id if more else "")

    async def count(self, owner: str, ask: Ask = EVERYTHING) -> int:
        """Return how many images the pages of the same question hold."""
        query = (await self.reading(owner, ask)).query
        return 0 if query is None else await self._tables.images.count(query)

    async def numbers(self, owner: str, ask: Ask) -> Numbers:
        """Return what was understood of a question and the numbers that stand beside its pictures, counted together."""
        reading = await self.reading(owner, ask)
        asks = (Ask(album=ask.album), Ask(album=ask.album, favourite=True))
        everything, hearts = [(await self.reading(owner, one)).query for one in asks]
        queries = list(filter(None, (everything, hearts, reading.query if ask.text else None)))
        total, favourites, *searched = await self._tables.images.counts(queries)
        plain = favourites if ask.favourite else total
        return Numbers(
            reading=reading,
            found=sum(searched) if ask.text else plain,
            total=total,
            favourites=favourites,
        )

    async def reading(self, owner: str, ask: Ask) -> Reading:
        """Return what was understood of a question, for chips and for sentences about what was not."""
        return await read_ask(self._database, self._clock, owner, ask)

    async def stored_bytes(self, owner: str) -> int:
        """Return how many bytes the originals of a person take, those in the trash included."""
        return await self._tables.images.sum("size_bytes", owner)

    async def image(self, owner: str, image_id: str) -> Image:
        """Return one image; raises NotFound when it is not there or not this person's."""
        return await self._tables.images.get(image_id, owner)

    async def of_job(self, owner: str, job_id: str, *, trashed: bool = False) -> list[Image]:
        """Return the images of one generation, in the order they were asked for: those in the gallery, or in the trash."""
        query = Query(owner=owner, equals={"job_id": job_id, "trashed": trashed}, limit=20)
        return sorted(await self._tables.images.find(query), key=lambda image: image.position)

    async def related(self, owner: str, image_id: str, limit: int) -> list[Image]:
        """Return a picture, and behind it those of the gallery that belong to it: at most `limit` together.

        First what it was made from, then what was made with it (of a comparison each model's picture of the same place
        first), then what was made from it, newest first. Raises NotFound, also for one in the trash.
        """
        image = await self.image(owner, image_id)
        if image.trashed:
            raise NotFound(IN_TRASH)
        found = {image.id: image}
        for read in (self._origin, self._peers, self._results):
            if len(found) < limit:
                found |= {each.id: each for each in await read(image)}
        return list(found.values())[:limit]

    async def _origin(self, image: Image) -> list[Image]:
        """Return the picture that this one was made from; none when it was an upload, or is no longer in the gallery."""
        query = Query(owner=image.owner, equals={"id": image.source_id, "trashed": False}, limit=1)
        return await self._tables.images.find(query) if image.source_id else []

    async def _peers(self, image: Image) -> list[Image]:
        """Return what the same job, or the same comparison, made; a saved upload has none."""
        if not image.job_id:
            return []
        jobs = [image.job_id]
        with contextlib.suppress(NotFound):  # a job's row may go before its pictures
            job = await self._tables.jobs.get(image.job_id, image.owner)
            if job.compare_id:
                together = Query(owner=image.owner, equals={"compare_id": job.compare_id}, limit=PEERS_MAX)
                jobs = [each.id for each in await self._tables.jobs.find(together)]
        query = Query(owner=image.owner, equals={"job_id": tuple(jobs), "trashed": False}, limit=PEERS_MAX)
        found = await self._tables.images.find(query)
        return sorted(found, key=lambda each: (each.position != image.position, each.job_id, each.position))

    async def _results(self, image: Image) -> list[Image]:
        """Return what was made from it."""
        tokens = (facet("source", image.id),)
        return await self._tables.images.find(
            Query(owner=image.owner, equals={"trashed": False}, tokens=tokens, limit=PEERS_MAX)
        )

    async def favourite(self, owner: str, image_id: str, *, on: bool) -> Image:
        """Mark or unmark; repeating is harmless."""
        return await self._change(owner, image_id, favourite=on)

    async def tag(self, owner: str, image_id: str, text: str, *, on: bool) -> Image:
        """Give an image a tag or take it away; repeating is harmless, raises InvalidInput for one without a word."""
        if on:
            check_tag(text)
        return await self.edit(owner, image_id, lambda image: tagged(image, text, on=on))

    async def trash(self, owner: str, image_id: str) -> Image:
        """Move to the trash, where only its owner sees it; it is erased 30 days later.

        A saved upload past its own 30 days is erased at once.
        """
        now = self._clock()
        image = await self.image(owner, image_id)
        if is_spent(image, now):
            await self._erase(await self.edit(owner, image_id, lambda image: to_trash(image, now)))
            return to_trash(image, now)
        return await self.edit(owner, image_id, lambda image: to_trash(image, now))

    async def trash_jobs(self, owner: str, job_ids: Sequence[str]) -> int:
        """Move every picture of these jobs to the trash; returns how many went."""
        gone = 0
        for job_id in job_ids:
            for image in await self.of_job(owner, job_id):
                await self.trash(owner, image.id)
                gone += 1
        return gone

    async def restore(self, owner: str, image_id: str) -> Image:
        """Take out of the trash; raises Conflict when its erasing has begun."""
        image = await self.edit(owner, image_id, from_trash)
        if image.is_leaving:
            raise Conflict("This picture is being deleted and cannot come back.")
        return image

    async def erase(self, owner: str, image_id: str) -> None:
        """Erase every size, then the row.

        Raises:
            Conflict: It does not lie in the trash.
            Unavailable: Not every copy is proven gone yet; `purge` goes on with it.
        """
        image = await self.image(owner, image_id)
        if not image.trashed:
            raise Conflict("Move the image to the trash first.")
        try:
            await self._erase(image)
        except Unavailable as error:
            raise Unavailable(NOT_YET, retry_after_s=error.retry_after_s) from error

    async def purge(self, limit: int = 100) -> int:
        """Erase images whose 30 days in the trash are over, or whose erasing has begun, of anyone; returns how many.

        One that storage does not let go of holds up no other, and is tried again by the next purge.
        """
        gone = failed = 0
        for image in await self._tables.images.overdue("purge_at", self._clock(), limit):
            try:
                await self._erase(image)
                gone += 1
            except (Conflict, NotFound):  # restored or erased by someone else meanwhile
                continue
            except Unavailable:
                failed += 1
                if failed >= FAILURES_MAX:
                    break
        if failed:
            log.warning("gallery.purge_deferred", extra={"count": failed})
        return gone

    async def _erase(self, image: Image) -> None:
        # Marked first, so that what has lost bytes is never restored; the row goes last, so that there are never bytes
        # without a row.
        image = await self.edit(image.owner, image.id, leaving)
        if not image.is_leaving:
            raise Conflict("Move the image to the trash first.")
        for forget in self._forget:
            await forget(image.owner, image.id)
        await erase_bytes(self._media, media_prefix(image.owner, image.id), VARIANTS)
        for erase in self._elsewhere:  # a company that is down keeps nothing here
            await erase(image.owner, image.id)
        await self._tables.images.delete(image.id, image.owner)

    async def _change(self, owner: str, image_id: str, **changes: object) -> Image:
        return await self.edit(owner, image_id, lambda image: replace(image, **changes))

    async def edit(self, owner: str, image_id: str, edit: Callable[[Image], Image]) -> Image:
        """Change one image by a pure function, again if it changed meanwhile; raises NotFound."""
        for _ in range(3):
            image = await self.image(owner, image_id)
            edited = edit(image)
            if edited == image:
                return image
            try:
                updated = await self._tables.images.update(edited)
            except Conflict:
                continue
            if updated.trashed and not image.trashed:
                for let_go in self._trashed:
                    await let_go(owner, image_id)
            return updated
        raise NotFound


def check_tag(text: str) -> str:
    """Return a tag as it is kept; raises InvalidInput when no word is in it."""
    if not (name := tag_name(text)):
        raise InvalidInput("A tag is one word or a few.", field="tag")
    return name


def tagged(image: Image, text: str, *, on: bool) -> Image:
    """Return an image with or without a tag; one that has as many as it may have stays as it is."""
    name = tag_name(text)
    others = tuple(tag for tag in image.tags if tag_name(tag) != name)
    if not on:
        return replace(image, tags=others)
    if len(others) < len(image.tags) or len(image.tags) >= TAGS_MAX:
        return image
    return replace(image, tags=(*image.tags, name))
