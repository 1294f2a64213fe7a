"""Nobody pays, waits or misses anything for a privacy choice: two people who differ in nothing else are treated alike."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.jobs import JobState, Request
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import PURPOSES, Basis, Purpose, Toggle
from imageroute_app.services.gate import Frozen
from tests.doubles import REQUEST, png
from tests.services.conftest import House

CHOSEN = [purpose for purpose, facts in PURPOSES.items() if facts.toggle in (Toggle.CONSENT, Toggle.OBJECTION)]
ACTS = st.builds(
    lambda signal, switches: (["signal"] if signal else []) + list(zip(CHOSEN, switches, strict=True)),
    st.booleans(),
    st.lists(st.booleans(), min_size=len(CHOSEN), max_size=len(CHOSEN)),
)
REQUESTS = st.builds(
    lambda width, height, count, seed: replace(REQUEST, width=width, height=height, count=count, seed=seed),
    st.sampled_from((256, 512, 1024)),
    st.sampled_from((256, 512, 1024)),
    st.integers(1, 3),
    st.integers(0, 9),
)
_names = iter(range(10_000))


class Short:
    """A house that hypothesis can name in a line."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __repr__(self) -> str:
        return "a house"


@pytest.fixture
def short(house: House) -> Short:
    return Short(house)


async def choose(house: House, owner: str, acts: list[tuple[Purpose, bool] | str]) -> None:
    for act in acts:
        if isinstance(act, str):
            await house.choices.signal(owner)
        else:
            await house.choices.choose(owner, act[0], on=act[1])


async def treated(house: House, owner: str, requests: list[Request]) -> list[tuple[object, ...]]:
    """Return all that a person gets: prices, ways, models, what is refused and in which words, credits, places."""
    found: list[tuple[object, ...]] = [(len(house.routing.models()), await house.jobs.balance(owner))]
    for request in requests:
        house.clock.move(seconds=1)  # sooner it would be the same press of the button
        try:
            quote = await house.jobs.quote(owner, request)
            job = await house.jobs.submit(owner, quote.id)
        except ImageRouteError as error:
            found.append((error.code, error.message))
        else:
            facts = (quote.price_credits, quote.unit_credits, quote.plan, quote.closed, job.state, job.held_credits)
            found.append(facts)
    found.append((await house.jobs.balance(owner),))
    return found


@pytest.mark.promise("P68")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(acts=[(purpose, True) for purpose in CHOSEN], requests=[REQUEST])
@example(acts=["signal", *((purpose, False) for purpose in CHOSEN)], requests=[REQUEST])
@given(acts=ACTS, requests=st.lists(REQUESTS, min_size=1, max_size=4))
async def test_price_quota_way_and_place_never_depend_on_a_choice(
    short: Short, acts: list[tuple[Purpose, bool] | str], requests: list[Request]
) -> None:
    house = short.house
    plain, chooser = await house.person(f"p{next(_names)}"), await house.person(f"c{next(_names)}")
    await choose(house, chooser, acts)

    begun = house.clock()
    mine = await treated(house, plain, requests)
    house.clock.now = begun
    theirs = await treated(house, chooser, requests)

    assert [repr(one).replace(plain, "x") for one in mine] == [repr(one).replace(chooser, "x") for one in theirs]
    queue = list(await house.database.tables.jobs.due(house.clock(), 10_000))
    places = {owner: [at for at, job in enumerate(queue) if job.owner == owner] for owner in (plain, chooser)}
    assert [job.id for job in queue] == [
        job.id for job in sorted(queue, key=lambda job: job.id)
    ]  # ids follow the time of submission
    assert len(places[plain]) == len(places[chooser])


@pytest.mark.promise("P17", "P57", "P68")
async def test_with_everything_optional_refused_everything_essential_works(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    await house.choices.signal(owner)
    for purpose in CHOSEN:
        await house.choices.choose(owner, purpose, on=False)
    assert not [one.purpose for one in await house.choices.standings(owner) if one.is_on]

    job = await house.job(owner)
    await house.runner.run(job.id)
    assert (await house.jobs.job(owner, job.id)).state is JobState.SUCCEEDED
    upload = await house.uploads.add(owner, png(), name="beach.png")
    image = await house.uploads.save(owner, upload.id)
    await house.gallery.tag(owner, image.id, "sea", on=True)
    await house.gallery.trash(owner, image.id)
    await house.gallery.restore(owner, image.id)
    assert len(await house.database.tables.images.find(Query(owner=owner))) == 2
    assert await house.database.tables.usage_counts.find(Query(owner=owner)) == []


@pytest.mark.promise("P17")
async def test_what_the_contract_covers_needs_no_yes_and_stops_only_when_frozen_or_closed(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    contract = [one for one, facts in PURPOSES.items() if facts.basis is Basis.CONTRACT]
    assert {Purpose.GENERATE, Purpose.GALLERY, Purpose.UPLOAD, Purpose.SHARE} <= set(contract)
    assert all([await house.gate.may(owner, purpose) for purpose in contract])

    await house.choices.freeze(owner)
    stopped = {purpose for purpose in contract if not await house.gate.may(owner, purpose)}
    assert stopped == {purpose for purpose in contract if not PURPOSES[purpose].while_frozen}
    assert Purpose.GENERATE in stopped
    with pytest.raises(Frozen):
        await house.gate.check(owner, Purpose.GENERATE)
