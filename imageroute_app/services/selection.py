"""Verbs on many pictures at once: chosen one by one, or everything that a filter found, loaded or not.

Principle: a verb is a pure change of one image that does nothing the second time. It is carried out in batches, each one
transaction, newest first. Whatever stops it leaves true rows, and the same verb on the same choice does what is left.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from imageroute_app.domain.errors import Conflict, NotFound
from imageroute_app.domain.gallery import Image, from_trash
from imageroute_app.domain.ports import Clock, Database, Query, Tables
from imageroute_app.domain.search import lowest_id
from imageroute_app.domain.uploads import removed
from imageroute_app.services.finding import EVERYTHING, TRASH, Ask, below, read_ask
from imageroute_app.services.gallery import Gallery, check_tag, tagged

BATCH = 100
IDS_MAX = 5_000
"""So many ids one choice names at most; whoever wants more chooses everything found."""
Change = Callable[[Image], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which pictures: these `ids`, or with `everything` all that `ask` finds except `but`.

    `below_id` leaves out what was made after the choice, so that a verb never reaches a picture nobody saw.
    """

    ask: Ask = EVERYTHING
    everything: bool = False
    ids: tuple[str, ...] = ()
    but: frozenset[str] = field(default=frozenset())
    below_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a verb is: `done` of `total` were looked at, `changed` of them were not so already."""

    done: int
    changed: int
    total: int


class Selection:
    """Bulk verbs. Each yields a Step per batch; an outage raises between two batches."""

    def __init__(self, *, database: Database, gallery: Gallery, clock: Clock) -> None:
        self._database, self._tables = database, database.tables
        self._gallery, self._clock = gallery, clock

    def now_bound(self) -> str:
        """Return the `below_id` of a choice made now."""
        return lowest_id(self._clock())

    async def count(self, owner: str, chosen: Chosen) -> int:
        """Return how many pictures are chosen."""
        if not chosen.everything:
            return len(set(chosen.ids))
        query = await self._query(owner, chosen)
        return 0 if query is None else max(0, await self._tables.images.count(query) - len(chosen.but))

    async def ids(self, owner: str, chosen: Chosen) -> list[str]:
        """Return the ids of the chosen pictures that are there, newest first."""
        return [image.id async for images in self._batches(owner, chosen) for image in images]

    def favourite(self, owner: str, chosen: Chosen, *, on: bool) -> AsyncIterator[Step]:
        """Mark or unmark."""
        return self.run(owner, chosen, lambda image: replace(image, favourite=on))

    async def album(self, owner: str, chosen: Chosen, album_id: str, *, on: bool) -> AsyncIterator[Step]:
        """Put into an album or take out of it; raises NotFound for an album that is not this person's."""
        await self._tables.albums.get(album_id, owner)
        change = into_album if on else out_of_album
        async for step in self.run(owner, chosen, lambda image: change(image, album_id)):
            yield step

    def tag(self, owner: str, chosen: Chosen, text: str, *, on: bool) -> AsyncIterator[Step]:
        """Give a tag or take it away; raises InvalidInput for one without a word."""
        name = check_tag(text)
        return self.run(owner, chosen, lambda image: tagged(image, name, on=on))

    def trash(self, owner: str, chosen: Chosen, moment: datetime) -> AsyncIterator[Step]:
        """Move to the trash; `moment` is what `undo_trash` is told later. A spent upload is erased by the next sweep."""
        return self.run(owner, chosen, lambda image: removed(image, moment))

    def undo_trash(self, owner: str, moment: datetime) -> AsyncIterator[Step]:
        """Take back everything that went to the trash at this very moment."""
        chosen = Chosen(ask=TRASH, everything=True)
        return self.run(owner, chosen, lambda image: from_trash(image) if image.trashed_at == moment else image)

    def restore(self, owner: str, chosen: Chosen) -> AsyncIterator[Step]:
        """Take out of the trash; albums, tags and favourites come back as they were."""
        return self.run(owner, chosen, from_trash)

    def moment(self) -> datetime:
        """Return the time now as the databases keep it, by which a move to the trash can be undone."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    async def run(self, owner: str, chosen: Chosen, change: Change) -> AsyncIterator[Step]:
        """Carry out a change on every chosen picture."""
        done, changed, total = 0, 0, await self.count(owner, chosen)
        async for images in self._batches(owner, chosen):
            changed += await self._apply(owner, images, change)
            done += len(images)
            yield Step(done=done, changed=changed, total=max(done, total))

    async def erase(self, owner: str, chosen: Chosen) -> AsyncIterator[Step]:
        """Erase for good what lies in the trash: bytes first, then the row, picture by picture."""
        done, changed, total = 0, 0, await self.count(owner, chosen)
        async for images in self._batches(owner, chosen):
            for image in images:
                if image.trashed:
                    changed += await self._erase(owner, image.id)
            done += len(images)
            yield Step(done=done, changed=changed, total=max(done, total))

    async def _erase(self, owner: str, image_id: str) -> bool:
        try:
            await self._gallery.erase(owner, image_id)
        except (NotFound, Conflict):  # gone already, or restored in another tab meanwhile
            return False
        return True

    async def _batches(self, owner: str, chosen: Chosen) -> AsyncIterator[Sequence[Image]]:
        if not chosen.everything:
            ids = sorted(set(chosen.ids), reverse=True)
            for start in range(0, len(ids), BATCH):
                yield await self._named(owner, ids[start : start + BATCH])
            return
        query = await self._query(owner, chosen)
        while query is not None:
            page = await self._tables.images.find(query)
            if not page:
                return
            yield [image for image in page if image.id not in chosen.but]
            query = replace(query, after=page[-1].id)

    async def _named(self, owner: str, ids: Sequence[str]) -> list[Image]:
        found: list[Image] = []
        for image_id in ids:
            try:
                found.append(await self._tables.images.get(image_id, owner))
            except NotFound:  # erased meanwhile, or somebody else's
                continue
        return found

    async def _query(self, owner: str, chosen: Chosen) -> Query | None:
        query = (await read_ask(self._database, self._clock, owner, chosen.ask)).query
        if query is None:
            return None
        return replace(below(query, chosen.below_id), oldest_first=False, limit=BATCH)

    async def _apply(self, owner: str, images: Sequence[Image], change: Change) -> int:
        wanted = [edited for image in images if (edited := change(image)) != image]

        async def write(tables: Tables) -> None:
            for image in wanted:
                await tables.images.update(image)

        try:
            if wanted:
                await self._database.transact(write)
        except Conflict:  # one of them was changed meanwhile: look at each again
            return sum([await self._one(owner, image.id, change) for image in wanted])
        return len(wanted)

    async def _one(self, owner: str, image_id: str, change: Change) -> bool:
        try:
            before = await self._gallery.image(owner, image_id)
            return (await self._gallery.edit(owner, image_id, change)).version != before.version
        except NotFound:
            return False


def into_album(image: Image, album_id: str) -> Image:
    """Return an image that is in an album, last of its albums unless it was in it."""
    return image if album_id in image.albums else replace(image, albums=(*image.albums, album_id))


def out_of_album(image: Image, album_id: str) -> Image:
    """Return an image that is not in an album."""
    return replace(image, albums=tuple(each for each in image.albums if each != album_id))
