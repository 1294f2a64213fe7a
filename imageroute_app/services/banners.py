"""Banners: what matters now and stands at the top of every signed-in page, the most urgent first.

An account that only stores and a freeze stand for as long as they last; what was told stands until it was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.mails import QUIET_WORDS
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Database
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.export_worker import TOPIC as EXPORT_TOPIC
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices

CENTER = "/privacy-center"
SHOWN_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One sentence and where to go; `notice_id` is that of the notice that it repeats, empty for a state that lasts."""

    text: str
    act: str
    path: str
    notice_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the frame of a page says: how many notices were not seen, and the banners."""

    unseen: int
    banners: Sequence[Banner]


class Banners:
    """What stands above every page of a person."""

    def __init__(self, *, database: Database, notices: Notices, gate: Gate, erasures: Erasures) -> None:
        self._tables, self._notices, self._gate, self._erasures = database.tables, notices, gate, erasures

    async def word(self, owner: str) -> Word:
        """Return what is to be said now; raises NotFound once the person is erased."""
        unseen = await self._notices.unread(owner)
        lasting = await self._lasting(owner)
        told = [_told(notice) for notice in unseen if notice.is_banner or notice.topic == EXPORT_TOPIC]
        return Word(unseen=len(unseen), banners=[*lasting, *told][:SHOWN_MAX])

    async def _lasting(self, owner: str) -> list[Banner]:
        person = await self._tables.people.get(owner, owner)
        match person.locked_for:
            case Lock.CLOSING:
                return [await self._closing(owner)]
            case Lock.CHILD_REPORT:
                text = "Your account is under review. It only stores until a person has looked."
                return [Banner(text=text, act="Ask us", path="/support")]
            case Lock.OPERATOR:
                text = "The operator locked your account, so it only stores. The reason is in your notices."
                return [Banner(text=text, act="Read the reason", path="/notices")]
            case Lock.OPEN:
                pass
        banners: list[Banner] = []
        if await self._gate.is_frozen(owner):
            text = "Your data is frozen, as you chose. Nothing is made, shared or counted until you lift it."
            banners.append(Banner(text=text, act="Open choices", path=f"{CENTER}#choices"))
        if await self._tables.quiet_addresses.by_key("address_key", person.email.casefold()):
            banners.append(Banner(text=QUIET_WORDS, act="Confirm the address", path="/verify-email"))
        return banners

    async def _closing(self, owner: str) -> Banner:
        erasure = await self._erasures.of(owner)
        day = f" on {erasure.grace_until:%-d %B %Y}" if erasure else ""
        text = f"Your account is erased{day}. Until then it only stores."
        return Banner(text=text, act="Keep it or erase it now", path=f"{CENTER}#close")


def _told(notice: Notice) -> Banner:
    act = "Open the package" if notice.topic == EXPORT_TOPIC else "Read more"
    return Banner(text=notice.text, act=act, path=f"/notices/{notice.id}", notice_id=notice.id)
