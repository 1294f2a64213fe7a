"""Plants as prints: fronds before a sun, cut paper leaves, a field of flowers."""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, mix, over
from imageroute_app.adapters.providers.sketch.palettes import flats_of, inks_of
from imageroute_app.adapters.providers.sketch.plate import Plate, petal, turned
from imageroute_app.adapters.providers.sketch.words import Reading

GROVES = (
    ("#c4613f", "#f0b58a", "#7d2f24", "#8f3a2a", "#26352c", "#3a4d3b", "#31443a"),
    ("#e9d8c0", "#e8744f", "#8fae9a", "#a9bf9f", "#1f4a44", "#2f6a5c", "#3f7f6a"),
    ("#20363f", "#f2b35f", "#2f5560", "#3f6a70", "#0d1b20", "#16303a", "#8fb09a"),
    ("#f3c9bb", "#f7ead8", "#d98f8a", "#c9767a", "#4a2a44", "#6a3a58", "#8f4f68"),
    ("#dfe3d2", "#f4c95d", "#a8bb8f", "#8fa878", "#2b4a2f", "#43683f", "#5f8050"),
)


def fern(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Fronds before a round sun."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    grove = GROVES[2 if reading.time == "night" else int(rng.integers(len(GROVES)))]
    wall, sun, *leaves = (inks(text) for text in grove)
    plate = Plate(frame, wall)
    size, cx = frame.short, width / 2
    sun_x, sun_y = cx + size * float(rng.uniform(-0.12, 0.12)), height * float(rng.uniform(0.32, 0.42))
    plate.circle(sun_x, sun_y, size * float(rng.uniform(0.28, 0.34)), sun)
    tall = min(height * 1.0, size * 1.45)
    spread = max(1.0, width / size * 0.8)
    count = int(5 * spread)
    for number in range(count):
        back = number < count * 0.45
        side = (number + 0.5) / count * 2 - 1 if back else float(rng.uniform(-0.8, 0.8))
        x = cx + side * size * 0.26 * spread + float(rng.normal(0, 0.04)) * size
        lean = -math.pi / 2 + side * 0.28 + float(rng.normal(0, 0.10))
        long = tall * float(rng.uniform(0.72, 0.9) if back else rng.uniform(0.5, 1.0))
        colour = leaves[int(rng.integers(2))] if back else leaves[2 + int(rng.integers(3))]
        _frond(plate, (x, height * 1.03, lean), long, colour, side * 0.55 + float(rng.normal(0, 0.2)))
    picture = plate.picture()
    picture *= (1.03 - 0.10 * frame.v)[..., None]
    return picture


def _frond(plate: Plate, start: tuple[float, float, float], long: float, colour: Field, bend: float) -> None:
    x, y, angle = start
    count = 26
    spine: list[tuple[float, float]] = []
    for k in range(count):
        spine.append((x, y))
        share = k / count
        reach = long * 0.30 * math.sin(math.pi * min(1.0, share * 0.85 + 0.10)) ** 0.8
        for side in (1, -1):
            turn = angle + side * (1.08 - 0.42 * share)
            plate.polygon(petal(x, y, reach, long * 0.027, turn), colour)
        x, y = x + math.cos(angle) * long / count, y + math.sin(angle) * long / count
        angle += bend / count * (0.4 + 1.2 * share)
    plate.polygon(petal(*spine[-1], long * 0.12, long * 0.027, angle), colour)
    plate.stroke(spine, max(1.0, long * 0.0075), colour)


Box = tuple[float, float, float, float]


def _split(box: Box, depth: int, rng: np.random.Generator, scale: tuple[float, float]) -> list[Box]:
    """Return a sheet cut into boxes; boxes are in shares of the sheet, scale tells its true shape."""
    x0, y0, x1, y1 = box
    wide, high = (x1 - x0) * scale[0], (y1 - y0) * scale[1]
    if depth == 0 or max(wide, high) < 0.42 or (depth < 2 and rng.random() < 0.25):
        return [box]
    share = float(rng.uniform(0.38, 0.62))
    if wide > high:
        cut = x0 + (x1 - x0) * share
        halves: tuple[Box, Box] = ((x0, y0, cut, y1), (cut, y0, x1, y1))
    else:
        cut = y0 + (y1 - y0) * share
        halves = ((x0, y0, x1, cut), (x0, cut, x1, y1))
    return [piece for half in halves for piece in _split(half, depth - 1, rng, scale)]


def cutouts(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Leaves cut from painted paper, pasted on panels of colour."""
    frame = Frame(width, height)
    ground, *inks = flats_of(reading, rng)
    plate = Plate(frame, ground)
    gap = frame.short * 0.011
    boxes = _split((0, 0, 1, 1), 4, rng, (width / frame.short, height / frame.short))
    last = -1
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        choice = [k for k in range(len(inks)) if k != last]
        last = choice[int(rng.integers(len(choice)))]
        box = (x0 * width + gap, y0 * height + gap, x1 * width - gap, y1 * height - gap)
        plate.rectangle(*box, inks[last])
        light = float(inks[last].mean())
        others = [ink for k, ink in enumerate(inks) if k != last and abs(float(ink.mean()) - light) > 0.14]
        paper = ground if (not others or rng.random() < 0.6) and abs(float(ground.mean()) - light) > 0.2 else None
        colour = paper if paper is not None else (others[int(rng.integers(len(others)))] if others else ground)
        _cutting(plate, box, colour, rng, number)
    return plate.picture()


def _cutting(plate: Plate, box: Box, colour: Field, rng: np.random.Generator, number: int) -> None:
    x0, y0, x1, y1 = box
    cx, cy, wide, high = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
    if number % 5 == 3:
        _algae(plate, (cx, cy, min(wide, high) * 0.40), colour, rng)
        return
    upright = high > wide
    lean = float(rng.uniform(0.15, 0.45)) * float(rng.choice((-1, 1)))
    angle = (-math.pi / 2 if upright else 0.0) + lean
    long = min(max(wide, high) * 0.78, min(wide, high) * 1.18)
    pairs, opening = int(rng.integers(5, 8)), float(rng.uniform(0.75, 1.05))
    for side in (1, -1):
        for k in range(pairs):
            share = (k + 0.5) / pairs
            reach = long * 0.34 * math.sin(math.pi * (k + 0.9) / (pairs + 0.8))
            x, y = turned(np.array([[(share - 0.5) * long * 0.9, 0.0]], np.float32), cx, cy, angle)[0]
            _lobe(plate, (float(x), float(y)), reach, (angle + side * opening, long * 0.105), colour)
    ends = turned(np.array([[-0.56 * long, 0], [0.48 * long, 0]], np.float32), cx, cy, angle)
    plate.stroke(ends, long * 0.036, colour)
    tip = turned(np.array([[0.44 * long, 0]], np.float32), cx, cy, angle)[0]
    _lobe(plate, (float(tip[0]), float(tip[1])), long * 0.13, (angle, long * 0.09), colour)


def _lobe(plate: Plate, at: tuple[float, float], reach: float, shape: tuple[float, float], colour: Field) -> None:
    angle, wide = shape
    t = np.linspace(0, 2 * np.pi, 30)
    outline = np.stack([reach * (0.5 - 0.5 * np.cos(t)), wide / 2 * np.sin(t) * (0.8 + 0.2 * np.cos(t))], -1)
    plate.polygon(turned(outline.astype(np.float32), at[0], at[1], angle), colour)


def _algae(plate: Plate, at: tuple[float, float, float], colour: Field, rng: np.random.Generator) -> None:
    """Paste the many-fingered shape Matisse cut again and again."""
    cx, cy, radius = at
    fingers, start = int(rng.integers(7, 11)), float(rng.uniform(0, 6.28))
    for k in range(fingers):
        angle = start + 2 * math.pi * k / fingers + float(rng.normal(0, 0.08))
        long = radius * float(rng.uniform(0.82, 1.12))
        _lobe(plate, (cx, cy), long, (angle, radius * 0.34), colour)
    plate.circle(cx, cy, radius * 0.34, colour)


MEADOWS = (
    ("#16302b", "#23483f", "#2f5d4d", "#f25c54", "#f7b267", "#f4845f", "#f27059", "#f9dcc4", "#c9ada7", "#e5989b"),
    ("#1a1f3a", "#2c3a5f", "#3f5a7a", "#ffb3c1", "#ff758f", "#ffd6a5", "#c77dff", "#f8edeb", "#a2d2ff", "#ffafcc"),
    ("#2a1526", "#4a2640", "#5f3a4a", "#e63946", "#ff8c61", "#ffd166", "#f4a6b8", "#f9e0d0", "#b56576", "#e56b6f"),
    ("#f1ead8", "#b9c9a3", "#93b08a", "#d1495b", "#edae49", "#e07a5f", "#3d5a80", "#f7b8a8", "#8a6fae", "#c8553d"),
    ("#0f2b33", "#1b4650", "#2f6a6a", "#f4d35e", "#ee964b", "#f95738", "#faf0ca", "#f7c59f", "#efefd0", "#ffb4a2"),
)


def poppies(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A field of flowers on a dark ground."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    meadows = MEADOWS[:3] if reading.time == "night" else MEADOWS
    ground, leaf, bright, *petals = (inks(text) for text in meadows[int(rng.integers(len(meadows)))])
    plate = Plate(frame, ground)
    size = frame.short
    area = width * height / (size * size)
    for _ in range(int(190 * area)):
        x, y, angle = float(rng.uniform(0, width)), float(rng.uniform(0, height)), float(rng.uniform(0, 6.28))
        long = size * float(rng.uniform(0.06, 0.15))
        colour = mix(leaf, bright, float(rng.random()) * 0.8)
        plate.polygon(petal(x, y, long, long * 0.34, angle), colour)
    for x, y, radius in _scattered(frame, rng):
        _flower(plate, (x, y, radius), petals[int(rng.integers(len(petals)))], rng)
    picture = plate.picture()
    shade = frame.distance(0.5, 0.45)
    over(picture, ground, np.clip(shade - 0.55, 0, 1).astype(np.float32) * np.float32(0.3))
    return picture


def _scattered(frame: Frame, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Return places and sizes of flowers that hardly touch, big ones first."""
    taken = np.zeros((0, 3))
    size = frame.short
    crowd = max(1.0, frame.width * frame.height / (size * size))
    for radius, tries in ((0.125, 60), (0.09, 160), (0.06, 420), (0.038, 800)):
        spots = rng.random((int(tries * crowd), 2)) * (frame.width, frame.height)
        for x, y in spots:
            reach = radius * size
            if not len(taken) or np.all(np.hypot(taken[:, 0] - x, taken[:, 1] - y) > (taken[:, 2] + reach) * 0.95):
                taken = np.vstack([taken, (x, y, reach)])
    return [(float(x), float(y), float(radius)) for x, y, radius in taken]


def _flower(plate: Plate, at: tuple[float, float, float], colour: Field, rng: np.random.Generator) -> None:
    x, y, radius = at
    count, start = int(rng.choice((5, 6, 8, 12))), float(rng.uniform(0, 6.28))
    wide = radius * 5.0 / count * 1.08
    t = np.linspace(0, 2 * np.pi, 26)
    egg = np.stack([radius * (0.52 - 0.46 * np.cos(t)), wide / 2 * np.sin(t) * (1 - 0.25 * np.cos(t))], -1)
    for layer in (0, 1):
        for k in range(layer, count, 2):
            tone = colour * np.float32(0.90 if layer == 0 else 1.0)
            plate.polygon(turned(egg.astype(np.float32), x, y, start + k * 2 * math.pi / count), tone)
    for k in range(count):
        turn = start + k * 2 * math.pi / count
        plate.polygon(petal(x, y, radius * 0.62, radius * 0.07, turn), colour * np.float32(0.78))
    plate.circle(x, y, radius * 0.24, np.array((0.17, 0.11, 0.10), np.float32))
    for k in range(10):
        turn = 2 * math.pi * k / 10
        plate.circle(
            x + math.cos(turn) * radius * 0.18,
            y + math.sin(turn) * radius * 0.18,
            radius * 0.028,
            mix(colour, np.ones(3, np.float32), 0.6),
        )
    plate.circle(x, y, radius * 0.12, np.array((0.95, 0.76, 0.31), np.float32))
