"""Measure SQLite at 1,000 and 100,000 images of one person: pages, search, and what search would cost without an index.

Run: `.venv/bin/python bench/database.py [folder]`. The folder keeps the seeded files for the next run. Prints one row a
figure: name, value, ratio, goal, met.
"""

import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from imageroute_app.adapters.database.sqlite.database import SqliteDatabase, open_sqlite
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.domain.gallery import Image, search_words
from imageroute_app.domain.ports import Query, Tables

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWNER = "0" * 31 + "1"
SMALL, LARGE = 1_000, 100_000
BATCH = 500
ROUNDS = 60
PAGE = 60
SYLLABLES = ["ba", "ca", "di", "dra", "el", "fo", "gar", "hi", "jo", "ka", "li", "lum", "mor", "na", "or", "pe", "qui", "ri", "sol", "tan", "um", "ver", "wyn", "xi", "yor", "zen"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed row; `ratio` is against the 1,000-image file or the other way of doing it."""

    name: str
    value_ms: float
    ratio: float | None
    goal: str
    met: bool | None


def vocabulary(words: int) -> list[str]:
    """Return distinct invented words of two to four syllables."""
    made = ("".join(parts) for size in (2, 3, 4) for parts in itertools.product(SYLLABLES, repeat=size))
    picked = list(itertools.islice(made, 40_000))
    random.Random(7).shuffle(picked)
    return picked[:words]


def prompts(count: int) -> list[str]:
    """Return prompts of 6 to 40 words; words are as unequal in frequency as in speech (Zipf)."""
    draw, words = random.Random(11), vocabulary(8_000)
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    return [
        " ".join(draw.choices(words, cum_weights=weights, k=draw.choice((6, 10, 14, 20, 28, 40))))
        for _ in range(count)
    ]


def image(number: int, prompt: str) -> Image:
    """Return the image with this number, of every 50 one in the trash."""
    trashed = number % 50 == 0
    return Image(
        id=f"{number:032x}", owner=OWNER, job_id=f"{number // 4:032x}", position=number % 4, prompt=prompt,
        negative="", provider="sketch", model="sketch-1", style="", width=1024, height=1024, seed=number,
        mime="image/png", size_bytes=1_500_000, sha256=f"{number:064x}", colour="#335577", price_credits=1,
        took_ms=900, source_type="algorithmicMedia", source_id="", favourite=number % 20 == 0, trashed=trashed,
        trashed_at=NOW if trashed else None, purge_at=NOW if trashed else None, created_at=NOW,
    )  # fmt: skip


async def opened(folder: Path, count: int) -> SqliteDatabase:
    """Open the file with that many images, seeding it when it is not full yet."""
    keys = await open_file_keys(folder / "keys")
    database = await open_sqlite(folder / f"{count}.db", keys, lambda: NOW)
    have = await database.tables.images.count(Query(owner=OWNER))
    texts = prompts(count)
    started = time.perf_counter()
    for start in range(have, count, BATCH):
        some = [image(n, texts[n]) for n in range(start, min(start + BATCH, count))]

        async def add(tables: Tables, some: Sequence[Image] = some) -> None:
            for one in some:
                await tables.images.add(one)

        await database.transact(add)
    if have < count:
        print(f"seeded {count - have} images in {time.perf_counter() - started:.0f} s")
    return database


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Return how many milliseconds a call took."""
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


async def measure_pages(small: SqliteDatabase, large: SqliteDatabase) -> list[Figure]:
    """Compare the first and the last page of both files, interleaved, as medians of ratios."""
    figures = []
    for name, at in (("first page", 0), ("last page", PAGE + 5)):
        pairs = []
        for _ in range(ROUNDS):
            pair = [
                await timed(lambda base=base, at=at: base.tables.images.find(page_query(at)))
                for base in (small, large)
            ]
            pairs.append(pair)
        ratio = statistics.median(big / little for little, big in pairs)
        value = statistics.median(big for _, big in pairs)
        figures.append(Figure(f"{name}, 100k images", value, ratio, "<= 1.10x of 1k", ratio <= 1.10))
    return figures


def page_query(below: int) -> Query:
    """Return the query of a gallery page; `below` a number for a late page, 0 for the first."""
    after = f"{below:032x}" if below else ""
    return Query(owner=OWNER, equals={"trashed": False}, after=after, limit=PAGE)


def searches(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return what people might type, by kind."""
    draw, found = random.Random(13), {"words": [], "prefixes": [], "pairs": [], "triples": []}
    common = vocabulary(8_000)
    for _ in range(100):
        words = search_words(draw.choice(texts))
        found["words"].append(draw.choice(words))
        found["prefixes"].append(draw.choice(words)[: draw.randint(3, 4)])
        found["pairs"].append(" ".join(draw.sample(words, 2)))
        found["triples"].append(" ".join(draw.sample(words, 3)))
    found["frequent pairs"] = [f"{a} {b}" for a, b in itertools.combinations(common[:15], 2)]
    found["rare with frequent"] = [f"{common[-n]} {common[0]}" for n in range(1, 50)]
    return found


async def measure_searches(large: SqliteDatabase, scan_ms: float) -> list[Figure]:
    """Return the 95th percentile of each kind of search."""
    figures = []
    for kind, texts in searches(prompts(2_000)).items():
        for trashed in (False, True):
            times = [
                await timed(
                    lambda text=text, trashed=trashed: large.tables.images.find(
                        Query(owner=OWNER, equals={"trashed": trashed}, text=text, limit=PAGE)
                    )
                )
                for text in texts
            ]
            p95 = statistics.quantiles(times, n=20)[-1]
            name = f"search p95, {kind}{', in the trash' if trashed else ''}"
            met = p95 <= 50 and scan_ms / p95 >= 30
            figures.append(Figure(name, p95, scan_ms / p95, "<= 50 ms, scan >= 30x", met))
    return figures


async def measure_scan(large: SqliteDatabase) -> float:
    """Return the milliseconds it takes to decrypt every prompt and look into it."""

    async def scan() -> None:
        after = ""
        while page := await large.tables.images.find(Query(owner=OWNER, after=after, limit=1000)):
            _ = [one.id for one in page if "lum" in search_words(one.prompt)]
            after = page[-1].id

    return await timed(scan)


async def measure_writes(large: SqliteDatabase) -> list[Figure]:
    """Return what one image costs to add to the full file and to take out again."""
    texts = prompts(LARGE + 50)[LARGE:]
    adds, deletes = [], []
    for number, text in enumerate(texts):
        one = image(LARGE + number, text)
        adds.append(await timed(lambda one=one: large.tables.images.add(one)))
        deletes.append(await timed(lambda one=one: large.tables.images.delete(one.id, OWNER)))
    return [
        Figure("add an image to 100k", statistics.median(adds), None, "", None),
        Figure("delete an image of 100k", statistics.median(deletes), None, "", None),
    ]


def show(figures: Sequence[Figure]) -> None:
    """Print the rows."""
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}x"
        met = "" if figure.met is None else ("yes" if figure.met else "NO")
        print(f"{figure.name:45} {figure.value_ms:10.2f} ms {ratio:>10}  {figure.goal:24} {met}")


async def main(folder: Path) -> None:
    """Seed, measure and print."""
    small, large = await opened(folder, SMALL), await opened(folder, LARGE)
    size = (folder / f"{LARGE}.db").stat().st_size / 1e6
    print(f"100k images: {size:.0f} MB of database")
    show(await measure_pages(small, large))
    scan_ms = await measure_scan(large)
    show([Figure("decrypt and scan 100k prompts", scan_ms, None, "", None)])
    show(await measure_searches(large, scan_ms))
    show(await measure_writes(large))
    await small.close()
    await large.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        asyncio.run(main(Path(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as made:
            asyncio.run(main(Path(made)))
