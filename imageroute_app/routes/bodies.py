"""Bodies of requests under way: how large one may be, how slowly it may come, and what all of them may hold together.

A route keeps what it reads in memory until it has answered, so that many large bodies at once would fill it, and a sender who
stops in the middle would hold a place for ever. The principle: what nobody finished sending costs others nothing.
"""

import asyncio
from collections import Counter
from typing import Literal

from starlette.types import Message, Receive

MIB = 1024 * 1024
OF_ONE_CALLER, OF_ALL = 96 * MIB, 256 * MIB
PIECE_S = 20.0
"""A piece of a body comes within this time, or the request ends."""

Fault = Literal["too_large", "too_much", "too_slow"]


class Held:
    """Counts the bytes of bodies under way, together and by who sends them (see pace.household)."""

    def __init__(self) -> None:
        self._by_caller: Counter[str] = Counter()

    def add(self, caller: str, size_bytes: int) -> bool:
        """Note more bytes; False when that is more than the caller, or everybody, may hold."""
        self._by_caller[caller] += size_bytes
        return self._by_caller[caller] <= OF_ONE_CALLER and self._by_caller.total() <= OF_ALL

    def let_go(self, caller: str, size_bytes: int) -> None:
        """Forget the bytes of a request that is over."""
        self._by_caller[caller] -= size_bytes
        if self._by_caller[caller] <= 0:
            del self._by_caller[caller]


class CountedBody:
    """Counts a request's body as it arrives, and ends it as soon as it is too much or too slow, whatever its header said."""

    def __init__(self, receive: Receive, limit: int, held: Held, caller: str) -> None:
        """Read with `receive` up to `limit` bytes that `caller` sends (see pace.household)."""
        self._receive, self._limit = receive, limit
        self._held, self._caller = held, caller
        self._size_bytes, self._is_whole = 0, False
        self.fault: Fault | None = None

    async def receive(self) -> Message:
        """Return the next message, or say that the sender is gone once the body is cut."""
        if self.fault:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout(None if self._is_whole else PIECE_S):
                message = await self._receive()
        except TimeoutError:
            return self._cut("too_slow")
        if size_bytes := len(message.get("body", b"")):
            self._size_bytes += size_bytes
            has_room = self._held.add(self._caller, size_bytes)
            if self._size_bytes > self._limit:
                return self._cut("too_large")
            if not has_room:
                return self._cut("too_much")
        self._is_whole = not message.get("more_body", False)
        return message

    def _cut(self, fault: Fault) -> Message:
        self.fault = fault
        return {"type": "http.disconnect"}

    def close(self) -> None:
        """Let go of what was counted; the request is over."""
        if self._size_bytes:
            self._held.let_go(self._caller, self._size_bytes)
