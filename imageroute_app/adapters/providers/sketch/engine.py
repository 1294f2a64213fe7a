"""The sketch engine: a prompt, a size and a seed become a picture. Not AI; the same input gives the same bytes.

Its functions are plain and picklable, because they run in worker processes.
"""

import io

import numpy as np
from PIL import Image, PngImagePlugin

from imageroute_app.adapters.providers.sketch import edit, styles, transforms, weather
from imageroute_app.adapters.providers.sketch.canvas import Field, Frame, resize, to_image
from imageroute_app.adapters.providers.sketch.lexicon import STYLES
from imageroute_app.adapters.providers.sketch.scenes import SCENES
from imageroute_app.adapters.providers.sketch.words import Reading, read

__all__ = ["SCENES", "STYLES", "Reading", "preview", "read", "redraw", "render", "transform"]

SOFTWARE = "ImageRoute sketch (not AI)"
MOST_PIXELS = 2_400_000  # larger pictures are drawn in this many and enlarged, which bounds memory and time
PREVIEW_PX = 320


def render(prompt: str, *, width: int, height: int, seed: int, style: str = "", negative: str = "") -> bytes:
    """Return a PNG of exactly width x height.

    Args:
        prompt: any text; its words choose scene, colours, time of day, weather and style.
        width: pixels.
        height: pixels.
        seed: 0 to 2**32 - 1.
        style: an id of STYLES; "" and "none" leave it to the prompt.
        negative: words whose scenes and colours are ruled out.
    """
    return _png(to_image(paint(read(prompt, style, negative), width=width, height=height, seed=seed)))


def preview(prompt: str, *, width: int, height: int, seed: int, style: str = "") -> bytes:
    """Return a WebP of at most 320 pixels on the long side that shows what render would draw."""
    scale = min(1.0, PREVIEW_PX / max(width, height))
    small_w, small_h = max(1, round(width * scale)), max(1, round(height * scale))
    picture = to_image(paint(read(prompt, style), width=small_w, height=small_h, seed=seed))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=80, method=2)
    return file.getvalue()


def redraw(
    source: bytes,
    prompt: str,
    *,
    width: int,
    height: int,
    seed: int,
    strength: float,
    style: str = "",
    mask: bytes | None = None,
) -> bytes:
    """Return a PNG of the source changed toward the prompt.

    Args:
        source: a picture Pillow can open; it is cropped around its middle to the ratio asked for.
        prompt: as for render.
        width: pixels.
        height: pixels.
        seed: 0 to 2**32 - 1.
        strength: 0 returns the resized source, 1 nearly what render draws.
        style: as for render.
        mask: a greyscale picture, white where the source may change.
    """
    before = edit.open_source(source, width, height)
    strength = min(1.0, max(0.0, strength))
    if strength == 0:
        return _png(before)
    reading = read(prompt, style)
    drawn_w, drawn_h = _drawn_size(width, height)
    fresh = paint(reading, width=drawn_w, height=drawn_h, seed=seed)
    small = before.resize((drawn_w, drawn_h), edit.LANCZOS)
    changed = edit.edited(small, fresh, reading.style, strength, np.random.default_rng((reading.key, seed, 1)))
    area = None if mask is None else edit.open_mask(mask, width, height)
    return _png(edit.composed(before, small, changed, area))


def transform(source: bytes, task: str, *, expand: tuple[int, int, int, int], scale: int) -> bytes:
    """Return a PNG of the source changed by arithmetic alone.

    Args:
        source: a picture Pillow can open.
        task: "outpaint" mirrors the edges outward, "upscale" enlarges, "cutout" makes the border's colours transparent.
        expand: pixels an outpaint adds left, top, right and bottom.
        scale: the factor of an upscale.
    """
    picture = transforms.open_whole(source)
    if task == "outpaint":
        return _png(transforms.extended(picture, expand))
    if task == "upscale":
        return _png(transforms.upscaled(picture, scale))
    return _png(transforms.cut_out(picture))


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, (MOST_PIXELS / (width * height)) ** 0.5)
    return max(8, round(width * scale)), max(8, round(height * scale))


def paint(reading: Reading, *, width: int, height: int, seed: int) -> Field:
    """Return the picture of a reading as floats, H x W x 3."""
    drawn_w, drawn_h = _drawn_size(width, height)
    rng = np.random.default_rng((reading.key, seed))
    scene_rng, weather_rng, style_rng = rng.spawn(3)
    picture = SCENES[reading.scene](reading, drawn_w, drawn_h, scene_rng)
    weather.over_scene(picture, reading.scene, reading.weather, weather_rng)
    picture = np.clip(picture, 0, 1, dtype=np.float32)
    picture = styles.BY_NAME[reading.style](picture, Frame(drawn_w, drawn_h), style_rng)
    return picture if (drawn_w, drawn_h) == (width, height) else resize(picture, width, height)


def _png(picture: Image.Image) -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Software", SOFTWARE)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=notes, compress_level=1)
    return file.getvalue()
