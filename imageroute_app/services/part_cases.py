"""Erasing requests and messages alone: what is answered goes, or loses its words; what must be shown later keeps its dates.

Principle: an open case is somebody's right on its way and is never touched here.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from imageroute_app.domain.cases import Case, CaseMessage, CaseState, Kind, media_folder
from imageroute_app.domain.ports import Database, MediaStore, Query
from imageroute_app.services.tombstones import EraseNotes

PAGE = 200
GOES = frozenset({Kind.TICKET, Kind.APPEAL})
"""Kinds that nobody has to show later; of the others kind, dates and outcome stay for their three years."""
WORDLESS = "The words of this case are erased, as you asked."


class PartCases:
    """The cases of an account."""

    def __init__(self, *, database: Database, media: MediaStore, notes: EraseNotes) -> None:
        self._tables, self._media, self._notes = database.tables, media, notes

    async def erase(self, owner: str) -> int:
        """Erase what can go; returns how many cases and messages changed. Raises Unavailable while a file is there."""
        count = 0
        async for case in self._answered(owner):
            if await self._is_bare(case):
                continue
            # Kept out of backups first, the words of what stays included: a note without its erasure harms nobody.
            await self._notes.records(owner, "cases", [case.id])
            await self._media.delete_prefix(media_folder(owner, case.id))
            count += await self._erase_messages(case) + 1
            if case.kind in GOES:
                await self._tables.cases.delete(case.id, owner)
            else:
                answer = WORDLESS if case.answer else ""
                bare = replace(case, text=WORDLESS, answer=answer, contact="", agent="", facts="", country="")
                await self._tables.cases.update(bare)
        return count

    async def left(self, owner: str) -> int:
        """Return how many cases still hold what should be gone."""
        return sum([not await self._is_bare(case) async for case in self._answered(owner)])

    async def _is_bare(self, case: Case) -> bool:
        return case.kind not in GOES and case.text == WORDLESS and not await self._messages(case)

    async def _erase_messages(self, case: Case) -> int:
        gone = 0
        while messages := await self._messages(case):
            await self._notes.records(case.owner, "case_messages", [one.id for one in messages])
            gone += sum([await self._tables.case_messages.delete(one.id, one.owner) for one in messages])
        return gone

    async def _messages(self, case: Case) -> list[CaseMessage]:
        return await self._tables.case_messages.find(Query(owner=case.owner, equals={"case_id": case.id}, limit=PAGE))

    async def _answered(self, owner: str) -> AsyncIterator[Case]:
        after = ""
        while page := await self._tables.cases.find(Query(owner=owner, after=after, limit=PAGE)):
            for case in page:
                if case.state is CaseState.ANSWERED:
                    yield case
            after = page[-1].id
