"""What outdoor scenes share: the sky's gradient, a sun or moon with its halo, stars, thin cloud and fog."""

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, add, blur, over, resize, smooth
from imageroute_app.adapters.providers.sketch.colour import rgb
from imageroute_app.adapters.providers.sketch.noise import fbm
from imageroute_app.adapters.providers.sketch.palettes import Inks, Sky


def heaven(frame: Frame, sky: Sky, inks: Inks, horizon: float) -> Field:
    """Return the sky from the top of the frame to the horizon (a share of the height), constant below it."""
    ramp = inks.ramp((0.0, sky.top), (0.42, sky.high), (0.78, sky.low), (1.0, sky.horizon))
    column = ramp(frame.v[:, 0] / np.float32(horizon))
    return np.repeat(column[:, None, :], frame.width, 1)


def sun_disc(frame: Frame, picture: Field, at: tuple[float, float, float], colour: Field, halo: float = 0.5) -> None:
    """Lay a sun or moon with its halo on a picture, in place; at is u, v and the radius."""
    u, v, radius = at
    add(picture, colour, frame.glow(u, v, radius * 2.6, 1.9) * np.float32(halo))
    over(picture, colour, frame.disc(u, v, radius))


def stars(frame: Frame, rng: np.random.Generator, *, count: int, lowest: float = 1.0) -> Field:
    """Return star light: few bright with a halo, many faint; the count is for the whole frame."""
    u, v = rng.random(count), rng.random(count) * lowest
    strength = (rng.random(count) ** 6 * 1.5 + 0.1).astype(np.float32)
    return scatter(frame, u, v, strength)


def scatter(frame: Frame, u: Field, v: Field, strength: Field) -> Field:
    """Return points of light at places of the frame, spread as the size of the picture asks."""
    x, y = u * frame.width - 0.5, v * frame.height - 0.5
    x0, y0 = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    fx, fy = x - x0, y - y0
    light = np.zeros(frame.height * frame.width, np.float64)
    for dx, dy, share in ((0, 0, (1 - fx) * (1 - fy)), (1, 0, fx * (1 - fy)), (0, 1, (1 - fx) * fy), (1, 1, fx * fy)):
        column, row = x0 + dx, y0 + dy
        inside = (column >= 0) & (column < frame.width) & (row >= 0) & (row < frame.height)
        cells = row[inside] * frame.width + column[inside]
        light += np.bincount(cells, weights=(share * strength)[inside], minlength=light.size)
    sharp = light.reshape(frame.height, frame.width).astype(np.float32)
    pixel = frame.short / 1000
    core = blur(sharp, max(0.35, 0.75 * pixel)) * np.float32(3.2 * max(pixel, 0.35) ** 1.4)
    halo = blur(np.clip(sharp - 0.75, 0, None), 3.4 * pixel + 0.3) * np.float32(30 * pixel**2 + 0.4)
    return core + halo


def veil(frame: Frame, rng: np.random.Generator, *, stretch: float = 7.0, cells: float = 3.0) -> Field:
    """Return thin cloud in long bands, 0 where the sky is clear."""
    return smooth(0.0, 0.75, fbm(frame, cells, 5, rng, stretch=stretch, gain=0.5))


def fog(frame: Frame, picture: Field, colour: Field, rng: np.random.Generator, *, at: float, depth: float) -> None:
    """Lay a bank of fog around a height of the picture, in place."""
    drift = fbm(frame, 2.2, 4, rng, stretch=5.0) * np.float32(0.6)
    bank = np.exp(-(((frame.v - np.float32(at)) / np.float32(depth) + drift) ** 2))
    over(picture, colour, bank.astype(np.float32) * np.float32(0.72))


def vignette(frame: Frame, picture: Field, strength: float) -> None:
    """Darken the corners, in place."""
    x, y = frame.u * 2 - 1, frame.v * 2 - 1
    picture *= (1 - np.float32(strength) * np.clip((x * x + y * y) / 2, 0, 1) ** 1.5)[..., None]


def bloom(picture: Field, frame: Frame, *, above: float, strength: float, radius: float = 0.012) -> None:
    """Let the brightest parts shine over their edges, in place."""
    quarter_w, quarter_h = max(2, frame.width // 4), max(2, frame.height // 4)
    small = resize(np.clip(picture - np.float32(above), 0, 1), quarter_w, quarter_h)
    soft = blur(small, radius * frame.short / 4)
    picture += resize(soft, frame.width, frame.height) * np.float32(strength)


MOON = rgb("#f5efe0")
