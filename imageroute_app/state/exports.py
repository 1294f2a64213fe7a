"""ExportsState: the package that is being made, told truthfully, and the history of those that were."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import reflex as rx

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.errors import ImageRouteError, NotSignedIn
from imageroute_app.domain.exports import Export
from imageroute_app.state.export_views import CurrentView, ExportView, current_view, export_view
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor

WATCH_S = 1.0
CATEGORIES = tuple(category.value for category in Category if category is not Category.HOUSE)

Scope = Literal["everything", "gallery", "chosen"]


class ExportsState(rx.State):
    """The section "Export my data"."""

    is_loaded: bool = False
    current: CurrentView = CurrentView()
    history: list[ExportView] = []
    scope: Scope = "everything"
    chosen: list[str] = []
    problem: str = ""
    _watching: bool = False

    @rx.var
    def has_current(self) -> bool:
        """Say whether a package is under way."""
        return self.current.id != ""

    @rx.var
    def chosen_text(self) -> str:
        """Return the chosen kinds as the form sends them."""
        return "|".join(self.chosen)

    @rx.event
    @signed_in
    async def load_exports(self):
        """Fill the section and follow what is under way; on_load."""
        is_moving = await self._list(await actor(self))
        self.is_loaded = True
        return ExportsState.watch_exports if is_moving else None

    @rx.event
    @signed_in
    async def set_scope(self, scope: Scope):
        """Choose how much goes in."""
        self.scope = scope

    @rx.event
    @signed_in
    async def toggle_category(self, name: str):
        """Put one kind of data in, or leave it out."""
        if name in CATEGORIES:
            self.chosen = [one for one in CATEGORIES if (one in self.chosen) != (one == name)]

    @rx.event
    @signed_in
    async def pause_export(self, export_id: str):
        """Stop for now."""
        await self._do(services().exports.pause, export_id)

    @rx.event
    @signed_in
    async def resume_export(self, export_id: str):
        """Go on where it stopped."""
        await self._do(services().exports.resume, export_id)
        return ExportsState.watch_exports

    @rx.event
    @signed_in
    async def cancel_export(self, export_id: str):
        """Give it up."""
        await self._do(services().exports.cancel, export_id)

    @rx.event
    @signed_in
    async def delete_export_files(self, export_id: str):
        """Delete the files of a ready one now."""
        await self._do(services().exports.delete_files, export_id)

    @rx.event(background=True)
    @signed_in
    async def watch_exports(self):
        """Show every change until nothing is under way, or the session ends."""
        async with self:
            if self._watching:
                return
            self._watching = True
        try:
            is_moving = True
            while is_moving:
                is_moving = await self._reread(await actor(self))
                await asyncio.sleep(WATCH_S if is_moving else 0)
        except NotSignedIn:
            pass
        finally:
            async with self:
                self._watching = False

    async def _reread(self, owner: str) -> bool:
        found = await services().exports.all(owner)
        async with self:
            return self._show(list(found))

    async def _do(self, verb: Callable[[str, str], Awaitable[Any]], export_id: str) -> None:
        owner = await actor(self)
        try:
            await verb(owner, export_id)
            self.problem = ""
        except ImageRouteError as error:
            self.problem = error.message
        await self._list(owner)

    async def _list(self, owner: str) -> bool:
        return self._show(list(await services().exports.all(owner)))

    def _show(self, found: list[Export]) -> bool:
        now = utc_now()
        under_way = [one for one in found if one.state.is_open]
        self.current = current_view(under_way[0], now) if under_way else CurrentView()
        self.history = [export_view(one) for one in found if not one.state.is_open]
        return any(one.state.is_at_work for one in under_way)
