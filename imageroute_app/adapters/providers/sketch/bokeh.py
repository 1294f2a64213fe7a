"""Lights out of focus behind a wet window."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, resize, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.palettes import inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

NIGHTS = (
    ("#070a18", "#151a3a", "#ff5d73", "#ffb347", "#4fd1ff", "#b08cff", "#ffe29a", "#2fe6b0"),
    ("#0c0716", "#2a1438", "#ff7ab8", "#ff9a5a", "#ffd27a", "#c08cff", "#ff5d5d", "#ffc9e0"),
    ("#05120f", "#0f2f33", "#ffd27a", "#7fe6c0", "#ffe9b8", "#4fc0d8", "#ffb05a", "#b8f0a0"),
    ("#140a05", "#3a1f10", "#ffb347", "#ff8a3c", "#ffe0a0", "#ff6a4a", "#fff0cf", "#ffd070"),
)


def bokeh(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Discs of light over a dark street, some drops on the glass."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    dark, mid, *texts = NIGHTS[int(rng.integers(len(NIGHTS)))]
    colours = [inks(text) for text in texts]
    level = float(rng.uniform(0.42, 0.58))
    ramp = inks.ramp((0.0, dark), (level, mid), (1.0, dark))
    picture = np.repeat(ramp(frame.v[:, 0])[:, None, :], width, 1)
    area = width * height / frame.short**2
    for _ in range(int(16 * area)):
        at = (float(rng.random()), level + float(rng.normal(0, 0.12)))
        glow = _glow(frame, *at, 0.10 + 0.16 * float(rng.random()))
        picture += glow[..., None] * colours[int(rng.integers(6))] * np.float32(0.085)
    for number in range(int(95 * area)):
        _disc(frame, picture, number / (95 * area), level, colours[int(rng.integers(6))], rng)
    _street(frame, picture, level)
    if reading.weather in ("rain", "storm") or reading.has("window", "glass", "raindrops") or rng.random() < 0.5:
        _drops(frame, picture, rng, int(210 * area))
    return picture


def _glow(frame: Frame, u: float, v: float, radius: float) -> Field:
    small = Frame(max(8, frame.width // 8), max(8, frame.height // 8))
    return resize(np.exp(-((small.distance(u, v) / radius) ** 2)).astype(np.float32), frame.width, frame.height)


def _patch(frame: Frame, u: float, v: float, reach: float) -> tuple[slice, slice, Field, Field]:
    x, y = frame.around(u, v)
    columns, rows = np.nonzero(np.abs(x[0]) < reach)[0], np.nonzero(np.abs(y[:, 0]) < reach)[0]
    if not columns.size or not rows.size:
        return slice(0, 0), slice(0, 0), x[:, :0], y[:0]
    across, down = slice(int(columns[0]), int(columns[-1]) + 1), slice(int(rows[0]), int(rows[-1]) + 1)
    return down, across, x[:, across], y[down]


def _disc(frame: Frame, picture: Field, share: float, level: float, colour: Field, rng: np.random.Generator) -> None:
    """Add one light; the share runs from the far and small to the near, large and faint."""
    radius = 0.012 + 0.075 * share**1.7 * float(rng.uniform(0.5, 1.3))
    u, v = float(rng.random()), level + float(rng.normal(0, 0.07 + 0.22 * share))
    down, across, x, y = _patch(frame, u, v, radius * 1.15)
    away = np.sqrt(x * x + y * y)
    soft = max(1.6 / frame.short, radius * 0.07)
    body = np.clip((radius - away) / soft + 0.5, 0, 1)
    rim = np.exp(-(((away - radius * 0.93) / (radius * 0.075)) ** 2)) * body
    power = float(rng.uniform(0.35, 1.0)) * (1.15 - 0.72 * share)
    light = (body * (0.30 + 0.10 * (away / radius) ** 2) + rim * 0.30) * power
    patch = picture[down, across]
    patch += (1 - 0.6 * np.clip(patch, 0, 1)) * light[..., None].astype(np.float32) * colour


def _street(frame: Frame, picture: Field, level: float) -> None:
    """Let the wet street below give the lights back, drawn out downward."""
    turn = 2 * level + 0.24
    rows = np.clip(((turn - frame.v[:, 0]) * frame.height).astype(np.int32), 0, frame.height - 1)
    small_w = max(4, frame.width // 3)
    mirrored = resize(picture[rows], small_w, max(4, frame.height // 3))
    mirrored = blur(mirrored, frame.short * 0.002, frame.short * 0.016)
    wet = smooth(level + 0.12, level + 0.28, frame.v)
    picture += resize(mirrored, frame.width, frame.height) * (wet * np.float32(0.5))[..., None]


def _drops(frame: Frame, picture: Field, rng: np.random.Generator, count: int) -> None:
    """Set drops on the glass; each shows the lights upside down."""
    behind = picture.copy()
    for _ in range(count):
        radius = 0.0035 + 0.013 * float(rng.random()) ** 3
        u, v = float(rng.random()), float(rng.random())
        down, across, x, y = _patch(frame, u, v, radius * 1.4)
        px, py = x / np.float32(radius), y / np.float32(radius * 1.12)
        inside = np.sqrt(px * px + py * py)
        cover = np.clip((1 - inside) * radius * frame.short / 1.3 + 0.5, 0, 1)[..., None].astype(np.float32)
        rows = np.clip(((v - py * 0.16) * frame.height).astype(np.int32), 0, frame.height - 1)
        columns = np.clip(((u - px * 0.10) * frame.width).astype(np.int32), 0, frame.width - 1)
        seen = behind[rows, columns] * np.float32(1.25)
        edge = np.clip(1.25 - inside**4 * 0.75, 0, 2)[..., None]
        shine = np.exp(-(((px + 0.35) ** 2 + (py + 0.42) ** 2) / 0.045))[..., None] * rgb("#ffffff") * 0.5
        patch = picture[down, across]
        patch += ((seen * edge + shine + 0.02) - patch) * cover * np.float32(0.9)
