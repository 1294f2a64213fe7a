"""Signatures of webhooks: the standard's own vector, rotation, the window of five minutes, and everything that is not one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.adapters.webhooks import read_secret, sign, verify
from imageroute_app.domain.payments import Forged

# The vector that the libraries of Standard Webhooks share (github.com/standard-webhooks/standard-webhooks, seen 2026-11-27).
SECRET = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
BODY, AT = b'{"test": 2432232314}', datetime.fromtimestamp(1614265330, UTC)
GOOD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_vector_of_the_standard() -> None:
    assert sign(SECRET, GOOD["webhook-id"], AT, BODY) == GOOD
    assert verify((SECRET,), GOOD, BODY, AT) == GOOD["webhook-id"]


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_in_time(seconds: int) -> None:
    assert verify((SECRET,), GOOD, BODY, AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 10**6])
def test_more_is_not(seconds: int) -> None:
    with pytest.raises(Forged):
        verify((SECRET,), GOOD, BODY, AT + timedelta(seconds=seconds))


def test_old_and_new_secret_hold_while_one_is_replaced() -> None:
    new = read_secret("whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB")
    signed = sign(new, GOOD["webhook-id"], AT, BODY)["webhook-signature"]

    assert verify((SECRET, new), GOOD, BODY, AT)
    assert verify((SECRET, new), {**GOOD, "webhook-signature": signed}, BODY, AT)
    assert verify((new,), {**GOOD, "webhook-signature": f"{GOOD['webhook-signature']} {signed}"}, BODY, AT)
    with pytest.raises(Forged):
        verify((new,), GOOD, BODY, AT)


@pytest.mark.parametrize("name", GOOD)
def test_each_header_is_needed(name: str) -> None:
    with pytest.raises(Forged):
        verify((SECRET,), {**GOOD, name: ""}, BODY, AT)


def test_no_secret_believes_nobody() -> None:
    with pytest.raises(Forged):
        verify((), GOOD, BODY, AT)


@given(st.dictionaries(st.sampled_from(list(GOOD)), st.text()), st.binary())
def test_whatever_else_comes_is_forged_and_nothing_worse(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Forged):
        verify((SECRET,), headers, body, AT)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_YQ==", "whsec_not base64", "no secret at all", "whsec_" + "QUFB" * 60]
)
def test_secret_that_protects_nothing_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        read_secret(text)
