"""How protected fields lie in a database: sealed under the person's key, or as a keyed hash.

Principle: every sealed value is bound to its table, record and field, so that none can be moved to another place.
All keys come from the key store at each use; what is cached here is only derived from the key it handed out.
"""

import hmac
import logging
import os
from collections import OrderedDict
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imageroute_app.domain.errors import NotFound, Unavailable

log = logging.getLogger(__name__)

VERSION = b"\x01"
NONCE_BYTES = 12
TOKEN_BYTES = 12
KEYED_MARK = "hmac:"
CIPHERS_MAX = 1024


class Keys(Protocol):
    """What is needed of the key store."""

    async def key(self, owner: str) -> bytes:
        """Return the person's key; raises NotFound once destroyed."""
        ...

    async def destroy(self, owner: str) -> None:
        """Destroy the person's key."""
        ...

    def pepper(self, purpose: str) -> bytes:
        """Return the installation's key for one purpose."""
        ...


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"imageroute/" + purpose).derive(key)


def _keyed(key: bytes, place: str, value: str) -> str:
    if value.startswith(KEYED_MARK):
        return value
    text = f"{place}|{value}".encode(errors="surrogatepass")
    return KEYED_MARK + hmac.digest(key, text, "sha256").hex()


class Cipher:
    """One person's keys, ready for use in any thread."""

    __slots__ = ("_aead", "_hash_key", "_search_key", "source")

    def __init__(self, key: bytes) -> None:
        self.source = key
        self._aead = AESGCM(_derive(key, b"seal"))
        self._hash_key = _derive(key, b"keyed")
        self._search_key = _derive(key, b"search")

    def seal(self, text: str, place: str) -> bytes:
        """Return the text sealed for a place, "<table>|<record id>|<field>"."""
        nonce = os.urandom(NONCE_BYTES)
        clear = text.encode(errors="surrogatepass")
        return VERSION + nonce + self._aead.encrypt(nonce, clear, place.encode())

    def unseal(self, sealed: bytes, place: str) -> str:
        """Return the text; raises Unavailable when it was altered, moved or sealed under another key."""
        end = 1 + NONCE_BYTES
        try:
            if sealed[:1] != VERSION:
                raise InvalidTag
            clear = self._aead.decrypt(sealed[1:end], sealed[end:], place.encode())
        except InvalidTag as error:
            log.critical("row.unreadable", extra={"place": place})
            raise Unavailable("A stored record cannot be read. Nothing was changed.") from error
        return clear.decode(errors="surrogatepass")

    def keyed(self, value: str, place: str) -> str:
        """Return the hash of a value that can be compared for this person only."""
        return _keyed(self._hash_key, place, value)

    def token(self, word: str) -> bytes:
        """Return what the search index holds for one word or prefix."""
        digest = hmac.digest(self._search_key, word.encode(errors="surrogatepass"), "sha256")
        return digest[:TOKEN_BYTES]


class Sealer:
    """Hands out ciphers, and hashes what must be found before the person is known."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._pepper = keys.pepper("keyed")
        self._ciphers: OrderedDict[str, Cipher] = OrderedDict()

    async def cipher(self, owner: str) -> Cipher:
        """Return the person's cipher; raises NotFound once the key is destroyed."""
        try:
            key = await self._keys.key(owner)
        except NotFound:
            self._ciphers.pop(owner, None)
            raise
        found = self._ciphers.get(owner)
        if found is None or found.source != key:
            found = self._ciphers[owner] = Cipher(key)
            if len(self._ciphers) > CIPHERS_MAX:
                self._ciphers.popitem(last=False)
        return found

    def keyed(self, value: str, place: str) -> str:
        """Return the hash of a value under the installation's pepper."""
        return _keyed(self._pepper, place, value)

    async def destroy(self, owner: str) -> None:
        """Destroy the person's key."""
        self._ciphers.pop(owner, None)
        await self._keys.destroy(owner)
        self._ciphers.pop(owner, None)
