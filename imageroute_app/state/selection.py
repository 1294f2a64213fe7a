"""What is chosen in the grid, and the verbs on it: they run in the background, show how far they are, and can go on."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.gallery import tag_name
from imageroute_app.services.finding import TRASH
from imageroute_app.services.selection import IDS_MAX, Chosen, Step
from imageroute_app.state import text
from imageroute_app.state.compare import CompareState
from imageroute_app.state.download import DownloadState
from imageroute_app.state.gallery import GalleryState, OptionView
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor
from imageroute_app.state.share import ShareState
from imageroute_app.state.trash import TrashState

DOING = {
    "favourite": "Marking as favourites", "unfavourite": "Taking hearts off", "album": "Adding to the album",
    "unalbum": "Taking out of the album", "tag": "Tagging", "trash": "Moving to trash", "undo": "Bringing back",
    "restore": "Restoring", "erase": "Deleting for good",
}  # fmt: skip
DONE = {
    "favourite": "marked as favourites.", "unfavourite": "no longer favourites.", "album": "added to the album.",
    "unalbum": "taken out of the album.", "trash": "moved to trash. They stay 30 days.",
    "undo": "back in your gallery.", "restore": "back in your gallery.", "erase": "deleted for good.",
}  # fmt: skip


class SelectionState(rx.State):
    """How much is chosen, which dialog is open, and the verb under way."""

    count: int = 0
    everything: bool = False
    dialog: str = ""
    albums: list[OptionView] = []
    doing: str = ""
    done: int = 0
    of: int = 0
    left: str = ""
    _chosen: Chosen = Chosen()
    _since: str = ""
    _verb: str = ""
    _object: str = ""
    _when: datetime | None = None

    @rx.event
    @signed_in
    async def begin(self):
        """Let go of what was chosen and of dialogs, of which a page that begins shows nothing; on_load, before any other."""
        self.count, self.everything, self.dialog = 0, False, ""
        for other in (CompareState, DownloadState, ShareState):
            (await self.get_state(other)).is_open = False

    @rx.event
    @signed_in
    async def choose(self, count: int, everything: bool):
        """Follow the choice; from "everything" on only what is there now counts."""
        if everything and not self.everything:
            self._since = services().selection.now_bound()
        self.count, self.everything = count, everything

    @rx.event
    @signed_in
    async def act(self, verb: str, ids: str, everything: bool, but: str):
        """Begin a verb on the chosen pictures, or open the dialog that it needs."""
        gallery, named = await self.get_state(GalleryState), tuple(ids.split())
        if len(named) > IDS_MAX:
            return await self._refuse(f"Choose at most {IDS_MAX:,} one by one, or take everything the filter found.")
        if self.doing:
            return await self._refuse("Wait until the last step is done.")
        left_out = frozenset(but.split())
        self._chosen = Chosen(
            ask=gallery._ask(),
            everything=everything,
            ids=named,
            but=left_out,
            below_id=self._since if everything else "",
        )
        if verb in {"album", "tag"}:
            return await self._open(verb)
        if verb == "compare":
            return await (await self.get_state(CompareState))._show_chosen(named)
        if verb == "download":
            return await self._download()
        return await self._begin(verb, gallery.album)

    @rx.event
    @signed_in
    async def close_dialog(self):
        """Put the dialog away; the choice stays."""
        self.dialog = ""

    @rx.event
    @signed_in
    async def add_to_album(self, album_id: str):
        """Put the chosen pictures into an album."""
        return await self._begin("album", album_id)

    @rx.event
    @signed_in
    async def add_to_new_album(self, form: dict[str, str]):
        """Make an album and put the chosen pictures into it."""
        try:
            album = await services().albums.create(await actor(self), form.get("name", ""))
        except ImageRouteError as error:
            return await self._refuse(error.message)
        return await self._begin("album", album.id)

    @rx.event
    @signed_in
    async def tag(self, form: dict[str, str]):
        """Give the chosen pictures a tag."""
        return await self._begin("tag", form.get("tag", ""))

    @rx.event
    @signed_in
    async def undo(self):
        """Take back what the notice names; a move of many shows how far it is."""
        gallery = await self.get_state(GalleryState)
        if gallery._moment is None:
            await gallery._undo()
            return None
        self._when = gallery._moment
        return await self._begin("undo", "")

    @rx.event
    @signed_in
    async def go_on(self):
        """Do what an outage left undone."""
        return await self._begin(self._verb, self._object)

    @rx.event
    @signed_in
    async def forget_rest(self):
        """Leave undone what an outage left."""
        self.left = ""

    @rx.event
    @signed_in
    async def clear_trash(self, verb: str):
        """Restore or delete everything in the trash."""
        self._chosen = Chosen(ask=TRASH, everything=True, below_id=services().selection.now_bound())
        return await self._begin(verb, "") if verb in {"restore", "erase"} else None

    @rx.event
    @signed_in
    async def act_in_trash(self, verb: str):
        """Restore or delete what is chosen in the trash."""
        ids = (await self.get_state(TrashState)).chosen
        self._chosen = Chosen(ask=TRASH, ids=tuple(ids))
        return await self._begin(verb, "") if ids and verb in {"restore", "erase"} else None

    @rx.event(background=True)
    @signed_in
    async def run(self):
        """Carry out the verb that was begun."""
        owner = await actor(self)
        async with self:
            verb, thing, chosen, when = self._verb, self._object, self._chosen, self._when
        if verb not in DOING:  # nothing was begun
            return
        step = Step(done=0, changed=0, total=0)
        try:
            async for step in _steps(owner, verb, thing, chosen, when):
                async with self:
                    self.done, self.of = step.done, step.total
        except ImageRouteError as error:
            async with self:
                await self._stop(error, step)
            return
        async with self:
            await self._finish(verb, step, when)

    async def _begin(self, verb: str, thing: str) -> Any:
        """Note the verb and let the background carry it out."""
        if self.doing or verb not in DOING:
            return None
        self._verb, self._object, self.dialog, self.left = verb, thing, "", ""
        if verb == "trash":
            self._when = services().selection.moment()
        self.doing, self.done, self.of = DOING.get(verb, ""), 0, 0
        return SelectionState.run

    async def _finish(self, verb: str, step: Step, when: datetime | None) -> None:
        gallery, session = await self.get_state(GalleryState), await self.get_state(SessionState)
        self.doing = ""
        gallery._moment = when if verb == "trash" else None
        gallery._trashed, gallery.gone = [], ""
        done = f"tagged “{tag_name(self._object)}”." if verb == "tag" else DONE[verb]
        session._tell(f"{text.count(step.changed, 'picture')} {done}", undo=verb == "trash" and step.changed > 0)
        await self._renew(gallery)
        if verb in {"restore", "erase", "undo"}:
            await (await self.get_state(TrashState))._read_anew()

    async def _stop(self, error: ImageRouteError, step: Step) -> None:
        gallery, session = await self.get_state(GalleryState), await self.get_state(SessionState)
        rest = max(0, step.total - step.done)
        self.doing = ""
        self.left = (
            f"{step.done:,} of {step.total:,} done, {rest:,} left." if step.total else "Nothing was changed yet."
        )
        session._tell_error(error)
        await self._renew(gallery)

    async def _renew(self, gallery: GalleryState) -> None:
        gallery.refresh, gallery.cleared = gallery.refresh + 1, gallery.cleared + 1
        self.count, self.everything = 0, False
        await gallery._count()

    async def _open(self, dialog: str) -> None:
        albums = await services().albums.all(await actor(self))
        self.albums = [OptionView(value=album.id, label=album.name) for album in albums]
        self.dialog = dialog

    async def _download(self) -> None:
        try:
            download = await self.get_state(DownloadState)
            await download._begin_chosen(await actor(self), self._chosen, "Selection")
        except ImageRouteError as error:
            await self._refuse(error.message)

    async def _refuse(self, sentence: str) -> None:
        (await self.get_state(SessionState))._tell(sentence, kind="bad")

    @rx.var
    def label(self) -> str:
        """Return how many are chosen one by one."""
        return f"{self.count:,} selected"

    @rx.var
    def progress(self) -> str:
        """Return how far the verb is."""
        return f"{self.doing}: {self.done:,} of {self.of:,}" if self.of else f"{self.doing} …"


def _steps(owner: str, verb: str, thing: str, chosen: Chosen, when: datetime | None) -> AsyncIterator[Step]:
    selection = services().selection
    match verb:
        case "favourite" | "unfavourite":
            return selection.favourite(owner, chosen, on=verb == "favourite")
        case "album" | "unalbum":
            return selection.album(owner, chosen, thing, on=verb == "album")
        case "tag":
            return selection.tag(owner, chosen, thing, on=True)
        case "trash" | "undo" if when:
            return selection.trash(owner, chosen, when) if verb == "trash" else selection.undo_trash(owner, when)
        case "erase":
            return selection.erase(owner, chosen)
        case _:
            return selection.restore(owner, chosen)
