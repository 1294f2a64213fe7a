"""WelcomeState: the choices of the first visit, which can all wait; each is kept at once and can be changed in the account."""

from dataclasses import replace

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.jobs import Level
from imageroute_app.services.newsletter_choice import NewsletterStanding
from imageroute_app.state.create import CreateState
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor


class WelcomeState(rx.State):
    """What the card shows until it was put away once."""

    is_shown: bool = False
    level: str = Level.STRICT.value
    keeps_settings: bool = True
    wants_newsletter: bool = False
    is_waiting: bool = False
    """Whether the mail that asks was not answered yet."""

    @rx.event
    @signed_in
    async def load_welcome(self):
        """Show the card to whoever has not put it away; on_load."""
        owner = await actor(self)
        self.is_shown = (await services().accounts.person(owner)).welcomed_at is None
        if self.is_shown:
            self.level = (await services().routing.rule(owner)).level.value
            self.keeps_settings = await services().routing.settings_in_files(owner)
            self._show_newsletter(await services().newsletter_choice.standing(owner))

    @rx.event
    @signed_in
    async def choose_level(self, level: Level):
        """Keep the privacy level; who may get the next prompt follows at once."""
        try:
            owner = await actor(self)
            rule = await services().routing.rule(owner)
            self.level = (await services().routing.set_rule(owner, replace(rule, level=level))).level.value
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
            return None
        return CreateState.load_create

    @rx.event
    @signed_in
    async def keep_settings(self, is_on: bool):
        """Keep whether downloaded files carry their settings."""
        try:
            await services().routing.prefer_settings_in_files(await actor(self), is_on)
            self.keeps_settings = is_on
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    @rx.event
    @signed_in
    async def want_newsletter(self, is_on: bool):
        """Have the address asked, or end the newsletter."""
        try:
            self._show_newsletter(await services().newsletter_choice.choose(await actor(self), on=is_on))
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    def _show_newsletter(self, standing: NewsletterStanding) -> None:
        self.wants_newsletter, self.is_waiting = standing.is_on, standing.is_waiting

    @rx.event
    @signed_in
    async def close(self):
        """Put the card away for good; what was not chosen stays as it is."""
        await services().accounts.welcome(await actor(self))
        self.is_shown = False
