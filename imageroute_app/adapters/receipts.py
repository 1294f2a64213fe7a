"""The signature on receipts of erasures: Ed25519 (RFC 8032), with a key of this installation; anyone can check it."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class ReceiptSigner:
    """Signs with a key that is derived from the master key, so that every process has the same and none is stored."""

    def __init__(self, seed: bytes) -> None:
        """Take 32 bytes that only this installation has."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = base64.b64encode(public).decode()

    def sign(self, data: bytes) -> str:
        """Return the signature over these bytes, in base64."""
        return base64.b64encode(self._key.sign(data)).decode()
