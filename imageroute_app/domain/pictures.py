"""What is known of a picture's file: how it says it was made, and what comes of checking and sizing it.

Worker processes start with this module and little else of the domain: what they answer with stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

SourceType = Literal["trainedAlgorithmicMedia", "algorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
"""How a picture came to be (IPTC Digital Source Type)."""
CLEAR = "transparent"
"""The colour of a picture that one can see through somewhere: screens put a pattern behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What a file says about its making (IPTC Digital Source Type), and when if that is known; never the prompt or the person.

    `withheld` is written nowhere: a file that a provider signed is kept as it came only if its mark does not hold these words.
    """

    source_type: SourceType
    generator: str
    created_at: datetime | None
    withheld: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedImage:
    """A checked, marked original with its sizes; `thumbnails` maps a variant ("960", "320") to WebP bytes.

    `sha256` and `crc32` are of the original. `signer` is who signed its C2PA mark when that is the provider's own, else empty.
    """

    original: bytes
    mime: str
    width: int
    height: int
    sha256: str
    crc32: int
    colour: str
    thumbnails: Mapping[str, bytes]
    signer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a file of anyone says about its making, as read; every text is at most a few hundred printable characters.

    `xmp_source` and `signed_source` are IPTC Digital Source Types, empty where nothing is said. `seal` is the state of the C2PA
    signature: "unproven" fits the file, but its certificate is expired or not fit for it. `is_ours`: the seal is valid and by a
    certificate of this installation. `names_us`: the file says ImageRoute made it, which anyone can write. `recipe` is JSON.
    """

    xmp_source: str = ""
    signed_source: str = ""
    seal: Literal["none", "valid", "altered", "unproven"] = "none"
    signer: str = ""
    generator: str = ""
    is_ours: bool = False
    names_us: bool = False
    recipe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestedImage:
    """A clean copy of an upload with its sizes; a mask has none."""

    data: bytes
    mime: str
    width: int
    height: int
    sha256: str
    colour: str
    thumbnails: Mapping[str, bytes]
