"""Comparing: two to four pictures side by side, chosen in the grid, or one that is open with what belongs to it."""

import dataclasses
from collections.abc import Sequence

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.pictures import CLEAR
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

COMPARE_MIN, COMPARE_MAX = 2, 4
ALONE = (
    "Nothing belongs to this picture yet. To compare it with others, choose 2 to 4 in the gallery and press Compare."
)


@dataclasses.dataclass
class CompareView:
    """One picture of a comparison."""

    id: str = ""
    prompt: str = ""
    model: str = ""
    size: str = ""
    large: str = ""
    original: str = ""
    width: int = 1
    height: int = 1
    is_clear: bool = False


class CompareState(rx.State):
    """The dialog with the pictures of one comparison."""

    is_open: bool = False
    compared: list[CompareView] = []

    @rx.event
    @signed_in
    async def open_related(self, image_id: str):
        """Compare a picture with what it was made from, what was made with it, and what was made from it."""
        try:
            found = await services().gallery.related(await actor(self), image_id, COMPARE_MAX)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        if len(found) < COMPARE_MIN:
            (await self.get_state(SessionState))._tell(ALONE)
            return
        self._show(found)

    @rx.event
    @signed_in
    async def close_compare(self):
        """Put the dialog away."""
        self.is_open, self.compared = False, []

    async def _show_chosen(self, ids: Sequence[str]) -> None:
        """Compare what is chosen in the grid."""
        session = await self.get_state(SessionState)
        if not COMPARE_MIN <= len(ids) <= COMPARE_MAX:
            session._tell(f"Choose {COMPARE_MIN} to {COMPARE_MAX} pictures to compare.", kind="bad")
            return
        owner = await actor(self)
        try:
            self._show([await services().gallery.image(owner, image_id) for image_id in ids])
        except ImageRouteError as error:
            session._tell(error.message, kind="bad")

    def _show(self, images: Sequence[Image]) -> None:
        self.is_open, self.compared = True, [_compared(image) for image in images]


def _compared(image: Image) -> CompareView:
    model = services().routing.model(f"{image.provider}/{image.model}")
    return CompareView(
        id=image.id,
        prompt=image.prompt,
        model=model.name if model else image.model,
        size=text.pixels(image.width, image.height),
        large=f"/media/{image.id}/960",
        original=f"/media/{image.id}/original",
        width=image.width,
        height=image.height,
        is_clear=image.colour == CLEAR,
    )
