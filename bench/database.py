"""SQLite at 1,000 and 100,000 images of one person: pages, search, and what either costs when done another way.

`python -m bench.database [folder [count]]`; a folder given keeps its seeded files for the next run, a seeding that was cut
off goes on. `make soak` runs it with a count of 1,000,000. Seeding takes about half a second per 1,000 images.
"""

import asyncio
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.rows import Row, median_ratio, show
from imageroute_app.adapters.database.sqlite.database import SqliteDatabase, open_sqlite
from imageroute_app.adapters.database.sqlite.images import INSERT
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.domain.gallery import Image, facet, image_tokens, name_key, search_words
from imageroute_app.domain.ports import Query

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWNER = "0" * 31 + "1"
SMALL, LARGE = 1_000, 100_000
BATCH, PAGE, ROUNDS = 5_000, 60, 80
DIFFERENT = 100_000
"""Prompts that a larger gallery repeats."""
MODELS = (("sketch", "sketch-1"), ("openai", "gpt-image-1"), ("bfl", "flux-1.1-pro"), ("fal", "flux-dev"))
SHAPES = ((1024, 1024), (1024, 768), (768, 1024), (1344, 768))
ALBUMS, TAGS = {"a1": 3, "a2": 40, "a3": 9_000}, {"sea": 5, "blue sea": 700}
"""Every how many-th picture has it."""
SYLLABLES = "ba ca di dra el fo gar hi jo ka li lum mor na or pe qui ri sol tan um ver wyn xi yor zen"
SEARCH_GOAL = "<= 50 ms, decrypt-and-scan >= 30x"


def vocabulary(words: int) -> list[str]:
    """Return distinct invented words of two to four syllables, the same on every run."""
    parts = SYLLABLES.split()
    made = ("".join(word) for size in (2, 3, 4) for word in itertools.product(parts, repeat=size))
    picked = list(itertools.islice(made, 40_000))
    random.Random(7).shuffle(picked)  # noqa: S311  # a fixed sample
    return picked[:words]


def prompts(count: int) -> list[str]:
    """Return prompts of 6 to 40 words; words are as unequal in frequency as in speech (Zipf)."""
    draw, words = random.Random(11), vocabulary(8_000)  # noqa: S311  # a fixed sample
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    lengths = (6, 10, 14, 20, 28, 40)
    return [" ".join(draw.choices(words, cum_weights=weights, k=draw.choice(lengths))) for _ in range(count)]


def image(number: int, prompt: str) -> Image:
    """Return the image with this number; every 50th lies in the trash."""
    trashed = number % 50 == 0
    provider, model = MODELS[number % 7 % len(MODELS)]
    width, height = SHAPES[number % 11 % len(SHAPES)]
    return Image(
        id=f"{number:032x}",
        owner=OWNER,
        job_id=f"{number // 4:032x}",
        position=number % 4,
        prompt=prompt,
        negative="",
        provider=provider,
        model=model,
        style="",
        width=width,
        height=height,
        seed=number,
        mime="image/png",
        size_bytes=1_500_000,
        sha256=f"{number:064x}",
        colour="#335577",
        price_credits=1,
        took_ms=900,
        source_type="algorithmicMedia",
        source_id="",
        favourite=number % 20 == 0,
        trashed=trashed,
        trashed_at=NOW if trashed else None,
        purge_at=NOW if trashed else None,
        created_at=NOW,
        albums=tuple(name for name, every in ALBUMS.items() if number % every == 0),
        tags=tuple(name for name, every in TAGS.items() if number % every == 1),
    )


async def seeded(folder: Path, count: int) -> SqliteDatabase:
    """Open the file with that many images, adding those that are missing."""
    keys = await open_file_keys(folder / "keys")
    database = await open_sqlite(folder / f"{count}.db", keys, lambda: NOW)
    have, texts = await database.tables.images.count(Query(owner=OWNER)), prompts(min(count, DIFFERENT))
    kind, cipher = database._kinds["images"], await database._sealer.cipher(OWNER)
    keyed = lru_cache(200_000)(cipher.token)

    def add(connection: Connection, images: list[Image]) -> None:
        # As SqliteImages does it one by one; here the index grows in its own order, which a disk likes better.
        connection.exec_driver_sql(kind.sql.insert, [kind.codec.row(one, cipher) for one in images])
        entries = sorted((OWNER, keyed(token), one.id) for one in images for token in set(image_tokens(one)))
        connection.exec_driver_sql(INSERT, entries)

    for start in range(have, count, BATCH):
        batch = [image(number, texts[number % len(texts)]) for number in range(start, min(start + BATCH, count))]
        await database._file.write(partial(add, images=batch))
    return database


async def milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    """Return how long a call took."""
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def page_query(below: int = 0, text: str = "", *, trashed: bool = False) -> Query:
    """Return the query of a gallery page; `below` a number for a late page."""
    after = f"{below:032x}" if below else ""
    return Query(owner=OWNER, equals={"trashed": trashed}, text=text, after=after, limit=PAGE)


async def page_rows(small: SqliteDatabase, large: SqliteDatabase) -> list[Row]:
    """Compare the first and the last page of both files, interleaved."""
    found: list[Row] = []
    for name, below in (("first", 0), ("last", PAGE + 5)):
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for kept, database in zip(times, (small, large), strict=True):
                kept.append(await milliseconds(partial(database.tables.images.find, page_query(below))))
        ratio = median_ratio(times[1], times[0])
        found.append(
            Row(
                name=f"{name} page of {PAGE}, all images against 1k",
                value=f"{statistics.median(times[1]):.2f} ms",
                ratio=ratio,
                goal="<= 1.10x",
                met=ratio <= 1.10,
            )
        )
    return found


async def aiosqlite_row(large: SqliteDatabase) -> Row:
    """Compare our threads with SQLAlchemy's own asyncio: the same statement, decoded on the loop."""
    kind = large._kinds["images"]
    cipher = await large._sealer.cipher(OWNER)
    statement = text(kind.sql.page((("trashed", 1),), (), False))
    values = {"owner": OWNER, "f_trashed_0": False, "limit": PAGE}
    engine = create_async_engine(f"sqlite+aiosqlite:///{large._file.path}")
    ours, theirs = list[float](), list[float]()
    async with engine.connect() as connection:

        async def page() -> list[Any]:
            return [kind.codec.record(row, cipher) for row in await connection.execute(statement, values)]

        for _ in range(ROUNDS):
            ours.append(await milliseconds(lambda: large.tables.images.find(page_query())))
            theirs.append(await milliseconds(page))
    await engine.dispose()
    ratio = median_ratio(ours, theirs)
    value = f"{statistics.median(theirs):.2f} ms"
    return Row(name="our threads against aiosqlite, first page", value=value, ratio=ratio, goal="reported")


def searches() -> dict[str, list[str]]:
    """Return what people might type, by kind."""
    draw, texts, common = random.Random(13), prompts(2_000), vocabulary(8_000)  # noqa: S311  # a fixed sample
    typed = [search_words(draw.choice(texts)) for _ in range(100)]
    return {
        "a word": [draw.choice(words) for words in typed],
        "a prefix of 3": [draw.choice(words)[:3] for words in typed],
        "two words": [" ".join(draw.sample(words, 2)) for words in typed],
        "three words": [" ".join(draw.sample(words, 3)) for words in typed],
        "two frequent words": [f"{a} {b}" for a, b in itertools.combinations(common[:15], 2)],
        "a rare and a frequent word": [f"{common[-number]} {common[0]}" for number in range(1, 50)],
        "a whole prompt": [" ".join(words) for words in typed],
    }


async def search_rows(large: SqliteDatabase) -> list[Row]:
    """Return the 95th percentile of each kind of search, against decrypting every prompt."""
    scan_ms = await milliseconds(lambda: scan(large))
    found = [Row(name="decrypt and scan every prompt", value=f"{scan_ms:.0f} ms", goal="reported")]
    for (kind, texts), trashed in itertools.product(searches().items(), (False, True)):
        queries = [page_query(text=text, trashed=trashed) for text in texts]
        times = [await milliseconds(partial(large.tables.images.find, query)) for query in queries]
        p95 = statistics.quantiles(times, n=20)[-1]
        found.append(
            Row(
                name=f"search p95, {kind}{', in the trash' if trashed else ''}",
                value=f"{p95:.1f} ms",
                ratio=scan_ms / p95,
                goal=SEARCH_GOAL,
                met=p95 <= 50 and scan_ms >= 30 * p95,
            )
        )
    return found


def filters() -> dict[str, Query]:
    """Return what the menus of the gallery ask for, alone and together; the last walks far to find nothing."""
    model, album = facet("model", name_key("flux-1.1-pro")), facet("album", "a1")
    plain = page_query()
    return {
        "a model": replace(plain, tokens=(model,)),
        "a model that all of a provider's are": replace(plain, tokens=(model, facet("provider", "bfl"))),
        "an album of a third": replace(plain, tokens=(album,)),
        "a small album": replace(plain, tokens=(facet("album", "a3"),)),
        "model, shape, album and tag": replace(
            plain, tokens=(model, album, facet("ratio", "square"), facet("tag", "sea"))
        ),
        "a frequent word in an album": replace(plain, tokens=(album,), text=vocabulary(1)[0]),
        "an album, oldest first": replace(plain, tokens=(album,), oldest_first=True),
        "an album in a short time": replace(
            plain, tokens=(album,), from_id=f"{50_000:032x}", below_id=f"{51_000:032x}"
        ),
        "two models at once": replace(plain, tokens=(model, facet("model", "gpt-image-1"))),
    }


async def filter_rows(large: SqliteDatabase) -> list[Row]:
    """Return the 95th percentile of each filter's page and the median of its number, and of the bytes of all."""
    found: list[Row] = []
    for name, query in filters().items():
        times = [await milliseconds(partial(large.tables.images.find, query)) for _ in range(40)]
        counts = [await milliseconds(partial(large.tables.images.count, query)) for _ in range(5)]
        p95 = statistics.quantiles(times, n=20)[-1]
        value = f"{p95:.1f} ms, counted in {statistics.median(counts):.0f} ms"
        found.append(Row(name=f"filter p95, {name}", value=value, goal="<= 50 ms", met=p95 <= 50))
    sums = [await milliseconds(lambda: large.tables.images.sum("size_bytes", OWNER)) for _ in range(20)]
    return [*found, Row(name="bytes of all pictures", value=f"{statistics.median(sums):.1f} ms", goal="reported")]


async def scan(large: SqliteDatabase) -> int:
    """Look for a word in every decrypted prompt, as one would without an index."""
    found, after = 0, ""
    while page := await large.tables.images.find(Query(owner=OWNER, after=after, limit=1000)):
        found += sum("lum" in search_words(one.prompt) for one in page)
        after = page[-1].id
    return found


async def write_rows(large: SqliteDatabase, count: int) -> list[Row]:
    """Return what one image costs to add to the full file and to take out again."""
    adds, deletes = list[float](), list[float]()
    for number, prompt in enumerate(prompts(50), start=count):
        one = image(number, prompt)
        adds.append(await milliseconds(lambda one=one: large.tables.images.add(one)))
        deletes.append(await milliseconds(lambda one=one: large.tables.images.delete(one.id, OWNER)))
    return [
        Row(name=f"{verb} an image, {count:,} there", value=f"{statistics.median(times):.1f} ms", goal="reported")
        for verb, times in (("add", adds), ("delete", deletes))
    ]


async def measure(folder: Path, count: int) -> list[Row]:
    """Seed what is missing and measure everything."""
    begun = time.monotonic()
    small, large = await seeded(folder, SMALL), await seeded(folder, count)
    size = (folder / f"{count}.db").stat().st_size / count / 1000
    found = [
        Row(name=f"seeding what was missing of {count:,} images", value=f"{time.monotonic() - begun:.0f} s"),
        Row(name="database per image, search index included", value=f"{size:.1f} KB", goal="reported"),
        *await page_rows(small, large),
        await aiosqlite_row(large),
        *await search_rows(large),
        *await filter_rows(large),
        *await write_rows(large, count),
        Row(name="other work on the machine, load of the last minute", value=f"{os.getloadavg()[0]:.1f}"),
    ]
    await small.close()
    await large.close()
    return found


async def rows(folder: Path | None = None, count: int = LARGE) -> list[Row]:
    """Return the rows of this file; without a folder everything is seeded anew and thrown away."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # nothing else runs here
        return await measure(folder, count)
    with tempfile.TemporaryDirectory() as made:
        return await measure(Path(made), count)


if __name__ == "__main__":
    given = sys.argv[1:]
    wanted = rows(Path(given[0]) if given else None, int(given[1]) if len(given) > 1 else LARGE)
    show("SQLite", asyncio.run(wanted))
