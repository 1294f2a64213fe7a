"""What every picture that leaves us must say, checked with the public C2PA reader and by its XMP packet."""

import io
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import c2pa

from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.containers import sniff
from imageroute_app.adapters.imaging.credential import Credential
from imageroute_app.adapters.imaging.packet import EXTENSION, SOURCE_TYPES, read_packet
from imageroute_app.bootstrap import utc_now

OFFLINE = {"version": 1, "verify": {"ocsp_fetch": False, "remote_manifest_fetch": False, "verify_trust": False}}


@cache
def development_credential() -> Credential:
    """Return a development certificate, made once."""
    with TemporaryDirectory() as folder:
        return open_credential(Path(folder), utc_now)


def manifest_store(data: bytes) -> dict[str, Any]:
    """Return everything that the C2PA store of a file says."""
    context = c2pa.Context.from_dict(OFFLINE)
    with c2pa.Reader(f"image/{str(sniff(data)).lower()}", io.BytesIO(data), context=context) as reader:
        return json.loads(reader.json())


def assert_marked(data: bytes, source_type: str = "", *, is_signed: bool = True) -> None:
    """Check that a file says by XMP and, unless it is a thumbnail, by a valid C2PA signature, that a program made it."""
    told = read_packet(data).get(f"{{{EXTENSION}}}DigitalSourceType", "")
    assert told.startswith(SOURCE_TYPES)
    assert told.endswith(f"/{source_type}" if source_type else "lgorithmicMedia")
    if not is_signed:
        return
    store = manifest_store(data)
    assert store["validation_state"] == "Valid", store["validation_results"]
    (manifest,) = store["manifests"].values()
    assert manifest["claim_generator_info"][0]["name"] == "ImageRoute"
    assert "ingredients" not in manifest or not manifest["ingredients"]
    assert "thumbnail" not in json.dumps(store)
    (created,) = [action for found in manifest["assertions"] for action in found["data"].get("actions", ())]
    assert (created["action"], created["digitalSourceType"]) == ("c2pa.created", told)
    (mining,) = [
        found["data"]["entries"] for found in manifest["assertions"] if found["label"] == "cawg.training-mining"
    ]
    assert {entry["use"] for entry in mining.values()} == {"notAllowed"}
    assert UUID(manifest["label"].rpartition(":")[2])
