"""Land in layers: ridges at the ends of the day, a forest in mist, balloons over hills."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, mix, over, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.light import fog, heaven, stars, sun_disc, veil
from imageroute_app.adapters.providers.sketch.noise import line
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky, inks_of, sky_of, sun_of
from imageroute_app.adapters.providers.sketch.words import Reading


def _layer(
    frame: Frame, picture: Field, profile: Field, colours: tuple[Field, Field], fade: tuple[float, float]
) -> None:
    """Lay one hill; its foot fades into the haze over a depth (a share of the height) by a strength."""
    colour, haze = colours
    depth, strength = fade
    even = blur(np.repeat(profile[None, :], 3, 0), frame.width * 0.02)[1]
    foot = smooth(0.0, 1.0, (frame.v - even[None, :]) / np.float32(depth)) * np.float32(strength)
    body = mix(colour, haze, foot[..., None])
    over(picture, body, frame.below(profile))


def _ground(frame: Frame, sky: Sky, inks: Inks, share: float) -> tuple[Field, Field]:
    """Return the colour and the haze of a layer; share is 0 far away and 1 in front."""
    far, near = inks(sky.haze), inks(sky.near)
    bridge = inks.ramp((0.0, sky.haze), (1.0, sky.near))
    colour = bridge(np.array([share**0.9], np.float32))[0]
    return colour, mix(far, mix(far, near, 0.25), share)


def _open_sky(reading: Reading, frame: Frame, rng: np.random.Generator, sky: Sky, horizon: float) -> Field:
    inks = inks_of(reading)
    picture = heaven(frame, sky, inks, horizon)
    if reading.time == "night" or sky.top < "#10":
        add(picture, rgb("#e8ecff"), stars(frame, rng, count=900, lowest=horizon) * (1 - frame.v / np.float32(horizon)))
    u, v = float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.34))
    big = reading.sun != "" or reading.style in ("poster", "screen-print", "minimal")
    radius = float(rng.uniform(0.085, 0.12) if big else rng.uniform(0.03, 0.055))
    over(picture, inks(sky.horizon), veil(frame, rng) * np.float32(0.28))
    sun_disc(frame, picture, (u, v, radius), sun_of(reading, sky), 0.28 if big else 0.6)
    return picture


def ridges(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Mountains behind mountains, each paler than the one before it."""
    frame = Frame(width, height)
    sky = sky_of(reading, rng, ("dawn", "dusk", "golden"))
    inks = inks_of(reading)
    start = float(rng.uniform(0.40, 0.50))
    picture = _open_sky(reading, frame, rng, sky, start + 0.16)
    count = 4 if reading.style == "minimal" else int(rng.integers(6, 9))
    rough, wide = float(rng.uniform(0.46, 0.54)), width / frame.unit
    for number in range(count):
        t = number / (count - 1)
        shape = line(width, (1.9 + 2.6 * t) * wide, 8, rng, rough)
        profile = start + (0.90 - start) * t**1.12 + (0.115 - 0.035 * t) * shape * 0.9
        _layer(frame, picture, profile, _ground(frame, sky, inks, t), (0.26, 0.62 * (1 - t) ** 0.6))
    return picture


def spires(frame: Frame, base: Field, rng: np.random.Generator, size: float, density: float) -> Field:
    """Return a profile with conifers standing on it; size is a tree's height as a share of the picture's."""
    width = frame.width
    top = base.copy()
    ratio = frame.height / frame.width
    columns = (np.arange(width, dtype=np.float32) + 0.5) / width
    for _ in range(int(density / (size * ratio))):
        at, tall = float(rng.uniform(-0.02, 1.02)), size * float(rng.uniform(0.55, 1.55))
        half, sway = tall * ratio * float(rng.uniform(0.12, 0.17)), float(rng.uniform(30, 52))
        low, high = max(0, int((at - half) * width)), min(width, int((at + half) * width) + 2)
        if high - low < 1:
            continue
        share = np.abs(columns[low:high] - at) / half
        body = tall * np.clip(1 - share, 0, 1)
        body += tall * 0.055 * np.sin((1 - share) * sway) * (share > 0.07) * (share < 1)
        foot = base[min(width - 1, max(0, int(at * width)))] + tall * 0.12
        top[low:high] = np.minimum(top[low:high], np.where(share < 1, foot - body, 9))
    return top


def pines(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """A conifer forest that stands in rows in the mist."""
    frame = Frame(width, height)
    sky = _mist_sky(reading, rng)
    inks = inks_of(reading)
    picture = heaven(frame, sky, inks, 0.6)
    if rng.random() < 0.6:
        at = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.14, 0.3)), 0.04)
        sun_disc(frame, picture, at, sun_of(reading, sky), 0.5)
    wide, start = width / frame.unit, float(rng.uniform(0.26, 0.36))
    for number in range(8):
        t = number / 7
        profile = start + (0.86 - start) * t**1.05 + (0.085 - 0.03 * t) * line(width, (1.6 + 2 * t) * wide, 7, rng)
        if t > 0.2:
            profile = spires(frame, profile, rng, 0.018 + 0.15 * t**2.1, 3.6)
        _layer(frame, picture, profile, _ground(frame, sky, inks, t), (0.22, 0.86 * (1 - t * 0.85) ** 0.7))
        if number in (3, 5):
            bank = start + (0.9 - start) * (t + 0.09)
            fog(frame, picture, inks(sky.horizon), rng, at=bank, depth=0.07)
    return picture


def _mist_sky(reading: Reading, rng: np.random.Generator) -> Sky:
    if reading.time:
        return sky_of(reading, rng, ("dawn",))
    choices = (
        Sky("#9fc4c6", "#c3dad6", "#e0eae0", "#e9f0e6", "#c7d9d2", "#0d2a2b", "#fffdf0"),
        Sky("#a9b8c9", "#c8d1d8", "#e2e4e2", "#eeeae2", "#c9d0d4", "#14222f", "#fffaf0"),
        Sky("#8fb0a0", "#b9cdb4", "#dde3c8", "#f0ecd4", "#c3d2b8", "#12291c", "#fffbe6"),
        Sky("#b7a9bd", "#d3c3c8", "#eadbd2", "#f4e8da", "#d3c4c6", "#2a1f36", "#fff4e4"),
    )
    return choices[int(rng.integers(len(choices)))]


def balloons(reading: Reading, width: int, height: int, rng: np.random.Generator) -> Field:
    """Hot air balloons over hills."""
    frame = Frame(width, height)
    sky = sky_of(reading, rng, ("dawn", "dawn", "golden", "day"))
    inks = inks_of(reading)
    picture = heaven(frame, sky, inks, 0.74)
    low = (float(rng.uniform(0.15, 0.4)), float(rng.uniform(0.5, 0.58)), 0.05)
    sun_disc(frame, picture, low, sun_of(reading, sky), 0.7)
    over(picture, inks(sky.horizon), veil(frame, rng) * np.float32(0.35))
    wide = width / frame.unit
    for number in range(5):
        t = number / 4
        profile = 0.66 + 0.27 * t**1.1 + (0.06 - 0.01 * t) * line(width, (2.2 + 2 * t) * wide, 7, rng)
        _layer(frame, picture, profile, _ground(frame, sky, inks, t), (0.2, 0.6 * (1 - t) ** 0.6))
    _fleet(frame, picture, sky, inks, rng)
    return picture


CLOTHS = (
    ("#d8433b", "#f6e3c5", "#f0a03c"), ("#2b6f77", "#f6e3c5", "#e3b23c"), ("#e08a3c", "#f7e6c8", "#b8452f"),
    ("#6b4a8a", "#e9c9d8", "#f2b56b"), ("#274b8a", "#f3e6cf", "#d8433b"), ("#b8324f", "#f7d9b8", "#3a5f8a"),
)  # fmt: skip


def _fleet(frame: Frame, picture: Field, sky: Sky, inks: Inks, rng: np.random.Generator) -> None:
    """Hang balloons in the sky, the far ones first and paler."""
    places: list[tuple[float, float, float]] = []
    sizes = (0.155, 0.085, 0.062, 0.05, 0.042, 0.034, 0.028)[: int(rng.integers(4, 8))]
    ratio = (frame.width / frame.short, frame.height / frame.short)
    for size in sizes:
        for _ in range(60):
            u, v = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.14 + size * 0.9, 0.56 - size * 0.3))
            if all(np.hypot((u - a) * ratio[0], (v - b) * ratio[1]) > 1.5 * (size + c) for a, b, c in places):
                places.append((u, v, size))
                break
    haze = inks(sky.haze)
    for u, v, size in reversed(places):
        cloth = [inks(text) for text in CLOTHS[int(rng.integers(len(CLOTHS)))]]
        _balloon(frame, picture, (u, v, size), [mix(c, haze, max(0.0, 0.42 - size * 3)) for c in cloth])


def _balloon(frame: Frame, picture: Field, at: tuple[float, float, float], cloth: list[Field]) -> None:
    """Draw one balloon on its own small sheet: gores that narrow to the mouth, light from the left, a basket."""
    x, y = frame.around(at[0], at[1])
    x, y = x / np.float32(at[2]), y / np.float32(at[2])
    columns, rows = np.abs(x[0]) < 1.1, (y[:, 0] > -1.15) & (y[:, 0] < 2.1)
    if not columns.any() or not rows.any():
        return
    x, y = x[:, columns], y[rows]
    pixel = 1.3 / (frame.short * at[2])
    half = np.where(y < 0.25, np.sqrt(np.clip(1 - (y / 1.04) ** 2, 0, 1)), 0)
    t = np.clip((y - 0.25) / 1.2, 0, 1)
    half = np.where((y >= 0.25) & (y < 1.45), 0.971 * (1 - t) + 0.17 * t - 0.16 * np.sin(np.pi * t) * t, half)
    inside = np.clip((half - np.abs(x)) / pixel + 0.5, 0, 1) * (half > 0)
    gore = np.arcsin(np.clip(x / np.maximum(half, 1e-3), -1, 1)) / np.pi * 8 + 4.5
    width_of = np.maximum(np.abs(np.gradient(gore, axis=1)), 1e-3)
    edge = (np.abs(gore % 2 - 1) - 0.5) / width_of
    colour = mix(cloth[0], cloth[1], np.clip(edge + 0.5, 0, 1)[..., None])
    colour = np.where(((y > -0.06) & (y < 0.2))[..., None], mix(colour, cloth[2], 0.85), colour)
    light = 1.08 - 0.42 * smooth(-0.5, 1.1, x + 0.25 * y) - 0.12 * np.abs(gore - np.floor(gore) - 0.5)
    dark = cloth[0] * np.float32(0.3)
    basket = np.clip((0.14 - np.abs(x)) / pixel + 0.5, 0, 1) * ((y > 1.72) & (y < 1.96))
    ropes = np.clip(0.5 - (np.abs(np.abs(x) - (0.15 - 0.05 * (y - 1.45))) - 0.012) / pixel, 0, 1) * (
        (y > 1.4) & (y < 1.75)
    )
    patch = picture[np.ix_(rows, columns)]
    over(patch, dark, np.maximum(basket, ropes).astype(np.float32))
    over(patch, (colour * light[..., None]).astype(np.float32), inside.astype(np.float32))
    picture[np.ix_(rows, columns)] = patch
