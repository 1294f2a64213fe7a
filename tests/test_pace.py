import pytest

from imageroute_app.pace import Buckets, household


def test_burst_passes_then_the_rate_holds() -> None:
    buckets = Buckets(per_s=2, burst=3)

    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("a", 0.5)
    assert not buckets.take("a", 0.5)


def test_keys_do_not_share() -> None:
    buckets = Buckets(per_s=1, burst=1)

    assert buckets.take("a", 0.0)
    assert buckets.take("b", 0.0)
    assert not buckets.take("a", 0.0)


def test_bucket_never_holds_more_than_its_burst() -> None:
    buckets = Buckets(per_s=100, burst=2)
    buckets.take("a", 0.0)

    assert [buckets.take("a", 1000.0) for _ in range(3)] == [True, True, False]


def test_invented_keys_do_not_fill_the_memory() -> None:
    buckets = Buckets(per_s=1, burst=1, capacity=10)
    for number in range(100):
        buckets.take(str(number), 0.0)

    assert len(buckets._levels) == 10


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_a_household_is_an_ipv4_address_or_a_64(address: str, stands_for: str) -> None:
    assert household(address) == stands_for
