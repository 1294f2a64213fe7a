"""Poured chrome: balls melted into one body that mirrors a coloured studio.

The body is found on a coarse grid, then each pixel is brought onto its surface by a few Newton steps, so that the
outline and the reflections are as fine as the picture.
"""

from typing import NamedTuple

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, mix, over, resize, smooth
from imageroute_app.adapters.providers.sketch.colour import Ramp, rgb
from imageroute_app.adapters.providers.sketch.palettes import inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

MELT = 5.2
GRID = 144
DEPTHS = 40

# Ground from above to below, then the mirrored studio from below to above.
STUDIOS = (
    (("#f7d9c4", "#e98fa0", "#4a2a6f"), ("#120a2a", "#4a2f8f", "#ff7a59", "#ffd7a8", "#7ec8ff", "#20469b", "#0d1435")),
    (("#dfe8ee", "#9fb6c6", "#33475a"), ("#0a0f16", "#33424f", "#93a4b0", "#f6f8fa", "#b8c8d2", "#4f6475", "#10161d")),
    (("#fbe9c6", "#f2b56b", "#7a3a2a"), ("#1a0a05", "#6a2f12", "#e0862f", "#fff0c4", "#f2c46d", "#8a4a1a", "#2a1206")),
    (("#d6f0e6", "#7fc6b8", "#1f4a5a"), ("#04161a", "#0f4c5c", "#2fb0a0", "#f0fff0", "#9ae0d8", "#2f6a8a", "#0a1f33")),
    (("#1b1a2e", "#14122a", "#07060f"), ("#05040d", "#3a1f8f", "#ff3f8f", "#ffe0c0", "#4fd0ff", "#2f3fb0", "#0a0820")),
)


class Body(NamedTuple):
    """Balls by middle and radius, one row each."""

    balls: Field

    def field(self, x: Field, y: Field, z: Field) -> Field:
        """Return the distance from the melted surface, negative inside."""
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        for bx, by, bz, radius in self.balls:
            away = np.sqrt((x - bx) ** 2 + (y - by) ** 2 + (z - bz) ** 2)
            total += np.exp(-MELT * (away - radius))
        return -np.log(total + 1e-12) / np.float32(MELT)

    def lean(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field, Field]:
        """Return the distance and its three slopes."""
        total = np.full(x.shape, 1e-12, np.float32)
        sx, sy, sz = np.zeros_like(total), np.zeros_like(total), np.zeros_like(total)
        for bx, by, bz, radius in self.balls:
            dx, dy, dz = x - bx, y - by, z - bz
            away = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-5)
            weight = np.exp(-MELT * (away - radius))
            total += weight
            weight /= away
            sx += weight * dx
            sy += weight * dy
            sz += weight * dz
        return -np.log(total) / np.float32(MELT), sx / total, sy / total, sz / total


def chrome(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A molten mirror that hangs in a studio."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    ground, mirrored = STUDIOS[4 if reading.time == "night" or reading.style == "neon" else int(rng.integers(4))]
    picture = np.repeat(inks.even(ground)(frame.v[:, 0])[:, None, :], width, 1)
    picture *= (1.04 - 0.12 * smooth(0.2, 0.9, frame.distance(0.5, 0.4)))[..., None]
    body = Body(_melted(rng))
    x, y = frame.around(0.5, 0.5)
    x, y = x / np.float32(0.40), y / np.float32(0.40)
    shade = np.exp(-((x / 0.9) ** 2) - ((y - 1.22) / 0.09) ** 2) * 0.30
    picture *= (1 - shade)[..., None].astype(np.float32)
    rows, columns = np.nonzero(np.abs(y[:, 0]) < 1.5)[0], np.nonzero(np.abs(x[0]) < 1.5)[0]
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    colour, cover = _mirror(body, x[:, box[1]], y[box[0]], inks.even(mirrored), 0.40 * frame.short)
    over(picture[box], colour, cover)
    return picture


def _melted(rng: np.random.Generator) -> Field:
    balls = [(0.0, 0.0, 0.0, 0.50)]
    for _ in range(int(rng.integers(5, 8))):
        turn, reach = float(rng.uniform(0, 6.28)), float(rng.uniform(0.35, 0.82))
        radius = float(rng.uniform(0.16, 0.40)) * (1.15 - 0.45 * reach)
        balls.append((np.cos(turn) * reach, np.sin(turn) * reach * 0.9, float(rng.uniform(-0.3, 0.45)), radius))
    return np.array(balls, np.float32)


def _mirror(body: Body, x: Field, y: Field, studio: Ramp, scale: float) -> tuple[Field, Field]:
    """Return the colour and the cover of the body over a grid of x (1 x W) and y (H x 1)."""
    shape = (y.shape[0], x.shape[1])
    coarse_x = np.linspace(float(x[0, 0]), float(x[0, -1]), GRID, dtype=np.float32)[None, :, None]
    coarse_y = np.linspace(float(y[0, 0]), float(y[-1, 0]), GRID, dtype=np.float32)[:, None, None]
    depth = np.linspace(1.25, -1.0, DEPTHS, dtype=np.float32)[None, None, :]
    field = body.field(coarse_x, coarse_y, depth)
    least, first = field.min(2), np.argmax(field < 0.06, 2)
    front = np.where((field < 0.06).any(2), depth[0, 0][first], depth[0, 0][np.argmin(field, 2)])
    outline = resize(least, shape[1], shape[0])
    z = resize(front.astype(np.float32), shape[1], shape[0])
    cover = np.clip(0.5 - outline * np.float32(scale / 1.1), 0, 1)
    across, down = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    inside = cover > 0
    px, py, pz = across[inside], down[inside], z[inside]
    for _ in range(5):
        away, _, _, lean_z = body.lean(px, py, pz)
        pz = pz - np.clip(away / np.maximum(lean_z, 0.25), -0.25, 0.25)
    _, nx, ny, nz = body.lean(px, py, pz)
    colour = np.zeros((*shape, 3), np.float32)
    colour[inside] = _reflected(nx, ny, nz, studio)
    return colour, cover.astype(np.float32)


def _reflected(nx: Field, ny: Field, nz: Field, studio: Ramp) -> Field:
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-6)
    nx, ny, nz = nx / length, ny / length, np.clip(nz / length, 0, 1)
    mx, my, mz = 2 * nz * nx, -2 * nz * ny, 2 * nz * nz - 1
    wave = my + 0.17 * np.sin(mx * 5 + mz * 3) + 0.05 * np.sin(mx * 11 - mz * 7)
    colour = studio((wave * 0.5 + 0.5).astype(np.float32))
    glance = (1 - nz) ** 3
    colour = mix(colour, rgb("#ffe9dc"), (glance * 0.55)[..., None])
    panel = smooth(0.50, 0.56, my) * smooth(0.34, 0.28, np.abs(mx + 0.30)) * smooth(-0.1, 0.1, mz)
    spark = np.clip(mx * 0.50 + my * 0.72 + mz * 0.48, 0, 1) ** 70
    return (colour + (panel * 0.35 + spark * 0.9)[..., None]).astype(np.float32)
