"""The inspector: all about one picture, opened by selection. It never touches the form."""

import dataclasses
from collections.abc import Awaitable

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import ImageRouteError, NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.jobs import Attempt, AttemptOutcome, Job
from imageroute_app.services.sources import IN_TRASH
from imageroute_app.state.form import STYLES
from imageroute_app.state.guard import signed_in
from imageroute_app.state.picture_training import PictureTrainingState
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.stage import StageState
from imageroute_app.state.views import ImageView, image_view


@dataclasses.dataclass
class OriginView:
    """The picture that another was made from; `name` is empty when it is no longer there."""

    id: str = ""
    name: str = ""
    thumb: str = ""
    is_image: bool = False


class InspectorState(rx.State):
    """The selected picture."""

    image: ImageView = ImageView()
    style: str = ""
    company: str = ""
    kept: str = ""
    note: str = ""
    origin: OriginView = OriginView()
    is_open: bool = False
    _trashed: str = ""

    @rx.event
    @signed_in
    async def open_image(self, image_id: str):
        """Show a picture."""
        await self._try(self._open(image_id))

    @rx.event
    @signed_in
    async def look_again(self):
        """Show what became of the pictures meanwhile; NoticesState hears of the person who comes back to the tab."""
        await self._try(self._look_again())

    @rx.event
    @signed_in
    async def close_inspector(self):
        """Put the panel away."""
        self.is_open = False

    @rx.event
    @signed_in
    async def favourite(self):
        """Mark the picture, or take the mark away."""
        await self._try(self._favour(not self.image.favourite))

    @rx.event
    @signed_in
    async def trash_image(self):
        """Move the picture to the trash; the notice offers the way back."""
        await self._try(self._trash())

    @rx.event
    @signed_in
    async def undo_trash(self):
        """Take the picture that went last out of the trash."""
        await self._try(self._restore())

    async def _try(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    async def _open(self, image_id: str) -> None:
        try:
            await self._read(image_id)
        except NotFound:  # it went in another tab
            await (await self.get_state(StageState))._look_again(await actor(self))
            raise
        self.is_open = True

    async def _look_again(self) -> None:
        await (await self.get_state(StageState))._look_again(await actor(self))
        try:
            if self.is_open:
                await self._read(self.image.id)
        except NotFound:
            self.is_open = False

    async def _read(self, image_id: str) -> None:
        owner = await actor(self)
        image = await services().gallery.image(owner, image_id)
        if image.trashed:
            raise NotFound(IN_TRASH)
        job = await _job_of(owner, image)
        attempts = await services().jobs.attempts(owner, image.job_id)
        self._fill(image_view(image, _offered(image), job, attempts), image, attempts)
        self.origin = await _origin_of(owner, image)
        await (await self.get_state(PictureTrainingState))._show(owner, image)

    def _fill(self, view: ImageView, image: Image, attempts: list[Attempt]) -> None:
        received = [attempt for attempt in attempts if attempt.outcome is AttemptOutcome.DELIVERED]
        self.image = view
        self.style = dict(STYLES).get(image.style or "none", image.style)
        self.company = received[-1].company if received else ""
        self.kept = received[-1].retention if received else "Unknown"
        self.note = " ".join(received[-1].notes) if received else ""

    async def _favour(self, on: bool) -> None:
        owner = await actor(self)
        image = await services().gallery.favourite(owner, self.image.id, on=on)
        self.image.favourite = image.favourite

    async def _trash(self) -> None:
        owner = await actor(self)
        image = await services().gallery.trash(owner, self.image.id)
        self._trashed, self.is_open = image.id, False
        await (await self.get_state(StageState))._show_again(owner, image.job_id)
        (await self.get_state(SessionState))._tell("Moved to the trash, for 30 days.", undo=True)

    async def _restore(self) -> None:
        owner = await actor(self)
        image = await services().gallery.restore(owner, self._trashed)
        await (await self.get_state(StageState))._show_again(owner, image.job_id)
        (await self.get_state(SessionState))._tell("Back in your gallery.")


async def _origin_of(owner: str, image: Image) -> OriginView:
    if not image.source_id:
        return OriginView()
    try:
        source = await services().jobs.source(owner, image.source_id)
    except NotFound:
        return OriginView(id=image.source_id)
    name = source.name or "Upload"
    return OriginView(id=source.id, name=name, thumb=f"/media/{source.id}/320", is_image=source.is_image)


async def _job_of(owner: str, image: Image) -> Job | None:
    """Return the generation an image came from; None when its row is no longer kept."""
    try:
        return await services().jobs.job(owner, image.job_id)
    except NotFound:
        return None


def _offered(image: Image) -> Model | None:
    models = {(model.provider, model.id): model for model in services().routing.models()}
    return models.get((image.provider, image.model))
