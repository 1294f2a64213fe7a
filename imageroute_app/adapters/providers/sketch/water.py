"""Water: the open sea under a low sun, a mountain lake, islands seen from above."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, mix, over, sample, slopes, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.landscapes import spires
from imageroute_app.adapters.providers.sketch.light import heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.noise import fbm, line, tile
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.sky import reflect
from imageroute_app.adapters.providers.sketch.words import Reading

TILE = 512


def waves(frame: Frame, horizon: float, rng: np.random.Generator, rough: float) -> tuple[Field, Field]:
    """Return how the water below a horizon (share of the height) leans sideways and toward us, row by row."""
    top = round(frame.height * horizon)
    rows = max(1, frame.height - top)
    down = (np.arange(rows, dtype=np.float32) + 0.5) / rows * np.float32((1 - horizon) * frame.height / frame.short)
    far = 1.0 / (down + 0.012)
    x = (frame.u[0] - 0.5) * np.float32(frame.width / frame.short)
    aside, ahead = np.zeros((rows, frame.width), np.float32), np.zeros((rows, frame.width), np.float32)
    pixel = far * far / frame.short
    for size, strength in ((0.9, 1.0), (2.6, 0.8), (7.0, 0.55)):
        field = tile(TILE, 8, 4, rng, 0.5)
        lean_x = np.roll(field, -1, 1) - field
        lean_y = np.roll(field, -1, 0) - field
        cells = TILE / 8 * size
        place_x, place_y = x[None, :] * far[:, None] * cells, far[:, None] * np.float32(cells * 1.5) + 0 * x[None, :]
        calm = strength * 9.0 / (1 + (pixel * cells / 9.0) ** 1.2)
        aside += sample(lean_x, place_x, place_y, wrap=True) * calm[:, None].astype(np.float32)
        ahead += sample(lean_y, place_x, place_y, wrap=True) * calm[:, None].astype(np.float32)
    return aside * np.float32(rough), ahead * np.float32(rough)


def sea(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """The open sea, with the sun's or moon's road of light upon it."""
    frame = Frame(width, height)
    sky = sky_of(reading, rng, ("dusk", "golden", "dawn", "dusk", "night"))
    inks = inks_of(reading)
    horizon = float(rng.uniform(0.42, 0.54))
    picture = heaven(frame, sky, inks, horizon)
    _sea_clouds(frame, picture, sky, inks, rng)
    night = reading.time == "night" or sky.top < "#10"
    if night:
        add(picture, rgb("#eef0ff"), stars(frame, rng, count=700, lowest=horizon))
    high = night or reading.time == "day"
    radius = float(rng.uniform(0.035, 0.06)) * (1.5 if reading.sun else 1)
    at = (
        float(rng.uniform(0.3, 0.7)),
        horizon - float(rng.uniform(0.14, 0.24) if high else rng.uniform(-0.005, 0.05)),
        radius,
    )
    sun = sun_of(reading, sky)
    sun_disc(frame, picture, at, sun, 0.8)
    rough = 1.35 if reading.weather == "storm" else 0.8
    lay_sea(frame, picture, horizon, (at[0], sun), (sky, inks), waves(frame, horizon, rng, rough))
    return picture


def _sea_clouds(frame: Frame, picture: Field, sky: Sky, inks: Inks, rng: np.random.Generator) -> None:
    soft = smooth(0.02, 0.6, fbm(frame, 2.6, 6, rng, stretch=5.0, gain=0.55))
    lower = soft - np.roll(soft, -max(1, round(frame.height * 0.012)), 0)
    body = mix(inks(sky.low), inks(sky.high), (0.45 + 0.4 * frame.v)[..., None])
    over(picture, body * np.float32(0.94), soft * np.float32(0.62))
    add(picture, inks(sky.horizon), np.clip(-lower * 1.6, 0, 0.5))


def lay_sea(
    frame: Frame, picture: Field, horizon: float, sun: tuple[float, Field], colours: tuple[Sky, Inks],
    lean: tuple[Field, Field],
) -> None:  # fmt: skip
    """Fill the picture below the horizon with water that mirrors the sky, in place."""
    (sun_u, light), (sky, inks) = sun, colours
    aside, ahead = lean
    top = frame.height - aside.shape[0]
    down = ((np.arange(aside.shape[0], dtype=np.float32) + 0.5) / aside.shape[0])[:, None]
    looks_up = np.clip(0.06 + 0.62 * down**0.8 + ahead * 0.20 * (0.25 + down), 0, 1)
    mirror = inks.ramp((0.0, sky.horizon), (0.22, sky.low), (0.60, sky.high), (1.0, sky.top))(looks_up)
    deep = mix(inks(sky.top), inks(sky.near), 0.5) * np.float32(0.8)
    water = mix(mirror * np.float32(0.92), deep, (0.22 + 0.48 * smooth(0, 0.9, looks_up))[..., None])
    x = (frame.u - np.float32(sun_u)) * np.float32(frame.width / frame.short)
    road = np.exp(-((x / (0.035 + 0.26 * down)) ** 2))
    glint = np.exp(-(((x * 1.1 / (0.25 + down) + aside * 0.55) / 0.30) ** 2)) * smooth(0.05, 0.75, ahead + 0.35 * road)
    spark = np.clip(glint * 1.1 * road**0.5 + road * 0.22 * (1 - down), 0, 1)
    picture[top:] = water
    add(picture[top:], light, spark.astype(np.float32))
    haze = np.exp(-down / 0.018)[..., None] * 0.75
    picture[top:] = mix(picture[top:], inks(sky.horizon) * np.float32(0.96), haze.astype(np.float32))


def lake(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A still lake that doubles mountains and forest."""
    frame = Frame(width, height)
    sky = sky_of(reading, rng, ("dawn", "golden", "dusk", "day"))
    inks = inks_of(reading)
    shore = float(rng.uniform(0.56, 0.64))
    picture = heaven(frame, sky, inks, shore)
    at = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.18, 0.3)), 0.04)
    sun_disc(frame, picture, at, sun_of(reading, sky), 0.55)
    over(picture, inks(sky.horizon), veil(frame, rng) * np.float32(0.4))
    wide = width / frame.unit
    bridge = inks.ramp((0.0, sky.haze), (1.0, sky.near))
    for number in range(4):
        t = number / 3
        profile = np.float32(shore - 0.20 + 0.16 * t) + line(width, (1.9 + 1.4 * t) * wide, 8, rng, 0.52) * (
            0.085 - 0.045 * t
        )
        if number > 1:
            profile = spires(frame, profile, rng, 0.020 + 0.035 * (number - 2), 3.4)
        body = bridge(np.array([t**1.1], np.float32))[0]
        foot = smooth(0, 1, (frame.v - profile.mean()) / np.float32(0.16)) * np.float32(0.7 * (1 - t))
        over(picture, mix(body, inks(sky.horizon), foot[..., None]), frame.below(profile))
    reflect(frame, picture, shore, mix(inks(sky.top), inks(sky.near), 0.55), rng)
    mist = np.exp(-(((frame.v - shore) / 0.018) ** 2)) * np.clip(0.5 + fbm(frame, 2.4, 3, rng, stretch=8), 0, 1)
    over(picture, inks(sky.horizon), (mist * 0.6).astype(np.float32))
    return picture


SEAS = (
    ("#06304f", "#0b5d80", "#1f97a6", "#7fd8cc"), ("#041f3a", "#0a4a7a", "#2a86b8", "#8fd6e0"),
    ("#05353a", "#0c6a66", "#34a890", "#a6e0c4"),
)  # fmt: skip


def islands(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Islands from above: reefs, beaches, woods, bare heights and the clouds between."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    ground = fbm(frame, float(rng.uniform(2.8, 4.0)), 8, rng, gain=0.53) + 0.12 * fbm(frame, 1.2, 2, rng)
    level = (ground - float(np.quantile(ground[::6, ::6], float(rng.uniform(0.70, 0.82))))) * np.float32(0.62) + 0.5
    deep = SEAS[int(rng.integers(len(SEAS)))]
    colour = inks.ramp(
        (0.0, deep[0]), (0.26, deep[1]), (0.42, deep[2]), (0.49, deep[3]), (0.502, "#f4e7c3"), (0.525, "#d2bd86"),
        (0.56, "#6f8f4e"), (0.70, "#35603f"), (0.84, "#6c5a48"), (1.0, "#efe9df"),
    )(level)  # fmt: skip
    along, down = slopes(blur(ground, 0.8 * frame.short / 1000) * np.float32(frame.unit * 0.034))
    steep = 1 / np.sqrt(along * along + down * down + 1)
    shade = np.clip((0.54 * along + 0.54 * down) * steep + 0.66 * steep, 0, 1)
    land = smooth(0.495, 0.507, level)
    colour *= mix(np.ones(1, np.float32), (0.42 + 0.88 * shade)[..., None], land[..., None])
    swell = fbm(frame, 46, 3, rng, stretch=3.0) * np.float32(0.035)
    colour *= (1 + swell * (1 - land))[..., None]
    break_at = 0.490 + 0.006 * fbm(frame, 20, 2, rng)
    over(colour, rgb("#ffffff"), (np.exp(-(((level - break_at) / 0.0045) ** 2)) * 0.6).astype(np.float32))
    sky = smooth(0.42, 1.10, fbm(frame, 2.6, 6, rng, gain=0.56)) * np.float32(0.9)
    drop = max(1, round(frame.short * 0.02))
    shadow = np.pad(sky, ((drop, 0), (drop, 0)), mode="edge")[:height, :width]
    colour *= (1 - 0.36 * shadow)[..., None]
    over(colour, rgb("#fbfbf8"), sky)
    return colour


def beam(frame: Frame, at: tuple[float, float], angle: float, spread: float) -> Field:
    """Return a beam of light that leaves a lamp at an angle (radians) and fades on its way."""
    x, y = frame.around(*at)
    turn = np.arctan2(y, x) - np.float32(angle)
    off = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    far = np.sqrt(x * x + y * y)
    return (np.exp(-((off / spread) ** 2)) * np.exp(-far / 0.8) * smooth(0.0, 0.05, far)).astype(np.float32)
