"""The emulator of Clerk refuses what Clerk would refuse; clerk-backend-api 7.0.0 itself was run against it once, by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.doubles import MovingClock
from tests.emulators.clerk import SECRET_KEY, ClerkEmulator
from tests.emulators.kit import served

KEY = {"authorization": f"Bearer {SECRET_KEY}", "clerk-api-version": "2025-11-10"}
BACK = "http://127.0.0.1:3000/auth/clerk/return?s=x"


@dataclass
class Wire:
    """The emulator, a client, a person and a sign-in."""

    cloud: ClerkEmulator
    client: httpx.AsyncClient
    clock: MovingClock
    user: str
    session: str

    async def ask(self, method: str, path: str, **content: object) -> tuple[int, str]:
        """Return the status and the code of the first error."""
        answer = await self.client.request(method, f"{self.cloud.url}/api/v1/{path}", **{"headers": KEY, **content})
        said = answer.json()
        return answer.status_code, said["errors"][0]["code"] if "errors" in said else ""


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    clock = MovingClock()
    cloud = ClerkEmulator(prefix="/clerk", origins=("http://127.0.0.1:3000",), now=lambda: clock().timestamp())
    async with served(cloud), httpx.AsyncClient(trust_env=False) as client:
        user = cloud.add_user("ada@example.com")
        yield Wire(cloud, client, clock, user, cloud.open_session(user))


async def test_the_key_and_the_version_are_asked_for(wire: Wire) -> None:
    bare = {name: text for name, text in KEY.items() if name != "clerk-api-version"}
    for headers, refused in (
        ({}, (401, "authentication_invalid")),
        ({**KEY, "authorization": "Bearer sk_live_other"}, (401, "authentication_invalid")),
        (bare, (400, "api_version_missing")),
    ):
        assert await wire.ask("GET", f"users/{wire.user}", headers=headers) == refused


async def test_what_is_not_there_and_what_it_does_not_know_is_refused(wire: Wire) -> None:
    gone, unknown = (404, "resource_not_found"), (422, "form_param_unknown")
    for method, path, refused in (
        ("GET", "users/user_x", gone),
        ("GET", "sessions/sess_x", gone),
        ("POST", "sessions/sess_x/revoke", gone),
        ("POST", f"sessions/{wire.session}/odd", gone),
        ("GET", "sessions", (422, "form_param_missing")),
        ("GET", f"sessions?user_id={wire.user}&status=pending", (422, "form_param_value_invalid")),
        ("GET", f"sessions?user_id={wire.user}&limit=501", (422, "form_param_format_invalid")),
        ("GET", f"sessions?user_id={wire.user}&offset=-1", (422, "form_param_format_invalid")),
    ):
        assert await wire.ask(method, path) == refused, path
    assert await wire.ask("PATCH", f"users/{wire.user}", json={"email": "x"}) == unknown
    assert [await wire.ask("POST", f"sessions/{wire.session}/revoke") for _ in range(2)] == [
        (200, ""), (400, "session_not_active"),
    ]  # fmt: skip


async def test_deleted_is_gone_with_its_sign_ins_and_is_told(wire: Wire) -> None:
    assert await wire.ask("DELETE", f"users/{wire.user}") == (200, "")
    for path in (f"users/{wire.user}", f"sessions/{wire.session}"):
        assert await wire.ask("GET", path) == (404, "resource_not_found")
    [(headers, body)] = wire.cloud.hooks_sent
    assert set(headers) >= {"svix-id", "svix-timestamp", "svix-signature"}
    assert b"user.deleted" in body


async def test_too_many_calls_are_told_how_long_to_wait_and_keys_are_given_all_the_same(wire: Wire) -> None:
    wire.cloud.limit(10)
    refused = await wire.client.get(f"{wire.cloud.url}/api/v1/users/{wire.user}", headers=KEY)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    assert (await wire.ask("GET", "jwks"))[0] == 200
    assert (await wire.ask("GET", f"users/{wire.user}"))[0] == 429
    assert wire.cloud.impatient == 1
    wire.clock.move(seconds=10)
    assert (await wire.ask("GET", f"users/{wire.user}"))[0] == 200


async def test_its_pages_lead_back_to_the_product_only(wire: Wire) -> None:
    good = {"redirect_url": BACK, "__clerk_api_version": "2025-11-10"}
    for query, status in (
        (good, 307), ({**good, "redirect_url": "https://evil.example/"}, 400), ({"redirect_url": BACK}, 400),
    ):  # fmt: skip
        answer = await wire.client.get(f"{wire.cloud.url}/v1/client/handshake", params=query)
        assert (answer.status_code, answer.headers.get("cache-control")) == (
            status,
            "no-store" if status == 307 else None,
        )
    page = await wire.client.get(f"{wire.cloud.url}/portal/sign-in", params={"redirect_url": "https://evil.example/"})
    assert page.status_code == 400
