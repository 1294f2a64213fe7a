"""Passwords as Argon2id hashes, OWASP profile: 19 MiB, 2 passes, 1 lane (checked 25 Nov 2026)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

AT_ONCE = 2
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1


class ArgonPasswords:
    """Passwords; at most two are worked on at once, so that sign-ins cannot fill memory."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        """Take the house's profile; where passwords guard nothing, another one saves the time."""
        self._hasher = PasswordHasher(passes, memory_kib, LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the encoded hash."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, encoded: str) -> bool:
        """Check a password; an empty `encoded` takes the same time and returns False."""
        loop = asyncio.get_running_loop()
        matches = await loop.run_in_executor(self._threads, self._matches, password, encoded or self._nobody)
        return matches and bool(encoded)

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether a hash that was just verified was made with another profile than ours."""
        return self._hasher.check_needs_rehash(encoded)

    def _matches(self, password: str, encoded: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
