"""What the steps of an erasure do when only a part of an account goes; each is called gone after it was looked for again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from imageroute_app.domain.activity import SAFETY
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.erasures import Outcome, StepState, System
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Database, MediaStore, Query, Repository
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.newsletter import Newsletter
from imageroute_app.services.part_cases import PartCases
from imageroute_app.services.tombstones import EraseNotes
from imageroute_app.services.uploads import Uploads

PAGE = 200
Goes = Callable[[Any], Awaitable[bool]]
FOLDERS: Mapping[Category, Sequence[str]] = {
    Category.IMAGES: ("images", "archives"),
    Category.UPLOADS: ("uploads",),
}


class PartSteps:
    """The steps that differ from those of a whole account."""

    def __init__(
        self,
        *,
        database: Database,
        media: MediaStore,
        gallery: Gallery,
        uploads: Uploads,
        newsletter: Newsletter,
        notes: EraseNotes,
    ) -> None:
        self._tables, self._media = database.tables, media
        self._gallery, self._uploads, self._newsletter, self._notes = gallery, uploads, newsletter, notes
        self._cases = PartCases(database=database, media=media, notes=notes)

    async def act(self, system: System, owner: str, category: Category) -> Outcome:
        """Do one step; raises Unavailable when a store does not answer."""
        match system:
            case System.PICTURES:
                return await self._pictures(owner, category)
            case System.MAIL:
                return await self._subscription(owner)
            case System.DATABASE:
                return await self._rows(owner, category)
            case _:
                return await self._look_again(owner, category)

    async def _pictures(self, owner: str, category: Category) -> Outcome:
        erase = self._erase_image if category is Category.IMAGES else self._erase_upload
        count = sum([await erase(owner, one) for one in await self._ids(category, owner)])
        for folder in FOLDERS[category]:
            await self._media.delete_prefix(f"{folder}/{owner}/")
        left = await self._objects(owner, category)
        if left:
            return Outcome(state=StepState.RETRY, detail=f"{left} still there", count=count)
        return Outcome(state=StepState.DONE, detail=f"{count:,} gone with every size", proof="0 objects", count=count)

    async def _erase_image(self, owner: str, image_id: str) -> bool:
        try:
            if not (await self._gallery.image(owner, image_id)).trashed:
                await self._gallery.trash(owner, image_id)
            await self._gallery.erase(owner, image_id)
        except NotFound:  # erased by somebody else in this moment, or at once by the trash
            return True
        return True

    async def _erase_upload(self, owner: str, upload_id: str) -> bool:
        try:
            return await self._uploads.delete(owner, upload_id)
        except NotFound:
            return True

    async def _ids(self, category: Category, owner: str) -> list[str]:
        table: Repository[Any] = self._tables.images if category is Category.IMAGES else self._tables.uploads
        return [record.id async for record in _all(table, owner)]

    async def _objects(self, owner: str, category: Category) -> int:
        found = [key for folder in FOLDERS.get(category, ()) for key in await self._media.list(f"{folder}/{owner}/")]
        return len(found)

    async def _subscription(self, owner: str) -> Outcome:
        count = await self._newsletter.forget_address(await self._address(owner))
        return Outcome(
            state=StepState.DONE, detail="Subscription and address are gone" if count else "There was none", count=count
        )

    async def _rows(self, owner: str, category: Category) -> Outcome:
        count = await self._cases.erase(owner) if category is Category.SUPPORT else 0
        for name, goes in self._tables_of(owner, category):
            table: Repository[Any] = getattr(self._tables, name)
            going = [one.id async for one in _all(table, owner) if await goes(one)]
            await self._notes.records(owner, name, going)  # before they go: a note without its erasure harms nobody
            count += sum([await table.delete(one, owner) for one in going])
        return Outcome(state=StepState.DONE, detail=f"{count:,} records deleted", count=count)

    async def _look_again(self, owner: str, category: Category) -> Outcome:
        left = await self._objects(owner, category)
        places = self._tables_of(owner, category)
        for name, goes in places:
            left += sum([await goes(one) async for one in _all(getattr(self._tables, name), owner)])
        if category is Category.NEWSLETTER:
            left += await self._newsletter.find(await self._address(owner)) is not None
        if category is Category.SUPPORT:
            left += await self._cases.left(owner)
        if left:
            await self._rows(owner, category)
            return Outcome(state=StepState.RETRY, detail=f"{left} found again and deleted")
        return Outcome(state=StepState.DONE, detail="Nothing of it is left", proof=f"0 in {max(len(places), 1)} tables")

    async def _address(self, owner: str) -> str:
        try:
            return (await self._tables.people.get(owner, owner)).email
        except NotFound:  # the whole account was erased meanwhile, with this part
            return ""

    def _tables_of(self, owner: str, category: Category) -> list[tuple[str, Goes]]:
        """Return the tables of a category, each with which of its rows go."""
        tables = self._tables

        async def pictureless(job: Any) -> bool:
            return bool(job.state.is_final) and not await tables.images.count(
                Query(owner=owner, equals={"job_id": job.id})
            )

        async def unneeded(quote: Any) -> bool:
            return not any([not await pictureless(job) for job in await _of_quote(tables.jobs, owner, quote.id)])

        async def harmless(line: Any) -> bool:
            return line.kind not in SAFETY

        match category:
            case Category.IMAGES:
                return [(one, _every) for one in ("shares", "archives", "albums", "images")]
            case Category.UPLOADS:
                return [("uploads", _every)]
            case Category.PROMPTS:
                return [("drafts", _every), ("quotes", unneeded), ("jobs", pictureless)]
            case Category.USAGE:
                return [("usage_counts", _every), ("activity", harmless)]
            case _:
                return []


async def _every(_record: Any) -> bool:
    return True


async def _of_quote(jobs: Repository[Any], owner: str, quote_id: str) -> list[Any]:
    return await jobs.find(Query(owner=owner, equals={"quote_id": quote_id}, limit=PAGE))


async def _all(table: Repository[Any], owner: str) -> AsyncIterator[Any]:
    after = ""
    while page := await table.find(Query(owner=owner, after=after, limit=PAGE)):
        for record in page:
            yield record
        after = page[-1].id
