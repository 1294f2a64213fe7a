"""The sections about choices: what the switches show is what the record keeps, and a freeze is lifted only after its words."""

import asyncio
from dataclasses import replace

import pytest

from imageroute_app.domain.accounts import AgeBand
from imageroute_app.domain.choices import CONFLICT_WORDS, LIFT_WORDS, TRAINING_WORDS, ChoiceEvent
from imageroute_app.domain.newsletter import LEAVE_WORDS, SubscriptionState
from imageroute_app.domain.purposes import PURPOSES, Purpose, Toggle
from imageroute_app.state.choice_views import SwitchView
from imageroute_app.state.choices import ChoicesState
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.picture_training import PictureTrainingState
from imageroute_app.state.privacy import PrivacyState
from imageroute_app.state.training import TrainingState
from imageroute_app.state.welcome import WelcomeState
from tests.contracts import records
from tests.services.conftest import House
from tests.state.conftest import OpenTab


async def opened(house: House, open_tab: OpenTab) -> tuple[str, ChoicesState]:
    owner = await house.person("ada")
    state = (await open_tab()).state(ChoicesState)
    await ChoicesState.load_choices.fn(state)
    return owner, state


def switch(state: ChoicesState, purpose: Purpose) -> SwitchView:
    return next(view for view in state.switches if view.purpose == purpose.value)


@pytest.mark.promise("P69", "P56", "P75")
async def test_every_purpose_with_a_switch_has_one_and_what_needs_a_yes_is_off(house: House, open_tab: OpenTab) -> None:
    _, state = await opened(house, open_tab)

    switched = {purpose for purpose, facts in PURPOSES.items() if facts.toggle in (Toggle.CONSENT, Toggle.OBJECTION)}
    assert {view.purpose for view in state.switches} == {purpose.value for purpose in switched}
    for view in state.switches:
        facts = PURPOSES[Purpose(view.purpose)]
        assert view.is_on == (facts.toggle is Toggle.OBJECTION)
        assert view.basis == facts.basis.value
        assert view.decided.startswith("Nothing decided yet")


@pytest.mark.promise("P56", "P70")
@pytest.mark.parametrize("purpose", [Purpose.ANALYTICS, Purpose.PERFORMANCE, Purpose.IMPROVEMENT])
async def test_the_words_beside_a_switch_are_those_that_are_kept(
    house: House, open_tab: OpenTab, purpose: Purpose
) -> None:
    owner, state = await opened(house, open_tab)
    shown = switch(state, purpose)

    follow = await ChoicesState.set_choice.fn(state, purpose, not shown.is_on)

    (event,) = await house.choices.log.history(owner)
    assert event.words == f"{shown.title}. {shown.words}"
    assert state.history[0].words == event.words
    assert (switch(state, purpose).is_on, switch(state, purpose).decided) == (
        not shown.is_on,
        state.history[0].event + " by you",
    )
    assert follow is PrivacyState.load_overview
    await ChoicesState.set_choice.fn(state, purpose, shown.is_on)
    assert switch(state, purpose).is_on == shown.is_on
    assert "follows from the one before" in state.proof


@pytest.mark.promise("P67")
async def test_a_yes_against_the_signal_stands_beside_the_words_that_say_so(house: House, open_tab: OpenTab) -> None:
    owner, state = await opened(house, open_tab)
    await house.choices.signal(owner)
    await ChoicesState.load_choices.fn(state)
    assert CONFLICT_WORDS in switch(state, Purpose.ANALYTICS).words
    assert switch(state, Purpose.ANALYTICS).decided == "Opt-out signal honored by your browser's signal"

    await ChoicesState.set_choice.fn(state, Purpose.ANALYTICS, True)

    assert CONFLICT_WORDS in state.history[0].words
    assert CONFLICT_WORDS not in switch(state, Purpose.ANALYTICS).words


@pytest.mark.promise("P52")
async def test_a_freeze_is_lifted_only_after_its_words_were_shown(house: House, open_tab: OpenTab) -> None:
    owner, state = await opened(house, open_tab)
    await ChoicesState.freeze_data.fn(state)
    assert state.is_frozen
    assert state.frozen_at

    await ChoicesState.lift_freeze.fn(state)
    assert state.is_frozen

    await ChoicesState.ask_lifting.fn(state)
    assert state.lift_words == LIFT_WORDS
    assert await house.choices.is_frozen(owner)
    await ChoicesState.lift_freeze.fn(state)
    assert (state.is_frozen, state.lift_words) == (False, "")


@pytest.mark.promise("P6", "P23", "P50")
async def test_the_newsletter_waits_for_the_mail_and_ends_at_once(house: House, open_tab: OpenTab) -> None:
    _, state = await opened(house, open_tab)

    await ChoicesState.set_choice.fn(state, Purpose.NEWSLETTER, True)
    view = switch(state, Purpose.NEWSLETTER)
    assert (view.is_on, view.state) == (True, "Waiting")
    assert "ada@example.com" in view.decided

    letter = next(mail for mail in house.letters.sent if mail.subject == "Do you want the newsletter?")
    await house.newsletter.confirm(letter.link.partition("confirm=")[2])
    await ChoicesState.load_choices.fn(state)
    assert switch(state, Purpose.NEWSLETTER).state == "On"

    await ChoicesState.set_choice.fn(state, Purpose.NEWSLETTER, False)
    assert switch(state, Purpose.NEWSLETTER).state == "Off"
    assert await house.newsletter.find("ada@example.com") is None
    assert (await house.newsletter.send("News", "Hello")).sent == 0


@pytest.mark.promise("P50", "P70")
async def test_leaving_by_the_link_of_an_issue_is_in_the_history(house: House, open_tab: OpenTab) -> None:
    owner, state = await opened(house, open_tab)
    await ChoicesState.set_choice.fn(state, Purpose.NEWSLETTER, True)
    question = next(mail for mail in house.letters.sent if mail.subject == "Do you want the newsletter?")
    await house.newsletter.confirm(question.link.partition("confirm=")[2])
    await house.newsletter.send("News", "Hello")
    issue = next(mail for mail in house.letters.sent if mail.subject == "News")
    assert LEAVE_WORDS in issue.text
    for _ in range(2):
        await house.newsletter_choice.leave(issue.link.partition("s=")[2])

    await ChoicesState.load_choices.fn(state)

    assert (switch(state, Purpose.NEWSLETTER).is_on, len(state.history)) == (False, 2)
    assert (state.history[0].event, state.history[0].way) == ("Switched off", "by mail")
    assert state.history[0].words == LEAVE_WORDS
    assert await house.choices.log.broken_at(owner) is None


@pytest.mark.promise("P6", "P75")
async def test_the_first_visit_offers_it_unticked(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(WelcomeState)
    await WelcomeState.load_welcome.fn(state)
    assert state.wants_newsletter is False

    await WelcomeState.want_newsletter.fn(state, True)
    assert (state.wants_newsletter, state.is_waiting) == (True, True)
    assert (await house.newsletter_choice.standing(owner)).state is SubscriptionState.ASKED
    await WelcomeState.want_newsletter.fn(state, False)
    assert state.wants_newsletter is False
    events = [one.event for one in await house.choices.log.history(owner)]
    assert events == [ChoiceEvent.WITHDRAWN, ChoiceEvent.GIVEN]


async def test_the_history_comes_in_pages(house: House, open_tab: OpenTab) -> None:
    owner, state = await opened(house, open_tab)
    for number in range(25):
        await house.choices.choose(owner, Purpose.ANALYTICS, on=number % 2 == 0)
    await ChoicesState.load_choices.fn(state)
    assert (len(state.history), state.has_more) == (20, True)
    await ChoicesState.show_older_choices.fn(state)
    assert (len(state.history), state.has_more) == (25, False)
    assert len({view.id for view in state.history}) == 25


async def test_switches_in_two_tabs_show_what_is_true(house: House, open_tab: OpenTab) -> None:
    owner, state = await opened(house, open_tab)
    other = (await open_tab()).state(ChoicesState)
    await asyncio.gather(
        ChoicesState.set_choice.fn(state, Purpose.ANALYTICS, True),
        ChoicesState.set_choice.fn(other, Purpose.PERFORMANCE, True),
    )
    await ChoicesState.load_choices.fn(state)
    assert switch(state, Purpose.ANALYTICS).is_on
    assert switch(state, Purpose.PERFORMANCE).is_on
    assert await house.choices.log.broken_at(owner) is None


@pytest.mark.promise("P27", "P61", "P62")
async def test_training_lists_what_is_on_and_switches_it_off(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(TrainingState)
    overview = (await open_tab()).state(PrivacyState)
    images = [replace(records.image(number + 1, owner=owner), id=f"{owner[:24]}{number:08x}") for number in range(3)]
    for image in images:
        await house.database.tables.images.add(image)
    await TrainingState.load_training.fn(state)
    assert (state.pictures, state.standing) == ([], "0 pictures switched on.")

    for image in images[:2]:
        await house.choices.allow_training(owner, image.id, on=True)
    await TrainingState.load_training.fn(state)
    assert {view.id for view in state.pictures} == {image.id for image in images[:2]}
    assert all(view.cooled for view in state.pictures)
    await PrivacyState.load_overview.fn(overview)
    assert "2 pictures may be used for training." in overview.sentence

    await TrainingState.stop_training.fn(state, images[0].id)
    assert [view.id for view in state.pictures] == [images[1].id]
    await TrainingState.stop_all_training.fn(state)
    assert state.pictures == []
    assert await house.training.allowed(owner) == []


@pytest.mark.promise("P27", "P61", "P62")
async def test_one_picture_is_switched_on_with_its_words_and_off_again(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    tab = await open_tab()
    state, panel = tab.state(PictureTrainingState), tab.state(InspectorState)
    first, second = (replace(records.image(n, owner=owner), id=f"{owner[:24]}{n:08x}") for n in (1, 2))
    for image in (first, second):
        await house.database.tables.images.add(image)
    await InspectorState.open_image.fn(panel, first.id)
    assert (state.is_offered, state.is_on, state.history) == (True, False, [])

    await PictureTrainingState.set_training.fn(state, first.id, True)
    assert (state.is_on, state.is_resting, [view.words for view in state.history]) == (True, True, [TRAINING_WORDS])
    await InspectorState.open_image.fn(panel, second.id)
    assert state.is_on is False
    assert [one.choice.image_id for one in await house.training.allowed(owner)] == [first.id]

    await InspectorState.open_image.fn(panel, first.id)
    await PictureTrainingState.set_training.fn(state, first.id, False)
    assert (state.is_on, len(state.history)) == (False, 2)


@pytest.mark.promise("P61")
async def test_what_was_brought_along_and_what_is_of_others_has_no_switch(house: House, open_tab: OpenTab) -> None:
    owner, other = await house.person("ada"), await house.person("bob")
    tab = await open_tab()
    state = tab.state(PictureTrainingState)
    saved = replace(records.image(1, owner=owner), job_id="")
    foreign = replace(records.image(2, owner=other))
    for image in (saved, foreign):
        await house.database.tables.images.add(image)
    await InspectorState.open_image.fn(tab.state(InspectorState), saved.id)
    assert state.is_offered is False

    for image in (saved, foreign):
        await PictureTrainingState.set_training.fn(state, image.id, True)
        assert tab.notice
    assert await house.training.allowed(owner) == []
    assert await house.training.allowed(other) == []


async def test_a_build_is_named_with_how_many_of_the_persons_pictures_it_took(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(TrainingState)
    image = records.image(1, owner=owner)
    await house.database.tables.images.add(image)
    await house.choices.allow_training(owner, image.id, on=True)
    house.clock.move(days=14)
    await house.training.build()

    await TrainingState.load_training.fn((await open_tab()).state(TrainingState))
    state = (await open_tab()).state(TrainingState)
    await TrainingState.load_training.fn(state)

    assert [view.count for view in state.builds] == ["1 picture"]
    assert state.totals == []  # a group below 20 people is never shown


@pytest.mark.promise("P61")
async def test_a_minor_is_told_that_it_never_happens(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, age_band=AgeBand.TEEN))
    state = (await open_tab()).state(TrainingState)
    await TrainingState.load_training.fn(state)
    assert state.is_minor
