"""Copies of a stored picture for its owner: another format or size, or with the settings in it; the mark goes along.

Runs in worker processes. What this returns is still to be signed, when a source type is given with it.
"""

import io
from collections.abc import Mapping

from PIL import Image

from imageroute_app.adapters.imaging.containers import MARKS, insert_packet, is_bare, without_marks
from imageroute_app.adapters.imaging.packet import make_packet
from imageroute_app.adapters.imaging.picture import check_kind, decode, encode_png, make_plain
from imageroute_app.adapters.imaging.reading import marking_of
from imageroute_app.domain.errors import BadImage

Copy = tuple[bytes, str]
"""The file, and the source type to sign it with: empty for a picture that no program made, which stays unsigned."""
ENCODERS: Mapping[str, Mapping[str, object]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "WEBP": {"quality": 90, "method": 4},
}


def with_settings(data: bytes, mime: str, recipe_json: str) -> Copy:
    """Return the same pixel bytes with a new packet that holds the recipe, without any earlier mark."""
    kind = check_kind(data)
    bare = without_marks(kind, data, MARKS)
    if mime != f"image/{kind.lower()}" or not is_bare(kind, bare):
        raise BadImage("Settings can be put into stored originals only.")
    marking = marking_of(kind, data)
    packet = make_packet(marking, recipe_json)
    with Image.open(io.BytesIO(bare), formats=[kind]) as image:
        size, has_alpha = image.size, image.mode == "RGBA"
    copy = insert_packet(kind, bare, packet, size=size, alpha=has_alpha)
    return copy, marking.source_type if marking else ""


def convert(data: bytes, mime_to: str, long_edge_px: int | None, recipe_json: str | None) -> Copy:
    """Return the picture drawn anew as PNG, JPEG or WebP, its long edge at most `long_edge_px`."""
    kind = check_kind(data)
    marking = marking_of(kind, data)
    plain = _fitted(make_plain(decode(kind, data)), long_edge_px)
    kind_to = mime_to.removeprefix("image/").upper()
    if kind_to == "JPEG":
        plain = _on_white(plain)
    drawn = _encode(plain, kind_to)
    if marking is None and recipe_json is None:
        return drawn, ""
    packet = make_packet(marking, recipe_json)
    copy = insert_packet(kind_to, drawn, packet, size=plain.size, alpha=plain.mode == "RGBA")
    return copy, marking.source_type if marking else ""


def _fitted(plain: Image.Image, long_edge_px: int | None) -> Image.Image:
    factor = min(1.0, long_edge_px / max(plain.size)) if long_edge_px else 1.0
    if factor == 1.0:
        return plain
    width, height = (max(1, round(side * factor)) for side in plain.size)
    fitted = plain.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    fitted.info = {}
    return fitted


def _on_white(plain: Image.Image) -> Image.Image:
    if plain.mode != "RGBA":
        return plain
    white = Image.new("RGB", plain.size, "white")
    white.paste(plain, mask=plain.getchannel("A"))
    return white


def _encode(plain: Image.Image, kind: str) -> bytes:
    if kind == "PNG":
        return encode_png(plain)
    target = io.BytesIO()
    plain.save(target, kind, **ENCODERS[kind])
    return target.getvalue()
