from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.accounts import EU_EEA
from imageroute_app.domain.authorities import AUTHORITIES, COURT_ROUTE, LIST_URL, complaint_route, likely_authority
from imageroute_app.domain.case_rules import (
    REQUESTS,
    RULES,
    Law,
    Ruling,
    add_months,
    decide,
    due,
    extend,
    first_alarm,
    kept_until,
    may_transfer,
)
from imageroute_app.domain.cases import Case, CaseState, Kind, Outcome, clean, tidy_text
from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.routes.forms import COUNTRIES
from imageroute_app.services.case_codes import hash_code, new_case, new_code

NOON = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_case(kind: Kind, country: str = "DE", received: datetime = NOON) -> Case:
    case, _ = new_case("c" * 32, kind, text="please", country=country, now=received, owner="a" * 32)
    return case


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2027, 1, 31), 1, (2027, 2, 28)),
        ((2028, 1, 31), 1, (2028, 2, 29)),
        ((2027, 3, 31), 1, (2027, 4, 30)),
        ((2027, 11, 30), 3, (2028, 2, 29)),
        ((2027, 12, 15), 1, (2028, 1, 15)),
        ((2027, 5, 31), -12, (2026, 5, 31)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last(
    start: tuple[int, int, int], months: int, end: tuple[int, int, int]
) -> None:
    assert add_months(datetime(*start, 9, 30, tzinfo=UTC), months) == datetime(*end, 9, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)), st.integers(1, 40))  # noqa: DTZ001
def test_a_month_never_takes_longer_than_31_days(start: datetime, months: int) -> None:
    assert timedelta(days=28 * months) <= add_months(start, months) - start <= timedelta(days=31 * months)


@pytest.mark.promise("P42")
@pytest.mark.parametrize("country", [*COUNTRIES, "", "XX"])
def test_everyone_has_every_right_with_a_clock_wherever_they_live(country: str) -> None:
    for kind in REQUESTS:
        due_at, law = due(kind, country, NOON)
        assert (due_at, law) == (datetime(2027, 2, 28, 12, 0, tzinfo=UTC), Law.GDPR)


@pytest.mark.promise("P66")
def test_the_shortest_clock_wins_in_the_united_states() -> None:
    assert due(Kind.ACCESS, "US", NOON)[0] == datetime(2027, 2, 28, 12, 0, tzinfo=UTC)
    long_months = datetime(2027, 7, 1, tzinfo=UTC)  # three months from here are 92 days, the longest of California 90
    assert due(Kind.ACCESS, "US", long_months, is_extended=True) == (long_months + timedelta(days=90), Law.CCPA)
    assert due(Kind.ACCESS, "DE", long_months, is_extended=True) == (datetime(2027, 10, 1, tzinfo=UTC), Law.GDPR)


def test_extension_needs_a_reason_and_happens_inside_the_first_month_and_once() -> None:
    case = a_case(Kind.ACCESS)
    assert case.due_at is not None
    with pytest.raises(InvalidInput):
        extend(case, "  ", NOON)
    longer, notice = extend(case, "Forty thousand records", case.due_at)
    assert longer.due_at == datetime(2027, 4, 30, 12, 0, tzinfo=UTC)
    assert "30 April 2027" in notice
    assert "Forty thousand records" in notice
    with pytest.raises(Conflict, match="cannot be extended"):
        extend(longer, "More", NOON)
    with pytest.raises(Conflict, match="first term is over"):
        extend(case, "Forty thousand records", case.due_at + SECOND)
    with pytest.raises(Conflict, match="cannot be extended"):
        extend(a_case(Kind.COMPLAINT), "More", NOON)


@pytest.mark.promise("P51")
@pytest.mark.parametrize("kind", [*REQUESTS, Kind.COMPLAINT, Kind.APPEAL])
@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.PARTLY])
@pytest.mark.parametrize("missing", ["reasons", "complaint_route", "court_route"])
def test_refusal_without_reasons_and_routes_cannot_be_saved(kind: Kind, outcome: Outcome, missing: str) -> None:
    whole = Ruling(
        outcome=outcome,
        text="No.",
        reasons="It is not yours.",
        complaint_route=complaint_route("DE"),
        court_route=COURT_ROUTE,
    )
    with pytest.raises(InvalidInput) as refused:
        decide(a_case(kind), replace(whole, **{missing: " "}), NOON)
    assert refused.value.field == missing
    ended = decide(a_case(kind), whole, NOON)
    for part in ("It is not yours.", likely_authority("DE").name, LIST_URL, COURT_ROUTE):
        assert part in ended.answer


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_clock_outcomes_and_an_end(kind: Kind) -> None:
    case = a_case(kind)
    assert case.due_at is not None
    assert case.law
    assert case.alarm_at == first_alarm(kind, NOON) <= case.due_at
    strange = next(outcome for outcome in Outcome if outcome not in RULES[kind].outcomes)
    with pytest.raises(InvalidInput):
        decide(case, Ruling(outcome=strange, text="So."), NOON)


def test_an_answered_case_has_no_clock_and_is_answered_once() -> None:
    ended = decide(a_case(Kind.TICKET), Ruling(outcome=Outcome.SOLVED, text="Like this."), NOON)
    assert (ended.state, ended.due_at, ended.alarm_at) == (CaseState.ANSWERED, None, None)
    assert ended.purge_at == datetime(2029, 1, 31, 12, 0, tzinfo=UTC)
    with pytest.raises(Conflict):
        decide(ended, Ruling(outcome=Outcome.SOLVED, text="Again."), NOON)


def test_nothing_of_a_person_is_done_for_somebody_unproven() -> None:
    stranger = replace(a_case(Kind.ACCESS), owner="c" * 32)
    granted = Ruling(outcome=Outcome.GRANTED, text="Here it is.")
    with pytest.raises(Conflict, match="proven"):
        decide(stranger, granted, NOON)
    assert decide(replace(stranger, confirmed_at=NOON), granted, NOON).outcome is Outcome.GRANTED
    objection = replace(a_case(Kind.OPT_OUT), owner="c" * 32)
    assert decide(objection, granted, NOON).outcome is Outcome.GRANTED  # never needs proof


@pytest.mark.promise("P76")
def test_breach_that_is_late_needs_a_reason() -> None:
    case = a_case(Kind.BREACH)
    told = Ruling(outcome=Outcome.NOTIFIED, text="The authority was told.")
    assert case.alarm_at == NOON + timedelta(hours=60)
    assert decide(case, told, NOON + timedelta(hours=72)).outcome is Outcome.NOTIFIED
    with pytest.raises(InvalidInput) as late:
        decide(case, told, NOON + timedelta(hours=72) + SECOND)
    assert late.value.field == "late_reason"
    assert decide(case, replace(told, late_reason="Found late."), NOON + timedelta(hours=73))


@pytest.mark.promise("P41")
def test_data_goes_to_a_new_owner_30_days_after_the_notice_and_not_before() -> None:
    case = a_case(Kind.OWNERSHIP)
    done = Ruling(outcome=Outcome.COMPLETED, text="Done.")
    assert not may_transfer(case, NOON + timedelta(days=400))  # nobody was told
    told = replace(case, acknowledged_at=NOON)
    early = NOON + timedelta(days=30) - SECOND
    assert not may_transfer(told, early)
    with pytest.raises(Conflict):
        decide(told, done, early)
    assert decide(told, done, NOON + timedelta(days=30)).outcome is Outcome.COMPLETED


def test_child_report_is_due_within_a_day_and_kept_for_30() -> None:
    case = a_case(Kind.CHILD)
    assert case.due_at == case.alarm_at == NOON + timedelta(hours=24)
    assert kept_until(Kind.CHILD, NOON) == NOON + timedelta(days=30)


@pytest.mark.promise("P71")
def test_every_country_of_the_eea_has_its_authority() -> None:
    assert set(AUTHORITIES) >= EU_EEA
    assert all(found.url.startswith("https://") for found in AUTHORITIES.values())
    assert set(AUTHORITIES) <= set(COUNTRIES)
    assert likely_authority("JP").url == LIST_URL


def test_texts_lose_control_characters_and_turning_marks() -> None:
    assert clean("a\x00b\r\nc\td\u202ee\x7f") == "ab\nc de"
    with pytest.raises(InvalidInput):
        tidy_text("\x00 \n")
    with pytest.raises(InvalidInput, match="5,001"):
        tidy_text("x" * 5001)


def test_codes_cannot_be_guessed_and_are_forgiving_to_type() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    code = codes.pop()
    assert len(code.replace("-", "")) == 20  # of 32 signs: 100 bits
    assert hash_code(f" {code.lower().replace('-', ' ')} ") == hash_code(code)
    assert hash_code("") != hash_code(code)
