"""Temporary engine so that the house runs while the scenes are drawn elsewhere."""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

STYLES = (
    ("none", "No style"), ("film-still", "Film still"), ("screen-print", "Screen print"), ("watercolour", "Watercolour"),
    ("ink", "Ink"), ("poster", "Poster"), ("neon", "Neon"), ("pastel", "Pastel"), ("minimal", "Minimal"),
)
SCENES: dict[str, object] = {}


def _picture(prompt: str, width: int, height: int, seed: int) -> Image.Image:
    digest = hashlib.sha256(f"{prompt}|{seed}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    small = (rng.random((6, 6, 3)) * 255).astype("uint8")
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def _bytes(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def render(prompt: str, *, width: int, height: int, seed: int, style: str = "", negative: str = "") -> bytes:
    return _bytes(_picture(prompt, width, height, seed), "PNG")


def preview(prompt: str, *, width: int, height: int, seed: int, style: str = "") -> bytes:
    picture = _picture(prompt, width, height, seed)
    picture.thumbnail((320, 320))
    return _bytes(picture, "WEBP")


def redraw(
    source: bytes, prompt: str, *, width: int, height: int, seed: int, strength: float, style: str = "",
    mask: bytes | None = None,
) -> bytes:
    with Image.open(io.BytesIO(source)) as opened:
        old = opened.convert("RGB").resize((width, height))
    return _bytes(Image.blend(old, _picture(prompt, width, height, seed), strength), "PNG")
