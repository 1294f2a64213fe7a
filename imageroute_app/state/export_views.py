"""How packages are shown: what is under way, truthfully, and a line for each that was made."""

import dataclasses
from datetime import datetime, timedelta

from imageroute_app.domain.exports import GAP_WORDS, SILENT, Export, ExportState, read_gap
from imageroute_app.state import text

QUIET = timedelta(seconds=45)
"""How long a worker may be silent before the page says so."""
GAPS_SHOWN = 20
STOPS = ("Snapshot", "Collecting", "Packing", "Checking", "Ready")
PLACES = {ExportState.QUEUED: 0, ExportState.COLLECTING: 1, ExportState.PACKING: 2, ExportState.VERIFYING: 3}


@dataclasses.dataclass
class StopView:
    """One stop of the route; `look` is its class."""

    name: str = ""
    sub: str = ""
    look: str = ""
    is_here: bool = False


@dataclasses.dataclass
class PartView:
    """One file to download."""

    label: str = ""
    size: str = ""
    sha256: str = ""
    action: str = ""


@dataclasses.dataclass
class ExportView:
    """One line of the history."""

    id: str = ""
    made_at: str = ""
    what: str = ""
    standing: str = ""
    is_ready: bool = False
    has_gaps: bool = False
    gaps: list[str] = dataclasses.field(default_factory=list)
    expires_at: str = ""
    parts: list[PartView] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class CurrentView:
    """The package in hand."""

    id: str = ""
    headline: str = ""
    facts: str = ""
    problem: str = ""
    can_pause: bool = False
    can_resume: bool = False
    resume_label: str = ""
    percent: int = 0
    stops: list[StopView] = dataclasses.field(default_factory=list)


def current_view(export: Export, now: datetime) -> CurrentView:
    """Return how the package in hand stands."""
    state = ExportState(export.resumes_in or ExportState.QUEUED) if not export.state.is_at_work else export.state
    is_stopped = export.state in (ExportState.PAUSED, ExportState.FAILED)
    total = max(export.picture_bytes, 1)
    return CurrentView(
        id=export.id,
        headline=_headline(export),
        facts=_facts(export, state, now),
        problem=export.failure if export.state is ExportState.FAILED else _silence(export, now),
        can_pause=export.state.is_at_work,
        can_resume=is_stopped,
        resume_label="Try again" if export.state is ExportState.FAILED else "Resume",
        percent=100 if PLACES[state] > 1 else min(100, export.bytes_done * 100 // total) if PLACES[state] else 0,
        stops=_stops(export, state),
    )


def _headline(export: Export) -> str:
    pictures = f"{export.pictures_done:,} of {text.count(export.pictures, 'picture')} copied"
    parts = f"part {export.part} of {export.part_count}"
    return {
        ExportState.QUEUED: "Waiting for its turn",
        ExportState.COLLECTING: pictures,
        ExportState.PACKING: f"Packing {parts}",
        ExportState.VERIFYING: f"Reading {parts} again and comparing every checksum",
        ExportState.PAUSED: f"Paused, {pictures}",
        ExportState.FAILED: "This export stopped",
    }[export.state]


def _facts(export: Export, state: ExportState, now: datetime) -> str:
    if state is not ExportState.COLLECTING:
        return ""
    copied = f"{text.size(export.bytes_done)} of about {text.size(export.picture_bytes)}" if export.pictures else ""
    left = _minutes_left(export, now) if export.state.is_at_work else ""
    return " · ".join(part for part in (copied, left) if part)


def _minutes_left(export: Export, now: datetime) -> str:
    if export.snapshot_at is None or not export.bytes_done:
        return ""
    spent = now - export.snapshot_at
    left = spent * (export.picture_bytes - export.bytes_done) / export.bytes_done
    minutes = round(left.total_seconds() / 60)
    return f"about {text.count(minutes, 'minute')} left" if minutes else "less than a minute left"


def _silence(export: Export, now: datetime) -> str:
    """Return what is true of a worker that does not answer: since when, and when another one goes on."""
    if export.failure:
        return f"It was interrupted and is tried again: {export.failure}"
    if not export.lease_holder or export.lease_until is None:
        return ""
    heard = export.lease_until - SILENT
    if now - heard < QUIET:
        return ""
    return (
        f"The worker has not answered since {heard:%H:%M} UTC. Another one goes on from the last step by"
        f" {export.lease_until:%H:%M} UTC; nothing is lost."
    )


def _stops(export: Export, state: ExportState) -> list[StopView]:
    place, gaps = PLACES[state], len(export.gaps)
    parts = text.count(export.part_count or max(export.part, 1), "part")
    share = export.bytes_done * 100 // max(export.picture_bytes, 1)
    subs = (
        f"Fixed at {export.snapshot_at:%H:%M} UTC" if export.snapshot_at else "Fixes the moment",
        f"{min(share, 100)} %, {gaps} missing" if place == 1 else "Every record and picture",
        parts if place >= 1 else "Files with checksums",
        f"{len(export.parts)} of {parts}" if place == 3 else "Every file read again",
        "Kept 7 days",
    )
    here = {ExportState.PAUSED: "stuck", ExportState.FAILED: "fail"}.get(export.state, "now")
    looks = ["you" if number == 0 else "" for number in range(len(STOPS))]
    looks[place] = f"{looks[place]} {here} toahead"
    for number in range(place + 1, len(STOPS)):
        looks[number] = "ahead toahead" if number < len(STOPS) - 1 else "home ahead"
    return [
        StopView(name, sub, look.strip(), number == place)
        for number, (name, sub, look) in enumerate(zip(STOPS, subs, looks, strict=True))
    ]


ENDED = {
    ExportState.READY: "Ready: everything is in it",
    ExportState.EXPIRED: "Its 7 days are over; the files are deleted",
    ExportState.DELETED: "You deleted the files",
    ExportState.CANCELLED: "You cancelled it",
}


def export_view(export: Export) -> ExportView:
    """Return one line of the history."""
    gaps = [read_gap(line) for line in export.gaps]
    named = [f"{gap.name or gap.record_id}: {GAP_WORDS[gap.reason]}" for gap in gaps[:GAPS_SHOWN]]
    if len(gaps) > GAPS_SHOWN:
        named.append(f"and {len(gaps) - GAPS_SHOWN} more, all named in manifest.json")
    missing = f"Ready with gaps: {text.count(len(gaps), 'file')} could not be put in"
    return ExportView(
        id=export.id,
        made_at=text.iso(export.created_at),
        what=_what(export),
        standing=ENDED.get(export.state, missing),
        is_ready=export.state.is_ready,
        has_gaps=bool(gaps),
        gaps=named,
        expires_at=text.iso(export.expires_at),
        parts=[_part(export, part) for part in range(1, len(export.parts) + 1)] if export.state.is_ready else [],
    )


def _what(export: Export) -> str:
    scope = ", ".join(export.categories) or "Everything"
    return f"{scope}, pictures that are new since the last export" if export.since else scope


def _part(export: Export, part: int) -> PartView:
    size_bytes, sha256 = export.part_facts(part)
    label = f"Part {part} of {export.part_count}"
    action = f"/privacy-center/export/{export.id}/{part}"
    return PartView(label=label, size=text.size(size_bytes), sha256=sha256, action=action)
