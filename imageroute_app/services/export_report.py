"""The report of a package: for every category the facts of GDPR Art. 15(1)(a) to (h) and 15(2), written from DATA_MAP.

Nothing in it is written by hand for one table: a new table brings its purpose, basis, period and fields along.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from imageroute_app.domain.consent_receipts import Controller
from imageroute_app.domain.data_map import (
    COOKIES,
    DATA_MAP,
    FILES,
    LOGS,
    MEDIA_PREFIXES,
    RECEIVERS,
    STORAGE_KEYS,
    SYSTEM_TABLES,
    Category,
    Item,
    Recipient,
)
from imageroute_app.domain.data_map.dictionary import describe, withheld
from imageroute_app.domain.exports import Export
from imageroute_app.domain.ports import Query, Tables
from imageroute_app.services.export_bag import BagFile, Draft
from imageroute_app.services.export_pages import page, table
from imageroute_app.services.export_tables import folder, plain

FOLDER = "data/report"
RIGHTS = (
    "You may have wrong data corrected (Art. 16), have data erased (Art. 17), have its use restricted (Art. 18), take it"
    " elsewhere (Art. 20), object to its use (Art. 21), and withdraw a consent as easily as you gave it (Art. 7(3))."
    " The privacy center has a control for each."
)
COMPLAINT = (
    "You may complain to a data protection authority, for example where you live. A list for the EU and EEA is at"
    " https://www.edpb.europa.eu/about-edpb/about-edpb/members_en, the authority of the United Kingdom at https://ico.org.uk."
)
AUTOMATED = (
    "No decision with legal or similar effect is made by a machine alone, and no profile is made. A fixed list of rules checks"
    " each prompt before it is sent; a person looks at every objection to what it refuses."
)
TRANSFERS = (
    "A company outside the EEA gets data only as listed here; its country and what it promises stand beside its name."
)
ATTEMPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Who runs this installation, and the companies that it always uses (keys of RECEIVERS)."""

    controller_name: str
    controller_address: str
    controller_email: str
    receivers: Sequence[str]
    data_contact: str = ""
    """Where questions of data protection go, if that is not the controller's own address."""

    origin: str = ""
    """Where this installation is reached."""

    @property
    def party(self) -> Controller:
        """Return the same as receipts name it."""
        contact = self.data_contact or self.controller_email
        return Controller(
            name=self.controller_name, address=self.controller_address, contact=contact, origin=self.origin
        )

    @property
    def controller(self) -> str:
        """Return who is responsible, in a line."""
        given = [self.controller_name, self.controller_address, self.controller_email]
        if self.data_contact and self.data_contact != self.controller_email:
            given.append(f"data protection: {self.data_contact}")
        return ", ".join(part for part in given if part) or "Development installation: nobody is named yet"


async def report_files(export: Export, draft: Draft, report: Report, tables: Tables) -> list[BagFile]:
    """Write the files of the report."""
    content = await _content(export, report, tables)
    as_json = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    words = {name: describe(name) for name in DATA_MAP}
    html, markdown = "text/html; charset=utf-8", "text/markdown; charset=utf-8"
    return [
        draft.file(f"{FOLDER}/your-data-report.html", [_html(content)], media_type=html),
        draft.file(f"{FOLDER}/your-data-report.json", [as_json], media_type="application/json"),
        draft.file(f"{FOLDER}/not-included.md", [_not_included(export)], media_type=markdown),
        draft.file(
            f"{FOLDER}/dictionary.json",
            [json.dumps(words, ensure_ascii=False, indent=1) + "\n"],
            media_type="application/json",
        ),
    ]


async def _content(export: Export, report: Report, tables: Tables) -> dict[str, Any]:
    receivers = await _receivers(export.owner, report, tables)
    categories = dict.fromkeys(table.category for table in DATA_MAP.values())
    return {
        "schema_version": 1,
        "request": export.id,
        "snapshot_at": plain(export.snapshot_at),
        "controller": report.controller,
        "rights": RIGHTS,
        "complaint": COMPLAINT,
        "automated_decisions": AUTOMATED,
        "transfers": TRANSFERS,
        "categories": [await _category(export, category, receivers, tables) for category in categories],
        "on_your_device": _texts({**COOKIES, **STORAGE_KEYS}),
        "files": _texts({**MEDIA_PREFIXES, **FILES, **LOGS}),
        "system": _texts(SYSTEM_TABLES),
    }


def _texts(items: Mapping[str, Item]) -> dict[str, str]:
    return {name: item.text for name, item in items.items()}


async def _category(export: Export, category: str, receivers: Sequence[str], tables: Tables) -> dict[str, Any]:
    mine = {name: entry for name, entry in DATA_MAP.items() if entry.category == category}
    return {
        "category": str(category),
        "folder": folder(category),
        "records": {name: await _count(name, export.owner, tables) for name in mine},
        "a_purposes": {name: f"{entry.purpose}; {entry.basis}" for name, entry in mine.items()},
        "b_data": {name: list(entry.fields) for name, entry in mine.items()},
        "c_recipients": receivers if any(Recipient.MODEL in entry.recipients for entry in mine.values()) else [],
        "c_recipients_by_kind": {name: [str(one) for one in entry.recipients] for name, entry in mine.items()},
        "d_kept": {name: entry.kept for name, entry in mine.items()},
        "e_rights": RIGHTS,
        "f_complaint": COMPLAINT,
        "g_sources": {name: _sources(name) for name in mine},
        "h_automated_decisions": AUTOMATED,
    }


def _sources(name: str) -> str:
    return ", ".join(dict.fromkeys(str(line["source"]) for line in describe(name)))


async def _count(name: str, owner: str, tables: Tables) -> int | None:
    repository = getattr(tables, name, None)
    return None if repository is None else await repository.count(Query(owner=owner))


async def _receivers(owner: str, report: Report, tables: Tables) -> list[str]:
    """Return the companies that received something of this person, and those that the installation always uses."""
    found: dict[str, int] = {}
    after = ""
    while rows := await tables.attempts.find(Query(owner=owner, after=after, limit=ATTEMPTS)):
        for row in rows:
            line = f"{row.company} ({row.country or 'country not known'}): kept {row.retention}, training {row.trains}"
            found[line] = found.get(line, 0) + 1
        after = rows[-1].id
    sent = [f"{line}; {count} requests" for line, count in found.items()]
    always = [RECEIVERS[key] for key in report.receivers]
    return [*sent, *(f"{one.name} {', '.join(one.receives)}; {one.when}; kept {one.kept}" for one in always)]


def _not_included(export: Export) -> str:
    lines = ["# What is not in this package, and why", ""]
    for name, entry in DATA_MAP.items():
        if not entry.exported:
            is_house = entry.category is Category.HOUSE
            why = "nothing in it is about a person" if is_house else "working copies of what stands in the other files"
            lines.append(f"- **{name}** ({entry.purpose}): {why}.")
        kept_back = {field: withheld(entry, field) for field in entry.fields}
        lines += [f"- **{name}.{field}**: {reason}." for field, reason in kept_back.items() if reason]
    if export.categories:
        lines.append(f"- Every category but {', '.join(export.categories)}: you asked for these only.")
    if export.since:
        lines.append(
            f"- Pictures of before {plain(export.since)}: an earlier package holds them. Records are complete."
        )
    lines += [f"- **{name}**: {item.text}." for name, item in SYSTEM_TABLES.items()]
    lines += [
        "- Smaller sizes of your pictures: they are drawn from the originals, which are here.",
        "- What companies outside hold: the file generations/disclosures.json says who got what and until when.",
        "- Times and addresses in our server's log without your account: nothing in it leads to you.",
    ]
    return "\n".join(lines) + "\n"


def _html(content: Mapping[str, Any]) -> str:
    parts = [
        f"<p>Responsible: {escape(content['controller'])}.</p>"
        f"<p>The moment that this shows: {escape(str(content['snapshot_at']))}.</p>"
    ]
    for entry in content["categories"]:
        rows = [
            [name, str(entry["records"][name] if entry["records"][name] is not None else "with another record"),
             entry["a_purposes"][name], entry["d_kept"][name], entry["g_sources"][name]]
            for name in entry["records"]
        ]  # fmt: skip
        parts.append(f"<h2>{escape(entry['category'])}</h2>")
        parts.append(table(("Records", "How many", "What for, legal basis", "Kept", "Where from"), rows))
        kinds = dict.fromkeys(one for found in entry["c_recipients_by_kind"].values() for one in found)
        recipients = "; ".join([*kinds, *entry["c_recipients"]]) or "nobody outside this installation"
        parts.append(f"<p><b>Who else has it:</b> {escape(recipients)}.</p>")
        fields = "; ".join(f"{name}: {', '.join(found)}" for name, found in entry["b_data"].items())
        parts.append(f"<p><b>Data:</b> {escape(fields)}. Every field is explained in dictionary.json.</p>")
    for heading, key in (
        ("Your rights", "rights"), ("Complaints", "complaint"), ("Decisions by machines", "automated_decisions"),
        ("Other countries", "transfers"),
    ):  # fmt: skip
        parts.append(f"<h2>{heading}</h2><p>{escape(content[key])}</p>")
    device = [[name, text] for name, text in content["on_your_device"].items()]
    parts.append("<h2>On your device</h2>" + table(("Name", "What for"), device))
    return page("Your data, and what is done with it", "".join(parts))
