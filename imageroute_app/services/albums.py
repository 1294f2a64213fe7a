"""Albums: named sets of a person's pictures. Which pictures is written on the pictures, so that the trash keeps it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.ports import Clock, Database, NewId, Query
from imageroute_app.services.finding import ALBUMS_MAX, Ask
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.selection import Chosen, Selection, Step, out_of_album

NAME_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """An album as it is shown: how many pictures it holds, and the one on its cover."""

    album: Album
    count: int
    cover: Image | None


class Albums:
    """What a person can do with albums; what goes into one is a bulk verb of services.selection."""

    def __init__(
        self, *, database: Database, gallery: Gallery, selection: Selection, clock: Clock, new_id: NewId
    ) -> None:
        self._tables, self._gallery, self._selection = database.tables, gallery, selection
        self._clock, self._new_id = clock, new_id

    async def all(self, owner: str) -> list[Album]:
        """Return the person's albums by name."""
        albums = await self._tables.albums.find(Query(owner=owner, limit=ALBUMS_MAX))
        return sorted(albums, key=lambda album: (album.name.casefold(), album.id))

    async def shelves(self, owner: str) -> list[Shelf]:
        """Return the person's albums with covers and numbers."""
        return [await self._shelf(album) for album in await self.all(owner)]

    async def album(self, owner: str, album_id: str) -> Album:
        """Return one album; raises NotFound when it is not there or not this person's."""
        return await self._tables.albums.get(album_id, owner)

    async def create(self, owner: str, name: str) -> Album:
        """Make an empty album; raises InvalidInput or Conflict for a name that cannot be used."""
        albums = await self.all(owner)
        if len(albums) >= ALBUMS_MAX:
            raise Conflict(f"You have {ALBUMS_MAX} albums, which is the most. Delete one first.")
        album = Album(id=self._new_id(), owner=owner, name=_name(name, albums), cover_id="", created_at=self._clock())
        await self._tables.albums.add(album)
        return album

    async def rename(self, owner: str, album_id: str, name: str) -> Album:
        """Give an album another name."""
        album = await self.album(owner, album_id)
        others = [each for each in await self.all(owner) if each.id != album_id]
        return await self._tables.albums.update(replace(album, name=_name(name, others)))

    async def set_cover(self, owner: str, album_id: str, image_id: str) -> Album:
        """Put one of the album's pictures on its cover; raises NotFound for a picture that is not in it."""
        album, image = await self.album(owner, album_id), await self._gallery.image(owner, image_id)
        if album_id not in image.albums:
            raise NotFound("This picture is not in the album.")
        return await self._tables.albums.update(replace(album, cover_id=image_id))

    async def delete(self, owner: str, album_id: str) -> AsyncIterator[Step]:
        """Take every picture out of an album, those in the trash too, then delete it; the pictures stay.

        Stopped halfway the album is still there with what is left in it; deleting it again goes on.
        """
        await self.album(owner, album_id)
        chosen = Chosen(ask=Ask(album=album_id, trashed=None), everything=True)
        async for step in self._selection.run(owner, chosen, lambda image: out_of_album(image, album_id)):
            yield step
        await self._tables.albums.delete(album_id, owner)

    async def _shelf(self, album: Album) -> Shelf:
        count = await self._gallery.count(album.owner, Ask(album=album.id))
        return Shelf(album=album, count=count, cover=await self._cover(album))

    async def _cover(self, album: Album) -> Image | None:
        """Return the chosen cover while it is in the album, else the newest picture."""
        try:
            if album.cover_id:
                image = await self._gallery.image(album.owner, album.cover_id)
                if album.id in image.albums and not image.trashed:
                    return image
        except NotFound:
            pass
        newest = await self._gallery.page(album.owner, Ask(album=album.id), limit=1)
        return newest.images[0] if newest.images else None


def _name(text: str, others: list[Album]) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME_MAX:
        raise InvalidInput(f"Name the album with 1 to {NAME_MAX} characters.", field="name")
    if any(name.casefold() == album.name.casefold() for album in others):
        raise Conflict(f"You have an album called “{name}” already.")
    return name
