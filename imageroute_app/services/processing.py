"""The record of processing (GDPR Art. 30) and the machine-readable policy, both from DATA_MAP: nothing is written twice."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imageroute_app.domain.data_map import DATA_MAP, RECEIVERS, Category, Table
from imageroute_app.domain.purposes import PURPOSES, Basis, Purpose
from imageroute_app.domain.retention import RULES
from imageroute_app.domain.transfers import safeguard
from imageroute_app.services.export_tables import BOM, guarded
from imageroute_app.services.house import Site

HEADS = (
    "Purpose", "Legal basis", "Whose data", "Categories of data", "Fields", "From where", "Recipients",
    "Transfers and safeguards", "Kept", "Erased how", "Protection",
)  # fmt: skip
WHOSE = "people with an account, and those who write to us"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""W3C Data Privacy Vocabulary 2 (community group report, w3c.github.io/dpv, looked at 2026-11-27)."""
BASES: Mapping[Basis, str] = {
    Basis.CONSENT: "eu-gdpr:A6-1-a",
    Basis.CONTRACT: "eu-gdpr:A6-1-b",
    Basis.LEGAL: "eu-gdpr:A6-1-c",
    Basis.LEGITIMATE: "eu-gdpr:A6-1-f",
}
TERMS: Mapping[Purpose, str] = {
    Purpose.ACCOUNT: "dpv:AccountManagement",
    Purpose.RIGHTS: "dpv:RightsFulfilment",
    Purpose.GENERATE: "dpv:ServiceProvision",
    Purpose.GALLERY: "dpv:ServiceProvision",
    Purpose.UPLOAD: "dpv:ServiceProvision",
    Purpose.SHARE: "dpv:ServiceProvision",
    Purpose.PAYMENT: "dpv:PaymentManagement",
    Purpose.ACCOUNTING: "dpv:FulfilmentOfObligation",
    Purpose.SUPPORT: "dpv:CustomerCare",
    Purpose.SECURITY: "dpv:EnforceSecurity",
    Purpose.ANALYTICS: "dpv:ServiceUsageAnalytics",
    Purpose.PERFORMANCE: "dpv:ServiceOptimisation",
    Purpose.IMPROVEMENT: "dpv:ServiceOptimisation",
    Purpose.MODEL_STATISTICS: "dpv:ServiceUsageAnalytics",
    Purpose.NEWSLETTER: "dpv:DirectMarketing",
    Purpose.TRAINING: "dpv:ResearchAndDevelopment",
    Purpose.AUTHORITIES: "dpv:LegalCompliance",
}
RIGHTS = ("A13", "A15", "A16", "A17", "A18", "A20", "A21", "A77", "A7-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One processing activity: a purpose with every kind of record that serves it; the cells are in the order of HEADS."""

    purpose: Purpose
    tables: Mapping[str, Table]
    cells: tuple[str, ...]


def activities(site: Site) -> list[Processing]:
    """Return the record of processing, a line for each purpose that any record serves."""
    return [_activity(purpose, site) for purpose in PURPOSES if _tables_of(purpose)]


def as_csv(site: Site) -> str:
    """Return the record as a file for spreadsheets: UTF-8 with its mark, RFC 4180, no cell that could be a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEADS)
    writer.writerows([guarded(cell) for cell in one.cells] for one in activities(site))
    return BOM + file.getvalue()


def policy(site: Site, *, origin: str, edition: str, in_effect_since: str) -> dict[str, Any]:
    """Return the policy in effect in terms of DPV, as JSON-LD."""
    return {
        "@context": CONTEXT,
        "@id": f"{origin}/privacy",
        "@type": "dpv:PrivacyNotice",
        "dct:title": "ImageRoute privacy policy",
        "dct:identifier": edition,
        "dct:valid": {"@type": "xsd:date", "@value": in_effect_since},
        "dct:hasVersion": f"{origin}/privacy/versions",
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dpv:hasName": site.controller_name or "Development installation",
            "dpv:hasAddress": site.controller_address,
            "dpv:hasContact": site.data_contact or f"{origin}/contact",
        },
        "dpv:hasRight": [{"@id": f"eu-gdpr:{right}"} for right in RIGHTS],
        "dpv:isExercisedAt": {"@id": f"{origin}/privacy-center"},
        "dpv:hasProcess": [_process(one, origin) for one in activities(site)],
    }


def _tables_of(purpose: Purpose) -> dict[str, Table]:
    return {
        name: table
        for name, table in DATA_MAP.items()
        if table.serves is purpose and table.category is not Category.HOUSE
    }


def _activity(purpose: Purpose, site: Site) -> Processing:
    facts, tables = PURPOSES[purpose], _tables_of(purpose)
    values = list(tables.values())
    fields = "; ".join(f"{name}: {', '.join(table.fields)}" for name, table in tables.items())
    cells = (
        facts.title, str(facts.basis), WHOSE, _joined([table.category for table in values]), fields,
        _joined([table.source or "" for table in values]),
        _joined([recipient for table in values for recipient in table.recipients]) or "nobody outside",
        _joined(_transfers(purpose, site)) or "none by this purpose alone; by model at /processors",
        _joined([RULES[table.rule].kept for table in values]), _joined([table.erased for table in values]),
        _protection(values),
    )  # fmt: skip
    return Processing(purpose=purpose, tables=tables, cells=cells)


def _transfers(purpose: Purpose, site: Site) -> list[str]:
    keepers = [RECEIVERS[name] for name in site.receivers if RECEIVERS[name].serves is purpose]
    return [f"{one.name.strip(',')}: {safeguard(land).text}" for one in keepers for land in one.countries]


def _protection(tables: Sequence[Table]) -> str:
    sealed = sorted({name for table in tables for name, how in table.fields.items() if how != "plain"})
    return f"sealed or keyed per person: {', '.join(sealed)}" if sealed else "ids, numbers and dates only"


def _process(one: Processing, origin: str) -> dict[str, Any]:
    facts = PURPOSES[one.purpose]
    return {
        "@id": f"{origin}/privacy/policy.jsonld#{one.purpose.value}",
        "@type": "dpv:Process",
        "dct:title": facts.title,
        "dct:description": facts.sentence,
        "dpv:hasPurpose": {"@id": TERMS[one.purpose]},
        "dpv:hasLegalBasis": {"@id": BASES[facts.basis]},
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:title": name, "dct:description": table.purpose}
            for name, table in one.tables.items()
        ],
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageCondition", "dct:subject": name, "dpv:hasDuration": RULES[table.rule].kept}
            for name, table in one.tables.items()
        ],
        "dpv:hasRecipient": sorted(
            {recipient.value for table in one.tables.values() for recipient in table.recipients}
        ),
        "dpv:hasDataSource": sorted({table.source.value for table in one.tables.values() if table.source}),
    }


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(str(part) for part in dict.fromkeys(parts) if part)
