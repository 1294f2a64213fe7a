"""The tables as SQLModel classes: one for each entry of DATA_MAP, and the tables that hold nothing readable of a person.

Sealed fields are bytes, times are microseconds since 1970, lists are JSON; sealing and codec turn them into records.
Indexes follow from DATA_MAP. A change here needs a new file in migrations/versions; a test compares the two.
"""

from typing import Any, ClassVar

from pydantic import ConfigDict
from sqlalchemy import Index, MetaData, text
from sqlmodel import Field, SQLModel

from imageroute_app.domain.data_map import DATA_MAP

metadata = MetaData()


def _indexes(name: str) -> tuple[Index, ...]:
    table = DATA_MAP[name]
    alone = [Index(f"uq_{name}_{key}", key, unique=True) for key in table.keys]
    owned = [Index(f"uq_{name}_owner_{key}", "owner", key, unique=True) for key in table.unique]
    pages = [Index(f"ix_{name}_owner_{key}", "owner", key, "id") for key in table.filters]
    dates = [Index(f"ix_{name}_{date}", date) for date in table.dates]
    sums = [Index(f"ix_{name}_owner_{number}", "owner", number) for number in table.sums]
    return (Index(f"ix_{name}_owner", "owner", "id"), *alone, *owned, *pages, *dates, *sums)


class Row(SQLModel):
    """What every table of people's records has."""

    model_config = ConfigDict(defer_build=True)  # pyright: ignore[reportAssignmentType]  # rows are never validated: records are
    metadata: ClassVar[MetaData] = metadata  # pyright: ignore[reportIncompatibleVariableOverride]  # ours, apart from other SQLModel users

    id: str = Field(primary_key=True)
    owner: str
    version: int


class PersonRow(Row, table=True):
    """domain.accounts.Person."""

    __tablename__: ClassVar[Any] = "people"
    __table_args__: ClassVar[Any] = _indexes("people")
    email: bytes
    email_key: str
    full_name: bytes
    password_hash: bytes
    age_band: str
    country: str
    wants_newsletter: bool
    email_verified_at: int | None
    welcomed_at: int | None
    created_at: int
    locked_for: str
    idle_at: int | None
    idle_told: int


class SessionRow(Row, table=True):
    """domain.accounts.Session."""

    __tablename__: ClassVar[Any] = "sessions"
    __table_args__: ClassVar[Any] = _indexes("sessions")
    token_hash: str
    device: bytes
    created_at: int
    seen_at: int
    expires_at: int
    confirmed_at: int
    outside_id: bytes | None
    checked_at: int | None


class IdentityRow(Row, table=True):
    """domain.identity.Identity."""

    __tablename__: ClassVar[Any] = "identities"
    __table_args__: ClassVar[Any] = _indexes("identities")
    provider: str
    subject: bytes
    subject_key: str
    told_at: int
    created_at: int


class RevocationRow(Row, table=True):
    """domain.identity.Revocation."""

    __tablename__: ClassVar[Any] = "revocations"
    __table_args__: ClassVar[Any] = _indexes("revocations")
    session_id: bytes
    asked_at: int


class AuthenticatorRow(Row, table=True):
    """domain.factors.Authenticator."""

    __tablename__: ClassVar[Any] = "authenticators"
    __table_args__: ClassVar[Any] = _indexes("authenticators")
    secret: bytes
    codes_hash: bytes
    used_step: int
    created_at: int
    confirmed_at: int | None


class PasskeyRow(Row, table=True):
    """domain.factors.Passkey."""

    __tablename__: ClassVar[Any] = "passkeys"
    __table_args__: ClassVar[Any] = _indexes("passkeys")
    name: bytes
    credential: bytes
    credential_key: str
    public_key: bytes
    count: int
    is_synced: bool
    created_at: int
    used_at: int | None


class MailTokenRow(Row, table=True):
    """domain.accounts.MailToken."""

    __tablename__: ClassVar[Any] = "mail_tokens"
    __table_args__: ClassVar[Any] = _indexes("mail_tokens")
    token_hash: str
    purpose: str
    created_at: int
    expires_at: int


class DraftRow(Row, table=True):
    """domain.drafts.Draft."""

    __tablename__: ClassVar[Any] = "drafts"
    __table_args__: ClassVar[Any] = _indexes("drafts")
    form: bytes
    updated_at: int


class QuoteRow(Row, table=True):
    """domain.jobs.Quote."""

    __tablename__: ClassVar[Any] = "quotes"
    __table_args__: ClassVar[Any] = _indexes("quotes")
    slot: str
    request: bytes
    plan: str
    closed: str
    unit_credits: int
    price_credits: int
    follows_job: str
    retry_of: str
    job_id: str
    created_at: int
    expires_at: int


class JobRow(Row, table=True):
    """domain.jobs.Job; a partial index holds the few that are still open, of everyone."""

    __tablename__: ClassVar[Any] = "jobs"
    __table_args__: ClassVar[Any] = (
        *_indexes("jobs"),
        Index("ix_jobs_queued", "id", sqlite_where=text("state = 'queued'")),
    )
    quote_id: str
    compare_id: str
    state: str
    request: bytes
    provider: str
    model: str
    held_credits: int
    charged_credits: int
    image_ids: str
    delivered: int
    attempts: int
    lease_holder: str
    lease_until: int | None
    cancel_requested: bool
    failure_code: str
    failure_message: str
    retry_of: str
    created_at: int
    started_at: int | None
    ended_at: int | None
    drop_at: int | None


class AttemptRow(Row, table=True):
    """domain.jobs.Attempt."""

    __tablename__: ClassVar[Any] = "attempts"
    __table_args__: ClassVar[Any] = _indexes("attempts")
    job_id: str
    number: int
    provider: str
    model: str
    company: str
    country: str
    region: str
    retention: str
    trains: str
    review: str
    source: str
    checked_on: str
    rule: str
    asked: int
    outcome: str
    code: str
    billed: str
    job_ref: bytes
    notes: bytes
    charged_credits: int
    list_micro_usd: int
    cost_micro_usd: int | None
    started_at: int
    ended_at: int | None


class CaseRow(Row, table=True):
    """domain.cases.Case."""

    __tablename__: ClassVar[Any] = "cases"
    __table_args__: ClassVar[Any] = _indexes("cases")
    job_id: str
    state: str
    text: bytes
    answer: bytes
    created_at: int
    answered_at: int | None
    kind: str
    reference: str
    code_hash: str
    proof_hash: str
    subject: str
    country: str
    law: str
    contact: bytes | None
    agent: bytes | None
    facts: bytes | None
    outcome: str
    due_at: int | None
    alarm_at: int | None
    acknowledged_at: int | None
    confirmed_at: int | None
    extended_at: int | None
    escalated_at: int | None
    purge_at: int | None


class CaseMessageRow(Row, table=True):
    """domain.cases.CaseMessage."""

    __tablename__: ClassVar[Any] = "case_messages"
    __table_args__: ClassVar[Any] = _indexes("case_messages")
    case_id: str
    author: str
    text: bytes
    created_at: int
    file_name: bytes
    mime: str
    size_bytes: int


class StaffAccessRow(Row, table=True):
    """domain.cases.StaffAccess."""

    __tablename__: ClassVar[Any] = "staff_access"
    __table_args__: ClassVar[Any] = _indexes("staff_access")
    case_id: str
    operator: str
    reason: bytes
    looked_at: int


class TallyRow(Row, table=True):
    """domain.cases.Tally."""

    __tablename__: ClassVar[Any] = "tallies"
    __table_args__: ClassVar[Any] = _indexes("tallies")
    slot: str
    count: int


class PreferenceRow(Row, table=True):
    """domain.jobs.Preference."""

    __tablename__: ClassVar[Any] = "preferences"
    __table_args__: ClassVar[Any] = _indexes("preferences")
    rule: str
    settings_in_files: bool


class EntryRow(Row, table=True):
    """domain.ledger.Entry."""

    __tablename__: ClassVar[Any] = "ledger"
    __table_args__: ClassVar[Any] = _indexes("ledger")
    kind: str
    amount: int
    balance_after: int
    job_id: str
    reason: str
    dedupe_key: str
    created_at: int


class WalletRow(Row, table=True):
    """domain.ledger.Wallet."""

    __tablename__: ClassVar[Any] = "wallets"
    __table_args__: ClassVar[Any] = _indexes("wallets")
    available: int


class ImageRow(Row, table=True):
    """domain.gallery.Image."""

    __tablename__: ClassVar[Any] = "images"
    __table_args__: ClassVar[Any] = _indexes("images")
    job_id: str
    position: int
    prompt: bytes
    negative: bytes
    provider: str
    model: str
    style: str
    width: int
    height: int
    seed: int
    mime: str
    size_bytes: int
    sha256: str
    colour: str
    price_credits: int
    took_ms: int
    source_type: str
    source_id: str
    favourite: bool
    trashed: bool
    trashed_at: int | None
    purge_at: int | None
    created_at: int
    crc32: int
    albums: str
    tags: bytes | None


class AlbumRow(Row, table=True):
    """domain.gallery.Album."""

    __tablename__: ClassVar[Any] = "albums"
    __table_args__: ClassVar[Any] = _indexes("albums")
    name: bytes
    cover_id: str
    created_at: int


class UploadRow(Row, table=True):
    """domain.uploads.Upload."""

    __tablename__: ClassVar[Any] = "uploads"
    __table_args__: ClassVar[Any] = _indexes("uploads")
    kind: str
    name: bytes
    mime: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    colour: str
    uploaded_at: int
    expires_at: int
    notice_at: int | None
    going_since: int | None
    failures: int


class ShareRow(Row, table=True):
    """domain.sharing.Share."""

    __tablename__: ClassVar[Any] = "shares"
    __table_args__: ClassVar[Any] = _indexes("shares")
    image_id: str
    token: bytes
    token_hash: str
    password_hash: bytes
    with_metadata: bool
    created_at: int
    expires_at: int


class ArchiveRow(Row, table=True):
    """domain.sharing.Archive."""

    __tablename__: ClassVar[Any] = "archives"
    __table_args__: ClassVar[Any] = _indexes("archives")
    state: str
    title: bytes
    encoding: str
    edge_px: int
    with_settings: bool
    image_ids: str
    done: int
    size_bytes: int
    gaps: bytes
    created_at: int
    expires_at: int


class NoticeRow(Row, table=True):
    """domain.notices.Notice."""

    __tablename__: ClassVar[Any] = "notices"
    __table_args__: ClassVar[Any] = _indexes("notices")
    topic: str
    text: bytes
    path: str
    created_at: int
    seen_at: int | None
    subject: bytes | None
    mail_due_at: int | None
    is_banner: bool


class ActivityRow(Row, table=True):
    """domain.activity.Activity."""

    __tablename__: ClassVar[Any] = "activity"
    __table_args__: ClassVar[Any] = _indexes("activity")
    kind: str
    at: int
    address: bytes
    device: bytes
    detail: str
    cut_at: int | None
    drop_at: int


class DisclosureRow(Row, table=True):
    """domain.disclosures.Disclosure."""

    __tablename__: ClassVar[Any] = "disclosures"
    __table_args__: ClassVar[Any] = _indexes("disclosures")
    receiver: str
    company: str
    country: str
    retention: str
    what: bytes
    count: int
    slot: str
    at: int
    ends_at: int | None


class SubscriptionRow(Row, table=True):
    """domain.newsletter.Subscription."""

    __tablename__: ClassVar[Any] = "newsletter_subscriptions"
    __table_args__: ClassVar[Any] = _indexes("newsletter_subscriptions")
    email: bytes
    email_key: str
    state: str
    asked_at: int
    confirmed_at: int | None
    drop_at: int | None
    issues: str


class ChoiceRow(Row, table=True):
    """domain.choices.Choice."""

    __tablename__: ClassVar[Any] = "choices"
    __table_args__: ClassVar[Any] = _indexes("choices")
    number: int
    event: str
    purpose: str
    image_id: str
    image_sha256: str
    words: str
    words_sha256: str
    policy_version: str
    ui_build: str
    locale: str
    method: str
    session_kind: str
    created_at: int
    expires_at: int | None
    cooled_at: int | None
    previous: str
    digest: str


class ExportRow(Row, table=True):
    """domain.exports.Export."""

    __tablename__: ClassVar[Any] = "exports"
    __table_args__: ClassVar[Any] = _indexes("exports")
    state: str
    slot: str
    categories: str
    part_limit_bytes: int
    since: int | None
    resumes_in: str
    cursor: str
    part: int
    part_bytes: int
    part_count: int
    pieces: int
    pictures: int
    pictures_done: int
    picture_bytes: int
    bytes_done: int
    gaps: bytes
    parts: str
    tries: int
    failure: str
    lease_holder: str
    lease_until: int | None
    created_at: int
    snapshot_at: int | None
    ready_at: int | None
    expires_at: int | None


class ExportPieceRow(Row, table=True):
    """domain.exports.ExportPiece."""

    __tablename__: ClassVar[Any] = "export_pieces"
    __table_args__: ClassVar[Any] = _indexes("export_pieces")
    export_id: str
    kind: str
    part: int
    text: bytes
    created_at: int


class ExportGrantRow(Row, table=True):
    """domain.exports.ExportGrant."""

    __tablename__: ClassVar[Any] = "export_grants"
    __table_args__: ClassVar[Any] = _indexes("export_grants")
    export_id: str
    part: int
    session_id: str
    etag: str
    created_at: int
    expires_at: int


class AcknowledgementRow(Row, table=True):
    """domain.policies.Acknowledgement."""

    __tablename__: ClassVar[Any] = "acknowledgements"
    __table_args__: ClassVar[Any] = _indexes("acknowledgements")
    kind: str
    edition: str
    sha256: str
    shown: str
    at: int
    told_at: int | None


class AnnouncementRow(Row, table=True):
    """domain.policies.Announcement."""

    __tablename__: ClassVar[Any] = "announcements"
    __table_args__: ClassVar[Any] = _indexes("announcements")
    edition: str
    announced_at: int


class MeasureRow(Row, table=True):
    """domain.measures.Measure."""

    __tablename__: ClassVar[Any] = "measures"
    __table_args__: ClassVar[Any] = _indexes("measures")
    metric: str
    state: str
    value: str
    note: str
    taken_at: int


class UsageCountRow(Row, table=True):
    """domain.statistics.UsageCount."""

    __tablename__: ClassVar[Any] = "usage_counts"
    __table_args__: ClassVar[Any] = _indexes("usage_counts")
    cell: str
    visitor: str
    feature: str
    count: int
    rolls_at: int


class UsageTotalRow(Row, table=True):
    """domain.statistics.UsageTotal."""

    __tablename__: ClassVar[Any] = "usage_totals"
    __table_args__: ClassVar[Any] = _indexes("usage_totals")
    cell: str
    day: str
    feature: str
    people: int
    count: int
    drops_at: int


class DatasetEntryRow(Row, table=True):
    """domain.training.DatasetEntry."""

    __tablename__: ClassVar[Any] = "dataset_entries"
    __table_args__: ClassVar[Any] = _indexes("dataset_entries")
    build_id: str
    image_id: str
    image_sha256: str
    choice_id: str
    built_at: int


class DatasetBuildRow(Row, table=True):
    """domain.training.DatasetBuild."""

    __tablename__: ClassVar[Any] = "dataset_builds"
    __table_args__: ClassVar[Any] = _indexes("dataset_builds")
    images: int
    totals: str
    built_at: int


class ImageTokenRow(SQLModel, table=True):
    """Keyed words of one image's prompt, clustered so that one word's images lie side by side in the order of pages."""

    model_config = ConfigDict(defer_build=True)  # pyright: ignore[reportAssignmentType]  # rows are never validated: records are
    metadata: ClassVar[MetaData] = metadata  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
    __tablename__: ClassVar[Any] = "image_tokens"
    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    owner: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    id: str = Field(primary_key=True)


class LeaseRow(SQLModel, table=True):
    """Which worker does a periodic task."""

    model_config = ConfigDict(defer_build=True)  # pyright: ignore[reportAssignmentType]  # rows are never validated: records are
    metadata: ClassVar[MetaData] = metadata  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
    __tablename__: ClassVar[Any] = "leases"
    name: str = Field(primary_key=True)
    holder: str
    until: int


class ErasureRow(Row, table=True):
    """domain.erasures.Erasure."""

    __tablename__: ClassVar[Any] = "erasures"
    __table_args__: ClassVar[Any] = _indexes("erasures")
    code: str
    subject: str
    phase: str
    asked_at: int
    grace_until: int
    due_at: int | None
    remind_at: int | None
    ended_at: int | None
    reason: str


class ErasureStepRow(Row, table=True):
    """domain.erasures.ErasureStep."""

    __tablename__: ClassVar[Any] = "erasure_steps"
    __table_args__: ClassVar[Any] = _indexes("erasure_steps")
    place: int
    system: str
    label: str
    state: str
    detail: str
    proof: str
    count: int
    tries: int
    at: int | None
    next_at: int | None
    until: int | None


class FarewellRow(Row, table=True):
    """domain.erasures.Farewell."""

    __tablename__: ClassVar[Any] = "farewells"
    __table_args__: ClassVar[Any] = _indexes("farewells")
    erasure_id: str
    address: bytes
    identity: bytes | None
    created_at: int


class WaitingMailRow(Row, table=True):
    """domain.mails.WaitingMail."""

    __tablename__: ClassVar[Any] = "waiting_mails"
    __table_args__: ClassVar[Any] = _indexes("waiting_mails")
    address: bytes
    subject: bytes
    text: bytes
    link: bytes
    headers: bytes
    is_asked: bool
    tries: int
    next_at: int
    drop_at: int
    created_at: int


class QuietAddressRow(Row, table=True):
    """domain.mails.QuietAddress."""

    __tablename__: ClassVar[Any] = "quiet_addresses"
    __table_args__: ClassVar[Any] = _indexes("quiet_addresses")
    address_key: str
    status: str
    drop_at: int
    created_at: int


class HeardWebhookRow(Row, table=True):
    """domain.webhooks.HeardWebhook."""

    __tablename__: ClassVar[Any] = "heard_webhooks"
    __table_args__: ClassVar[Any] = _indexes("heard_webhooks")
    number_hash: str
    drop_at: int


class OrderRow(Row, table=True):
    """domain.payments.Order."""

    __tablename__: ClassVar[Any] = "orders"
    __table_args__: ClassVar[Any] = _indexes("orders")
    number: str
    seller: str
    pack: str
    product_id: str
    credits: int
    price_minor: int
    currency: str
    state: str
    session_id: str
    url: bytes
    created_at: int
    expires_at: int
    check_at: int | None
    checks: int


class PaymentRow(Row, table=True):
    """domain.payments.Payment."""

    __tablename__: ClassVar[Any] = "payments"
    __table_args__: ClassVar[Any] = _indexes("payments")
    order_id: str
    payment_id: str
    state: str
    total_minor: int
    tax_minor: int
    currency: str
    credits: int
    customer_id: str
    invoice_id: str
    facts: str
    paid_at: int
    created_at: int
    check_at: int | None
    granted: int
    taken: int
    spent: int
    moves: int


class SpendGuardRow(Row, table=True):
    """domain.spending.SpendGuard."""

    __tablename__: ClassVar[Any] = "spend_guards"
    __table_args__: ClassVar[Any] = _indexes("spend_guards")
    per_job: int
    per_day: int
    low_balance: int


class BookingRow(Row, table=True):
    """domain.payments.Booking."""

    __tablename__: ClassVar[Any] = "bookings"
    __table_args__: ClassVar[Any] = _indexes("bookings")
    payment_id: str
    number: str
    seller: str
    total_minor: int
    tax_minor: int
    refunded_minor: int
    currency: str
    credits: int
    state: str
    paid_at: int
    drop_at: int
