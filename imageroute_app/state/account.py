"""Account: devices, the verified address, and what the last form post came to."""

import dataclasses

import reflex as rx

from imageroute_app.bootstrap import services
from imageroute_app.domain.accounts import Session
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import SessionState, actor, session_token

PHONES = ("iphone", "ipad", "ios", "android")
DONE = {
    "name": "Your name is saved.",
    "email": "A link is on its way to the new address. Nothing changes before you use it.",
    "password": "Your password is changed. Every other device is signed out.",
    "device": "That device is signed out.",
}
"""What the account's forms come to (routes/account.py); only our own sentences are ever shown."""


@dataclasses.dataclass
class DeviceView:
    """A signed-in device as the table shows it."""

    id: str = ""
    name: str = ""
    is_phone: bool = False
    is_here: bool = False
    signed_in: str = ""
    seen: str = ""


class AccountState(rx.State):
    """What the account page shows beside SessionState."""

    devices: list[DeviceView] = []
    done: str = ""
    is_loaded: bool = False

    @rx.event
    @signed_in
    async def load_account(self):
        """Fill the devices and read what a form post came to; on_load."""
        self.done = DONE.get(self.router.url.query_parameters.get("done", ""), "")
        await self._load_devices()
        self.is_loaded = True

    @rx.event
    @signed_in
    async def end_device(self, session_id: str):
        """Sign one other device out."""
        try:
            owner = await actor(self)
            await services().accounts.end_device(owner, session_id)
        except ImageRouteError as error:
            (await self.get_state(SessionState))._tell_error(error)
        else:
            (await self.get_state(SessionState))._tell(DONE["device"])
        await self._load_devices()

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
        self.devices = [device_view(session, here) for session in sessions]


def device_view(session: Session, here: Session | None) -> DeviceView:
    """Show a session; `here` is the one that asks."""
    return DeviceView(
        id=session.id,
        name=session.device or "Unknown device",
        is_phone=any(word in session.device.lower() for word in PHONES),
        is_here=here is not None and here.id == session.id,
        signed_in=text.iso(session.created_at),
        seen=text.iso(session.seen_at),
    )
