"""Mail that comes in: made into cases without believing a word of it.

Principle: the sender's address is a claim. It decides where the acknowledgement goes, and nothing else; only the code in that
mail proves it. Machines get no answer, so that two of them never talk to each other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import cast

from imageroute_app.domain.cases import FILE_BYTES_MAX, TEXT_MAX, Author, Case, CaseState, Kind, clean
from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.domain.ports import Clock, Database, Query
from imageroute_app.services.accounts import clean_email
from imageroute_app.services.case_codes import LETTERS, REFERENCE_SIGNS
from imageroute_app.services.cases import Cases, Opening
from imageroute_app.services.desk import Desk

MAIL_BYTES_MAX = 4 * 1024 * 1024
PARTS_MAX = 50
SAME_TALK = timedelta(days=1)
MESSAGES_MAX = 20
ROBOTS = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "bounce")
WORDS: Sequence[tuple[Kind, tuple[str, ...]]] = (
    (Kind.CHILD, ("my child", "a child's account", "account of a child", "underage", "years old")),
    (Kind.OPT_OUT, ("do not sell", "don't sell", "opt out", "opt-out")),
    (Kind.ACCESS, ("know about me", "send me my data", "copy of my data", "access to my data", "subject access")),
    (Kind.PORT, ("portab", "machine-readable")),
    (Kind.ERASE, ("erase", "delete my", "delete all", "right to be forgotten")),
    (Kind.CORRECT, ("rectif", "correct my", "correction of")),
    (Kind.RESTRICT, ("restrict", "freeze my")),
    (Kind.OBJECT, ("i object", "objection")),
    (Kind.COMPLAINT, ("complaint", "complain")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is used of a mail; `mark` is the same when it is delivered twice."""

    sender: str
    subject: str
    text: str
    mark: str
    file: bytes = b""


class NotForUs(InvalidInput):
    """A mail that gets no case: too large, from a machine, or without a sender or words."""


def read_letter(data: bytes) -> Letter:
    """Return what a mail says; raises NotForUs."""
    if len(data) > MAIL_BYTES_MAX:
        raise NotForUs("The mail is too large.")
    message = message_from_bytes(data)
    sender = _sender(message)
    if _is_machine(message, sender):
        raise NotForUs("The mail was sent by a machine.")
    subject, (text, file) = _header(message, "Subject")[:200], _content(message)
    words = clean(f"{subject}\n\n{text}" if subject else text)[:TEXT_MAX]
    if not words:
        raise NotForUs("The mail has no words.")
    told = (message.get("Message-ID") or "").encode(errors="replace") or data
    return Letter(sender=sender, subject=subject, text=words, mark=_mark(sender, told), file=file)


def kind_of(text: str) -> Kind:
    """Return what a mail asks for, as far as its words say; else a question that a person reads."""
    low = " ".join(text.casefold().split())
    return next((kind for kind, words in WORDS if any(word in low for word in words)), Kind.TICKET)


class MailIntake:
    """Makes cases of letters."""

    def __init__(self, *, database: Database, cases: Cases, desk: Desk, own: Sequence[str], clock: Clock) -> None:
        """Ignore mail of our `own` addresses."""
        self._tables, self._cases, self._desk = database.tables, cases, desk
        self._own, self._clock = frozenset(address.casefold() for address in own if address), clock

    async def take(self, letter: Letter) -> Case:
        """Open a case and acknowledge it once, or add the letter to the case that it answers.

        Raises:
            NotForUs: It is our own mail, or too much of one talk.
        """
        if letter.sender.casefold() in self._own:
            raise NotForUs("The mail is our own.")
        twin = await self._tables.cases.by_key("reference", letter.mark)
        if twin is not None:
            return twin
        if talk := await self._talk(letter):
            return await self._add(talk, letter)
        opening = Opening(
            kind=kind_of(letter.text),
            text=letter.text,
            contact=letter.sender,
            file=letter.file,
            reference=letter.mark,
            is_by_mail=True,
        )
        try:
            return (await self._cases.open(opening, address=letter.sender)).case
        except InvalidInput as error:
            if error.field != "file":
                raise
            return (await self._cases.open(replace(opening, file=b""), address=letter.sender)).case

    async def _talk(self, letter: Letter) -> Case | None:
        """Return the case that a letter belongs to: named in its subject, or opened by the same sender today."""
        for reference in (word.strip("()[]:,.") for word in letter.subject.upper().split()):
            named = await self._tables.cases.by_key("reference", reference) if reference.startswith("C-") else None
            if named is not None and await self._writes_from(named) == letter.sender.casefold():
                return named
        since, sender, kind = self._clock() - SAME_TALK, letter.sender.casefold(), kind_of(letter.text)
        for case in await self._desk.queue():
            if (case.contact.casefold(), case.kind) == (sender, kind) and case.created_at >= since:
                return case
        return None

    async def _writes_from(self, case: Case) -> str:
        if not case.has_account:
            return case.contact.casefold()
        return (await self._tables.people.get(case.owner, case.owner)).email.casefold()

    async def _add(self, case: Case, letter: Letter) -> Case:
        query = Query(owner=case.owner, equals={"case_id": case.id})
        if await self._tables.case_messages.count(query) >= MESSAGES_MAX or case.state is not CaseState.OPEN:
            raise NotForUs("This case takes no more by mail: open it with its code.")
        known = await self._cases.messages(case)
        if all(message.text != letter.text for message in known) and case.text != letter.text:
            await self._cases.write(case, letter.text, author=Author.MAIL)
        return case


def _mark(sender: str, told: bytes) -> str:
    digest = hashlib.sha256(sender.casefold().encode(errors="replace") + b"|" + told).digest()
    return "C-" + "".join(LETTERS[byte % len(LETTERS)] for byte in digest[: REFERENCE_SIGNS + 4])


def _sender(message: Message) -> str:
    _, address = parseaddr(_header(message, "From"))
    try:
        return clean_email(address)
    except ImageRouteError as error:
        raise NotForUs("The mail has no sender that could be answered.") from error


def _is_machine(message: Message, sender: str) -> bool:
    automatic = _header(message, "Auto-Submitted").casefold() or "no"
    return (
        automatic.split(";")[0].strip() != "no"
        or _header(message, "Precedence").casefold() in {"bulk", "junk", "list", "auto_reply"}
        or _header(message, "Return-Path").strip() == "<>"
        or any(message.get(name) for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Loop"))
        or sender.casefold().startswith(ROBOTS)
    )


def _header(message: Message, name: str) -> str:
    raw = str(message.get(name) or "")[:1000]
    try:
        return clean(str(make_header(decode_header(raw)))).replace("\n", " ")
    except (ValueError, LookupError, TypeError, IndexError):
        return clean(raw).replace("\n", " ")


def _content(message: Message) -> tuple[str, bytes]:
    """Return the first plain text, else the words of the first HTML, and the first file that is small enough."""
    plain, html, file = "", "", b""
    for number, part in enumerate(message.walk()):
        if number >= PARTS_MAX:
            break
        if part.is_multipart():
            continue
        data = _payload(part)
        if part.get_content_disposition() == "attachment":
            file = file or (data if len(data) <= FILE_BYTES_MAX else b"")
        elif part.get_content_type() == "text/plain":
            plain = plain or _text(part, data)
        elif part.get_content_type() == "text/html":
            html = html or _text(part, data)
    return plain or _words_of(html), file


def _payload(part: Message) -> bytes:
    try:
        return cast("bytes", part.get_payload(decode=True)) or b""
    except (ValueError, LookupError, AssertionError):
        return b""


def _text(part: Message, data: bytes) -> str:
    try:
        return data[: TEXT_MAX * 8].decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:
        return data[: TEXT_MAX * 8].decode(errors="replace")


class _Words(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _words_of(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    return " ".join(" ".join(reader.words).split())
