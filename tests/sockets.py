"""A raw client of Reflex's event socket: what an attacker without a browser can send."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

NAMESPACE = "/_event"
HYDRATE = "reflex___state____state.hydrate_and_load"
PATIENCE_S = 60


@dataclass
class RawSocket:
    """One open socket; `updates` are the deltas received so far, merged by state."""

    connection: ClientConnection
    updates: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def send_event(self, name: str, payload: dict[str, Any] | None = None, path: str = "/") -> None:
        event = {"name": name, "payload": payload or {}, "router_data": {"pathname": path, "asPath": path}}
        await self.send_frame(f"42{NAMESPACE}," + json.dumps(["event", event]))

    async def send_frame(self, frame: str) -> None:
        await self.connection.send(frame)

    async def settle(self, quiet_s: float = 0.3, *, until: Callable[[], object] = lambda: True) -> None:
        """Read until something is there, and from then on until nothing has come for a while."""
        while True:
            is_there = bool(until())
            try:
                frame = await asyncio.wait_for(self.connection.recv(), quiet_s if is_there else PATIENCE_S)
            except TimeoutError:
                assert is_there, f"nothing came in {PATIENCE_S} s"
                return
            await self._read(str(frame))

    async def _read(self, frame: str) -> None:
        if frame == "2":
            await self.connection.send("3")
        if not frame.startswith(f"42{NAMESPACE},"):
            return
        kind, *data = json.loads(frame.removeprefix(f"42{NAMESPACE},"))
        if kind != "event":
            return
        update = data[0]
        for state, values in (update.get("delta") or {}).items():
            self.updates.setdefault(state, {}).update(values)
        self.events += update.get("events") or []

    def value(self, state: str, name: str) -> Any:
        """Return the newest value of a var of the state whose name ends so."""
        for full_name, values in self.updates.items():
            if full_name.endswith(state):
                return next((value for key, value in values.items() if key.startswith(name)), None)
        return None


@asynccontextmanager
async def open_socket(
    url: str,
    token: str,
    *,
    cookie: str = "",
    origin: str | None = "",
    hydrate: bool = True,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[RawSocket]:
    """Connect as a tab with this token; `origin` is the page's own unless given, None sends none."""
    sent = dict(headers or {})
    if cookie:
        sent["Cookie"] = cookie
    if origin is not None:
        sent["Origin"] = origin or url
    query = urlencode({"token": token, "EIO": "4", "transport": "websocket"})
    address = f"{url.replace('http', 'ws', 1)}{NAMESPACE}/?{query}"
    async with connect(address, additional_headers=sent, open_timeout=PATIENCE_S, close_timeout=1) as connection:
        socket = RawSocket(connection)
        event = {"name": HYDRATE, "payload": {}, "router_data": {"pathname": "/", "asPath": "/"}}
        await connection.recv()
        await connection.send(f"40{NAMESPACE}," + (json.dumps({"event": event}) if hydrate else ""))
        await socket.settle(until=lambda: socket.updates or not hydrate)
        yield socket
