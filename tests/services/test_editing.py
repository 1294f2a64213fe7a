"""Editing over the whole house: what a provider receives, what comes back, and that the books stay right."""

import base64
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Pillow

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.bfl import BflProvider
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.adapters.providers.stability import StabilityProvider
from imageroute_app.bootstrap import new_id
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.errors import InvalidInput, NotFound
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.jobs import Failover, Job, JobState, Level, Request, Rule
from imageroute_app.domain.plans import NoRoute
from imageroute_app.domain.uploads import Upload, UploadKind, expiry_time, upload_key
from tests.emulators.bfl import BflEmulator
from tests.emulators.kit import served
from tests.emulators.openai_compat import KEY as OPENAI_KEY
from tests.emulators.openai_compat import OpenAICompatEmulator
from tests.emulators.stability import StabilityEmulator
from tests.services.conftest import House

CATALOGUES = Path(__file__).parents[2] / "imageroute_app" / "adapters" / "providers"
SIZE = (320, 256)
ALONE = Rule(level=Level.ANY, failover=Failover.NEVER)
BASE = Request(prompt="a red kite", provider="sketch", model="sketch-1", width=320, height=256, rule=ALONE)


@dataclass
class Desk:
    """A house with a person, a picture in the gallery and a mask over its right half."""

    house: House
    owner: str
    source: Image
    mask_id: str

    async def run(self, **changes: object) -> Job:
        request = replace(BASE, **{"source_id": self.source.id, **changes})
        job = await self.house.job(self.owner, request)
        await self.house.runner.run(job.id)
        return await self.house.jobs.job(self.owner, job.id)

    async def result(self, job: Job) -> tuple[Image, np.ndarray]:
        assert job.state is JobState.SUCCEEDED, job.failure_message
        (image,) = await self.house.gallery.of_job(self.owner, job.id)
        return image, opened(await self.bytes_of(image))

    async def bytes_of(self, image: Image) -> bytes:
        return b"".join(
            [part async for part in await self.house.media.open(media_key(self.owner, image.id, "original"))]
        )

    async def notes(self, job: Job) -> str:
        (attempt,) = await self.house.jobs.attempts(self.owner, job.id)
        return " ".join(attempt.notes)


def opened(data: bytes) -> np.ndarray:
    with Pillow.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def half_mask(size: tuple[int, int] = SIZE) -> bytes:
    mask, file = Pillow.new("L", size, 0), io.BytesIO()
    mask.paste(255, (size[0] // 2, 0, *size))
    mask.save(file, "PNG")
    return file.getvalue()


async def put_upload(house: House, owner: str, data: bytes, kind: UploadKind, size: tuple[int, int] = SIZE) -> str:
    now = house.clock()
    upload = Upload(
        id=new_id(),
        owner=owner,
        kind=kind,
        name="table.png",
        mime="image/png",
        width=size[0],
        height=size[1],
        size_bytes=len(data),
        sha256="",
        colour="#000000",
        uploaded_at=now,
        expires_at=expiry_time(now),
    )
    await house.database.tables.uploads.add(upload)
    await house.media.put(upload_key(owner, upload.id, "original"), data, "image/png")
    return upload.id


@pytest.fixture
async def desk(house: House) -> AsyncIterator[Desk]:
    owner = await house.person()
    job = await house.job(owner, replace(BASE, prompt="still life"))
    await house.runner.run(job.id)
    (source,) = await house.gallery.of_job(owner, job.id)
    mask_id = await put_upload(house, owner, half_mask(), UploadKind.MASK)
    person = await house.accounts.person(owner)
    await house.database.tables.people.update(replace(person, email_verified_at=house.clock()))
    yield Desk(house=house, owner=owner, source=source, mask_id=mask_id)
    await house.check_books(owner)
    await house.check_media(owner)


# --- The built-in engine ------------------------------------------------------------------------------------------------


async def test_a_masked_edit_keeps_what_is_not_marked_to_the_last_bit(desk: Desk) -> None:
    image, after = await desk.result(await desk.run(task=Task.INPAINT, mask_id=desk.mask_id, prompt="teal marble"))
    before = opened(await desk.bytes_of(desk.source))
    assert np.array_equal(after[:, :160], before[:, :160])
    assert np.abs(after[:, 160:].astype(int) - before[:, 160:]).mean() > 10
    assert (image.source_id, image.width, image.height) == (desk.source.id, *SIZE)


async def test_an_upscale_has_twice_the_sides_no_words_and_a_plain_note(desk: Desk) -> None:
    job = await desk.run(task=Task.UPSCALE, scale=2, prompt="", count=4, width=1024, height=1280)
    image, _ = await desk.result(job)
    assert (image.width, image.height, image.prompt, job.request.count) == (640, 512, "Upscaled", 1)
    assert "no detail is invented" in await desk.notes(job)


async def test_an_outpaint_grows_by_what_was_asked_for(desk: Desk) -> None:
    image, after = await desk.result(await desk.run(task=Task.OUTPAINT, expand=(40, 0, 0, 24)))
    assert (image.width, image.height) == (360, 280)
    assert np.array_equal(after[:256, 40:], opened(await desk.bytes_of(desk.source)))


async def test_a_cutout_has_alpha_in_every_size(desk: Desk) -> None:
    image, after = await desk.result(await desk.run(task=Task.CUTOUT))
    assert after.shape == (256, 320, 4)
    assert after[0, 0, 3] == 0
    small = b"".join([part async for part in await desk.house.media.open(media_key(desk.owner, image.id, "320"))])
    assert opened(small).shape[2] == 4


async def test_an_upload_is_a_source_like_a_picture_of_the_gallery(desk: Desk) -> None:
    data = await desk.bytes_of(desk.source)
    upload_id = await put_upload(desk.house, desk.owner, data, UploadKind.PICTURE)
    image, _ = await desk.result(await desk.run(source_id=upload_id, task=Task.UPSCALE))
    assert (image.source_id, image.source_type) == (upload_id, "algorithmicMedia")
    desk.house.clock.move(days=31)
    with pytest.raises(NotFound, match="no longer there"):
        await desk.house.jobs.quote(desk.owner, replace(BASE, source_id=upload_id))
    assert (await desk.house.gallery.image(desk.owner, image.id)).source_id == upload_id


async def test_a_picture_that_ai_drew_stays_marked_after_our_own_edit(desk: Desk) -> None:
    drawn = await desk.house.job(desk.owner, replace(BASE, provider="scripted", model="scripted-1"))
    await desk.house.runner.run(drawn.id)
    (source,) = await desk.house.gallery.of_job(desk.owner, drawn.id)
    image, _ = await desk.result(await desk.run(source_id=source.id, task=Task.UPSCALE))
    assert (source.source_type, image.source_type) == (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
    )
    assert b"compositeWithTrainedAlgorithmicMedia" in await desk.bytes_of(image)


# --- What is refused before anything is held ------------------------------------------------------------------------------


async def test_masks_of_another_size_of_others_and_pictures_as_masks_are_refused(desk: Desk) -> None:
    asked = replace(BASE, source_id=desk.source.id, task=Task.INPAINT)
    wrong = await put_upload(desk.house, desk.owner, half_mask((64, 64)), UploadKind.MASK, (64, 64))
    with pytest.raises(InvalidInput, match="another picture"):
        await desk.house.jobs.quote(desk.owner, replace(asked, mask_id=wrong))
    stranger = await desk.house.person("eve")
    foreign = await put_upload(desk.house, stranger, half_mask(), UploadKind.MASK)
    picture = await put_upload(desk.house, desk.owner, half_mask(), UploadKind.PICTURE)
    for mask_id in (foreign, picture, "nothing"):
        with pytest.raises(NotFound, match="mask"):
            await desk.house.jobs.quote(desk.owner, replace(asked, mask_id=mask_id))


async def test_a_result_that_is_too_large_is_named_with_both_numbers(desk: Desk) -> None:
    big = await put_upload(desk.house, desk.owner, b"", UploadKind.PICTURE, (4000, 3000))
    with pytest.raises(InvalidInput, match="16,000 × 12,000 pixels; 24 megapixels"):
        await desk.house.jobs.quote(desk.owner, replace(BASE, source_id=big, task=Task.UPSCALE, scale=4))


async def test_a_source_that_went_after_submission_fails_free_of_charge(desk: Desk) -> None:
    upload_id = await put_upload(desk.house, desk.owner, half_mask(), UploadKind.PICTURE)
    job = await desk.house.job(desk.owner, replace(BASE, source_id=upload_id, task=Task.UPSCALE))
    await desk.house.database.tables.uploads.delete(upload_id, desk.owner)
    await desk.house.runner.run(job.id)
    job = await desk.house.jobs.job(desk.owner, job.id)
    assert (job.state, job.failure_code, job.charged_credits) == (JobState.FAILED, "source_gone", 0)


# --- What companies receive -----------------------------------------------------------------------------------------------


@dataclass
class Companies:
    """Three companies' emulators beside the house."""

    openai: OpenAICompatEmulator
    bfl: BflEmulator
    stability: StabilityEmulator


@pytest.fixture
async def companies(desk: Desk) -> AsyncIterator[Companies]:
    made = Companies(OpenAICompatEmulator(dialect="openai"), BflEmulator(), StabilityEmulator())
    async with AsyncExitStack() as stack:
        for name, kind, emulator, key, path in (
            ("openai", OpenAICompatProvider, made.openai, OPENAI_KEY, "/v1"),
            ("bfl", BflProvider, made.bfl, made.bfl.key, ""),
            ("stability", StabilityProvider, made.stability, made.stability.key, ""),
        ):
            await stack.enter_async_context(served(emulator))
            opening = Opening(key=key, url=emulator.url + path, sleep=emulator.clock.sleep)
            provider = kind(read_catalogue(CATALOGUES / f"{name}.toml"), opening)
            desk.house.routing.providers[name] = provider
            stack.push_async_callback(provider.close)
        yield made


async def masked_at_openai(desk: Desk, companies: Companies) -> tuple[Job, Sequence[int]]:
    """Have the right half changed; returns the job and the sent mask's leftmost and rightmost alpha: clear may change."""
    source = await put_upload(desk.house, desk.owner, _file((1024, 1024)), UploadKind.PICTURE, (1024, 1024))
    mask = await put_upload(desk.house, desk.owner, half_mask((1024, 1024)), UploadKind.MASK, (1024, 1024))
    changes = {"provider": "openai", "model": "gpt-image-2-low", "source_id": source, "mask_id": mask}
    job = await desk.run(task=Task.INPAINT, **changes)
    form = companies.openai.seen[-1].form
    sent = opened(next(value[0][2] for name, value in form.items() if name.startswith("mask")))
    return job, (sent[0, 0, 3], sent[0, 1023, 3])


async def masked_at_bfl(desk: Desk, companies: Companies) -> tuple[Job, Sequence[int]]:
    """Have the right half changed; returns the job and the sent mask's leftmost and rightmost grey: white may change."""
    job = await desk.run(provider="bfl", model="flux-fill-pro", task=Task.INPAINT, mask_id=desk.mask_id)
    sent = _decoded(companies.bfl.seen[0].json["mask"])
    return job, (sent[0, 0], sent[0, 319])


@pytest.mark.parametrize(("mask", "ends"), [(masked_at_openai, (255, 0)), (masked_at_bfl, (0, 255))])
async def test_15_masks_are_turned_as_each_company_wants_them(
    desk: Desk, companies: Companies, mask: Callable[..., Any], ends: tuple[int, int]
) -> None:
    desk.house.routing.providers.pop("scripted")
    job, sent = await mask(desk, companies)
    assert job.state is JobState.SUCCEEDED, job.failure_message
    assert tuple(sent) == ends
    assert companies.openai.billable + companies.bfl.billable == 1
    assert 0 < job.charged_credits <= job.held_credits
    (attempt,) = await desk.house.jobs.attempts(desk.owner, job.id)
    assert (attempt.outcome.value, attempt.billed, attempt.charged_credits) == ("delivered", "yes", job.charged_credits)


def photo_from(device: str) -> bytes:
    """Return a JPEG of 1024 by 768 pixels, red above blue, as a phone held upright or a print shop writes it."""
    upright, file = Pillow.new("RGB", (1024, 768), "blue"), io.BytesIO()
    upright.paste("red", (0, 0, 1024, 384))
    exif = Pillow.Exif()
    if device == "phone":
        exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Model] = 6, "Camera 1"
        upright = upright.transpose(Pillow.Transpose.ROTATE_90)
    else:
        upright = upright.convert("CMYK")
    upright.save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()


def sent_to_openai(companies: Companies) -> bytes:
    form = companies.openai.seen[-1].form
    return next(value[0][2] for name, value in form.items() if name.startswith("image"))


def sent_to_bfl(companies: Companies) -> bytes:
    return base64.b64decode(companies.bfl.seen[0].json["input_image"].rpartition(",")[2])


@pytest.mark.parametrize("device", ["phone", "print shop"])
@pytest.mark.parametrize(
    ("provider", "model", "sent"),
    [("openai", "gpt-image-2-low", sent_to_openai), ("bfl", "flux-2-pro", sent_to_bfl)],
)
async def test_16_a_rotated_or_cmyk_upload_goes_out_upright_and_in_rgb(
    desk: Desk, companies: Companies, device: str, provider: str, model: str, sent: Callable[[Companies], bytes]
) -> None:
    upload = await desk.house.uploads.add(desk.owner, photo_from(device))
    job = await desk.run(
        provider=provider, model=model, source_id=upload.id, width=1024, height=768, accepts_keeping=True
    )
    assert job.state is JobState.SUCCEEDED, job.failure_message
    data = sent(companies)
    with Pillow.open(io.BytesIO(data)) as picture:
        assert (picture.mode, picture.size, dict(picture.getexif())) == ("RGB", (1024, 768), {})
        above, below = picture.getpixel((512, 60)), picture.getpixel((512, 700))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 150 > above[2], above
    assert below[2] > 100 > below[0], below
    assert b"Camera 1" not in data
    (attempt,) = await desk.house.jobs.attempts(desk.owner, job.id)
    assert (attempt.outcome.value, attempt.billed, attempt.charged_credits) == ("delivered", "yes", job.charged_credits)
    assert companies.openai.billable + companies.bfl.billable == 1


async def test_references_follow_the_source_in_their_order(desk: Desk, companies: Companies) -> None:
    first = await put_upload(desk.house, desk.owner, _file((64, 64), "red"), UploadKind.PICTURE)
    second = await put_upload(desk.house, desk.owner, _file((64, 64), "blue"), UploadKind.PICTURE)
    job = await desk.run(
        provider="bfl", model="flux-2-pro", width=1024, height=1024, reference_ids=(first, second), accepts_keeping=True
    )
    assert job.state is JobState.SUCCEEDED, job.failure_message
    body = companies.bfl.seen[0].json
    assert [name for name in sorted(body) if name.startswith("input_image")] == [
        "input_image",
        "input_image_2",
        "input_image_3",
    ]
    assert tuple(_decoded(body["input_image_2"])[0, 0]) == (255, 0, 0)
    assert tuple(_decoded(body["input_image_3"])[0, 0]) == (0, 0, 255)


@pytest.mark.parametrize(
    ("model", "changes", "path", "size"),
    [
        ("outpaint", {"task": Task.OUTPAINT, "expand": (64, 0, 32, 16)}, "edit/outpaint", (416, 272)),
        ("upscale-fast", {"task": Task.UPSCALE, "scale": 4}, "upscale/fast", (1280, 1024)),
        ("remove-background", {"task": Task.CUTOUT}, "edit/remove-background", SIZE),
    ],
)
async def test_stability_gets_each_task_at_its_own_address(
    desk: Desk, companies: Companies, model: str, changes: dict, path: str, size: tuple[int, int]
) -> None:
    job = await desk.run(provider="stability", model=model, **changes)
    image, _ = await desk.result(job)
    seen = companies.stability.seen[0]
    assert seen.path.endswith(path)
    if changes["task"] is Task.OUTPAINT:
        assert [seen.form[side] for side in ("left", "up", "right", "down")] == [["64"], ["0"], ["32"], ["16"]]
    assert (image.width, image.height) == size == (job.request.width, job.request.height)
    assert companies.stability.billable == 1
    assert job.charged_credits == job.held_credits


async def test_what_a_model_cannot_do_is_never_sent(desk: Desk, companies: Companies) -> None:
    with pytest.raises(NoRoute, match="does not upscale"):
        await desk.run(provider="bfl", model="flux-2-pro", task=Task.UPSCALE)
    with pytest.raises(NoRoute, match="upscales 4 times only"):
        await desk.run(provider="stability", model="upscale-fast", task=Task.UPSCALE, scale=2)
    assert companies.bfl.submissions == companies.stability.submissions == 0


def _file(size: tuple[int, int], colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def _decoded(text: str) -> np.ndarray:
    return opened(base64.b64decode(text.rpartition(",")[2]))
