"""The trash: what lies there, back to the gallery, or gone at once."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import Image
from imageroute_app.services.finding import TRASH
from imageroute_app.state import text
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

PAGE = 40
LIST = "trash"
"""The id of the list, which takes the focus when a picture goes together with its buttons."""


@dataclasses.dataclass
class TrashedView:
    """A picture in the trash; `purge` is when it is erased."""

    id: str = ""
    prompt: str = ""
    thumb: str = ""
    width: int = 1
    height: int = 1
    colour: str = ""
    purge: str = ""


class TrashState(rx.State):
    """The pictures in the trash, newest first."""

    images: list[TrashedView] = []
    chosen: list[str] = []
    total: int = 0
    after: str = ""
    is_loaded: bool = False
    has_failed: bool = False

    @rx.event
    @signed_in
    async def load_trash(self):
        """Show the first page; on_load, and after a failure."""
        await self._read_anew()

    @rx.event
    @signed_in
    async def show_older(self):
        """Show the next page."""
        await self._read()

    @rx.event
    @signed_in
    async def choose(self, image_id: str):
        """Choose a picture that is shown, or let go of it."""
        if image_id in self.chosen:
            self.chosen = [each for each in self.chosen if each != image_id]
        elif any(view.id == image_id for view in self.images):
            self.chosen = [*self.chosen, image_id]

    @rx.event
    @signed_in
    async def clear_choice(self):
        """Let go of all of them; the button that asked for it goes, so the list takes the focus."""
        self.chosen = []
        return rx.set_focus(LIST)

    @rx.event
    @signed_in
    async def restore_image(self, image_id: str):
        """Take a picture back into the gallery."""
        session = await self.get_state(SessionState)
        try:
            await services().gallery.restore(await actor(self), image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return None
        await self._drop(image_id)
        session._tell("Back in your gallery.")
        return rx.set_focus(LIST)

    @rx.event
    @signed_in
    async def erase_image(self, image_id: str):
        """Erase a picture for good: every size, then its row."""
        session = await self.get_state(SessionState)
        try:
            await services().gallery.erase(await actor(self), image_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return None
        await self._drop(image_id)
        session._tell("Deleted for good: the original and both sizes.")
        return rx.set_focus(LIST)

    @rx.event
    @signed_in
    async def undo_trash(self):
        """Take back what the notice names, which came here from the gallery."""
        await (await self.get_state(GalleryState))._undo()
        await self._read_anew()

    async def _read_anew(self) -> None:
        self.images, self.chosen, self.after, self.has_failed = [], [], "", False
        await self._read()
        self.is_loaded = True

    async def _read(self) -> None:
        try:
            owner = await actor(self)
            page = await services().gallery.page(owner, TRASH, after=self.after, limit=PAGE)
            self.total = await services().gallery.count(owner, TRASH)
        except ImageRouteError as error:
            self.has_failed = not self.images
            (await self.get_state(SessionState))._tell_error(error)
            return
        self.images, self.after = [*self.images, *map(trashed_view, page.images)], page.next_after

    async def _drop(self, image_id: str) -> None:
        """Take a picture off the list; the last one of a page makes room for the next page."""
        self.chosen = [each for each in self.chosen if each != image_id]
        self.images, self.total = [view for view in self.images if view.id != image_id], max(0, self.total - 1)
        if not self.images and self.after:
            await self._read()

    @rx.var
    def chosen_label(self) -> str:
        """Return how many are chosen, in words."""
        return text.count(len(self.chosen), "picture")

    @rx.var
    def total_label(self) -> str:
        """Return how many there are, in words."""
        return text.count(self.total, "picture")


def trashed_view(image: Image) -> TrashedView:
    """Show a picture in the trash."""
    return TrashedView(
        id=image.id,
        prompt=image.prompt,
        thumb=f"/media/{image.id}/320",
        width=image.width,
        height=image.height,
        colour=image.colour,
        purge=text.iso(image.purge_at),
    )
