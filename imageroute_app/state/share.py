"""Share links: made, shown and taken back. Sharing is off until a person makes a link."""

import dataclasses
from typing import Literal

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.sharing import Share
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

Days = Literal["1", "7", "30"]


@dataclasses.dataclass
class LinkView:
    """One link that works."""

    id: str = ""
    image_id: str = ""
    thumbnail: str = ""
    url: str = ""
    facts: str = ""
    expires_at: str = ""


class ShareState(rx.State):
    """The dialog of one picture's links, and the list of all."""

    is_open: bool = False
    image_id: str = ""
    days: Days = "30"
    with_metadata: bool = False
    links: list[LinkView] = []
    copied: str = ""
    problem: str = ""
    is_busy: bool = False

    @rx.event
    @signed_in
    async def open_share(self, image_id: str):
        """Show the links of a picture."""
        self.image_id, self.days, self.with_metadata, self.copied, self.problem = image_id, "30", False, "", ""
        await self._list()
        self.is_open = True

    @rx.event
    @signed_in
    async def close_share(self):
        """Put the dialog away."""
        self.is_open, self.image_id = False, ""

    @rx.event
    @signed_in
    async def load_links(self):
        """Show every link of the person; on_load of the account page."""
        self.is_open, self.image_id, self.copied = False, "", ""
        await self._list()

    @rx.event
    @signed_in
    async def set_days(self, days: Days):
        """Choose how long the next link works."""
        self.days = days

    @rx.event
    @signed_in
    async def set_with_metadata(self, is_on: bool):
        """Show prompt and model on the page, or leave them out."""
        self.with_metadata = is_on

    @rx.event
    @signed_in
    async def note_copied(self, share_id: str):
        """Say at the button that the link is copied."""
        self.copied = share_id

    @rx.event
    @signed_in
    async def submit_share(self, form_data: dict[str, str]):
        """Make a link with what the dialog says."""
        self.problem, self.is_busy = "", True
        yield
        try:
            await services().shares.create(
                await actor(self),
                self.image_id,
                days=int(self.days),
                password=form_data.get("share_password", ""),
                with_metadata=self.with_metadata,
            )
            await self._list()
        except ImageRouteError as error:
            self.problem = error.message
        finally:
            self.is_busy = False

    @rx.event
    @signed_in
    async def revoke(self, share_id: str):
        """End a link at once."""
        try:
            await services().shares.revoke(await actor(self), share_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        await self._list()

    async def _list(self) -> None:
        try:
            found = await services().shares.all(await actor(self), self.image_id)
        except ImageRouteError as error:
            self.problem = error.message
            return
        self.links = [_link(share) for share in found]


def _link(share: Share) -> LinkView:
    parts = ["With a password" if share.password_hash else "No password"]
    parts.append("shows prompt and model" if share.with_metadata else "picture only")
    return LinkView(
        id=share.id,
        image_id=share.image_id,
        thumbnail=f"/media/{share.image_id}/320",
        url=f"{services().rules.origin}/s/{share.token}",
        facts=", ".join(parts),
        expires_at=text.iso(share.expires_at),
    )
