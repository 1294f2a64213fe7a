from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.accounts import (
    AgeBand,
    age_band,
    age_on,
    check_name,
    check_password,
    minimum_age,
)
from imageroute_app.domain.errors import InvalidInput


@pytest.mark.promise("P58")
@pytest.mark.parametrize(
    ("country", "born", "today", "band"),
    [
        ("US", date(2013, 11, 26), date(2026, 11, 25), None),
        ("US", date(2013, 11, 25), date(2026, 11, 25), AgeBand.TEEN),
        ("DE", date(2010, 11, 26), date(2026, 11, 25), None),
        ("DE", date(2010, 11, 25), date(2026, 11, 25), AgeBand.TEEN),
        ("", date(2011, 1, 1), date(2026, 11, 25), None),
        ("", date(2008, 11, 25), date(2026, 11, 25), AgeBand.ADULT),
        ("US", date(2012, 2, 29), date(2025, 2, 28), None),
        ("US", date(2012, 2, 29), date(2025, 3, 1), AgeBand.TEEN),
    ],
)
def test_age_band_follows_the_rule_of_the_country(country: str, born: date, today: date, band: AgeBand | None) -> None:
    assert age_band(born, today, country) is band


@pytest.mark.promise("P58")
@given(born=st.dates(date(1920, 1, 1), date(2026, 1, 1)), today=st.dates(date(2026, 1, 2), date(2030, 1, 1)))
def test_age_never_shrinks_and_changes_by_one_a_year(born: date, today: date) -> None:
    age = age_on(born, today)
    assert 0 <= age <= 120
    if (today.month, today.day) != (2, 29):
        assert age_on(born, today.replace(year=today.year + 1)) == age + 1


@pytest.mark.parametrize("born", [date(2027, 1, 1), date(1890, 1, 1)])
def test_impossible_dates_are_named_not_banded(born: date) -> None:
    with pytest.raises(InvalidInput) as refusal:
        age_band(born, date(2026, 11, 25), "US")
    assert refusal.value.field == "date_of_birth"


@pytest.mark.promise("P58")
def test_unknown_country_follows_the_strict_rule() -> None:
    assert minimum_age("") == 16
    assert minimum_age("FR") == 16
    assert minimum_age("US") == 13


def test_names_are_tidied_and_may_be_empty() -> None:
    assert check_name("  Ada   Lovelace ") == "Ada Lovelace"
    assert check_name("") == ""
    for bad in ("x" * 121, "a\x00b"):
        with pytest.raises(InvalidInput):
            check_name(bad)


def test_passwords_are_bounded_by_length_alone() -> None:
    check_password("correct horse")
    check_password("pässwörd☂☂")
    for bad in ("short", "x" * 257):
        with pytest.raises(InvalidInput):
            check_password(bad)
