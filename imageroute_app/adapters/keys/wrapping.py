"""The master key: wraps the key of each person, and keeps unwrapped ones in memory for a short while.

Principle: a person's key lies on disk only wrapped, under a name from which the person cannot be told.
"""

import base64
import binascii
import hmac
import os
import secrets
import time
from collections import OrderedDict
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imageroute_app.domain.errors import NotFound, Unavailable

KEY_BYTES = 32
NONCE_BYTES = 12
KEPT_MAX = 4096
KEPT_S = 60.0
"""Another process may have destroyed a key: no process uses one longer than this without asking again."""
PROBE = "master-key-probe"
"""The one row that belongs to nobody: it can be unwrapped only by the right master key."""


class MasterKey:
    """Wraps keys, derives peppers, and names the rows of people."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, not {len(secret)}")
        self._secret = secret
        self._aead = AESGCM(self.pepper("wrap"))
        self._marks = self.pepper("mark")

    def pepper(self, purpose: str) -> bytes:
        """Return a 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
        info = f"imageroute/master/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._secret)

    def mark(self, owner: str) -> str:
        """Return the name of a person's row; without the master key it leads to nobody."""
        if owner == PROBE:  # found under any master key, so that a wrong one is noticed
            return PROBE
        return hmac.digest(self._marks, owner.encode(), "sha256").hex()

    def wrap(self, key: bytes, owner: str) -> bytes:
        """Return the key sealed for this owner."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, owner.encode())

    def unwrap(self, wrapped: bytes, owner: str, place: str) -> bytes:
        """Return the key; raises Unavailable when it was wrapped by another master key."""
        try:
            return self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.encode())
        except InvalidTag as error:
            raise Unavailable(
                f"The master key does not fit the keys in {place}: set IMAGEROUTE_MASTER_KEY (or put back"
                " the file master.key) to the one this installation began with."
            ) from error


class RecentKeys:
    """Unwrapped keys of people seen lately; bounded in number and age."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.drops = 0

    def get(self, owner: str) -> bytes | None:
        """Return the key unless it is unknown or was kept too long."""
        found = self._kept.get(owner)
        if found is None:
            return None
        if time.monotonic() - found[0] > KEPT_S:
            del self._kept[owner]
            return None
        return found[1]

    def put(self, owner: str, key: bytes, drops: int) -> None:
        """Keep a key, dropping the oldest beyond the bound.

        `drops` is the count before the key was read: when one was destroyed since, this one is not kept.
        """
        if drops != self.drops:
            return
        self._kept[owner] = (time.monotonic(), key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    def drop(self, owner: str) -> None:
        """Forget a key."""
        self.drops += 1
        self._kept.pop(owner, None)


def destroyed() -> NotFound:
    """Return the error for a person whose key is gone."""
    return NotFound("This account was erased.")


def read_master_key(folder: Path) -> bytes:
    """Return the master key of <folder>/master.key, made on the first start (mode 0600)."""
    path = folder / "master.key"
    try:
        if not path.exists():
            _write_once(path, base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        secret = base64.urlsafe_b64decode(path.read_bytes().strip())
    except (OSError, binascii.Error) as error:
        raise Unavailable(
            f"The master key {path} cannot be read: put it back from its backup and check who owns it."
        ) from error
    if len(secret) != KEY_BYTES:
        raise Unavailable(f"The master key {path} is damaged: put it back from its backup.")
    return secret


def _write_once(path: Path, content: bytes) -> None:
    """Create the file whole or not at all; of two processes that try, one wins and both read its file."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
