"""SessionState: who is signed in, what they can spend, and the notice at the foot of every screen.

The one state that others ask. Identity never lives here: on every event the account service is asked whose session the
cookie of this connection's handshake is, by the guard and, where that is not fresh, by `actor`.
"""

import reflex as rx
from starlette.requests import cookie_parser

from imageroute_app.bootstrap import services
from imageroute_app.domain.errors import ImageRouteError, NotSignedIn
from imageroute_app.domain.uploads import NOTICE_DAYS
from imageroute_app.state import text
from imageroute_app.state.guard import proven, public, signed_in


def session_token(cookie_header: str) -> str:
    """Return the session cookie's value from a Cookie header, or an empty text; read as the routes read it.

    Python's own SimpleCookie gives nothing at all where another program of this host left a cookie that it cannot read.
    """
    is_https = services().site.origins[0].startswith("https://")
    # On https the prefix is what keeps a neighbouring host from planting a cookie: the bare name does not count there.
    return cookie_parser(cookie_header).get("__Host-ir_session" if is_https else "ir_session", "")


async def actor(state: rx.State) -> str:
    """Return the owner id of the person behind this event; raises NotSignedIn."""
    cookie = state.router.headers.cookie
    if owner := proven(cookie):
        return owner
    session = await services().accounts.session(session_token(cookie))
    if session is None:
        raise NotSignedIn
    return session.owner


class SessionState(rx.State):
    """What the shell shows."""

    name: str = ""
    email: str = ""
    initial: str = ""
    is_verified: bool = False
    is_hosted: bool = False
    credits: int = 0
    reserved: int = 0
    expiring: int = 0
    is_loaded: bool = False
    notice: str = ""
    notice_kind: str = ""
    can_undo: bool = False
    undo_turn: int = 0

    @rx.event
    @signed_in
    async def load_session(self):
        """Fill the shell; on_load of every signed-in page."""
        owner = await actor(self)
        if self.is_loaded and not self.can_undo:
            self.notice = ""  # it belonged to the page before
        person = await services().accounts.person(owner)
        self.name, self.email = person.full_name, person.email
        self.initial = (person.full_name or person.email)[:1].upper()
        self.is_verified = person.email_verified_at is not None
        self.is_hosted = services().hosted is not None
        await self._load_balance(owner)
        await self._load_expiring(owner)
        self.is_loaded = True

    async def _load_balance(self, owner: str) -> None:
        balance = await services().jobs.balance(owner)
        self.credits, self.reserved = balance.available, balance.reserved

    async def _load_expiring(self, owner: str) -> None:
        self.expiring = (await services().uploads.soon(owner)).count

    def _tell(self, notice: str, *, kind: str = "", undo: bool = False) -> None:
        self.notice, self.notice_kind, self.can_undo = notice, kind, undo
        self.undo_turn += undo  # each way back has its ten seconds from the start

    def _tell_error(self, error: ImageRouteError) -> None:
        self._tell(error.message, kind="bad")

    @rx.event
    @public
    def tell(self, notice: str):
        """Show a notice; the handler of unexpected errors calls it."""
        self._tell(notice[:300], kind="bad")

    @rx.event
    @public
    def close_notice(self):
        """Put the notice away."""
        self._tell("")

    @rx.var
    def credits_label(self) -> str:
        """Return the credit pill's words."""
        return text.count(self.credits, "credit")

    @rx.var
    def expiring_uploads(self) -> str:
        """Return how many uploads go soon, in words."""
        return text.count(self.expiring, "upload")

    @rx.var
    def expiring_label(self) -> str:
        """Return the badge's words."""
        return f"{self.expiring:,} {'expires' if self.expiring == 1 else 'expire'} in {NOTICE_DAYS} days"
