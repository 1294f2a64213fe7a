"""PictureTrainingState: the training switch of the picture that is looked at; off unless its person switched this one on."""

import reflex as rx

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.choices import ChoiceEvent
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import Image
from imageroute_app.state import text
from imageroute_app.state.choice_views import EventView, event_view
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor


class PictureTrainingState(rx.State):
    """One switch, how long the picture rests, and every time it was switched."""

    image_id: str = ""
    is_offered: bool = False
    """Whether it was made here and lies in the gallery."""
    is_minor: bool = False
    is_on: bool = False
    is_resting: bool = False
    cooled: str = ""
    history: list[EventView] = []

    @rx.event
    @signed_in
    async def set_training(self, image_id: str, is_on: bool):
        """Allow training on this one picture, or take that back."""
        owner = await actor(self)
        try:
            await services().choices.allow_training(owner, image_id, on=is_on)
            await self._show(owner, await services().gallery.image(owner, image_id))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    async def _show(self, owner: str, image: Image) -> None:
        events = await services().choices.log.about_image(owner, image.id)
        person = await services().accounts.person(owner)
        cooled = events[0].cooled_at if events else None
        self.image_id = image.id
        self.is_offered = bool(image.job_id) and not image.trashed
        self.is_minor = person.age_band is AgeBand.TEEN
        self.is_on = bool(events) and events[0].event is ChoiceEvent.GIVEN
        self.cooled = text.iso(cooled)
        self.is_resting = cooled is not None and utc_now() < cooled
        self.history = [event_view(event) for event in events]
