"""An error whose message holds what a person typed reaches no log, wherever it is raised: route, page, job, loop, callback."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from taskiq.abc.broker import AsyncBroker

from imageroute_app.adapters.dispatch.memory import MemoryDispatcher
from imageroute_app.adapters.dispatch.memory import log as dispatch_log
from imageroute_app.bootstrap import new_id
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.routes.edge import EdgeMiddleware, EdgeRules
from imageroute_app.services.beside import Beside
from imageroute_app.state.guard import backend_exception_handler
from tests.needles import holds, new_token
from tests.traces import everything_logged

ORIGIN = "http://127.0.0.1:3000"


class Broken(Exception):
    """Anything that nobody expected; its text quotes the prompt."""


async def in_a_route(needle: str) -> None:
    async def fail(_request: Request) -> Response:
        raise Broken(needle)

    wall = EdgeMiddleware(Starlette(routes=[Route("/x", fail)]), EdgeRules(origins=(ORIGIN,), policy=""))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wall), base_url=ORIGIN) as client:
        answer = await client.get("/x")
    assert answer.status_code == 500
    assert needle not in answer.text


async def in_a_handler_of_a_page(needle: str) -> None:
    told: list[str] = []
    try:
        raise ValueError(f"bad value {needle!r}") from KeyError(needle)
    except ValueError as error:
        backend_exception_handler(told.append)(error)
    assert needle not in told[0]


async def in_a_job(needle: str) -> None:
    dispatcher = MemoryDispatcher()
    broker: AsyncBroker = dispatcher.broker

    async def run_job(job_id: str) -> None:
        raise Broken(needle, job_id)

    broker.register_task(run_job, task_name="run_job")
    await dispatcher.start()
    await dispatcher.wake(new_id())
    for _ in range(50):
        await asyncio.sleep(0.01)
    await dispatcher.stop()


async def beside_an_answer(needle: str) -> None:
    async def work() -> None:
        raise InvalidInput(needle, field=needle)

    beside = Beside()
    beside.run(work(), "something.failed")
    await beside.settle()


async def in_a_callback_of_the_loop(needle: str) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"never retrieved: {needle}", "exception": Broken(needle)}
    )


async def in_a_log_call_of_ours(needle: str) -> None:
    try:
        raise Broken(needle)
    except Broken:
        dispatch_log.exception("wake.failed")


PLACES: list[Callable[[str], Awaitable[None]]] = [
    in_a_route,
    in_a_handler_of_a_page,
    in_a_job,
    beside_an_answer,
    in_a_callback_of_the_loop,
    in_a_log_call_of_ours,
]


@pytest.mark.promise("P10", "P15")
@pytest.mark.parametrize("place", PLACES)
async def test_an_error_that_quotes_a_person_is_logged_without_the_quote(
    place: Callable[[str], Awaitable[None]], capsys: pytest.CaptureFixture[str]
) -> None:
    needle = new_token()
    with everything_logged() as log:
        await place(needle)
        written = log()
    shown = capsys.readouterr()

    assert written.strip(), "nothing was logged, so nothing is proven"
    for text in (written, shown.out.encode(), shown.err.encode()):
        assert not holds(text, needle), text.decode()
