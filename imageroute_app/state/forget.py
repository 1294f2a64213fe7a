"""Dropping what open pages of a person show, when the account is erased.

Principle: the person's sessions are gone before this is called, so that no event that begins now can show anything; those that
began before are waited for, because each writes its page back when it ends.
"""

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from reflex.state import BaseState
from reflex.utils.exceptions import StateSchemaMismatchError

from imageroute_app.state.guard import Binding

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOOK_EVERY_S = 0.1
ENDED_WITHIN_S = 15.0
"""No event holds its page for longer: state/page_locks.py stops renewing after 10 s, and a lock lives 3 s."""
AGAIN_S, ROUNDS = 0.5, 10


async def forget_pages(states: MutableMapping[str, Any], owner: str) -> int:
    """Drop what open pages of a person show from the memory of this process; returns how many pages there were."""
    mine = [key for key, root in list(states.items()) if _owner_of(root) == owner]
    for key in mine:
        states.pop(key, None)
    return len(mine)


async def forget_shared_pages(redis: "Redis", owner: str) -> int:
    """Drop what open pages of a person show from Redis, for all processes; returns how many pages there were.

    Reflex keeps each state of a page under `<token>_<full name>` (BaseStateToken); all of a token's go together. They are
    dropped until none comes back: a task in the background may write once more what it had read before.
    """
    await _events_under_way(redis)
    tokens = await _tokens_of(redis, owner)
    for _ in range(ROUNDS if tokens else 0):
        names = [name for token in tokens for name in await _names(redis, f"{token}_*")]
        if not names:
            break
        await redis.delete(*names)
        await asyncio.sleep(AGAIN_S)
    return len(tokens)


async def _events_under_way(redis: "Redis") -> None:
    """Wait until every event that holds a page now has written it back; whose it is cannot be known before."""
    under_way = {name: await redis.get(name) for name in await _names(redis, "*_lock")}
    for _ in range(int(ENDED_WITHIN_S / LOOK_EVERY_S)):
        under_way = {name: held for name, held in under_way.items() if held and await redis.get(name) == held}
        if not under_way:
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _tokens_of(redis: "Redis", owner: str) -> Sequence[str]:
    ending = f"_{Binding.get_full_name()}"
    return [
        name.decode().removesuffix(ending)
        for name in await _names(redis, f"*{ending}")
        if _is_bound_to(await redis.get(name), owner)
    ]


async def _names(redis: "Redis", pattern: str) -> Sequence[bytes]:
    return [bytes(name) async for name in redis.scan_iter(match=pattern, count=1_000)]


def _is_bound_to(stored: bytes | None, owner: str) -> bool:
    if stored is None:
        return False
    try:
        binding = BaseState._deserialize(data=stored)
    except StateSchemaMismatchError:
        return True  # of an older release: nobody can use it any more, and it may hold anything
    return isinstance(binding, Binding) and binding._owner == owner


def _owner_of(root: BaseState) -> str | None:
    binding = root.substates.get(Binding.get_name())
    return binding._owner if isinstance(binding, Binding) else None
