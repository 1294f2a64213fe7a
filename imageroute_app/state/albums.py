"""The albums page: every album with its cover, and new ones, names and deletion."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.services.albums import Shelf
from imageroute_app.state import text
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor


@dataclasses.dataclass
class AlbumView:
    """An album with its number of pictures and its cover, "" for an empty one."""

    id: str = ""
    name: str = ""
    count: str = ""
    cover: str = ""
    colour: str = ""


class AlbumsState(rx.State):
    """The person's albums by name."""

    albums: list[AlbumView] = []
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_albums(self):
        """Show the albums; on_load."""
        await self._read()
        self.is_loaded = True

    @rx.event
    @signed_in
    async def create_album(self, form: dict[str, str]):
        """Make an empty album."""
        session = await self.get_state(SessionState)
        try:
            album = await services().albums.create(await actor(self), form.get("name", ""))
        except ImageRouteError as error:
            session._tell_error(error)
            return
        session._tell(f"Album “{album.name}” made. Add pictures from the gallery.")
        await self._read()

    @rx.event
    @signed_in
    async def rename_album(self, form: dict[str, str]):
        """Give the album of the form another name."""
        try:
            await services().albums.rename(await actor(self), form.get("id", ""), form.get("name", ""))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        await self._read()

    @rx.event
    @signed_in
    async def delete_album(self, album_id: str):
        """Delete an album; its pictures stay in the gallery."""
        session = await self.get_state(SessionState)
        try:
            async for _ in services().albums.delete(await actor(self), album_id):
                yield
        except ImageRouteError as error:
            session._tell_error(error)
        else:
            session._tell("Album deleted. Its pictures are still in your gallery.")
        await self._read()

    @rx.event
    @signed_in
    async def set_cover(self, image_id: str):
        """Put the open picture on the cover of the album that is shown."""
        gallery, session = await self.get_state(GalleryState), await self.get_state(SessionState)
        try:
            await services().albums.set_cover(await actor(self), gallery.album, image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return
        session._tell("This picture is the album's cover now.")

    async def _read(self) -> None:
        try:
            shelves = await services().albums.shelves(await actor(self))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self.albums = [_view(shelf) for shelf in shelves]


def _view(shelf: Shelf) -> AlbumView:
    return AlbumView(
        id=shelf.album.id,
        name=shelf.album.name,
        count=text.count(shelf.count, "picture"),
        cover=f"/media/{shelf.cover.id}/320" if shelf.cover else "",
        colour=shelf.cover.colour if shelf.cover else "",
    )
