"""Packing: a part gets its page, its manifest and its BagIt tag files, written from the lists of its files."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from html import escape
from typing import Any

from imageroute_app.domain.exports import GAP_WORDS, Export, Gap, read_gap
from imageroute_app.domain.ports import Tables
from imageroute_app.services.export_bag import BagFile, Draft, Pieces, drop_pieces
from imageroute_app.services.export_pages import file_line, is_picture, page_texts, picture_line
from imageroute_app.services.export_report import COMPLAINT, Report
from imageroute_app.services.export_tables import plain

HTML, PLAIN = "text/html; charset=utf-8", "text/plain; charset=utf-8"
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
SCHEMA = 1
LINES = 200
HIDDEN = frozenset({"key", "spans", "crc32", "title"})
"""Fields of a file that only we need."""


async def pack_part(export: Export, now: datetime, report: Report, tables: Tables) -> tuple[Export, Draft]:
    """Write the head of the part in hand; returns the export as it then stands, with what is to be stored."""
    await drop_pieces(tables, export, kind="head", part=export.part)
    payload = [file async for file in Pieces(tables, export).files(export.part)]
    draft = Draft(export, now)
    top = [
        draft.file("data/index.html", _index(export, payload), media_type=HTML),
        draft.file("data/README.txt", [_readme(export, report)], media_type=PLAIN),
    ]
    manifest = draft.file("data/manifest.json", _manifest(export, [*top, *payload]), media_type="application/json")
    payload = [*top, manifest, *payload]
    tags = [
        draft.file("bagit.txt", [BAGIT], media_type=PLAIN),
        draft.file("bag-info.txt", [_info(export, payload)], media_type=PLAIN),
        draft.file("manifest-sha256.txt", _in_stretches(_digest(file) for file in payload), media_type=PLAIN),
    ]
    tags.append(draft.file("tagmanifest-sha256.txt", [_digest(file) for file in tags], media_type=PLAIN))
    draft.sheet([*tags, *top, manifest], export.part, kind="head")
    draft.records()
    return replace(export, pieces=draft.pieces), draft


def _digest(file: BagFile) -> str:
    return f"{file.sha256}  {file.path}\n"


def _in_stretches(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines a few hundred at a time."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) >= LINES:
            yield "".join(held)
            held.clear()
    yield "".join(held)


def _info(export: Export, payload: Sequence[BagFile]) -> str:
    size = sum(file.size_bytes for file in payload)
    day = export.snapshot_at or export.created_at
    return (
        f"Bagging-Date: {day:%Y-%m-%d}\nExternal-Identifier: {export.id}\nBag-Group-Identifier: {export.stem()}\n"
        f"Bag-Count: {export.part} of {export.part_count}\nPayload-Oxum: {size}.{len(payload)}\n"
        "Bag-Software-Agent: ImageRoute\nExternal-Description: Everything that ImageRoute holds about one person\n"
    )


def _manifest(export: Export, files: Sequence[BagFile]) -> Iterator[str]:
    head: dict[str, Any] = {
        "kind": "imageroute-export",
        "schema_version": SCHEMA,
        "request": export.id,
        "snapshot_at": plain(export.snapshot_at),
        "categories": list(export.categories) or "all",
        "pictures_since": plain(export.since),
        "part": export.part,
        "parts": [export.file_name(part) for part in range(1, export.part_count + 1)],
        "missing": [_missing(read_gap(text)) for text in export.gaps],
        "excluded": _excluded(export),
        "verify": "sha256sum -c manifest-sha256.txt",
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "files": [\n'
    for first in range(0, len(files), LINES):
        some = ",\n".join(json.dumps(_facts(file), ensure_ascii=False) for file in files[first : first + LINES])
        yield some + (",\n" if first + LINES < len(files) else "\n")
    yield "]}\n"


def _facts(file: BagFile) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(file).items() if name not in HIDDEN}
    return {"path": facts.pop("path"), "bytes": facts.pop("size_bytes"), **facts}


def _missing(gap: Gap) -> dict[str, str]:
    return {
        "record_id": gap.record_id,
        "kind": gap.kind,
        "name": gap.name,
        "reason": gap.reason.value,
        "meaning": GAP_WORDS[gap.reason],
        "first_seen": gap.first_seen,
    }


def _excluded(export: Export) -> list[dict[str, str]]:
    found = [{"what": "see data/report/not-included.md in part 1", "reason": "every field that is withheld, with why"}]
    if export.categories:
        found.append({"what": "other categories", "reason": "you asked for these only"})
    if export.since:
        found.append({"what": f"pictures of before {plain(export.since)}", "reason": "an earlier package holds them"})
    return found


def _index(export: Export, payload: Sequence[BagFile]) -> Iterator[str]:
    def body() -> Iterator[str]:
        day = export.snapshot_at or export.created_at
        yield (
            f"<p>Part {export.part} of {export.part_count}, as it stood on {day.day} {day:%B %Y} at {day:%H:%M} UTC."
            " This page needs no connection.</p>"
        )
        yield _gaps(export)
        yield "<h2>Pictures</h2><ul class=p>"
        yield from _in_stretches(picture_line(file) for file in payload if is_picture(file))
        yield "</ul><h2>Records</h2><ul>"
        yield from _in_stretches(file_line(file) for file in payload if not (is_picture(file) or file.record_id))
        yield "</ul><p>How to check that nothing was changed: README.txt.</p>"

    return page_texts("Your data at ImageRoute", body())


def _gaps(export: Export) -> str:
    gaps = [read_gap(text) for text in export.gaps]
    if not gaps:
        return "<p>Nothing is missing.</p>"
    lines = "".join(f"<li>{escape(gap.name or gap.record_id)}: {GAP_WORDS[gap.reason]}</li>" for gap in gaps)
    return f"<h2>Not in this package</h2><p>{len(gaps)} could not be put in:</p><ul>{lines}</ul>"


def _readme(export: Export, report: Report) -> str:
    gaps = len(export.gaps)
    missing = "Nothing is missing." if not gaps else f"{gaps} files could not be put in; manifest.json names each."
    return f"""YOUR DATA AT IMAGEROUTE

This is part {export.part} of {export.part_count}. Every part is complete by itself: it can be opened and checked alone.
{missing}

WHAT IS HERE
  index.html      a page to read, without a connection
  manifest.json   every file with its size and checksum, and what is missing and why
  report/         what we do with your data, for how long, on what ground; every field explained (part 1)
  gallery/        your pictures exactly as they are kept, each with a file of its words and settings beside it
  uploads/        pictures that you brought along and that are still here
  the rest        one JSON and one CSV file for every kind of record. CSV is for spreadsheets: a text that they would
                  compute begins with an apostrophe there. JSON holds the values as they are.

HOW TO CHECK IT
  In the folder of the bag:  sha256sum -c manifest-sha256.txt
  Or with any BagIt tool:    bagit.py --validate .
  The signed marks in the pictures (Content Credentials) are untouched; any C2PA tool reads them.

WHO TO ASK
  Responsible: {report.controller}
  {COMPLAINT}

We delete our copy of this package 7 days after it was ready, or when you press "Delete file now".
"""
