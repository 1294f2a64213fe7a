"""One printed row a figure: name, value, ratio, goal, met or not."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure; `ratio` is against the floor or the other way of doing it, `met` is None where nothing is decided."""

    name: str
    value: str
    goal: str = "reported"
    ratio: float | None = None
    met: bool | None = None


def not_built(name: str, goal: str) -> Row:
    """Return the row of a figure whose feature does not exist yet."""
    return Row(name=name, value="not built yet", goal=goal)


def limited(name: str, value: float, unit: str, most: float, *, digits: int = 0) -> Row:
    """Return the row of a figure that may be at most so much."""
    shown = f"{value:,.{digits}f} {unit}"
    return Row(name=name, value=shown, goal=f"<= {most:,.{digits}f} {unit}", met=value <= most)


def compared(name: str, ours: Sequence[float], floor: Sequence[float], unit: str, most: float) -> list[Row]:
    """Return ours as a ratio to the floor, which may be at most so much, and the floor's own figure below it."""
    ratio = median_ratio(ours, floor)
    value, below = (f"{statistics.median(series):,.0f} {unit}" for series in (ours, floor))
    return [
        Row(name=name, value=value, ratio=ratio, goal=f"<= {most:.2f}x floor", met=ratio <= most),
        Row(name="  floor", value=below),
    ]


def median_ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """Return the median of the pairwise ratios of two interleaved series."""
    return statistics.median(a / b for a, b in zip(ours, floor, strict=True))


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table at once, so that a long run shows what it has."""
    words = {True: "met", False: "NOT met", None: "-"}
    lines = [f"\n{title}", f"{'figure':<62}{'value':>18}{'ratio':>9}  {'goal':<36}met"]
    for row in rows:
        ratio = f"{row.ratio:.2f}x" if row.ratio is not None else "-"
        lines.append(f"{row.name:<62}{row.value:>18}{ratio:>9}  {row.goal:<36}{words[row.met]}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
