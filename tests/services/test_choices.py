"""Choices, the gate that reads them, and the freeze; every flow on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.domain.accounts import AgeBand, Lock
from imageroute_app.domain.choices import (
    CONFLICT_WORDS,
    CONSENT_LIFE,
    FREEZE_WORDS,
    Choice,
    ChoiceEvent,
    Method,
    SessionKind,
    words_digest,
)
from imageroute_app.domain.consent_receipts import Controller, receipt
from imageroute_app.domain.errors import Conflict, InvalidInput
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import OPTIONAL, PURPOSES, Basis, Purpose, Toggle
from imageroute_app.services.choice_log import How
from imageroute_app.services.gate import Frozen, NotChosen
from tests.doubles import REQUEST
from tests.services.conftest import House

CONSENTS = [purpose for purpose, facts in PURPOSES.items() if facts.toggle is Toggle.CONSENT]


@pytest.mark.promise("P69")
def test_every_purpose_has_one_basis_and_consent_means_a_switch() -> None:
    assert set(PURPOSES) == set(Purpose)
    for facts in PURPOSES.values():
        assert (facts.basis is Basis.CONSENT) == (facts.toggle in (Toggle.CONSENT, Toggle.PER_IMAGE))
        assert bool(facts.no_toggle) == (facts.toggle is Toggle.NONE)
        assert facts.sentence.endswith(".")


@pytest.mark.promise("P56", "P69", "P75")
async def test_a_new_account_allows_nothing_that_needs_a_yes(either_house: House) -> None:
    owner = await either_house.person()
    for standing in await either_house.choices.standings(owner):
        assert standing.is_on == (PURPOSES[standing.purpose].toggle is Toggle.OBJECTION)
    for purpose in OPTIONAL:
        assert not await either_house.gate.may(owner, purpose)
    assert await either_house.choices.may_ask(owner)
    assert await either_house.choices.log.history(owner) == []


@pytest.mark.promise("P56", "P70")
async def test_what_was_given_can_be_withdrawn_and_the_record_keeps_the_words(either_house: House) -> None:
    owner, choices = await either_house.person(), either_house.choices
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert await either_house.gate.may(owner, Purpose.ANALYTICS)
    assert not await either_house.gate.may(owner, Purpose.PERFORMANCE)
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    with pytest.raises(NotChosen):
        await either_house.gate.check(owner, Purpose.ANALYTICS)

    withdrawn, given = await choices.log.history(owner)
    assert (given.event, withdrawn.event) == (ChoiceEvent.GIVEN, ChoiceEvent.WITHDRAWN)
    assert PURPOSES[Purpose.ANALYTICS].sentence in given.words
    assert given.words_sha256 == words_digest(given.words)
    assert (given.policy_version, given.ui_build, given.locale) == ("2026-11-25", "test", "en")
    assert (given.method, given.session_kind) == (Method.BUTTON, SessionKind.SIGNED_IN)


@pytest.mark.promise("P56", "P70")
async def test_a_no_where_there_was_no_yes_is_a_refusal_and_no_withdrawal(either_house: House) -> None:
    owner, choices = await either_house.person(), either_house.choices
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    await choices.choose(owner, Purpose.ANALYTICS, on=False)

    withdrawn, given, refused = await choices.log.history(owner)
    assert (refused.event, given.event, withdrawn.event) == (
        ChoiceEvent.REFUSED, ChoiceEvent.GIVEN, ChoiceEvent.WITHDRAWN,
    )  # fmt: skip
    said = receipt(refused, Controller(name="", address="", contact="", origin="http://here"))
    assert said["event"]["event_state"] == "dpv:ConsentRefused"  # type: ignore[index]  # an object of JSON
    assert await choices.log.broken_at(owner) is None
    assert not await choices.may_ask(owner)


@pytest.mark.promise("P56")
async def test_a_yes_ends_after_six_months_and_nobody_is_asked_before(house: House) -> None:
    owner, choices = await house.person(), house.choices
    for purpose in OPTIONAL:
        await choices.choose(owner, purpose, on=True)
    house.clock.move(seconds=CONSENT_LIFE.total_seconds() - 1)
    assert await house.gate.may(owner, Purpose.ANALYTICS)
    assert not await choices.may_ask(owner)
    house.clock.move(seconds=1)
    assert not await house.gate.may(owner, Purpose.ANALYTICS)
    assert not (await choices.standing(owner, Purpose.ANALYTICS)).is_on
    assert (await choices.log.history(owner))[0].event is ChoiceEvent.EXPIRED
    assert await choices.may_ask(owner)


async def test_a_no_is_an_answer_for_six_months(house: House) -> None:
    owner, choices = await house.person(), house.choices
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    assert len(await choices.log.history(owner)) == 1
    house.clock.move(seconds=CONSENT_LIFE.total_seconds() - 1)
    assert not await choices.may_ask(owner)
    house.clock.move(seconds=1)
    assert await choices.may_ask(owner)


@pytest.mark.promise("P51", "P21")
async def test_an_objection_stops_the_purpose_and_can_be_taken_back(either_house: House) -> None:
    owner = await either_house.person()
    assert await either_house.gate.may(owner, Purpose.IMPROVEMENT)
    await either_house.choices.choose(owner, Purpose.IMPROVEMENT, on=False)
    assert not await either_house.gate.may(owner, Purpose.IMPROVEMENT)
    assert await either_house.gate.may(owner, Purpose.MODEL_STATISTICS)
    await either_house.choices.choose(owner, Purpose.IMPROVEMENT, on=True)
    assert await either_house.gate.may(owner, Purpose.IMPROVEMENT)


async def test_what_has_no_switch_cannot_be_switched(house: House) -> None:
    owner = await house.person()
    for purpose, facts in PURPOSES.items():
        if facts.toggle not in (Toggle.CONSENT, Toggle.OBJECTION):
            with pytest.raises(InvalidInput):
                await house.choices.choose(owner, purpose, on=True)


# --- The browser's signal -----------------------------------------------------------------------------------------------


@pytest.mark.promise("P67", "P56")
async def test_the_signal_only_takes_away_and_a_later_yes_stands(either_house: House) -> None:
    owner, choices = await either_house.person(), either_house.choices
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert await choices.signal(owner) == len(OPTIONAL)
    assert not await either_house.gate.may(owner, Purpose.ANALYTICS)
    assert not await choices.may_ask(owner)
    assert (await choices.log.history(owner))[0].method is Method.HEADER

    again = await choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert again.last is not None
    assert CONFLICT_WORDS in again.last.words
    assert await choices.signal(owner) == 0
    assert await either_house.gate.may(owner, Purpose.ANALYTICS)
    assert not await either_house.gate.may(owner, Purpose.PERFORMANCE)


async def test_answers_from_before_signing_in_count_unless_older(house: House) -> None:
    owner, choices = await house.person(), house.choices
    before = house.clock() - timedelta(minutes=5)
    await choices.bring(owner, {Purpose.ANALYTICS: True, Purpose.PERFORMANCE: False}, before)
    assert await house.gate.may(owner, Purpose.ANALYTICS)
    assert {one.session_kind for one in await choices.log.history(owner)} == {SessionKind.SIGNED_OUT}
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    await choices.bring(owner, {Purpose.ANALYTICS: True}, before)
    assert not await house.gate.may(owner, Purpose.ANALYTICS)


# --- Freezing -----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("P52")
async def test_frozen_data_is_only_stored_and_lifting_is_told_before(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=True)
    waiting = await house.job(owner)
    await house.choices.freeze(owner)
    await house.choices.freeze(owner)

    quote = await house.jobs.quote(owner, REQUEST)
    with pytest.raises(Frozen) as refused:
        await house.jobs.submit(owner, quote.id)
    assert refused.value.status == 423
    with pytest.raises(Frozen):
        await house.uploads.add(owner, b"")
    assert not await house.gate.may(owner, Purpose.ANALYTICS)
    assert not await house.gate.may(owner, Purpose.SHARE)
    assert await house.gate.may(owner, Purpose.RIGHTS)
    await house.runner.run(waiting.id)
    ended = await house.jobs.job(owner, waiting.id)
    assert (ended.state, ended.failure_code) == (JobState.FAILED, "frozen")
    assert house.provider.calls == []
    await house.check_books(owner)

    with pytest.raises(Conflict):
        await house.choices.lift(owner)
    assert await house.choices.is_frozen(owner)
    assert "starts" not in await house.choices.announce_lifting(owner)
    await house.choices.lift(owner)
    assert await house.gate.may(owner, Purpose.GENERATE)
    assert await house.gate.may(owner, Purpose.ANALYTICS)
    events = [one for one in await house.choices.log.history(owner) if one.purpose == "everything"]
    assert [one.event for one in events] == [ChoiceEvent.LIFTED, ChoiceEvent.FROZEN]
    assert events[1].words == FREEZE_WORDS


async def test_every_freeze_is_announced_anew(house: House) -> None:
    owner = await house.person()
    for _ in range(2):
        await house.choices.freeze(owner)
        with pytest.raises(Conflict):
            await house.choices.lift(owner)
        await house.choices.announce_lifting(owner)
        await house.choices.lift(owner)


async def test_a_lock_and_a_minor_are_stronger_than_consent(house: House) -> None:
    owner = await house.person()
    await house.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await house.gate.lock(owner, Lock.CHILD_REPORT)
    with pytest.raises(Frozen):
        await house.gate.check(owner, Purpose.ANALYTICS)
    await house.gate.lock(owner, Lock.OPEN)
    assert await house.gate.may(owner, Purpose.ANALYTICS)
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, age_band=AgeBand.TEEN))
    with pytest.raises(NotChosen, match="under 18"):
        await house.gate.check(owner, Purpose.TRAINING)


# --- The chain ----------------------------------------------------------------------------------------------------------


async def tell_story(house: House) -> tuple[str, list[Choice]]:
    owner = await house.person()
    for on in (True, False, True):
        await house.choices.choose(owner, Purpose.ANALYTICS, on=on, how=How(method=Method.API))
    await house.choices.freeze(owner)
    return owner, (await house.choices.log.history(owner))[::-1]


@pytest.mark.promise("P70")
@pytest.mark.parametrize(
    "change", [{"event": ChoiceEvent.GIVEN}, {"words": "Other words."}, {"created_at": None}, {"number": 9}]
)
async def test_a_changed_event_is_found(either_house: House, change: dict[str, object]) -> None:
    owner, events = await tell_story(either_house)
    assert await either_house.choices.log.broken_at(owner) is None
    second = events[1]
    change = change if change != {"created_at": None} else {"created_at": second.created_at - timedelta(days=1)}
    await either_house.database.tables.choices.update(replace(second, **change))
    assert await either_house.choices.log.broken_at(owner) == 2


@pytest.mark.promise("P70")
async def test_a_removed_event_is_found(either_house: House) -> None:
    owner, events = await tell_story(either_house)
    await either_house.database.tables.choices.delete(events[1].id, owner)
    assert await either_house.choices.log.broken_at(owner) == 2


async def test_two_tabs_at_once_keep_the_chain(either_house: House) -> None:
    import asyncio

    owner, choices = await either_house.person(), either_house.choices
    await asyncio.gather(*(choices.log.add(owner, purpose, ChoiceEvent.GIVEN) for purpose in [*OPTIONAL] * 2))
    found = await either_house.database.tables.choices.find(Query(owner=owner, oldest_first=True))
    assert [one.number for one in found] == [1, 2, 3, 4]
    assert await choices.log.broken_at(owner) is None
