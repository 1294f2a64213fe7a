"""Token buckets: how fast one caller may go.

For limits that guard this process's memory and time (events, sockets). They live in memory and are forgotten at a
restart; limits that guard people or money belong to the services and the database.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Buckets:
    """One bucket per key, refilled at `per_s`, holding at most `burst`.

    The clock is an argument: seconds that only grow, as from time.monotonic(). The oldest keys are dropped above
    `capacity`, so that inventing keys cannot fill the memory.
    """

    per_s: float
    burst: int
    capacity: int = 20_000
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict, repr=False)

    def take(self, key: str, now_s: float) -> bool:
        """Take one token; False when the bucket is empty."""
        level, since_s = self._levels.get(key, (float(self.burst), now_s))
        level = min(float(self.burst), level + (now_s - since_s) * self.per_s)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now_s)
        self._levels.move_to_end(key)
        if len(self._levels) > self.capacity:
            self._levels.popitem(last=False)
        return allowed


def household(address: str) -> str:
    """Return what stands for one caller: an IPv4 address, or the /64 of an IPv6 one, in which a caller has billions."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        network = ipaddress.ip_network((found, 64), strict=False)
        return str(found.ipv4_mapped or network.network_address)
    return address
