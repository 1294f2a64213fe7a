"""Which requests look through our routes before the pages get them."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from imageroute_app.routes.compose import OwnRoutes

asked = list[str]()


class WatchedRoute(Route):
    """Notes which addresses were held against it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Answer as any route does."""
        asked.append(scope["path"])
        return super().matches(scope)


async def ours(request: Request) -> Response:
    return PlainTextResponse("ours")


async def page(request: Request) -> Response:
    return PlainTextResponse("page")


@pytest.fixture
def browser() -> httpx.AsyncClient:
    asked.clear()
    below = Starlette(routes=[Route("/{rest:path}", page)])
    api = Starlette(routes=[WatchedRoute("/", ours), WatchedRoute("/account/security", ours)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(OwnRoutes(below, api=api)), base_url="http://a.example")


async def test_a_file_is_not_held_against_routes_that_begin_otherwise(browser: httpx.AsyncClient) -> None:
    answers = [(await browser.get(path)).text for path in ("/assets/a.js", "/grid.js", "/{", "/gallery")]

    assert answers == ["page"] * 4
    assert asked == []


async def test_our_routes_win_and_what_they_do_not_have_is_a_page(browser: httpx.AsyncClient) -> None:
    answers = [(await browser.get(path)).text for path in ("/", "/account/security", "/account")]

    assert answers == ["ours", "ours", "page"]


def test_a_route_for_any_address_is_refused() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        OwnRoutes(Starlette(), api=Starlette(routes=[Route("/{anything}", ours)]))
