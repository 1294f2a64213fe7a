"""The trash: what lies there, back to the gallery, or gone at once."""

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.views import ImageView, image_view

PAGE = 40


class TrashState(rx.State):
    """The images in the trash, newest first."""

    images: list[ImageView] = []
    asked: ImageView = ImageView()
    is_asking: bool = False
    has_older: bool = False
    is_loaded: bool = False
    _after: str = ""

    @rx.event
    @signed_in
    async def load_trash(self):
        """Show the first page; on_load."""
        self.images, self._after = [], ""
        await self._read()
        self.is_loaded = True

    @rx.event
    @signed_in
    async def show_older(self):
        """Show the next page."""
        await self._read()

    @rx.event
    @signed_in
    async def restore_image(self, image_id: str):
        """Take an image back into the gallery."""
        try:
            await services().gallery.restore(await actor(self), image_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self._drop(image_id)
        (await self.get_state(SessionState))._tell("Back in your gallery.")

    @rx.event
    @signed_in
    async def ask_erase(self, image_id: str):
        """Ask before an image is erased for good."""
        found = [view for view in self.images if view.id == image_id]
        if found:
            self.asked, self.is_asking = found[0], True

    @rx.event
    @signed_in
    async def set_asking(self, is_open: bool):
        """Follow the dialog."""
        self.is_asking = is_open

    @rx.event
    @signed_in
    async def erase_image(self):
        """Erase the image that was asked about: every size, then its row."""
        self.is_asking = False
        try:
            await services().gallery.erase(await actor(self), self.asked.id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self._drop(self.asked.id)
        (await self.get_state(SessionState))._tell("Gone: the original and both sizes.")

    async def _read(self) -> None:
        try:
            owner = await actor(self)
            page = await services().gallery.page(owner, trashed=True, after=self._after, limit=PAGE)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self.images += [image_view(image, None, None, []) for image in page.images]
        self._after, self.has_older = page.next_after, bool(page.next_after)

    def _drop(self, image_id: str) -> None:
        self.images = [view for view in self.images if view.id != image_id]
