"""The packs of packs.toml, checked when they are read."""

import tomllib
from pathlib import Path

from imageroute_app.domain.payments import Pack

PACKS = Path(__file__).with_name("packs.toml")


def read_packs(path: Path = PACKS) -> tuple[Pack, ...]:
    """Return the packs in their order; raises ValueError naming the one that cannot be sold."""
    packs = tuple(Pack(**row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["pack"])
    for pack in packs:
        if pack.credits < 1 or pack.price_minor < 1 or len(pack.currency) != 3 or not pack.currency.isupper():
            raise ValueError(f"{path}: the pack {pack.id} needs credits, a price and a currency of three letters")
    if len({pack.id for pack in packs}) != len(packs):
        raise ValueError(f"{path}: two packs have the same id")
    return packs
