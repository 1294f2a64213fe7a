"""The square that an app reads with its camera (ISO/IEC 18004), as one path of a drawing."""

from dataclasses import dataclass

QUIET = 2


@dataclass(frozen=True, slots=True)
class Square:
    """A drawing of `side` by `side` units; `path` fills its dark fields."""

    side: int
    path: str


def square(text: str) -> Square:
    """Return the square of a text."""
    import segno  # needed once in the life of an account

    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=QUIET)]
    dark = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, field in enumerate(row) if field]
    return Square(len(rows), "".join(dark))
