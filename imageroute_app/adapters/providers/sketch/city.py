"""A city's skyline with its windows, doubled in the water before it."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, mix, over
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.light import bloom, heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.plate import Plate
from imageroute_app.adapters.providers.sketch.sky import reflect
from imageroute_app.adapters.providers.sketch.words import Reading

EVENINGS = (
    Sky("#0b1030", "#27265c", "#8a4a78", "#e98f6b", "#6d4370", "#0a0c1d", "#ffeeda"),
    Sky("#07182b", "#143c5a", "#3f7a8a", "#f0b48a", "#33566b", "#060f1a", "#fff3e0"),
    Sky("#150a2a", "#3f1f66", "#a8438a", "#ff9a76", "#6b3a78", "#0d0718", "#ffe8d0"),
    Sky("#06070f", "#121a33", "#2a3a66", "#6a6f9a", "#2b335c", "#04050c", "#f6f2e6"),
)
LAMPS = ("#ffd27a", "#ffb35c", "#fff0c9", "#9fd4ff")


def city(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Towers in four depths, a moon, lit windows and their reflection."""
    frame = Frame(width, height)
    inks = inks_of(reading)
    evening = reading.time in ("", "night")
    sky = EVENINGS[int(rng.integers(len(EVENINGS)))] if evening else sky_of(reading, rng, ("dusk",))
    shore = float(rng.uniform(0.70, 0.76))
    picture = heaven(frame, sky, inks, shore * 0.94)
    if evening:
        add(picture, rgb("#f2f0ff"), stars(frame, rng, count=500, lowest=shore * 0.7))
    over(picture, inks(sky.low), veil(frame, rng) * np.float32(0.30))
    centre = float(rng.uniform(0.32, 0.68))
    moon_u = centre + (0.30 if centre < 0.5 else -0.30)
    sun_disc(
        frame,
        picture,
        (moon_u, float(rng.uniform(0.15, 0.24)), float(rng.uniform(0.045, 0.06))),
        sun_of(reading, sky),
        0.45,
    )
    bridge = inks.ramp((0.0, sky.haze), (1.0, sky.near))
    brightness = 1.0 if evening or reading.time == "dusk" else 0.35
    for layer in range(4):
        share = layer / 3
        tone = bridge(np.array([share**0.75], np.float32))[0]
        _block(frame, picture, (share, shore, centre, brightness), (tone, inks), rng)
    reflect(frame, picture, shore, inks(sky.near) * 0.7 + inks(sky.high) * 0.3, rng)
    bloom(picture, frame, above=0.6, strength=0.9 * brightness, radius=0.008)
    return picture


def _block(
    frame: Frame, picture: Field, place: tuple[float, float, float, float], colours: tuple[Field, Inks],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Lay one row of buildings with its lit windows, in place."""
    share, shore, centre, brightness = place
    tone, inks = colours
    walls, lights = Plate(frame), Plate(frame, np.zeros(3, np.float32))
    lamps = [inks(text) if share < 2 else rgb(text) for text in LAMPS]
    s, base = frame.short, shore * frame.height
    high = min(frame.height * shore * 0.92, s * 0.95)
    x = -0.04 * s
    while x < frame.width:
        wide = s * float(rng.uniform(0.040, 0.095)) * (0.75 + 0.45 * share)
        peak = np.exp(-(((x / frame.width - centre) / 0.22) ** 2))
        tall = (
            high * float(0.30 - 0.12 * share + (0.30 - 0.05 * share) * rng.random() ** 2.0) * float(0.70 + 0.95 * peak)
        )
        box = (x, base - tall, x + wide, base)
        _tower(walls, box, s, rng)
        if share > 0:
            _windows(lights, box, (s * 0.0088, 0.10 + 0.22 * share * brightness), lamps, rng)
        x += wide + s * float(rng.uniform(-0.012, 0.014))
    side = 1 + 0.16 * np.sin(frame.u * 40 * frame.width / frame.short) * (1 - share)
    body = tone * side[..., None] * (1.10 - 0.16 * frame.v)[..., None]
    over(picture, body.astype(np.float32), walls.mask())
    lit = lights.picture() * np.float32((0.45 + 0.55 * share) * brightness)
    picture += lit * (1 - 0.5 * picture)


def _tower(plate: Plate, box: tuple[float, float, float, float], s: float, rng: np.random.Generator) -> None:
    x0, top, x1, base = box
    wide, middle = x1 - x0, (x0 + x1) / 2
    plate.rectangle(x0, top, x1, base)
    match int(rng.integers(9)):
        case 0:
            plate.rectangle(middle - s * 0.0016, top - wide * 0.9, middle + s * 0.0016, top)
        case 1:
            plate.rectangle(x0 + wide * 0.2, top - wide * 0.28, x1 - wide * 0.2, top)
            plate.rectangle(x0 + wide * 0.36, top - wide * 0.6, x1 - wide * 0.36, top)
            plate.rectangle(middle - s * 0.0014, top - wide * 1.3, middle + s * 0.0014, top)
        case 2:
            plate.polygon([(x0, top), (x1, top - wide * 0.42), (x1, top)])
        case 3:
            plate.polygon([(x0, top), (middle, top - wide * 0.8), (x1, top)])
        case 4:
            plate.wedge(middle, top, wide / 2, (180, 360))
        case _:
            plate.rectangle(x0 + wide * 0.55, top - wide * 0.10, x0 + wide * 0.85, top)


def _windows(
    plate: Plate, box: tuple[float, float, float, float], grid: tuple[float, float], lamps: list[Field],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    x0, top, x1, base = box
    pitch, chance = grid
    columns, rows = int((x1 - x0 - pitch * 0.6) / pitch), int((base - top - pitch) / (pitch * 1.25))
    if columns < 1 or rows < 1:
        return
    chances = chance * (0.35 + 1.3 * rng.random((rows, 1)))
    lit, level, kind = (
        rng.random((rows, columns)) < chances,
        rng.uniform(0.45, 1.0, (rows, columns)),
        rng.integers(0, 4, (rows, columns)),
    )
    inset = (x1 - x0 - columns * pitch) / 2
    for row, column in zip(*np.nonzero(lit), strict=True):
        x, y = x0 + inset + (column + 0.2) * pitch, top + (row * 1.25 + 0.6) * pitch
        colour = mix(lamps[0], lamps[int(kind[row, column])], 0.8) * np.float32(level[row, column])
        plate.rectangle(float(x), float(y), float(x) + pitch * 0.52, float(y) + pitch * 0.62, colour)
