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
    goal: str
    ratio: float | None = None
    met: bool | None = None


def not_built(name: str, goal: str) -> Row:
    """Return the row of a figure whose feature does not exist yet."""
    return Row(name=name, value="not built yet", goal=goal)


def median_ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """Return the median of the pairwise ratios of two interleaved series."""
    return statistics.median(a / b for a, b in zip(ours, floor, strict=True))


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table at once, so that a long run shows what it has."""
    words = {True: "met", False: "NOT met", None: "-"}
    lines = [f"\n{title}", f"{'figure':<58}{'value':>22}{'ratio':>9}  {'goal':<40}met"]
    for row in rows:
        ratio = f"{row.ratio:.2f}x" if row.ratio is not None else "-"
        lines.append(f"{row.name:<58}{row.value:>22}{ratio:>9}  {row.goal:<40}{words[row.met]}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
