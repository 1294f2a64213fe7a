"""Fill a gallery through the real services: many rows over a few distinct pictures, beside a running installation."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path

from imageroute_app.adapters.imaging.picture import finish_picture
from imageroute_app.adapters.providers.sketch import engine
from imageroute_app.bootstrap import new_id, open_services, utc_now
from imageroute_app.domain.gallery import Image, media_key, media_prefix
from imageroute_app.domain.pictures import FinishedImage, Marking
from imageroute_app.domain.ports import Tables
from imageroute_app.domain.sharing import ArchiveState
from imageroute_app.services.archive_build import Choice
from imageroute_app.services.house import Services
from imageroute_app.services.selection import Chosen
from imageroute_app.settings import load_settings

SUBJECTS = ("pine forest", "ocean sunset", "ringed planet", "mountain lake", "balloons at dawn", "topographic map")
SIZES = ((480, 600), (600, 480), (512, 512), (640, 360), (360, 640), (600, 400))
BATCH = 250


async def seed_images(data_dir: Path, email: str, count: int, drawn: Sequence[FinishedImage] = ()) -> None:
    """Give the person `count` more pictures; number N has the word "numberN" in its prompt, N counted from 0.

    They are copies of the drawn ones, in turns; without any, of one for each of SUBJECTS.
    """
    settings = load_settings({"IMAGEROUTE_DATA_DIR": str(data_dir), "IMAGEROUTE_TESTING": "1"})
    services = await open_services(settings)
    try:
        person = await services.database.tables.people.by_key("email_key", email.casefold())
        assert person is not None
        drawn = drawn or [_draw(place) for place in range(len(SUBJECTS))]
        for start in range(0, count, BATCH):
            batch = [_image(person.id, number, drawn) for number in range(start, min(count, start + BATCH))]
            for image in batch:
                await _store(services, image, drawn[image.position % len(drawn)])
            await services.database.transact(lambda tables, batch=batch: _add(tables, batch))
    finally:
        await services.close()


async def seed_rows(data_dir: Path, email: str, count: int) -> None:
    """Give the person `count` more rows over a few stored pictures: quick, for thousands.

    The files of a row are links to those of the first row with the same picture.
    """
    settings = load_settings({"IMAGEROUTE_DATA_DIR": str(data_dir), "IMAGEROUTE_TESTING": "1"})
    services = await open_services(settings)
    try:
        person = await services.database.tables.people.by_key("email_key", email.casefold())
        assert person is not None
        drawn = [_draw(place) for place in range(len(SUBJECTS))]
        images = [_image(person.id, number, drawn) for number in range(count)]
        for image in images[: len(SUBJECTS)]:
            await _store(services, image, drawn[_place(image)])
        for image in images[len(SUBJECTS) :]:
            _link(data_dir / "media", images[_place(image)], image)
        for start in range(0, count, BATCH):
            batch = images[start : start + BATCH]
            await services.database.transact(lambda tables, batch=batch: _add(tables, batch))
    finally:
        await services.close()


async def make_archive(data_dir: Path, email: str, most: int | None = None) -> str:
    """Make an archive of the person's pictures, or of so many, while the product is stopped; returns its id."""
    services = await open_services(load_settings({"IMAGEROUTE_DATA_DIR": str(data_dir), "IMAGEROUTE_TESTING": "1"}))
    try:
        person = await services.database.tables.people.by_key("email_key", email.casefold())
        assert person is not None
        ids = await services.selection.ids(person.id, Chosen(everything=True))
        archive = await services.archives.create(person.id, ids[:most], Choice(), title="All")
        while archive.state is ArchiveState.PREPARING:
            await asyncio.sleep(0.05)
            archive = await services.archives.get(person.id, archive.id)
        assert (archive.state, archive.gaps) == (ArchiveState.READY, ())
        return archive.id
    finally:
        await services.close()


def _link(media: Path, stored: Image, image: Image) -> None:
    folder = media / media_prefix(image.owner, image.id)
    folder.mkdir(parents=True, exist_ok=True)
    for file in (media / media_prefix(stored.owner, stored.id)).iterdir():
        (folder / file.name).hardlink_to(file)


@cache
def _draw(place: int) -> FinishedImage:
    width, height = SIZES[place]
    marking = Marking(source_type="algorithmicMedia", generator="seed", created_at=utc_now())
    return finish_picture(engine.render(SUBJECTS[place], width=width, height=height, seed=place), marking)


def _place(image: Image) -> int:
    return image.position % len(SUBJECTS)


def _image(owner: str, number: int, drawn: Sequence[FinishedImage]) -> Image:
    place = number % len(SUBJECTS)
    finished = drawn[number % len(drawn)]
    return Image(
        id=new_id(),
        owner=owner,
        job_id="seed",
        position=number,
        prompt=f"{SUBJECTS[place]}, numbered number{number}",
        negative="",
        provider="sketch",
        model="sketch-1",
        style="",
        width=finished.width,
        height=finished.height,
        seed=place,
        mime=finished.mime,
        size_bytes=len(finished.original),
        sha256=finished.sha256,
        crc32=finished.crc32,
        colour=finished.colour,
        price_credits=1,
        took_ms=900,
        source_type="algorithmicMedia",
        source_id="",
        favourite=False,
        trashed=False,
        trashed_at=None,
        purge_at=None,
        created_at=utc_now() - timedelta(minutes=1),
    )


async def _store(services: Services, image: Image, finished: FinishedImage) -> None:
    for variant, data in finished.thumbnails.items():
        await services.media.put(media_key(image.owner, image.id, variant), data, "image/webp")
    await services.media.put(media_key(image.owner, image.id, "original"), finished.original, finished.mime)


async def _add(tables: Tables, images: Sequence[Image]) -> None:
    for image in images:
        await tables.images.add(image)
