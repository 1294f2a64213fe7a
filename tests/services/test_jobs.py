import asyncio
from dataclasses import replace

import pytest

from imageroute_app.domain.errors import Conflict, NotEnoughCredits, NotFound
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.plans import NoRoute
from tests.doubles import REQUEST, png
from tests.services.conftest import House


async def test_two_tabs_with_the_same_form_hold_the_same_quote_and_make_one_job(either_house: House) -> None:
    house = either_house
    owner = await house.person()
    first = await house.jobs.quote(owner, REQUEST)
    second = await house.jobs.quote(owner, REQUEST)
    assert first.id == second.id
    jobs = await asyncio.gather(*(house.jobs.submit(owner, first.id) for _ in range(8)))
    assert {job.id for job in jobs} == {jobs[0].id}
    assert await house.check_books(owner) == 49


async def test_second_half_of_a_double_click_returns_the_first_job(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner)
    following = await house.jobs.next_quote(owner, REQUEST, after_job=job.id)
    house.clock.move(seconds=0.2)
    assert (await house.jobs.submit(owner, following.id)).id == job.id
    house.clock.move(seconds=2)
    assert (await house.jobs.submit(owner, following.id)).id != job.id
    assert await house.check_books(owner) == 48


async def test_fifty_parallel_submits_on_ten_credits_accept_exactly_ten(either_house: House) -> None:
    house = either_house
    house.rules = replace(house.rules, starter_credits=10)
    house.__post_init__()
    owner = await house.person()
    quotes = [await house.jobs.quote(owner, replace(REQUEST, seed=seed)) for seed in range(50)]
    answers = await asyncio.gather(*(house.jobs.submit(owner, quote.id) for quote in quotes), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, NotEnoughCredits)]
    assert len(refused) == 40
    assert refused[0].missing == 1
    assert await house.check_books(owner) == 0
    jobs = await house.jobs.recent(owner, limit=100)
    assert len(jobs) == 10
    claimed = await asyncio.gather(
        *(
            house.database.tables.jobs.claim(
                job.id, holder="w", now=house.clock(), lease_until=house.clock.now.replace(hour=23), cap=5
            )
            for job in jobs
        )
    )
    assert sum(job is not None for job in claimed) == 5


async def test_submit_without_enough_credits_writes_nothing(house: House) -> None:
    owner = await house.person()
    quotes = [await house.jobs.quote(owner, replace(REQUEST, count=8, seed=seed)) for seed in range(7)]
    for quote in quotes[:6]:
        await house.jobs.submit(owner, quote.id)
    with pytest.raises(NotEnoughCredits) as refusal:
        await house.jobs.submit(owner, quotes[6].id)
    assert refusal.value.missing == 6
    assert len(await house.jobs.recent(owner, limit=100)) == 6
    assert await house.check_books(owner) == 2


async def test_old_quote_is_refused_and_a_new_one_offered(house: House) -> None:
    owner = await house.person()
    quote = await house.jobs.quote(owner, REQUEST)
    house.clock.move(hours=1)
    with pytest.raises(Conflict):
        await house.jobs.submit(owner, quote.id)
    fresh = await house.jobs.quote(owner, REQUEST)
    assert fresh.id != quote.id
    assert (await house.jobs.submit(owner, fresh.id)).state is JobState.QUEUED


async def test_request_for_an_unknown_model_or_a_stranger_s_picture_is_refused(house: House) -> None:
    owner = await house.person()
    with pytest.raises(NoRoute):
        await house.jobs.quote(owner, replace(REQUEST, model="imagined"))
    with pytest.raises(NotFound):
        await house.jobs.quote(owner, replace(REQUEST, source_id="0" * 32))


async def test_cancelling_a_queued_job_returns_the_hold(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner, replace(REQUEST, count=4))
    assert (await house.jobs.balance(owner)).reserved == 4
    cancelled = await house.jobs.cancel(owner, job.id)
    again = await house.jobs.cancel(owner, job.id)
    assert cancelled.state is again.state is JobState.CANCELLED
    assert await house.check_books(owner) == 50
    assert not await house.runner.run(job.id)


async def test_retry_twice_makes_one_new_job_at_the_same_price(house: House) -> None:
    owner = await house.person()
    house.provider.script.append([b"not a picture"])
    job = await house.job(owner)
    await house.runner.run(job.id)
    first = await house.jobs.retry(owner, job.id)
    second = await house.jobs.retry(owner, job.id)
    assert first.id == second.id != job.id
    assert first.retry_of == job.id
    house.provider.script.append([png()])
    await house.runner.run(first.id)
    with pytest.raises(Conflict):
        await house.jobs.retry(owner, first.id)
    assert await house.check_books(owner) == 49


@pytest.mark.promise("P32")
async def test_a_stranger_finds_nothing(house: House) -> None:
    owner, stranger = await house.person(), await house.person("eve")
    job = await house.job(owner)
    quote = await house.jobs.quote(owner, replace(REQUEST, seed=7))
    await house.runner.run(job.id)
    (image,) = await house.gallery.of_job(owner, job.id)
    for call in (
        house.jobs.job(stranger, job.id),
        house.jobs.cancel(stranger, job.id),
        house.jobs.retry(stranger, job.id),
        house.jobs.submit(stranger, quote.id),
        house.jobs.quote(stranger, replace(REQUEST, source_id=image.id)),
        house.gallery.image(stranger, image.id),
        house.gallery.trash(stranger, image.id),
        house.gallery.favourite(stranger, image.id, on=True),
        house.gallery.erase(stranger, image.id),
    ):
        with pytest.raises(NotFound):
            await call
    assert not await house.gallery.of_job(stranger, job.id)
    assert not await house.jobs.attempts(stranger, job.id)
    assert not await house.jobs.recent(stranger)
    assert [entry.amount for entry in await house.jobs.ledger(stranger)] == [50]


async def test_form_is_sent_by_the_quote_it_carries_and_twice_makes_one_job(house: House) -> None:
    owner = await house.person()
    quote = await house.jobs.quote(owner, REQUEST)

    first = await house.jobs.send(owner, REQUEST, quote_id=quote.id, most_credits=1)
    again = await house.jobs.send(owner, REQUEST, quote_id=quote.id, most_credits=1)

    assert (first.quote_id, again.id) == (quote.id, first.id)
    assert await house.check_books(owner) == 49


async def test_form_that_changed_since_its_quote_is_sent_as_it_is_now(house: House) -> None:
    owner = await house.person()
    quote = await house.jobs.quote(owner, REQUEST)

    job = await house.jobs.send(owner, replace(REQUEST, prompt="newer words"), quote_id=quote.id, most_credits=1)

    assert job.request.prompt == "newer words"
    assert job.quote_id != quote.id


async def test_form_is_not_sent_above_the_price_it_showed(house: House) -> None:
    owner = await house.person()

    with pytest.raises(Conflict, match="now 4 credits"):
        await house.jobs.send(owner, replace(REQUEST, count=4), quote_id="", most_credits=1)

    assert await house.check_books(owner) == 50


async def test_form_cannot_be_sent_by_the_quote_of_another_person(house: House) -> None:
    owner, other = await house.person("ada"), await house.person("eve")
    foreign = await house.jobs.quote(other, REQUEST)

    job = await house.jobs.send(owner, REQUEST, quote_id=foreign.id, most_credits=1)

    assert (job.owner, job.quote_id != foreign.id) == (owner, True)
    assert await house.check_books(other) == 50
