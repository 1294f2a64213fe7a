"""ActivityState: the journal of the account, and every look of our people with its reason."""

import dataclasses
import re

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.activity import SAFETY, Activity, ActivityKind, kept_for
from imageroute_app.domain.cases import StaffAccess
from imageroute_app.domain.retention import span
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor

PAGE = 10
WORDS = {
    ActivityKind.SIGN_UP: "Account opened",
    ActivityKind.SIGN_IN: "Signed in",
    ActivityKind.NEW_DEVICE: "Signed in on a new device",
    ActivityKind.SIGN_IN_FAILED: "Wrong password",
    ActivityKind.DEVICE_ENDED: "Device signed out",
    ActivityKind.PASSWORD_CHANGED: "Password changed",
    ActivityKind.NAME_CHANGED: "Name changed",
    ActivityKind.EMAIL_VERIFIED: "Address confirmed",
    ActivityKind.EMAIL_CHANGED: "Address changed",
    ActivityKind.CONFIRMED: "Proved to be there again",
    ActivityKind.TWO_STEP_ON: "Second step switched on",
    ActivityKind.TWO_STEP_OFF: "Second step switched off",
    ActivityKind.RECOVERY_USED: "Recovery code used",
    ActivityKind.PASSKEY_ADDED: "Passkey added",
    ActivityKind.PASSKEY_REMOVED: "Passkey removed",
    ActivityKind.EXPORT: "Export",
    ActivityKind.ERASURE: "Erasure",
    ActivityKind.SHARE: "Link made",
    ActivityKind.SHARE_ENDED: "Link revoked",
    ActivityKind.SETTING: "Setting changed",
    ActivityKind.CONSENT: "Choice changed",
    ActivityKind.LOCKED: "Account locked",
}
"""In the words of the person; every kind has one."""
UNKNOWN = "Not recorded"


@dataclasses.dataclass
class ActivityView:
    """One line of the journal."""

    id: str = ""
    what: str = ""
    at: str = ""
    device: str = ""
    address: str = ""
    kept: str = ""
    is_safety: bool = False


@dataclasses.dataclass
class LookView:
    """One look: when, at which case, and why."""

    id: str = ""
    at: str = ""
    case: str = ""
    reason: str = ""


class ActivityState(rx.State):
    """The section "Activity and access"."""

    lines: list[ActivityView] = []
    looks: list[LookView] = []
    has_more: bool = False
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_activity(self):
        """Read the newest lines and every look; on_load."""
        owner = await actor(self)
        self.lines = []
        await self._more(owner)
        self.looks = [_look(one) for one in await services().office.desk.looks_at(owner)]
        self.is_loaded = True

    @rx.event
    @signed_in
    async def show_older_activity(self):
        """Add the next page of the journal."""
        await self._more(await actor(self))

    async def _more(self, owner: str) -> None:
        after = self.lines[-1].id if self.lines else ""
        found = await services().activity.newest(owner, PAGE + 1, after=after)
        self.lines = [*self.lines, *[_line(one) for one in found[:PAGE]]]
        self.has_more = len(found) > PAGE


def _line(one: Activity) -> ActivityView:
    detail = f": {re.sub('[-_.]', ' ', one.detail)}" if one.detail else ""
    return ActivityView(
        id=one.id,
        what=f"{WORDS[one.kind]}{detail}",
        at=text.iso(one.at),
        device=one.device or UNKNOWN,
        address=one.address or UNKNOWN,
        kept=span(kept_for(one.kind)),
        is_safety=one.kind in SAFETY,
    )


def _look(one: StaffAccess) -> LookView:
    return LookView(id=one.id, at=text.iso(one.looked_at), case=f"/cases/{one.case_id}", reason=one.reason)
