"""Changes of a picture by arithmetic alone: mirrored edges, a larger copy, a plain background taken away.

Nothing here understands the picture, and nothing is drawn by chance: the same source gives the same bytes.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from imageroute_app.adapters.providers.sketch.canvas import Field, from_image, resize, smooth
from imageroute_app.adapters.providers.sketch.colour import to_lab

LANCZOS = Image.Resampling.LANCZOS
SMALL_PX = 256
GROUND_COLOURS = 6
NEAR, FAR = 0.045, 0.11
"""From this distance on (Oklab) a colour is no longer quite the ground's, from the second on it is not at all."""


def open_whole(source: bytes) -> Image.Image:
    """Return the source upright in its own size, as RGB, or RGBA where some of it is transparent."""
    with Image.open(io.BytesIO(source)) as opened:
        upright = ImageOps.exif_transpose(opened)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def extended(picture: Image.Image, expand: tuple[int, int, int, int]) -> Image.Image:
    """Return the picture with its edges mirrored outward by pixels left, top, right and bottom; its own stay as they are."""
    left, top, right, bottom = expand
    pixels = np.pad(np.asarray(picture), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    return Image.fromarray(pixels)


def upscaled(picture: Image.Image, scale: int) -> Image.Image:
    """Return the picture `scale` times as wide and high, a little sharpened."""
    large = picture.resize((picture.width * scale, picture.height * scale), LANCZOS)
    return large.filter(ImageFilter.UnsharpMask(radius=0.6 * scale, percent=60, threshold=2))


def cut_out(picture: Image.Image) -> Image.Image:
    """Return the picture with what joins the border in the border's colours made transparent."""
    small = picture.convert("RGB")
    small.thumbnail((SMALL_PX, SMALL_PX), Image.Resampling.BOX)
    lab = to_lab(from_image(small))
    ground = _ground_colours(lab)
    joined = _joined_to_border(_distance(lab, ground) < FAR)
    inside = resize(1.0 - joined.astype(np.float32), picture.width, picture.height)
    own = smooth(NEAR, FAR, _distance(to_lab(from_image(picture)), ground))
    alpha = np.maximum(own, smooth(0.5, 0.9, inside))
    if "A" in picture.getbands():
        alpha = np.minimum(alpha, np.asarray(picture.getchannel("A"), np.float32) / 255)
    result = picture.convert("RGBA")
    result.putalpha(Image.fromarray((alpha * 255 + 0.5).astype(np.uint8)))
    return result


def _ground_colours(lab: Field) -> Field:
    """Return the colours of the border, K x 3: spread apart first, then moved to the middle of what is near each."""
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]]).reshape(-1, 3)
    chosen = [np.median(border, axis=0)]
    for _ in range(GROUND_COLOURS - 1):
        away = np.min([((border - one) ** 2).sum(-1) for one in chosen], axis=0)
        if away.max() < NEAR**2:
            break
        chosen.append(border[int(away.argmax())])
    colours = np.stack(chosen)
    for _ in range(4):
        nearest = ((border[:, None] - colours[None]) ** 2).sum(-1).argmin(1)
        means = [border[nearest == k].mean(0) if (nearest == k).any() else colours[k] for k in range(len(colours))]
        colours = np.stack(means)
    share = np.bincount(((border[:, None] - colours[None]) ** 2).sum(-1).argmin(1), minlength=len(colours))
    return colours[share >= 0.04 * len(border)].astype(np.float32)


def _distance(lab: Field, colours: Field) -> Field:
    nearest = np.full(lab.shape[:2], np.inf, np.float32)
    for colour in colours:
        away = lab - colour
        np.minimum(nearest, np.einsum("ijk,ijk->ij", away, away), out=nearest)
    return np.sqrt(nearest)


def _joined_to_border(alike: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of these places can be reached from the border without leaving them."""
    reached = np.zeros_like(alike)
    reached[[0, -1]], reached[:, [0, -1]] = alike[[0, -1]], alike[:, [0, -1]]
    count = 0
    while count != (count := int(reached.sum())):
        for axis in (0, 1):
            for backward in (False, True):
                _sweep(reached, alike, axis, backward=backward)
    return reached


def _sweep(reached: NDArray[np.bool_], alike: NDArray[np.bool_], axis: int, *, backward: bool) -> None:
    """Carry what is reached on through all lines of one direction, in place."""
    to, over = (reached, alike) if axis == 0 else (reached.T, alike.T)
    lines = range(len(to) - 2, -1, -1) if backward else range(1, len(to))
    step = 1 if backward else -1
    for line in lines:
        to[line] |= to[line + step] & over[line]
