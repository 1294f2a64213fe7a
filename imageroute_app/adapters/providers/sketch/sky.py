"""The sky as the subject: the Milky Way, a ringed planet, northern lights."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, mix, over, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.landscapes import spires
from imageroute_app.adapters.providers.sketch.light import heaven, scatter, stars
from imageroute_app.adapters.providers.sketch.noise import fbm, line
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of
from imageroute_app.adapters.providers.sketch.words import Reading

NIGHTS = (
    Sky("#050a1c", "#0c1e40", "#1f4668", "#7fb0a8", "#000000", "#040a10", "#f6f0e2"),
    Sky("#070617", "#16133c", "#3a2a63", "#c08a8a", "#000000", "#07050f", "#f6f0e2"),
    Sky("#03100f", "#08282c", "#17525a", "#8fc0a0", "#000000", "#020a0a", "#f6f0e2"),
)
NEBULAE = (("#3b4f9c", "#8a6fae", "#e0a58c"), ("#2f5f9c", "#5aa0b8", "#e8d2b0"), ("#5a3b9c", "#c06fae", "#ffb59c"))


def milky(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """The Milky Way over a dark line of trees or hills."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    sky = NIGHTS[int(rng.integers(len(NIGHTS)))]
    picture = heaven(frame, sky, inks, 1.0)
    lean = float(rng.choice((-1, 1)) * rng.uniform(0.35, 0.75))
    x, y = frame.around(float(rng.uniform(0.42, 0.58)), 0.42)
    along = x * np.float32(np.sin(lean)) - y * np.float32(np.cos(lean))
    aside = x * np.float32(np.cos(lean)) + y * np.float32(np.sin(lean)) + fbm(frame, 2.2, 3, rng) * np.float32(0.09)
    band = np.exp(-((aside / (0.17 + 0.05 * along)) ** 2))
    dust = fbm(frame, 3.6, 7, rng, gain=0.6)
    cloud = band * np.clip(0.52 + dust * 0.95, 0, 1.4)
    hue = inks.even(NEBULAE[int(rng.integers(len(NEBULAE)))])
    tone = hue(np.clip(0.5 + fbm(frame, 2.4, 3, rng) * 0.8 + (band - 0.5) * 0.3, 0, 1))
    picture += cloud[..., None] * tone * np.float32(0.66)
    rift = np.exp(-(((aside + 0.02) / 0.055) ** 2)) * np.clip(0.45 + fbm(frame, 5.5, 6, rng, gain=0.6) * 1.5, 0, 1)
    picture *= (1 - 0.62 * rift)[..., None].astype(np.float32)
    add(picture, rgb("#fff6ec"), _star_field(frame, band, rng))
    base = np.float32(0.90) + line(width, 1.6 * width / frame.unit, 4, rng) * np.float32(0.03)
    if reading.has("mountain", "mountains", "hill", "hills", "desert", "dunes"):
        profile = base - np.float32(0.03) + line(width, 3.0 * width / frame.unit, 8, rng) * np.float32(0.07)
    else:
        profile = spires(frame, base, rng, 0.085, 3.6)
        profile = np.minimum(profile, spires(frame, base + np.float32(0.02), rng, 0.16, 0.9))
    glow = np.exp(-np.clip(profile.mean() - frame.v, 0, 1) / 0.10) * 0.25
    add(picture, inks(sky.horizon), np.broadcast_to(glow, (height, width)).astype(np.float32))
    over(picture, inks(sky.near), frame.below(profile))
    return picture


def _star_field(frame: Frame, band: Field, rng: np.random.Generator) -> Field:
    count = 9000
    u, v = rng.random(count), rng.random(count)
    row, column = (v * (frame.height - 1)).astype(np.int32), (u * (frame.width - 1)).astype(np.int32)
    chance = rng.random(count)
    strength = rng.random(count) ** 7 * 1.5 + 0.05
    keep = chance < 0.25 + 0.75 * band[row, column]
    return scatter(frame, u, v, np.where(keep, strength, 0).astype(np.float32))


WORLDS = (
    ("#b5543f", "#e58f5c", "#f6cf9b", "#fdeed3"), ("#2f5f8a", "#6fa6c4", "#cfe0e0", "#f6f0dc"),
    ("#5a3b7a", "#a86fa6", "#e8b8c0", "#fbe6d6"), ("#2f6b5a", "#7fb090", "#dfe0b0", "#f6ecd0"),
)  # fmt: skip
SPACE = (
    Sky("#150c2e", "#33204f", "#6b3560", "#c95d63", "#8a4a68", "#1a0d24", "#ffe2c0"),
    Sky("#06101f", "#122a45", "#2c5a72", "#d8a27a", "#4f6f80", "#07121c", "#fff0d6"),
    Sky("#100a24", "#2a1f5a", "#5a4a9a", "#e58fa0", "#6a5a9a", "#120c26", "#ffe6e0"),
    Sky("#0a1412", "#163a38", "#3f7a6a", "#f0c890", "#5a8a78", "#081412", "#fff2d0"),
)


def planet(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A ringed planet and a moon over the hills of another world."""
    frame = Frame(width, height)
    inks, sky = inks_of(reading), SPACE[int(rng.integers(len(SPACE)))]
    picture = heaven(frame, sky, inks, 0.95)
    add(picture, rgb("#f4f0ff"), stars(frame, rng, count=1100) * (1.05 - frame.v))
    at = (float(rng.uniform(0.36, 0.64)), float(rng.uniform(0.33, 0.44)), float(rng.uniform(0.20, 0.27)))
    add(picture, inks(sky.horizon), frame.glow(at[0], at[1], at[2] * 1.5, 2.4) * np.float32(0.30))
    moon = (float(rng.choice((0.13, 0.86))), float(rng.uniform(0.56, 0.68)), float(rng.uniform(0.022, 0.036)))
    lit = (-float(rng.uniform(0.45, 0.65)), -float(rng.uniform(0.3, 0.5)))
    _ball(frame, picture, moon, frame.plain(inks("#f0dccb")), lit)
    _ringed(frame, picture, at, inks, (lit, rng))
    wide = width / frame.unit
    bridge = inks.ramp((0.0, sky.haze), (1.0, sky.near))
    for number, (base, rise) in enumerate(((0.83, 0.035), (0.88, 0.045), (0.94, 0.04))):
        profile = np.float32(base) + line(width, (1.8 + number) * wide, 7, rng) * np.float32(rise)
        colour = bridge(np.array([0.34 + 0.33 * number], np.float32))[0]
        foot = smooth(0, 0.12, frame.v - np.float32(base)) * np.float32(0.25)
        over(picture, mix(colour, inks(sky.haze), foot[..., None]), frame.below(profile))
    return picture


def _light_of(x: Field, y: Field, lit: tuple[float, float]) -> Field:
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    return np.clip(lit[0] * x + lit[1] * y + 0.72 * z, 0, 1).astype(np.float32)


def _ball(frame: Frame, picture: Field, at: tuple[float, float, float], skin: Field, lit: tuple[float, float]) -> None:
    x, y = frame.around(at[0], at[1])
    shade = 0.04 + 1.08 * _light_of(x / np.float32(at[2]), y / np.float32(at[2]), lit)
    over(picture, skin * shade[..., None].astype(np.float32), frame.disc(*at))


def _ringed(
    frame: Frame, picture: Field, at: tuple[float, float, float], inks: Inks,
    rest: tuple[tuple[float, float], np.random.Generator],
) -> None:  # fmt: skip
    lit, rng = rest
    x, y = frame.around(at[0], at[1])
    x, y = x / np.float32(at[2]), y / np.float32(at[2])
    lean = float(rng.choice((-1, 1)) * rng.uniform(0.2, 0.5))
    c, s, flat = np.float32(np.cos(lean)), np.float32(np.sin(lean)), float(rng.uniform(0.17, 0.28))
    level, side = -x * s + y * c, x * c + y * s
    world = WORLDS[int(rng.integers(len(WORLDS)))]
    swirl = fbm(frame, 3.2, 5, rng, stretch=2.4)
    bands = 0.5 + 0.42 * np.sin(level * 11 + swirl * 1.3 + 1.5 * np.sin(level * 4)) + swirl * 0.22
    skin = inks.even(world)(bands.astype(np.float32))
    q = np.sqrt(side**2 + (level / flat) ** 2)
    grooves = 0.60 + 0.26 * np.sin(q * 31) * np.sin(q * 13.7) + 0.14 * np.sin(q * 83)
    soft = 2.2 / (frame.short * at[2])
    reach = smooth(1.28, 1.28 + 0.03 + soft, q) * (1 - smooth(2.04 - soft, 2.10, q))
    gap = 1 - 0.85 * np.exp(-(((q - 1.76) / 0.025) ** 2))
    ring = (grooves * reach * gap * 0.94).astype(np.float32)
    dust = inks.even((world[2], world[1], world[3]))(np.clip((q - 1.28) / 0.82, 0, 1))
    # The planet's shadow falls on the ring behind it, away from the light.
    across = (x * lit[1] - y * lit[0]) / np.float32(np.hypot(*lit))
    dark = 1 - 0.8 * smooth(0.06, -0.06, np.abs(across) - 0.97) * (x * lit[0] + y * lit[1] < 0)
    over(picture, dust * dark[..., None].astype(np.float32), ring * (level < 0))
    _ball(frame, picture, at, skin, lit)
    cast = np.exp(-(((level / flat + 1.0 - 0.9 * lit[1]) / 0.42) ** 2)) * 0.35
    inside = frame.disc(at[0], at[1], at[2] * 0.995)
    picture *= (1 - (cast * inside * (level < 0.3)))[..., None].astype(np.float32)
    over(picture, dust, ring * (level >= 0))


CURTAINS = (("#2ee6a0", "#3fd0c0", "#9a5cff"), ("#59f0b0", "#4fb8ff", "#ff5ca8"), ("#a0f070", "#2ed0a0", "#6a5cff"))


def aurora(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Northern lights over mountains, doubled in still water."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    sky = NIGHTS[int(rng.integers(len(NIGHTS)))]
    shore = float(rng.uniform(0.70, 0.78))
    picture = heaven(frame, sky, inks, shore + 0.25)
    add(picture, rgb("#f0f4ff"), stars(frame, rng, count=800, lowest=shore))
    colours = [inks(text) for text in CURTAINS[int(rng.integers(len(CURTAINS)))]]
    for number in range(3):
        _curtain(frame, picture, colours, rng, (0.48 - 0.10 * number, 1.0 - 0.26 * number))
    wide = width / frame.unit
    far = np.float32(shore - 0.07) + line(width, 2.6 * wide, 8, rng) * np.float32(0.055)
    near = np.float32(shore - 0.012) + line(width, 1.8 * wide, 4, rng) * np.float32(0.012)
    tone = mix(inks(sky.near), inks(sky.low), 0.28)
    over(picture, tone, frame.below(np.minimum(far, np.float32(shore))))
    over(picture, inks(sky.near), frame.below(spires(frame, near, rng, 0.035, 2.4)))
    reflect(frame, picture, shore, inks(sky.near), rng)
    return picture


def _curtain(
    frame: Frame, picture: Field, colours: list[Field], rng: np.random.Generator, place: tuple[float, float]
) -> None:
    base, strength = place
    wide = frame.width / frame.unit
    foot = base + 0.15 * line(frame.width, 1.5 * wide, 3, rng, 0.4)
    tall = 0.30 + 0.10 * line(frame.width, 2.2 * wide, 2, rng)
    rays = 0.62 + 0.30 * line(frame.width, 16 * wide, 4, rng, 0.7)
    power = np.clip(0.82 + 0.55 * line(frame.width, 1.8 * wide, 2, rng), 0.12, 1.4) * np.clip(rays, 0.1, 1.4)
    above = (foot[None, :] - frame.v) / np.clip(tall, 0.14, 0.6)[None, :]
    light = np.exp(-np.clip(above, 0, 9) * 2.3) * smooth(-0.10, 0.05, above) * power[None, :] * strength
    light = blur(light.astype(np.float32), frame.short * 0.0025, frame.short * 0.006)
    hue = np.clip(above * 1.25, 0, 1).astype(np.float32)
    low = smooth(0, 0.5, hue)[..., None]
    high = smooth(0.45, 1.0, hue)[..., None]
    colour = mix(mix(colours[0], colours[1], low), colours[2], high)
    picture += (1 - np.clip(picture, 0, 1)) * np.clip(light, 0, 1)[..., None] * colour


def reflect(frame: Frame, picture: Field, shore: float, deep: Field, rng: np.random.Generator) -> None:
    """Fill the picture below a shore with the still, slightly rippled reflection of what is above it, in place."""
    line_px = round(frame.height * shore)
    rows = frame.height - line_px
    if rows < 1:
        return
    depth = (np.arange(rows, dtype=np.float32) + 0.5) / rows
    taken = np.clip(line_px - 1 - (depth * rows * 1.25).astype(np.int32), 0, frame.height - 1)
    mirror = blur(picture[taken], frame.short * 0.0016, frame.short * 0.0075)
    water = Frame(frame.width, rows)
    ripple = fbm(water, 22, 3, rng, stretch=9.0) * (0.25 + depth[:, None]) * np.float32(frame.short * 0.0065)
    columns = np.clip(np.arange(frame.width)[None, :] + ripple.astype(np.int32), 0, frame.width - 1)
    mirror = np.take_along_axis(mirror, columns[..., None], 1)
    fade = (0.20 + 0.30 * depth)[:, None, None]
    shine = 1 + 0.10 * fbm(water, 22, 4, rng, stretch=14.0)
    picture[line_px:] = mix(mirror, deep, fade) * shine[..., None]
    edge = np.exp(-depth * rows / (frame.height * 0.004))[:, None, None] * 0.35
    picture[line_px:] = mix(picture[line_px:], deep, edge.astype(np.float32))
