"""Image to image by honest means: recolour toward the prompt's picture, lay in its texture, apply the style, mix.

Nothing here understands the source; it is changed as a printer would change it. A mask keeps what it does not cover
to the last bit.
"""

import io

import numpy as np
from PIL import Image, ImageOps

from imageroute_app.adapters.providers.sketch import styles
from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, blur, from_image, mix, resize, to_image
from imageroute_app.adapters.providers.sketch.colour import from_lab, to_lab

LANCZOS = Image.Resampling.LANCZOS


def open_source(source: bytes, width: int, height: int) -> Image.Image:
    """Return the source as RGB, cropped around its middle to the ratio asked for, in exactly that size."""
    with Image.open(io.BytesIO(source)) as opened:
        upright = ImageOps.exif_transpose(opened)
        if upright.has_transparency_data:
            ground = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(ground, upright.convert("RGBA"))
        return ImageOps.fit(upright.convert("RGB"), (width, height), LANCZOS)


def open_mask(mask: bytes, width: int, height: int) -> Image.Image:
    """Return a mask as greyscale; it is cropped like the source."""
    with Image.open(io.BytesIO(mask)) as opened:
        return ImageOps.fit(opened.convert("L"), (width, height), Image.Resampling.BILINEAR)


def recolour(source: Field, fresh: Field) -> Field:
    """Return the source in the colours of the fresh picture: each tone takes the colour that tone has there."""
    own, other = to_lab(source), to_lab(resize(fresh, 96, 96).reshape(-1, 3))
    order = np.argsort(other[:, 0], kind="stable")
    places = np.linspace(0, 1, 64)
    ladder = np.stack([np.interp(places, np.linspace(0, 1, order.size), other[order, k]) for k in range(3)], -1)
    for k in range(3):
        ladder[:, k] = np.convolve(np.pad(ladder[:, k], 4, mode="edge"), np.ones(9) / 9, "valid")
    tone = own[..., 0]
    spread = np.quantile(tone[::5, ::5], places)
    spread += np.linspace(0, 1e-4, places.size)
    rank = np.interp(tone, spread, places)
    toned = np.stack([np.interp(rank, places, ladder[:, k]) for k in range(3)], -1)
    toned[..., 0] = tone * 0.55 + toned[..., 0] * 0.45
    return from_lab(toned.astype(np.float32))


def textured(source: Field, fresh: Field, frame: Frame) -> Field:
    """Return the source with the fine structure of the fresh picture upon it."""
    detail = fresh - blur(fresh, frame.short * 0.03)
    return np.clip(source + detail * np.float32(0.45), 0, 1)


def edited(source: Image.Image, fresh: Field, style: str, strength: float, rng: np.random.Generator) -> Field:
    """Return the source changed by a strength of 0 to 1: first its colours, then its texture, then its forms."""
    frame = Frame(source.width, source.height)
    start = from_image(source)
    changed = mix(start, recolour(start, fresh), 0.9)
    changed = textured(changed, fresh, frame)
    if style != "none":
        changed = np.clip(styles.BY_NAME[style](changed.astype(np.float32), frame, rng), 0, 1)
    early = min(1.0, strength / 0.6)
    late = max(0.0, (strength - 0.45) / 0.55) ** 1.5
    return mix(mix(start, changed, early), np.clip(fresh, 0, 1), late * 0.94)


def composed(source: Image.Image, small: Image.Image, picture: Field, mask: Image.Image | None) -> Image.Image:
    """Return the changed picture where the mask is white and the very source where it is black.

    Args:
        source: the source in its full size.
        small: the source in the size the picture was drawn in; a smaller one lends only its change to the source,
            which keeps the source's own detail.
        picture: what became of it.
        mask: shares of the change, in the full size; None changes everything.
    """
    if source.size == small.size:
        new = to_image(picture)
    else:
        change = resize(np.clip(picture, 0, 1) - from_image(small), *source.size)
        change += from_image(source)
        new = to_image(change)
    return new if mask is None else Image.composite(new, source, mask)
