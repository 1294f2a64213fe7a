"""Styles: what becomes of a finished picture as a film still, a print, a watercolour, an ink drawing and so on.

A style takes a picture and returns another of the same size; it is used on scenes and on pictures people bring.
"""

from collections.abc import Callable

import numpy as np

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, grain, mix, resize, slopes, smooth
from imageroute_app.adapters.providers.sketch.colour import from_lab, luma, rgb, to_lab
from imageroute_app.adapters.providers.sketch.light import bloom, vignette
from imageroute_app.adapters.providers.sketch.noise import fbm

Style = Callable[[Field, Frame, np.random.Generator], Field]
PAPER = rgb("#f6f0e2")


def _toned(picture: Field, *, lightness: tuple[float, float] = (1, 0), chroma: float = 1) -> Field:
    lab = to_lab(picture)
    lab[..., 0] = lab[..., 0] * np.float32(lightness[0]) + np.float32(lightness[1])
    lab[..., 1:] *= np.float32(chroma)
    return from_lab(lab)


def none(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Leave the picture as it is, but for a grain that is felt rather than seen."""
    grain(picture, 0.010, rng)
    return picture


def film_still(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Cool shadows, warm lights, glow around lamps, dark corners and a coarse grain."""
    light = smooth(0.05, 0.9, luma(picture))[..., None]
    graded = picture * mix(rgb("#dff0f4"), rgb("#fff4e2"), light)
    graded = mix(graded, graded * graded * (3 - 2 * graded), 0.28) * np.float32(0.95) + np.float32(0.022)
    bloom(graded, frame, above=0.72, strength=0.55, radius=0.016)
    vignette(frame, graded, 0.38)
    coarse = Frame(max(2, int(frame.width / 1.5)), max(2, int(frame.height / 1.5)))
    speck = rng.standard_normal((coarse.height, coarse.width), dtype=np.float32)
    graded += (resize(speck, frame.width, frame.height) * np.float32(0.028))[..., None]
    grain(graded, 0.012, rng)
    return graded


def _inks_of_picture(picture: Field, count: int) -> Field:
    """Return a few colours that stand for the picture; a small bright thing gets its own, as a printer would do."""
    lab = to_lab(resize(picture, 72, 72).reshape(-1, 3))
    chosen = [int(np.argmin(lab[:, 0]))]
    away = ((lab - lab[chosen[0]]) ** 2).sum(1)
    while len(chosen) < count:
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, ((lab - lab[chosen[-1]]) ** 2).sum(1))
    centres = lab[chosen].copy()
    for _ in range(4):
        near = np.argmin(((lab[:, None, :] - centres[None]) ** 2).sum(-1), 1)
        for k in range(count):
            if (near == k).any():
                centres[k] = lab[near == k].mean(0)
    centres[:, 1:] *= 1.12
    return centres[np.argsort(centres[:, 0], kind="stable")].astype(np.float32)


def _flat(picture: Field, frame: Frame, count: int, soften: float) -> Field:
    """Return the picture in a few flat inks, with edges as clean as a cut."""
    centres = _inks_of_picture(picture, count)
    lab = to_lab(blur(picture, soften * frame.short))
    nearest = np.full(lab.shape[:2], np.inf, np.float32)
    second = nearest.copy()
    first_ink, second_ink = np.zeros(lab.shape[:2], np.uint8), np.zeros(lab.shape[:2], np.uint8)
    for k, centre in enumerate(centres):
        away = ((lab - centre) ** 2).sum(-1)
        closer, between = away < nearest, (away >= nearest) & (away < second)
        second_ink = np.where(closer, first_ink, np.where(between, np.uint8(k), second_ink))
        second = np.where(closer, nearest, np.where(between, away, second))
        first_ink = np.where(closer, np.uint8(k), first_ink)
        nearest = np.where(closer, away, nearest)
    inks = from_lab(centres)
    gap = np.sqrt(second) - np.sqrt(nearest)
    blend = np.clip(0.5 - gap / np.float32(0.012), 0, 0.5)
    return mix(inks[first_ink], inks[second_ink], blend[..., None])


def screen_print(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Five or six flat inks on paper, a little out of register, with a halftone where light meets dark."""
    flat = _flat(picture, frame, 6, 0.0012)
    step = frame.short / 150
    x, y = np.arange(frame.width, dtype=np.float32)[None, :], np.arange(frame.height, dtype=np.float32)[:, None]
    wave = np.pi / step * 0.7071
    dots = np.sin((x + y) * np.float32(wave)) * np.sin((x - y) * np.float32(wave)) * 0.5 + 0.5
    tone = luma(picture)
    pixel = np.float32(1.1 / step)
    cover = np.clip((dots - 0.35 - tone * 0.55) / pixel + 0.5, 0, 1) * smooth(0.0, 0.2, tone)
    flat *= (1 - 0.10 * cover)[..., None]
    shift = max(1, round(frame.short * 0.0022))
    flat[:, shift:, 0] = flat[:, :-shift, 0].copy()
    worn = fbm(frame, 60, 3, rng, gain=0.7)
    flat += ((PAPER - flat) * (smooth(0.85, 1.5, worn) * np.float32(0.22))[..., None]).astype(np.float32)
    flat = flat * np.float32(0.97) + PAPER * np.float32(0.03)
    grain(flat, 0.014, rng)
    return flat


def watercolour(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Pigment in pools: washed tones, dark drying edges, granulation, and the white of the paper at the border."""
    wander = fbm(frame, 7, 4, rng, gain=0.6)
    lab = to_lab(blur(picture, 0.0035 * frame.short))
    pools = lab[..., 0] * np.float32(7) + wander * np.float32(0.55)
    base = np.floor(pools)
    part = pools - base
    pooled = (base + smooth(0.32, 0.68, part) - wander * np.float32(0.55)) / np.float32(7)
    edge = np.exp(-(((part - 0.5) / 0.16) ** 2)) * np.float32(0.035)
    lab[..., 0] = pooled * np.float32(0.80) + np.float32(0.19) - edge
    tooth = fbm(frame, 110, 3, rng, gain=0.7)
    lab[..., 0] += tooth * np.float32(0.016) + wander * np.float32(0.018)
    lab[..., 1:] *= (np.float32(0.98) + wander * np.float32(0.18))[..., None]
    painted = from_lab(lab)
    inset = np.minimum(np.minimum(frame.u, 1 - frame.u) * frame.width, np.minimum(frame.v, 1 - frame.v) * frame.height)
    border = inset / np.float32(frame.short) + wander * np.float32(0.012)
    reach = smooth(0.030, 0.036, border)
    painted *= (1 - 0.16 * np.exp(-(((border - 0.038) / 0.006) ** 2)))[..., None]
    paper = PAPER * (1 + tooth * np.float32(0.012))[..., None]
    return mix(paper, painted, reach[..., None]).astype(np.float32)


def ink(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Black ink on warm paper: washes in four depths, brushed contours, a dry brush in the darks."""
    tone = luma(blur(picture, 0.002 * frame.short))
    low, high = np.quantile(tone[::7, ::7], (0.02, 0.98))
    tone = np.clip((tone - low) / max(float(high - low), 0.08), 0, 1)
    wander = fbm(frame, 9, 4, rng, gain=0.6)
    wash = tone * np.float32(4) + wander * np.float32(0.3)
    stepped = (np.floor(wash) + smooth(0.35, 0.65, wash - np.floor(wash))) / np.float32(4)
    along, down = slopes(tone)
    contour = smooth(0.012, 0.06, np.hypot(along, down) * np.float32(frame.short / 700))
    dry = fbm(frame, 90, 3, rng, gain=0.7, stretch=9.0)
    depth = 1 - np.clip(mix(tone, stepped, 0.6), 0, 1)
    depth = depth**1.25 * (0.90 + 0.10 * wander) + contour * np.float32(0.45)
    depth -= smooth(0.2, 0.9, dry) * smooth(0.5, 0.9, depth) * np.float32(0.32)
    paper = PAPER * (1 + fbm(frame, 70, 3, rng) * np.float32(0.012))[..., None]
    inked = mix(paper, rgb("#14161c"), np.clip(depth, 0, 0.97)[..., None])
    grain(inked, 0.010, rng)
    return inked.astype(np.float32)


def poster(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Bold flat colour inside a paper border."""
    flat = _flat(_toned(picture, chroma=1.12), frame, 9, 0.0016)
    picture = mix(picture, flat, 0.86)
    inset = np.minimum(np.minimum(frame.u, 1 - frame.u) * frame.width, np.minimum(frame.v, 1 - frame.v) * frame.height)
    reach = np.clip(inset - np.float32(frame.short * 0.045) + 0.5, 0, 1)
    picture = mix(PAPER, picture, reach[..., None]).astype(np.float32)
    picture *= (1 + fbm(frame, 80, 2, rng) * np.float32(0.010))[..., None]
    grain(picture, 0.012, rng)
    return picture


def neon(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """The picture at night, its contours drawn in light."""
    tone = luma(blur(picture, 0.0022 * frame.short))
    along, down = slopes(tone)
    line = smooth(0.004, 0.045, np.hypot(along, down) * np.float32(frame.short / 700))
    lab = to_lab(picture)
    hue = np.arctan2(lab[..., 2], lab[..., 1]) + (tone - 0.5) * np.float32(2.2)
    bright = np.stack([np.full_like(tone, 0.80), 0.20 * np.cos(hue), 0.20 * np.sin(hue)], -1).astype(np.float32)
    light = from_lab(bright)
    dark = picture**1.7 * rgb("#5a4a9a") * np.float32(0.62) + rgb("#0b0718") * np.float32(0.8)
    lit = light * line[..., None]
    halo = resize(
        blur(resize(lit, frame.width // 4 + 1, frame.height // 4 + 1), 0.012 * frame.short / 4),
        frame.width,
        frame.height,
    )
    glowing = 1 - (1 - np.clip(dark, 0, 1)) * (1 - np.clip(lit, 0, 1) * 0.92) * (1 - np.clip(halo * 1.25, 0, 1))
    grain(glowing, 0.014, rng)
    return glowing.astype(np.float32)


def pastel(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Chalk: light, quiet colours with a soft tooth."""
    chalk = _toned(picture, lightness=(0.52, 0.46), chroma=0.82)
    tooth = fbm(frame, 100, 3, rng, gain=0.75)
    chalk += (smooth(0.2, 1.0, tooth) * np.float32(0.045))[..., None]
    grain(chalk, 0.012, rng)
    return chalk


def minimal(picture: Field, frame: Frame, rng: np.random.Generator) -> Field:
    """Few tones, no texture, much quiet."""
    flat = _flat(picture, frame, 5, 0.006)
    quiet = _toned(mix(flat, blur(flat, 0.0008 * frame.short), 0.5), lightness=(0.86, 0.11), chroma=0.86)
    grain(quiet, 0.007, rng)
    return quiet


BY_NAME: dict[str, Style] = {
    "none": none,
    "film-still": film_still,
    "screen-print": screen_print,
    "watercolour": watercolour,
    "ink": ink,
    "poster": poster,
    "neon": neon,
    "pastel": pastel,
    "minimal": minimal,
}
