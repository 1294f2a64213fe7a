"""What lies around the pixels in PNG, JPEG and WebP files, and where an XMP packet goes there.

A file counts as bare when every part of it is on a short list of those that make up the pixels, and
nothing follows its end. Only such a file keeps its bytes; every other one is drawn anew from its
pixels.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from imageroute_app.domain.errors import BadImage

PNG_START = b"\x89PNG\r\n\x1a\n"
STARTS = {
    "PNG": re.compile(re.escape(PNG_START)),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "AVIF": re.compile(rb"....ftyp(?:....){0,8}avi[fs]", re.DOTALL),
}
HEIC = re.compile(rb"....ftyp(?:....){0,8}(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
PNG_BARE = {b"IHDR", b"sRGB", b"IDAT", b"IEND"}
PNG_TRUE_COLOUR = {(8, 2), (8, 6)}
JPEG_MARK, JPEG_APP0, JPEG_START_OF_SCAN, JPEG_END = 0xFF, 0xE0, 0xDA, 0xD9
JPEG_BARE = {0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE}
JFIF_BYTES = 18
JPEG_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_APP1, JPEG_APP11 = b"\xe1", b"\xeb"
WEBP_BARE = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}
SEALS = {"PNG": {b"caBX"}, "JPEG": {JPEG_APP11}, "WEBP": {b"C2PA"}}
"""The parts that hold a C2PA manifest store."""
MARKS = {"PNG": {b"caBX", b"iTXt"}, "JPEG": {JPEG_APP11, JPEG_APP1}, "WEBP": {b"C2PA", b"XMP "}}
"""The parts that hold a mark of any kind, ours or another's."""
WEBP_ALPHA, WEBP_XMP, WEBP_HEAD_BYTES = 0x10, 0x04, 10
BROKEN = "This file is damaged or incomplete."


class Part(NamedTuple):
    """One chunk or segment with its place in the file."""

    kind: bytes
    start: int
    end: int


def sniff(data: bytes) -> str | None:
    """Return Pillow's name of the format that the first bytes show; None for one we refuse."""
    return next((kind for kind, start in STARTS.items() if start.match(data)), None)


def is_heic(data: bytes) -> bool:
    """Say whether it is a photo as telephones keep it: HEVC in the container that AVIF uses too."""
    return bool(HEIC.match(data)) and sniff(data) is None


def is_bare(kind: str, data: bytes) -> bool:
    """Say whether the file is nothing but pixels of 8 bits a channel, RGB with or without alpha.

    Raises:
        BadImage: A PNG whose chunks do not fit their checksums or have no end.
    """
    if kind == "PNG":
        parts = png_chunks(data)
        return (
            parts[-1].end == len(data)
            and {part.kind for part in parts} <= PNG_BARE
            and (data[24], data[25]) in PNG_TRUE_COLOUR
        )
    if kind == "JPEG":
        return _is_bare_jpeg(data)
    if kind == "WEBP":
        parts = webp_chunks(data)
        is_whole = bool(parts) and parts[-1].end == len(data) == 8 + _uint32(data, 4)
        return is_whole and {part.kind for part in parts} <= WEBP_BARE and not _webp_flags(data)
    return False


def insert_packet(kind: str, data: bytes, packet: bytes, *, size: tuple[int, int], alpha: bool) -> bytes:
    """Return the bare file with the packet in it, pixels untouched, given its size and alpha."""
    if kind == "PNG":
        return _insert_png(data, packet)
    if kind == "JPEG":
        return _insert_jpeg(data, packet)
    return _insert_webp(data, packet, size, WEBP_ALPHA if alpha else 0)


def marks_in(kind: str, data: bytes, parts: Mapping[str, set[bytes]] = SEALS) -> bytes:
    """Return the bytes of these parts of the file, one after the other; none in a format that we do not write."""
    return b"".join(data[part.start : part.end] for part in _parts(kind, data) if part.kind in parts[kind])


def without_marks(kind: str, data: bytes, parts: Mapping[str, set[bytes]] = SEALS) -> bytes:
    """Return the file without these parts, and else as it was; raises BadImage for a PNG that is broken."""
    kept = data
    for part in reversed([part for part in _parts(kind, data) if part.kind in parts[kind]]):
        kept = kept[: part.start] + kept[part.end :]
    if kind != "WEBP" or kept == data:
        return kept
    head, body = kept[:8], bytearray(kept[8:])
    if body[4:8] == b"VP8X" and b"XMP " in parts[kind]:
        body[12] &= ~WEBP_XMP
    return head[:4] + struct.pack("<I", len(body)) + bytes(body)


def png_chunks(data: bytes) -> list[Part]:
    """Return the chunks up to and including IEND, each checksum verified; raises BadImage."""
    view, parts, start = memoryview(data), list[Part](), len(PNG_START)
    while start + 12 <= len(data):
        end = start + 12 + struct.unpack_from(">I", data, start)[0]
        if end > len(data) or zlib.crc32(view[start + 4 : end - 4]) != _uint32(data, end - 4, ">I"):
            break
        parts.append(Part(data[start + 4 : start + 8], start, end))
        if parts[-1].kind == b"IEND":
            return parts
        start = end
    raise BadImage(BROKEN)


def webp_chunks(data: bytes) -> list[Part]:
    """Return the chunks that lie whole in the file; an odd one ends with its padding."""
    parts, start = list[Part](), 12
    while start + 8 <= len(data):
        size_bytes = _uint32(data, start + 4)
        end = start + 8 + size_bytes + size_bytes % 2
        if end > len(data):
            break
        parts.append(Part(data[start : start + 4], start, end))
        start = end
    return parts


def webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height, before Pillow reserves memory for them; raises BadImage."""
    kind, head = data[12:16], data[20 : 20 + WEBP_HEAD_BYTES]
    if len(head) < WEBP_HEAD_BYTES:
        raise BadImage(BROKEN)
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _parts(kind: str, data: bytes) -> list[Part]:
    if kind == "PNG":
        return png_chunks(data)
    if kind == "JPEG":
        return _jpeg_head(data)
    return webp_chunks(data) if kind == "WEBP" else []


def _jpeg_head(data: bytes) -> list[Part]:
    """Return the segments before the first scan."""
    parts, at = list[Part](), 2
    while at + 4 <= len(data) and data[at] == JPEG_MARK and data[at + 1] != JPEG_START_OF_SCAN:
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        parts.append(Part(data[at + 1 : at + 2], at, end))
        at = end
    return parts


def _uint32(data: bytes, at: int, form: str = "<I") -> int:
    return struct.unpack_from(form, data, at)[0]


def _is_bare_jpeg(data: bytes) -> bool:
    """Walk all segments, also those between the scans of a progressive file."""
    at = 2
    while at + 4 <= len(data) and data[at] == JPEG_MARK:
        marker, size_bytes = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        is_thumbnailed = marker == JPEG_APP0 and size_bytes + 2 != JFIF_BYTES
        if marker not in JPEG_BARE or is_thumbnailed:
            return False
        at += 2 + size_bytes
        if marker == JPEG_START_OF_SCAN:
            following = JPEG_NEXT_MARKER.search(data, at)
            if following is None:
                return False
            at = following.end() - 2
            if data[at + 1] == JPEG_END:
                return at + 2 == len(data)
    return False


def _webp_flags(data: bytes) -> int:
    """Return the flags of an extended file other than alpha: profile, Exif, XMP, animation."""
    return data[20] & ~WEBP_ALPHA if data[12:16] == b"VP8X" else 0


def _insert_png(data: bytes, packet: bytes) -> bytes:
    at = next(part.start for part in png_chunks(data) if part.kind == b"IDAT")
    body = b"iTXt" + b"XML:com.adobe.xmp\0\0\0\0\0" + packet
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:at] + chunk + data[at:]


def _insert_jpeg(data: bytes, packet: bytes) -> bytes:
    at = 2 + JFIF_BYTES if data[3] == JPEG_APP0 else 2
    body = JPEG_XMP + packet
    return data[:at] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[at:]


def _insert_webp(data: bytes, packet: bytes, size: tuple[int, int], alpha: int) -> bytes:
    width, height = ((side - 1).to_bytes(3, "little") for side in size)
    pixels = b"".join(data[part.start : part.end] for part in webp_chunks(data) if part.kind != b"VP8X")
    body = (
        b"WEBP" + _riff(b"VP8X", bytes([alpha | WEBP_XMP, 0, 0, 0]) + width + height) + pixels + _riff(b"XMP ", packet)
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
