"""The tags of the open picture."""

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import TAGS_MAX, Image, tag_name
from imageroute_app.state.guard import signed_in
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState, actor


class TagState(rx.State):
    """The tags of the open picture."""

    @rx.event
    @signed_in
    async def add_tag(self, form: dict[str, str]):
        """Give the open picture a tag."""
        await self._tag(form.get("tag", ""), on=True)

    @rx.event
    @signed_in
    async def remove_tag(self, tag: str):
        """Take a tag off the open picture."""
        await self._tag(tag, on=False)

    async def _tag(self, tag: str, *, on: bool) -> None:
        inspector = await self.get_state(InspectorState)
        try:
            image = await services().gallery.tag(await actor(self), inspector.image.id, tag, on=on)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        inspector.image.tags = list(image.tags)
        if on and (note := _note(tag, image)):
            (await self.get_state(SessionState))._tell(note)


def _note(tag: str, image: Image) -> str:
    """Return what a person should know of a tag that was asked for and is not kept as it was written."""
    name = tag_name(tag)
    if name not in map(tag_name, image.tags):
        return f"A picture has {TAGS_MAX} tags at most. Take one off first."
    return "" if name == tag.strip() else f"Tagged “{name}”: a tag is kept as search reads it."
