"""The private gallery: pages, search, favourites, trash and erasing for good."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.gallery import Image, media_prefix, purge_time
from imageroute_app.domain.ports import Clock, Database, MediaStore, Query, Value

PAGE_MAX = 200
Forget = Callable[[str, str], Awaitable[None]]
"""Lets go of what was made from a picture elsewhere, given its owner and id; repeatable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of images, newest first; `next_after` is empty on the last page."""

    images: Sequence[Image]
    next_after: str


class Gallery:
    """What a person can do with delivered pictures."""

    def __init__(self, *, database: Database, media: MediaStore, clock: Clock, forget: Sequence[Forget] = ()) -> None:
        self._database, self._tables = database, database.tables
        self._media, self._clock, self._forget = media, clock, forget

    async def page(
        self,
        owner: str,
        *,
        text: str = "",
        favourite: bool = False,
        trashed: bool = False,
        after: str = "",
        limit: int = 60,
    ) -> Page:
        """Return one page; `text` finds prompts by words and prefixes of 3 letters or more, `favourite` only marked ones."""
        size = max(1, min(limit, PAGE_MAX))
        equals = _equals(favourite=favourite, trashed=trashed)
        query = Query(owner=owner, equals=equals, text=text, after=after, limit=size + 1)
        found = await self._tables.images.find(query)
        more = len(found) > size
        return Page(images=found[:size], next_after=found[size - 1].id if more else "")

    async def count(self, owner: str, *, text: str = "", favourite: bool = False, trashed: bool = False) -> int:
        """Return how many images the pages of the same question hold."""
        equals = _equals(favourite=favourite, trashed=trashed)
        return await self._tables.images.count(Query(owner=owner, equals=equals, text=text))

    async def image(self, owner: str, image_id: str) -> Image:
        """Return one image; raises NotFound when it is not there or not this person's."""
        return await self._tables.images.get(image_id, owner)

    async def of_job(self, owner: str, job_id: str) -> list[Image]:
        """Return the images of one generation, in the order they were asked for, without trashed ones."""
        query = Query(owner=owner, equals={"job_id": job_id, "trashed": False}, limit=20)
        return sorted(await self._tables.images.find(query), key=lambda image: image.position)

    async def favourite(self, owner: str, image_id: str, *, on: bool) -> Image:
        """Mark or unmark; repeating is harmless."""
        return await self._change(owner, image_id, favourite=on)

    async def trash(self, owner: str, image_id: str) -> Image:
        """Move to the trash, where only its owner sees it; it is erased 30 days later."""
        now = self._clock()
        return await self._change(owner, image_id, trashed=True, trashed_at=now, purge_at=purge_time(now))

    async def trash_jobs(self, owner: str, job_ids: Sequence[str]) -> int:
        """Move every picture of these jobs to the trash; returns how many went."""
        gone = 0
        for job_id in job_ids:
            for image in await self.of_job(owner, job_id):
                await self.trash(owner, image.id)
                gone += 1
        return gone

    async def restore(self, owner: str, image_id: str) -> Image:
        """Take out of the trash."""
        return await self._change(owner, image_id, trashed=False, trashed_at=None, purge_at=None)

    async def erase(self, owner: str, image_id: str) -> None:
        """Erase every size, then the row; raises Conflict unless it lies in the trash."""
        image = await self.image(owner, image_id)
        if not image.trashed:
            raise Conflict("Move the image to the trash first.")
        await self._erase(image)

    async def purge(self, limit: int = 100) -> int:
        """Erase images whose 30 days in the trash are over, of anyone; returns how many."""
        overdue = await self._tables.images.overdue("purge_at", self._clock(), limit)
        for image in overdue:
            await self._erase(image)
        return len(overdue)

    async def _erase(self, image: Image) -> None:
        for forget in self._forget:
            await forget(image.owner, image.id)
        # Bytes first: a crash in between leaves a row that the next purge finishes, never bytes without a row.
        await self._media.delete_prefix(media_prefix(image.owner, image.id))
        await self._tables.images.delete(image.id, image.owner)

    async def _change(self, owner: str, image_id: str, **changes: object) -> Image:
        for _ in range(3):
            image = await self.image(owner, image_id)
            if all(getattr(image, name) == value for name, value in changes.items()):
                return image
            try:
                return await self._tables.images.update(replace(image, **changes))
            except Conflict:
                continue
        raise NotFound


def _equals(*, favourite: bool, trashed: bool) -> dict[str, Value | tuple[Value, ...]]:
    return {"trashed": trashed, "favourite": True} if favourite else {"trashed": trashed}
