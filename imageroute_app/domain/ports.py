"""What the services need from outside, as protocols. Adapters fulfil them; bootstrap picks which.

Every verb raises only classes of domain.errors (providers: ProviderError). A port for a single adapter exists only where
services may not import the adapter's room.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, TypeVar

from imageroute_app.domain.accounts import MailToken, Person, Session
from imageroute_app.domain.activity import Activity
from imageroute_app.domain.backups import RowStore
from imageroute_app.domain.cases import Case, CaseMessage, StaffAccess, Tally
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.choices import Choice
from imageroute_app.domain.disclosures import Disclosure
from imageroute_app.domain.drafts import Draft
from imageroute_app.domain.erasures import Erasure, ErasureStep, Farewell
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.exports import Export, ExportGrant, ExportPiece
from imageroute_app.domain.factors import Authenticator, Passkey
from imageroute_app.domain.gallery import Album, Image
from imageroute_app.domain.identity import Identity, IdentityEvent, OutsideSession, Profile, Proof, Revocation
from imageroute_app.domain.jobs import Attempt, Job, Preference, Quote, Request
from imageroute_app.domain.ledger import Entry, Wallet
from imageroute_app.domain.mails import QuietAddress, WaitingMail
from imageroute_app.domain.measures import Measure
from imageroute_app.domain.newsletter import Subscription
from imageroute_app.domain.notices import Notice
from imageroute_app.domain.payments import Booking, Buyer, Checkout, Message, Order, Payment, Seen, Seller
from imageroute_app.domain.pictures import FinishedImage, IngestedImage, Marking, Marks
from imageroute_app.domain.policies import Acknowledgement, Announcement
from imageroute_app.domain.settlement import Fact
from imageroute_app.domain.sharing import Archive, Share
from imageroute_app.domain.spending import SpendGuard
from imageroute_app.domain.statistics import UsageCount, UsageTotal
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.domain.uploads import Upload
from imageroute_app.domain.webhooks import HeardWebhook

Clock = Callable[[], datetime]
NewId = Callable[[], str]
Fault = Callable[[str], None]
"""Called at named points of a multi-step write; does nothing outside tests, which kill or fail the process there."""

Value = str | int | bool | datetime | None


# --- Database -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One page of one person's records, newest first: `id < after`, at most `limit`; `oldest_first` turns it round.

    `equals` filters on plain columns and the id (a tuple means "one of"); `text` searches the keyed token index (images
    only): every word must be there, as a whole word or, from 3 letters on, as a prefix. `tokens` are exact facets of the
    same index (domain.gallery.facet), which must all be there. `from_id` and `below_id` bound the ids, and so the time.
    """

    owner: str
    equals: Mapping[str, Value | tuple[Value, ...]] = field(default_factory=dict[str, Value | tuple[Value, ...]])
    text: str = ""
    tokens: tuple[str, ...] = ()
    from_id: str = ""
    below_id: str = ""
    oldest_first: bool = False
    after: str = ""
    limit: int = 50


R = TypeVar("R")
T = TypeVar("T")


class Repository(Protocol[R]):
    """Records of one type. There is no get by id alone: the owner is obligatory."""

    async def add(self, record: R) -> None:
        """Store a new record; raises Duplicate when a unique key is taken."""
        ...

    async def get(self, record_id: str, owner: str) -> R:
        """Return the record; raises NotFound also when it is someone else's."""
        ...

    async def find(self, query: Query) -> list[R]:
        """Return one page, newest first unless asked otherwise."""
        ...

    async def count(self, query: Query) -> int:
        """Return how many match (`after` and `limit` are ignored)."""
        ...

    async def counts(self, queries: Sequence[Query]) -> list[int]:
        """Return how many match each of several queries, on one way to the database where it allows that."""
        ...

    async def sum(self, column: str, owner: str) -> int:
        """Return the sum of a number over all of a person's records; `column` is declared for it in DATA_MAP."""
        ...

    async def update(self, record: R) -> R:
        """Write the record if its version is still the stored one; returns it with version + 1, raises Conflict."""
        ...

    async def delete(self, record_id: str, owner: str) -> bool:
        """Delete; False when there was nothing."""
        ...

    async def by_key(self, key: str, value: str) -> R | None:
        """Return the record with this unique secret or hashed key (declared in DATA_MAP), whoever owns it."""
        ...

    async def overdue(self, column: str, now: datetime, limit: int) -> list[R]:
        """Return records of any owner whose date `column` is at or before `now`, oldest first; for sweeps only."""
        ...

    async def walk(self, after: str, limit: int) -> list[R]:
        """Return records of any owner with an id above `after`, by id, for sweeps that visit everyone; none is the end.

        Records of a person whose key is gone are left out, so that a page may be shorter than `limit` before the end.
        """
        ...


class Jobs(Repository[Job], Protocol):
    """Generations, with the verbs that must be atomic."""

    async def claim(self, job_id: str, *, holder: str, now: datetime, lease_until: datetime, cap: int) -> Job | None:
        """Take a queued job, or a running one whose lease ran out, if its owner has fewer than `cap` under lease.

        Sets state running, the lease, attempts + 1 and started_at once. None when it is taken, final or over the cap.
        """
        ...

    async def renew(self, job_id: str, *, holder: str, lease_until: datetime) -> bool:
        """Extend the lease; False when another holder took it or the job is final."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Job]:
        """Return queued jobs and running ones with an expired lease, oldest first, of any owner."""
        ...


class Ledger(Repository[Entry], Protocol):
    """Append-only credits with the guarded balance beside them."""

    async def post(self, entry: Entry) -> Entry:
        """Append and move the wallet by `entry.amount` in the running transaction; fills `balance_after`.

        Raises NotEnoughCredits when the balance would fall below zero, Duplicate when the dedupe key is there already.
        """
        ...

    async def wallet(self, owner: str) -> Wallet:
        """Return the wallet; an empty one when the person never had an entry."""
        ...


class Tables(Protocol):
    """All repositories, either each call on its own or all inside one transaction."""

    people: Repository[Person]
    sessions: Repository[Session]
    mail_tokens: Repository[MailToken]
    identities: Repository[Identity]
    revocations: Repository[Revocation]
    authenticators: Repository[Authenticator]
    passkeys: Repository[Passkey]
    drafts: Repository[Draft]
    quotes: Repository[Quote]
    jobs: Jobs
    attempts: Repository[Attempt]
    cases: Repository[Case]
    case_messages: Repository[CaseMessage]
    staff_access: Repository[StaffAccess]
    tallies: Repository[Tally]
    preferences: Repository[Preference]
    ledger: Ledger
    images: Repository[Image]
    albums: Repository[Album]
    uploads: Repository[Upload]
    shares: Repository[Share]
    archives: Repository[Archive]
    notices: Repository[Notice]
    choices: Repository[Choice]
    exports: Repository[Export]
    export_pieces: Repository[ExportPiece]
    export_grants: Repository[ExportGrant]
    activity: Repository[Activity]
    disclosures: Repository[Disclosure]
    newsletter_subscriptions: Repository[Subscription]
    erasures: Repository[Erasure]
    erasure_steps: Repository[ErasureStep]
    farewells: Repository[Farewell]
    usage_counts: Repository[UsageCount]
    usage_totals: Repository[UsageTotal]
    dataset_entries: Repository[DatasetEntry]
    dataset_builds: Repository[DatasetBuild]
    orders: Repository[Order]
    payments: Repository[Payment]
    spend_guards: Repository[SpendGuard]
    bookings: Repository[Booking]
    waiting_mails: Repository[WaitingMail]
    quiet_addresses: Repository[QuietAddress]
    heard_webhooks: Repository[HeardWebhook]

    def named(self, name: str) -> Repository[object]:
        """Return the repository of a table of DATA_MAP, to read and to delete; raises KeyError for any other name."""
        ...

    acknowledgements: Repository[Acknowledgement]
    announcements: Repository[Announcement]
    measures: Repository[Measure]

    async def acquire_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew the named lease (one sweeper at a time); False while another holds it."""
        ...


class Database(Protocol):
    """The person's data. `tables` commits call by call; `transact` is all or nothing."""

    tables: Tables

    async def transact(self, work: Callable[[Tables], Awaitable[T]]) -> T:
        """Run `work` in one transaction; it may be run again after a conflict, so it must not act outside the tables."""
        ...

    async def export_rows(self, owner: str) -> AsyncIterator[tuple[str, object]]:
        """Yield (table name, record) for every record of the person."""
        ...

    async def erase_rows(self, owner: str) -> int:
        """Delete every record of the person and destroy the person's key; returns how many rows went. Repeatable."""
        ...

    async def count_rows(self, owner: str) -> Mapping[str, int]:
        """Return how many rows each table holds of the person, readable or not."""
        ...

    async def raw_rows(self, owner: str, limit: int) -> bytes:
        """Return up to `limit` rows of the person of every table as they lie at rest, for checks that nothing is readable."""
        ...

    async def owners(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """Return ids of people in their order, also of those whose key is destroyed; for a restore only."""
        ...

    def rows(self) -> RowStore:
        """Return the rows as they lie, for backup, restore and migration only."""
        ...

    async def check(self) -> None:
        """Raise Unavailable unless the database answers and accepts a write."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


class KeyStore(Protocol):
    """One 32-byte key per person, wrapped by the master key and kept apart from the data."""

    async def key(self, owner: str) -> bytes:
        """Return the person's key, made on first use; raises NotFound once destroyed."""
        ...

    async def destroy(self, owner: str) -> None:
        """Destroy the key for good: every backup of the person's rows becomes unreadable. Repeatable."""
        ...

    def mark(self, owner: str) -> str:
        """Return under what name the person's key is kept, from which nobody can tell the person."""
        ...

    def pepper(self, purpose: str) -> bytes:
        """Return a 32-byte key derived from the master key, for keyed hashes that need no person."""
        ...


class Tombstones(Protocol):
    """Keyed hashes of people and records that were erased, kept apart from what a backup brings back; days, not times."""

    async def add(self, marks: Sequence[str], at: datetime) -> None:
        """Keep marks; repeating is harmless."""
        ...

    async def drop(self, *, before: datetime) -> int:
        """Forget the marks of days before that; returns how many."""
        ...

    async def marks(self) -> frozenset[str]:
        """Return every mark."""
        ...


# --- Media and imaging --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What is known of a stored object."""

    size_bytes: int
    etag: str


class PreparedMedia(Protocol):
    """Whole objects that are read next, in the order of the keys they were asked for by."""

    async def fill(self, first: int, places: Sequence[memoryview]) -> bool:
        """Write the objects from number `first` on into places; says whether each was there and had the size of its place.

        Raises:
            Unavailable: The store does not answer.
        """
        ...


class MediaStore(Protocol):
    """Bytes under keys such as "images/<owner>/<image id>/<variant>"."""

    async def put(self, key: str, data: bytes, mime: str) -> None:
        """Store all bytes or none; overwriting is allowed; raises StorageFull, Unavailable."""
        ...

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes start..end (end exclusive); raises NotFound before the first chunk."""
        ...

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return whole objects in the order of their keys, None for one that is not there; for small ones, few at a time."""
        ...

    async def prepare(self, keys: Sequence[str]) -> PreparedMedia:
        """Make objects ready that are read next, in the order of their keys: what lies far away is fetched now."""
        ...

    async def stat(self, key: str) -> MediaFacts:
        """Return the facts; raises NotFound."""
        ...

    async def delete(self, key: str) -> None:
        """Delete; nothing there is fine. Raises Unavailable until every copy is proven gone; repeating goes on."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything below a prefix that ends in "/", as `delete` does; returns how many objects went."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, sorted."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...


OutputMime = Literal["image/png", "image/jpeg", "image/webp"]


class Imaging(Protocol):
    """Everything that decodes, marks and signs pictures, in limited worker processes."""

    async def finish(self, data: bytes, marking: Marking) -> FinishedImage:
        """Decode fully, check, mark original and sizes; raises BadImage, UnsafeImage."""
        ...

    async def with_settings(self, data: bytes, mime: str, recipe_json: str) -> bytes:
        """Return a copy of a stored original that holds the recipe, pixels untouched, signed anew; raises BadImage."""
        ...

    async def convert(
        self, data: bytes, mime_to: OutputMime, long_edge_px: int | None, recipe_json: str | None
    ) -> bytes:
        """Return the picture drawn anew, never enlarged, with its mark and the recipe if one is given; raises BadImage."""
        ...

    async def read_marks(self, data: bytes) -> Marks:
        """Return what a file of anyone says about its making; raises BadImage, UnsafeImage."""
        ...

    async def ingest(self, data: bytes, *, is_mask: bool) -> IngestedImage:
        """Return the bare pixels of an upload, upright and in sRGB, a mask as 8-bit grey; raises BadImage, UnsafeImage."""
        ...

    async def close(self) -> None:
        """Stop the workers."""
        ...


# --- Providers (contracts/PROVIDERS.md 2.3) -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One delivered picture."""

    data: bytes
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One paid submission for `count` pictures: `id` is our idempotency key, `prompt` the exact words to send.

    `images` are source pictures for edits; `mask` is an 8-bit grey PNG of the first one's size, 255 where it may change.
    """

    id: str
    model: Model
    prompt: str
    request: Request
    count: int
    seed: int
    images: Sequence[bytes] = ()
    mask: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The provider has the job; `job_ref` is written down before the next await."""

    job_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the provider is, 0.0 to 1.0 where it says so."""

    stage: Literal["queued", "running", "downloading"]
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The last event: the pictures, what it cost the house in micro-USD if reported, every option dropped or changed.

    `refused` counts pictures of the submission that the provider's rules held back; `request_id` is the vendor's.
    """

    pictures: Sequence[Picture]
    cost_micro_usd: int | None = None
    notes: Sequence[str] = ()
    refused: int = 0
    request_id: str = ""


ProviderEvent = Submitted | Progress | Done


class ErrorKind(StrEnum):
    """The taxonomy of PROVIDERS.md 2.4."""

    AUTH = "auth"
    QUOTA = "quota"
    RATE = "rate_limited"
    REFUSED = "refused"
    INVALID = "invalid_request"
    UNSUPPORTED = "unsupported"
    TRANSIENT = "transient"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    RESULT_LOST = "result_lost"


Billed = Literal["no", "yes", "unknown"]
Stopped = Literal["stopped", "too_late", "unsupported"]
Forgotten = Literal["erased", "not_there", "refused", "unsupported"]
"""What came of erasing a job at its provider: proven gone there, nothing stored under its number, not allowed, no such API."""


class ProviderError(Exception):
    """A provider failed; the message is ours, never the vendor's.

    `billed` says whether the attempt may have cost money, `stage` where a refusal came from, `is_retired` that the vendor
    no longer has the model.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        billed: Billed = "no",
        retry_after_s: float | None = None,
        stage: Literal["", "input", "output"] = "",
        is_retired: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind, self.retry_after_s, self.is_retired = kind, retry_after_s, is_retired
        self.billed: Billed = billed
        self.stage: Literal["", "input", "output"] = stage


class ImageProvider(Protocol):
    """One company's pictures. Nothing is ever sent twice for one call, whatever fails."""

    id: str

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models of this provider, retired ones included."""
        ...

    def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Submit once and yield events; the last is Done, or ProviderError is raised."""
        ...

    def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """Fetch what an earlier process submitted; raises ProviderError(UNSUPPORTED) where that is not possible."""
        ...

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Ask the provider to stop; says what is known to have come of it."""
        ...

    async def forget(self, job_ref: str) -> Forgotten:
        """Erase what the provider keeps of a job, files included; repeatable. Raises ProviderError when nobody can say."""
        ...

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """Return a free small WebP of what this seed gives, or None where that is not possible."""
        ...

    async def close(self) -> None:
        """Let go of connections and workers."""
        ...


class Moderation(Protocol):
    """Our own check of a prompt, before anything is sent."""

    def objection(self, prompt: str) -> str:
        """Return the id of the rule that the prompt breaks, or an empty text."""
        ...


# --- Payments -----------------------------------------------------------------------------------------------------------


class Refused(ImageRouteError):
    """A payment service said no for good; the message is ours."""

    code = "payment_refused"
    status = 409


class Payments(Protocol):
    """One payment service. Money is never asked for or given back twice for one call; what is unknown is looked up first.

    Every verb that asks outside raises Unavailable when there is no answer, and Refused when the answer is no.
    """

    seller: Seller
    products: Mapping[str, str]
    """Its product for each pack that it sells."""

    async def checkout(self, order: Order, buyer: Buyer) -> Checkout:
        """Open a page where the order can be paid once."""
        ...

    async def paid_by(self, session_id: str) -> str:
        """Return the payment that came of a checkout, empty while there is none."""
        ...

    async def payment(self, payment_id: str) -> Seen:
        """Return what is known there now, its refunds and disputes among the facts; raises NotFound."""
        ...

    async def recent(self, since: datetime) -> list[Seen]:
        """Return what was said since then: payments made, refunds, and disputes as they stand; each only in part.

        What is new in it is to be asked for by `payment`.
        """
        ...

    async def refund(self, payment_id: str, fact: Fact, *, is_full: bool) -> Fact:
        """Give an amount back, named by the fact's `ref`, and say what came of it; asked for twice it is given once."""
        ...

    async def invoice(self, payment_id: str) -> bytes:
        """Return the seller's invoice as a PDF."""
        ...

    async def portal(self, customer_id: str, return_url: str) -> str:
        """Return the address of the seller's own page about this customer, empty where it has none."""
        ...

    async def correct(self, customer_id: str, email: str) -> None:
        """Tell the seller the customer's address of today."""
        ...

    async def forget(self, customer_id: str, session_ids: Sequence[str]) -> bool:
        """Take name and address out of the customer there; True once reading it back showed that they are gone.

        `session_ids` are the checkouts of the person, paid or not; without any payment there is no `customer_id`.
        """
        ...

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Return what a webhook says; raises Forged before anything of it is looked at."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPage:
    """What the sandbox's page shows of one checkout; `state` is empty until something was pressed."""

    order_number: str
    amount_minor: int
    currency: str
    credits: int
    state: str
    return_url: str


class Sandbox(Protocol):
    """The pages and the messages of the payment service that is part of the house."""

    async def page(self, session_id: str) -> SandboxPage:
        """Return what one checkout's page shows; raises NotFound."""
        ...

    async def press(self, session_id: str, outcome: str) -> tuple[Mapping[str, str], bytes]:
        """Do what a button of the page says and return the signed message about it; raises NotFound, Conflict."""
        ...


# --- Dispatch, mail, limits ---------------------------------------------------------------------------------------------


class Dispatcher(Protocol):
    """Wakes workers and tells watchers; the database row stays the truth, so a lost message costs only time."""

    async def wake(self, job_id: str) -> None:
        """Ask a worker to look at a job."""
        ...

    async def changed(self, owner: str, job_id: str) -> None:
        """Tell the person's open pages that a job changed."""
        ...

    def changes(self, owner: str, job_id: str = "") -> AsyncIterator[str]:
        """Yield ids of changed jobs of one person as they happen; with `job_id` of that job only."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message in plain text.

    `link` is repeated in it and shown as a button by the outbox page; `headers` are added to the usual ones. `is_asked` is one
    that somebody asked for just now: it is tried although mail came back from there. After `good_until` it is of no use.
    `number` is what it is called when it is sent once more, empty for one that is sent once.
    """

    to: str
    subject: str
    text: str
    link: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    is_asked: bool = False
    good_until: datetime | None = None
    number: str = ""


class Mailer(Protocol):
    """Sends mail; the outbox adapter writes .eml files instead."""

    async def send(self, mail: Mail) -> None:
        """Hand the message over; raises Unavailable, AddressRefused when the server knows no such mailbox, InvalidInput."""
        ...


class Passwords(Protocol):
    """Argon2id in a thread, two at once."""

    async def hash(self, password: str) -> str:
        """Return the encoded hash."""
        ...

    async def verify(self, password: str, encoded: str) -> bool:
        """Check a password; an empty `encoded` takes the same time and returns False."""
        ...

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether a hash that was just verified was made with another profile than today's."""
        ...

    def is_common(self, password: str) -> bool:
        """Say whether it is among the passwords that are tried first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What a device made: its id and public key as base64url, its counter, and whether it is kept on other devices too."""

    credential: str
    public_key: str
    count: int
    is_synced: bool


class PasskeyCeremony(Protocol):
    """WebAuthn as browsers speak it. Every `origin` is one of ours; where browsers allow no passkey, verbs raise Conflict."""

    def creation(self, origin: str, *, user: bytes, name: str, challenge: bytes, known: Sequence[str]) -> str:
        """Return as JSON what a browser needs to make a passkey; `known` are ids that it must not make again."""
        ...

    def request(self, origin: str, challenge: bytes) -> str:
        """Return as JSON what a browser needs to use any passkey of this site."""
        ...

    def challenge(self, answer: str) -> bytes:
        """Return the challenge that a browser's JSON says it answers; raises InvalidInput. Nothing is proven by it."""
        ...

    def credential(self, answer: str) -> str:
        """Return the id of the passkey that a browser's JSON names; raises InvalidInput. Nothing is proven by it."""
        ...

    def read_new(self, origin: str, answer: str, challenge: bytes) -> NewPasskey:
        """Check a new passkey; raises InvalidInput."""
        ...

    def read_use(self, origin: str, answer: str, challenge: bytes, passkey: Passkey) -> int:
        """Check the use of a passkey and return its new count; raises InvalidInput."""
        ...


class IdentityProvider(Protocol):
    """Who says who somebody is: this server itself, or a service outside. `subject` is the provider's id of a person."""

    name: str

    async def verify(self, token: str) -> Proof:
        """Return what a token proves; raises NotSignedIn for any that is not wholly good, Unavailable."""
        ...

    async def sessions(self, subject: str) -> list[OutsideSession]:
        """Return all of the person's sign-ins that are good, or can become so."""
        ...

    async def session(self, session_id: str) -> OutsideSession | None:
        """Return a sign-in while it is good, else None."""
        ...

    async def revoke(self, session_id: str) -> None:
        """End a sign-in; one that is over is fine."""
        ...

    async def delete(self, subject: str) -> bool:
        """Delete the person; False when nobody was there. Returns only once a look proves that nobody is."""
        ...


class HostedIdentity(IdentityProvider, Protocol):
    """A service outside with pages of its own. Every verb that asks it raises Unavailable while it does not answer."""

    def sign_in_url(self, back: str) -> str:
        """Return the hosted page for signing in, which leads back."""
        ...

    def sign_up_url(self, back: str) -> str:
        """Return the hosted page for signing up, which leads back."""
        ...

    def profile_url(self) -> str:
        """Return the hosted page on which a person changes password, address and second factors."""
        ...

    def handshake_url(self, back: str, development_token: str = "") -> str:
        """Return the address that knows whether this browser is signed in there, and leads back with the answer."""
        ...

    async def read_return(self, handshake: str, cookies: str) -> Proof | None:
        """Return who came back, None when the handshake is needed first; raises NotSignedIn."""
        ...

    async def profile(self, subject: str) -> Profile:
        """Return a person; raises NotFound once deleted."""
        ...

    async def rename(self, subject: str, full_name: str) -> None:
        """Set the name there."""
        ...

    async def probe(self) -> None:
        """Ask something that needs our keys; raises Unavailable, and Misconfigured where the operator has to mend them."""
        ...

    def read_event(self, headers: Mapping[str, str], body: bytes) -> IdentityEvent:
        """Return what a webhook says; raises NotSignedIn unless its signature is proven and fresh."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Limiter(Protocol):
    """Counts tries in a moving window."""

    async def hit(self, name: str, who: str, *, limit: int, window_s: int) -> None:
        """Count one try; raises RateLimited with the seconds to wait."""
        ...

    async def clear(self, name: str, who: str, *, limit: int, window_s: int) -> None:
        """Forget the tries, for example after a good sign-in."""
        ...
