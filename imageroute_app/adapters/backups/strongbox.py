"""Bytes sealed under a person's key, bound to their place."""

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imageroute_app.domain.errors import Unavailable

NONCE_BYTES = 12


class Keys(Protocol):
    """What is needed of the key store."""

    async def key(self, owner: str) -> bytes:
        """Return the person's key; raises NotFound once destroyed."""
        ...


class KeyStrongbox:
    """Strongbox on the key store; nothing derived is kept, so that a destroyed key counts at once."""

    def __init__(self, keys: Keys, purpose: str = "backup") -> None:
        """Take what it is for, in one word: what is sealed for one purpose cannot be read as another's."""
        self._keys, self._purpose = keys, purpose

    async def seal(self, owner: str, place: str, data: bytes) -> bytes:
        """Return the sealed bytes."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + (await self._aead(owner)).encrypt(nonce, data, place.encode())

    async def unseal(self, owner: str, place: str, sealed: bytes) -> bytes:
        """Return the bytes."""
        try:
            return (await self._aead(owner)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except InvalidTag as error:
            raise Unavailable(
                f"A part of the {self._purpose} does not fit the key store: put back the keys that go with it."
            ) from error

    async def _aead(self, owner: str) -> AESGCM:
        key = await self._keys.key(owner)
        return AESGCM(
            HKDF(algorithm=SHA256(), length=32, salt=None, info=f"imageroute/{self._purpose}".encode()).derive(key)
        )
