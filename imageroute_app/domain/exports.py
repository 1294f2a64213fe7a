"""Exports: everything we hold about a person as files to take away, how far one is, and what could not be put in.

A package has parts; each is a ZIP that is a whole BagIt bag (RFC 8493) by itself. Texts of a package lie in pieces, sealed like
every other row; pictures are read from where they are kept, so that no second copy of them lies about.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from imageroute_app.domain.errors import Conflict
from imageroute_app.domain.file_names import slug

KEPT = timedelta(days=7)
GRANT = timedelta(hours=24)
SILENT = timedelta(minutes=2)
"""How long an export may be silent before another worker goes on with it."""
TRIES = 5
PART_SIZES = (1, 2, 5, 10)
GIGABYTE = 1_000_000_000
RUNNING_SLOT = "running"
SLUG_MAX = 40


class ExportState(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    COLLECTING = "collecting"
    PACKING = "packing"
    VERIFYING = "verifying"
    PAUSED = "paused"
    READY = "ready"
    READY_WITH_GAPS = "ready_with_gaps"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"

    @property
    def is_at_work(self) -> bool:
        """Say whether a worker has, or should have, it in hand."""
        return self in _AT_WORK

    @property
    def is_open(self) -> bool:
        """Say whether it is under way, also when it is paused or waits to be tried again: there is one such per person."""
        return self.is_at_work or self in (ExportState.PAUSED, ExportState.FAILED)

    @property
    def is_ready(self) -> bool:
        """Say whether its parts can be downloaded."""
        return self in (ExportState.READY, ExportState.READY_WITH_GAPS)


_AT_WORK = frozenset({ExportState.QUEUED, ExportState.COLLECTING, ExportState.PACKING, ExportState.VERIFYING})


class GapReason(StrEnum):
    """Why a file is not in a package."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    DELETED = "deleted_during_export"


GAP_WORDS: Mapping[GapReason, str] = {
    GapReason.MISSING: "its file is missing from our storage",
    GapReason.CORRUPT: "its file no longer matches the checksum that we noted when it was made",
    GapReason.DELETED: "it was deleted while the package was being made",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One file that is not in the package: an "image", "upload" or "attachment"; `name` is what its person would call it."""

    kind: str
    record_id: str
    reason: GapReason
    first_seen: str
    name: str

    def text(self) -> str:
        """Return the gap as it is kept."""
        return "|".join((self.kind, self.record_id, self.reason, self.first_seen, self.name))


def read_gap(text: str) -> Gap:
    """Return a kept gap."""
    kind, record_id, reason, first_seen, name = text.split("|", 4)
    return Gap(kind=kind, record_id=record_id, reason=GapReason(reason), first_seen=first_seen, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One package of a person's data.

    `categories` are values of Category, none for everything; `since` leaves out pictures that an earlier package holds.
    `resumes_in` is the state that a pause or a failure interrupted; `cursor` is the checkpoint, JSON with ids and numbers.
    `part` is the one being filled, packed or checked, from 1 on, and `part_bytes` how full it is. `parts` are
    "bytes:sha256" of the checked ones. From `lease_until` on any worker may go on with it.
    """

    id: str
    owner: str
    state: ExportState
    slot: str
    categories: tuple[str, ...]
    part_limit_bytes: int
    since: datetime | None
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
    gaps: tuple[str, ...]
    parts: tuple[str, ...]
    tries: int
    failure: str
    lease_holder: str
    lease_until: datetime | None
    created_at: datetime
    snapshot_at: datetime | None
    ready_at: datetime | None
    expires_at: datetime | None
    version: int = 0

    def needs(self, category: str) -> bool:
        """Say whether a category goes into the package."""
        return not self.categories or category in self.categories

    def part_facts(self, part: int) -> tuple[int, str]:
        """Return size in bytes and SHA-256 of a checked part, counted from 1."""
        size, _, digest = self.parts[part - 1].partition(":")
        return int(size), digest

    def stem(self) -> str:
        """Return what the names of its files begin with."""
        day = self.snapshot_at or self.created_at
        return f"imageroute-export-{day:%Y-%m-%d}-{self.id[-4:]}"

    def file_name(self, part: int) -> str:
        """Return the name of a part's file."""
        return f"{self.stem()}-part-{part:02d}-of-{self.part_count:02d}.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPiece:
    """Texts of a package, or the list of files of a part (`kind`: "text", "head" or "sheet"); ids follow their order."""

    id: str
    owner: str
    export_id: str
    kind: str
    part: int
    text: str
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportGrant:
    """Leave for one session to fetch one part, so that a download that was cut off goes on without asking again."""

    id: str
    owner: str
    export_id: str
    part: int
    session_id: str
    etag: str
    created_at: datetime
    expires_at: datetime
    version: int = 0


def paused(export: Export) -> Export:
    """Return the export as its person stops it for now; raises Conflict when there is nothing to stop."""
    if not export.state.is_at_work:
        raise Conflict("This export is not being made at present.")
    return replace(export, state=ExportState.PAUSED, resumes_in=export.state.value, lease_holder="", lease_until=None)


def resumed(export: Export, now: datetime) -> Export:
    """Return a paused or failed export as it goes on where it stopped; raises Conflict for any other."""
    if export.state not in (ExportState.PAUSED, ExportState.FAILED):
        raise Conflict("This export goes on already, or is over.")
    state = ExportState(export.resumes_in or ExportState.QUEUED)
    return replace(export, state=state, resumes_in="", tries=0, failure="", lease_holder="", lease_until=now)


def ended(export: Export, state: ExportState) -> Export:
    """Return the export as a line of the history: nobody works on it, its place is free, nothing of it expires any more."""
    return replace(
        export,
        state=state,
        slot=export.id,
        lease_holder="",
        lease_until=None,
        expires_at=None,
        cursor="",
        resumes_in="",
    )


def piece_id(export_id: str, place: int) -> str:
    """Return the id of a piece; pieces sort by their place."""
    return f"{export_id}-{place:08d}"


def ascii_slug(text: str) -> str:
    """Return a part of a file name in ASCII letters and digits, at most 40: no text of a person leads out of a folder."""
    plain = unicodedata.normalize("NFKD", slug(text)).encode("ascii", "ignore").decode()
    kept = "-".join("".join(ch if ch.isalnum() else " " for ch in plain).split())
    return kept[:SLUG_MAX].strip("-") or "picture"
