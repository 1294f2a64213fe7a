"""Cases as the one who asks sees them: open, follow, write, prove who you are, take into the account.

Principle: a case without an account is found by its code only, and nothing of an account is shown or done before a session or
a code that was mailed to the address on file has proven whose it is.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from imageroute_app.domain.case_rules import first_alarm
from imageroute_app.domain.cases import Author, Case, CaseMessage, CaseState, Kind, tidy_text
from imageroute_app.domain.errors import Conflict, InvalidInput, NotFound
from imageroute_app.domain.ports import Clock, Database, Limiter, NewId, Query, Tables
from imageroute_app.services.accounts import clean_email
from imageroute_app.services.case_codes import hash_code, new_case, with_proof
from imageroute_app.services.case_files import Attachment, CaseFiles
from imageroute_app.services.case_mail import CaseMail

OPENED_PER_HOUR, LOOKED_UP_PER_HOUR, WRITTEN_PER_HOUR = 10, 30, 30
MESSAGES_SHOWN = 200
MAIL_AGAIN = timedelta(hours=1)
WITHOUT_CONTACT = frozenset({Kind.CHILD, Kind.ABUSE, Kind.LEAK, Kind.LEGAL, Kind.BREACH, Kind.OWNERSHIP})
WRONG_CODE = "No case has this code. Check it, or write to us again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What somebody asks.

    `owner` is who is signed in, empty otherwise; `contact` where the answer goes then; `agent` who writes for them, if it is
    somebody else. `is_by_mail`: the code goes to the address only, so that giving it proves the address.
    """

    kind: Kind
    text: str
    owner: str = ""
    contact: str = ""
    country: str = ""
    agent: str = ""
    request_id: str = ""
    job_id: str = ""
    subject: str = ""
    facts: str = ""
    file: bytes = field(default=b"", repr=False)
    reference: str = ""
    is_by_mail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The new case and the code that finds it; it is shown once and only its hash is kept."""

    case: Case
    code: str


class Cases:
    """Everything that the one who asks can do."""

    def __init__(
        self, *, database: Database, mail: CaseMail, files: CaseFiles, limiter: Limiter, clock: Clock, new_id: NewId
    ) -> None:
        self._database, self._tables = database, database.tables
        self._mail, self._files, self._limiter = mail, files, limiter
        self._clock, self._new_id = clock, new_id

    async def open(self, opening: Opening, *, address: str) -> Opened:
        """Open a case and acknowledge it by mail.

        Args:
            opening: What is asked.
            address: The network address that tries are counted by, or whatever stands for the sender of a mail.

        Raises:
            InvalidInput: A text, an address or a file cannot be used.
            RateLimited: Too many from there.
        """
        text = tidy_text(opening.text)
        contact = "" if opening.owner else _contact(opening)
        await self._limiter.hit("case", opening.owner or address, limit=OPENED_PER_HOUR, window_s=3600)
        if contact:
            await self._limiter.hit("case-to", hash_code(contact.casefold()), limit=OPENED_PER_HOUR, window_s=3600)
        attachment = await self._files.check(opening.file)
        case, code = new_case(
            self._new_id(),
            opening.kind,
            text=text,
            country=opening.country,
            now=self._clock(),
            owner=opening.owner,
        )
        case = replace(
            case,
            contact=contact,
            agent=_one_line(opening.agent),
            job_id=opening.job_id,
            subject=opening.subject,
            facts=opening.facts,
            reference=opening.reference or case.reference,
        )
        return await self._store(case, code, opening, attachment)

    async def mine(self, owner: str) -> list[Case]:
        """Return a person's cases, newest first."""
        return await self._tables.cases.find(Query(owner=owner, limit=200))

    async def case(self, owner: str, case_id: str) -> Case:
        """Return one of a person's cases; raises NotFound also when it is somebody else's."""
        return await self._tables.cases.get(case_id, owner)

    async def messages(self, case: Case) -> list[CaseMessage]:
        """Return what was written, oldest first."""
        query = Query(owner=case.owner, equals={"case_id": case.id}, oldest_first=True, limit=MESSAGES_SHOWN)
        return await self._tables.case_messages.find(query)

    async def find(self, code: str, *, address: str) -> Case:
        """Return the case of a code; one that went by mail only also proves the address. Raises NotFound, RateLimited."""
        case = await self._by_code(code, address)
        if case.proof_hash == case.code_hash and not case.is_confirmed:
            case = await self._confirm(case)
        return case

    async def prove(self, code: str, proof: str, *, address: str) -> Case:
        """Take the second code, which was mailed to the address on file; raises InvalidInput when it is another one."""
        case = await self._by_code(code, address)
        if not case.proof_hash or hash_code(proof) != case.proof_hash:
            raise InvalidInput("This is not the code from our mail.", field="proof")
        return case if case.is_confirmed else await self._confirm(case)

    async def claim(self, owner: str, code: str, *, address: str) -> Case:
        """Take a case that has no account into the account of who is signed in."""
        case = await self._by_code(code, address)
        if case.has_account:
            raise Conflict("This case belongs to an account already.")
        return await self._move(case, owner)

    async def write(self, case: Case, text: str, *, file: bytes = b"", author: Author = Author.PERSON) -> CaseMessage:
        """Add a message of the one who asks; a question that was answered is open again."""
        await self._limiter.hit("case-write", case.id, limit=WRITTEN_PER_HOUR, window_s=3600)
        attachment = await self._files.check(file)
        message = await self.add(case, author, text, attachment)
        if case.kind is Kind.TICKET and case.state is CaseState.ANSWERED:
            again, _ = new_case(case.id, case.kind, text=case.text, country=case.country, now=self._clock())
            reopened = {"due_at": again.due_at, "alarm_at": again.alarm_at, "purge_at": None}
            await self._tables.cases.update(replace(case, state=CaseState.OPEN, **reopened))
        return message

    async def add(self, case: Case, author: Author, text: str, attachment: Attachment | None = None) -> CaseMessage:
        """Store one message, its file first, so that no message promises a file that is not there."""
        message = CaseMessage(
            id=self._new_id(),
            owner=case.owner,
            case_id=case.id,
            author=author,
            text=tidy_text(text),
            created_at=self._clock(),
        )
        if attachment:
            facts = {"file_name": attachment.name, "mime": attachment.mime, "size_bytes": len(attachment.data)}
            message = replace(message, **facts)
            await self._files.keep(message, attachment)
        await self._tables.case_messages.add(message)
        return message

    async def file(self, case: Case, message_id: str) -> tuple[CaseMessage, AsyncIterator[bytes]]:
        """Return a message of this case and its file; raises NotFound."""
        message = await self._tables.case_messages.get(message_id, case.owner)
        if message.case_id != case.id or not message.file_name:
            raise NotFound
        return message, await self._files.open(message)

    # --- Below the verbs ----------------------------------------------------------------------------------------------

    async def _store(self, case: Case, code: str, opening: Opening, attachment: Attachment | None) -> Opened:
        proof = ""
        if opening.is_by_mail:
            case = replace(case, proof_hash=case.code_hash)
        elif case.contact:
            case, proof = with_proof(case)
        await self._tables.cases.add(case)
        if attachment:
            await self.add(case, Author.PERSON, "A file, sent with the first message.", attachment)
        told = code if opening.is_by_mail else ""
        went_out = await self._mail.acknowledge(case, code=told, proof=proof, request_id=opening.request_id)
        # Who asked on a page was told there and then, but for the code that proves the address.
        if went_out or not (opening.is_by_mail or proof):
            return Opened(case=await self._acknowledged(case), code=code)
        case = await self._tables.cases.update(replace(case, alarm_at=self._clock() + MAIL_AGAIN))
        return Opened(case=case, code=code)

    async def acknowledge_again(self, case: Case) -> Case:
        """Send the mail that did not go out, with fresh codes: only their hashes were kept. Failing, it is tried in an hour."""
        fresh, proof = with_proof(case)
        by_mail = case.proof_hash == case.code_hash
        if by_mail:
            fresh = replace(fresh, code_hash=fresh.proof_hash)
        fresh = await self._tables.cases.update(replace(fresh, alarm_at=self._clock() + MAIL_AGAIN))
        went_out = await self._mail.acknowledge(fresh, code=proof if by_mail else "", proof="" if by_mail else proof)
        return await self._acknowledged(fresh) if went_out else fresh

    async def _acknowledged(self, case: Case) -> Case:
        alarm = first_alarm(case.kind, case.created_at)
        return await self._tables.cases.update(replace(case, acknowledged_at=self._clock(), alarm_at=alarm))

    async def _by_code(self, code: str, address: str) -> Case:
        await self._limiter.hit("case-code", address, limit=LOOKED_UP_PER_HOUR, window_s=3600)
        case = await self._tables.cases.by_key("code_hash", hash_code(code))
        if case is None:
            raise NotFound(WRONG_CODE)
        return case

    async def _confirm(self, case: Case) -> Case:
        """Note that the address is proven; if an account has proven it too, the case belongs there from now on."""
        return await self.bring_home(await self._tables.cases.update(replace(case, confirmed_at=self._clock())))

    async def bring_home(self, case: Case) -> Case:
        """Give a case whose address is proven to the account that has proven it too, if there is one by now."""
        if case.has_account or not case.is_confirmed:
            return case
        person = await self._tables.people.by_key("email_key", case.contact.casefold()) if case.contact else None
        if person is None or person.email_verified_at is None:
            return case  # an account that never proved the address may be somebody else's
        return await self._move(case, person.id)

    async def _move(self, case: Case, owner: str) -> Case:
        """Give a case to an account: everything is sealed anew under the account's key, and the case's own is destroyed."""
        messages = await self.messages(case)
        for message in messages:
            if message.file_name:
                await self._files.move(message, owner)
        moved = replace(case, owner=owner, contact="", version=0)

        async def work(tables: Tables) -> None:
            for message in messages:
                await tables.case_messages.delete(message.id, case.owner)
                await tables.case_messages.add(replace(message, owner=owner, version=0))
            for look in await tables.staff_access.find(Query(owner=case.owner, limit=MESSAGES_SHOWN)):
                await tables.staff_access.delete(look.id, look.owner)
                await tables.staff_access.add(replace(look, owner=owner, version=0))
            await tables.cases.delete(case.id, case.owner)
            await tables.cases.add(moved)

        await self._database.transact(work)
        await self._files.erase(case.owner, case.id)
        await self._database.erase_rows(case.owner)
        return moved


def _contact(opening: Opening) -> str:
    """Return the address for answers; only a report may go without one."""
    if not opening.contact.strip() and opening.kind in WITHOUT_CONTACT:
        return ""
    return clean_email(opening.contact)


def _one_line(text: str) -> str:
    return " ".join(tidy_text(text, field="agent", limit=300).split()) if text.strip() else ""
