"""Colours as light: hex to float, OKLab, ramps without muddy middles, and tinting toward named colours.

OKLab is the colour space of Björn Ottosson (bottosson.github.io/posts/oklab, read 2026-11-25).
"""

from collections.abc import Sequence

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], np.float32,
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], np.float32,
)  # fmt: skip
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS.astype(np.float64)).astype(np.float32)
STEPS = 2048
WARMTH = np.array((0.2126, 0.7152, 0.0722), np.float32)


def rgb(text: str) -> Field:
    """Return the three shares of a colour written as #rrggbb."""
    return np.array([int(text[k : k + 2], 16) for k in (1, 3, 5)], np.float32) / np.float32(255)


def _apply(matrix: Field, colours: Field) -> Field:
    # Written out: a matrix product may give another last bit on another number of threads.
    parts = [sum(matrix[row, k] * colours[..., k] for k in range(3)) for row in range(3)]
    return np.stack(parts, -1).astype(np.float32)


def to_lab(colours: Field) -> Field:
    """Return OKLab lightness, a and b of colours in 0..1."""
    c = np.clip(colours, 0, 1)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return _apply(_TO_LAB, np.cbrt(_apply(_TO_LMS, linear)))


def from_lab(lab: Field) -> Field:
    """Return the colours in 0..1 nearest to OKLab values."""
    linear = np.clip(_apply(_FROM_LMS, _apply(_FROM_LAB, lab) ** 3), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def luma(picture: Field) -> Field:
    """Return how bright each pixel is."""
    return picture[..., 0] * WARMTH[0] + picture[..., 1] * WARMTH[1] + picture[..., 2] * WARMTH[2]


class Ramp:
    """A gradient of colours at places from 0 to 1; call it with a field to colour that field."""

    def __init__(self, places: Sequence[float], colours: Sequence[Field]) -> None:
        lab = to_lab(np.stack(list(colours)))
        t = np.linspace(0, 1, STEPS)
        self._table = from_lab(np.stack([np.interp(t, places, lab[:, k]) for k in range(3)], -1).astype(np.float32))

    def __call__(self, value: Field) -> Field:
        """Return the colour of every value; values outside 0..1 take the end colours."""
        index = np.clip(value, 0, 1) * np.float32(STEPS - 1)
        index += np.float32(0.5)
        return self._table[index.astype(np.int32)]


def tint(colour: Field, targets: Sequence[Field]) -> Field:
    """Return a colour drawn toward the hue of the target that has its place among dark and light."""
    if not targets:
        return colour
    lab = to_lab(colour)
    ordered = sorted((to_lab(target) for target in targets), key=lambda item: float(item[0]))
    place = min(len(ordered) - 1, int(float(lab[0]) * 0.999 * len(ordered)))
    return from_lab(_toward(lab, ordered[place]))


def _toward(lab: Field, target: Field) -> Field:
    strength, hue = float(np.hypot(target[1], target[2])), float(np.arctan2(target[2], target[1]))
    light, own = float(lab[0]), float(np.hypot(lab[1], lab[2]))
    if strength < 0.035:
        light += (float(target[0]) - light) * 0.38
        return np.array((light, lab[1] * 0.16, lab[2] * 0.16), np.float32)
    turn = (float(np.arctan2(lab[2], lab[1])) - hue + np.pi) % (2 * np.pi) - np.pi
    angle = hue + turn * 0.2
    room = min(1.0, 4.2 * light * (1.02 - light))
    chroma = max(own * 0.7, own * 0.45 + strength * 0.6 * max(0.0, room))
    light += (float(target[0]) - 0.62) * 0.16 * room
    return np.array((light, np.cos(angle) * chroma, np.sin(angle) * chroma), np.float32)
