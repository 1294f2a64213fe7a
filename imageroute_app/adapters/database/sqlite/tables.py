"""The tables as SQLModel classes: one for each entry of DATA_MAP, and the tables that hold nothing readable of a person.

Sealed fields are bytes, times are microseconds since 1970, lists are JSON; sealing and codec turn them into records.
Indexes follow from DATA_MAP. A change here needs a new file in migrations/versions; a test compares the two.
"""

from typing import Any, ClassVar

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


class SessionRow(Row, table=True):
    """domain.accounts.Session."""

    __tablename__: ClassVar[Any] = "sessions"
    __table_args__: ClassVar[Any] = _indexes("sessions")
    token_hash: str
    device: bytes
    created_at: int
    seen_at: int
    expires_at: int


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
    """domain.jobs.Case."""

    __tablename__: ClassVar[Any] = "cases"
    __table_args__: ClassVar[Any] = _indexes("cases")
    job_id: str
    state: str
    text: bytes
    answer: bytes
    created_at: int
    answered_at: int | None


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


class ImageTokenRow(SQLModel, table=True):
    """Keyed words of one image's prompt, clustered so that one word's images lie side by side in the order of pages."""

    metadata: ClassVar[MetaData] = metadata  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
    __tablename__: ClassVar[Any] = "image_tokens"
    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}
    owner: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    id: str = Field(primary_key=True)


class LeaseRow(SQLModel, table=True):
    """Which worker does a periodic task."""

    metadata: ClassVar[MetaData] = metadata  # pyright: ignore[reportIncompatibleVariableOverride]  # as above
    __tablename__: ClassVar[Any] = "leases"
    name: str = Field(primary_key=True)
    holder: str
    until: int
