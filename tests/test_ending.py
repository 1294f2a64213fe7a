"""Tasks that do not hear a cancellation the first time are ended all the same."""

import asyncio
import contextlib

import pytest

from imageroute_app import ending


async def test_a_task_that_swallowed_a_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)

    async def deaf_once() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task, over = asyncio.create_task(deaf_once()), asyncio.create_task(asyncio.sleep(0, "done"))
    await asyncio.sleep(0.01)
    await ending.end(task, over)
    assert task.cancelled()
    assert over.result() == "done"


async def test_between_two_steps_a_swallowed_cancellation_is_heeded() -> None:
    steps = 0

    async def work() -> None:
        nonlocal steps
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            steps += 1
            ending.heed()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await ending.end(task)
    assert task.cancelled()
    assert steps == 1
