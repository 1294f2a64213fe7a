"""A lighthouse on its cliff, and the beam over the sea."""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, mix, over, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.light import heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.noise import fbm, line
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.plate import Plate
from imageroute_app.adapters.providers.sketch.water import beam, lay_sea, waves
from imageroute_app.adapters.providers.sketch.words import Reading

NIGHTS = (
    Sky("#0a1a2f", "#163a55", "#35697c", "#78a5a0", "#3f6f7c", "#081019", "#ffe7a8"),
    Sky("#0d1030", "#23275a", "#4d4a86", "#a98aa8", "#4b4a80", "#090a1c", "#ffe0b0"),
    Sky("#07181c", "#12414a", "#2f766f", "#8fb89a", "#3a6f6c", "#051012", "#fff0b8"),
)
PAINTS = (("#f1e9dc", "#d8433b"), ("#f1ece2", "#274b7a"), ("#efe6d6", "#1f2328"), ("#f3e9d8", "#c2502f"))


def lighthouse(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A banded tower with its lamp lit."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    dark = reading.time in ("", "night") and reading.weather != "storm"
    sky = NIGHTS[int(rng.integers(len(NIGHTS)))] if dark else sky_of(reading, rng, ("dusk",))
    horizon = float(rng.uniform(0.66, 0.71))
    picture = heaven(frame, sky, inks, horizon)
    right = rng.random() < 0.6
    tower_u = 0.5 + (0.16 if right else -0.16) * min(1.6, width / frame.short)
    if dark:
        add(picture, rgb("#eaf0ff"), stars(frame, rng, count=600, lowest=horizon))
    else:
        at = (1 - tower_u, horizon - float(rng.uniform(0.02, 0.2)), 0.05)
        sun_disc(frame, picture, at, sun_of(reading, sky), 0.7)
    over(picture, inks(sky.low), veil(frame, rng) * np.float32(0.30))
    lamp = rgb("#ffe7a8") if dark else sun_of(reading, sky)
    road = tower_u - 0.24 if right else tower_u + 0.24
    lay_sea(
        frame,
        picture,
        horizon,
        (road if dark else 1 - tower_u, lamp * np.float32(0.75)),
        (sky, inks),
        waves(frame, horizon, rng, 0.6),
    )
    top = (tower_u, 0.30)
    strong = 1.0 if dark else 0.35
    seaward = math.pi + 0.10 if right else -0.10
    for angle, spread, power in ((seaward, 0.085, 0.95), (math.pi - seaward, 0.10, 0.5)):
        add(picture, rgb("#ffe7a8"), beam(frame, top, angle, spread) * np.float32(power * strong))
    _cliff(frame, picture, (tower_u, right), (sky, inks), rng)
    _tower(frame, picture, top, PAINTS[int(rng.integers(len(PAINTS)))], strong)
    add(picture, rgb("#ffedb8"), frame.glow(*top, 0.042, 2.3) * np.float32(0.85 * strong + 0.1))
    return picture


FOOT = 0.63


def _cliff(
    frame: Frame, picture: Field, place: tuple[float, bool], colours: tuple[Sky, Inks], rng: np.random.Generator
) -> None:
    (tower_u, right), (sky, inks) = place, colours
    wide = frame.width / frame.short
    x = (frame.u[0] - np.float32(tower_u)) * np.float32(wide) * (1 if right else -1)
    rise = smooth(-0.34, -0.08, x)
    rough = line(frame.width, 7 * frame.width / frame.unit, 6, rng, 0.55)
    steps = line(frame.width, 20 * frame.width / frame.unit, 3, rng, 0.5)
    flat = smooth(0.10, 0.0, np.abs(x))
    profile = 1.02 - (1.02 - FOOT - 0.004) * rise + (rough * 0.030 + steps * 0.006) * (1 - flat) * (0.35 + rise)
    profile += np.clip(x - 0.1, 0, 2) * 0.06
    cover = frame.below(profile.astype(np.float32))
    stone = fbm(frame, 9, 6, rng, gain=0.58, stretch=0.6)
    lean = np.gradient(stone, axis=1) * np.float32(frame.unit / 22) - np.gradient(stone, axis=0) * np.float32(
        frame.unit / 34
    )
    lit = np.clip(0.5 + lean * 0.4, 0, 1)
    depth = frame.v - profile[None, :]
    crown = np.exp(-np.clip(depth, 0, 1) / 0.035) * np.exp(-np.abs(x)[None, :] / 0.35)
    ramp = inks.ramp((0.0, sky.near), (1.0, sky.high))
    tone = ramp(np.clip(0.04 + 0.22 * lit + 0.22 * crown * lit, 0, 1).astype(np.float32))
    grass = np.exp(-np.clip(depth, 0, 1) / 0.010)[..., None] * 0.30
    over(picture, mix(tone, inks(sky.low), grass.astype(np.float32)), cover)


def _tower(frame: Frame, picture: Field, top: tuple[float, float], paint: tuple[str, str], strong: float) -> None:
    """Build the tower: banded shaft, gallery, lantern and dome, in shares of the short side."""
    s, x, y = frame.short, top[0] * frame.width, top[1] * frame.height
    foot = FOOT * frame.height + s * 0.012
    unit = min(s * 0.001, (foot - y) / 330)
    plate, mask = Plate(frame, rgb(paint[0])), Plate(frame)
    head, wide_top, wide_foot = y + 20 * unit, 21 * unit, 33 * unit
    bands = 7
    for k in range(bands):
        a, b = k / bands, (k + 1) / bands
        ya, yb = head + (foot - head) * a, head + (foot - head) * b
        plate.rectangle(0, ya, frame.width, yb, rgb(paint[k % 2]))
    shaft = [(x - wide_top, head), (x + wide_top, head), (x + wide_foot, foot), (x - wide_foot, foot)]
    mask.polygon(shaft)
    body = plate.picture()
    across = (frame.u * frame.width - np.float32(x)) / np.float32(wide_foot)
    light = 1.02 - 0.30 * smooth(-0.6, 1.0, across) - 0.25 * smooth(0.3, -1.0, across)
    level = 0.62 + 0.38 * np.exp(-np.clip(frame.v * frame.height - head, 0, None) / np.float32(0.5 * (foot - head)))
    over(picture, (body * (light * level * (0.72 if strong > 0.5 else 1.0))[..., None]).astype(np.float32), mask.mask())
    _lantern(frame, picture, (x, y, unit), paint)


def _lantern(frame: Frame, picture: Field, at: tuple[float, float, float], paint: tuple[str, str]) -> None:
    x, y, k = at
    iron, glass = Plate(frame), Plate(frame)
    iron.rectangle(x - 29 * k, y + 15 * k, x + 29 * k, y + 21 * k)
    for post in range(-4, 5):
        iron.rectangle(x + (post * 7 - 0.7) * k, y + 5 * k, x + (post * 7 + 0.7) * k, y + 16 * k)
    iron.rectangle(x - 29 * k, y + 4 * k, x + 29 * k, y + 6 * k)
    glass.rectangle(x - 14 * k, y - 14 * k, x + 14 * k, y + 15 * k)
    dome = Plate(frame)
    dome.wedge(x, y - 13 * k, 18 * k, (180, 360))
    dome.rectangle(x - 19 * k, y - 15 * k, x + 19 * k, y - 12 * k)
    dome.circle(x, y - 33 * k, 3.4 * k)
    dome.rectangle(x - 0.9 * k, y - 48 * k, x + 0.9 * k, y - 30 * k)
    over(picture, rgb("#fff3c4"), glass.mask())
    bars = Plate(frame)
    for bar in (-14, -5, 5, 14):
        bars.rectangle(x + (bar - 0.8) * k, y - 14 * k, x + (bar + 0.8) * k, y + 15 * k)
    over(picture, rgb("#2a1a16"), bars.mask())
    over(picture, rgb("#141a20"), iron.mask())
    roof = rgb(paint[1]) if float(rgb(paint[1]).mean()) < 0.8 else rgb("#7a2a22")
    over(picture, roof * np.float32(0.62), dome.mask())
