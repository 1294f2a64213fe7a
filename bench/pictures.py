"""What a picture costs: thumbnails against decoding alone, finishing per megapixel, our own time around a provider."""

import asyncio
import io
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image as Pillow

from bench.rows import Row, limited, median_ratio
from imageroute_app.adapters.imaging import picture
from imageroute_app.adapters.imaging.certificates import Credential, open_credential
from imageroute_app.adapters.imaging.finish import PooledImaging
from imageroute_app.adapters.imaging.picture import finish_picture, scale
from imageroute_app.adapters.imaging.sealing import seal_finished
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.bootstrap import utc_now
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.jobs import JobState, Request
from imageroute_app.domain.pictures import FinishedImage, Marking
from imageroute_app.domain.ports import Done, Picture, ProviderCall, ProviderEvent, Submitted
from tests.services.conftest import House

MARKING = Marking(source_type="algorithmicMedia", generator="bench", created_at=datetime(2026, 11, 25, tzinfo=UTC))
ROUNDS = 15


def photo(side_px: int = 1024) -> bytes:
    """Return a PNG with the detail of a photo."""
    rng = np.random.default_rng(3)
    coarse = Pillow.fromarray((rng.random((64, 64, 3)) * 255).astype("uint8"))
    smooth = np.asarray(coarse.resize((side_px, side_px), Pillow.Resampling.BICUBIC)).astype("int16")
    grain = rng.integers(-6, 7, smooth.shape)
    file = io.BytesIO()
    Pillow.fromarray(np.clip(smooth + grain, 0, 255).astype("uint8")).save(file, "PNG", compress_level=1)
    return file.getvalue()


async def rows() -> list[Row]:
    """Return the rows of this file."""
    return [*thumbnail_rows(), *await overhead_rows()]


def thumbnail_rows() -> list[Row]:
    """Measure the 320 px thumbnail of a 1024 px PNG, both thumbnails, and its whole finishing, against decoding it."""
    data = photo()
    names = ("the 320 px thumbnail", "both thumbnails", "check, mark and both thumbnails")
    works = (partial(thumbnail, data), lambda: scale(decode(data), b""), partial(finish_picture, data, MARKING))
    decode_s, works_s = list[float](), [list[float]() for _ in works]
    for _ in range(ROUNDS):
        decode_s.append(seconds(partial(decode, data)))
        for kept, work in zip(works_s, works, strict=True):
            kept.append(seconds(work))
    found = []
    for name, kept in zip(names, works_s, strict=True):
        value = f"{statistics.median(kept) * 1000:.0f} ms"
        found.append(Row(name=f"decode alone against {name}", value=value, ratio=median_ratio(decode_s, kept)))
    small = found[0].ratio or 0
    per_megapixel = statistics.median(works_s[-1]) * 1000 / (1024 * 1024 / 1e6)
    return [
        replace(found[0], goal=">= 0.80x", met=small >= 0.8),
        *found[1:],
        Row(name="a picture's own CPU", value=f"{per_megapixel:.0f} ms/megapixel"),
        Row(name="its C2PA signature, in the signing process", value=f"{signing_ms(data):.1f} ms/megapixel"),
    ]


def signing_ms(data: bytes) -> float:
    """Measure the signing of a finished original, checksums included."""
    with tempfile.TemporaryDirectory() as folder:
        signing = open_credential(Path(folder), utc_now).signing
    finished = finish_picture(data, MARKING)
    sign = partial(seal_finished, finished, MARKING.source_type, signing)
    return statistics.median(seconds(sign) for _ in range(ROUNDS)) * 1000 / (1024 * 1024 / 1e6)


def thumbnail(data: bytes) -> None:
    """Make the small thumbnail alone, with the product's own scaling."""
    with mock.patch.object(picture, "THUMBNAIL_EDGES_PX", (320,)):
        scale(decode(data), b"")


def decode(data: bytes) -> Pillow.Image:
    """Decode and do nothing else."""
    with Pillow.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Instant:
    """A provider that answers at once, or after a wait, and notes when it did."""

    id = "instant"

    def __init__(self, model: Model, data: bytes) -> None:
        self._model, self._data = replace(model, provider=self.id), data
        self.answered: dict[str, float] = {}
        self.waits: dict[str, float] = {}

    def models(self) -> Sequence[Model]:
        """Return the one model."""
        return (self._model,)

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Wait as told by the seed, then deliver."""
        yield Submitted(job_ref=call.id)
        await asyncio.sleep(self.waits.get(str(call.seed), 0.0))
        self.answered[str(call.seed)] = time.perf_counter()
        yield Done(pictures=[Picture(data=self._data)])

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """Return nothing."""
        return None

    async def close(self) -> None:
        """Nothing to close."""


class Finished(PooledImaging):
    """Imaging that hands out a finished picture at once: its CPU is reported beside, not here."""

    def __init__(self, pool: WorkerPool, credential: Credential, finished: FinishedImage) -> None:
        super().__init__(pool, credential)
        self._finished = finished

    async def finish(self, data: bytes, marking: Marking) -> FinishedImage:
        """Return the same picture."""
        return self._finished


async def overhead_rows() -> list[Row]:
    """Measure our server's time per generation beyond the provider's, one at a time and 100 spread over 10 s."""
    with tempfile.TemporaryDirectory() as folder:
        house = await open_house(Path(folder))
        owner = await house.person()
        alone = [await overhead_ms(house, owner, seed) for seed in range(1, 31)]
        crowd = await asyncio.gather(*(later_ms(house, owner, seed) for seed in range(100)))
        await house.database.close()
    one, many = statistics.median(alone), statistics.median(crowd)
    return [
        limited("server time per generation, 1 in flight", one, "ms", 15, digits=1),
        limited("server time per generation, 100 in flight", many, "ms", 15, digits=1),
    ]


async def open_house(folder: Path) -> House:
    """Open real SQLite and media with the instant provider."""
    from imageroute_app.adapters.database.sqlite.database import open_sqlite
    from imageroute_app.adapters.keys.files import open_file_keys
    from imageroute_app.adapters.media.local import open_local_media
    from imageroute_app.adapters.providers.sketch.provider import SketchProvider
    from imageroute_app.domain.rules import Rules

    data = photo(512)
    pool = WorkerPool(1)
    sketch = SketchProvider(pool)
    rules = Rules(
        origin="http://127.0.0.1",
        starter_credits=10_000,
        jobs_per_hour=100_000,
        jobs_running_per_person=1000,
        lease=timedelta(seconds=60),
    )
    keys = await open_file_keys(folder / "keys", b"")
    return House(
        database=await open_sqlite(folder / "b.db", keys, utc_now),
        media=await open_local_media(folder / "media"),
        imaging=Finished(pool, open_credential(folder / "provenance", utc_now), finish_picture(data, MARKING)),
        clock=utc_now,  # type: ignore[arg-type]
        provider=Instant(sketch.models()[0], data),  # type: ignore[arg-type]
        sketch=sketch,
        rules=rules,
        keys=keys,
        folder=folder,
    )


async def later_ms(house: House, owner: str, number: int) -> float:
    """Begin a tenth of a second after the one before and wait 10 s, so that 100 are in flight and answers are spread."""
    await asyncio.sleep(number / 10)
    house.provider.waits[str(1000 + number)] = 10.0  # type: ignore[attr-defined]
    return await overhead_ms(house, owner, 1000 + number)


async def overhead_ms(house: House, owner: str, seed: int) -> float:
    """Return submit-to-final time of one job less what the provider took."""
    request = Request(prompt="a bench", provider="instant", model="sketch-1", width=512, height=512, seed=seed)
    begun = time.perf_counter()
    job = await house.job(owner, request)
    await house.runner.run(job.id)
    spent = time.perf_counter() - begun
    waited = house.provider.waits.get(str(seed), 0.0)  # type: ignore[attr-defined]
    assert (await house.jobs.job(owner, job.id)).state is JobState.SUCCEEDED
    return (spent - waited) * 1000
