"""PoliciesState: which texts are in effect, which come, and which the person was shown; never a consent."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.policies import Acknowledgement, Edition, Kind, Shown
from imageroute_app.services.policies import NAMES, Upcoming, difference
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor

OCCASIONS = {
    Shown.SIGN_UP: "when you signed up",
    Shown.CENTER: "here",
    Shown.BEFORE: "before editions were kept",
}


@dataclasses.dataclass
class EditionView:
    """One text in effect; `earlier` counts the editions before it, `seen` says when the person was shown this one."""

    id: str = ""
    name: str = ""
    day: str = ""
    path: str = ""
    versions: str = ""
    differences: str = ""
    earlier: str = ""
    seen: str = ""


@dataclasses.dataclass
class ComingView:
    """One text that is not in effect yet; `day` is empty until its day is certain."""

    id: str = ""
    name: str = ""
    day: str = ""
    summary: str = ""
    differences: str = ""
    is_seen: bool = False


@dataclasses.dataclass
class SeenView:
    """That the person was shown an edition."""

    id: str = ""
    name: str = ""
    path: str = ""
    at: str = ""
    where: str = ""


class PoliciesState(rx.State):
    """The section "Policy and versions"."""

    editions: list[EditionView] = []
    coming: list[ComingView] = []
    seen: list[SeenView] = []
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_policies(self):
        """Read the editions and what was shown; on_load."""
        await self._read(await actor(self))
        self.is_loaded = True

    @rx.event
    @signed_in
    async def acknowledge_policy(self, edition_id: str):
        """Note that the person has seen an edition."""
        try:
            owner = await actor(self)
            await services().policies.acknowledge(owner, edition_id)
            await self._read(owner)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)

    async def _read(self, owner: str) -> None:
        shown = await services().policies.acknowledged(owner)
        known = {one.edition for one in shown}
        current = {kind: await services().policies.current(kind) for kind in Kind}
        self.editions = [
            _edition(one, services().policies.editions(kind), [row for row in shown if row.edition == one.id])
            for kind, one in current.items()
        ]
        self.coming = [
            _coming(one, current[kind], is_seen=one.edition.id in known)
            for kind in Kind
            for one in await services().policies.upcoming(kind)
        ]
        self.seen = [_seen(one, services().policies.edition(one.edition)) for one in shown]


def _edition(edition: Edition, every: tuple[Edition, ...], shown: list[Acknowledgement]) -> EditionView:
    before = [one for one in every if one.effective < edition.effective]
    return EditionView(
        id=edition.id,
        name=NAMES[edition.kind],
        day=edition.day,
        path=f"/{edition.kind}",
        versions=f"/{edition.kind}/versions",
        differences=difference(edition.kind, before[-1].effective, edition.effective) if before else "",
        earlier=text.count(len(before), "earlier version") if before else "The first version",
        seen=text.iso(shown[0].at) if shown else "",
    )


def _coming(coming: Upcoming, current: Edition, *, is_seen: bool) -> ComingView:
    edition, starts = coming.edition, coming.effective_at
    return ComingView(
        id=edition.id,
        name=NAMES[edition.kind],
        day=f"{starts:%-d %B %Y}" if starts else "",
        summary=edition.summary,
        differences=difference(edition.kind, current.effective, edition.effective),
        is_seen=is_seen,
    )


def _seen(shown: Acknowledgement, edition: Edition) -> SeenView:
    return SeenView(
        id=shown.id,
        name=f"{NAMES[shown.kind]} of {edition.day}",
        path=f"/{shown.kind}/versions/{edition.effective.isoformat()}",
        at=text.iso(shown.at),
        where=OCCASIONS[shown.shown],
    )
