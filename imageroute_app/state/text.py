"""Numbers, counts and times as words: the one formatter of the screens."""

from datetime import datetime


def count(number: int, noun: str) -> str:
    """Return "1 credit", "12 credits", "1,204 images"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def signed(amount: int) -> str:
    """Return "+3", "−12" or "0", with a true minus sign."""
    if amount == 0:
        return "0"
    return f"+{amount:,}" if amount > 0 else f"−{-amount:,}"


def seconds(milliseconds: int) -> str:
    """Return "8.2 s" or, from a minute on, "1:05"."""
    if milliseconds >= 60_000:
        return clock(milliseconds // 1000)
    return f"{milliseconds / 1000:.1f} s"


def clock(total_s: int) -> str:
    """Return minutes and seconds, "0:06"."""
    return f"{total_s // 60}:{total_s % 60:02d}"


def iso(moment: datetime | None) -> str:
    """Return the UTC moment for a <time> element; the page shows it in the reader's zone."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""


def pixels(width: int, height: int) -> str:
    """Return "1024 × 1280"."""
    return f"{width} × {height}"


def size(size_bytes: int) -> str:
    """Return "412 KB", "1.9 MB" or "12.4 GB"."""
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1_000_000_000:.1f} GB"
    return f"{size_bytes / 1_000_000:.1f} MB" if size_bytes >= 1_000_000 else f"{max(1, size_bytes // 1000)} KB"


def ordinal(place: int) -> str:
    """Return "1st", "2nd", "11th"."""
    if 10 <= place % 100 <= 20:
        return f"{place}th"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th') }"
