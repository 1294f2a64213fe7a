"""What a worker does with one picture: check, make plain sRGB, mark, scale; it decodes once.

Runs in worker processes only. Sizes are judged from the header, before any pixel is decoded.
"""

import hashlib
import io
import warnings
import zlib

from PIL import AvifImagePlugin, Image, ImageCms, WebPImagePlugin

from imageroute_app.adapters.imaging.containers import (
    insert_packet,
    is_bare,
    is_heic,
    marks_in,
    sniff,
    webp_size,
    without_marks,
)
from imageroute_app.adapters.imaging.limits import BYTES_MAX, TOO_LARGE
from imageroute_app.adapters.imaging.packet import make_packet
from imageroute_app.domain.errors import BadImage, UnsafeImage
from imageroute_app.domain.pictures import CLEAR, FinishedImage, Marking

PIXELS_MAX = 40_000_000
SIDE_MAX_PX = 12_000
THUMBNAIL_EDGES_PX = (960, 320)
THUMBNAIL_QUALITY = 80
PNG_COMPRESS_LEVEL = 3
PLUGINS = (AvifImagePlugin, WebPImagePlugin)
"""Registered with Pillow by being imported; the other formats are there from the start."""

HEIC_REFUSED = (
    "This is a HEIC photo, which cannot be opened here. Save it as JPEG and choose that file. An iPhone makes JPEG with "
    "Settings, Camera, Formats, Most Compatible."
)
"""Every decoder of HEVC for Python ships libheif and libde265, which are LGPL; what we ship is permissive (2026-11-27)."""

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = PIXELS_MAX
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def finish_picture(data: bytes, marking: Marking) -> FinishedImage:
    """Return the original with its packet, unsigned yet, and its sizes; raises BadImage or whatever the decoder raises.

    A file that its provider signed as made by an AI is kept byte for byte, with `signer` set: a packet would break that mark.
    """
    kind = check_kind(data)
    image = decode(kind, data)
    packet = make_packet(marking)
    plain, original, signer = image, data, ""
    if not is_bare(kind, data):
        signer = _provider_signer(kind, data, marking)
        if not signer:
            plain = make_plain(image)
            kind, original = "PNG", encode_png(plain)
    if not signer:
        original = insert_packet(kind, original, packet, size=plain.size, alpha=plain.mode == "RGBA")
    width, height = plain.size
    thumbnails, colour = scale(plain, packet)
    return FinishedImage(
        original=original,
        mime=f"image/{kind.lower()}",
        width=width,
        height=height,
        sha256=hashlib.sha256(original).hexdigest(),
        crc32=zlib.crc32(original),
        colour=colour,
        thumbnails=thumbnails,
        signer=signer,
    )


def _provider_signer(kind: str, data: bytes, marking: Marking) -> str:
    """Return whose mark a file carries that is bare but for it; empty when it has none to keep."""
    if not marks_in(kind, data) or not is_bare(kind, without_marks(kind, data)):
        return ""
    from imageroute_app.adapters.imaging import reading

    return reading.kept_signer(kind, data, marking)


def check_kind(data: bytes) -> str:
    """Return the format that the content shows, whatever its name was."""
    if len(data) > BYTES_MAX:
        raise UnsafeImage(TOO_LARGE)
    kind = sniff(data)
    if kind is None and is_heic(data):
        raise BadImage(HEIC_REFUSED)
    if kind is None:
        raise BadImage("This is not a PNG, JPEG, WebP, AVIF or GIF picture.")
    return kind


def decode(kind: str, data: bytes) -> Image.Image:
    """Check the size that the header names, then decode the first frame fully."""
    if kind == "WEBP":
        _check_size(webp_size(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=[kind])
            _check_size(image.size)
            image.load()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise UnsafeImage(TOO_LARGE) from None
    return image


def make_plain(image: Image.Image) -> Image.Image:
    """Return the picture upright, 8-bit sRGB, without metadata, with alpha only if it is used."""
    turn = TURNS.get(_orientation(image))
    plain = _to_srgb(_to_eight_bits(image), image.info.get("icc_profile"))
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    plain = plain.transpose(turn) if turn is not None else plain.copy()
    plain.info = {}
    return plain


def encode_png(plain: Image.Image) -> bytes:
    """Return the pixels as a bare PNG."""
    target = io.BytesIO()
    plain.save(target, "PNG", compress_level=PNG_COMPRESS_LEVEL)
    return target.getvalue()


def scale(plain: Image.Image, packet: bytes) -> tuple[dict[str, bytes], str]:
    """Return the marked thumbnails by long edge, none enlarged, and the average colour or CLEAR.

    Each size is made from the one before; whole-number box reduction comes first, so that little is
    left to resample.
    """
    thumbnails: dict[str, bytes] = {}
    for edge_px in THUMBNAIL_EDGES_PX:
        factor = min(1.0, edge_px / max(plain.size))
        width, height = (max(1, round(side * factor)) for side in plain.size)
        plain = plain.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=1.0)
        plain.info = {}
        target = io.BytesIO()
        plain.save(target, "WEBP", quality=THUMBNAIL_QUALITY, method=0, xmp=packet)
        thumbnails[str(edge_px)] = target.getvalue()
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() != (255, 255):
        return thumbnails, CLEAR
    average = plain.resize((1, 1), Image.Resampling.BOX).convert("RGB").tobytes()
    return thumbnails, f"#{average.hex()}"


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadImage("This picture has no pixels.")
    if max(size) > SIDE_MAX_PX or width * height > PIXELS_MAX:
        raise UnsafeImage(
            f"This picture has {width:,} × {height:,} pixels; 40 megapixels and 12,000 pixels a side are the most."
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, LookupError):
        return 1


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Return deep greyscale as 8 bits, and palettes and transparent colours as RGB(A)."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"P", "PA", "LA", "La", "1"} or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert(mode)
        return converted or image
    return image.convert(mode)
