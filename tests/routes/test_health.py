"""GET /healthz, good and broken."""

from dataclasses import replace

import httpx
import pytest

from imageroute_app.domain.errors import Unavailable
from imageroute_app.routes.api import build_api
from imageroute_app.services.house import Services
from tests.routes.conftest import House


class Broken:
    """A part that does not answer."""

    async def check(self) -> None:
        raise Unavailable

    async def stat(self, key: str) -> None:
        raise Unavailable

    async def changed(self, owner: str, job_id: str) -> None:
        raise Unavailable


async def test_all_is_well(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "media": "ok", "queue": "ok", "workers": "ok"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("part", "field"), [("database", "database"), ("media", "media"), ("queue", "dispatcher")])
async def test_a_part_that_is_down_is_named(house: House, browser: httpx.AsyncClient, part: str, field: str) -> None:
    house.services = replace(house.services, **{field: Broken()})
    answer = await browser.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    assert answer.json()[part] == "down"
    assert answer.headers["retry-after"]


async def test_until_the_processes_that_draw_have_started_it_is_alive_and_not_ready(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.services = replace(house.services, workers_are_warm=lambda: False)
    answer = await browser.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["workers"] == "starting"
    assert (await browser.get("/health")).status_code == 200


async def test_before_the_services_are_open() -> None:
    def not_yet() -> Services:
        raise RuntimeError("not open")

    transport = httpx.ASGITransport(build_api(not_yet))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
        assert (await client.get("/healthz")).status_code == 503


async def test_alive_is_not_the_same_as_ready(house: House, browser: httpx.AsyncClient) -> None:
    house.services = replace(house.services, database=Broken())
    assert (await browser.get("/health")).json() == {"status": "ok"}
    assert (await browser.get("/ready")).status_code == 503
