"""Sign pictures with C2PA: the last thing done to a file, whose bytes are never touched again.

Runs in a process of its own, which alone is handed the private key and opens only files that were made here: a decoder
that a hostile picture takes over never shares memory with the key.
Principle: no thumbnail and no ingredient, which would carry a private source picture out for ever (design/PRIVACY.md 0.3),
no words, no person and no name of a file.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace

import c2pa

from imageroute_app.adapters.imaging.credential import SigningKey
from imageroute_app.domain.pictures import FinishedImage

SOURCES = {
    "trainedAlgorithmicMedia": c2pa.C2paDigitalSourceType.TRAINED_ALGORITHMIC_MEDIA,
    "algorithmicMedia": c2pa.C2paDigitalSourceType.ALGORITHMIC_MEDIA,
    "compositeWithTrainedAlgorithmicMedia": c2pa.C2paDigitalSourceType.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA,
}
USES = ("ai_inference", "ai_generative_training", "ai_training", "data_mining")
MANIFEST = json.dumps(
    {
        "claim_generator_info": [{"name": "ImageRoute"}],
        "assertions": [
            {
                "label": "cawg.training-mining",
                "data": {"entries": {f"cawg.{use}": {"use": "notAllowed"} for use in USES}},
            }
        ],
    }
)
OFFLINE: Mapping[str, object] = {"ocsp_fetch": False, "remote_manifest_fetch": False}
CONTEXT = c2pa.Context.from_dict(
    {
        "version": 1,
        "verify": {**OFFLINE, "verify_after_sign": False, "verify_trust": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
)


def seal(data: bytes, mime: str, source_type: str, signing: SigningKey) -> bytes:
    """Return the file with the signed mark in it."""
    with (
        c2pa.Signer.from_info(c2pa.C2paSignerInfo(signing.algorithm, signing.chain, signing.key, None)) as signer,
        c2pa.Builder(MANIFEST, context=CONTEXT) as builder,
        io.BytesIO(data) as source,
        io.BytesIO() as target,
    ):
        builder.set_intent(c2pa.C2paBuilderIntent.CREATE, SOURCES[source_type])
        builder.sign(signer, mime, source, target)
        return target.getvalue()


def seal_finished(finished: FinishedImage, source_type: str, signing: SigningKey) -> FinishedImage:
    """Return the finished image with its original signed."""
    original = seal(finished.original, finished.mime, source_type, signing)
    return replace(finished, original=original, sha256=hashlib.sha256(original).hexdigest(), crc32=zlib.crc32(original))
