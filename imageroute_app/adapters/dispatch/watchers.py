"""Who in this process watches whose jobs."""

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

WAITING_MAX = 100


class Watcher(AsyncIterator[str]):
    """Yields ids of changed jobs of one person, or of one job alone, from the moment it was made until it is closed.

    A job that changed again before it was read is told once. When too many wait, the oldest is
    dropped: whoever watches re-reads the rows now and then anyway.
    """

    def __init__(self, owner: str, job_id: str, watching: "WeakSet[Watcher]") -> None:
        self.owner, self._job_id = owner, job_id
        self._watching = watching
        self._waiting: dict[str, None] = {}
        self._news = asyncio.Event()
        self._is_closed = False
        watching.add(self)

    def tell(self, job_id: str) -> None:
        """Put a changed job at the end of what waits; whoever watches another one is not woken."""
        if self._job_id not in ("", job_id):
            return
        self._waiting.pop(job_id, None)
        self._waiting[job_id] = None
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._news.set()

    async def __anext__(self) -> str:
        """Return the changed job that waits longest; ends when closed."""
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        job_id = next(iter(self._waiting))
        del self._waiting[job_id]
        return job_id

    async def aclose(self) -> None:
        """Stop watching."""
        self.close()

    def close(self) -> None:
        """Stop watching; whoever waits is let go."""
        self._is_closed = True
        self._waiting.clear()
        self._watching.discard(self)
        self._news.set()


class Watchers:
    """All watchers of this process; one that nobody holds any more is forgotten by itself."""

    def __init__(self) -> None:
        self._by_owner: dict[str, WeakSet[Watcher]] = {}

    def watch(self, owner: str, job_id: str = "") -> Watcher:
        """Begin to watch a person's jobs, or one of them."""
        self._forget_empty()
        return Watcher(owner, job_id, self._by_owner.setdefault(owner, WeakSet()))

    def tell(self, owner: str, job_id: str) -> None:
        """Tell everyone who watches this person's jobs."""
        for watcher in list(self._by_owner.get(owner, ())):
            watcher.tell(job_id)

    def close(self) -> None:
        """End every watcher."""
        for watching in self._by_owner.values():
            for watcher in list(watching):
                watcher.close()
        self._by_owner.clear()

    def __len__(self) -> int:
        """Return how many watch."""
        return sum(map(len, self._by_owner.values()))

    def _forget_empty(self) -> None:
        for owner in [owner for owner, watching in self._by_owner.items() if not watching]:
            del self._by_owner[owner]
