"""GET /metrics: closed to everyone without the token, true, and without a word about anyone."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from imageroute_app.routes.metrics import Meter
from tests.routes.conftest import House

TOKEN = "a token of sixteen letters"
SECRET = "ada-lovelace-and-her-prompt"


async def page(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def broken(_request: Request) -> Response:
    raise RuntimeError(SECRET)


def client(house: House, token: str = TOKEN) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/api/{rest:path}", page), Route("/broken", broken), Route("/{rest:path}", page)])
    meter = Meter(app, token=token, current=lambda: house.services)
    transport = httpx.ASGITransport(meter, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1")


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
async def test_without_the_token_there_is_nothing(house: House, sent: str) -> None:
    async with client(house) as browser:
        answer = await browser.get("/metrics", headers={"authorization": sent} if sent else {})
    assert answer.text == "ok"  # what the product itself has there: a page, which says 404


async def test_without_the_setting_there_is_nothing_for_any_token(house: House) -> None:
    async with client(house, token="") as browser:
        for sent in ("Bearer ", f"Bearer {TOKEN}"):
            assert (await browser.get("/metrics", headers={"authorization": sent})).text == "ok"


@pytest.mark.promise("P10", "P22")
async def test_figures_are_there_and_nothing_of_anyone(house: House) -> None:
    async with client(house) as browser:
        await browser.get(f"/api/{SECRET}?q={SECRET}", headers={"cookie": SECRET, "user-agent": SECRET})
        await browser.get(f"/{SECRET}/{SECRET}")
        await browser.request(SECRET.upper(), "/broken")
        await browser.get("/broken")
        answer = await browser.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    lines = answer.text.splitlines()
    assert 'imageroute_requests_total{area="api",method="GET",status="2xx"} 1.0' in lines
    assert 'imageroute_requests_total{area="page",method="GET",status="2xx"} 1.0' in lines
    assert 'imageroute_requests_total{area="page",method="GET",status="5xx"} 1.0' in lines
    assert "imageroute_sweeps_failing 0.0" in lines
    assert "imageroute_database_up 1.0" in lines
    assert any(line.startswith("imageroute_model_paused{") for line in lines)
    assert SECRET not in answer.text.casefold()
