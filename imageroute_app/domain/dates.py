"""How a day is written to people."""

from datetime import date


def day(moment: date) -> str:
    """Return a day as people write it, 3 December 2026; of a time its day in the zone that it is in."""
    return f"{moment.day} {moment:%B %Y}"
