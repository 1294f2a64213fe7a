"""What a media key may look like, the same for every store: plain names, so that no key leads out of where it belongs."""

import re

from imageroute_app.domain.errors import InvalidInput, NotFound

SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"
KEY = re.compile(rf"{SEGMENT}(?:/{SEGMENT}){{0,7}}")


def split_key(key: str) -> list[str]:
    """Return the names of a key; raises InvalidInput for anything but plain ones."""
    if not KEY.fullmatch(key):
        raise InvalidInput("This is no media key.")
    return key.split("/")


def split_prefix(prefix: str) -> list[str]:
    """Return the names of a prefix to delete; raises InvalidInput unless it is a key that ends in a slash."""
    if not prefix.endswith("/"):
        raise InvalidInput("A prefix ends with a slash.")
    return split_key(prefix.removesuffix("/"))


def split_readable(key: str) -> list[str]:
    """Return the names of a key to read from; raises NotFound, because nothing can lie under another spelling."""
    try:
        return split_key(key)
    except InvalidInput:
        raise NotFound from None
