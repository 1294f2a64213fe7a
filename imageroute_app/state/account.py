"""Account: devices, the verified address, and what the last form post came to."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.accounts import Session
from imageroute_app.domain.errors import ImageRouteError, Unavailable
from imageroute_app.domain.identity import OutsideSession
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor, session_token

PHONES = ("iphone", "ipad", "ios", "android")
DONE = {
    "name": "Your name is saved.",
    "email": "A link is on its way to the new address. Nothing changes before you use it.",
    "password": "Your password is changed. Every other device is signed out.",
    "device": "That device is signed out.",
    "sign-in": "That sign-in at Clerk is ended.",
}
"""What the account's forms come to (routes/account.py); only our own sentences are ever shown."""
ASKING = "Asking Clerk for sign-ins elsewhere..."
ENDING = "Ending that sign-in at Clerk..."
SILENT = "Clerk does not answer right now, so sign-ins elsewhere are not shown. Open this page again in a moment."


@dataclasses.dataclass
class DeviceView:
    """A signed-in device as the table shows it, or a sign-in at Clerk without a session here.

    `tag` says which of the two kinds that need a word it is; `verb` what its button does, empty where there is none.
    """

    id: str = ""
    name: str = ""
    is_phone: bool = False
    is_outside: bool = False
    tag: str = ""
    verb: str = ""
    signed_in: str = ""
    seen: str = ""


class AccountState(rx.State):
    """What the account page shows beside SessionState."""

    devices: list[DeviceView] = []
    outside_note: str = ""
    done: str = ""
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_account(self):
        """Fill the devices and read what a form post came to; on_load."""
        self.done = DONE.get(self.router.url.query_parameters.get("done", ""), "")
        await self._load_devices()
        self.is_loaded = True
        if services().hosted is None:
            return None
        self.outside_note = ASKING
        return AccountState.load_outside

    @rx.event(background=True)
    @signed_in
    async def load_outside(self):
        """Add the sign-ins at Clerk that have no session here; beside the page, which waits for nobody outside."""
        owner = await actor(self)
        await self._show_outside(owner)

    @rx.event(background=True)
    @signed_in
    async def end_outside(self, session_id: str):
        """End one sign-in at Clerk, and ask there for what is left."""
        owner, hosted = await actor(self), services().hosted
        if hosted is None:
            return
        problem: ImageRouteError | None = None
        try:
            await hosted.end_elsewhere(owner, session_id)
        except ImageRouteError as error:
            problem = error
        async with self:
            self.outside_note = ""
            session = await self.get_state(SessionState)
            if problem is None:
                session._tell(DONE["sign-in"])
            else:
                session._tell_error(problem)
        if not isinstance(problem, Unavailable):
            await self._show_outside(owner)

    @rx.event
    @signed_in
    async def end_device(self, session_id: str):
        """Sign one other device out; one that is signed in at Clerk only is ended there, beside the page."""
        if any(one.is_outside and one.id == session_id for one in self.devices):
            self.outside_note = ENDING
            return AccountState.end_outside(session_id)
        try:
            owner = await actor(self)
            await services().accounts.end_device(owner, session_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        else:
            (await self.get_state(SessionState))._tell(DONE["device"])
        await self._load_devices()
        return None

    @rx.event
    @signed_in
    async def send_verification(self):
        """Mail the link that proves the address once more."""
        session = await self.get_state(SessionState)
        try:
            owner = await actor(self)
            await services().accounts.request_verification(owner)
        except ImageRouteError as error:
            session._tell_error(error)
            return
        session._tell(f"The link is on its way to {session.email}. It works for 24 hours.")

    async def _load_devices(self) -> None:
        token = session_token(self.router.headers.cookie)
        here = await services().accounts.session(token)
        owner = await actor(self)
        sessions = await services().accounts.devices(owner)
        outside = [one for one in self.devices if one.is_outside]
        self.devices = [device_view(session, here) for session in sessions] + outside

    async def _show_outside(self, owner: str) -> None:
        hosted, note = services().hosted, ""
        found: list[OutsideSession] = []
        try:
            found = await hosted.elsewhere(owner) if hosted is not None else []
        except ImageRouteError:
            note = SILENT
        async with self:
            here = await services().accounts.session(session_token(self.router.headers.cookie))
            if here is None or here.owner != owner:  # signed out, or another person has the tab by now
                return
            ours = [one for one in self.devices if not one.is_outside]
            self.devices = ours + [outside_view(one) for one in found]
            self.outside_note = note


def device_view(session: Session, here: Session | None) -> DeviceView:
    """Show a session; `here` is the one that asks."""
    is_here = here is not None and here.id == session.id
    return DeviceView(
        id=session.id,
        name=session.device or "Unknown device",
        is_phone=_is_phone(session.device),
        tag="This device" if is_here else "",
        verb="" if is_here else "Sign out",
        signed_in=text.iso(session.created_at),
        seen=text.iso(session.seen_at),
    )


def outside_view(session: OutsideSession) -> DeviceView:
    """Show a sign-in at Clerk by its browser and device; when it began Clerk does not tell."""
    return DeviceView(
        id=session.id,
        name=session.device or "Unknown device",
        is_phone=_is_phone(session.device),
        is_outside=True,
        tag="At Clerk only",
        verb="End",
        seen=text.iso(session.seen_at),
    )


def _is_phone(device: str) -> bool:
    return any(word in device.lower() for word in PHONES)
