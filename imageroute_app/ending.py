"""Ending tasks of asyncio so that they are over afterwards."""

import asyncio
from typing import Any

AGAIN_S = 0.5


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they are over, however they end.

    Before Python 3.12 asyncio.wait_for swallows a cancellation that arrives together with what it waits for, and pymongo uses
    it at every message it sends: such a task goes on as if nothing had been said, so it is told again.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


def heed() -> None:
    """Raise CancelledError when this task was told to end and something on the way swallowed that; for between two steps."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
