"""The gallery: search, the open picture, favourites, trash with undo. The pictures come over HTTP (routes/gallery.py)."""

from urllib.parse import urlencode

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.services.finding import Ask
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState, actor

QUERY_MAX = 200
SEARCH = "search"
"""The id of the search field."""


class GalleryState(rx.State):
    """What stands beside the grid, and what tells the grid of changes (the attributes of assets/grid.js)."""

    query: str = ""
    favourites: bool = False
    total: int = 0
    favourite_total: int = 0
    found: int = 0
    is_empty: bool = False
    current: str = ""
    gone: str = ""
    marked: str = ""
    refresh: int = 0
    is_loaded: bool = False
    _trashed: list[str] = []

    @rx.event
    @signed_in
    async def load_gallery(self):
        """Take search, filter and open picture from the address; on_load."""
        asked = self.router.url.query_parameters
        self.query, self.favourites = asked.get("q", "")[:QUERY_MAX].strip(), asked.get("favourite", "") == "1"
        self.current, self.gone, self.marked = "", "", ""
        await self._count()
        if image_id := asked.get("image", ""):
            await self._open(image_id)
        self.is_loaded = True

    @rx.event
    @signed_in
    async def set_query(self, query: str):
        """Search; the grid begins again and keeps the words in the address."""
        await self._filter(query[:QUERY_MAX].strip(), favourites=self.favourites)

    @rx.event
    @signed_in
    async def clear_query(self):
        """Search for nothing, in the same pictures; the button that asked for it goes, so the field takes the focus."""
        await self._filter("", favourites=self.favourites)
        return rx.set_focus(SEARCH)

    @rx.event
    @signed_in
    async def show_all(self):
        """Show favourites and the others."""
        await self._filter(self.query, favourites=False)

    @rx.event
    @signed_in
    async def show_favourites(self):
        """Show favourites only."""
        await self._filter(self.query, favourites=True)

    @rx.event
    @signed_in
    async def note_shown(self, shown: int, done: bool):
        """Follow whether the grid has anything to show; while it still reads, or could not, nobody knows."""
        self.is_empty = done and shown == 0

    @rx.event
    @signed_in
    async def open_image(self, image_id: str):
        """Show a picture large."""
        await self._open(image_id)

    @rx.event
    @signed_in
    async def close_image(self):
        """Go back to the grid."""
        self.current = ""

    @rx.event
    @signed_in
    async def toggle_favourite(self, image_id: str):
        """Mark a picture, or take the mark away."""
        try:
            owner = await actor(self)
            image = await services().gallery.image(owner, image_id)
            image = await services().gallery.favourite(owner, image_id, on=not image.favourite)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self.marked = f"{'+' if image.favourite else '-'}{image.id}"
        inspector = await self.get_state(InspectorState)
        if inspector.image.id == image.id:
            inspector.image.favourite = image.favourite
        await self._count()

    @rx.event
    @signed_in
    async def trash_image(self, image_id: str):
        """Move a picture to the trash; the notice offers the way back for all that went since it appeared."""
        session = await self.get_state(SessionState)
        try:
            await services().gallery.trash(await actor(self), image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return
        earlier = self._trashed if session.can_undo else []
        self._trashed = [*earlier, image_id]
        self.gone, self.current = f"{self.gone} {image_id}".strip(), ""
        session._tell(_moved(len(self._trashed)), undo=True)
        await self._count()

    @rx.event
    @signed_in
    async def undo_trash(self):
        """Take back out of the trash what the notice names."""
        await self._undo()

    async def _undo(self) -> None:
        session, restored = await self.get_state(SessionState), 0
        try:
            owner = await actor(self)
            for image_id in self._trashed:
                restored += await _restore(owner, image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return
        self._trashed, self.gone, self.refresh = [], "", self.refresh + 1
        session._tell("Back in your gallery." if restored else "Nothing to bring back: it was deleted for good.")
        await self._count()

    async def _filter(self, query: str, *, favourites: bool) -> None:
        if (query, favourites) != (self.query, self.favourites):
            self.query, self.favourites, self.is_empty = query, favourites, False
            await self._count()

    async def _open(self, image_id: str) -> None:
        inspector, session = await self.get_state(InspectorState), await self.get_state(SessionState)
        try:
            await inspector._read(image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return
        if inspector.image.trashed:
            session._tell("This picture is in the trash.")
            return
        self.current = image_id

    async def _count(self) -> None:
        """Bring the numbers of the chips and of the current result up to date."""
        try:
            owner = await actor(self)
            gallery = services().gallery
            self.total = await gallery.count(owner)
            self.favourite_total = await gallery.count(owner, Ask(favourite=True))
            self.found = self.favourite_total if self.favourites else self.total
            if self.query:
                self.found = await gallery.count(owner, Ask(text=self.query, favourite=self.favourites))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.var
    def filter(self) -> str:
        """Return what the grid asks for, as a query string: the same words as in the page's address."""
        asked = {"q": self.query, "favourite": "1" if self.favourites else ""}
        return urlencode({name: value for name, value in asked.items() if value})

    @rx.var
    def total_label(self) -> str:
        """Return the number on the chip of all pictures."""
        return f"{self.total:,}"

    @rx.var
    def favourite_label(self) -> str:
        """Return the number on the chip of favourites."""
        return f"{self.favourite_total:,}"


def _moved(count: int) -> str:
    if count == 1:
        return "Moved to trash. It stays 30 days."
    return f"{text.count(count, 'picture')} moved to trash. They stay 30 days."


async def _restore(owner: str, image_id: str) -> bool:
    """Take one picture out of the trash; False when it was erased meanwhile."""
    try:
        await services().gallery.restore(owner, image_id)
    except NotFound:
        return False
    return True
