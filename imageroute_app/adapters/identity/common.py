"""Passwords that everyone tries first, as a list of digests (OWASP ASVS 5.0, 6.2.4).

common.bin is the sorted first 5 bytes of the SHA-256 of each folded password of 8 characters and more, one after the other:
small, found by bisection, and nothing in it can be read by accident. It was made on 27 November 2026 from the union of the list
in zxcvbn 4.5.0 (MIT) and the one in Django 5.2.19 (BSD-3-Clause; by Royce Williams), 16,000 entries. By chance one good
password in 60 million is taken for a common one; its person picks another.
"""

import hashlib
from bisect import bisect_left
from functools import cache
from pathlib import Path

PREFIX = 5


@cache
def _digests() -> tuple[bytes, ...]:
    data = Path(__file__).with_name("common.bin").read_bytes()
    return tuple(data[place : place + PREFIX] for place in range(0, len(data), PREFIX))


def digest(password: str) -> bytes:
    """Return what the list holds of a password; case does not count."""
    return hashlib.sha256(password.casefold().encode()).digest()[:PREFIX]


def is_common(password: str) -> bool:
    """Say whether the password, in whatever case, is among those that are tried first."""
    wanted, known = digest(password), _digests()
    place = bisect_left(known, wanted)
    return place < len(known) and known[place] == wanted
