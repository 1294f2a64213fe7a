"""Page states over real services, as one browser tab holds them: called as handlers, without a socket."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import pytest_asyncio
import reflex as rx
from reflex.istate.data import RouterData

from imageroute_app.bootstrap import use_services
from imageroute_app.services.appeals import Appeals
from imageroute_app.services.drafts import Drafts
from imageroute_app.state.session import SessionState
from tests.adapters.redis_server import RedisServer, running_redis
from tests.services.conftest import House, house

__all__ = ["House", "house"]

S = TypeVar("S", bound=rx.State)


@dataclass
class Tab:
    """One tab of a signed-in person: a state tree that is reached with a session cookie and an address."""

    root: rx.State
    owner: str
    session_id: str

    def state(self, kind: type[S]) -> S:
        """Return this tab's instance of a state."""
        return self.root.get_substate(kind.get_full_name().split("."))  # type: ignore[return-value]  # asked by its name

    @property
    def notice(self) -> str:
        """What the notice bar says."""
        return self.state(SessionState).notice


OpenTab = Callable[..., Awaitable[Tab]]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RedisServer]:
    """Give a Redis of its own; its tests are marked with `needs_redis`."""
    async with running_redis() as server:
        yield server


@pytest.fixture(autouse=True)
def served(house: House) -> Iterator[None]:
    """Let handlers find the house's services."""
    parts: dict[str, Any] = {
        "accounts": house.accounts,
        "jobs": house.jobs,
        "routing": house.routing,
        "gate": house.gate,
        "choices": house.choices,
        "training": house.training,
        "newsletter": house.newsletter,
        "newsletter_choice": house.newsletter_choice,
        "disclosures": house.disclosures,
        "database": house.database,
        "appeals": Appeals(database=house.database, clock=house.clock),
        "gallery": house.gallery,
        "selection": house.selection,
        "albums": house.albums,
        "uploads": house.uploads,
        "activity": house.activity,
        "office": house.open_office(),
        "policies": house.policies,
        "notices": house.notices,
        "banners": house.banners,
        "dispatcher": house.bell,
        "drafts": Drafts(database=house.database, clock=house.clock),
        "site": SimpleNamespace(origins=("http://127.0.0.1:3000",)),
        "hosted": None,
    }
    use_services(SimpleNamespace(**parts))  # type: ignore[arg-type]  # the parts that handlers call
    yield
    use_services(None)


@pytest.fixture
def open_tab(house: House) -> OpenTab:
    """Open a tab of a person who has an account: `await open_tab("ada", address="/account?done=name")`."""

    async def open_one(name: str = "ada", *, address: str = "/create", device: str = "Firefox on Linux") -> Tab:
        signed_in = await house.accounts.sign_in(
            f"{name}@example.com", "long enough", device=device, address="127.0.0.1"
        )
        root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]  # as Reflex itself makes it
        headers = {"cookie": f"ir_session={signed_in.token}", "origin": "http://127.0.0.1:3000"}
        router_data = {"pathname": address.partition("?")[0], "asPath": address, "headers": headers}
        root.router_data, root.router = router_data, RouterData.from_router_data(router_data)
        return Tab(root=root, owner=signed_in.person.id, session_id=signed_in.session.id)

    return open_one
