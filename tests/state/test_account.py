"""Devices and the verified address, as the account page shows and changes them."""

from imageroute_app.state.account import AccountState
from imageroute_app.state.session import SessionState
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab


async def load(tab: Tab) -> AccountState:
    await SessionState.load_session.fn(tab.state(SessionState))
    state = tab.state(AccountState)
    await AccountState.load_account.fn(state)
    return state


async def test_devices_name_each_session_and_mark_this_one(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    house.clock.move(minutes=1)
    await open_tab(device="Safari on iPhone")
    house.clock.move(minutes=1)
    tab = await open_tab(device="Firefox on Linux")

    state = await load(tab)

    assert [(device.name, device.tag, device.is_phone) for device in state.devices] == [
        ("Firefox on Linux", "This device", False),
        ("Safari on iPhone", "", True),
        ("Test", "", False),
    ]
    assert state.devices[0].signed_in == "2026-11-25T12:02:00Z"


async def test_ending_a_device_takes_it_from_the_list_and_says_so(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    other = await open_tab(device="Safari on iPhone")
    tab = await open_tab()
    state = await load(tab)

    await AccountState.end_device.fn(state, other.session_id)

    assert other.session_id not in [device.id for device in state.devices]
    assert tab.notice == "That device is signed out."


async def test_device_of_another_person_is_not_there(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    await house.person("eve")
    foreign = await open_tab("eve")
    tab = await open_tab("ada")

    await AccountState.end_device.fn(await load(tab), foreign.session_id)

    assert tab.notice == "That device is signed out already."
    assert foreign.session_id in [session.id for session in await house.accounts.devices(foreign.owner)]


async def test_link_is_mailed_again_to_the_address_on_file(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    tab = await open_tab()
    state = await load(tab)

    await AccountState.send_verification.fn(state)

    assert house.letters.sent[-1].to == "ada@example.com"
    assert tab.notice == "The link is on its way to ada@example.com. It works for 24 hours."


async def test_too_many_links_answer_in_words(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    tab = await open_tab()
    state = await load(tab)

    for _ in range(6):
        await AccountState.send_verification.fn(state)

    assert tab.state(SessionState).notice_kind == "bad"
    await house.accounts.settle()
    assert [mail.subject for mail in house.letters.sent].count("Confirm your email") == 1 + 5


async def test_outcome_of_a_form_shows_our_words_and_never_the_address(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")

    good = await load(await open_tab(address="/account?done=name"))
    odd = await load(await open_tab(address="/account?done=<b>you won</b>"))

    assert good.done == "Your name is saved."
    assert odd.done == ""
