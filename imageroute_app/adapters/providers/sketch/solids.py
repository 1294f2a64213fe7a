"""Round things in studio light, by closed formulas: spheres on a table, and one orb of many colours.

The soft shadow and the occlusion of a sphere follow Inigo Quilez (iquilezles.org/articles/spherefunctions, read
2026-11-25).
"""

from typing import NamedTuple

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, mix, over, smooth
from imageroute_app.adapters.providers.sketch.colour import Ramp, rgb
from imageroute_app.adapters.providers.sketch.palettes import Inks, inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

STUDIOS = (
    ("#ecd9c6", "#d98e73", "#e8604c", "#f2c14e", "#2e86ab", "#f4f0e6", "#3b8f6b", "#b9a7d8"),
    ("#dfe3dc", "#9fb8a8", "#2f5d62", "#e0a458", "#c8553d", "#f2efe6", "#5e8f9a", "#e8c9b0"),
    ("#f0d3cf", "#e0908f", "#b23a48", "#fcb97d", "#5a4a8a", "#fbf1ea", "#4f9a94", "#f2c4ce"),
    ("#d9dfe8", "#8fa6c4", "#274b8a", "#f2a65a", "#e05a6a", "#f6f4ef", "#56a3a6", "#c3b4e0"),
    ("#22242f", "#4a3f5f", "#e8604c", "#f2b84b", "#4f9ac0", "#e9e4da", "#5fb08a", "#b79ae0"),
)
EYE, LOOK = np.array((0.0, 1.55, 6.2)), np.array((0.0, 0.62, 0.0))
SUN = np.array((-0.52, 0.74, 0.42)) / np.linalg.norm((-0.52, 0.74, 0.42))
WALL_Z = -2.3


class Ball(NamedTuple):
    """A sphere on the table: its middle, radius, colour and finish (0 chalk, 1 lacquer, 2 banded)."""

    x: float
    y: float
    z: float
    radius: float
    colour: Field
    finish: int


class Rays(NamedTuple):
    """One ray per pixel from the eye, as three components."""

    x: Field
    y: Field
    z: Field


Vector = tuple[Field, Field, Field]


def _rays(frame: Frame) -> Rays:
    ahead = (LOOK - EYE) / np.linalg.norm(LOOK - EYE)
    right = np.cross(ahead, (0, 1, 0))
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    x, y = frame.around(0.5, 0.53)
    parts = [ahead[k] * 1.62 + x * np.float32(right[k]) - y * np.float32(up[k]) for k in range(3)]
    length = np.sqrt(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2)
    return Rays(*((part / length).astype(np.float32) for part in parts))


def _balls(inks: Inks, studio: tuple[str, ...], spread: float, rng: np.random.Generator) -> list[Ball]:
    colours = [inks(text) for text in studio[2:]]
    balls: list[Ball] = []
    for number, usual in enumerate((0.82, 0.58, 0.46, 0.36, 0.28, 0.22, 0.18, 0.15)[: int(rng.integers(6, 9))]):
        radius = usual * float(rng.uniform(0.88, 1.1))
        for _ in range(80):
            x, z = float(rng.normal(0, 0.85 * spread)), float(rng.uniform(-0.9, 1.5) - radius * 0.9)
            apart = all(
                np.hypot(x - b.x, z - b.z) ** 2 + (radius - b.radius) ** 2 > ((radius + b.radius) * 1.02) ** 2
                for b in balls
            )
            if apart and abs(x) + radius < (EYE[2] - z) * 0.30 * max(1.0, spread / 0.86) and z - radius > WALL_Z + 0.2:
                balls.append(Ball(x, radius, z, radius, colours[number % len(colours)], int(rng.choice((0, 1, 1, 2)))))
                break
    return balls


def _sun_on(point: Vector, balls: list[Ball], own: Ball | None) -> Field:
    """Return how much of the sun reaches points past every ball, softly."""
    light = np.ones(np.broadcast_shapes(*(part.shape for part in point)), np.float32)
    for ball in balls:
        if ball is own:
            continue
        ox, oy, oz = point[0] - ball.x, point[1] - ball.y, point[2] - ball.z
        toward = ox * SUN[0] + oy * SUN[1] + oz * SUN[2]
        square = ball.radius**2
        inner = toward * toward - (ox * ox + oy * oy + oz * oz - square)
        clear = np.sqrt(np.clip(square - inner, 0, None)) - ball.radius
        reach = -toward - np.sqrt(np.clip(inner, 0, None))
        light *= np.where(reach < 0, 1, smooth(-0.06, 0.16, clear / np.maximum(reach, 1e-3)))
    return light


def _closed_by(point: Vector, normal: Vector, balls: list[Ball], own: Ball | None) -> Field:
    """Return how much of the sky the balls leave open to points."""
    open_sky = np.ones(np.broadcast_shapes(*(part.shape for part in point)), np.float32)
    for ball in balls:
        if ball is own:
            continue
        x, y, z = ball.x - point[0], ball.y - point[1], ball.z - point[2]
        far = np.sqrt(x * x + y * y + z * z)
        facing = np.clip((normal[0] * x + normal[1] * y + normal[2] * z) / far, 0, 1)
        open_sky *= 1 - np.clip(facing * (ball.radius / far) ** 2, 0, 0.96)
    return open_sky


def still(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Spheres on a table before a painted wall."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    studio = STUDIOS[4 if reading.time == "night" else int(rng.integers(len(STUDIOS)))]
    spread = min(2.4, max(0.62, width / frame.short * 0.86)) if width > height else 0.72
    balls = _balls(inks, studio, spread, rng)
    rays = _rays(frame)
    picture = _room(rays, (inks(studio[0]), inks(studio[1])), balls, rng)
    for ball in sorted(balls, key=lambda b: -float(np.hypot(b.x - EYE[0], b.z - EYE[2]))):
        _lay_ball(frame, picture, rays, ball, (balls, inks(studio[0])))
    return picture


def _room(rays: Rays, colours: tuple[Field, Field], balls: list[Ball], rng: np.random.Generator) -> Field:
    floor_t = np.where(rays.y < -1e-4, -EYE[1] / np.minimum(rays.y, -1e-4), 1e4)
    wall_t = (WALL_Z - EYE[2]) / np.minimum(rays.z, -1e-4)
    on_floor = floor_t < wall_t
    t = np.where(on_floor, floor_t, wall_t).astype(np.float32)
    point = (rays.x * t, np.maximum(EYE[1] + rays.y * t, 0).astype(np.float32), EYE[2] + rays.z * t)
    ground, accent = colours
    picture = np.broadcast_to(ground, (*t.shape, 3)).copy()
    pixel = t * np.float32(1.3 / (1.62 * min(t.shape)))
    for _ in range(int(rng.integers(1, 3))):
        cx, half, high = float(rng.normal(0, 0.8)), float(rng.uniform(0.75, 1.2)), float(rng.uniform(0.6, 1.5))
        above = np.maximum(point[1] - high, 0)
        away = np.sqrt((point[0] - cx) ** 2 + above**2)
        over(picture, accent, (np.clip((half - away) / pixel + 0.5, 0, 1) * ~on_floor).astype(np.float32))
        accent = mix(accent, ground, 0.45) * np.float32(0.94)
    zero = np.zeros_like(t)
    normal = (zero, on_floor.astype(np.float32), (~on_floor).astype(np.float32))
    sun = np.where(on_floor, SUN[1], SUN[2] * 1.62).astype(np.float32) * _sun_on(point, balls, None)
    sky = _closed_by(point, normal, balls, None)
    corner = 1 - 0.30 * np.exp(-np.where(on_floor, point[2] - WALL_Z, point[1]) / 0.30)
    light = sun[..., None] * rgb("#fff0dc") * np.float32(0.86) + (sky * corner)[..., None] * rgb(
        "#c9d2e6"
    ) * np.float32(0.46)
    return (picture * light).astype(np.float32)


def _lay_ball(frame: Frame, picture: Field, rays: Rays, ball: Ball, rest: tuple[list[Ball], Field]) -> None:
    """Shade one ball in the box it covers."""
    balls, floor = rest
    ox, oy, oz = EYE[0] - ball.x, EYE[1] - ball.y, EYE[2] - ball.z
    toward = rays.x * ox + rays.y * oy + rays.z * oz
    off = np.sqrt(np.clip(ox * ox + oy * oy + oz * oz - toward * toward, 0, None))
    rows, columns = np.nonzero((off < ball.radius * 1.04).any(1))[0], np.nonzero((off < ball.radius * 1.04).any(0))[0]
    if not rows.size:
        return
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    toward, off = toward[box], off[box]
    pixel = 1.2 * np.hypot(ox, oz) / (1.62 * frame.short)
    cover = np.clip((ball.radius - off) / np.float32(pixel) + 0.5, 0, 1).astype(np.float32)
    t = -toward - np.sqrt(np.clip(ball.radius**2 - off * off, 0, None))
    ray: Vector = (rays.x[box], rays.y[box], rays.z[box])
    point: Vector = (EYE[0] + ray[0] * t, EYE[1] + ray[1] * t, EYE[2] + ray[2] * t)
    normal: Vector = tuple((p - c) / ball.radius for p, c in zip(point, ball[:3], strict=True))  # pyright: ignore
    colour = _shaded(ball, ray, normal, (_sun_on(point, balls, ball), _closed_by(point, normal, balls, ball)), floor)
    over(picture[box], colour, cover)


def _shaded(ball: Ball, ray: Vector, normal: Vector, light: tuple[Field, Field], floor: Field) -> Field:
    sun, sky = light
    nx, ny, nz = normal
    facing = np.clip(nx * SUN[0] + ny * SUN[1] + nz * SUN[2], 0, 1)
    base = np.broadcast_to(ball.colour, (*facing.shape, 3))
    if ball.finish == 2:
        lean = ny * 0.83 + nx * 0.5 + nz * 0.2
        base = mix(base, rgb("#f6efe2"), smooth(-0.06, 0.06, np.sin(lean * 9.0))[..., None])
    near_floor = np.clip(-ny * 0.5 + 0.5, 0, 1) * (0.35 + 0.65 * sky)
    ground = np.clip(ny * 0.5 + 0.5, 0, 1) * sky
    lit = (
        (facing * sun)[..., None] * rgb("#fff0dc") * np.float32(0.95)
        + ground[..., None] * rgb("#c9d2e6") * np.float32(0.44)
        + near_floor[..., None] * floor * np.float32(0.26)
    )
    colour = base * lit
    back = 2 * (ray[0] * nx + ray[1] * ny + ray[2] * nz)
    mx, my, mz = ray[0] - back * nx, ray[1] - back * ny, ray[2] - back * nz
    glance = (1 + np.clip(back / 2, -1, 0)) ** 4
    gloss = 0.0 if ball.finish == 0 else 1.0
    box_light = smooth(0.55, 0.75, my) * smooth(0.42, 0.22, np.abs(mx + 0.42)) * smooth(-0.2, 0.1, mz)
    shine = (
        np.clip(mx * SUN[0] + my * SUN[1] + mz * SUN[2], 0, 1) ** (90 if gloss else 9) * sun * (0.5 if gloss else 0.05)
    )
    glow = shine + gloss * (box_light * 0.30 * sky + glance * 0.28 * np.clip(my + 0.4, 0, 1))
    return (colour + glow[..., None] * rgb("#fff8ee")).astype(np.float32)


ORBS = (
    ("#2447ff", "#8a5bff", "#ff7ab8", "#ffd0a6"), ("#0b6e6e", "#29b6a8", "#a6f0c6", "#fff3c4"),
    ("#5a1fb0", "#d43fa0", "#ff8a6a", "#ffe29a"), ("#12307a", "#2f8fd6", "#9ae0f0", "#f3e6ff"),
    ("#7a1f3a", "#e0503c", "#ffa05a", "#ffe8b0"),
)  # fmt: skip
ROOMS = (("#f2efe9", "#cfd3dc"), ("#f4ebe2", "#e0cfc6"), ("#e9eef0", "#c3d0d6"), ("#1d1f2c", "#0d0e16"))


def orb(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A large iridescent orb and its small companions."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    dark = reading.time == "night" or reading.style == "neon"
    room = inks.even(ROOMS[3 if dark else int(rng.integers(3))])
    picture = room((frame.v * 0.9 + frame.u * 0.1).astype(np.float32))
    picture *= (1.03 - 0.10 * smooth(0.3, 0.9, frame.distance(0.45, 0.4)))[..., None]
    wide, high = width / frame.short, height / frame.short
    radius, first = float(rng.uniform(0.27, 0.33)), int(rng.integers(len(ORBS)))
    floor = 0.5 + (radius + 0.05) / high
    middle = float(np.clip(rng.normal(0, 0.03), -0.02, 0.02))
    places = [(0.5 + middle / wide, radius, first)]
    for number, (side, small) in enumerate(_companions((middle, radius), wide, rng)):
        places.append((0.5 + side / wide, small, (first + 1 + number) % len(ORBS)))
    for u, size, _ in places:
        x, y = frame.around(u + size * 0.10 / wide, floor)
        shade = np.exp(-((x / (size * 1.05)) ** 2) - (y / (size * 0.20)) ** 2)
        picture *= (1 - 0.44 * shade)[..., None].astype(np.float32)
    for u, size, which in places:
        lift = 0.02 if size > 0.2 else 0.0
        tones = inks.even(ORBS[which][:: -1 if which % 2 else 1])
        _iridescent(frame, picture, (u, floor - (size + lift) / high, size), tones, rng)
    return picture


def _companions(great: tuple[float, float], wide: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return small orbs (place from the middle, radius) that stand beside the great one, apart and in the frame."""
    chosen, asked = [great], int(rng.integers(2, 5))
    for number in range(asked):
        for _ in range(40):
            small = float(rng.uniform(0.035, 0.095))
            edge = min(wide / 2, 0.66) - 0.025 - small
            side = (-1 if number % 2 else 1) * float(rng.uniform(0.2, edge))
            # Two orbs on one floor touch when they are this far apart.
            if all(abs(side - at) > 2 * (small * size) ** 0.5 + 0.006 for at, size in chosen):
                chosen.append((side, small))
                break
    return chosen[1:]


def _iridescent(
    frame: Frame, picture: Field, at: tuple[float, float, float], tones: Ramp, rng: np.random.Generator
) -> None:
    x, y = frame.around(at[0], at[1])
    x, y = x / np.float32(at[2]), y / np.float32(at[2])
    rows, columns = np.abs(y[:, 0]) < 1.05, np.abs(x[0]) < 1.05
    if not rows.any() or not columns.any():
        return
    x, y, phase = x[:, columns], y[rows], float(rng.uniform(0, 6.28))
    away = x * x + y * y
    z = np.sqrt(np.clip(1 - away, 0, 1))
    flow = 0.17 * np.sin(x * 3 + z * 3 + y * 2 + phase) + 0.07 * np.sin(x * 5 - y * 7 + z * 4 + phase)
    colour = tones((0.5 + 0.38 * (x * 0.7 + y * 0.75) + flow).astype(np.float32))
    rim = (1 - z) ** 2.6
    colour = mix(colour, np.ones(3, np.float32), (rim * 0.52)[..., None])
    shine = np.exp(-(((x + 0.38) ** 2 + (y + 0.46) ** 2) / 0.035)) * 0.55
    low = np.exp(-(((x - 0.25) ** 2 + (y - 0.72) ** 2) / 0.09)) * 0.22
    colour = colour * (0.90 + 0.12 * z)[..., None] + (shine + low)[..., None]
    cover = np.clip((1 - np.sqrt(away)) * at[2] * frame.short / 1.3 + 0.5, 0, 1).astype(np.float32)
    patch = picture[np.ix_(rows, columns)]
    over(patch, colour.astype(np.float32), cover)
    picture[np.ix_(rows, columns)] = patch
