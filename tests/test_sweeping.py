"""The loop behind retention, erasure and exports: nothing that breaks in one part may stop the others."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from imageroute_app.domain.errors import Unavailable
from imageroute_app.services.house import Services
from imageroute_app.tasks import check_forever, sweep_forever


def part(name: str, calls: list[str], error: Exception | None = None) -> Any:
    async def sweep(*_given: object) -> int:
        calls.append(name)
        if error is not None:
            raise error
        return 0

    return SimpleNamespace(sweep=sweep, deliver=sweep)


async def turned(
    loop: Callable[[Services], Awaitable[None]], services: Services, calls: list[str], wanted: int
) -> None:
    """Let a loop run until it has done so much."""
    task = asyncio.ensure_future(loop(services))
    async with asyncio.timeout(60):
        while len(calls) < wanted and not task.done():
            await asyncio.sleep(0.005)
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


@pytest.mark.promise("P35", "P37", "P47")
@pytest.mark.parametrize("error", [Unavailable(), KeyError("a mistake of ours")])
async def test_a_part_that_breaks_holds_up_no_other_and_is_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    parts = {
        "runner": part("jobs", calls, error),
        "export_worker": part("exports", calls),
        "erasures": part("erasures", calls, error),
        "mails": part("mails", calls, error),
        "hosted": SimpleNamespace(revoking=part("sign-outs", calls, error)),
        "retention": part("retention", calls),
        "sweep_period": timedelta(milliseconds=5),
    }
    await turned(sweep_forever, cast("Services", SimpleNamespace(**parts)), calls, 14)
    turn = ["jobs", "exports", "erasures", "mails", "sign-outs"]
    assert calls[:11] == [*turn, "retention", *turn]
    assert any(message.startswith("sweep.") for message in caplog.messages)
    assert "a mistake of ours" not in caplog.text


async def test_retention_that_failed_comes_again_with_the_next_turn() -> None:
    calls: list[str] = []
    parts = {name: part(name, calls) for name in ("runner", "export_worker", "erasures", "mails")}
    parts |= {
        "hosted": None,
        "retention": part("retention", calls, Unavailable()),
        "sweep_period": timedelta(milliseconds=5),
    }
    await turned(sweep_forever, cast("Services", SimpleNamespace(**parts)), calls, 15)
    assert calls.count("retention") >= 2


async def test_checks_that_break_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("imageroute_app.tasks.CHECKS_EVERY", timedelta(milliseconds=1))
    parts = {"checks": part("checks", calls, ValueError()), "sweep_period": timedelta(milliseconds=1)}
    await turned(check_forever, cast("Services", SimpleNamespace(**parts)), calls, 3)
