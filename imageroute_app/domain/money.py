"""Amounts of money as people read them; inside they are whole numbers of the currency's smallest unit."""

WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies whose smallest unit is not a hundredth (ISO 4217, checked 2026-11-27)."""


def money(minor: int, currency: str) -> str:
    """Return an amount with its currency: "USD 5.00", "JPY 750"."""
    digits = 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
    whole, part = divmod(abs(minor), 10**digits)
    sign = "−" if minor < 0 else ""
    return f"{currency} {sign}{whole:,}" + (f".{part:0{digits}}" if digits else "")
