"""Pictures of nothing: marbled paint, soft meshes, contour maps, silk and cut paper."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import (
    Field,
    Frame,
    blur,
    mix,
    over,
    resize,
    sample,
    slopes,
)
from imageroute_app.adapters.providers.sketch.colour import Ramp, rgb
from imageroute_app.adapters.providers.sketch.noise import fbm, noise
from imageroute_app.adapters.providers.sketch.palettes import inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

MESHES: tuple[tuple[str, ...], ...] = (
    ("#0b1d51", "#1e6091", "#34d1bf", "#7b2cbf", "#ff8fab", "#10002b"),
    ("#ffb4a2", "#ffe5b4", "#6d9dc5", "#e5383b", "#ffcdb2", "#22577a"),
    ("#fde2e4", "#8fd6c4", "#7ea8f8", "#ffab82", "#b78fd6", "#fff6dc"),
    ("#14213d", "#3a0ca3", "#f72585", "#ff9e00", "#4361ee", "#0b132b"),
    ("#083d3f", "#138a72", "#e9d8a6", "#ee9b00", "#ca6702", "#001219"),
    ("#2d1e2f", "#8d3b72", "#f39b6d", "#ffd9a0", "#4a7c9b", "#1b2a41"),
)
PAINTS: tuple[tuple[str, ...], ...] = (
    ("#061a2b", "#0f4c5c", "#5fa8a3", "#f2e8cf", "#d1714c"),
    ("#16071f", "#5a1846", "#c70039", "#ff7b54", "#ffe8c2"),
    ("#0b132b", "#1c3a6e", "#4f8fc0", "#d6e6ee", "#f2c078"),
    ("#1a2417", "#3d5a3a", "#92a878", "#efe9d2", "#c47a4a"),
    ("#1c1230", "#4a2f8f", "#b07bd6", "#f6dfe6", "#f2a07b"),
    ("#120c08", "#4b2a1b", "#b5653a", "#f0d3a4", "#f8f1df"),
)
MAPS: tuple[tuple[str, ...], ...] = (
    ("#173f52", "#5d9aa0", "#efeee2", "#eebd8f", "#b9492f"),
    ("#1b2a41", "#4a6fa5", "#e6ebe8", "#f2cc8f", "#e07a5f"),
    ("#12352b", "#4f8a5b", "#f0efdc", "#e6b35a", "#8a3b2a"),
    ("#2a1a40", "#7a5ba6", "#f0e6ee", "#f5b7a0", "#c8446a"),
)


def _pick(sets: tuple[tuple[str, ...], ...], rng: np.random.Generator) -> tuple[str, ...]:
    return sets[int(rng.integers(len(sets)))]


def _small(frame: Frame, side: int) -> Frame:
    """Return a smaller frame of the same shape, for fields that are soft anyway."""
    scale = min(1.0, side / max(frame.width, frame.height))
    return Frame(max(8, round(frame.width * scale)), max(8, round(frame.height * scale)))


def _paints(reading: Reading, rng: np.random.Generator, sets: tuple[tuple[str, ...], ...]) -> Ramp:
    colours = list(_pick(sets, rng))
    if rng.random() < 0.35 and reading.time != "night":
        colours.reverse()
    return inks_of(reading).even(colours)


def mesh(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A soft mesh of colours with folds of light."""
    frame = Frame(width, height)
    small = _small(frame, 360)
    inks, colours = inks_of(reading), list(_pick(MESHES, rng))
    rng.shuffle(colours)
    bend_x, bend_y = noise(small, 1.6, rng) * np.float32(0.19), noise(small, 1.6, rng) * np.float32(0.19)
    total = np.zeros((small.height, small.width, 3), np.float32)
    weights = np.zeros((small.height, small.width, 1), np.float32)
    grid = [(0.1, 0.1), (0.85, 0.08), (0.5, 0.45), (0.08, 0.8), (0.92, 0.72), (0.48, 1.0)]
    for text, (u, v) in zip(colours, grid, strict=True):
        x, y = small.around(u + float(rng.normal(0, 0.1)), v + float(rng.normal(0, 0.1)))
        near = (x + bend_x) ** 2 + (y + bend_y) ** 2
        share = (float(rng.uniform(0.7, 1.3)) / (near**1.9 + 0.0035))[..., None]
        total += share * inks(text)
        weights += share
    picture = resize(total / weights, width, height)
    crease = noise(_small(frame, 500), float(rng.uniform(0.8, 1.3)), rng)
    crease = resize(0.5 + 0.5 * np.sin(crease * np.float32(rng.uniform(5, 8))), width, height)
    picture *= (0.93 + 0.14 * crease)[..., None]
    return picture


def marble(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Paint drawn through paint, with thin veins of gold."""
    frame = Frame(width, height)
    pull = np.float32(frame.unit * rng.uniform(0.16, 0.26))
    warp_x, warp_y = fbm(frame, 1.8, 5, rng), fbm(frame, 1.8, 5, rng)
    inner = Frame(round(width * 1.5), round(height * 1.5))
    base = fbm(inner, 2.4, 7, rng, stretch=float(rng.uniform(0.6, 1.9)))
    x = np.arange(width, dtype=np.float32)[None, :] + np.float32(width * 0.25) + warp_x * pull
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(height * 0.25) + warp_y * pull
    flow = sample(base, x, y)
    ramp = _paints(reading, rng, PAINTS)
    picture = ramp(0.5 + flow * np.float32(0.62))
    along, down = slopes(blur(flow, 1.5 * frame.short / 1000))
    slope = (along + down) * np.float32(frame.unit / 1000)
    picture *= (0.76 + 0.48 * np.clip(0.5 + slope * 34, 0, 1))[..., None]
    fold = np.abs(np.sin(flow * 9 + warp_x * 4))
    gold = inks_of(reading)("#f2c879")
    picture += (np.exp(-((fold / 0.035) ** 2)) * np.float32(0.36))[..., None] * gold
    return picture


def topo(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A contour map in tints of height."""
    frame = Frame(width, height)
    field = fbm(frame, float(rng.uniform(1.9, 2.8)), 5, rng, gain=0.42)
    steps = field * np.float32(12)
    level = np.round(steps)
    along, down = slopes(steps)
    pixels = np.abs(steps - level) / (np.hypot(along, down) + 1e-5)
    thick = np.where(level % 5 == 0, 1.0, 0.55) * max(0.8, frame.short / 900)
    cover = np.clip(thick - pixels + 0.5, 0, 1) * np.where(level % 5 == 0, 0.78, 0.42)
    bands = np.floor(steps)
    edge = np.clip((steps - bands) / (np.hypot(along, down) + 1e-5), 0, 1)
    shade = _paints(reading, rng, MAPS)
    picture = shade(((bands - 1 + edge) / 12 + 1) / 2)
    relief = np.clip(0.5 - (along + down) * np.float32(frame.unit / 1000 * 3), 0, 1)
    picture *= (0.93 + 0.14 * relief)[..., None]
    over(picture, inks_of(reading)("#23303a"), cover.astype(np.float32))
    return picture


def folds(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Silk in waves: light that slides over a folded cloth."""
    frame = Frame(width, height)
    turn = float(rng.uniform(-0.9, 0.9)) + (np.pi / 2 if rng.random() < 0.4 else 0.0)
    x, y = frame.around(0.5, 0.5)
    across = x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))
    bend = fbm(frame, 0.9, 2, rng, gain=0.35)
    ripple = fbm(frame, 1.7, 2, rng, gain=0.3)
    phase = across * np.float32(rng.uniform(4.0, 6.5)) + bend * np.float32(5.2)
    cloth = np.sin(phase) * 0.55 + np.sin(phase * 2.13 + ripple * 3.4) * 0.24 + np.sin(phase * 0.47 + ripple) * 0.4
    along, down = slopes(cloth.astype(np.float32) * np.float32(frame.short))
    tilt = along * np.float32(np.cos(turn + 0.5)) + down * np.float32(np.sin(turn + 0.5))
    tilt /= np.float32(8.5)
    lit = 1 / (1 + np.exp(-tilt * 2.6))
    ramp = _paints(reading, rng, PAINTS)
    picture = ramp(0.08 + 0.62 * lit + 0.16 * bend + 0.10 * cloth)
    sheen = np.exp(-(((tilt - 0.42) / 0.16) ** 2)) * 0.34 + np.exp(-(((tilt - 0.48) / 0.05) ** 2)) * 0.12
    picture += sheen[..., None].astype(np.float32) * rgb("#fff2e2")
    picture *= (1 - 0.55 * np.exp(-(((tilt + 0.75) / 0.35) ** 2)))[..., None].astype(np.float32)
    return picture


def strata(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Layers of cut paper that open into a lit hollow, each with its shadow on the one below."""
    frame = Frame(width, height)
    ramp = _paints(reading, rng, PAINTS)
    u, v = float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.35, 0.65))
    hollow = frame.distance(u, v) * np.float32(1.25) - 0.62
    field = hollow + fbm(frame, 1.5, 3, rng, gain=0.32) * np.float32(0.34)
    count = int(rng.integers(7, 10))
    picture = frame.plain(ramp(np.array([1.0], np.float32))[0])
    picture *= (1.02 - 0.35 * np.clip(frame.distance(u, v), 0, 1))[..., None]
    pixel = np.hypot(*slopes(field)) + 1e-6
    shift = max(1, round(frame.short * 0.012))
    for number in range(count):
        level = -0.46 + 0.95 * number / count
        sheet = np.clip((field - np.float32(level)) / pixel + 0.5, 0, 1)
        small = resize(sheet, max(2, width // 3), max(2, height // 3))
        shadow = resize(blur(small, frame.short * 0.011 / 3), width, height)
        shadow = np.pad(shadow, ((shift, 0), (shift, 0)), mode="edge")[:height, :width]
        picture *= (1 - 0.5 * np.clip(shadow, 0, 1))[..., None]
        colour = ramp(np.array([1 - (number + 1) / count], np.float32))[0]
        rim = np.clip(1 - (field - np.float32(level)) / (pixel * np.float32(2.4)), 0, 1) * sheet
        over(picture, mix(colour, colour * 0.2 + 0.8, (rim * 0.28)[..., None]), sheet)
    return picture
