"""Who goes first: a long answer, such as a download, gives way while somebody in this process waits for a short one.

One thread serves all of them. Without this a press waits behind a piece of a download at each of its steps.
"""

import asyncio
import time
from dataclasses import dataclass, field

GIVE_WAY_S = 0.025
"""The longest rest before a piece: a download of 1 MB pieces still gets 40 MB/s while people press all the time."""
LOOK_EVERY_S = 0.001
FORGOTTEN_S = 0.25
"""What had no answer by then has none to wait for, or one that takes long whoever gives way."""


@dataclass(slots=True)
class Presses:
    """Who waits for an answer, and since when, in seconds of time.monotonic()."""

    _since: dict[int, float] = field(default_factory=dict)

    def begin(self, who: object) -> None:
        """Note that somebody waits; `who` is whatever will be told to `end`."""
        self._since[id(who)] = time.monotonic()

    def end(self, who: object) -> None:
        """Note that the answer is there, or that nobody waits for it any more; repeatable."""
        self._since.pop(id(who), None)

    def is_any(self) -> bool:
        """Say whether somebody waits, and not for long yet."""
        return bool(self._since) and max(self._since.values()) > time.monotonic() - FORGOTTEN_S

    async def give_way(self) -> None:
        """Rest while somebody waits, GIVE_WAY_S at most."""
        until = time.monotonic() + GIVE_WAY_S
        while self.is_any() and time.monotonic() < until:  # noqa: ASYNC110 - looked at a few times in a second, by few
            await asyncio.sleep(LOOK_EVERY_S)


PRESSES = Presses()
"""Those of this process."""
