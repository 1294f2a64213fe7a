"""The gallery: search, the open picture, favourites, trash with undo. The pictures come over HTTP (routes/gallery.py)."""

import dataclasses
from datetime import datetime
from urllib.parse import urlencode

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.domain.gallery import name_key
from imageroute_app.domain.search import with_value, without
from imageroute_app.services.finding import Ask
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState, actor

QUERY_MAX, ID_MAX = 200, 64
MENUS = ("model", "provider", "ratio", "date")
"""The operators that have a menu."""
SEARCH = "search"
"""The id of the search field."""


@dataclasses.dataclass
class ChipView:
    """One operator of the search; `text` is how it stands there."""

    text: str = ""
    label: str = ""


@dataclasses.dataclass
class OptionView:
    """One entry of a filter's menu."""

    value: str = ""
    label: str = ""


class GalleryState(rx.State):
    """What stands beside the grid, and what tells the grid of changes (the attributes of assets/grid.js)."""

    query: str = ""
    favourites: bool = False
    album: str = ""
    album_name: str = ""
    oldest: bool = False
    chips: list[ChipView] = []
    problems: list[str] = []
    chosen: dict[str, str] = dict.fromkeys(MENUS, "")
    models: list[OptionView] = []
    providers: list[OptionView] = []
    stored: str = ""
    cleared: int = 0
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
    _moment: datetime | None = None

    @rx.event
    @signed_in
    async def load_gallery(self):
        """Take search, filter and open picture from the address; on_load."""
        asked = self.router.url.query_parameters
        self.query, self.favourites = asked.get("q", "")[:QUERY_MAX].strip(), asked.get("favourite", "") == "1"
        self.album, self.oldest = asked.get("album", "")[:ID_MAX], asked.get("sort", "") == "oldest"
        self.current, self.gone, self.marked = "", "", ""
        self.models, self.providers = _options()
        await self._name_album()
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
    async def set_filter(self, key: str, value: str):
        """Let a filter's menu write its operator into the search; an empty value takes it out."""
        await self._filter(with_value(self.query, key, value)[:QUERY_MAX], favourites=self.favourites)

    @rx.event
    @signed_in
    async def drop_term(self, term: str):
        """Take one operator out of the search; its chip goes, so the field takes the focus."""
        await self._filter(without(self.query, term), favourites=self.favourites)
        return rx.set_focus(SEARCH)

    @rx.event
    @signed_in
    async def set_order(self, order: str):
        """Show the newest or the oldest first."""
        self.oldest = order == "oldest"

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
        self._moment = self._moment if session.can_undo else None
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
            if self._moment:
                async for step in services().selection.undo_trash(owner, self._moment):
                    restored = step.changed
        except ImageRouteError as error:
            session._tell_error(error)
            return
        self._trashed, self._moment, self.gone, self.refresh = [], None, "", self.refresh + 1
        session._tell("Back in your gallery." if restored else "Nothing to bring back: it was deleted for good.")
        await self._count()

    async def _filter(self, query: str, *, favourites: bool) -> None:
        if (query, favourites) != (self.query, self.favourites):
            self.query, self.favourites, self.is_empty = query, favourites, False
            await self._find()

    async def _open(self, image_id: str) -> None:
        inspector, session = await self.get_state(InspectorState), await self.get_state(SessionState)
        try:
            await inspector._read(image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            if isinstance(error, NotFound) and image_id not in self.gone:  # it went in another tab: so it does here
                self.gone = f"{self.gone} {image_id[:ID_MAX]}".strip()
                await self._count()
            return
        self.current = image_id

    async def _name_album(self) -> None:
        """Find out what the album of the address is called; one that is not there is said and left."""
        self.album_name = ""
        if not self.album:
            return
        try:
            self.album_name = (await services().albums.album(await actor(self), self.album)).name
        except ImageRouteError as error:
            self.album = ""
            (await self.get_state(SessionState))._tell_error(error)

    def _ask(self) -> Ask:
        return Ask(text=self.query, favourite=self.favourites, album=self.album, oldest_first=self.oldest)

    async def _count(self) -> None:
        """Bring the numbers and the size of it all up to date, after pictures came or went."""
        await self._find()
        try:
            self.stored = text.size(await services().gallery.stored_bytes(await actor(self)))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    async def _find(self) -> None:
        """Bring the numbers of the chips, the current result and what was understood of the search up to date."""
        try:
            numbers = await services().gallery.numbers(await actor(self), self._ask())
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        search = numbers.reading.search
        self.chips = [ChipView(text=term.text, label=term.label) for term in search.terms]
        self.chosen = dict.fromkeys(MENUS, "") | {term.key: term.value for term in search.terms}
        self.problems = list(numbers.reading.problems)
        self.total, self.favourite_total, self.found = numbers.total, numbers.favourites, numbers.found

    @rx.var
    def filter(self) -> str:
        """Return what the grid asks for, as a query string: the same words as in the page's address."""
        asked = {
            "q": self.query,
            "favourite": "1" if self.favourites else "",
            "album": self.album,
            "sort": "oldest" if self.oldest else "",
        }
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


def _options() -> tuple[list[OptionView], list[OptionView]]:
    """Return the models and the companies that a menu can offer."""
    models = services().routing.models()
    companies = {model.provider: model.policy.company for model in models}
    names = sorted((model.name, name_key(model.id)) for model in models)
    return (
        [OptionView(value=key, label=name) for name, key in dict(names).items()],
        [OptionView(value=key, label=name) for key, name in sorted(companies.items(), key=lambda item: item[1])],
    )


async def _restore(owner: str, image_id: str) -> bool:
    """Take one picture out of the trash; False when it was erased meanwhile."""
    try:
        await services().gallery.restore(owner, image_id)
    except NotFound:
        return False
    return True
