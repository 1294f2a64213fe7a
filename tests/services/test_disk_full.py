"""A disk that is really full, under a whole installation: what one reads, what it costs, and that it goes on (SECURITY S6).

The data lies on a small file system of its own, which needs root; elsewhere the same faults are raised in the adapters' tests.
"""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from imageroute_app.domain.errors import StorageFull
from imageroute_app.domain.jobs import JobState
from imageroute_app.services.archive_build import Choice
from tests.adapters.pictures import encode, photo
from tests.services.test_outages import Person, living

SIZE = "48m"
OURS = {"X-Requested-With": "imageroute", "X-File-Name": "sea.jpg"}
PHOTO = encode(photo(640, 480), "JPEG")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a file system of one's own needs root")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def fill(disk: Path, *, left_bytes: int = 0) -> None:
    """Take all that is left of the disk, but so many bytes."""
    with (disk / "filler").open("ab", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(64 * 1024))
        except OSError:
            pass
        filler.truncate(max(0, filler.tell() - left_bytes))


def empty(disk: Path) -> None:
    (disk / "filler").unlink()


def objects(disk: Path) -> set[str]:
    """Return every file of pictures, temporary ones too."""
    return {str(path.relative_to(disk)) for path in (disk / "media").rglob("*") if path.is_file()}


async def submit_often(ada: Person) -> None:
    """Press Generate until no row fits any more: the journal of the database may hold some pages still."""
    for number in range(200):
        await ada.submit(f"lighthouse {number}")


async def made(ada: Person) -> str:
    """Draw a picture; returns its id."""
    job_id = await ada.submit()
    assert await ada.draw(job_id) is JobState.SUCCEEDED
    [image] = await ada.services.gallery.of_job(ada.owner, job_id)
    return image.id


@pytest.mark.parametrize("left_kib", [0, 16, 64, 160, 400])
async def test_a_job_on_a_full_disk_ends_once_and_takes_only_what_it_delivered(disk: Path, left_kib: int) -> None:
    """Wherever the room ends, in the picture, in its sizes or in the rows: nothing is torn, and the books add up."""
    async with living(disk) as ada:
        await made(ada)
        job_id, (available, reserved) = await ada.submit("a lighthouse"), await ada.books()
        assert reserved == 1
        fill(disk, left_bytes=left_kib * 1024)
        with suppress(StorageFull):  # not even the claim of the job fits
            await ada.draw(job_id)
        empty(disk)
        ada.clock.move(minutes=10)
        await ada.services.runner.sweep()
        state = await ada.draw(job_id)
        assert state in {JobState.SUCCEEDED, JobState.FAILED}
        delivered = await ada.services.gallery.of_job(ada.owner, job_id)
        assert len(delivered) == (1 if state is JobState.SUCCEEDED else 0)
        assert await ada.books() == (available + 1 - len(delivered), 0)
        await ada.services.runner.sweep()
        ids = {path.split("/")[-2] for path in objects(disk)}
        assert ids == {image.id for image in (await ada.services.gallery.page(ada.owner)).images}


async def test_with_no_room_writing_is_refused_in_words_and_reading_goes_on(disk: Path) -> None:
    async with living(disk) as ada:
        image_id, there = await made(ada), objects(disk)
        original = (await ada.browser.get(f"/media/{image_id}/original")).content
        fill(disk)
        with pytest.raises(StorageFull):
            await submit_often(ada)
        answer = await ada.browser.post("/api/upload", content=PHOTO, headers=OURS)
        assert answer.status_code == 503, answer.text
        assert "storage is full" in answer.json()["error"]["message"]
        assert int(answer.headers["retry-after"]) > 0
        with pytest.raises(StorageFull):
            await ada.services.archives.create(ada.owner, [image_id], Choice(encoding="webp"), title="All")
        assert (await ada.browser.get(f"/media/{image_id}/original")).content == original
        assert objects(disk) == there

        empty(disk)
        await made(ada)
        answer = await ada.browser.post("/api/upload", content=PHOTO, headers=OURS)
        assert answer.status_code == 201, answer.text
