"""Where the pages are measured: the product with 10,000 pictures of one person, and the floor with the first 60 of them."""

import asyncio
import contextlib
import itertools
import json
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bench.floor import run_floor
from bench.slow import SlowProduct
from imageroute_app.adapters.imaging.picture import finish_picture
from imageroute_app.adapters.providers.sketch import engine
from imageroute_app.bootstrap import open_services, utc_now
from imageroute_app.domain.gallery import Image, media_key
from imageroute_app.domain.pictures import FinishedImage, Marking
from imageroute_app.domain.ports import Tables
from imageroute_app.services.house import Services
from imageroute_app.settings import load_settings
from tests import seeding

COUNT = 10_000
DISTINCT = 40
PAGE = 60
BATCH = 250
PASSWORD = "correct horse battery"  # noqa: S105  # of invented people
SETTINGS = {
    "SIGN_UPS_PER_HOUR": "100000",
    "STARTER_CREDITS": "10000",
    "JOBS_PER_HOUR": "100000",
    "JOBS_RUNNING_PER_PERSON": "100",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that the pages' rows need; `folder` holds the thumbnails as the floor serves them."""

    product: SlowProduct
    cookies: dict[str, str]
    floor_url: str
    folder: Path


@contextlib.asynccontextmanager
async def open_site(count: int = COUNT) -> AsyncIterator[Site]:
    """Seed, start both servers, and stop them."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        product = SlowProduct(folder / "data", settings=SETTINGS)
        await product.start()
        email, cookies = await sign_up(product.url)
        await product.stop()
        await seed_gallery(product.data_dir, email, count)
        await product.start()
        (folder / "floor").mkdir()
        await copy_first_page(product.url, cookies, folder / "floor")
        async with run_floor(folder / "floor") as floor_url:
            yield Site(product=product, cookies=cookies, floor_url=floor_url, folder=folder / "floor")
        await product.stop()


async def sign_up(url: str) -> tuple[str, dict[str, str]]:
    """Open an account by the form; returns its email and its cookies."""
    email = f"{secrets.token_hex(8)}@example.com"
    form = {"full_name": "Ada Lovelace", "email": email, "password": PASSWORD, "country": "", "next": ""}
    born = {"born_day": "10", "born_month": "12", "born_year": "1990"}
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as client:
        answer = await client.post("/auth/sign-up", data={**form, **born})
        assert answer.status_code == 303, answer.text[-500:]
        return email, dict(client.cookies)


async def seed_gallery(data_dir: Path, email: str, count: int) -> None:
    """Write rows and 320 px thumbnails into a stopped installation; the other sizes are not asked for here."""
    services = await open_services(load_settings({"IMAGEROUTE_DATA_DIR": str(data_dir), "IMAGEROUTE_TESTING": "1"}))
    try:
        person = await services.database.tables.people.by_key("email_key", email)
        assert person is not None
        drawn = await asyncio.to_thread(draw_pictures)
        for start in range(0, count, BATCH):
            batch = [seeded_image(person.id, number, drawn) for number in range(start, min(count, start + BATCH))]
            await asyncio.gather(*(store(services, image, drawn[image.position % DISTINCT]) for image in batch))

            async def add(tables: Tables, images: list[Image] = batch) -> None:
                for image in images:
                    await tables.images.add(image)

            await services.database.transact(add)
    finally:
        await services.close()


def draw_pictures(shrunk: int = 1) -> list[FinishedImage]:
    """Return the distinct pictures that are repeated: of some 350 KB, shrunk by 2 of some 100 KB."""
    marking = Marking(source_type="algorithmicMedia", generator="bench", created_at=utc_now())
    shapes = itertools.cycle(zip(seeding.SUBJECTS, seeding.SIZES, strict=True))
    return [
        finish_picture(engine.render(subject, width=width // shrunk, height=height // shrunk, seed=seed), marking)
        for seed, (subject, (width, height)) in zip(range(DISTINCT), shapes, strict=False)
    ]


def seeded_image(owner: str, number: int, drawn: list[FinishedImage]) -> Image:
    """Return the row of picture `number`; its place among the distinct ones is its position."""
    finished = drawn[number % DISTINCT]
    image = seeding._image(owner, number, [finished] * len(seeding.SUBJECTS))
    return replace(image, position=number % DISTINCT)


async def store(services: Services, image: Image, finished: FinishedImage) -> None:
    """Store the size that the gallery shows."""
    await services.media.put(media_key(image.owner, image.id, "320"), finished.thumbnails["320"], "image/webp")


async def copy_first_page(url: str, cookies: dict[str, str], folder: Path) -> None:
    """Save the first page's tiles and thumbnails, as the product serves them, for everyone beside it."""
    async with httpx.AsyncClient(base_url=url, cookies=cookies) as client:
        tiles = (await client.get("/api/gallery", params={"limit": PAGE})).json()["tiles"]
        for place, tile in enumerate(tiles):
            answer = await client.get(f"/media/{tile['id']}/320")
            assert answer.status_code == 200
            (folder / f"{place}.webp").write_bytes(answer.content)
    (folder / "tiles.json").write_text(
        json.dumps([{name: tile[name] for name in ("w", "h", "colour")} for tile in tiles])
    )
