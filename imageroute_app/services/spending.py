"""Spending: the limits a person sets, being told of a low balance, and statements that add up."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.errors import Conflict, Duplicate, ImageRouteError, InvalidInput
from imageroute_app.domain.ledger import Entry
from imageroute_app.domain.ports import Clock, Database, Query, Tables
from imageroute_app.domain.search import lowest_id
from imageroute_app.domain.spending import LIMIT_MAX, SpendGuard, Statement, spent, statement
from imageroute_app.services.activity import Noted, unnoted
from imageroute_app.services.notices import Notices

log = logging.getLogger(__name__)

PAGE = 500
TOPIC = "low-credits"
FIRST_YEAR = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month of a statement, with the names of those beside it; empty where there is none to show."""

    begins: datetime
    ends: datetime
    before: str
    after: str


class Spending:
    """What may be spent, and what was."""

    def __init__(self, *, database: Database, notices: Notices, clock: Clock, noted: Noted = unnoted) -> None:
        self._tables, self._notices, self._clock, self._noted = database.tables, notices, clock, noted

    async def guard(self, owner: str) -> SpendGuard:
        """Return the person's limits; none are set at first."""
        return await _guard(self._tables, owner)

    async def set_guard(self, owner: str, *, per_job: str, per_day: str, low_balance: str) -> SpendGuard:
        """Set all three from what was typed, empty for none; raises InvalidInput naming the field."""
        guard = await self._set(owner, per_job=per_job, per_day=per_day, low_balance=low_balance)
        await self._noted(owner, ActivityKind.SETTING, "spending-limits")
        return guard

    async def _set(self, owner: str, *, per_job: str, per_day: str, low_balance: str) -> SpendGuard:
        typed = {"per_job": per_job, "per_day": per_day, "low_balance": low_balance}
        wanted = SpendGuard(id=owner, owner=owner, **{name: _whole(name, text) for name, text in typed.items()})
        stored = await self._tables.spend_guards.find(Query(owner=owner, limit=1))
        if stored:
            return await self._tables.spend_guards.update(replace(wanted, version=stored[0].version))
        try:
            await self._tables.spend_guards.add(wanted)
        except Duplicate as error:
            raise Conflict("These limits changed in another tab. Look at them again.") from error
        return wanted

    async def check(self, tables: Tables, owner: str, price: int) -> None:
        """Raise SpendLimit when a price is over the person's limits; asked in the transaction that reserves it."""
        guard = await _guard(tables, owner)
        guard.check_job(price)
        if guard.per_day:
            guard.check_day(price, spent(await _entries(tables, owner, lowest_id(_midnight(self._clock())))))

    async def today(self, owner: str) -> int:
        """Return what the day has cost so far, midnight to midnight UTC, reserved credits included."""
        return spent(await _entries(self._tables, owner, lowest_id(_midnight(self._clock()))))

    async def note(self, owner: str, price: int) -> None:
        """Tell the person once when the price just taken brought the balance below their mark."""
        try:
            guard = await self.guard(owner)
            if not guard.low_balance:
                return
            available = (await self._tables.ledger.wallet(owner)).available
            if not guard.is_crossed(available + price, available):
                return
            word = "credit is" if available == 1 else "credits are"
            await self._notices.tell(owner, TOPIC, f"{available} {word} left.", "/credits")
        except ImageRouteError as error:  # the generation is accepted; it must not fail for a notice
            log.warning("spending.not_told", extra={"owner": owner, "code": error.code})

    async def statement(self, owner: str, begins: datetime, ends: datetime) -> Statement:
        """Return what came and went from one moment to another."""
        available = (await self._tables.ledger.wallet(owner)).available
        later = await _entries(self._tables, owner, lowest_id(ends))
        closing = available - sum(entry.amount for entry in later)
        return statement(begins, ends, closing, await self.entries(owner, begins, ends))

    def month(self, text: str) -> Month:
        """Return a month such as "2026-11"; the present one for anything else."""
        now = self._clock()
        try:
            begins = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            begins = now
        if not FIRST_YEAR <= begins.year <= now.year or begins > now:
            begins = now
        begins = _midnight(begins).replace(day=1)
        ends = _next(begins)
        before = (begins - timedelta(days=1)).replace(day=1)
        return Month(
            begins=begins,
            ends=ends,
            before=f"{before:%Y-%m}" if before.year >= FIRST_YEAR else "",
            after=f"{ends:%Y-%m}" if ends <= now else "",
        )

    async def entries(self, owner: str, begins: datetime, ends: datetime) -> list[Entry]:
        """Return the lines of that time, oldest first."""
        return await _entries(self._tables, owner, lowest_id(begins), lowest_id(ends))


async def _guard(tables: Tables, owner: str) -> SpendGuard:
    found = await tables.spend_guards.find(Query(owner=owner, limit=1))
    return found[0] if found else SpendGuard(id=owner, owner=owner)


async def _entries(tables: Tables, owner: str, from_id: str, below_id: str = "") -> list[Entry]:
    """Return ledger lines between two ids, oldest first."""
    found: list[Entry] = []
    after = ""
    while page := await tables.ledger.find(
        Query(owner=owner, from_id=from_id, below_id=below_id, oldest_first=True, after=after, limit=PAGE)
    ):
        found += page
        after = page[-1].id
    return found


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def _whole(name: str, text: str) -> int:
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or int(text) > LIMIT_MAX:
        raise InvalidInput(f"Enter whole credits up to {LIMIT_MAX:,}, or leave it empty for none.", field=name)
    return int(text)
