"""Flat shapes with clean edges: Pillow drawing on a larger sheet that is then reduced."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from imageroute_app.adapters.providers.sketch.canvas import Field, Frame

Point = tuple[float, float]


def _bytes_of(colour: Field) -> tuple[int, int, int]:
    r, g, b = (round(float(part) * 255) for part in np.clip(colour, 0, 1))
    return r, g, b


class Plate:
    """A sheet for shapes. Points are x, y in pixels of the frame; they may lie outside it."""

    def __init__(self, frame: Frame, ground: Field | None = None) -> None:
        """Start with a ground colour; without one the plate is a mask (0 outside, 1 where something is drawn)."""
        self.frame = frame
        long = max(frame.width, frame.height)
        self.factor = 4 if long <= 600 else 3 if long <= 1100 else 2
        size = (frame.width * self.factor, frame.height * self.factor)
        self._mask = ground is None
        self._image = Image.new("L", size, 0) if ground is None else Image.new("RGB", size, _bytes_of(ground))
        self._draw = ImageDraw.Draw(self._image)

    def _ink(self, colour: Field | None) -> int | tuple[int, int, int]:
        if self._mask or colour is None:
            return 255
        return _bytes_of(colour)

    def polygon(self, points: Sequence[Point] | Field, colour: Field | None = None) -> None:
        """Fill a polygon."""
        scaled = (np.asarray(points, np.float64) * self.factor).ravel().tolist()
        self._draw.polygon(scaled, fill=self._ink(colour))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Field | None = None) -> None:
        """Fill an upright rectangle."""
        f = self.factor
        if x1 * f - 1 >= x0 * f and y1 * f - 1 >= y0 * f:
            self._draw.rectangle([x0 * f, y0 * f, x1 * f - 1, y1 * f - 1], fill=self._ink(colour))

    def circle(self, x: float, y: float, radius: float, colour: Field | None = None) -> None:
        """Fill a circle."""
        self.ellipse(x, y, (radius, radius), colour)

    def ellipse(self, x: float, y: float, radii: Point, colour: Field | None = None) -> None:
        """Fill an upright ellipse."""
        f, (across, down) = self.factor, radii
        box = [(x - across) * f, (y - down) * f, (x + across) * f, (y + down) * f]
        self._draw.ellipse(box, fill=self._ink(colour))

    def wedge(self, x: float, y: float, radius: float, angles: Point, colour: Field | None = None) -> None:
        """Fill a slice of a circle between two angles in degrees, clockwise from the right."""
        f = self.factor
        box = [(x - radius) * f, (y - radius) * f, (x + radius) * f, (y + radius) * f]
        self._draw.pieslice(box, angles[0], angles[1], fill=self._ink(colour))

    def stroke(self, points: Sequence[Point] | Field, width: float, colour: Field | None = None) -> None:
        """Draw a line of one width with round joints."""
        scaled = [(float(x) * self.factor, float(y) * self.factor) for x, y in points]
        self._draw.line(scaled, fill=self._ink(colour), width=max(1, round(width * self.factor)), joint="curve")

    def mask(self) -> Field:
        """Return what was drawn as a mask, H x W in 0..1."""
        return np.asarray(self._image.reduce(self.factor), np.float32) / np.float32(255)

    def picture(self) -> Field:
        """Return what was drawn as a picture, H x W x 3 in 0..1."""
        return np.asarray(self._image.reduce(self.factor).convert("RGB"), np.float32) / np.float32(255)


def petal(x: float, y: float, length: float, width: float, angle: float) -> Field:
    """Return the outline of a leaf or petal that starts at x, y and points along an angle (radians)."""
    t = np.linspace(0, 1, 15)
    side = np.sin(math.pi * t**0.8) * width / 2
    along = np.concatenate([t, t[::-1]]) * length
    across = np.concatenate([side, -side[::-1]])
    return turned(np.stack([along, across], -1), x, y, angle)


def turned(points: Field, x: float, y: float, angle: float) -> Field:
    """Return points turned by an angle (radians) and moved to x, y."""
    c, s = math.cos(angle), math.sin(angle)
    px, py = points[:, 0], points[:, 1]
    return np.stack([x + px * c - py * s, y + px * s + py * c], -1)


def ribbon(x: Field, y: Field, width: Field) -> Field:
    """Return the outline of a line through x, y whose width (pixels) changes along it."""
    dx, dy = np.gradient(x), np.gradient(y)
    length = np.hypot(dx, dy) + 1e-6
    nx, ny = -dy / length * width / 2, dx / length * width / 2
    return np.stack([np.concatenate([x + nx, (x - nx)[::-1]]), np.concatenate([y + ny, (y - ny)[::-1]])], -1)
