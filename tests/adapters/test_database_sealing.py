"""Sealing and keyed hashes."""

import secrets

import pytest

from imageroute_app.adapters.database.sealing import Cipher, Sealer
from imageroute_app.domain.errors import NotFound, Unavailable


class Keys:
    """Keys in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def key(self, owner: str) -> bytes:
        if owner not in self.kept:
            raise NotFound
        return self.kept[owner]

    async def destroy(self, owner: str) -> None:
        self.kept.pop(owner, None)

    def pepper(self, purpose: str) -> bytes:
        return purpose.encode().ljust(32, b".")


CIPHER, OTHER = Cipher(bytes(32)), Cipher(bytes(31) + b"1")


@pytest.mark.parametrize("text", ["", "a prompt", "ünï 東京 🙂", "\ud800 lone", "x" * 5000, "a\x00b"])
def test_what_was_sealed_comes_back(text: str) -> None:
    sealed = CIPHER.seal(text, "images|1|prompt")
    assert CIPHER.unseal(sealed, "images|1|prompt") == text
    assert sealed != CIPHER.seal(text, "images|1|prompt")
    assert len(sealed) == 1 + 12 + 16 + len(text.encode(errors="surrogatepass"))


@pytest.mark.parametrize("place", ["images|2|prompt", "images|1|negative", "jobs|1|prompt"])
def test_a_sealed_value_cannot_be_moved(place: str) -> None:
    with pytest.raises(Unavailable):
        CIPHER.unseal(CIPHER.seal("x", "images|1|prompt"), place)


def test_a_sealed_value_cannot_be_altered_or_read_with_another_key() -> None:
    sealed = CIPHER.seal("text", "p")
    for at in range(len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Unavailable):
            CIPHER.unseal(altered, "p")
    with pytest.raises(Unavailable):
        OTHER.unseal(sealed, "p")
    with pytest.raises(Unavailable):
        CIPHER.unseal(b"", "p")


def test_hashes_differ_by_person_and_place_and_are_not_hashed_twice() -> None:
    hashed = CIPHER.keyed("slot", "quotes|slot")
    assert hashed.startswith("hmac:")
    assert hashed == CIPHER.keyed("slot", "quotes|slot") == CIPHER.keyed(hashed, "quotes|slot")
    assert len({hashed, OTHER.keyed("slot", "quotes|slot"), CIPHER.keyed("slot", "other")}) == 3


def test_search_tokens_are_short_and_differ_by_person() -> None:
    assert len(CIPHER.token("=fern")) == 12
    assert CIPHER.token("=fern") == CIPHER.token("=fern") != CIPHER.token("^fern")
    assert CIPHER.token("=fern") != OTHER.token("=fern")


async def test_a_cipher_ends_with_its_key_whoever_destroyed_it() -> None:
    keys = Keys()
    keys.kept["ann"] = secrets.token_bytes(32)
    sealer = Sealer(keys)
    first = await sealer.cipher("ann")
    assert await sealer.cipher("ann") is first
    await keys.destroy("ann")
    with pytest.raises(NotFound):
        await sealer.cipher("ann")
    keys.kept["ann"] = secrets.token_bytes(32)
    assert await sealer.cipher("ann") is not first
    assert sealer.keyed("a@b", "people|email_key").startswith("hmac:")
