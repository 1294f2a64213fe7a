"""Mails on their way to a mail server, and addresses that are left alone because mail came back from them.

Principle: whoever sends through the queue need not care whether the mail server is there: the mail is written down, and leaves
now or later, or is dropped when it is of no use any more. After a crash it may come twice, under one number, never not at all.
What is asked for at this moment is tried at every address; what we send by ourselves is not sent to one that mail came back
from, until the address is proven again or 90 days are over.
"""

import json
import logging
from dataclasses import replace
from datetime import datetime

from imageroute_app.domain.errors import AddressRefused, Conflict, Duplicate, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.mails import QUIET_FOR, WAITS_MOST, QuietAddress, WaitingMail, pause_after
from imageroute_app.domain.ports import Clock, Database, Fault, Mail, Mailer, NewId
from imageroute_app.services.beside import Beside

log = logging.getLogger(__name__)

BATCH = 200
FAILED_MOST = 3
TRIED_AT_ONCE = 20
"""Of what was just written down; each is a connection to the mail server."""
IN_HAND = pause_after(3)
"""For how long a mail is one worker's; one that dies is followed after that."""


class QuietAddresses:
    """The addresses that mail came back from."""

    def __init__(self, *, database: Database, clock: Clock, new_id: NewId) -> None:
        self._database, self._tables, self._clock, self._new_id = database, database.tables, clock, new_id

    async def note(self, address: str, status: str) -> None:
        """Leave an address alone from now on; once more for one that is starts its time anew."""
        now = self._clock()
        if (known := await self._of(address)) is not None:
            try:
                await self._tables.quiet_addresses.update(replace(known, status=status, drop_at=now + QUIET_FOR))
            except Conflict:
                return  # noted twice at once
            return
        new_id = self._new_id()
        owner = await owner_of_address(self._database, address) or new_id
        quiet = QuietAddress(
            id=new_id,
            owner=owner,
            address_key=address.casefold(),
            status=status,
            drop_at=now + QUIET_FOR,
            created_at=now,
        )
        try:
            await self._tables.quiet_addresses.add(quiet)
        except Duplicate:
            return
        log.warning("mail.quiet", extra={"address": new_id, "status": status})

    async def is_quiet(self, address: str) -> bool:
        """Say whether it is left alone."""
        known = await self._of(address)
        return known is not None and known.drop_at > self._clock()

    async def lift(self, address: str) -> bool:
        """Send there again: its owner has shown that mail arrives. Returns whether it was left alone."""
        known = await self._of(address)
        if known is not None:
            await self._forget(known)
        return known is not None

    async def forget(self, address: str) -> int:
        """Let go of an address; part of an erasure."""
        return int(await self.lift(address))

    async def sweep(self) -> int:
        """Try the addresses again whose time is over; returns how many."""
        over = await self._tables.quiet_addresses.overdue("drop_at", self._clock(), BATCH)
        for quiet in over:
            await self._forget(quiet)
        return len(over)

    async def _of(self, address: str) -> QuietAddress | None:
        return await self._tables.quiet_addresses.by_key("address_key", address.casefold())

    async def _forget(self, quiet: QuietAddress) -> None:
        if quiet.owner == quiet.id:
            await self._database.erase_rows(quiet.owner)
        else:
            await self._tables.quiet_addresses.delete(quiet.id, quiet.owner)


class CarefulMailer:
    """A mailer that sends nothing to an address that mail came back from, and notes one that a mail server does not know."""

    def __init__(self, inner: Mailer, quiet: QuietAddresses) -> None:
        self._inner, self._quiet = inner, quiet

    async def send(self, mail: Mail) -> None:
        """Hand the message over; raises Unavailable, AddressRefused, InvalidInput."""
        if not mail.is_asked and await self._quiet.is_quiet(mail.to):
            raise AddressRefused("")
        try:
            await self._inner.send(mail)
        except AddressRefused as error:
            await self._quiet.note(mail.to, error.reason)
            raise


class MailQueue:
    """A mailer that keeps what no mail server has taken yet, and sends it again."""

    def __init__(
        self,
        *,
        database: Database,
        mailer: Mailer,
        clock: Clock,
        new_id: NewId,
        is_far: bool = False,
        fault: Fault = lambda point: None,
    ) -> None:
        """Send by `mailer`; `is_far` says that a server takes the mails, which no page waits for and which may be away.

        A mailer that writes them to the disk of this machine keeps them as well as a row would.
        """
        self._database, self._tables, self._mailer = database, database.tables, mailer
        self._clock, self._new_id, self._is_far, self._fault = clock, new_id, is_far, fault
        self._beside = Beside()

    async def send(self, mail: Mail) -> None:
        """Send a mail, now or later.

        Raises:
            InvalidInput: it never can be sent. Known only where the mailer is near; else it is logged.
            Unavailable: neither database nor mailer takes it.
        """
        if self._is_far:
            await self._send_far(mail)
            return
        try:
            await self._mailer.send(mail)
        except Unavailable:
            await self._keep(mail, tries=1, next_at=self._clock() + pause_after(1))

    async def _send_far(self, mail: Mail) -> None:
        """Write it down, then try it beside the answer; in a rush the sweep tries it."""
        is_rush = self._beside.count >= TRIED_AT_ONCE
        now = self._clock()
        try:
            kept = await self._keep(mail, tries=0 if is_rush else 1, next_at=now if is_rush else now + IN_HAND)
        except Unavailable:  # better once, now, than not at all
            await self._mailer.send(mail)
            return
        self._fault("mail.kept")
        if not is_rush:
            self._beside.run(self._deliver(kept), "mail.failed")

    async def settle(self) -> None:
        """Wait for the mails that are on their way."""
        await self._beside.settle()

    async def deliver(self) -> int:
        """Send what is due, and drop what is of no use any more; returns how many mails are off the queue. Part of the sweep.

        A server that takes three in a row not is away: the others wait for the next look, instead of a timeout each.
        """
        now, gone, failed = self._clock(), 0, 0
        for mail in await self._tables.waiting_mails.overdue("drop_at", now, BATCH):
            log.warning("mail.dropped", extra={"mail": mail.id, "tries": mail.tries})
            await self._drop(mail)
            gone += 1
        for mail in await self._tables.waiting_mails.overdue("next_at", now, BATCH):
            went = await self._try(mail, now)
            gone, failed = gone + went, 0 if went else failed + 1
            if failed == FAILED_MOST:
                break
        return gone

    async def waiting(self) -> int:
        """Return how many mails wait, 200 at most."""
        return len(await self._tables.waiting_mails.walk("", BATCH))

    async def forget(self, address: str) -> int:
        """Drop what waits for an address; part of an erasure. Returns how many."""
        gone, after = 0, ""
        while page := await self._tables.waiting_mails.walk(after, BATCH):
            for mail in page:
                if mail.address.casefold() == address.casefold():
                    await self._drop(mail)
                    gone += 1
            after = page[-1].id
        return gone

    async def _keep(self, mail: Mail, *, tries: int, next_at: datetime) -> WaitingMail:
        now, new_id = self._clock(), self._new_id()
        owner = await owner_of_address(self._database, mail.to) or new_id
        waiting = WaitingMail(
            id=new_id, owner=owner, address=mail.to, subject=mail.subject, text=mail.text, link=mail.link,
            headers=json.dumps(dict(mail.headers)), is_asked=mail.is_asked, tries=tries, next_at=next_at,
            drop_at=min(mail.good_until or now + WAITS_MOST, now + WAITS_MOST), created_at=now,
        )  # fmt: skip
        await self._tables.waiting_mails.add(waiting)
        return waiting

    async def _try(self, mail: WaitingMail, now: datetime) -> bool:
        try:  # the claim: whoever writes this version first is at it
            mail = await self._tables.waiting_mails.update(replace(mail, tries=mail.tries + 1, next_at=now + IN_HAND))
        except (Conflict, NotFound):
            return False
        return await self._deliver(mail)

    async def _deliver(self, mail: WaitingMail) -> bool:
        """Try a mail that is in hand; returns whether it is off the queue."""
        letter = Mail(
            to=mail.address, subject=mail.subject, text=mail.text, link=mail.link, headers=json.loads(mail.headers),
            is_asked=mail.is_asked, good_until=mail.drop_at, number=mail.id,
        )  # fmt: skip
        try:
            await self._mailer.send(letter)
        except Unavailable:
            await self._again(replace(mail, next_at=self._clock() + pause_after(mail.tries)))
            log.warning("mail.waits", extra={"mail": mail.id, "tries": mail.tries})
            return False
        except InvalidInput as error:
            log.warning("mail.refused", extra={"mail": mail.id, "code": error.code})
        else:
            self._fault("mail.sent")
        await self._drop(mail)
        return True

    async def _again(self, mail: WaitingMail) -> None:
        try:
            await self._tables.waiting_mails.update(mail)
        except (Conflict, NotFound):
            return  # the account went in this very moment

    async def _drop(self, mail: WaitingMail) -> None:
        if mail.owner == mail.id:
            await self._database.erase_rows(mail.owner)
        else:
            await self._tables.waiting_mails.delete(mail.id, mail.owner)


async def owner_of_address(database: Database, address: str) -> str:
    """Return the id of the account with this address, empty for none."""
    person = await database.tables.people.by_key("email_key", address.casefold())
    return person.id if person is not None else ""
