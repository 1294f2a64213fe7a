"""Clouds as heaps of lit puffs."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, over, resize, slopes, smooth
from imageroute_app.adapters.providers.sketch.colour import Ramp
from imageroute_app.adapters.providers.sketch.light import heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.noise import fbm, line
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.words import Reading

Puff = tuple[float, float, float]


def clouds(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Heaps of cloud before a low sun, the near ones in shadow."""
    frame = Frame(width, height)
    sky = sky_of(reading, rng, ("day", "golden", "dusk", "dawn"))
    inks = inks_of(reading)
    picture = heaven(frame, sky, inks, 0.95)
    if reading.time == "night":
        over(picture, inks(sky.sun), stars(frame, rng, count=900).clip(0, 1))
    at = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.26, 0.46)), 0.04)
    sun_disc(frame, picture, at, sun_of(reading, sky), 0.75)
    over(picture, inks(sky.horizon), veil(frame, rng) * np.float32(0.4))
    small = Frame(max(8, round(width * 0.6)), max(8, round(height * 0.6)))
    for number, base in enumerate((0.66, 0.80, 0.97)):
        height_of = _heap(small, _puffs(small, base, 0.045 + 0.035 * number, rng), rng)
        lit, cover = _lit(small, height_of, at)
        share = number / 2
        tone = _tones(inks, sky, share)(lit)
        haze = smooth(base - 0.10, base + 0.20, small.v) * (0.75 - 0.25 * share)
        over(tone, inks(sky.horizon if number < 2 else sky.haze), np.broadcast_to(haze, lit.shape).astype(np.float32))
        over(picture, np.clip(resize(tone, width, height), 0, 1), np.clip(resize(cover, width, height), 0, 1))
    return picture


def _tones(inks: Inks, sky: Sky, share: float) -> Ramp:
    shadow = sky.haze if share < 0.3 else sky.high
    return inks.ramp((0.0, shadow), (0.42, sky.haze), (0.72, sky.horizon), (1.0, "#fffaf2"))


def _puffs(frame: Frame, base: float, size: float, rng: np.random.Generator) -> list[Puff]:
    """Return x, y and radius (shares of the short side) of balls that make a bank with towers."""
    wide, high = frame.width / frame.short, frame.height / frame.short
    crest = line(256, 2.2 * frame.width / frame.unit, 3, rng, 0.55)
    puffs: list[Puff] = []
    for _ in range(int(1.65 * wide / size)):
        x = float(rng.uniform(-0.05, 1.05))
        tower = max(0.0, float(crest[min(255, max(0, int(x * 255)))]) + 0.3)
        top, radius = float(rng.random()) ** 1.4 * tower * size * 3.2, size * float(rng.uniform(0.8, 1.5))
        steps = 1 + int(top / (radius * 0.7))
        for step in range(steps):  # a tower is a column of balls, so that none floats on its own
            narrow, shake = 1 - 0.45 * step / steps, float(rng.normal(0, 0.22)) * radius
            puffs.append((x * wide + shake, base * high - top * step / steps, radius * narrow))
    for x, y, radius in puffs[:]:
        for _ in range(4):
            turn, reach = float(rng.uniform(-2.9, -0.25)), float(rng.uniform(0.75, 0.98))
            small = radius * float(rng.uniform(0.25, 0.5))
            puffs.append((x + np.cos(turn) * radius * reach, y + np.sin(turn) * radius * reach, small))
    return puffs


def _heap(frame: Frame, puffs: list[Puff], rng: np.random.Generator) -> Field:
    """Return how far each point of the bank stands toward us; below 0 there is none."""
    x, y = frame.around(0.0, 0.0)
    x = x + fbm(frame, 13, 4, rng, gain=0.55) * np.float32(0.011)
    y = y + fbm(frame, 13, 4, rng, gain=0.55) * np.float32(0.011)
    height = np.full((frame.height, frame.width), -0.05, np.float32)
    floor = max(py for _, py, _ in puffs)
    height = np.maximum(height, np.minimum((y - np.float32(floor + 0.02)) * np.float32(0.8), 0.10))
    for px, py, radius in puffs:
        left, right = ((px + side * radius * 1.25) * frame.short for side in (-1, 1))
        top, bottom = ((py + side * radius * 1.25) * frame.short for side in (-1, 1))
        columns, rows = (
            slice(max(0, int(left)), max(0, int(right) + 1)),
            slice(max(0, int(top)), max(0, int(bottom) + 1)),
        )
        patch = height[rows, columns]
        if patch.size:
            near = (x[rows, columns] - np.float32(px)) ** 2 + (y[rows, columns] - np.float32(py)) ** 2
            bump = np.sqrt(np.clip(radius * radius - near, 0, None)) - 0.06 * radius
            bump = np.where(near < radius * radius, bump, -0.05)
            height[rows, columns] = np.maximum(patch, bump)
    return height


def _lit(frame: Frame, height: Field, at: tuple[float, float, float]) -> tuple[Field, Field]:
    """Return light and cover of a bank that is lit from a place in the sky."""
    cover = smooth(-0.012, 0.016, blur(height, frame.short * 0.0012))
    body = np.maximum(height, 0)
    along, down = slopes(blur(body, frame.short * 0.0035) * np.float32(frame.short))
    broad_x, broad_y = slopes(blur(body, frame.short * 0.02) * np.float32(frame.short))
    x, y = frame.around(at[0], at[1])
    away = np.sqrt(x * x + y * y) + np.float32(0.15)
    toward = ((along * 0.55 + broad_x) * (x / away) + (down * 0.55 + broad_y) * (y / away)) * 0.55
    top = (down * 0.4 + broad_y) * 0.30
    lit = 0.42 + np.tanh(toward * 0.8) * 0.30 + np.tanh(top) * 0.26
    rim = np.exp(-np.clip(height, 0, 1) / 0.012) * np.exp(-away * 2.0) * 0.8
    return np.clip(lit + rim + 0.18 * np.exp(-away * 2.5), 0, 1).astype(np.float32), cover
