"""Notices: the one way to tell a person something, in the app and, where it matters, by mail.

Principle: the notice is written before its mail leaves, and the mail stays due until a server took it, so that nothing that
must be said is lost with a mail server or a process. A mail may come twice after a crash, never not at all.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.ports import Clock, Database, Mail, Mailer, NewId, Query, Tables
from imageroute_app.domain.rules import Rules
from imageroute_app.services.beside import Beside

log = logging.getLogger(__name__)

SHOWN_MAX = 100
TRY_AGAIN_AFTER = timedelta(minutes=15)
BATCH = 200
WORD = "notices"
"""What open pages of a person are told when a notice came or was seen."""
TellPages = Callable[[str, str], Awaitable[None]]


async def _tell_no_page(_owner: str, _what: str) -> None:
    """Tell nobody: no page is open."""


class Notices:
    """Telling people, and what they were told."""

    def __init__(
        self,
        *,
        database: Database,
        mailer: Mailer,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
        tell_pages: TellPages = _tell_no_page,
    ) -> None:
        """Tell the open pages of a person by `tell_pages`, such as Dispatcher.changed, with WORD."""
        self._tell_pages = tell_pages
        self._database, self._tables, self._mailer = database, database.tables, mailer
        self._clock, self._new_id, self._rules = clock, new_id, rules
        self._beside = Beside()

    async def tell(
        self, owner: str, topic: str, text: str, path: str, *, mail: str = "", is_banner: bool = False
    ) -> Notice:
        """Tell one person; a notice on the same topic gives way to this one.

        Args:
            owner: Who is told.
            topic: What it is about; unique for the person, such as "uploads-expire" or "export:<id>".
            text: One or two plain sentences.
            path: The page where something can be done about it.
            mail: The subject of a mail with the same text; empty for none.
            is_banner: Whether it stands at the top of every page until it was seen.

        Raises:
            NotFound: The person is erased.
        """
        now = self._clock()
        notice = Notice(
            id=self._new_id(),
            owner=owner,
            topic=topic,
            text=text,
            path=path,
            created_at=now,
            seen_at=None,
            subject=mail,
            mail_due_at=now if mail else None,
            is_banner=is_banner,
        )

        async def put(tables: Tables) -> None:
            for old in await tables.notices.find(Query(owner=owner, equals={"topic": topic}, limit=1)):
                await tables.notices.delete(old.id, owner)
            await tables.notices.add(notice)

        await self._database.transact(put)
        await self.tell_open_pages(owner)
        if mail:
            self.send_soon(notice)
        return notice

    async def tell_open_pages(self, owner: str) -> None:
        """Let the open pages of a person look again."""
        await self._tell_pages(owner, WORD)

    def send_soon(self, notice: Notice) -> None:
        """Send the mail of a notice that was written beside other rows in one transaction."""
        self._beside.run(self._send(notice), "notice.mail_failed")

    async def newest(self, owner: str, limit: int = SHOWN_MAX) -> list[Notice]:
        """Return what the person was told, newest first."""
        return await self._tables.notices.find(Query(owner=owner, limit=limit))

    async def unread(self, owner: str) -> list[Notice]:
        """Return what was not seen yet of the newest hundred, newest first."""
        return [notice for notice in await self.newest(owner) if notice.seen_at is None]

    async def see(self, owner: str, notice_id: str) -> None:
        """Mark one as seen; one that is gone or seen already is fine."""
        try:
            await self.open(owner, notice_id)
        except NotFound:
            return

    async def open(self, owner: str, notice_id: str) -> Notice:
        """Return one and mark it as seen; raises NotFound when it is gone or somebody else's."""
        notice = await self._tables.notices.get(notice_id, owner)
        await self._see(notice)
        await self.tell_open_pages(owner)
        return notice

    async def see_all(self, owner: str) -> int:
        """Mark all as seen; returns how many were not."""
        waiting = await self.unread(owner)
        for notice in waiting:
            await self._see(notice)
        await self.tell_open_pages(owner)
        return len(waiting)

    async def _see(self, notice: Notice) -> None:
        if notice.seen_at is None:
            try:
                await self._tables.notices.update(replace(notice, seen_at=self._clock()))
            except Conflict:  # its mail left in this very moment
                await self._see(await self._tables.notices.get(notice.id, notice.owner))

    async def deliver(self) -> int:
        """Send the mails that no server took yet, of anyone; returns how many left. Part of the sweep."""
        due = await self._tables.notices.overdue("mail_due_at", self._clock() - TRY_AGAIN_AFTER, BATCH)
        return sum([await self._send(notice) for notice in due])

    async def _send(self, notice: Notice) -> bool:
        person = await self._tables.people.get(notice.owner, notice.owner)
        link = f"{self._rules.origin}{notice.path}"
        mail = Mail(to=person.email, subject=notice.subject, text=f"{notice.text}\n\n{link}", link=link)
        try:
            await self._mailer.send(mail)
        except Unavailable:
            log.warning("notice.mail_waits", extra={"owner": notice.owner, "notice": notice.id})
            await self._due(notice, again=True)
            return False
        except InvalidInput:
            log.warning("notice.mail_refused", extra={"owner": notice.owner, "notice": notice.id})
        await self._due(notice, again=False)
        return True

    async def _due(self, notice: Notice, *, again: bool) -> None:
        try:
            stored = await self._tables.notices.get(notice.id, notice.owner)
            await self._tables.notices.update(replace(stored, mail_due_at=self._clock() if again else None))
        except Conflict:
            await self._due(notice, again=again)  # seen in this very moment
        except NotFound:
            return  # a newer one on its topic took its place

    async def settle(self) -> None:
        """Wait for the mails that are on their way."""
        await self._beside.settle()
