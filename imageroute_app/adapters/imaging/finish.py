"""The imaging port: pictures are opened in worker processes only, never in the server's own.

What a worker made is signed in a process of its own, which alone is handed the private key.
"""

import functools
import logging
from collections.abc import Callable
from typing import TypeVar

from imageroute_app.adapters.imaging import calls
from imageroute_app.adapters.imaging.credential import Credential
from imageroute_app.adapters.imaging.limits import BYTES_MAX, TOO_LARGE
from imageroute_app.adapters.workers import CallFailed, WorkerLost, WorkerPool
from imageroute_app.domain.errors import BadImage, UnsafeImage
from imageroute_app.domain.pictures import FinishedImage, IngestedImage, Marking, Marks
from imageroute_app.domain.ports import OutputMime

log = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_S = 30.0
READ_TIMEOUT_S = 5.0
SEALING = "imageroute_app.adapters.imaging.sealing"
INGEST_TIMEOUT_S = 20.0
DAMAGED = "This file is damaged or is no complete picture."
TOO_SLOW = "This picture could not be read in time. Try again."
"""A busy machine ends here too, so nothing is said of the file that nobody knows."""


def open_imaging(pool: WorkerPool, credential: Credential) -> "PooledImaging":
    """Return the imaging that works in this pool and signs with this credential."""
    return PooledImaging(pool, credential)


class PooledImaging:
    """Imaging; a picture that kills its worker or keeps it too long is a bad picture."""

    def __init__(self, pool: WorkerPool, credential: Credential) -> None:
        self._pool, self._credential = pool, credential
        self._sealer = WorkerPool(1, preload=(SEALING,))

    async def warm(self) -> None:
        """Start the signing process now, so that the first picture is quick."""
        await self._sealer.warm()

    @property
    def is_warm(self) -> bool:
        """Whether the signing process was started."""
        return self._sealer.is_warm

    async def finish(self, data: bytes, marking: Marking) -> FinishedImage:
        """Decode fully, check, mark original and sizes; raises BadImage, UnsafeImage."""
        finished = await self._work(calls.finish_picture, data, marking)
        if finished.signer:
            return finished
        return await self._sign(calls.seal_finished, finished, marking.source_type)

    async def with_settings(self, data: bytes, mime: str, recipe_json: str) -> bytes:
        """Return a copy of a stored original that holds the recipe; raises BadImage, InvalidInput."""
        copy, source_type = await self._work(calls.with_settings, data, mime, recipe_json)
        return await self._signed(copy, mime, source_type)

    async def convert(
        self, data: bytes, mime_to: OutputMime, long_edge_px: int | None, recipe_json: str | None
    ) -> bytes:
        """Return the picture drawn anew with the mark it had; raises BadImage, UnsafeImage, InvalidInput."""
        copy, source_type = await self._work(calls.convert, data, mime_to, long_edge_px, recipe_json)
        return await self._signed(copy, mime_to, source_type)

    async def read_marks(self, data: bytes) -> Marks:
        """Return what a file of anyone says about its making; raises BadImage, UnsafeImage."""
        return await self._work(calls.read_marks, data, self._credential.known, timeout_s=READ_TIMEOUT_S)

    async def ingest(self, data: bytes, *, is_mask: bool) -> IngestedImage:
        """Return a clean copy of an upload; raises BadImage, UnsafeImage."""
        return await self._run(
            self._pool, functools.partial(calls.ingest_picture, is_mask=is_mask), data, timeout_s=INGEST_TIMEOUT_S
        )

    async def close(self) -> None:
        """Stop the workers."""
        await self._pool.close()
        await self._sealer.close()

    async def _signed(self, copy: bytes, mime: str, source_type: str) -> bytes:
        return await self._sign(calls.seal, copy, mime, source_type) if source_type else copy

    async def _sign(self, function: Callable[..., T], *args: object) -> T:
        return await self._run(self._sealer, function, *args, self._credential.signing)

    async def _work(self, function: Callable[..., T], data: bytes, *args: object, timeout_s: float | None = None) -> T:
        if len(data) > BYTES_MAX:
            raise UnsafeImage(TOO_LARGE)
        return await self._run(self._pool, function, data, *args, timeout_s=timeout_s)

    async def _run(
        self, pool: WorkerPool, function: Callable[..., T], *args: object, timeout_s: float | None = None
    ) -> T:
        try:
            return await pool.run(function, *args, timeout_s=TIMEOUT_S if timeout_s is None else timeout_s)
        except (CallFailed, WorkerLost) as error:
            log.info("picture.refused", extra={"kind": getattr(error, "kind", error.code)})
            raise BadImage(TOO_SLOW if isinstance(error, WorkerLost) else DAMAGED) from error
