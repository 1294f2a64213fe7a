"""Receipts of choices: one event as a file that its person keeps, and that other programs can read.

Field names and their meaning follow ISO/IEC TS 27560:2023 as the W3C community group maps them to the Data Privacy Vocabulary
(https://w3id.org/dpv/guides/consent-27560, read 2026-11-27). A subset: only what the event itself says, nothing guessed.
"""

from dataclasses import dataclass

from imageroute_app.domain.choices import EVERYTHING, Choice, ChoiceEvent
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.purposes import PURPOSES, Basis, Purpose

SCHEMA = "https://w3id.org/dpv/schema/dpv-27560"
DPV = "https://w3id.org/dpv#"
GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
NOTE = "A subset of ISO/IEC TS 27560:2023 in terms of the W3C Data Privacy Vocabulary. No claim of conformity is made."
CONTEXT = {
    "dpv": DPV,
    "eu-gdpr": GDPR,
    "dct": "http://purl.org/dc/terms/",
    "record_id": "dct:identifier",
    "pii_principal_id": "dpv:hasDataSubject",
    "privacy_notice": "dpv:hasNotice",
    "language": "dct:language",
    "purpose": "dpv:hasPurpose",
    "lawful_basis": {"@id": "dpv:hasLegalBasis", "@type": "@vocab"},
    "pii_information": "dpv:hasPersonalData",
    "purpose_id": "dct:type",
    "pii_controllers": "dpv:hasDataController",
    "pii_recipients": "dpv:hasRecipient",
    "withdrawal_method": "dpv:hasConsentControl",
    "party_name": "dpv:hasName",
    "party_address": "dpv:hasAddress",
    "party_contact": "dpv:hasContact",
    "event_time": "dct:date",
    "event_state": {"@id": "dpv:hasConsentStatus", "@type": "@vocab"},
}
STATES = {
    ChoiceEvent.GIVEN: "dpv:ConsentGiven",
    ChoiceEvent.REFUSED: "dpv:ConsentRefused",
    ChoiceEvent.WITHDRAWN: "dpv:ConsentWithdrawn",
    ChoiceEvent.EXPIRED: "dpv:ConsentExpired",
}
"""What is no consent has no consent status: an objection, a freeze and a signal say their own name."""
BASES = {
    Basis.CONSENT: "eu-gdpr:A6-1-a",
    Basis.CONTRACT: "eu-gdpr:A6-1-b",
    Basis.LEGAL: "eu-gdpr:A6-1-c",
    Basis.LEGITIMATE: "eu-gdpr:A6-1-f",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who is responsible, as the settings name it; `origin` is where this installation is reached."""

    name: str
    address: str
    contact: str
    origin: str


def receipt(choice: Choice, controller: Controller) -> dict[str, object]:
    """Return the receipt of an event, ready to be written as JSON."""
    return {
        "@context": CONTEXT,
        "schema_version": SCHEMA,
        "note": NOTE,
        "record_id": choice.id,
        "pii_principal_id": choice.owner,
        "pii_processing": _processing(choice, controller),
        "party_identification": [_party(controller)],
        "event": _event(choice),
        "proof": {
            "number": choice.number,
            "previous_sha256": choice.previous,
            "sha256": choice.digest,
            "meaning": "Each event covers the one before it, so that a later change of any of them can be found.",
        },
    }


def _processing(choice: Choice, controller: Controller) -> dict[str, object]:
    facts = None if choice.purpose == EVERYTHING else PURPOSES[Purpose(choice.purpose)]
    picture = {"image_id": choice.image_id, "image_sha256": choice.image_sha256} if choice.image_id else {}
    return {
        "privacy_notice": f"{controller.origin}/privacy/versions/{choice.policy_version}",
        "language": choice.locale,
        "words_shown": choice.words,
        "words_sha256": choice.words_sha256,
        "purpose": facts.title if facts else "Everything but storing",
        "purpose_id": choice.purpose,
        "purpose_description": facts.sentence if facts else choice.words,
        **({"lawful_basis": BASES[facts.basis]} if facts else {}),
        "pii_information": list(facts.categories) if facts else ["All categories"],
        "pii_controllers": [controller.origin],
        "pii_recipients": _recipients(choice.purpose),
        "withdrawal_method": f"{controller.origin}/privacy-center#{'training' if choice.image_id else 'choices'}",
        **picture,
    }


def _recipients(purpose: str) -> list[str]:
    """Return who else gets something of what serves the purpose, by the map of data; nobody is an empty list."""
    found = {str(one) for table in DATA_MAP.values() if table.serves == purpose for one in table.recipients}
    return sorted(found)


def _party(controller: Controller) -> dict[str, str]:
    return {
        "party_id": controller.origin,
        "party_name": controller.name or "Development installation",
        "party_address": controller.address,
        "party_contact": controller.contact,
        "party_role": "dpv:DataController",
    }


def _event(choice: Choice) -> dict[str, str]:
    lasts = {"validity_end": choice.expires_at.isoformat()} if choice.expires_at else {}
    rests = {"rests_until": choice.cooled_at.isoformat()} if choice.cooled_at else {}
    return {
        "event_time": choice.created_at.isoformat(),
        "event_type": choice.event.value,
        **({"event_state": STATES[choice.event]} if choice.event in STATES else {}),
        "entity_id": choice.owner,
        "method": choice.method.value,
        "session_kind": choice.session_kind.value,
        "ui_build": choice.ui_build,
        **lasts,
        **rests,
    }
