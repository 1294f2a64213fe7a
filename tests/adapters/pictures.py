"""Pictures for tests: honest ones, and ones that a stranger might send."""

import io
import re
import struct
import zlib
from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageCms

from imageroute_app.domain.pictures import Marking

MARKING = Marking(
    source_type="algorithmicMedia",
    generator='ImageRoute, Sketch "2" <b>&',
    created_at=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
)
CANARY = b"CANARYprompt"


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Return a picture with soft gradients and a little noise."""
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 6, height))
    waves = np.stack([np.sin(x * y), np.cos(x + y), np.sin(x - y * 2), np.cos(x)], -1)
    noise = np.random.default_rng(1).normal(0, 4, (height, width, 4))
    pixels = (waves * 100 + 128 + noise).clip(0, 255).astype("uint8")
    image = Image.fromarray(pixels)
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the picture as a file."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return the decoded file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk."""
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png_with(data: bytes, chunk: bytes) -> bytes:
    """Return the PNG with a chunk put in after its header."""
    return data[:33] + chunk + data[33:]


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixels + png_chunk(b"IEND", b"")


def marks(data: bytes) -> dict[str, str]:
    """Return what the one XMP packet in a file says."""
    packets = re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.DOTALL)
    assert len(packets) == 1
    root = ElementTree.fromstring(packets[0])  # noqa: S314  # our own packet
    (description,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {name.rpartition("}")[2]: value for name, value in description.attrib.items()}


def swapped_profile() -> bytes:
    """Return a profile whose red is sRGB's blue and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def cmyk_profile(lab: tuple[int, int, int]) -> bytes:
    """Return a CMYK profile in which every ink mixture looks the same."""
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = bytes(range(256))
    table = b"mft1" + bytes([0, 0, 0, 0, 4, 3, 2, 0]) + identity + ramp * 4
    table += bytes(lab) * 16 + ramp * 3
    offset = 128 + 4 + 12
    head = bytearray(128)
    head[0:4] = struct.pack(">I", offset + len(table))
    head[8:12] = b"\x02\x40\x00\x00"
    head[12:24] = b"prtrCMYKLab "
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I", 1) + b"A2B0" + struct.pack(">II", offset, len(table))
    return bytes(head) + tags + table
