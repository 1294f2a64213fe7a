"""Float pictures of any size: a frame with coordinates, masks, blending, blur and sampling.

Everything here is measured in shares of the picture, never in pixels, so that a scene drawn small and drawn
large shows the same composition. Fields are float32; a picture is H x W x 3 in 0..1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
BICUBIC = Image.Resampling.BICUBIC


@dataclass(frozen=True, slots=True)
class Frame:
    """The sheet a scene is drawn on."""

    width: int
    height: int

    @property
    def short(self) -> float:
        """Return the shorter side in pixels; radii are given in shares of it."""
        return float(min(self.width, self.height))

    @property
    def unit(self) -> float:
        """Return the length noise is measured by: the side of a square of the same area, bounded for strips."""
        return max(float(self.width * self.height) ** 0.5, max(self.width, self.height) / 1.75)

    @property
    def u(self) -> Field:
        """Return 1 x W: 0 at the left edge, 1 at the right."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) / self.width)[None, :]

    @property
    def v(self) -> Field:
        """Return H x 1: 0 at the top, 1 at the bottom."""
        return ((np.arange(self.height, dtype=np.float32) + 0.5) / self.height)[:, None]

    def around(self, cu: float, cv: float) -> tuple[Field, Field]:
        """Return x (1 x W) and y (H x 1) from a point, in shares of the short side."""
        x = (self.u - np.float32(cu)) * np.float32(self.width / self.short)
        y = (self.v - np.float32(cv)) * np.float32(self.height / self.short)
        return x, y

    def distance(self, cu: float, cv: float) -> Field:
        """Return the distance of every pixel from a point, in shares of the short side."""
        x, y = self.around(cu, cv)
        return np.sqrt(x * x + y * y)

    def disc(self, cu: float, cv: float, radius: float, soft: float = 0.0) -> Field:
        """Return a round mask with an edge of one pixel, or as wide as soft."""
        edge = max(soft, 1.3 / self.short)
        return np.clip((radius - self.distance(cu, cv)) / edge + 0.5, 0, 1, dtype=np.float32)

    def glow(self, cu: float, cv: float, radius: float, power: float = 2.0) -> Field:
        """Return a halo that is 1 in the middle and a half at the radius."""
        return 1.0 / (1.0 + (self.distance(cu, cv) / np.float32(radius)) ** np.float32(power))

    def below(self, profile: Field) -> Field:
        """Return the mask of what lies under a profile, which holds a share of the height per column."""
        y = self.v * self.height - profile[None, :] * np.float32(self.height)
        return np.clip(y / 1.3 + 0.5, 0, 1, dtype=np.float32)

    def plain(self, colour: Field) -> Field:
        """Return a picture of one colour."""
        return np.broadcast_to(colour.astype(np.float32), (self.height, self.width, 3)).copy()


def mix(start: Field, end: Field, share: Field | float) -> Field:
    """Return start where share is 0 and end where it is 1."""
    return start + (end - start) * share


def over(picture: Field, colour: Field, mask: Field | float) -> None:
    """Lay a colour or a picture upon a picture, in place, as strongly as the mask says."""
    cover = mask[..., None] if isinstance(mask, np.ndarray) else mask
    picture += (colour - picture) * cover


def add(picture: Field, colour: Field, light: Field) -> None:
    """Add light of a colour, in place, as a screen does: never past white."""
    picture += (1.0 - np.clip(picture, 0, 1)) * (light[..., None] * colour)


def smooth(low: float, high: float, value: Field) -> Field:
    """Return the smooth step of a value from low to high."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)


def resize(field: Field, width: int, height: int, box: tuple[float, float, float, float] | None = None) -> Field:
    """Return a field or picture in another size, by bicubic interpolation."""
    if field.ndim == 3:
        planes = [resize(np.ascontiguousarray(field[..., k]), width, height, box) for k in range(field.shape[2])]
        return np.stack(planes, -1)
    return np.asarray(Image.fromarray(field).resize((width, height), BICUBIC, box=box), dtype=np.float32)


def _convolve(field: Field, sigma: float, axis: int) -> Field:
    reach = max(1, int(np.ceil(sigma * 2.8)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    padding = [(0, 0)] * field.ndim
    padding[axis] = (reach, reach)
    padded = np.pad(field, padding, mode="edge")
    size = field.shape[axis]
    total = np.zeros_like(field)
    for shift, weight in enumerate(taps):
        cut: list[Any] = [slice(None)] * field.ndim
        cut[axis] = slice(shift, shift + size)
        total += padded[tuple(cut)] * np.float32(weight)
    return total


def blur(field: Field, sigma_px: float, sigma_y_px: float | None = None) -> Field:
    """Return a field or picture softened by a Gaussian; wide ones are made on a smaller copy."""
    if field.ndim == 3:
        return np.stack([blur(np.ascontiguousarray(field[..., k]), sigma_px, sigma_y_px) for k in range(3)], -1)
    across, down = sigma_px, sigma_px if sigma_y_px is None else sigma_y_px
    height, width = field.shape
    small_w = max(2, round(width / max(1.0, across / 1.6)))
    small_h = max(2, round(height / max(1.0, down / 1.6)))
    small = field if (small_w, small_h) == (width, height) else resize(field, small_w, small_h)
    if across > 0.2:
        small = _convolve(small, across * small_w / width, 1)
    if down > 0.2:
        small = _convolve(small, down * small_h / height, 0)
    return small if small.shape == field.shape else resize(small, width, height)


def sample(field: Field, x: Field, y: Field, *, wrap: bool = False) -> Field:
    """Return a field read between its cells at x, y (in cells); outside it repeats, or its edge is used."""
    height, width = field.shape[:2]
    if not wrap:
        x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
    left, top = x0.astype(np.int32) % width, y0.astype(np.int32) % height
    right, bottom = (left + 1) % width, (top + 1) % height
    if field.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    flat = field.reshape(height * width, *field.shape[2:])
    upper = flat[top * width + left]
    upper += (flat[top * width + right] - upper) * fx
    lower = flat[bottom * width + left]
    lower += (flat[bottom * width + right] - lower) * fx
    upper += (lower - upper) * fy
    return upper


def slopes(field: Field) -> tuple[Field, Field]:
    """Return the change per pixel along x and along y."""
    along_y, along_x = (np.asarray(np.gradient(field, axis=axis)) for axis in (0, 1))
    return along_x.astype(np.float32), along_y.astype(np.float32)


def grain(picture: Field, amount: float, rng: np.random.Generator) -> None:
    """Add a fine grain, in place, which also keeps smooth gradients from banding."""
    speck = rng.standard_normal(picture.shape[:2], dtype=np.float32)
    picture += speck[..., None] * np.float32(amount)


def to_image(picture: Field) -> Image.Image:
    """Return the 8-bit image of a picture."""
    scaled = np.clip(picture, 0, 1)
    scaled *= 255.0
    scaled += 0.5
    return Image.fromarray(scaled.astype(np.uint8))


def from_image(image: Image.Image) -> Field:
    """Return the picture of an image."""
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255.0)
