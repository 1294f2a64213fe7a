"""Lines that follow a field: tapering ribbons on paper, or threads of light in the dark."""

import numpy as np
from numpy.typing import NDArray

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, resize, sample
from imageroute_app.adapters.providers.sketch.noise import fbm, noise
from imageroute_app.adapters.providers.sketch.palettes import inks_of
from imageroute_app.adapters.providers.sketch.plate import Plate, ribbon
from imageroute_app.adapters.providers.sketch.words import Reading

Index = NDArray[np.int32]
PAPERS = (
    ("#f4ecdf", "#14213d", "#1f4e79", "#3a86a8", "#f4a261", "#e76f51", "#9d2a3b"),
    ("#f1ead9", "#1f2d2a", "#2f5d4d", "#6a994e", "#c9b458", "#e0803c", "#a33b2a"),
    ("#f6efe6", "#2a1a40", "#5a3b8a", "#a05ab0", "#e58aa8", "#f4b9a0", "#d1495b"),
    ("#111a24", "#2f6a8a", "#5fb0b8", "#a8dcc8", "#f2e8c4", "#f4b062", "#e8694f"),
    ("#efe7d8", "#101418", "#26303a", "#4a5560", "#8a8f8f", "#b3402e", "#d8503a"),
)
GLOWS = (
    ("#090b14", "#1b3a8b", "#2962ff", "#00c2d1", "#b388ff", "#ff4d8d", "#ffd166"),
    ("#080d0c", "#0f5a4a", "#1fb08a", "#8fe0a0", "#f4f0a0", "#f2a65a", "#3a8fb0"),
    ("#0f0712", "#5a1f8a", "#c23fa0", "#ff6f7a", "#ffb36b", "#ffe9a8", "#6a5cff"),
)


def trace(frame: Frame, rng: np.random.Generator, *, count: int, steps: int, stride: float) -> tuple[Field, Field]:
    """Return paths (steps x count, in shares of width and height) of points that follow a random field."""
    scale = min(1.0, 256 / max(frame.width, frame.height))
    small = Frame(max(8, round(frame.width * scale)), max(8, round(frame.height * scale)))
    turns, cells = np.pi * float(rng.uniform(1.1, 1.7)), float(rng.uniform(1.2, 2.1))
    angle = fbm(small, cells, 2, rng, gain=0.4) * np.float32(turns) + np.float32(rng.uniform(0, 6.28))
    across = np.cos(angle) * np.float32(stride * frame.unit / frame.width)
    down = np.sin(angle) * np.float32(stride * frame.unit / frame.height)
    heading = np.stack([across, down], -1)
    u, v = rng.uniform(-0.1, 1.1, count).astype(np.float32), rng.uniform(-0.1, 1.1, count).astype(np.float32)
    path_u, path_v = np.empty((steps, count), np.float32), np.empty((steps, count), np.float32)
    for step in range(steps):
        path_u[step], path_v[step] = u, v
        move = sample(heading, u * small.width - 0.5, v * small.height - 0.5)
        u, v = u + move[:, 0], v + move[:, 1]
    return path_u, path_v


def flow(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Choose paper by day and light by night; else either."""
    frame = Frame(width, height)
    dark = reading.time == "night" or reading.style == "neon" or (reading.time == "" and rng.random() < 0.3)
    return _threads(reading, frame, rng) if dark else _ribbons(reading, frame, rng)


def _hues(frame: Frame, at: tuple[Field, Field], rng: np.random.Generator, count: int) -> Index:
    """Return for each line the number of its colour: neighbours share it, with some strays."""
    small = Frame(max(8, round(96 * frame.width / frame.unit)), max(8, round(96 * frame.height / frame.unit)))
    field = noise(small, 1.5, rng)
    near = sample(field, at[0] * small.width - 0.5, at[1] * small.height - 0.5)
    stray = rng.normal(0, 0.13, near.size)
    return np.clip(((near * 0.36 + 0.5 + stray) * count), 0, count - 1).astype(np.int32)


def _ribbons(reading: Reading, frame: Frame, rng: np.random.Generator) -> Field:
    inks = inks_of(reading)
    paper, *colours = (inks(text) for text in PAPERS[int(rng.integers(len(PAPERS)))])
    count, steps = 2600, 64
    path_u, path_v = trace(frame, rng, count=count, steps=steps, stride=float(rng.uniform(0.0042, 0.0060)))
    hues = _hues(frame, (path_u[0], path_v[0]), rng, len(colours))
    plate = Plate(frame, paper)
    taper = np.sin(np.pi * np.linspace(0.02, 1, steps)) ** 0.7
    widths, lengths = rng.uniform(0.25, 1.0, count) ** 1.4, rng.uniform(0.35, 1.0, count)
    broad = frame.unit * float(rng.uniform(0.0085, 0.013))
    for k in range(count):
        x, y = path_u[:, k] * frame.width, path_v[:, k] * frame.height
        last = max(8, int(steps * lengths[k]))
        if x[:last].max() < 0 or y[:last].max() < 0 or x[:last].min() > frame.width or y[:last].min() > frame.height:
            continue
        thin = np.interp(np.linspace(0, 1, last), np.linspace(0, 1, steps), taper) * broad * widths[k] + 0.3
        plate.polygon(ribbon(x[:last], y[:last], thin.astype(np.float32)), colours[int(hues[k])])
    return plate.picture()


def _threads(reading: Reading, frame: Frame, rng: np.random.Generator) -> Field:
    inks = inks_of(reading)
    ground, *colours = (inks(text) for text in GLOWS[int(rng.integers(len(GLOWS)))])
    count, steps = 5200, 260
    path_u, path_v = trace(frame, rng, count=count, steps=steps, stride=0.0013)
    hues = _hues(frame, (path_u[0], path_v[0]), rng, len(colours))
    fade = np.sin(np.pi * np.linspace(0, 1, steps)).astype(np.float32)
    power = rng.uniform(0.2, 1.0, count).astype(np.float32) ** 2
    picture = frame.plain(ground)
    picture *= (1.3 - 0.6 * frame.distance(0.5, 0.5))[..., None]
    share = np.float32(frame.width * frame.height / (count * steps))
    for number, colour in enumerate(colours):
        chosen = hues == number
        strength = (fade[:, None] * power[None, chosen]).ravel()
        light = _deposit(frame, path_u[:, chosen].ravel(), path_v[:, chosen].ravel(), strength) * share
        halo = resize(light, max(2, frame.width // 4), max(2, frame.height // 4))
        halo = resize(blur(halo, frame.short * 0.006 / 4), frame.width, frame.height)
        picture += (1.9 * light / (1 + 0.55 * light) + 0.75 * np.clip(halo, 0, None))[..., None] * colour
    return 1 - np.exp(-picture * np.float32(1.15))


def _deposit(frame: Frame, u: Field, v: Field, strength: Field) -> Field:
    """Return how much light lies in each pixel."""
    column, row = (u * frame.width).astype(np.int32), (v * frame.height).astype(np.int32)
    inside = (u >= 0) & (v >= 0) & (column < frame.width) & (row < frame.height)
    cells = row[inside] * frame.width + column[inside]
    light = np.bincount(cells, weights=strength[inside], minlength=frame.width * frame.height)
    return light.reshape(frame.height, frame.width).astype(np.float32)
