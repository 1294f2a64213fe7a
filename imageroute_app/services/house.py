"""The set of services that bootstrap opens and that routes, tasks and state are handed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from imageroute_app.domain.ports import Database, Dispatcher, MediaStore
from imageroute_app.domain.rules import Rules
from imageroute_app.services.accounts import Accounts
from imageroute_app.services.activity import ActivityLog
from imageroute_app.services.albums import Albums
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.archives import Archives
from imageroute_app.services.arrivals import Arrivals
from imageroute_app.services.banners import Banners
from imageroute_app.services.billing import Billing
from imageroute_app.services.bounces import Bounces
from imageroute_app.services.case_office import Office
from imageroute_app.services.checks import Checks
from imageroute_app.services.choices import Choices
from imageroute_app.services.disclosures import Disclosures
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.erasure import Erasures
from imageroute_app.services.erasure_companies import CompanyAnswers
from imageroute_app.services.erasure_steps import Outside
from imageroute_app.services.export_worker import ExportWorker
from imageroute_app.services.exports import Exports
from imageroute_app.services.gallery import Gallery
from imageroute_app.services.gate import Gate
from imageroute_app.services.holdings import Holdings
from imageroute_app.services.hosted import Hosted
from imageroute_app.services.jobs import Jobs
from imageroute_app.services.mails import MailQueue
from imageroute_app.services.new_address import NewAddress
from imageroute_app.services.newsletter import Newsletter
from imageroute_app.services.newsletter_choice import NewsletterChoice
from imageroute_app.services.notices import Notices
from imageroute_app.services.part_erasures import PartErasures
from imageroute_app.services.passkeys import Passkeys
from imageroute_app.services.policies import Policies
from imageroute_app.services.presence import Presence
from imageroute_app.services.provenance import Provenance
from imageroute_app.services.recipes import Recipes
from imageroute_app.services.retention import Retention
from imageroute_app.services.routing import Routing
from imageroute_app.services.runner import Runner
from imageroute_app.services.selection import Selection
from imageroute_app.services.shares import Shares
from imageroute_app.services.spending import Spending
from imageroute_app.services.statistics import Statistics
from imageroute_app.services.training import Training
from imageroute_app.services.two_steps import TwoSteps
from imageroute_app.services.uploads import Uploads


class Signs(Protocol):
    """Signs receipts, so that anyone can check whose they are (adapters/receipts)."""

    public_key: str

    def sign(self, data: bytes) -> str:
        """Return the signature over these bytes, in base64."""
        ...


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
    controller_dpo: str = ""
    controller_representative: str = ""

    @property
    def data_contact(self) -> str:
        """Where questions of data protection go: the officer where one is named, else the controller."""
        return self.controller_dpo or self.controller_email


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the outer rooms may use."""

    site: Site
    rules: Rules
    accounts: Accounts
    presence: Presence
    two_steps: TwoSteps
    new_address: NewAddress
    hosted: Hosted | None
    passkeys: Passkeys
    gate: Gate
    choices: Choices
    notices: Notices
    banners: Banners
    activity: ActivityLog
    policies: Policies
    arrivals: Arrivals
    erasures: Erasures
    part_erasures: PartErasures
    company_answers: CompanyAnswers
    outside: Outside
    statistics: Statistics
    training: Training
    disclosures: Disclosures
    mails: MailQueue
    bounces: Bounces
    newsletter: Newsletter
    newsletter_choice: NewsletterChoice
    holdings: Holdings
    appeals: Appeals
    billing: Billing
    spending: Spending
    office: Office
    jobs: Jobs
    runner: Runner
    routing: Routing
    gallery: Gallery
    archives: Archives
    exports: Exports
    export_worker: ExportWorker
    provenance: Provenance
    recipes: Recipes
    shares: Shares
    selection: Selection
    albums: Albums
    drafts: Drafts
    uploads: Uploads
    retention: Retention
    checks: Checks
    database: Database
    media: MediaStore
    dispatcher: Dispatcher
    broker: object
    runs_jobs: bool
    needs_receiver: bool
    sweep_period: timedelta
    socket_key: bytes
    receipts: Signs
    outbox: Callable[[], Awaitable[Sequence[OutboxLetter]]] | None
    start: Callable[[], Awaitable[None]]
    warm: Callable[[], Awaitable[None]]
    workers_are_warm: Callable[[], bool]
    close: Callable[[], Awaitable[None]]
