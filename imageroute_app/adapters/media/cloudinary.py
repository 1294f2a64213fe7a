"""Media at Cloudinary: one raw, authenticated object per key, byte-equal, read through its delivery network.

Principle: nothing is said to be deleted before it is proven: the object destroyed with its copies invalidated, its backup
versions dropped, and its delivery address answering 404. What cannot be proven now is Unavailable; repeating goes on.
Public ids are the keys below one root folder, so both can be told from each other and no name is in them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from imageroute_app.adapters.media.account import CLEARING, THREADS, Access, Account, Sleep
from imageroute_app.adapters.media.addresses import split_key, split_prefix, split_readable
from imageroute_app.adapters.media.delivery import DeliveryNetwork
from imageroute_app.domain.errors import InvalidInput, NotFound, Unavailable
from imageroute_app.domain.ports import Clock, MediaFacts, PreparedMedia

T = TypeVar("T")
R = TypeVar("R")

ROOT = "imageroute/"
SWEEPS_MAX = 5
PROOF_PAUSES_S = (0.25, 0.5, 1.0, 2.0)
PROOF_WAIT_S = 60


async def open_cloudinary_media(access: Access, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> "CloudinaryMedia":
    """Return the store of this account.

    Raises:
        Unavailable: The account refuses the key; an account that does not answer is no reason not to start.
    """
    media = CloudinaryMedia(access, clock=clock, sleep=sleep)
    try:
        await media.check()
    except Unavailable:
        await media.close()
        raise
    return media


class CloudinaryMedia:
    """MediaStore at Cloudinary."""

    def __init__(self, access: Access, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._access, self._sleep = access, sleep
        self._account = Account(access, clock=clock, sleep=sleep)
        self._network = DeliveryNetwork()
        self._unproven: set[str] = set()

    async def check(self) -> None:
        """Raise Unavailable with the cure when the account refuses the key."""
        await self._account.check()

    async def put(self, key: str, data: bytes, mime: str) -> None:
        """Store all bytes or none; overwriting is allowed; raises StorageFull, Unavailable, InvalidInput for no bytes."""
        name = _public_id(split_key(key))
        if not data:
            raise InvalidInput("An empty object cannot be stored.")
        self._unproven.discard(name)
        await self._account.upload(name, data)

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Stream bytes start..end (end exclusive); raises NotFound before the first chunk."""
        return await self._network.open(self._access.signed_url(_public_id(split_readable(key))), start, end)

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return whole objects in the order of their keys, None for one that is not there."""
        return await _in_groups(self._read, keys)

    async def prepare(self, keys: Sequence[str]) -> PreparedMedia:
        """Fetch objects that are read next, in the order of their keys."""
        return Fetched(await self.read(keys))

    async def stat(self, key: str) -> MediaFacts:
        """Return the facts; raises NotFound. Asks the delivery network, which has no hourly limit."""
        return await self._network.facts(self._access.signed_url(_public_id(split_readable(key))))

    async def delete(self, key: str) -> None:
        """Delete with every copy and prove it; nothing there is fine."""
        name = _public_id(split_key(key))
        await self._remove(name)
        await self._prove(name)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything below a prefix and prove it; what another process destroyed without proof is proven by `delete`."""
        root = _public_id(split_prefix(prefix)) + "/"
        gone: set[str] = set()
        for _ in range(SWEEPS_MAX):
            names = await self._account.names(root)
            if not names:
                await _in_groups(self._prove, gone | {name for name in self._unproven if name.startswith(root)})
                await self._account.drop_folder(root.removesuffix("/"))
                return len(gone)
            await _in_groups(self._remove, names)
            gone.update(names)
        # What a listing still shows was not deleted, whatever the answers said.
        raise Unavailable(CLEARING, retry_after_s=PROOF_WAIT_S)

    async def list(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, sorted; the empty prefix means all."""
        root = _public_id(split_key(prefix.removesuffix("/"))) + "/" if prefix else ROOT
        return [name.removeprefix(ROOT) for name in await self._account.names(root)]

    async def close(self) -> None:
        """Let go of connections and threads."""
        await self._account.close()
        await self._network.close()

    async def _read(self, key: str) -> bytes | None:
        try:
            return b"".join([chunk async for chunk in await self.open(key)])
        except NotFound:
            return None

    async def _remove(self, name: str) -> None:
        """Destroy an object and its backups. Backups go first: once the object is gone, no listing names them any more."""
        self._unproven.add(name)
        is_bare = await self._account.drop_backups(name)
        await self._account.destroy(name)
        if not is_bare and not await self._account.drop_backups(name):
            raise Unavailable(CLEARING, retry_after_s=PROOF_WAIT_S)

    async def _prove(self, name: str) -> None:
        """Return when the delivery network serves the object to nobody; raises Unavailable when it still does."""
        address = self._access.signed_url(name)
        for pause_s in PROOF_PAUSES_S:
            if await self._network.is_gone(address):
                self._unproven.discard(name)
                return
            await self._sleep(pause_s)
        await self._invalidate_again(name)
        raise Unavailable(CLEARING, retry_after_s=PROOF_WAIT_S)

    async def _invalidate_again(self, name: str) -> None:
        """Have copies dropped of an object that is gone, which the vendor does only while there is one: put one there.

        An object that was stored anew in the meantime is left alone.
        """
        if name not in await self._account.names(name):
            await self._account.upload(name, b"\0")
            await self._account.destroy(name)


class Fetched:
    """PreparedMedia whose bytes are here already."""

    def __init__(self, objects: Sequence[bytes | None]) -> None:
        """Hold the objects, None for one that was not there."""
        self._objects = objects

    async def fill(self, first: int, places: Sequence[memoryview]) -> bool:
        """Write the objects from number `first` on into places; says whether each was there and had the size of its place."""
        for found, place in zip(self._objects[first:], places, strict=False):
            if found is None or len(found) != len(place):
                return False
            place[:] = found
        return True


def _public_id(segments: Sequence[str]) -> str:
    return ROOT + "/".join(segments)


async def _in_groups(function: Callable[[T], Awaitable[R]], values: Iterable[T]) -> list[R]:
    """Call a function for every value, a few at once; the first failure is raised after its group has ended."""
    found: list[R] = []
    left = list(values)
    while left:
        group, left = left[:THREADS], left[THREADS:]
        for outcome in await asyncio.gather(*map(function, group), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            found.append(outcome)
    return found
