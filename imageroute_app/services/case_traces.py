"""What cases outside an account still say of its person: erased with the account, or no longer tied to it.

A mail or a form without sign-in makes a case of its own, which no erasure of rows by owner finds; a report or a request by an
authority is about a person and belongs to somebody else.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from imageroute_app.domain.cases import Case, Kind
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Database, Query
from imageroute_app.services.case_files import CaseFiles
from imageroute_app.services.cases import WITHOUT_CONTACT

PAGE = 200
ERASED_WORDS = "The words of this report are erased."


class CaseTraces:
    """Forgets a person in the cases of nobody and of others."""

    def __init__(self, *, database: Database, files: CaseFiles) -> None:
        self._database, self._tables, self._files = database, database.tables, files

    async def forget(self, owner: str) -> int:
        """Drop or unlink what is about a person who is still there; repeating is harmless. Returns how many cases changed.

        What somebody else asked is kept: reports of others lose the reporter's address only, registers the link to the account.

        Raises:
            Unavailable: A file of a case is not proven gone yet.
        """
        try:
            person = await self._tables.people.get(owner, owner)
        except NotFound:
            return 0
        # An account that never proved its address could ask for the cases of somebody else.
        address = person.email.casefold() if person.email_verified_at else ""
        changed = 0
        async for case in self._cases():
            changed += await self._forget_in(case, owner, address)
        return changed

    async def forget_address(self, address: str, *, besides: str) -> int:
        """Drop what an address without account asked, `besides` one case; it must be proven. Returns how many changed."""
        changed = 0
        async for case in self._cases():
            if case.id != besides:
                changed += await self._forget_in(case, "", address.casefold())
        return changed

    async def erase_words(self, case: Case) -> None:
        """Erase the messages and files of a case; its own text is the caller's to drop."""
        await self._files.erase(case.owner, case.id)
        query = Query(owner=case.owner, equals={"case_id": case.id}, limit=1000)
        for message in await self._tables.case_messages.find(query):
            await self._tables.case_messages.delete(message.id, message.owner)

    async def _cases(self) -> AsyncIterator[Case]:
        after = ""
        while page := await self._tables.cases.walk(after, PAGE):
            for case in page:
                yield case
            after = page[-1].id

    async def _forget_in(self, case: Case, owner: str, address: str) -> bool:
        is_theirs = not case.has_account and address != "" and case.contact.casefold() == address
        if is_theirs and case.kind not in WITHOUT_CONTACT:
            await self._files.erase(case.owner, case.id)
            await self._database.erase_rows(case.owner)
            return True
        is_about = owner != "" and case.subject == owner
        if not is_theirs and not is_about:
            return False
        if is_about and case.kind is Kind.CHILD:
            await self.erase_words(case)
            case = replace(case, text=ERASED_WORDS)
        await self._tables.cases.update(
            replace(case, contact="" if is_theirs else case.contact, subject="" if is_about else case.subject)
        )
        return True
