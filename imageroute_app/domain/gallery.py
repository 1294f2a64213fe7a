"""Images in a private gallery, and the trash they pass through."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

UNKNOWN_SEED = -1  # the provider tells none, so that the picture cannot be made again
TRASH_DAYS = 30
VARIANTS = ("original", "960", "320")
PREFIX_MIN, PREFIX_MAX = 3, 8
WORDS_MAX = 40
TAGS_MAX, TAG_MAX = 20, 40
"""How many tags one image has at most, and how many characters one of them."""
RATIOS = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 9), (21, 9))
"""The shapes that have a name, lying; standing ones are these the other way round."""
RATIO_SLACK = 0.04
"""How far, as a share, a picture may be from a named shape: models round to multiples of 16 or 64 pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A delivered picture with everything needed to make it again, or a saved upload (`provider` is then "upload").

    Sizes in pixels and bytes; `crc32` is of the stored original, `albums` are ids, `tags` the person's own words.
    """

    id: str
    owner: str
    job_id: str
    position: int
    prompt: str
    negative: str
    provider: str
    model: str
    style: str
    width: int
    height: int
    seed: int
    mime: str
    size_bytes: int
    sha256: str
    colour: str
    price_credits: int
    took_ms: int
    source_type: str
    source_id: str
    favourite: bool
    trashed: bool
    trashed_at: datetime | None
    purge_at: datetime | None
    created_at: datetime
    crc32: int = 0
    albums: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    version: int = 0

    @property
    def is_leaving(self) -> bool:
        """Whether its erasing has begun, so that it can neither be seen nor restored."""
        return self.trashed and self.purge_at == self.trashed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """A named set of images; which ones is written on the images (`Image.albums`), so that trash keeps it."""

    id: str
    owner: str
    name: str
    cover_id: str
    created_at: datetime
    version: int = 0


def purge_time(trashed_at: datetime) -> datetime:
    """Return when an image in the trash is erased for good."""
    return trashed_at + timedelta(days=TRASH_DAYS)


def to_trash(image: Image, now: datetime) -> Image:
    """Return an image moved to the trash at this moment; one that lies there keeps its 30 days."""
    if image.trashed:
        return image
    return replace(image, trashed=True, trashed_at=now, purge_at=purge_time(now))


def from_trash(image: Image) -> Image:
    """Return an image taken out of the trash; albums, tags and the favourite's mark were never taken off.

    One whose erasing has begun stays, because some of its bytes may be gone.
    """
    if image.is_leaving:
        return image
    return replace(image, trashed=False, trashed_at=None, purge_at=None)


def leaving(image: Image) -> Image:
    """Return an image of the trash whose erasing has begun: it is overdue until its bytes are proven gone."""
    return replace(image, purge_at=image.trashed_at) if image.trashed else image


def media_prefix(owner: str, image_id: str) -> str:
    """Return the media key prefix under which every size of one image lies."""
    return f"images/{owner}/{image_id}/"


def media_key(owner: str, image_id: str, variant: str) -> str:
    """Return the media key of one size of one image."""
    return f"{media_prefix(owner, image_id)}{variant}"


def tag_name(text: str) -> str:
    """Return a tag as it is kept and compared: its words as search sees them, one space apart; empty without a word."""
    return " ".join(search_words(text))[:TAG_MAX].strip()


def ratio_names(width: int, height: int) -> tuple[str, ...]:
    """Return what the shape of a picture is called: square, landscape or portrait, and "3:2" where it is near to one."""
    standing = height > width
    shape = max(width, height) / min(width, height)
    (long, short), off = min(
        (((a, b), abs(shape / (a / b) - 1)) for a, b in RATIOS),
        key=lambda found: found[1],
    )
    if off > RATIO_SLACK:
        return ("portrait",) if standing else ("landscape",)
    if long == short:
        return ("square", "1:1")
    return ("portrait", f"{short}:{long}") if standing else ("landscape", f"{long}:{short}")


def name_key(text: str) -> str:
    """Return a model's or provider's id as it is compared: "FLUX 1.1 pro" and "flux-1.1-pro" are the same."""
    return "-".join(search_words(text))


def facet(kind: str, value: str) -> str:
    """Return the token of an exact property; ":" keeps it apart from every token of a word, which begins "=" or "^"."""
    return f":{kind}:{value}"


def facets(image: Image) -> tuple[str, ...]:
    """Return the tokens of an image's exact properties: albums, tags, model and provider (whole and by word), shape."""
    found = [facet("album", album_id) for album_id in image.albums]
    found += [facet("source", image.source_id)] * bool(image.source_id)
    found += [facet("tag", tag_name(tag)) for tag in image.tags]
    for kind, name in (("model", image.model), ("provider", image.provider)):
        found += [facet(kind, part) for part in (name_key(name), *search_words(name))]
    found += [facet("ratio", name) for name in ratio_names(image.width, image.height)]
    return tuple(dict.fromkeys(found))


def image_tokens(image: Image) -> tuple[str, ...]:
    """Return everything that the keyed index holds for an image: the words of its prompt, and its facets."""
    return (*index_tokens(image.prompt), *facets(image))


def search_words(text: str) -> tuple[str, ...]:
    """Return the distinct words of a text as search sees them: case-folded, without accents, in order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(ch for ch in plain if not unicodedata.combining(ch))
    return tuple(dict.fromkeys(re.findall(r"\w+", plain)))


def index_tokens(text: str) -> tuple[str, ...]:
    """Return what the keyed index holds for a text: whole words and prefixes of 3 to 8 letters.

    A whole word is marked "=", a prefix "^", so that searching "art" as a prefix never finds it inside a word.
    """
    tokens: dict[str, None] = {}
    for word in search_words(text)[:WORDS_MAX]:
        tokens[f"={word}"] = None
        for length in range(PREFIX_MIN, min(len(word), PREFIX_MAX) + 1):
            tokens[f"^{word[:length]}"] = None
    return tuple(tokens)


def query_tokens(text: str) -> tuple[str, ...]:
    """Return the tokens that must all be present: the prefix form where long enough, else the whole word.

    A word longer than the longest prefix is looked up by its first 8 letters.
    """
    return tuple(f"^{word[:PREFIX_MAX]}" if len(word) >= PREFIX_MIN else f"={word}" for word in search_words(text))
