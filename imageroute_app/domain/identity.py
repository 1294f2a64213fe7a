"""Who somebody is when a sign-in service outside says so: the link to it, what it proves, and what it tells us later.

Principle: the service is asked for proof, never believed for rights. Our own session, bound to its session, is what opens the
account, and its end there is the end here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CHECK_EVERY = timedelta(minutes=5)
UNCHECKED_MOST = timedelta(hours=1)
"""How long a session lives on while the service cannot be asked whether it is still good (SECURITY S16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The link of an account to its person at the sign-in service.

    `subject_key` equals `subject`, kept as a hash to look it up.

    `told_at` is how new the newest profile is that the service told us, by its own clock.
    """

    id: str
    owner: str
    provider: str
    subject: str
    subject_key: str
    told_at: datetime
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a good token says: whose it is, of which session there, and when that person last proved to be there."""

    subject: str
    session_id: str
    proven_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person as the service knows it; the address is the primary one."""

    subject: str
    email: str
    is_verified: bool
    full_name: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSession:
    """A sign-in at the service; `device` is what it says of the browser, which may be nothing.

    `state` is the service's word for how it stands; `began_at` is by the service's clock.
    """

    id: str
    subject: str
    state: str
    began_at: datetime
    seen_at: datetime
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The wish that a sign-in ends at the service, kept until the service did it; `session_id` is empty for all before it.

    `asked_at` is by our clock. Clocks that differ by seconds miss only what began in those seconds and never came here: what
    came here is asked for by its id.
    """

    id: str
    owner: str
    session_id: str
    asked_at: datetime
    version: int = 0

    def is_for(self, session: OutsideSession) -> bool:
        """Say whether this sign-in is to end."""
        if self.session_id:
            return self.session_id == session.id
        return session.began_at <= self.asked_at


class EventKind(StrEnum):
    """What the service may tell us."""

    SESSION_ENDED = "session_ended"
    SESSION_PENDING = "session_pending"
    """A sign-in lacks a step that the service asks for; said late, it may be done by now."""
    CHANGED = "changed"
    DELETED = "deleted"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEvent:
    """One thing that happened there; `session_id` and `profile` only where it is about one.

    `number` is what the service calls the message; a repeated one has the same.
    """

    kind: EventKind
    subject: str = ""
    session_id: str = ""
    profile: Profile | None = None
    number: str = ""
