"""Erasing the bytes of one picture, so that every copy is proven gone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from imageroute_app.domain.ports import MediaStore

Forget = Callable[[str, str], Awaitable[None]]
"""Lets go of what was made from a picture elsewhere, given its owner and id; repeatable."""


async def erase_bytes(media: MediaStore, prefix: str, names: Iterable[str]) -> None:
    """Delete the objects of these names below a prefix, then whatever else lies there.

    By name first, because a store can prove gone only what it can name, also after a restart. All are begun before any is
    waited for, so that one round is enough.

    Raises:
        Unavailable: Not everything is proven gone; repeating goes on from there.
    """
    deletions = (media.delete(f"{prefix}{name}") for name in names)
    for outcome in await asyncio.gather(*deletions, return_exceptions=True):
        if outcome is not None:
            raise outcome
    await media.delete_prefix(prefix)
