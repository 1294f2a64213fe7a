"""NoticesState: the bell, the banners above every page, and the list of what the person was told."""

import asyncio
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import NotFound, NotSignedIn
from imageroute_app.domain.notices import Notice
from imageroute_app.services.banners import Banner
from imageroute_app.services.notices import WORD
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import actor

WATCH_S = 900.0
"""How long a page that nobody came back to is kept up to date; coming back to its tab begins anew."""


@dataclasses.dataclass
class BannerView:
    """One sentence above the page, where it leads, and the notice that it repeats, if any."""

    text: str = ""
    act: str = ""
    path: str = ""
    notice_id: str = ""


@dataclasses.dataclass
class NoticeView:
    """One notice of the list."""

    id: str = ""
    text: str = ""
    at: str = ""
    path: str = ""
    is_new: bool = False


class NoticesState(rx.State):
    """What was told, and whether it was seen."""

    unseen: int = 0
    banners: list[BannerView] = []
    notices: list[NoticeView] = []
    is_loaded: bool = False
    is_listed: bool = False
    _turn: str = ""
    _until_s: float = 0.0

    @rx.var
    def bell(self) -> str:
        """Return the name of the bell."""
        return f"Notices, {self.unseen} new" if self.unseen else "Notices"

    @rx.var
    def heading(self) -> str:
        """Return the sentence above the list."""
        if not self.notices:
            return "No notices yet"
        return f"{text.count(self.unseen, 'notice')} not seen yet" if self.unseen else "You have seen everything"

    @rx.event
    @signed_in
    async def load_notices(self):
        """Fill the bell and the banners, and keep them up to date; on_load of every signed-in page."""
        self.is_listed = False
        await self._read(await actor(self))
        self._until_s = time.time() + WATCH_S
        return NoticesState.watch_notices

    @rx.event
    @signed_in
    async def load_list(self):
        """Fill the list too; on_load."""
        self.is_listed = True
        await self._read(await actor(self))

    @rx.event
    @signed_in
    async def look_again(self, is_hidden: bool):
        """Read once more when the person comes back to the tab, and have the pictures on Create looked at too."""
        if is_hidden:
            return None
        await self._read(await actor(self))
        self._until_s = time.time() + WATCH_S
        return [InspectorState.look_again, *([] if self._turn else [NoticesState.watch_notices])]

    @rx.event
    @signed_in
    async def see_notice(self, notice_id: str):
        """Mark one as seen."""
        owner = await actor(self)
        await services().notices.see(owner, notice_id)
        await self._read(owner)

    @rx.event
    @signed_in
    async def see_all(self):
        """Mark all as seen."""
        owner = await actor(self)
        await services().notices.see_all(owner)
        await self._read(owner)

    @rx.event(background=True)
    @signed_in
    async def watch_notices(self):
        """Show what is told while the page stands open; a watch of the page before it in this tab ends."""
        owner, turn = await actor(self), secrets.token_hex(8)
        async with self:
            had_one, self._turn = bool(self._turn), turn
        if had_one:
            await services().notices.tell_open_pages(owner)  # it wakes, sees that it is not wanted, and ends
        changes = services().dispatcher.changes(owner, WORD)
        while await self._reread(turn) and await _wait(changes):
            pass

    async def _reread(self, turn: str) -> bool:
        """Read again; says whether this watch is still wanted."""
        async with self:
            if self._turn != turn:  # another person has the tab, or a newer watch
                return False
            try:
                await self._read(await actor(self))
            except (NotSignedIn, NotFound):
                self._until_s = 0.0
            if time.time() < self._until_s:
                return True
            self._turn = ""
            return False

    async def _read(self, owner: str) -> None:
        word = await services().banners.word(owner)
        listed = await services().notices.newest(owner) if self.is_listed else []
        found: dict[str, object] = {
            "unseen": word.unseen,
            "banners": [_banner(one) for one in word.banners],
            "notices": [_notice(one) for one in listed],
            "is_loaded": True,
        }
        for name, value in found.items():
            if getattr(self, name) != value:  # every page reads twice as it begins; what is as it was is not sent again
                setattr(self, name, value)


async def _wait(changes: AsyncIterator[str]) -> bool:
    """Return once something changed, or after a while without word; False when there is nothing to wait for any more."""
    try:
        async with asyncio.timeout(WATCH_S):
            await anext(changes)
    except TimeoutError:
        return True
    except StopAsyncIteration:
        return False
    return True


def _banner(banner: Banner) -> BannerView:
    return BannerView(text=banner.text, act=banner.act, path=banner.path, notice_id=banner.notice_id)


def _notice(notice: Notice) -> NoticeView:
    return NoticeView(
        id=notice.id,
        text=notice.text,
        at=text.iso(notice.created_at),
        path=f"/notices/{notice.id}",
        is_new=notice.seen_at is None,
    )
