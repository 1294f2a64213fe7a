"""PrivacyState: how things stand, what we hold and who got what, all read from what is really there."""

import asyncio
import dataclasses
import math
from collections.abc import Sequence
from datetime import timedelta

import reflex as rx

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.cases import Case, CaseState
from imageroute_app.domain.parts import PARTS, WHOLE
from imageroute_app.domain.uploads import UPLOAD_DAYS
from imageroute_app.services.disclosures import Line
from imageroute_app.services.finding import Ask
from imageroute_app.services.holdings import Holding, held_path
from imageroute_app.services.uploads import Soon
from imageroute_app.state import text
from imageroute_app.state.guard import signed_in
from imageroute_app.state.session import actor

DAY, WEEK = timedelta(days=1), timedelta(days=7)
SHOWN = 20


@dataclasses.dataclass
class HoldingView:
    """One line of "What we hold"."""

    name: str = ""
    count: str = ""
    oldest: str = ""
    why: str = ""
    basis: str = ""
    who: str = ""
    goes: str = ""
    see: str = ""
    erase: str = ""
    whole: str = ""


@dataclasses.dataclass
class LineView:
    """One line of "Who got what"."""

    id: str = ""
    at: str = ""
    company: str = ""
    what: str = ""
    country: str = ""
    safeguard: str = ""
    retention: str = ""
    now: str = ""
    is_gone: bool = False


class PrivacyState(rx.State):
    """What the first sections show."""

    sentence: str = ""
    details: str = ""
    has_signal: bool = False
    is_loaded: bool = False
    holdings: list[HoldingView] = []
    lines: list[LineView] = []

    @rx.event
    @signed_in
    async def load_overview(self):
        """Say how things stand; on_load."""
        owner, house = await actor(self), services()
        (person, images, soon, companies), (is_frozen, trained, signal, cases) = await asyncio.gather(
            asyncio.gather(
                house.accounts.person(owner),
                house.gallery.count(owner, Ask(trashed=None)),
                house.uploads.soon(owner, UPLOAD_DAYS),
                house.disclosures.companies_since(owner, utc_now() - WEEK),
            ),
            asyncio.gather(
                house.gate.is_frozen(owner),
                house.training.allowed(owner),
                house.choices.has_signal(owner),
                house.office.cases.mine(owner),
            ),
        )
        self.sentence = _sentence(images, soon, len(trained), is_frozen=is_frozen, lock=person.locked_for)
        self.details = _details(companies, cases)
        self.has_signal, self.is_loaded = signal, True

    @rx.event
    @signed_in
    async def load_holdings(self):
        """Count what we hold; on_load."""
        self.holdings = [_holding(one) for one in await services().holdings.all(await actor(self))]

    @rx.event
    @signed_in
    async def load_lines(self):
        """List who got what, newest first; on_load."""
        now = utc_now()
        found = await services().disclosures.lines(await actor(self), SHOWN)
        self.lines = [_line(one, is_gone=one.is_gone(now)) for one in found]


def _sentence(images: int, soon: Soon, trained: int, *, is_frozen: bool, lock: Lock) -> str:
    if lock is Lock.CLOSING:
        return "Your account is being closed. It only stores until it is erased."
    if lock is Lock.CHILD_REPORT:
        return "Your account is under review. It only stores until a person has looked."
    if lock is Lock.OPERATOR:
        return "The operator locked your account. It only stores; the reason is in your notices."
    parts = ["You have no images yet." if not images else f"{_yours(images)} private."]
    if soon.count and soon.first:
        days = math.ceil((soon.first - utc_now()) / DAY)  # as the countdown beside each upload counts them
        when = "within a day" if days <= 1 else f"in {text.count(days, 'day')}"
        first = "" if soon.count == 1 else ", the next"
        parts.append(f"{text.count(soon.count, 'upload')} will be deleted{first} {when}.")
    parts.append("Your data is frozen." if is_frozen else _trained(trained))
    return " ".join(parts)


def _trained(count: int) -> str:
    return f"{text.count(count, 'picture')} may be used for training." if count else "Nothing is used for training."


def _yours(images: int) -> str:
    return "Your image is" if images == 1 else f"Your {images:,} images are"


def _details(companies: Sequence[str], cases: Sequence[Case]) -> str:
    return f"{_got(companies)} {_asked([case for case in cases if case.state is CaseState.OPEN])}"


def _got(companies: Sequence[str]) -> str:
    if not companies:
        return "No company got data in the last 7 days."
    number = "1 company" if len(companies) == 1 else f"{len(companies)} companies"
    return f"{number} got data in the last 7 days: {', '.join(companies)}."


def _asked(cases: Sequence[Case]) -> str:
    if not cases:
        return "No open requests."
    number = "1 open request" if len(cases) == 1 else f"{len(cases)} open requests"
    due = min((case.due_at for case in cases if case.due_at is not None), default=None)
    return f"{number}, the next answer due by {due:%-d %B %Y}." if due else f"{number}."


def _holding(one: Holding) -> HoldingView:
    return HoldingView(
        name=one.category.value,
        count=f"{one.count:,}",
        oldest=one.oldest.isoformat() if one.oldest else "",
        why="; ".join(one.why),
        basis="; ".join(one.basis),
        who="; ".join(one.who) or "Nobody",
        goes="; ".join(one.goes),
        see=held_path(one.category) if one.count else "",
        erase=f"/privacy-center/erase/{PARTS[one.category].slug}" if one.category in PARTS and one.count else "",
        whole=WHOLE.get(one.category, ""),
    )


def _line(one: Line, *, is_gone: bool) -> LineView:
    if not one.is_outside:
        now = "Never left this server"
    elif one.ends_at is None:
        now = "No date is known"
    else:
        now = f"{'Gone' if is_gone else 'Goes on'} {one.ends_at:%-d %b %Y}"
    return LineView(
        id=one.id,
        at=one.at.isoformat(),
        company=one.company,
        what=one.what,
        country=one.country,
        safeguard=one.safeguard,
        retention=one.retention,
        now=now,
        is_gone=is_gone,
    )
