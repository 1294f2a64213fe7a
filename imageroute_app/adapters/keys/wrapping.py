"""The master key: wraps the key of each person, and keeps unwrapped ones in memory for a short while.

Principle: a person's key lies on disk only wrapped, under a name from which the person cannot be told.
"""

import base64
import binascii
import contextlib
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


ROOT = "pepper-root"
"""The row that keeps what peppers and marks are derived from, once the master key was changed."""


def _derived(secret: bytes, purpose: str) -> bytes:
    info = f"imageroute/master/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _check_length(secret: bytes) -> None:
    if len(secret) != KEY_BYTES:
        raise ValueError(f"a master key has {KEY_BYTES} bytes, not {len(secret)}")


class MasterKey:
    """Wraps keys, derives peppers, and names the rows of people.

    While keys change from one master key to the next both open what was wrapped; only the new one wraps. Peppers and marks come
    from the root, which stays: the first master key of the installation, itself wrapped by each later one.
    """

    def __init__(self, secret: bytes, previous: bytes = b"") -> None:
        for key in (secret, previous):
            if key is secret or key:
                _check_length(key)
        self.previous = previous
        self._aead = AESGCM(_derived(secret, "wrap"))
        self._older = AESGCM(_derived(previous, "wrap")) if previous else None
        self.take_root(previous or secret)

    def take_root(self, root: bytes) -> None:
        """Derive peppers and marks from this root from now on."""
        self._root = root
        self._marks = self.pepper("mark")

    def pepper(self, purpose: str) -> bytes:
        """Return a 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
        return _derived(self._root, purpose)

    def mark(self, owner: str) -> str:
        """Return the name of a person's row; without the master key it leads to nobody."""
        if owner in (PROBE, ROOT):  # found under any master key, so that a wrong one is noticed
            return owner
        return hmac.digest(self._marks, owner.encode(), "sha256").hex()

    def wrap(self, key: bytes, owner: str) -> bytes:
        """Return the key sealed for this owner."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, owner.encode())

    def unwrap(self, wrapped: bytes, owner: str, place: str) -> bytes:
        """Return the key; raises Unavailable when it was wrapped by another master key."""
        for aead in filter(None, (self._aead, self._older)):
            with contextlib.suppress(InvalidTag):
                return aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.encode())
        raise Unavailable(
            f"The master key does not fit the keys in {place}: set IMAGEROUTE_MASTER_KEY (or put back"
            " the file master.key) to the one that wrapped them."
        )

    def rewrapped(self, wrapped: bytes, owner: str, place: str) -> bytes | None:
        """Return the key wrapped by the new master key, None when it is already; raises Unavailable as `unwrap`."""
        with contextlib.suppress(InvalidTag):
            self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner.encode())
            return None
        return self.wrap(self.unwrap(wrapped, owner, place), owner)


FILE, NEXT = "master.key", "master.key.next"


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


def read_master_keys(folder: Path) -> tuple[bytes, bytes]:
    """Return the master key of a folder, made on the first start, and the one before it while keys still change over."""
    current = read_master_key(folder)
    if not (folder / NEXT).exists():
        return current, b""
    return read_master_key(folder, NEXT), current


def begin_rotation(folder: Path) -> None:
    """Make the next master key of a folder, unless that was done; from now on it wraps, and both open."""
    read_master_key(folder, NEXT)


def end_rotation(folder: Path) -> Path:
    """Let the next master key take the place of the old one, which is kept beside it for older copies; returns where."""
    kept = folder / f"{FILE}.previous"
    try:
        kept.unlink(missing_ok=True)
        _write_once(kept, (folder / FILE).read_bytes())
        (folder / NEXT).replace(folder / FILE)
    except OSError as error:
        raise Unavailable(f"The key folder {folder} cannot be written: change its owner.") from error
    return kept


def read_master_key(folder: Path, name: str = FILE) -> bytes:
    """Return the master key of a file, made on the first use (mode 0600)."""
    path = folder / name
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
