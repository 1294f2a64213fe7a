"""The set of services that bootstrap opens and that routes, tasks and state are handed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from imageroute_app.domain.ports import Database, Dispatcher, MediaStore
from imageroute_app.domain.rules import Rules
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.albums import Albums
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.archives import Archives
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.provenance import Provenance
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.retention import Retention
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.shares import Shares
from imageroute_app.services.uploads import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLetter:
    """A mail that waits in the outbox, as the loopback-only page shows it."""

    id: str
    to: str
    subject: str
    text: str
    link: str
    sent_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """By which certificate this installation signs the marks in its pictures; a development one was made by itself."""

    signer: str
    is_development: bool
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What public pages say about this installation; controller fields are empty on a development machine.

    `receivers` are keys of RECEIVERS.
    """

    is_loopback: bool
    origins: Sequence[str]
    controller_name: str
    controller_address: str
    controller_email: str
    proxy_hops: int
    signature: Signature
    receivers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the outer rooms may use."""

    site: Site
    rules: Rules
    accounts: Accounts
    appeals: Appeals
    jobs: Jobs
    runner: Runner
    routing: Routing
    gallery: Gallery
    archives: Archives
    provenance: Provenance
    recipes: Recipes
    shares: Shares
    selection: Selection
    albums: Albums
    drafts: Drafts
    uploads: Uploads
    retention: Retention
    database: Database
    media: MediaStore
    dispatcher: Dispatcher
    broker: object
    needs_receiver: bool
    sweep_period: timedelta
    socket_key: bytes
    outbox: Callable[[], Awaitable[Sequence[OutboxLetter]]] | None
    start: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
