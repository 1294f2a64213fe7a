"""Moving every object of an installation from one media store to another, verified, and again from where it stopped.

Principle: an object counts as moved when its bytes were read back from the target and have the source's SHA-256. That is
written down with the tags that both stores gave it, so that what has changed since on either side is copied or read anew.
The source is never touched before everything is verified and it was asked for.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.ports import MediaStore

TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One verified object: its SHA-256 in hexadecimal, and the tags it had at the source and at the target."""

    key: str
    sha256: str
    source_etag: str
    target_etag: str


class Journal(Protocol):
    """What was verified before, kept across restarts."""

    def read(self) -> dict[str, Moved]:
        """Return what was written, by key; a line that was cut off is left out."""
        ...

    def write(self, moved: Moved) -> None:
        """Add one; on the disk when this returns."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far a move is: objects at the source, verified at the target now, deleted at the source.

    `strangers` lie at the target without being at the source, so that no record knows them.
    """

    total: int
    verified: int
    deleted: int = 0
    strangers: int = 0


Report = Callable[[Tally], None]


class Move:
    """One direction of one installation; run it while nothing else writes."""

    def __init__(self, *, source: MediaStore, target: MediaStore, journal: Journal, report: Report) -> None:
        self._source, self._target = source, target
        self._journal, self._report = journal, report

    async def run(self, *, delete_source: bool) -> Tally:
        """Copy and verify everything; then, if asked, delete it at the source.

        Raises:
            Unavailable: A store does not answer, or what was read back differs; nothing was deleted, run it again.
        """
        keys = await self._source.list("")
        known = self._journal.read()
        for done, key in enumerate(keys):
            self._report(Tally(total=len(keys), verified=done))
            if not await self._still_holds(known.get(key)):
                self._journal.write(await self._copy(key))
        strangers = await self._check_counts(keys)
        if delete_source:
            await self._delete(keys)
            self._journal.clear()
        deleted = len(keys) if delete_source else 0
        tally = Tally(total=len(keys), verified=len(keys), deleted=deleted, strangers=strangers)
        self._report(tally)
        return tally

    async def _copy(self, key: str) -> Moved:
        for _ in range(TRIES):
            source_etag = (await self._source.stat(key)).etag
            data = b"".join([chunk async for chunk in await self._source.open(key)])
            sha256 = hashlib.sha256(data).hexdigest()
            await self._target.put(key, data, "application/octet-stream")
            target_etag = (await self._target.stat(key)).etag
            if await self._digest(key) == sha256:
                return Moved(key=key, sha256=sha256, source_etag=source_etag, target_etag=target_etag)
        raise Unavailable("What was read back is not what was written. Nothing was deleted; run the command again.")

    async def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        async for chunk in await self._target.open(key):
            digest.update(chunk)
        return digest.hexdigest()

    async def _still_holds(self, moved: Moved | None) -> bool:
        """Say whether neither side has changed since the object was verified."""
        if moved is None:
            return False
        try:
            source, target = await self._source.stat(moved.key), await self._target.stat(moved.key)
        except NotFound:
            return False
        return (source.etag, target.etag) == (moved.source_etag, moved.target_etag)

    async def _check_counts(self, keys: list[str]) -> int:
        """Return how many objects lie at the target only; raises Unavailable when one is missing or the source changed."""
        arrived = set(await self._target.list(""))
        missing = set(keys) - arrived
        changed = set(await self._source.list("")) ^ set(keys)
        if missing or changed:
            raise Unavailable(
                f"{len(missing)} objects are missing at the target and {len(changed)} changed at the source meanwhile. "
                "Stop what writes there and run the command again."
            )
        return len(arrived - set(keys))

    async def _delete(self, keys: list[str]) -> None:
        for deleted, key in enumerate(keys):
            self._report(Tally(total=len(keys), verified=len(keys), deleted=deleted))
            await self._source.delete(key)
