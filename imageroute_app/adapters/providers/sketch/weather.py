"""Weather over an outdoor scene: mist, rain, snow and the dark of a storm."""

import math

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, over, smooth
from imageroute_app.adapters.providers.sketch.colour import luma, rgb
from imageroute_app.adapters.providers.sketch.light import scatter
from imageroute_app.adapters.providers.sketch.noise import fbm

OUTDOORS = frozenset(
    {"ridges", "peaks", "pines", "dunes", "balloons", "lighthouse", "sea", "lake", "city", "arch", "clouds"}
)
ALREADY_MISTY = frozenset({"pines"})
ALREADY_SNOWY = frozenset({"peaks"})


def over_scene(picture: Field, scene: str, weather: str, rng: np.random.Generator) -> None:
    """Lay the weather of a reading over its scene, in place; indoor and flat scenes have none."""
    if scene not in OUTDOORS:
        return
    frame = Frame(picture.shape[1], picture.shape[0])
    match weather:
        case "mist" if scene not in ALREADY_MISTY:
            _mist(frame, picture, rng)
        case "rain":
            _rain(frame, picture, rng, 0.22)
        case "storm":
            _rain(frame, picture, rng, 0.30)
        case "snow" if scene not in ALREADY_SNOWY:
            _snow(frame, picture, rng, 900)
        case _:
            return


def _mist(frame: Frame, picture: Field, rng: np.random.Generator) -> None:
    drift = fbm(frame, 1.6, 5, rng, stretch=4.0)
    bank = np.exp(-(((frame.v - 0.62) / 0.24) ** 2)) * (0.62 + 0.45 * drift)
    tone = float(luma(picture[::8, ::8]).mean())
    colour = rgb("#e8eceb") * np.float32(0.45 + 0.55 * tone)
    over(picture, colour.astype(np.float32), np.clip(bank, 0, 0.85).astype(np.float32))


def _rain(frame: Frame, picture: Field, rng: np.random.Generator, strength: float) -> None:
    dark = 1 - 0.22 * smooth(-0.6, 0.8, fbm(frame, 1.8, 4, rng, stretch=3.0)) * (1 - frame.v)
    picture *= dark[..., None]
    # Streaks: points softened far along one diagonal, made by shearing rows of a vertical blur.
    count = 2600
    points = scatter(frame, rng.random(count), rng.random(count), rng.uniform(0.2, 1.0, count).astype(np.float32))
    streaks = blur(points, 0.25, frame.short * 0.016)
    slant = np.arange(frame.height, dtype=np.float32) * np.float32(math.tan(0.22))
    columns = (np.arange(frame.width)[None, :] + slant.astype(np.int32)[:, None]) % frame.width
    streaks = np.take_along_axis(streaks, columns, 1)
    add(picture, rgb("#dfe8f0"), np.clip(streaks * np.float32(9 * strength), 0, 0.5).astype(np.float32))


def _snow(frame: Frame, picture: Field, rng: np.random.Generator, count: int) -> None:
    for share, size in ((0.7, 0.0016), (0.25, 0.0032), (0.05, 0.0065)):
        number = int(count * share)
        u, v = rng.random(number), rng.random(number)
        layer = np.zeros((frame.height, frame.width), np.float32)
        layer += scatter(frame, u, v, np.ones(number, np.float32))
        soft = blur(np.minimum(layer, 3), size * frame.short)
        peak = max(float(np.quantile(soft, 0.9995)), 1e-4)
        add(picture, rgb("#ffffff"), np.clip(soft / peak, 0, 1) * np.float32(0.75))
