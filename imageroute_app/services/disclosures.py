"""Disclosures: who got what, when, where it went, under which safeguard, and when it is gone there.

One ledger over what is recorded anyway: every attempt of a generation is a row, and beside them the table `disclosures` holds
what leaves without one, mails and pictures in a store outside. Nothing is sold and nothing shared: no row can say otherwise.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.errors import Conflict, Duplicate, ImageRouteError
from imageroute_app.domain.jobs import Attempt
from imageroute_app.domain.ports import Clock, Database, Mail, Mailer, NewId, Query
from imageroute_app.domain.transfers import is_outside, safeguard
from imageroute_app.services.export_tables import BOM, guarded

SHOWN_MAX = 200
LEDGER_MAX = 20_000
KEPT = re.compile(r"Kept (\d+) (hour|day)s?")
COLUMNS = (
    "date", "company", "what", "country", "safeguard", "their retention", "gone or goes", "sold", "shared for advertising",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `ends_at` is when it is gone there, None when the company does not say or keeps it until it is deleted."""

    id: str
    at: datetime
    company: str
    what: str
    country: str
    safeguard: str
    retention: str
    ends_at: datetime | None
    is_outside: bool

    @property
    def sale(self) -> bool:
        """Whether it was sold: never."""
        return False

    @property
    def share(self) -> bool:
        """Whether it was shared for advertising: never."""
        return False

    def is_gone(self, now: datetime) -> bool:
        """Say whether the company's own period is over."""
        return self.ends_at is not None and self.ends_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver of what leaves without an attempt: its key, name, country and what it says about keeping."""

    key: str
    company: str
    country: str
    retention: str


class Disclosures:
    """The ledger of one installation."""

    def __init__(self, *, database: Database, clock: Clock, new_id: NewId) -> None:
        self._tables, self._clock, self._new_id = database.tables, clock, new_id

    async def note(self, owner: str, receiver: Receiver, what: str, *, slot: str = "") -> None:
        """Write down that something left; a `slot` gathers what belongs together, such as a day's pictures, in one row."""
        new_id = self._new_id()
        row = Disclosure(
            id=new_id, owner=owner, receiver=receiver.key, company=receiver.company, country=receiver.country,
            retention=receiver.retention, what=what, count=1, slot=slot or new_id, at=self._clock(), ends_at=None,
        )  # fmt: skip
        try:
            await self._tables.disclosures.add(row)
        except Duplicate:
            await self._again(owner, row.slot)

    async def _again(self, owner: str, slot: str) -> None:
        for row in await self._tables.disclosures.find(Query(owner=owner, equals={"slot": slot}, limit=1)):
            try:
                await self._tables.disclosures.update(replace(row, count=row.count + 1))
            except Conflict:
                await self._again(owner, slot)

    async def lines(self, owner: str, limit: int = SHOWN_MAX) -> list[Line]:
        """Return the newest lines, newest first."""
        attempts = await self._tables.attempts.find(Query(owner=owner, limit=limit))
        others = await self._tables.disclosures.find(Query(owner=owner, limit=limit))
        lines = [_of_attempt(one) for one in attempts] + [_of_row(one) for one in others]
        return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]

    async def companies_since(self, owner: str, since: datetime) -> Sequence[str]:
        """Return the companies outside that got something since then, by name."""
        lines = await self.lines(owner, LEDGER_MAX)
        return sorted({line.company for line in lines if line.is_outside and line.at >= since})

    async def as_csv(self, owner: str) -> str:
        """Return the whole ledger as CSV: UTF-8 with a mark, RFC 4180, no cell that a spreadsheet would calculate."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in await self.lines(owner, LEDGER_MAX):
            ends = line.ends_at.isoformat(timespec="seconds") if line.ends_at else "not stated"
            cells = (line.at.isoformat(timespec="seconds"), line.company, line.what, line.country, line.safeguard)
            sold = ("yes" if line.sale else "no", "yes" if line.share else "no")
            writer.writerow([guarded(cell) for cell in (*cells, line.retention, ends, *sold)])
        return BOM + file.getvalue()


def ends_at(retention: str, left_at: datetime) -> datetime | None:
    """Return when something is gone by the words of a recorded retention, None where they name no period."""
    found = KEPT.fullmatch(retention)
    if not found:
        return None
    number = int(found[1])
    return left_at + (timedelta(days=number) if found[2] == "day" else timedelta(hours=number))


def _of_attempt(attempt: Attempt) -> Line:
    pictures = f"{attempt.asked} picture" if attempt.asked == 1 else f"{attempt.asked} pictures"
    return Line(
        id=attempt.id,
        at=attempt.started_at,
        company=attempt.company,
        what=f"Prompt and settings for {pictures}",
        country=attempt.country,
        safeguard=safeguard(attempt.country).text,
        retention=attempt.retention,
        ends_at=ends_at(attempt.retention, attempt.ended_at or attempt.started_at),
        is_outside=is_outside(attempt.country),
    )


def _of_row(row: Disclosure) -> Line:
    return Line(
        id=row.id,
        at=row.at,
        company=row.company,
        what=row.what if row.count == 1 else f"{row.what}, {row.count} times",
        country=row.country,
        safeguard=safeguard(row.country).text,
        retention=row.retention,
        ends_at=row.ends_at,
        is_outside=is_outside(row.country),
    )


class DisclosingMailer:
    """A mailer that writes down, for the person whose address it is, that a mail server outside got the mail."""

    def __init__(self, inner: Mailer, disclosures: Disclosures, database: Database, receiver: Receiver) -> None:
        self._inner, self._disclosures, self._people = inner, disclosures, database.tables.people
        self._receiver = receiver

    async def send(self, mail: Mail) -> None:
        """Hand the message over, then note it; raises Unavailable."""
        await self._inner.send(mail)
        person = await self._people.by_key("email_key", mail.to.casefold())
        if person is None:
            return
        try:
            await self._disclosures.note(person.id, self._receiver, f"Your address and a mail: {mail.subject}")
        except ImageRouteError:
            return  # the mail is out; failing here would send it again
