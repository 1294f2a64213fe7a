"""Entries: who came in at the door of an account, who tried, and what its person is told of it."""

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.services.activity import ActivityLog
from imageroute_app.services.beside import Beside
from imageroute_app.services.last_seen import Came, keep_no_count
from imageroute_app.services.notices import Notices


class Entries:
    """The journal of the door."""

    def __init__(self, *, activity: ActivityLog, notices: Notices, came: Came = keep_no_count) -> None:
        """Note by `came` that a person was there, which starts the time of the rule about unused accounts anew."""
        self._activity, self._notices, self._came, self._beside = activity, notices, came, Beside()

    async def opened(self, owner: str, *, device: str, address: str) -> None:
        """Note that the account was opened."""
        await self._came(owner)
        await self._activity.note(owner, ActivityKind.SIGN_UP, device=device, address=address)

    async def entered(self, owner: str, *, device: str, address: str) -> None:
        """Note a sign-in, and tell the person when it came from a browser or system that was not seen before."""
        await self._came(owner)
        if await self._activity.knows_device(owner, device):
            await self._activity.note(owner, ActivityKind.SIGN_IN, device=device, address=address)
            return
        await self._activity.note(owner, ActivityKind.NEW_DEVICE, device=device, address=address)
        text = (
            f"Somebody signed in to your account with {device}, which was not used before."
            " Not you? Change your password; that signs every other device out."
        )
        await self._notices.tell(owner, "new-device", text, "/account", mail="A new sign-in to your account")

    def failed(self, owner: str, *, device: str, address: str) -> None:
        """Note a wrong password, beside the answer, whose time must not tell that there is an account."""
        noting = self._activity.note(owner, ActivityKind.SIGN_IN_FAILED, device=device, address=address)
        self._beside.run(noting, "activity.failed")

    async def noted(self, owner: str, kind: ActivityKind, *, detail: str = "") -> None:
        """Note what the person changed about the account."""
        await self._activity.note(owner, kind, detail=detail)

    async def changed(self, owner: str, kind: ActivityKind, text: str, subject: str) -> None:
        """Note a change of how somebody signs in, and tell the person, also by mail."""
        await self._activity.note(owner, kind)
        await self._notices.tell(owner, f"sign-in:{kind}", text, "/account/security", mail=subject)

    async def settle(self) -> None:
        """Wait for what is noted beside an answer."""
        await self._beside.settle()
