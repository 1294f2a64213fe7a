"""What belongs to a picture is found on every database, and of nobody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.gallery import Image
from imageroute_app.domain.ports import Database
from imageroute_app.services.gallery import Gallery
from tests.contracts import records
from tests.contracts.records import ANN, BOB, NOW, an_id

SOURCE, OWN, SECOND, OTHER_MODEL, OTHER_SECOND, RESULT, NEWER_RESULT = range(1, 8)


def made(number: int, job: int, position: int, *, source: int = 0, owner: str = ANN) -> Image:
    source_id = an_id(source) if source else ""
    return replace(
        records.image(number, owner), job_id=an_id(job) if job else "", position=position, source_id=source_id
    )


@pytest.fixture
async def gallery(database: Database, tmp_path: Path) -> Gallery:
    """Ann's comparison of two models (jobs 11 and 12) of a saved upload, with two results of its first picture."""
    for number, compare in ((11, "side by side"), (12, "side by side"), (13, ""), (14, "")):
        await database.tables.jobs.add(replace(records.job(number), compare_id=compare))
    for image in (
        made(SOURCE, 0, 0),
        made(OWN, 11, 0, source=SOURCE),
        made(SECOND, 11, 1),
        made(OTHER_MODEL, 12, 0),
        made(OTHER_SECOND, 12, 1),
        made(RESULT, 13, 0, source=OWN),
        made(NEWER_RESULT, 14, 0, source=OWN),
        made(20, 0, 0),  # another saved upload, which has no job either
        made(21, 11, 0, source=OWN, owner=BOB),
    ):
        await database.tables.images.add(image)
    return Gallery(database=database, media=await open_local_media(tmp_path / "media"), clock=lambda: NOW)


async def related(gallery: Gallery, number: int, limit: int = 10) -> list[int]:
    return [int(image.id, 16) for image in await gallery.related(ANN, an_id(number), limit)]


async def test_origin_comes_first_then_what_was_made_with_it_then_what_was_made_from_it(gallery: Gallery) -> None:
    everything = [OWN, SOURCE, OTHER_MODEL, SECOND, OTHER_SECOND, NEWER_RESULT, RESULT]

    assert await related(gallery, OWN) == everything
    assert await related(gallery, OWN, 4) == everything[:4]
    assert await related(gallery, SOURCE) == [SOURCE, OWN]
    assert await related(gallery, RESULT) == [RESULT, OWN]
    assert await related(gallery, 20) == [20]


async def test_what_is_in_the_trash_or_gone_belongs_to_nothing(gallery: Gallery, database: Database) -> None:
    for number in (SOURCE, OTHER_MODEL, NEWER_RESULT):
        await gallery.trash(ANN, an_id(number))
    await database.tables.images.delete(an_id(SECOND), ANN)

    assert await related(gallery, OWN) == [OWN, OTHER_SECOND, RESULT]
    await database.tables.jobs.delete(an_id(11), ANN)
    assert await related(gallery, OWN) == [OWN, RESULT]
    with pytest.raises(NotFound, match="in the trash"):
        await related(gallery, SOURCE)


async def test_nobody_compares_the_pictures_of_another_person(gallery: Gallery) -> None:
    with pytest.raises(NotFound):
        await gallery.related(BOB, an_id(OWN), 4)
    assert [image.id for image in await gallery.related(BOB, an_id(21), 4)] == [an_id(21)]
