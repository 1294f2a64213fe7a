"""Work that is done beside an answer: its time must not tell whether there was any, nor a slow mail server hold it up."""

import asyncio
import logging
from collections.abc import Coroutine

from imageroute_app.domain.errors import ImageRouteError

log = logging.getLogger(__name__)


class Beside:
    """Tasks that nobody waits for but the end of the process."""

    def __init__(self) -> None:
        self._on_the_way: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[None, None, object], event: str) -> asyncio.Task[None]:
        """Do it beside the answer; a failure is logged as `event`. Returns the task, which raises nothing."""
        task = asyncio.create_task(quietly(work, event))
        self._on_the_way.add(task)
        task.add_done_callback(self._on_the_way.discard)
        return task

    @property
    def count(self) -> int:
        """How many are on the way."""
        return len(self._on_the_way)

    async def settle(self) -> None:
        """Wait for all of it."""
        while self._on_the_way:
            await asyncio.gather(*self._on_the_way)


async def quietly(work: Coroutine[None, None, object], event: str) -> None:
    """Do it; a failure is logged as `event` and stops nobody."""
    try:
        await work
    except ImageRouteError as error:
        log.warning("%s %s", event, error.code)
