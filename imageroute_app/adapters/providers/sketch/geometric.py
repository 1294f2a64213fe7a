"""Prints of plain shapes: a Bauhaus sheet, supergraphic bands, overlapping waves."""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, over, smooth
from imageroute_app.adapters.providers.sketch.noise import fbm, line
from imageroute_app.adapters.providers.sketch.palettes import FLATS, flats_of, inks_of
from imageroute_app.adapters.providers.sketch.plate import Plate
from imageroute_app.adapters.providers.sketch.words import Reading


def bauhaus(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A sheet of squares, each with one plain figure."""
    frame = Frame(width, height)
    ground, *inks = flats_of(reading, rng)
    plate = Plate(frame, ground)
    across = int(rng.integers(3, 6))
    margin = frame.short * 0.06
    cell = (frame.short - 2 * margin) / across
    columns, rows = max(1, int((width - 2 * margin) / cell + 0.01)), max(1, int((height - 2 * margin) / cell + 0.01))
    left, top = (width - columns * cell) / 2, (height - rows * cell) / 2
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * cell, top + row * cell
            first, second, third = (inks[int(k)] for k in rng.permutation(len(inks))[:3])
            if rng.random() < 0.62:
                plate.rectangle(x, y, x + cell, y + cell, first)
            else:
                first = ground
            _figure(plate, (x, y, cell), (second, third, first), rng)
    _margin(plate, ground, (left, top, left + columns * cell, top + rows * cell))
    return plate.picture()


def _margin(plate: Plate, ground: Field, box: tuple[float, float, float, float]) -> None:
    """Cover what figures threw past the sheet's border."""
    width, height = plate.frame.width, plate.frame.height
    x0, y0, x1, y1 = box
    for edge in ((0, 0, width, y0), (0, y1, width, height), (0, 0, x0, height), (x1, 0, width, height)):
        plate.rectangle(*edge, ground)


Cell = tuple[float, float, float]
Trio = tuple[Field, Field, Field]


def _figure(plate: Plate, cell: Cell, inks: Trio, rng: np.random.Generator) -> None:
    """Draw one of the figures into a cell (x, y, side) in two inks on a ground."""
    FIGURES[int(rng.integers(len(FIGURES)))](plate, cell, inks, int(rng.integers(4)))


def _corner(cell: Cell, corner: int) -> tuple[float, float, tuple[float, float]]:
    """Return a corner of a cell and the angles of the quarter turn that lies inside."""
    x, y, side = cell
    start = (0, 90, 270, 180)[corner]
    return x + side * (corner % 2), y + side * (corner // 2), (start, start + 90)


def _quarter(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, angles = _corner(cell, corner)
    plate.wedge(x, y, cell[2], angles, inks[0])


def _target(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, side = cell
    plate.circle(x + side / 2, y + side / 2, side * (0.36 + 0.03 * corner), inks[0])
    plate.circle(x + side / 2, y + side / 2, side * 0.15, inks[1])


def _rainbow(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, angles = _corner(cell, corner)
    for reach, colour in ((1.0, inks[0]), (0.68, inks[2]), (0.36, inks[1])):
        plate.wedge(x, y, cell[2] * reach, angles, colour)


def _triangle(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, side = cell
    points = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    plate.polygon(points[:corner] + points[corner + 1 :], inks[0])


def _halves(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, side = cell
    if corner % 2:
        plate.wedge(x + side / 2, y, side / 2, (0, 180), inks[0])
        plate.wedge(x + side / 2, y + side, side / 2, (180, 360), inks[1])
        return
    plate.wedge(x, y + side / 2, side / 2, (270, 450), inks[0])
    plate.wedge(x + side, y + side / 2, side / 2, (90, 270), inks[1])


def _dots(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, side = cell
    for k in range(9):
        at = (x + side * (0.2 + 0.3 * (k % 3)), y + side * (0.2 + 0.3 * (k // 3)))
        plate.circle(*at, side * (0.07 + 0.01 * corner), inks[0])


def _stripes(plate: Plate, cell: Cell, inks: Trio, corner: int) -> None:
    x, y, side = cell
    for k in range(5):
        a, b = side * (k / 5 + 0.05), side * (k / 5 + 0.15)
        edges = (x + a, y, x + b, y + side) if corner % 2 else (x, y + a, x + side, y + b)
        plate.rectangle(*edges, inks[0])


FIGURES = (_quarter, _target, _rainbow, _stripes, _triangle, _halves, _halves, _dots)


WARM_BANDS = (
    ("#f6ead2", "#7a2e1d", "#c8502a", "#ec8b2f", "#f5c15a", "#1f5c63"),
    ("#f3e8d6", "#1f3a5f", "#2f7a8c", "#7fb8a4", "#f2c46d", "#d1495b"),
    ("#f7e9dc", "#5a2a4a", "#b0425f", "#f0806a", "#f8c490", "#2f5d62"),
    ("#efe8d4", "#27462f", "#5f8a4a", "#b8b452", "#efd27a", "#b8502f"),
    ("#1b1530", "#4a2f8f", "#b0428f", "#ff6f61", "#ffc15a", "#f6ead2"),
)


def supergraphic(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Bands of the seventies: arches, waves or quarter turns across a wall, and one round sun."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    ground, *bands = (inks(text) for text in WARM_BANDS[4 if reading.time == "night" else int(rng.integers(5))])
    sun, bands = bands[-1], bands[:-1]
    picture = frame.plain(ground)
    match int(rng.integers(3)):
        case 0:
            _arch_bands(frame, picture, bands, sun, rng)
        case 1:
            _wave_bands(frame, picture, bands, sun, rng)
        case _:
            _turned_bands(frame, picture, bands, sun, rng)
    light = 1.02 - 0.07 * frame.v + 0.012 * fbm(frame, 2, 2, rng)
    picture *= light[..., None]
    return picture


def _lay_bands(frame: Frame, picture: Field, away: Field, bands: list[Field], shape: tuple[float, float]) -> None:
    """Lay bands side by side from a distance inward; shape is where the first begins and how wide each is."""
    start, wide = shape
    for number, colour in enumerate(bands):
        outer, inner = start - number * wide, start - (number + 1) * wide
        edge = np.float32(frame.short)
        cover = np.clip((outer - away) * edge + 0.5, 0, 1) * np.clip((away - inner) * edge + 0.5, 0, 1)
        over(picture, colour, cover.astype(np.float32))


def _arch_bands(frame: Frame, picture: Field, bands: list[Field], sun: Field, rng: np.random.Generator) -> None:
    at = (float(rng.uniform(0.34, 0.66)), float(rng.uniform(0.52, 0.66)))
    x, y = frame.around(*at)
    away = np.where(y < 0, np.sqrt(x * x + y * y), np.abs(x))
    wide = float(rng.uniform(0.075, 0.095))
    _lay_bands(frame, picture, away, bands, (wide * 6.6, wide))
    over(picture, sun, frame.disc(at[0], at[1] - 0.02, wide * 0.95))


def _wave_bands(frame: Frame, picture: Field, bands: list[Field], sun: Field, rng: np.random.Generator) -> None:
    x, y = frame.around(0.5, 0.5)
    place = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.2, 0.3)))
    over(picture, sun, frame.disc(*place, float(rng.uniform(0.13, 0.18))))
    rate, lift, phase = float(rng.uniform(2.4, 3.6)), float(rng.uniform(0.16, 0.24)), float(rng.uniform(0, 6.3))
    wide = float(rng.uniform(0.06, 0.075))
    for start, shift in ((0.05, 0.0), (0.42, 1.1)):
        curve = lift * np.sin(x * rate + phase + shift) - x * 0.12
        lean = lift * rate * np.cos(x * rate + phase + shift) - 0.12
        away = (y - curve - np.float32(start)) / np.sqrt(1 + lean * lean)
        _lay_bands(frame, picture, -away.astype(np.float32), bands, (0.0, wide))


def _turned_bands(frame: Frame, picture: Field, bands: list[Field], sun: Field, rng: np.random.Generator) -> None:
    wide = float(rng.uniform(0.075, 0.1)) * (frame.unit / frame.short) ** 1.2
    side = float(rng.choice((0.0, 1.0)))
    for corner, reach in (((side, 1.0), 9.6), ((1 - side, 0.0), 6.4)):
        x, y = frame.around(*corner)
        away = np.sqrt(x * x + y * y)
        _lay_bands(frame, picture, away, bands, (wide * reach, wide))
    over(picture, sun, frame.disc(abs(side - 0.5), 0.5, 0.105))


def seigaiha(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Waves of the blue sea: overlapping circles in rows, coloured in drifts."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    cream, *rest = FLATS[int(rng.integers(len(FLATS)))]
    paper, colours = inks(cream), [inks(text) for text in rest]
    if reading.time == "night":
        paper, colours = inks("#10162b"), [inks(text) for text in (cream, *rest)]
    order = [int(k) for k in rng.permutation(len(colours))]
    deep, other, *accents = (colours[k] for k in order)
    plate = Plate(frame, paper)
    radius = frame.short / float(rng.uniform(5.5, 9.5))
    rows, columns = math.ceil(height / (radius / 2)) + 4, math.ceil(width / (2 * radius)) + 2
    drift = line(512, 3, 3, rng)
    bands = int(rng.integers(6, 9)) | 1
    for row in range(rows):
        for column in range(columns + 1):
            x, y = (column - 0.5 * (row % 2)) * 2 * radius, (row - 2) * radius / 2
            wave = float(drift[(column * 37 + row * 11) % 512] + drift[(row * 29) % 512])
            accent = accents[(row + column) % 2] if wave > 0.5 or rng.random() < 0.1 else None
            for k in range(bands):
                dark = deep if k % 4 == 0 else other
                colour = paper if k % 2 else (dark if accent is None else (accent if k % 4 == 0 else deep))
                plate.circle(x, y + radius / 2, radius * (1 - k / bands * 0.94), colour)
    picture = plate.picture()
    picture *= (0.97 + 0.05 * smooth(-1, 1, fbm(frame, 1.5, 3, rng)))[..., None]
    return picture
