"""The choices of the first visit: shown once, kept at once, and never in the way."""

from imageroute_app.domain.jobs import Level
from imageroute_app.state.create import CreateState
from imageroute_app.state.welcome import WelcomeState
from tests.services.conftest import House
from tests.state.conftest import OpenTab


async def test_card_is_shown_until_it_is_put_away(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    tab = await open_tab()
    state = tab.state(WelcomeState)

    await WelcomeState.load_welcome.fn(state)
    assert (state.is_shown, state.level, state.keeps_settings) == (True, "strict", True)

    await WelcomeState.close.fn(state)
    assert state.is_shown is False
    later = (await open_tab()).state(WelcomeState)
    await WelcomeState.load_welcome.fn(later)
    assert later.is_shown is False


async def test_choices_are_kept_and_change_who_may_get_the_prompt(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(WelcomeState)

    follow = await WelcomeState.choose_level.fn(state, Level.BALANCED)
    await WelcomeState.keep_settings.fn(state, False)

    assert follow is CreateState.load_create
    assert (state.level, state.keeps_settings) == ("balanced", False)
    assert (await house.routing.rule(owner)).level is Level.BALANCED
    assert await house.routing.settings_in_files(owner) is False
