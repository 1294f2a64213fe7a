"""One flower, seen from the front: rings of petals with light on their edges and shadow between them."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, mix, over, resize, smooth
from imageroute_app.adapters.providers.sketch.colour import Ramp, rgb
from imageroute_app.adapters.providers.sketch.noise import fbm
from imageroute_app.adapters.providers.sketch.palettes import inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

# Ground (edge, middle), then petals from the heart to the rim.
FLOWERS = (
    ("#0f1d24", "#24424a", "#7a1f3a", "#d1495b", "#f39a8c", "#fde0d2"),
    ("#e9ddcc", "#f8f1e4", "#8f2f4f", "#e0607a", "#f7a8a8", "#fdebe2"),
    ("#141833", "#2f3a6a", "#4a2f8f", "#9a6fd6", "#d9b8f0", "#fbeffa"),
    ("#12261f", "#2b4f3f", "#b8502f", "#f0913f", "#fbc86a", "#fff0c4"),
    ("#dfe6e2", "#f3f5ee", "#2f5f8a", "#6fa6c4", "#b8d8e0", "#f6fbf6"),
    ("#2a1020", "#5a2440", "#3a0f24", "#a8203f", "#e8485a", "#ffb09a"),
)


def bloom(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A dahlia, a lotus or something between them."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    choices = (0, 2, 3, 5) if reading.time == "night" else range(len(FLOWERS))
    texts = FLOWERS[choices[int(rng.integers(len(choices)))]]
    edge, middle = inks(texts[0]), inks(texts[1])
    at = (0.5 + float(rng.normal(0, 0.025)), 0.5 + float(rng.normal(0, 0.02)))
    picture = mix(middle, edge, smooth(0.1, 0.75, frame.distance(*at))[..., None]).astype(np.float32)
    picture *= (1 + 0.05 * fbm(frame, 3, 4, rng))[..., None]
    petals = int(rng.choice((8, 10, 12, 13, 16)))
    rings, size = int(rng.integers(7, 11)), float(rng.uniform(0.43, 0.48))
    shape = (float(rng.uniform(0.55, 1.0)), float(rng.uniform(0.75, 1.25)))
    tones = inks.even(texts[2:])
    x, y = frame.around(*at)
    polar = (np.sqrt(x * x + y * y), np.arctan2(y, x) + np.float32(rng.uniform(0, 6.28)))
    for number in range(rings):
        share = number / (rings - 1)
        radius = size * (1 - 0.80 * share**0.85)
        turn = number * np.pi / petals * (1 + 0.03 * float(rng.normal()))
        near = radius * 1.18 + 0.02
        rows, columns = _reach(y[:, 0], near), _reach(x[0], near)
        patch, local = picture[rows, columns], (polar[0][rows, columns], polar[1][rows, columns])
        _ring(frame.short, patch, local, (petals, radius, turn, share, *shape), tones)
    _heart(frame, picture, at, size * 0.16, inks("#f4cf6a"), rng)
    return picture


def _reach(line: Field, near: float) -> slice:
    """Return the part of a coordinate line that lies near its middle."""
    inside = np.nonzero(np.abs(line) < near)[0]
    return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)


def _ring(
    short: float, picture: Field, polar: tuple[Field, Field],
    ring: tuple[int, float, float, float, float, float], tones: Ramp,
) -> None:  # fmt: skip
    petals, radius, turn, share, blunt, swell = ring
    away, angle = polar
    r = away / np.float32(radius)
    step = 2 * np.pi / petals
    local = (angle + turn) % step - step / 2
    inside = np.clip(r, 0, 1)
    half = step * 0.54 * np.clip(np.sin(np.pi * inside**swell * 0.5 + np.pi * 0.5 * inside**4), 0, 1) ** blunt
    half = np.maximum(half, np.where(r < 0.55, step * 0.5, 0))
    half = np.where(r < 1, half, 0)
    cover = np.clip((half - np.abs(local)) * away * short / 1.4 + 0.5, 0, 1) * (r < 1.0)
    cover = cover.astype(np.float32)
    _shade(short, picture, cover, share)
    bent = np.abs(local) / np.maximum(half, 1e-3)
    tone = np.clip(0.10 + 0.80 * inside**1.2 - 0.22 * share - 0.10 * bent**2, 0, 1)
    colour = tones(tone.astype(np.float32))
    vein = 0.035 * np.cos(local / step * 44) * smooth(0.1, 0.6, inside) * (1 - smooth(0.75, 1.0, inside))
    fold = (
        1.0
        - 0.20 * np.exp(-((local / (step * 0.035)) ** 2)) * (1 - inside)
        + 0.10 * np.exp(-(((bent - 0.92) / 0.07) ** 2))
    )
    side = 1.0 + 0.10 * np.sin(angle - 2.2) + 0.09 * np.sign(local) * (1 - bent)
    over(picture, np.clip(colour * ((fold + vein) * side)[..., None], 0, 1).astype(np.float32), cover)


def _shade(short: float, picture: Field, cover: Field, share: float) -> None:
    """Darken what lies under a ring, a little below it, in place."""
    height, width = cover.shape
    drop = short * (0.022 - 0.012 * share)
    soft = resize(blur(resize(cover, max(2, width // 3), max(2, height // 3)), drop / 3), width, height)
    down = max(1, round(drop * 0.5))
    soft = np.pad(soft, ((down, 0), (0, 0)), mode="edge")[:height]
    picture *= (1 - 0.50 * np.clip(soft, 0, 1))[..., None]


def _heart(
    frame: Frame, picture: Field, at: tuple[float, float], size: float, gold: Field, rng: np.random.Generator
) -> None:
    """Fill the middle with seeds along the golden angle."""
    over(picture, gold * np.float32(0.30), frame.disc(*at, size * 1.04, size * 0.12))
    x, y = frame.around(*at)
    for k in range(90):
        far, turn = size * np.sqrt((k + 0.5) / 90), k * 2.39996
        cx, cy = far * np.cos(turn), far * np.sin(turn)
        reach = size * (0.055 + 0.05 * k / 90)
        columns, rows = np.abs(x[0] - cx) < reach * 1.3, np.abs(y[:, 0] - cy) < reach * 1.3
        if not columns.any() or not rows.any():
            continue
        near = np.sqrt((x[:, columns] - cx) ** 2 + (y[rows] - cy) ** 2)
        dot = np.clip((reach - near) * frame.short / 1.3 + 0.5, 0, 1).astype(np.float32)
        light = 0.62 + 0.38 * np.clip(1 - ((x[:, columns] - cx) + (y[rows] - cy)) / reach, 0, 2) / 2
        patch = picture[np.ix_(rows, columns)]
        tone = mix(gold * np.float32(0.75), mix(gold, rgb("#fff6da"), 0.35), k / 90)
        over(patch, (tone * light[..., None]).astype(np.float32), dot)
        picture[np.ix_(rows, columns)] = patch
