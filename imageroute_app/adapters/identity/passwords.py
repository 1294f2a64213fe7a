"""Passwords as Argon2id hashes, OWASP profile: 19 MiB, 2 passes, 1 lane (checked 25 Nov 2026)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from imageroute_app.adapters.identity.common import is_common

AT_ONCE = 2
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1


class ArgonPasswords:
    """Passwords; at most two are worked on at once, so that sign-ins cannot fill memory."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        """Take the house's profile; where passwords guard nothing, another one saves the time."""
        self._hasher = PasswordHasher(passes, memory_kib, LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """Return the encoded hash."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, encoded: str) -> bool:
        """Check a password; an empty `encoded` takes the same time and returns False."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._matches, password, encoded)

    def is_common(self, password: str) -> bool:
        """Say whether it is among the passwords that are tried first."""
        return is_common(password)

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether a hash that was just verified was made with another profile than ours."""
        return self._hasher.check_needs_rehash(encoded)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")

    def _matches(self, password: str, encoded: str) -> bool:
        nobody = self._nobody  # made by whoever comes first, known or not, so that it tells nothing
        try:
            return self._hasher.verify(encoded or nobody, password) and bool(encoded)
        except (VerificationError, InvalidHashError):
            return False
