"""The gallery: search, opening a picture, trash with undo. The pictures themselves come over HTTP (routes/gallery.py)."""

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState, actor

QUERY_MAX = 200


class GalleryState(rx.State):
    """What the gallery shows beside the grid."""

    query: str = ""
    total: int = 0
    shown: str = ""
    refresh: int = 0
    gone: str = ""
    is_loaded: bool = False
    _trashed: list[str] = []

    @rx.event
    @signed_in
    async def load_gallery(self):
        """Take search and picture from the address; on_load."""
        asked = self.router.url.query_parameters
        try:
            owner = await actor(self)
            self.query = asked.get("q", "")[:QUERY_MAX]
            self.total = await services().gallery.count(owner)
            (await self.get_state(InspectorState)).is_open = False
            if image_id := asked.get("image", ""):
                await (await self.get_state(InspectorState))._read(image_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        self.is_loaded = True

    @rx.event
    @signed_in
    async def set_query(self, query: str):
        """Search; the grid starts again and keeps the words in the address."""
        self.query, self.shown = query[:QUERY_MAX].strip(), ""

    @rx.event
    @signed_in
    async def clear_query(self):
        """Show everything again."""
        self.query, self.shown = "", ""

    @rx.event
    @signed_in
    async def note_loaded(self, shown: str):
        """Follow what the grid has: some, none or failed."""
        self.shown = shown

    @rx.event
    @signed_in
    async def try_again(self):
        """Let the grid read once more after a failure."""
        self.shown, self.refresh = "", self.refresh + 1

    @rx.event
    @signed_in
    async def favourite_image(self, image_id: str):
        """Mark a picture of the grid, or take the mark away."""
        try:
            owner = await actor(self)
            image = await services().gallery.image(owner, image_id)
            await services().gallery.favourite(owner, image_id, on=not image.favourite)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        (await self.get_state(InspectorState)).image.favourite = not image.favourite
        self.refresh += 1

    @rx.event
    @signed_in
    async def trash_image(self, image_id: str):
        """Move a picture to the trash; the notice offers the way back."""
        try:
            owner = await actor(self)
            await services().gallery.trash(owner, image_id)
            self.total = await services().gallery.count(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self._trashed.append(image_id)
        self.gone = image_id
        (await self.get_state(InspectorState)).is_open = False
        many = len(self._trashed) > 1
        moved = text.count(len(self._trashed), "picture") if many else "Picture"
        (await self.get_state(SessionState))._tell(f"{moved} moved to the trash, for 30 days.", undo=True)

    @rx.event
    @signed_in
    async def undo_trash(self):
        """Take the pictures that went since the notice appeared out of the trash."""
        try:
            owner = await actor(self)
            for image_id in self._trashed:
                await services().gallery.restore(owner, image_id)
            self.total = await services().gallery.count(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self._trashed, self.gone, self.refresh = [], "", self.refresh + 1
        (await self.get_state(SessionState))._tell("Back in your gallery.")

    @rx.var
    def total_label(self) -> str:
        """Return the count on the chip."""
        return f"{self.total:,}"
