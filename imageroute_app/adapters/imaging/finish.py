"""The imaging port: pictures are opened in worker processes only, never in the server's own."""

import logging

from imageroute_app.adapters.imaging.calls import finish_picture
from imageroute_app.adapters.imaging.limits import BYTES_MAX, TOO_LARGE
from imageroute_app.adapters.workers import CallFailed, WorkerLost, WorkerPool
from imageroute_app.domain.errors import BadImage, UnsafeImage
from imageroute_app.domain.ports import FinishedImage, Marking

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0


def open_imaging(pool: WorkerPool) -> "PooledImaging":
    """Return the imaging that works in this pool."""
    return PooledImaging(pool)


class PooledImaging:
    """Imaging; a picture that kills its worker or keeps it too long is a bad picture."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    async def finish(self, data: bytes, marking: Marking) -> FinishedImage:
        """Decode fully, check, mark original and sizes; raises BadImage, UnsafeImage."""
        if len(data) > BYTES_MAX:
            raise UnsafeImage(TOO_LARGE)
        try:
            return await self._pool.run(finish_picture, data, marking, timeout_s=TIMEOUT_S)
        except (CallFailed, WorkerLost) as error:
            log.info("picture.refused", extra={"kind": getattr(error, "kind", error.code)})
            raise BadImage("This file is damaged or is no complete picture.") from error

    async def close(self) -> None:
        """Stop the workers."""
        await self._pool.close()
