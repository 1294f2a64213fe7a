"""Read what a file says about its making: XMP, which anyone can write, and C2PA, whose signature shows changes.

Runs in worker processes; the file may be hostile. Nothing is fetched, whatever the file names. Every text that goes out is
short and printable.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

import c2pa

from imageroute_app.adapters.imaging.containers import marks_in, sniff
from imageroute_app.adapters.imaging.credential import Known
from imageroute_app.adapters.imaging.packet import BASIC, EXTENSION, RECIPES, read_packet, source_type
from imageroute_app.domain.pictures import Marking, Marks

AI_MADE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
OURS = ("trainedAlgorithmicMedia", "algorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
STRANGER = Known()
TEXT_MAX, RECIPE_MAX, STORE_MAX = 200, 65_000, 256 * 1024
NO_SEAL = ("ManifestNotFound", "no JUMBF data found", "JumbfNotFound")
STORE_START = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"
"""How a C2PA store begins in every format, so that a broken one is told from none."""
PURPOSES = "\n".join(("1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.4"))
"""Extended key usages that may sign: C2PA claims, documents, email; the library alone takes the last only."""
SealState = Literal["none", "valid", "altered", "unproven"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A C2PA store as read; `told` is everything in it, as JSON."""

    state: SealState = "none"
    is_ours: bool = False
    signer: str = ""
    generator: str = ""
    source: str = ""
    has_pictures: bool = False
    told: str = field(default="", repr=False)


def read_marks(data: bytes, known: Known) -> Marks:
    """Return the marks of a file in a format that we read; `known` are our own certificates."""
    kind, told = sniff(data) or "", read_packet(data)
    seal = read_seal(kind, data, known)
    generator = seal.generator or _plain(told.get(f"{{{BASIC}}}CreatorTool", ""))
    recipe = told.get(f"{{{RECIPES}}}recipe", "")
    names = (seal.generator, told.get(f"{{{BASIC}}}CreatorTool", ""))
    return Marks(
        xmp_source=source_type(told.get(f"{{{EXTENSION}}}DigitalSourceType", "")),
        signed_source=seal.source,
        seal=seal.state,
        signer=seal.signer,
        generator=generator,
        is_ours=seal.is_ours,
        names_us=any(name.startswith("ImageRoute") for name in names),
        recipe=recipe if len(recipe) <= RECIPE_MAX and _is_object(recipe) else "",
    )


def read_seal(kind: str, data: bytes, known: Known = STRANGER) -> Seal:
    """Return the state and the words of the C2PA store in a file."""
    try:
        with (
            io.BytesIO(data) as source,
            _context(known) as context,
            c2pa.Reader(f"image/{kind.lower()}", source, context=context) as reader,
        ):
            return _seal(reader.json(), reader.get_validation_state() or "", known)
    except c2pa.C2paError as error:
        is_missing = any(word in str(error) for word in NO_SEAL) and STORE_START not in data
        return Seal() if is_missing else Seal(state="altered")


def marking_of(kind: str, data: bytes) -> Marking | None:
    """Return what the file is marked with, in our terms; None for one that does not say that a program made it."""
    told = read_packet(data)
    source = source_type(told.get(f"{{{EXTENSION}}}DigitalSourceType", ""))
    tool = told.get(f"{{{BASIC}}}CreatorTool", "")
    if source not in OURS:
        seal = read_seal(kind, data)
        source, tool = seal.source, tool or seal.generator
    if source in AI_MADE and source not in OURS:
        source = AI_MADE[1]
    if source not in OURS:
        return None
    made = _date(told.get(f"{{{BASIC}}}CreateDate", ""))
    return Marking(source_type=cast("Any", source), generator=tool or "ImageRoute", created_at=made)


def kept_signer(kind: str, data: bytes, marking: Marking) -> str:
    """Return who signed a provider's file that may be kept as it came; empty for one that must be drawn anew.

    It must be valid and say that an AI made it. It must hold no picture beside its pixels and none of the withheld words.
    """
    store = marks_in(kind, data)
    if not store or len(store) > STORE_MAX:
        return ""
    seal = read_seal(kind, data)
    withheld = marking.withheld.strip()
    is_told = bool(withheld) and (withheld.encode() in store or withheld in seal.told)
    if seal.state != "valid" or seal.source not in AI_MADE or seal.has_pictures or is_told:
        return ""
    return seal.signer or "an unnamed signer"


def _context(known: Known) -> c2pa.Context:
    trust = {"trust_config": PURPOSES} | ({"user_anchors": known.issuers.decode()} if known.issuers else {})
    verify = {"ocsp_fetch": False, "remote_manifest_fetch": False, "verify_trust": bool(known.issuers)}
    return c2pa.Context.from_dict({"version": 1, "verify": verify, "trust": trust})


def _seal(told: str, state: str, known: Known) -> Seal:
    store: Mapping[str, Any] = json.loads(told)
    manifests: Mapping[str, Any] = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest") or "", {})
    ordered = [active, *(other for other in manifests.values() if other is not active)]
    signature = active.get("signature_info") or {}
    return Seal(
        state=_state(state, store),
        is_ours=state == "Trusted" and signature.get("cert_serial_number") in known.serials,
        signer=_signer(signature),
        generator=_generator(active),
        source=next(_sources(ordered), ""),
        has_pictures="thumbnail" in told,
        told=told,
    )


def _state(state: str, store: Mapping[str, Any]) -> SealState:
    if state in {"Valid", "Trusted"}:
        return "valid"
    results = (store.get("validation_results") or {}).get("activeManifest") or {}
    codes = [str(found.get("code", "")) for found in results.get("failure") or ()]
    is_certificate_only = bool(codes) and all(code.startswith("signingCredential.") for code in codes)
    return "unproven" if is_certificate_only else "altered"


def _signer(signature: Mapping[str, Any]) -> str:
    names = dict.fromkeys(_plain(signature.get(key)) for key in ("common_name", "issuer"))
    return ", ".join(name for name in names if name)


def _generator(manifest: Mapping[str, Any]) -> str:
    for info in _list(manifest.get("claim_generator_info")):
        return " ".join(filter(None, (_plain(info.get("name")), _plain(info.get("version")))))
    return _plain(manifest.get("claim_generator"))


def _sources(manifests: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the source types that actions name, of the active manifest first."""
    for manifest in manifests:
        for assertion in _list(manifest.get("assertions")):
            content = assertion.get("data")
            actions = _list(content.get("actions")) if isinstance(content, dict) else []
            for action in actions:
                if name := source_type(str(action.get("digitalSourceType", ""))):
                    yield name


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _plain(value: Any) -> str:
    return "".join(ch for ch in value if ch.isprintable())[:TEXT_MAX].strip() if isinstance(value, str) else ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
