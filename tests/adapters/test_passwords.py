"""Hashes are Argon2id of the OWASP profile; a person who does not exist takes the same work."""

import asyncio
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.adapters.identity import common
from imageroute_app.adapters.identity.passwords import ArgonPasswords


@pytest.fixture(scope="module")
def passwords() -> ArgonPasswords:
    return ArgonPasswords()


async def test_right_password_is_known(passwords: ArgonPasswords) -> None:
    encoded = await passwords.hash("correct horse")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify("correct horse", encoded)
    assert not await passwords.verify("Correct horse", encoded)
    assert not passwords.needs_rehash(encoded)


async def test_same_password_never_has_the_same_hash(passwords: ArgonPasswords) -> None:
    assert await passwords.hash("same") != await passwords.hash("same")


@pytest.mark.parametrize("password", ["", "ä" * 500, "a\0b", "\N{GRINNING FACE}"])
async def test_odd_passwords_work(passwords: ArgonPasswords, password: str) -> None:
    assert await passwords.verify(password, await passwords.hash(password))


@pytest.mark.parametrize("encoded", ["nonsense", "$argon2id$v=19$m=1$x$y", "$2b$12$abc"])
async def test_broken_hash_matches_nothing(passwords: ArgonPasswords, encoded: str) -> None:
    assert not await passwords.verify("nonsense", encoded)


async def test_hash_of_another_profile_is_good_but_due(passwords: ArgonPasswords) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("old")
    assert await passwords.verify("old", weak)
    assert passwords.needs_rehash(weak)


async def test_nobody_has_no_password_but_costs_the_same_work(
    passwords: ArgonPasswords, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def note(self: PasswordHasher, encoded: str, password: str) -> bool:
        checked.append(encoded)
        return verify(self, encoded, password)

    monkeypatch.setattr(PasswordHasher, "verify", note)
    assert not await passwords.verify("anything", "")
    assert not await passwords.verify("nobody has this password", "")
    assert len(checked) == 2
    assert all(encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for encoded in checked)


async def test_two_at_once_off_the_event_loop(passwords: ArgonPasswords, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()
    hash_now = PasswordHasher.hash

    def count(self: PasswordHasher, password: str) -> str:
        nonlocal running, most
        assert threading.current_thread() is not threading.main_thread()
        with lock:
            running += 1
            most = max(most, running)
        try:
            return hash_now(self, password)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(PasswordHasher, "hash", count)
    await asyncio.gather(*(passwords.hash("x") for _ in range(6)))
    assert most == 2


@pytest.mark.parametrize("password", ["password", "Password", "12345678", "qwertyuiop", "iloveyou1"])
def test_common_passwords_are_known_in_any_case(passwords: ArgonPasswords, password: str) -> None:
    assert passwords.is_common(password)


def test_list_of_common_passwords_is_in_order_and_whole() -> None:
    data = Path(common.__file__).with_name("common.bin").read_bytes()
    found = [data[place : place + common.PREFIX] for place in range(0, len(data), common.PREFIX)]
    assert len(data) % common.PREFIX == 0
    assert len(found) > 16_000
    assert found == sorted(set(found))


@given(st.text(min_size=20, max_size=40))
def test_long_passwords_of_ones_own_are_not_taken_for_common(password: str) -> None:
    assert not common.is_common(password)
