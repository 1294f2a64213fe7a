"""Land with depth: a camera over a tile of heights that repeats for ever. Desert dunes and snowy peaks."""

from typing import NamedTuple

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, mix, over, sample, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.landscapes import spires
from imageroute_app.adapters.providers.sketch.light import heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.noise import fbm, line, tile
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.words import Reading

TILE = 768


class Camera(NamedTuple):
    """Where the eye stands over the tile, in tiles: place, height, horizon (share of height), zoom, reach."""

    x: float
    y: float
    height: float
    horizon: float
    zoom: float
    far: float
    steps: int


class View(NamedTuple):
    """What each pixel of a doubled frame sees: place on the tile (in cells), distance (0 where it is sky)."""

    x: Field
    y: Field
    far: Field


def look(frame: Frame, heights: Field, camera: Camera, near: float = 0.06, rise_over: float = 0.0) -> View:
    """Return the land a camera sees, with two rows for each row of the frame.

    Land begins at the near distance; with rise_over it rises from its lowest level over that distance.
    """
    z = (near * (camera.far / near) ** np.linspace(0, 1, camera.steps)).astype(np.float32)[:, None]
    fan = (frame.u[0] - 0.5) * np.float32(frame.width / frame.short / camera.zoom)
    place_x, place_y = (camera.x + fan[None, :] * z) * TILE, (camera.y + z) * TILE + 0 * fan[None, :]
    ground = sample(heights, place_x, place_y, wrap=True)
    if rise_over:
        low = heights.min()
        ground = low + (ground - low) * smooth(near, near + rise_over, z)
    scale = np.float32(camera.zoom * frame.short / frame.height)
    rise = (camera.height - ground) / z * scale + np.float32(camera.horizon)
    skyline = np.minimum.accumulate(rise, 0)
    rows = (np.arange(frame.height * 2, dtype=np.float32) + 0.5) / (frame.height * 2)
    distance = np.zeros((rows.size, frame.width), np.float32)
    for column in range(frame.width):
        hit = np.searchsorted(-skyline[:, column], -rows)
        step = np.clip(hit, 1, camera.steps - 1)
        above, below = rise[step - 1, column], rise[step, column]
        part = np.clip((above - rows) / np.maximum(above - below, 1e-5), 0, 1)
        # Most of a step nearer than it is: past a crest the far side would show through in dots.
        seen = z[step - 1, 0] + (z[step, 0] - z[step - 1, 0]) * (part - np.float32(0.8))
        distance[:, column] = np.where((hit > 0) & (hit < camera.steps), seen, 0)
    return View((camera.x + fan[None, :] * distance) * TILE, (camera.y + distance) * TILE, distance)


def halve(field: Field) -> Field:
    """Return a field with each pair of rows made one."""
    return (field[0::2] + field[1::2]) * np.float32(0.5)


def _slopes(heights: Field) -> tuple[Field, Field]:
    """Return the slopes of a tile, over its seams."""
    across = (np.roll(heights, -1, 1) - np.roll(heights, 1, 1)) * np.float32(TILE / 2)
    down = (np.roll(heights, -1, 0) - np.roll(heights, 1, 0)) * np.float32(TILE / 2)
    return across, down


def lit(heights: Field, azimuth: float, altitude: float, strength: float = 1.0) -> Field:
    """Return how much light falls on each place of a tile."""
    across, down = _slopes(heights)
    across, down = across * np.float32(strength), down * np.float32(strength)
    length = np.sqrt(across * across + down * down + 1)
    x, y, z = np.cos(azimuth) * np.cos(altitude), np.sin(azimuth) * np.cos(altitude), np.sin(altitude)
    return np.clip((z - across * np.float32(x) - down * np.float32(y)) / length, 0, 1).astype(np.float32)


def _wrapped_blur(field: Field, sigma: float) -> Field:
    edge = int(sigma * 4) + 1
    return blur(np.pad(field, edge, mode="wrap"), sigma)[edge:-edge, edge:-edge]


SANDS = {
    "day": ("#6b3a2c", "#b8623a", "#eea45c", "#ffe0ab"), "dawn": ("#4a3050", "#a05a5a", "#eaa078", "#ffe3c0"),
    "golden": ("#5a2a2c", "#a84e2c", "#e8954a", "#ffdba0"), "dusk": ("#2c1a3a", "#7a3a50", "#d87a5a", "#ffc890"),
    "night": ("#060a18", "#14213f", "#34507a", "#8fa8c4"),
}  # fmt: skip
AIRS = {
    "day": Sky("#23588e", "#5f98bf", "#a8cbd6", "#f2d9b4", "#ecc79c", "#6b3a2c", "#fffbe8"),
    "dawn": Sky("#5a6f9f", "#b79ab8", "#f3b9a0", "#ffe2bf", "#eebd9f", "#4a3050", "#fff3d6"),
    "golden": Sky("#5a6f94", "#b99a86", "#f0b878", "#ffdf9f", "#eeb884", "#5a2a2c", "#fff2c8"),
    "dusk": Sky("#2a2350", "#7a4880", "#e0806f", "#ffc48c", "#d08a78", "#2c1a3a", "#ffe8c0"),
    "night": Sky("#04081a", "#0c1c3c", "#20406a", "#4f7290", "#2f4c74", "#060a18", "#f4f1e0"),
}


def dunes(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Dunes with sharp crests and fine ripples."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    time = reading.time or str(rng.choice(("day", "golden", "dawn", "golden")))
    sky = AIRS[time]
    horizon = float(rng.uniform(0.30, 0.40))
    picture = heaven(frame, sky, inks, horizon)
    _air(frame, picture, (reading, sky, inks, horizon), rng)
    heights, ripples = _sand(rng)
    camera = Camera(
        float(rng.random()), float(rng.random()), float(rng.uniform(0.135, 0.165)), horizon,
        float(rng.uniform(1.35, 1.7)), 2.1, 760,
    )  # fmt: skip
    view = look(frame, heights, camera)
    azimuth = float(rng.choice((-2.5, -0.65)))
    base = _wrapped_blur(lit(heights, azimuth, 0.42, 1.35), 0.8)
    fine = lit(ripples, azimuth, 0.42, 1.0) - np.float32(np.sin(0.42))
    sand = inks.ramp(*((k / 3, text) for k, text in enumerate(SANDS[time])))
    shade = sample(base, view.x, view.y, wrap=True)
    shade += (
        sample(fine, view.x, view.y, wrap=True) * np.exp(-view.far * 5.0) * smooth(0.12, 0.4, shade) * np.float32(0.8)
    )
    colour = sand(np.clip(shade * 0.98, 0, 1) ** np.float32(0.85))
    fog = 1 - np.exp(-((view.far * 0.62) ** 1.6))
    colour = mix(colour, inks(sky.haze), (fog * 0.9)[..., None])
    over(picture, halve(colour), halve((view.far > 0).astype(np.float32)))
    return picture


def _air(frame: Frame, picture: Field, sight: tuple[Reading, Sky, Inks, float], rng: np.random.Generator) -> None:
    reading, sky, inks, horizon = sight
    if sky.top < "#10":
        add(picture, rgb("#eef0ff"), stars(frame, rng, count=900, lowest=horizon + 0.05))
    at = (float(rng.uniform(0.18, 0.82)), horizon * float(rng.uniform(0.3, 0.85)), float(rng.uniform(0.032, 0.05)))
    sun_disc(frame, picture, at, sun_of(reading, sky), 0.6)
    over(picture, inks(sky.horizon), veil(frame, rng) * np.float32(0.25))


def _sand(rng: np.random.Generator) -> tuple[Field, Field]:
    """Return the heights of dunes and of the ripples upon them."""
    step = np.arange(TILE, dtype=np.float32) / TILE
    x, y = step[None, :], step[:, None]
    bend = tile(TILE, 2, 3, rng) * np.float32(0.11)
    phase = (y * 5 + bend * 9 + 0.35 * np.sin(x * 2 * np.pi)) % 1.0
    crest = np.where(phase < 0.72, phase / 0.72, (1 - phase) / 0.28) ** 1.25
    heights = crest * (0.075 + 0.03 * tile(TILE, 3, 2, rng)) + tile(TILE, 3, 2, rng) * np.float32(0.022)
    heights = _wrapped_blur(heights.astype(np.float32), 3.0)
    ripples = np.sin((y * 62 + bend * 60 + x * 6) * 2 * np.pi).astype(np.float32) * np.float32(0.00075)
    return heights, ripples


def peaks(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Snowy peaks in cold light."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    sky = sky_of(reading, rng, ("day", "dawn", "golden", "day"))
    horizon = float(rng.uniform(0.40, 0.48))
    picture = heaven(frame, sky, inks, horizon + 0.1)
    _air(frame, picture, (reading, sky, inks, horizon), rng)
    heights = _rock(rng)
    eye = float(np.median(heights)) + float(rng.uniform(0.02, 0.05))
    camera = Camera(float(rng.random()), float(rng.random()), eye, horizon, float(rng.uniform(1.6, 2.0)), 2.9, 460)
    view = look(frame, heights, camera, near=0.62, rise_over=0.5)
    colour = _snow_and_stone(heights, view, (sky, inks), rng)
    fog = 1 - np.exp(-((view.far * 0.50) ** 2.2))
    colour = mix(colour, mix(inks(sky.haze), inks(sky.horizon), 0.4), (fog * 0.94)[..., None])
    over(picture, halve(colour), halve((view.far > 0).astype(np.float32)))
    _woods(frame, picture, (sky, inks, horizon), rng)
    return picture


def _woods(frame: Frame, picture: Field, sight: tuple[Sky, Inks, float], rng: np.random.Generator) -> None:
    """Close the picture below with dark woods in their mist."""
    sky, inks, horizon = sight
    drift = fbm(frame, 2.0, 4, rng, stretch=5.0) * np.float32(0.055)
    over(picture, mix(inks(sky.haze), inks(sky.horizon), 0.6), smooth(horizon - 0.06, horizon + 0.12, frame.v + drift))
    wide = frame.width / frame.unit
    for number in range(3):
        t = number / 2
        base = horizon + 0.17 + 0.25 * t
        profile = np.float32(base) + line(frame.width, (1.7 + t) * wide, 5, rng) * np.float32(0.045)
        profile = spires(frame, profile, rng, 0.030 + 0.085 * t, 3.6)
        tone = mix(inks("#0f1c26"), inks(sky.haze), 0.42 - 0.36 * t)
        foot = smooth(0, 0.16, frame.v - np.float32(base)) * np.float32(0.62 * (1 - t))
        over(picture, mix(tone, inks(sky.horizon), foot[..., None]), frame.below(profile))


def _rock(rng: np.random.Generator) -> Field:
    """Return ridged heights: sharp where the noise changes its sign, rough where it is already high."""
    total, weight, gain = np.zeros((TILE, TILE), np.float32), np.ones((TILE, TILE), np.float32), 1.0
    for octave in range(6):
        ridge = (1 - np.clip(np.abs(tile(TILE, 4 * 2**octave, 1, rng)) * 0.9, 0, 1)) ** 2
        total += ridge * weight * np.float32(gain)
        weight = 0.30 + 0.70 * np.clip(ridge * weight * 1.9, 0, 1)
        gain *= 0.48
    large = tile(TILE, 2, 1, rng)
    return (total * (0.125 + 0.045 * large) + large * np.float32(0.03)).astype(np.float32)


def _snow_and_stone(heights: Field, view: View, light: tuple[Sky, Inks], rng: np.random.Generator) -> Field:
    sky, inks = light
    azimuth = float(rng.choice((2.6, 0.5)))
    day = _wrapped_blur(lit(heights, azimuth, 0.60, 1.1), 0.6)
    across, down = _slopes(heights)
    steep = np.sqrt(across * across + down * down)
    hold = smooth(3.3, 1.7, steep + tile(TILE, 24, 4, rng, 0.6) * np.float32(0.5)) * smooth(-0.02, 0.05, heights)
    shade = sample(day, view.x, view.y, wrap=True)
    snow = sample(hold.astype(np.float32), view.x, view.y, wrap=True)
    white = inks.ramp((0.0, "#1c2c4a"), (0.22, "#5a76a6"), (0.5, "#bccfe6"), (0.82, "#fff9f0"))
    stone = inks.ramp((0.0, "#10182a"), (0.5, "#434c5c"), (1.0, "#a0958a"))
    warm = mix(np.ones(3, np.float32), inks(sky.horizon), 0.35) * np.float32(0.55 if sky.top < "#10" else 1.0)
    return mix(stone(shade), white(shade), snow[..., None]) * warm
