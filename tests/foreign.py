"""Files that others signed: a provider, another installation, a stranger who writes what he likes."""

import io
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import c2pa

from imageroute_app.adapters.imaging.certificates import open_credential
from imageroute_app.adapters.imaging.credential import Credential
from imageroute_app.bootstrap import utc_now
from tests.adapters.pictures import encode, photo

AI = c2pa.C2paDigitalSourceType.TRAINED_ALGORITHMIC_MEDIA


@cache
def foreign_credential() -> Credential:
    """Return a certificate of another installation: same names, other keys."""
    with TemporaryDirectory() as folder:
        return open_credential(Path(folder), utc_now)


def signed_elsewhere(
    data: bytes = b"",
    kind: str = "PNG",
    *,
    name: str = "Other",
    source: c2pa.C2paDigitalSourceType = AI,
    assertions: tuple[dict[str, Any], ...] = (),
    thumbnails: bool = False,
) -> bytes:
    """Return the file, or some picture, signed by the foreign certificate."""
    settings = {"version": 1, "builder": {"thumbnail": {"enabled": thumbnails}}}
    manifest = json.dumps({"claim_generator_info": [{"name": name}], "assertions": list(assertions)})
    signing, target = foreign_credential().signing, io.BytesIO()
    info = c2pa.C2paSignerInfo(signing.algorithm, signing.chain, signing.key, None)
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        builder.set_intent(c2pa.C2paBuilderIntent.CREATE, source)
        if thumbnails:
            builder.add_resource("thumbnail", io.BytesIO(encode(photo(), "JPEG")))
        builder.sign(signer, f"image/{kind.lower()}", io.BytesIO(data or encode(photo(), kind)), target)
    return target.getvalue()


def changed(data: bytes) -> bytes:
    """Return the file with one bit of its pixels turned."""
    at = len(data) * 3 // 4
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
