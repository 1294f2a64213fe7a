import asyncio
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image as Pillow

from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.jobs import AttemptOutcome, JobState
from imageroute_app.domain.ports import ErrorKind, ProviderError
from tests.doubles import REQUEST, png
from tests.services.conftest import LEASE_OVER, House

BAD = b"<html>not a picture</html>"


class Broken(RuntimeError):
    """The process stops here."""


def break_at(point: str) -> Callable[[str], None]:
    def fault(reached: str) -> None:
        if reached == point:
            raise Broken

    return fault


@pytest.mark.promise("P8", "P9")
async def test_delivered_job_has_images_bytes_and_one_charge(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner, replace(REQUEST, count=3, seed=41))
    assert await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    images = await house.gallery.of_job(owner, job.id)
    assert (done.state, done.delivered, done.charged_credits) == (JobState.SUCCEEDED, 3, 3)
    assert [image.seed for image in images] == [41, 42, 43]
    assert [image.id for image in images] == list(job.image_ids)
    (attempt,) = await house.jobs.attempts(owner, job.id)
    assert attempt.outcome is AttemptOutcome.DELIVERED
    assert attempt.job_ref == "ref-1"
    assert await house.check_books(owner) == 47
    await house.check_media(owner)


async def test_running_a_final_job_again_does_nothing(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    assert not await house.runner.run(job.id)
    assert len(house.provider.calls) == 1
    assert await house.check_books(owner) == 49


async def test_one_bad_picture_of_four_is_not_charged(house: House) -> None:
    owner = await house.person()
    house.provider.script.append([png(), BAD, png(), png()])
    job = await house.job(owner, replace(REQUEST, count=4))
    await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    assert (done.state, done.delivered, done.charged_credits) == (JobState.SUCCEEDED, 3, 3)
    assert await house.check_books(owner) == 47
    await house.check_media(owner)


@pytest.mark.parametrize(
    ("answer", "state", "code", "outcome"),
    [
        ([BAD], JobState.FAILED, "bad_picture", AttemptOutcome.FAILED),
        ([], JobState.FAILED, "bad_picture", AttemptOutcome.FAILED),
        (ProviderError(ErrorKind.TRANSIENT, "x"), JobState.FAILED, "transient", AttemptOutcome.FAILED),
        (ProviderError(ErrorKind.REFUSED, "x"), JobState.BLOCKED, "refused_input", AttemptOutcome.REFUSED),
        (
            ProviderError(ErrorKind.TIMEOUT, "x", billed="unknown"),
            JobState.FAILED,
            "result_unknown",
            AttemptOutcome.UNKNOWN,
        ),
    ],
)
async def test_what_is_not_delivered_costs_nothing(
    house: House, answer: object, state: JobState, code: str, outcome: AttemptOutcome
) -> None:
    owner = await house.person()
    house.provider.script += [answer, answer]  # type: ignore[list-item]
    job = await house.job(owner)
    await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    assert (done.state, done.failure_code, done.charged_credits) == (state, code, 0)
    assert done.failure_message.endswith(".")
    assert (await house.jobs.attempts(owner, job.id))[0].outcome is outcome
    assert await house.check_books(owner) == 50
    await house.check_media(owner)


POINTS = ("after_sent", "after_answer", "before_rows", "before_commit", "after_commit")


@pytest.mark.parametrize("point", POINTS)
async def test_worker_that_stops_anywhere_leaves_a_job_that_the_next_one_ends(house: House, point: str) -> None:
    owner = await house.person()
    job = await house.job(owner, replace(REQUEST, count=2))
    await house.new_runner(break_at(point)).run(job.id)
    assert (await house.jobs.job(owner, job.id)).state.is_final == (point == "after_commit")
    house.clock.move(**LEASE_OVER)
    await house.runner.sweep()
    if point != "after_commit":
        assert house.bell.woken[-1] == job.id
        assert await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    assert (done.state, done.delivered) == (JobState.SUCCEEDED, 2)
    assert len(await house.gallery.of_job(owner, job.id)) == 2
    assert await house.check_books(owner) == 48
    await house.check_media(owner)


async def test_paid_attempt_without_answer_is_never_replayed(house: House) -> None:
    capabilities = replace(house.provider.model.capabilities, replayable=False)
    house.provider.model = replace(house.provider.model, capabilities=capabilities)
    owner = await house.person()
    job = await house.job(owner)
    await house.new_runner(break_at("after_sent")).run(job.id)
    house.clock.move(**LEASE_OVER)
    await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    assert (done.state, done.failure_code) == (JobState.FAILED, "result_unknown")
    assert len(house.provider.calls) == 1
    assert await house.check_books(owner) == 50


async def test_job_that_always_stops_its_worker_is_given_up(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner)
    for _ in range(4):
        await house.new_runner(break_at("after_answer")).run(job.id)
        house.clock.move(**LEASE_OVER)
    await house.runner.run(job.id)
    done = await house.jobs.job(owner, job.id)
    assert (done.state, done.failure_code) == (JobState.FAILED, "interrupted")
    assert await house.check_books(owner) == 50
    await house.check_media(owner)


async def test_worker_that_lost_its_lease_cannot_end_the_job(house: House) -> None:
    owner = await house.person()
    house.provider.script.append(lambda: None)
    job = await house.job(owner)
    slow = asyncio.create_task(house.runner.run(job.id))
    while not house.provider.calls:
        await asyncio.sleep(0)
    house.clock.move(**LEASE_OVER)
    assert await house.new_runner().run(job.id)
    house.provider.release.set()
    await slow
    assert await house.check_books(owner) == 49
    assert len(await house.gallery.of_job(owner, job.id)) == 1
    await house.check_media(owner)


async def test_cancelling_a_running_job_charges_nothing(house: House) -> None:
    owner = await house.person()
    house.provider.script.append(lambda: None)
    job = await house.job(owner)
    running = asyncio.create_task(house.runner.run(job.id))
    while not house.provider.calls:
        await asyncio.sleep(0)
    await house.jobs.cancel(owner, job.id)
    await running
    done = await house.jobs.job(owner, job.id)
    assert done.state is JobState.CANCELLED
    assert (await house.jobs.attempts(owner, job.id))[0].outcome is AttemptOutcome.CANCELLED
    assert await house.check_books(owner) == 50
    await house.check_media(owner)


async def test_provider_that_never_answers_is_given_up_at_the_deadline(house: House) -> None:
    house.provider.model = replace(house.provider.model, deadline_s=0)
    owner = await house.person()
    house.provider.script.append(lambda: None)
    job = await house.job(owner)
    await house.runner.run(job.id)
    assert (await house.jobs.job(owner, job.id)).failure_code == "result_unknown"
    assert await house.check_books(owner) == 50


async def test_sixth_job_waits_until_one_of_five_ends(house: House) -> None:
    owner = await house.person()
    house.provider.script += [lambda: None] * 5
    jobs = [await house.job(owner, replace(REQUEST, seed=seed)) for seed in range(6)]
    running = [asyncio.create_task(house.runner.run(job.id)) for job in jobs[:5]]
    while len(house.provider.calls) < 5:
        await asyncio.sleep(0)
    assert not await house.runner.run(jobs[5].id)
    house.provider.release.set()
    await asyncio.gather(*running)
    assert jobs[5].id in house.bell.woken[6:]
    assert await house.runner.run(jobs[5].id)
    assert await house.check_books(owner) == 44


async def test_image_to_image_sends_the_source_and_links_to_it(house: House) -> None:
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    (source,) = await house.gallery.of_job(owner, job.id)
    edit = await house.job(owner, replace(REQUEST, source_id=source.id, strength=0.3))
    await house.runner.run(edit.id)
    assert len(house.provider.calls[1].images) == 1
    assert (await house.gallery.of_job(owner, edit.id))[0].source_id == source.id


async def test_sketch_is_the_same_picture_for_the_same_seed(house: House) -> None:
    owner = await house.person()
    request = replace(REQUEST, provider="sketch", model="sketch-1", seed=5)
    pixels: list[bytes] = []
    for count in (1, 2):
        job = await house.job(owner, replace(request, count=count))
        assert await house.runner.run(job.id)
        first, *_ = await house.gallery.of_job(owner, job.id)
        assert (first.source_type, first.width, first.seed) == ("algorithmicMedia", 256, 5)
        key = media_key(owner, first.id, "original")
        data = b"".join([chunk async for chunk in await house.media.open(key)])
        with Pillow.open(io.BytesIO(data)) as picture:
            pixels.append(picture.tobytes())
        house.clock.move(seconds=5)
    assert pixels[0] == pixels[1]
