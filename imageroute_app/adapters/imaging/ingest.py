"""What a worker does with a picture that a person brought along: a clean copy of the pixels, and nothing else of the file.

Every upload is drawn anew from its pixels: upright, 8-bit sRGB, without Exif, places, profiles, comments or a second
picture behind the first. Nothing is marked as AI-made, because it is not.
"""

import hashlib
import io

from PIL import Image

from imageroute_app.adapters.imaging.containers import png_chunks
from imageroute_app.adapters.imaging.limits import UPLOAD_BYTES_MAX, UPLOAD_EDGE_PX, UPLOAD_TOO_LARGE
from imageroute_app.adapters.imaging.picture import check_kind, decode, encode_png, make_plain, scale
from imageroute_app.domain.errors import UnsafeImage
from imageroute_app.domain.pictures import IngestedImage

JPEG_QUALITY = 92
SCALED_FIRST = frozenset({"RGB", "RGBA", "L", "CMYK", "YCbCr"})
"""Modes whose values are amounts, so that they can be averaged before anything else is done."""
LOSSY = frozenset({"JPEG", "AVIF"})
"""What comes lossy and opaque stays JPEG at a quality that adds nothing to see; all else is kept exactly, as PNG."""


def ingest_picture(data: bytes, *, is_mask: bool) -> IngestedImage:
    """Return the clean copy with its sizes; a mask becomes 8-bit grey. Raises BadImage or whatever the decoder raises."""
    if len(data) > UPLOAD_BYTES_MAX:
        raise UnsafeImage(UPLOAD_TOO_LARGE)
    kind = check_kind(data)
    if kind == "PNG":
        png_chunks(data)  # Pillow takes a file without its end for a whole one
    plain = _plain_copy(decode(kind, data))
    if is_mask:
        return _kept(encode_png(plain.convert("L")), "image/png", plain, {}, "#000000")
    thumbnails, colour = scale(plain, b"")
    if kind in LOSSY and plain.mode == "RGB":
        target = io.BytesIO()
        plain.save(target, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return _kept(target.getvalue(), "image/jpeg", plain, thumbnails, colour)
    return _kept(encode_png(plain), "image/png", plain, thumbnails, colour)


def _plain_copy(image: Image.Image) -> Image.Image:
    """Return the pixels with the longest side within the limit: no model takes more, and memory stays bounded."""
    factor = UPLOAD_EDGE_PX / max(image.size)
    if factor >= 1:
        return make_plain(image)
    if image.mode not in SCALED_FIRST:
        image = make_plain(image)
    info = image.info
    width, height = (max(1, round(side * factor)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BOX)
    image.info = info
    return make_plain(image)


def _kept(data: bytes, mime: str, plain: Image.Image, thumbnails: dict[str, bytes], colour: str) -> IngestedImage:
    return IngestedImage(
        data=data,
        mime=mime,
        width=plain.width,
        height=plain.height,
        sha256=hashlib.sha256(data).hexdigest(),
        colour=colour,
        thumbnails=thumbnails,
    )
