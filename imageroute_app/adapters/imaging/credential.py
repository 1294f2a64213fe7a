"""What marks are signed with, and by which certificates an own mark is known again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class SigningKey(NamedTuple):
    """A private key with its certificate chain, both PEM, and the COSE name of its algorithm."""

    algorithm: str
    chain: bytes
    key: bytes


class Known(NamedTuple):
    """The certificates that this installation has signed with: those of their issuers, PEM, and their own serial numbers.

    A signature is ours when it leads to one of the issuers and has one of the numbers, which an issuer gives once.
    """

    issuers: bytes = b""
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The signing key with its facts, and what own marks are known by."""

    signing: SigningKey = field(repr=False)
    known: Known
    signer: str
    is_development: bool
    expires_at: datetime
