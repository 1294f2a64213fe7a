"""Walls in strong light: an arch, a stair, a round shadow, a strip of sky."""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, over
from imageroute_app.adapters.providers.sketch.noise import fbm
from imageroute_app.adapters.providers.sketch.palettes import Inks, inks_of
from imageroute_app.adapters.providers.sketch.plate import Plate
from imageroute_app.adapters.providers.sketch.words import Reading

# Sky, wall in light, wall in shade, floor, reveal, opening, disc, tread, riser.
HOUSES = (
    ("#9fd0d8", "#e98b76", "#b9546a", "#f2c48d", "#7c3350", "#f7dcae", "#f08a4b", "#fbd9a6", "#ea9f68"),
    ("#f6c8a4", "#d9774f", "#8f3f4f", "#edb98a", "#5a2438", "#f9e2bd", "#e2574c", "#f8cfa0", "#d98a5c"),
    ("#bfe0dc", "#f0c5b0", "#c98f86", "#f3e2cc", "#8a5560", "#5fa8b0", "#f6e6b0", "#f9ecd9", "#e3b79c"),
    ("#f4d9c0", "#5f7fb0", "#34508a", "#d9c3b0", "#1f2f5a", "#f6d8a8", "#e8744f", "#eadbc8", "#b89f94"),
    ("#cfe3e8", "#f2b84b", "#c9822f", "#f6dfae", "#7a4420", "#f9eccb", "#d1495b", "#fbe6b4", "#e0a145"),
)
NIGHT = ("#141a3c", "#4a4f8f", "#2b2c5f", "#6a5a8a", "#171638", "#f2b56b", "#fff0c9", "#8a7aa8", "#544a80")


class _Stage:
    """Maps the drawing's own units (0..0.8 across, 0..1 down) to pixels, and mirrors it when asked."""

    def __init__(self, frame: Frame, plate: Plate, *, mirrored: bool) -> None:
        self.scale = min(frame.width / 0.8, frame.height / 1.0)
        self.left, self.top = (frame.width - 0.8 * self.scale) / 2, (frame.height - self.scale) / 2
        self.plate, self.mirrored, self.width = plate, mirrored, frame.width

    def at(self, x: float, y: float) -> tuple[float, float]:
        px, py = self.left + x * self.scale, self.top + y * self.scale
        return (self.width - px if self.mirrored else px), py

    def shape(self, points: list[tuple[float, float]], colour: Field | None = None) -> None:
        self.plate.polygon([self.at(x, y) for x, y in points], colour)


def _opening(x0: float, x1: float, top: float, floor: tuple[float, float]) -> list[tuple[float, float]]:
    """Return a round-headed opening whose foot follows the floor (height at 0 and slope)."""
    radius, middle = (x1 - x0) / 2, (x0 + x1) / 2
    turns = [math.pi * k / 40 for k in range(41)]
    head = [(middle - radius * math.cos(a), top + radius - radius * math.sin(a)) for a in turns]
    return [*head, (x1, floor[0] + floor[1] * x1), (x0, floor[0] + floor[1] * x0)]


def arch(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """An archway and a stair under a low sun."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    house = NIGHT if reading.time == "night" else HOUSES[int(rng.integers(len(HOUSES)))]
    colours = [inks(text) for text in house]
    plate = Plate(frame, colours[0])
    stage = _Stage(frame, plate, mirrored=rng.random() < 0.5)
    corner, floor = float(rng.uniform(0.50, 0.58)), (0.90, -0.19)
    foot = floor[0] + floor[1] * corner
    _walls(stage, colours, corner, floor)
    x0, top = float(rng.uniform(0.09, 0.15)), float(rng.uniform(0.24, 0.34))
    x1, depth = corner - float(rng.uniform(0.10, 0.16)), float(rng.uniform(0.03, 0.06))
    stage.shape(_opening(x0, x1, top, floor), colours[4])
    inner = _opening(x0 + depth, x1, top, (floor[0] - 0.008, floor[1]))
    stage.shape([(max(x, x0 + depth), y) for x, y in inner], colours[5])
    middle, disc = (x0 + depth + x1) / 2, (x1 - x0) * float(rng.uniform(0.15, 0.24))
    plate.circle(*stage.at(middle, top + (x1 - x0) * float(rng.uniform(0.55, 0.85))), disc * stage.scale, colours[6])
    _stair(stage, colours, (corner, foot), int(rng.integers(6, 9)))
    picture = plate.picture()
    _shadows(frame, picture, stage, rng)
    _warmth(frame, picture, inks, stage, reading)
    picture *= (1.02 + 0.016 * fbm(frame, 30, 4, rng, gain=0.6))[..., None]
    return picture


def _walls(stage: _Stage, colours: list[Field], corner: float, floor: tuple[float, float]) -> None:
    foot = floor[0] + floor[1] * corner
    stage.shape([(-9, -3), (corner, -3), (corner, foot), (-9, floor[0] - 9 * floor[1])], colours[1])
    far = corner + 6
    stage.shape([(corner, 0.13), (far, 0.13 - 6 * 0.24), (far, foot + 6 * 0.21), (corner, foot)], colours[2])
    stage.shape([(-9, floor[0] - 9 * floor[1]), (corner, foot), (far, foot + 6 * 0.21), (far, 9), (-9, 9)], colours[3])


def _stair(stage: _Stage, colours: list[Field], start: tuple[float, float], steps: int) -> None:
    x0, foot = start
    tread, rise = 0.055, 0.048
    for k in range(steps + 12):
        x = x0 + 0.035 + k * tread
        ground, top = foot + 0.075 + (x - x0) * 0.10, foot + 0.045 - (k + 1) * rise
        front = [(x, top), (x + tread, top + 0.011), (x + tread, ground + 0.0105), (x, ground)]
        stage.shape(front, colours[8] if k % 2 else colours[8] * np.float32(0.96))
        stage.shape(
            [(x, top), (x + tread, top + 0.011), (x + tread + 0.03, top - 0.009), (x + 0.03, top - 0.020)], colours[7]
        )


def _shadows(frame: Frame, picture: Field, stage: _Stage, rng: np.random.Generator) -> None:
    """Cast a slanting shadow on the lit wall and one at the foot of the walls."""
    mask = Plate(frame)
    cast = _Stage(frame, mask, mirrored=stage.mirrored)
    reach = float(rng.uniform(0.28, 0.5))
    cast.shape([(-9, -3), (reach + 1.6, -3), (reach, 0.0), (-0.32, reach * 1.7), (-9, reach * 1.7 + 14)])
    shade = blur(mask.mask(), frame.short * 0.003)
    picture *= (1 - 0.17 * shade)[..., None]
    picture *= (1.05 - 0.17 * frame.v)[..., None]


def _warmth(frame: Frame, picture: Field, inks: Inks, stage: _Stage, reading: Reading) -> None:
    if reading.time in ("golden", "dusk", "dawn"):
        over(picture, inks("#f7a55a"), np.broadcast_to(0.14 + 0.10 * frame.v, picture.shape[:2]).astype(np.float32))
    u = stage.at(0.3, 0)[0] / frame.width
    add(picture, inks("#ffe2b0"), frame.glow(u, 0.5, 0.42, 2.2) * np.float32(0.16))
