"""ChoicesState: what a person allowed, refused and froze, with the words that are kept and the history of it."""

from collections.abc import Awaitable

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.choices import EVERYTHING
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.purposes import Purpose
from imageroute_app.state import text
from imageroute_app.state.choice_views import EventView, SwitchView, event_view, newsletter_view, switch_view
from imageroute_app.state.guard import signed_in
from imageroute_app.state.privacy import PrivacyState
from imageroute_app.state.session import SessionState, actor

PAGE = 20


class ChoicesState(rx.State):
    """The section "Consents and choices"."""

    switches: list[SwitchView] = []
    history: list[EventView] = []
    has_more: bool = False
    proof: str = ""
    is_frozen: bool = False
    frozen_at: str = ""
    lift_words: str = ""
    """What starts again when the freeze is lifted; shown before it can be."""
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_choices(self):
        """Read how everything stands, and the newest events; on_load."""
        await self._read(await actor(self))
        self.is_loaded = True

    @rx.event
    @signed_in
    async def set_choice(self, purpose: Purpose, is_on: bool):
        """Switch one purpose on or off; the record keeps the words that stand beside the switch."""
        owner = await actor(self)
        await self._try(owner, _choose(owner, Purpose(purpose), on=is_on))
        return PrivacyState.load_overview

    @rx.event
    @signed_in
    async def freeze_data(self):
        """Let everything only be stored from now on."""
        owner = await actor(self)
        await self._try(owner, services().choices.freeze(owner))
        return PrivacyState.load_overview

    @rx.event
    @signed_in
    async def ask_lifting(self):
        """Show what starts again; nothing changes yet."""
        try:
            self.lift_words = await services().choices.announce_lifting(await actor(self))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def stay_frozen(self):
        """Put the question away."""
        self.lift_words = ""

    @rx.event
    @signed_in
    async def lift_freeze(self):
        """End the freeze, after its words were shown."""
        owner = await actor(self)
        await self._try(owner, services().choices.lift(owner))
        return PrivacyState.load_overview

    @rx.event
    @signed_in
    async def show_older_choices(self):
        """Show the next page of the history."""
        after = self.history[-1].id if self.history else ""
        await self._read_history(await actor(self), after)

    async def _try(self, owner: str, work: Awaitable[object]) -> None:
        try:
            await work
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        await self._read(owner)

    async def _read(self, owner: str) -> None:
        choices = services().choices
        standings = [
            switch_view(one) for one in await choices.standings(owner) if one.purpose is not Purpose.NEWSLETTER
        ]
        newsletter = newsletter_view(await services().newsletter_choice.standing(owner))
        self.switches = [*standings, newsletter]
        self.is_frozen = await choices.is_frozen(owner)
        last = await choices.log.last(owner, EVERYTHING)
        self.frozen_at = text.iso(last.created_at) if last and self.is_frozen else ""
        self.lift_words = ""
        await self._read_history(owner, "")
        self.proof = await _proof(owner)

    async def _read_history(self, owner: str, after: str) -> None:
        found = await services().choices.log.history(owner, after=after, limit=PAGE + 1)
        shown = [event_view(choice) for choice in found[:PAGE]]
        self.history = [*self.history, *shown] if after else shown
        self.has_more = len(found) > PAGE


async def _choose(owner: str, purpose: Purpose, *, on: bool) -> None:
    if purpose is Purpose.NEWSLETTER:
        await services().newsletter_choice.choose(owner, on=on)
        return
    await services().choices.choose(owner, purpose, on=on)


async def _proof(owner: str) -> str:
    """Return what looking at the whole record just now has shown."""
    broken = await services().choices.log.broken_at(owner)
    if broken is None:
        return "Checked just now: every entry follows from the one before, so none was changed or taken out."
    return f"Entry {broken} does not follow from the one before: the record was changed from outside. Tell us under Requests."
