"""Cases: everything that somebody asks of the house or that the house owes somebody, as one kind of record.

A case belongs to a person, or to itself: one that came without an account has its own id as owner and so a key of its own,
which dies with it. What each kind may become, and until when, stands in case_rules.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imageroute_app.domain.errors import InvalidInput

TEXT_MAX = 5000
NAME_MAX = 120
FILE_BYTES_MAX = 900_000
"""One attachment; small enough that a whole form stays in memory."""


class Kind(StrEnum):
    """What is asked, or owed."""

    ACCESS = "access"
    CORRECT = "correct"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"
    PORT = "port"
    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    APPEAL = "appeal"
    TICKET = "ticket"
    CHILD = "child"
    ABUSE = "abuse"
    LEAK = "leak"
    LEGAL = "legal"
    BREACH = "breach"
    OWNERSHIP = "ownership"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ANSWERED = "answered"


class Outcome(StrEnum):
    """How a case ended; empty while it is open."""

    NONE = ""
    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SOLVED = "solved"
    CONFIRMED = "confirmed"
    UNFOUNDED = "unfounded"
    DISCLOSED = "disclosed"
    NOTHING_HELD = "nothing_held"
    NOTIFIED = "notified"
    NO_RISK = "no_risk"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class Author(StrEnum):
    """Who wrote a message; MAIL is whoever sent a mail that names the case, which proves nothing."""

    PERSON = "person"
    STAFF = "staff"
    HOUSE = "house"
    MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `owner` is the person, or the case's own id.

    `reference` is what everyone may call it; `code_hash` and `proof_hash` are of two secrets: the first finds a case without
    an account, the second went to the address on file only and proves it (`confirmed_at`). `subject` is the account that
    a child report or legal request is about. `law` is which clock gives `due_at`, None once answered; `alarm_at` is when the
    house must look again by itself. `facts` is JSON of a register (domain.registers), empty for other kinds.
    """

    id: str
    owner: str
    job_id: str
    state: CaseState
    text: str
    answer: str
    created_at: datetime
    answered_at: datetime | None
    kind: Kind = Kind.APPEAL
    reference: str = ""
    code_hash: str = ""
    proof_hash: str = ""
    subject: str = ""
    country: str = ""
    law: str = ""
    contact: str = ""
    agent: str = ""
    facts: str = ""
    outcome: Outcome = Outcome.NONE
    due_at: datetime | None = None
    alarm_at: datetime | None = None
    acknowledged_at: datetime | None = None
    confirmed_at: datetime | None = None
    extended_at: datetime | None = None
    escalated_at: datetime | None = None
    purge_at: datetime | None = None
    version: int = 0

    @property
    def has_account(self) -> bool:
        """Whether a person with an account owns it."""
        return self.owner != self.id

    @property
    def is_confirmed(self) -> bool:
        """Whether it is proven who asks: by a session, or by a code sent to the address on file."""
        return self.has_account or self.confirmed_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """One message of a case, with at most one file, which lies in the media store under the message's id."""

    id: str
    owner: str
    case_id: str
    author: Author
    text: str
    created_at: datetime
    file_name: str = ""
    mime: str = ""
    size_bytes: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAccess:
    """A look of an operator at something of a person, with the reason given before it; the person sees it.

    `operator` is that person's id, which tells nothing to anyone outside.
    """

    id: str
    owner: str
    case_id: str
    operator: str
    reason: str
    looked_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many cases of a kind ended in one way in a month; all that is left of a child report, and no personal data.

    `owner` is the word "house"; `slot` is kind, outcome and month in one, unique.
    """

    id: str
    owner: str
    slot: str
    count: int
    version: int = 0


def media_folder(owner: str, case_id: str) -> str:
    """Return the prefix of a case's files."""
    return f"cases/{owner}/{case_id}/"


def file_key(message: CaseMessage) -> str:
    """Return where the file of a message is kept."""
    return f"{media_folder(message.owner, message.case_id)}{message.id}"


def tidy_text(text: str, *, field: str = "text", limit: int = TEXT_MAX) -> str:
    """Return a message without control characters and outer space; raises InvalidInput when empty or too long."""
    tidy = clean(text)
    if not tidy:
        raise InvalidInput("Write a few words first.", field=field)
    if len(tidy) > limit:
        raise InvalidInput(f"Use at most {limit:,} characters. You have {len(tidy):,}.", field=field)
    return tidy


def clean(text: str) -> str:
    """Return a text with line feeds as its only control characters; marks that turn the reading direction go too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(ch for ch in lines if ch == "\n" or (ch.isprintable() and ch not in TURNING))
    return kept.strip()


TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
