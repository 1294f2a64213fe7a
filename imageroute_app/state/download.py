"""Downloads: one picture as it is, in another format or with its settings inside; several as one archive."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlencode

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, NotSignedIn
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.sharing import Archive, ArchiveState
from imageroute_app.services.archive_build import Choice
from imageroute_app.services.finding import Ask
from imageroute_app.services.selection import Chosen
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

Encoding = Literal["original", "png", "jpeg", "webp"]
Edge = Literal["0", "2048", "1024", "512"]
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP"}
WATCH_S = 0.5


@dataclasses.dataclass
class PictureView:
    """The picture that is about to be downloaded."""

    id: str = ""
    prompt: str = ""
    thumbnail: str = ""
    kind: str = ""
    pixels: str = ""


@dataclasses.dataclass
class ArchiveView:
    """One archive: what it holds, how far it is, and what is not in it."""

    id: str = ""
    title: str = ""
    state: str = ""
    facts: str = ""
    gaps: str = ""
    done: int = 0
    total: int = 1
    href: str = ""
    expires_at: str = ""


class DownloadState(rx.State):
    """The download dialog."""

    is_open: bool = False
    image: PictureView = PictureView()
    count: int = 0
    title: str = ""
    encoding: Encoding = "original"
    edge: Edge = "0"
    with_settings: bool = False
    prefers_settings: bool = True
    size: str = ""
    problem: str = ""
    is_busy: bool = False
    archives: list[ArchiveView] = []
    _ids: list[str] = []
    _watching: bool = False

    @rx.event
    @signed_in
    async def open_one(self, image_id: str):
        """Offer one picture."""
        try:
            owner = await actor(self)
            image = await services().gallery.image(owner, image_id)
            await self._begin(owner, [image.id], "")
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return
        self.image = _picture(image)
        await self._measure()

    @rx.event
    @signed_in
    async def open_found(self, query: str, favourites: bool, album: str = ""):
        """Offer everything that the gallery's filter finds, loaded or not."""
        try:
            owner = await actor(self)
            chosen = Chosen(ask=Ask(text=query, favourite=favourites, album=album), everything=True)
            await self._begin_chosen(owner, chosen, _title(query, favourites=favourites))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def open_archives(self):
        """Show the archives that can still be had."""
        try:
            await self._begin(await actor(self), [], "")
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return None
        return DownloadState.watch_archives

    @rx.event
    @signed_in
    async def close_download(self):
        """Put the dialog away; what is being made goes on."""
        self.is_open = False

    @rx.event
    @signed_in
    async def set_encoding(self, encoding: Encoding):
        """Choose a format; an original keeps its size."""
        self.encoding = encoding
        self.edge, self.size = "0" if encoding == "original" else self.edge, ""
        yield
        await self._measure()

    @rx.event
    @signed_in
    async def set_edge(self, edge: Edge):
        """Choose the longest edge."""
        self.edge, self.size = edge, ""
        yield
        await self._measure()

    @rx.event
    @signed_in
    async def set_with_settings(self, is_on: bool):
        """Put the settings into the file, or leave them out."""
        self.with_settings, self.size = is_on, ""
        yield
        await self._measure()

    @rx.event
    @signed_in
    async def prefer_settings(self, is_on: bool):
        """Choose how the switch stands when the dialog opens."""
        try:
            await services().routing.prefer_settings_in_files(await actor(self), is_on)
            self.prefers_settings = is_on
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def load_downloads(self):
        """Fill what the account page shows; on_load."""
        owner = await actor(self)
        self.prefers_settings = await services().routing.settings_in_files(owner)
        await self._list(owner)

    @rx.event
    @signed_in
    async def make_archive(self):
        """Begin the archive of what is chosen, and follow it."""
        self.problem, self.is_busy = "", True
        yield
        try:
            owner = await actor(self)
            await services().archives.create(owner, self._ids, self._choice(), title=self.title)
            await self._list(owner)
            self._ids, self.count = [], 0
            yield DownloadState.watch_archives
        except ImageRouteError as error:
            self.problem = error.message
        finally:
            self.is_busy = False

    @rx.event
    @signed_in
    async def delete_archive(self, archive_id: str):
        """Delete an archive and every file made for it."""
        try:
            owner = await actor(self)
            await services().archives.delete(owner, archive_id)
            await self._list(owner)
        except ImageRouteError as error:
            self.problem = error.message

    @rx.event(background=True)
    @signed_in
    async def watch_archives(self):
        """Show how far the archives are, until all are ready or the session ends."""
        async with self:
            if self._watching:
                return
            self._watching = True
        try:
            is_open = True
            while is_open:
                is_open = await self._reread(await actor(self))
                await asyncio.sleep(WATCH_S if is_open else 0)
        except NotSignedIn:
            pass
        finally:
            async with self:
                self._watching = False

    async def _reread(self, owner: str) -> bool:
        found = await services().archives.all(owner)
        async with self:
            self.archives = [_archive(archive) for archive in found]
            return self.is_open and any(archive.state is ArchiveState.PREPARING for archive in found)

    async def _begin_chosen(self, owner: str, chosen: Chosen, title: str) -> None:
        """Open the dialog for a choice of the gallery."""
        await self._begin(owner, await services().selection.ids(owner, chosen), title)

    async def _begin(self, owner: str, ids: Sequence[str], title: str) -> None:
        """Open the dialog for these pictures with the person's preset."""
        self.prefers_settings = await services().routing.settings_in_files(owner)
        self.image, self._ids, self.count, self.title = PictureView(), list(ids), len(ids), title
        self.encoding, self.edge, self.problem, self.size = "original", "0", "", ""
        # An archive has the settings beside each picture already; inside the files they cost a drawing of each.
        self.with_settings = self.prefers_settings and self.count == 1
        await self._list(owner)
        self.is_open = True

    async def _list(self, owner: str) -> None:
        self.archives = [_archive(archive) for archive in await services().archives.all(owner)]

    async def _measure(self) -> None:
        """Show how large the file will be, to the byte: it is made once to be measured, and once to be sent."""
        self.problem = ""
        if not self.image.id:
            return
        try:
            owner = await actor(self)
            image = await services().gallery.image(owner, self.image.id)
            self.size = text.size(await services().archives.file_bytes(image, self._choice()))
        except ImageRouteError as error:
            self.size, self.problem = "", error.message

    def _choice(self) -> Choice:
        return Choice(encoding=self.encoding, edge_px=int(self.edge), with_settings=self.with_settings)

    @rx.var
    def href(self) -> str:
        """Return the address of the file as it is chosen."""
        if self.encoding == "original" and not self.with_settings:
            return f"/media/{self.image.id}/original?download=1"
        asked = {"format": self.encoding, "edge": self.edge, "settings": "1" if self.with_settings else "0"}
        return f"/exports/pictures/{self.image.id}?{urlencode(asked)}"

    @rx.var
    def recipe_href(self) -> str:
        """Return the address of the settings as a file of their own."""
        return f"/exports/pictures/{self.image.id}/recipe"

    @rx.var
    def count_label(self) -> str:
        """Return how many pictures are chosen."""
        return text.count(self.count, "picture")


def _title(query: str, *, favourites: bool) -> str:
    what = "Favourites" if favourites else "Everything"
    return f"{what} that matches “{query}”" if query else what


def _picture(image: Image) -> PictureView:
    return PictureView(
        id=image.id,
        prompt=image.prompt,
        thumbnail=f"/media/{image.id}/320",
        kind=FORMATS.get(image.mime, "file"),
        pixels=text.pixels(image.width, image.height),
    )


def _archive(archive: Archive) -> ArchiveView:
    held = len(archive.image_ids) - len(archive.gaps)
    facts = {
        ArchiveState.PREPARING: f"{archive.done:,} of {text.count(len(archive.image_ids), 'picture')} so far",
        ArchiveState.READY: f"{text.count(held, 'picture')} · {text.size(archive.size_bytes)}",
        ArchiveState.FAILED: "It could not be made. Delete it and try again.",
    }[archive.state]
    missing = len(archive.gaps)
    gaps = f"Ready with gaps: {text.count(missing, 'picture')} missing, named in manifest.json" if missing else ""
    return ArchiveView(
        id=archive.id,
        title=archive.title,
        state=archive.state.value,
        facts=facts,
        gaps=gaps,
        done=archive.done,
        total=len(archive.image_ids),
        href=f"/exports/{archive.id}",
        expires_at=text.iso(archive.expires_at),
    )
