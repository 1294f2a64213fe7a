"""Uploads: the person's own pictures, how long each stays, into the gallery or gone at once."""

import dataclasses
from collections.abc import Sequence

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.uploads import NOTICE_DAYS
from imageroute_app.services.uploads import Standing
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

LIST = "uploads"
"""The id of the list, which takes the focus when an upload goes together with its buttons."""


@dataclasses.dataclass
class UploadView:
    """One upload; `days` 0 to 30 are left, `is_going` once it is being erased, `made` counts pictures made from it."""

    id: str = ""
    name: str = ""
    thumb: str = ""
    width: int = 1
    height: int = 1
    size: str = ""
    colour: str = ""
    uploaded: str = ""
    days: int = 0
    days_left: str = ""
    is_soon: bool = False
    is_going: bool = False
    made: str = ""


class UploadsState(rx.State):
    """The person's uploads, what goes first at the top; `stored` counts those that can still be used, empty if none."""

    uploads: list[UploadView] = []
    ahead: str = ""
    stored: str = ""
    is_loaded: bool = False
    has_failed: bool = False
    is_deleting: bool = False

    @rx.event
    @signed_in
    async def load_uploads(self):
        """Show all of them; on_load, after a failure, and when one came in."""
        await self._read()
        self.is_loaded = True

    @rx.event
    @signed_in
    async def take_upload(self, upload_id: str):
        """Show a picture that came in; the list is read anew, so the id is only looked for in it."""
        await self._read()
        if any(view.id == upload_id for view in self.uploads):
            (await self.get_state(SessionState))._tell("Here for 30 days. Save it to your gallery to keep it.")

    @rx.event
    @signed_in
    async def refuse_recipe(self, answer: str):
        """Say where a recipe belongs."""
        (await self.get_state(SessionState))._tell(
            "This file holds settings. Drop it on Create to use them.", kind="bad"
        )

    @rx.event
    @signed_in
    async def save_upload(self, upload_id: str):
        """Make an upload a picture of the gallery, which stops its clock."""
        session = await self.get_state(SessionState)
        try:
            await services().uploads.save(await actor(self), upload_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return None
        await self._read()
        session._tell("Saved to your gallery. Its clock has stopped: it stays until you delete it.")
        return rx.set_focus(LIST)

    @rx.event
    @signed_in
    async def delete_upload(self, upload_id: str):
        """Erase an upload now: every size, then its row."""
        session = await self.get_state(SessionState)
        try:
            is_gone = await services().uploads.delete(await actor(self), upload_id)
        except ImageRouteError as error:
            session._tell_error(error)
            return None
        await self._read()
        gone, going = "Erased: the upload and both sizes.", "Being erased. A store did not answer; we keep trying."
        session._tell(gone if is_gone else going)
        return rx.set_focus(LIST)

    @rx.event(background=True)
    @signed_in
    async def delete_all(self):
        """Erase every upload now; with a slow store it takes a while, in which the page goes on."""
        async with self:
            if self.is_deleting:
                return None
            self.is_deleting = True
            owner, count = await actor(self), sum(not one.is_going for one in self.uploads)
        try:
            notice, kind = _erased(count, await services().uploads.delete_all(owner)), ""
        except ImageRouteError as error:
            notice, kind = error.message, "bad"
        async with self:
            self.is_deleting = False
            await self._read()
            (await self.get_state(SessionState))._tell(notice, kind=kind)
        return rx.set_focus(LIST)

    async def _read(self) -> None:
        session = await self.get_state(SessionState)
        try:
            owner = await actor(self)
            found = await services().uploads.standings(owner)
            await session._load_expiring(owner)
        except ImageRouteError as error:
            self.has_failed = not self.uploads
            session._tell_error(error)
            return
        self.uploads = [upload_view(one) for one in found]
        self.ahead, self.stored = _ahead(found), _stored(found)
        self.has_failed = False


def _ahead(found: Sequence[Standing]) -> str:
    """Say what becomes of them in the next days."""
    going = sum(one.is_going for one in found)
    soon = sum(one.days_left <= NOTICE_DAYS and not one.is_going for one in found)
    days = f"{NOTICE_DAYS} days"
    if not going:
        some = f"{text.count(soon, 'upload')} will be erased in {days} or less"
        return some if soon else f"Nothing is erased in the next {days}"
    now = f"{text.count(going, 'upload')} {'is' if going == 1 else 'are'} being erased"
    if soon:
        return f"{now}, {soon:,} more will be in {days} or less"
    return now if going == len(found) else f"{now}, nothing else in the next {days}"


def _stored(found: Sequence[Standing]) -> str:
    """Count what can still be used, and so deleted."""
    sizes = [one.upload.size_bytes for one in found if not one.is_going]
    return f"{text.count(len(sizes), 'upload')}, {text.size(sum(sizes))}" if sizes else ""


def _erased(count: int, left: int) -> str:
    if left:
        return f"{text.count(left, 'upload')} being erased. A store did not answer; we keep trying."
    return f"{text.count(count, 'upload')} erased, with every size."


def upload_view(standing: Standing) -> UploadView:
    """Show how an upload stands."""
    upload, days, made = standing.upload, standing.days_left, standing.made
    return UploadView(
        id=upload.id,
        name=upload.name or "Upload",
        thumb=f"/media/{upload.id}/320",
        width=upload.width,
        height=upload.height,
        size=f"{text.pixels(upload.width, upload.height)} · {text.size(upload.size_bytes)}",
        colour=upload.colour,
        uploaded=text.iso(upload.uploaded_at),
        days=days,
        days_left=f"{text.count(days, 'day')} left",
        is_soon=days <= NOTICE_DAYS,
        is_going=standing.is_going,
        made=f"{text.count(made, 'picture')} made from it" if made else "Nothing made from it yet",
    )
