"""Names of downloaded files: safe on every system, unique whatever the case, readable by the words of the prompt."""

import unicodedata
from collections.abc import Sequence

WORDS_MAX, BYTES_MAX = 8, 80
SUFFIX = 12
NAMELESS = "picture"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
KEPT = frozenset("LNM")
"""Unicode categories that a name keeps: letters, digits, and the marks on them."""
ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
"""The same for a text of ASCII alone, which most are: what stands in the place of each of its characters."""


def slug(text: str) -> str:
    """Return the first words of a text as part of a file name: letters and digits of any script, joined by hyphens.

    Whatever could lead out of a folder, hide an ending or mean something to a shell is no letter and falls out.
    """
    words = _plain(text[:400]).split()[:WORDS_MAX]
    while words and len("-".join(words).encode()) > BYTES_MAX:
        words = words[:-1] if len(words) > 1 else [_cut(words[0])]
    return "-".join(words) or NAMELESS


def _plain(text: str) -> str:
    """Return the text in lower case with a space for everything that is no letter."""
    if text.isascii():
        return text.translate(ASCII)
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(ch if unicodedata.category(ch)[0] in KEPT else " " for ch in plain)


def _cut(word: str) -> str:
    return word.encode()[:BYTES_MAX].decode(errors="ignore")


def suffix_length(image_ids: Sequence[str]) -> int:
    """Return how many characters of an id, from its end, tell these pictures apart."""
    ends = {image_id[-SUFFIX:].casefold() for image_id in image_ids}
    return SUFFIX if len(ends) == len(image_ids) else max(map(len, image_ids), default=SUFFIX)


def stem(prompt: str, image_id: str, suffix: int = SUFFIX) -> str:
    """Return a file's name without its ending. The id makes it unique, and no reserved name of a system ends so."""
    return f"{slug(prompt)}_{image_id[-suffix:]}"


def extension(mime: str) -> str:
    """Return the ending for a type."""
    return EXTENSIONS.get(mime, "bin")
