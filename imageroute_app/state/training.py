"""TrainingState: the pictures that a person allowed for training, one by one, and the builds that held any."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.services.training import Allowed
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.privacy import PrivacyState
from imageroute_app.state.session import SessionState, actor

NAMELESS = "A picture that is no longer there"


@dataclasses.dataclass
class AllowedView:
    """A picture that is switched on; it rests until `cooled`."""

    id: str = ""
    name: str = ""
    thumb: str = ""
    since: str = ""
    cooled: str = ""
    is_resting: bool = True


@dataclasses.dataclass
class BuildView:
    """One build that took pictures of the person, and how many."""

    id: str = ""
    at: str = ""
    count: str = ""


class TrainingState(rx.State):
    """The section "AI training"."""

    pictures: list[AllowedView] = []
    builds: list[BuildView] = []
    totals: list[str] = []
    standing: str = ""
    is_minor: bool = False
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_training(self):
        """Read which pictures are on, and which builds held any; on_load."""
        await self._read(await actor(self))
        self.is_loaded = True

    @rx.event
    @signed_in
    async def stop_training(self, image_id: str):
        """Switch one picture off."""
        owner = await actor(self)
        try:
            await services().choices.end_training(owner, image_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        await self._read(owner)
        return PrivacyState.load_overview

    @rx.event
    @signed_in
    async def stop_all_training(self):
        """Switch every picture off."""
        owner = await actor(self)
        try:
            await services().training.all_off(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        await self._read(owner)
        return PrivacyState.load_overview

    async def _read(self, owner: str) -> None:
        training = services().training
        self.pictures = [_allowed(one) for one in await training.allowed(owner)]
        self.builds = _builds(await training.entries(owner))
        self.totals = _totals(await training.newest())
        self.standing = f"{text.count(len(self.pictures), 'picture')} switched on."
        person = await services().accounts.person(owner)
        self.is_minor = person.age_band is AgeBand.TEEN


def _allowed(one: Allowed) -> AllowedView:
    cooled = one.choice.cooled_at
    return AllowedView(
        id=one.choice.image_id,
        name=one.image.prompt if one.image else NAMELESS,
        thumb=f"/media/{one.image.id}/320" if one.image else "",
        since=text.iso(one.choice.created_at),
        cooled=text.iso(cooled),
        is_resting=cooled is not None and utc_now() < cooled,
    )


def _builds(entries: list[DatasetEntry]) -> list[BuildView]:
    counts: dict[str, list[DatasetEntry]] = {}
    for entry in entries:
        counts.setdefault(entry.build_id, []).append(entry)
    return [
        BuildView(id=build_id, at=text.iso(taken[0].built_at), count=text.count(len(taken), "picture"))
        for build_id, taken in counts.items()
    ]


def _totals(build: DatasetBuild | None) -> list[str]:
    return list(build.totals) if build else []
