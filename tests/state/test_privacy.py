"""The sentence of the privacy centre is made of what is there, and open pages of an erased person are dropped."""

import asyncio
from dataclasses import replace

import pytest

from imageroute_app.bootstrap import services, utc_now
from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.cases import Kind
from imageroute_app.services.cases import Opening
from imageroute_app.services.uploads import Soon
from imageroute_app.state.forget import forget_pages, forget_shared_pages
from imageroute_app.state.guard import Binding
from imageroute_app.state.privacy import PrivacyState, _details, _sentence
from tests.adapters.redis_server import needs_redis, running_redis
from tests.doubles import REQUEST, png
from tests.services.conftest import House
from tests.state.conftest import OpenTab

NONE = Soon(count=0, first=None)


def test_the_sentence_fits_what_is_there() -> None:
    assert (
        _sentence(0, NONE, 0, is_frozen=False, lock=Lock.OPEN)
        == "You have no images yet. Nothing is used for training."
    )
    assert _sentence(1, NONE, 0, is_frozen=False, lock=Lock.OPEN).startswith("Your image is private.")
    assert (
        _sentence(1204, NONE, 0, is_frozen=True, lock=Lock.OPEN)
        == "Your 1,204 images are private. Your data is frozen."
    )
    assert "being closed" in _sentence(3, NONE, 0, is_frozen=False, lock=Lock.CLOSING)


def test_companies_are_named() -> None:
    assert _details([], []) == "No company got data in the last 7 days. No open requests."
    assert _details(["Acme", "Murk"], []).startswith("2 companies got data in the last 7 days: Acme, Murk.")


async def test_the_overview_counts_uploads_and_requests_and_no_engine_of_the_house(
    house: House, open_tab: OpenTab
) -> None:
    house.clock.now = utc_now()  # pages tell days by the product's clock
    owner = await house.person()
    request = replace(REQUEST, provider="sketch", model=house.sketch.models()[0].id)
    await house.runner.run((await house.job(owner, request)).id)
    await house.uploads.add(owner, png())
    office = house.open_office()
    await office.cases.open(Opening(kind=Kind.ACCESS, text="What do you hold?", owner=owner), address="127.0.0.1")
    overview = (await open_tab("ada")).state(PrivacyState)
    await PrivacyState.load_overview.fn(overview)
    assert "1 upload will be deleted in 30 days." in overview.sentence
    assert overview.details.startswith(
        "No company got data in the last 7 days. 1 open request, the next answer due by "
    )


async def test_what_the_overview_shows_is_asked_for_side_by_side(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.person()
    overview = (await open_tab("ada")).state(PrivacyState)
    last = asyncio.Event()
    training, open_cases = services().training, services().office.cases
    first_asked, last_asked = training.allowed, open_cases.mine

    async def wait_for_the_last(owner: str) -> object:
        await asyncio.wait_for(last.wait(), 20)  # a row of questions would never come to it
        return await first_asked(owner)

    async def note(owner: str) -> object:
        last.set()
        return await last_asked(owner)

    monkeypatch.setattr(training, "allowed", wait_for_the_last)
    monkeypatch.setattr(open_cases, "mine", note)
    await PrivacyState.load_overview.fn(overview)
    assert overview.sentence == "You have no images yet. Nothing is used for training."


@pytest.mark.promise("P47")
async def test_pages_of_one_person_are_dropped_and_no_other(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    await house.person("bob")
    ada, bob = (await open_tab("ada")).state(Binding), (await open_tab("bob")).state(Binding)
    ada._owner, bob._owner = "a", "b"
    states = {"one": ada._get_root_state(), "two": bob._get_root_state()}

    assert await forget_pages(states, "a") == 1
    assert list(states) == ["two"]
    assert await forget_pages(states, "a") == 0


@needs_redis
@pytest.mark.promise("P47")
async def test_pages_in_redis_are_dropped_of_one_person_alone(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    await house.person("bob")
    async with running_redis() as server, server.client() as redis:
        for name, token in (("ada", "t1"), ("bob", "t2")):
            binding = (await open_tab(name)).state(Binding)
            binding._owner = name
            for state in (binding, binding._get_root_state()):
                await redis.set(f"{token}_{state.get_full_name()}", state._serialize())
        await redis.set(f"t3_{Binding.get_full_name()}", b"of an older release")

        assert await forget_shared_pages(redis, "ada") == 2
        assert {bytes(key).partition(b"_")[0] for key in await redis.keys("*")} == {b"t2"}
