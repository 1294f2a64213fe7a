"""Smooth random fields made of cubic B-splines on random lattices.

A field takes one number from the generator and each octave has its own stream, so that leaving out octaves finer
than the pixels (as a preview does) changes nothing else.
"""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, resize

PER_CELL = 4
SPREAD = 151 / 315  # variance a cubic B-spline leaves, per axis
PERIOD = 128


def _weights(f: Field) -> tuple[Field, Field, Field, Field]:
    g = 1.0 - f
    first = g * g * g / 6.0
    last = f * f * f / 6.0
    second = 2.0 / 3.0 - f * f * (2.0 - f) / 2.0
    return first, second, 1.0 - first - second - last, last


def _refine(lattice: Field) -> Field:
    cells = lattice.shape[0] - 3
    fine = np.empty((cells, PER_CELL, lattice.shape[1]), np.float32)
    for phase in range(PER_CELL):
        weights = _weights(np.float32((phase + 0.5) / PER_CELL))  # pyright: ignore[reportArgumentType]
        fine[:, phase] = sum(w * lattice[k : k + cells] for k, w in enumerate(weights))
    return fine.reshape(cells * PER_CELL, -1)


def _octave(seed: int, octave: int, columns: int, rows: int) -> Field:
    rng = np.random.default_rng((seed, octave))
    side = min(PERIOD, 1 << max(3, math.ceil(math.log2(max(columns, rows) + 3))))
    lattice = rng.standard_normal((side, side), dtype=np.float32)
    if side < max(columns, rows) + 3:
        lattice = np.take(lattice, np.arange(rows + 3), 0, mode="wrap")
        lattice = np.take(lattice, np.arange(columns + 3), 1, mode="wrap")
    lattice = lattice[: rows + 3, : columns + 3]
    fine = _refine(np.ascontiguousarray(_refine(lattice).T)).T
    return np.ascontiguousarray(fine) / np.float32(SPREAD)


def fbm(
    frame: Frame, cells: float, octaves: int, rng: np.random.Generator, *, gain: float = 0.5, stretch: float = 1.0
) -> Field:
    """Return layered noise over the frame, about -1..1 with a mean of 0.

    Args:
        frame: the sheet.
        cells: cells of the first octave along one unit of the frame; each further octave doubles them.
        octaves: how many layers.
        rng: gives one number.
        gain: strength of an octave beside the one before.
        stretch: how many times wider than high the cells are.
    """
    seed = int(rng.integers(1 << 62))
    wide, high = frame.width / frame.unit, frame.height / frame.unit
    root = math.sqrt(stretch)
    across, down = cells / root, cells * root
    total: Field | None = None
    weight, sum_of = 1.0, 0.0
    columns = rows = 1.0
    for octave in range(octaves):
        if octave and max(across, down) * 2**octave > frame.unit * 0.6:
            break
        columns, rows = wide * across * 2**octave, high * down * 2**octave
        layer = _octave(seed, octave, math.ceil(columns), math.ceil(rows)) * np.float32(weight)
        if total is not None:
            doubled = resize(total, total.shape[1] * 2, total.shape[0] * 2)
            layer += doubled[: layer.shape[0], : layer.shape[1]]
        total = layer
        sum_of += weight
        weight *= gain
    assert total is not None  # noqa: S101 - octaves is at least 1
    box = (0.0, 0.0, min(columns * PER_CELL, total.shape[1]), min(rows * PER_CELL, total.shape[0]))
    return resize(total / np.float32(sum_of), frame.width, frame.height, box)


def noise(frame: Frame, cells: float, rng: np.random.Generator, *, stretch: float = 1.0) -> Field:
    """Return one octave of noise."""
    return fbm(frame, cells, 1, rng, stretch=stretch)


def line(count: int, cells: float, octaves: int, rng: np.random.Generator, gain: float = 0.5) -> Field:
    """Return layered noise along a line: count samples, with cells of the first octave over all of them."""
    seed = int(rng.integers(1 << 62))
    total, weight, sum_of = np.zeros(count, np.float32), 1.0, 0.0
    at = ((np.arange(count) + 0.5) / count).astype(np.float32)
    for octave in range(octaves):
        density = cells * 2**octave
        if octave and density > count * 0.6:
            break
        values = np.random.default_rng((seed, octave)).standard_normal(math.ceil(density) + 4, dtype=np.float32)
        place = at * np.float32(density)
        cell = place.astype(np.int32)
        weights = _weights(place - cell)
        layer = sum(w * values[cell + k] for k, w in enumerate(weights))
        total += np.float32(weight / math.sqrt(SPREAD)) * layer
        sum_of += weight
        weight *= gain
    return total / np.float32(sum_of)


def tile(size: int, cells: int, octaves: int, rng: np.random.Generator, gain: float = 0.5) -> Field:
    """Return a square of layered noise that repeats without a seam."""
    seed = int(rng.integers(1 << 62))
    total, weight, sum_of = np.zeros((size, size), np.float32), 1.0, 0.0
    for octave in range(octaves):
        count = cells * 2**octave
        lattice = np.random.default_rng((seed, octave)).standard_normal((count, count), dtype=np.float32)
        place = np.arange(size, dtype=np.float32) * np.float32(count / size)
        cell = place.astype(np.int32)
        weights = _weights(place - cell)
        rows = sum(w[:, None] * lattice[(cell + k) % count] for k, w in enumerate(weights))
        total += np.float32(weight / SPREAD) * sum(
            w[None, :] * np.asarray(rows)[:, (cell + k) % count] for k, w in enumerate(weights)
        )
        sum_of += weight
        weight *= gain
    return total / np.float32(sum_of)
