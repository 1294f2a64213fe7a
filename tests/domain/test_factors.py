"""Codes follow the published vectors, count once, and forgive half a minute; recovery codes are long and forgiving to type."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from imageroute_app.domain.factors import (
    STEP_S,
    code_at,
    matching_step,
    new_recovery_codes,
    new_secret,
    otpauth,
    recovery_hash,
    spaced,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 27, 12, 0, 10, tzinfo=UTC)
HERE = int(NOW.timestamp()) // STEP_S


RFC_4226 = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"


def test_codes_are_those_of_rfc_4226_appendix_d() -> None:
    assert [code_at(RFC_SECRET, counter) for counter in range(10)] == RFC_4226.split()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert code_at(RFC_SECRET, seconds // STEP_S, digits=8) == code


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(off: int) -> None:
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, HERE + off), NOW, 0) == HERE + off


@pytest.mark.parametrize("off", [-2, 2])
def test_an_older_or_later_code_is_refused(off: int) -> None:
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, HERE + off), NOW, 0) is None


def test_a_step_counts_once_and_so_does_every_one_before_it() -> None:
    code = code_at(RFC_SECRET, HERE)
    assert matching_step(RFC_SECRET, code, NOW, HERE) is None
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, HERE - 1), NOW, HERE) is None
    later = NOW + timedelta(seconds=STEP_S)
    assert matching_step(RFC_SECRET, code_at(RFC_SECRET, HERE + 1), later, HERE) == HERE + 1


@pytest.mark.parametrize("typed", ["", "abc", "12345", "1234567", "\N{ARABIC-INDIC DIGIT ONE}23456", "0" * 500])
def test_odd_codes_are_refused(typed: str) -> None:
    assert matching_step(RFC_SECRET, typed, NOW, 0) is None


def test_blanks_in_a_code_do_not_count() -> None:
    code = code_at(RFC_SECRET, HERE)
    assert matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", NOW, 0) == HERE


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}
    assert spaced("ABCDEFGHIJ") == "ABCD EFGH IJ"


def test_recovery_codes_are_ten_different_ones_and_forgive_how_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {16}
    assert recovery_hash(codes[0]) == recovery_hash(f" {codes[0].upper().replace('-', ' ')} ")
    assert recovery_hash(codes[0]) != recovery_hash(codes[1])


def test_what_the_app_reads_names_account_and_issuer() -> None:
    text = otpauth("ABC", "ann+x@example.com", "ImageRoute")
    assert text == "otpauth://totp/ImageRoute:ann%2Bx@example.com?secret=ABC&issuer=ImageRoute"
