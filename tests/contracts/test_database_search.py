"""What every database promises about searching sealed prompts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from imageroute_app.domain.gallery import Image, facet, query_tokens, search_words
from imageroute_app.domain.ports import Database, Query
from tests.contracts import records
from tests.contracts.conftest import Place
from tests.contracts.records import ANN, BOB, an_id

PROMPTS = (
    "A crème brûlée on a café table",
    "Übergroße Bäume, ein FUCHS im Schnee",
    "foxglove and fern; the fox sleeps",
    "a fox, a fern and an antidisestablishmentarian",
    "東京 at night 🙂 neon",
    "Fo fo fo",
)


async def fill(database: Database, prompts: Sequence[str] = PROMPTS, owner: str = ANN) -> None:
    for number, prompt in enumerate(prompts, start=1 if owner == ANN else 500):
        await database.tables.images.add(records.image(number, owner, prompt))


async def found(database: Database, text: str, owner: str = ANN) -> list[int]:
    images = await database.tables.images.find(Query(owner=owner, text=text))
    assert await database.tables.images.count(Query(owner=owner, text=text)) == len(images)
    return [int(image.id, 16) for image in images]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fox", [4, 3]),
        ("FOX", [4, 3]),
        ("fern fox", [4, 3]),
        ("fox glove", []),
        ("foxgl", [3]),
        ("creme", [1]),
        ("CRÈME Brule", [1]),
        ("baume", [2]),
        ("fuch schnee", [2]),
        ("ove", []),
        ("fo", [6]),
        ("a", [4, 1]),
        ("a fox", [4]),
        ("antidisestablishment", [4]),
        ("antidise", [4]),
        ("東京", [5]),
        ("nothing", []),
        ("fox nothing", []),
        ("🙂 !!!", []),
        ("   ", [6, 5, 4, 3, 2, 1]),
        ("%", []),
        ("fox' OR 1=1", []),
    ],
)
async def test_words_and_their_beginnings_are_found(database: Database, text: str, expected: list[int]) -> None:
    await fill(database)
    assert await found(database, text) == expected


async def test_nobody_finds_the_prompts_of_another(database: Database) -> None:
    await fill(database)
    await fill(database, ["a fox of Bob's"], BOB)
    assert await found(database, "fox", BOB) == [500]
    assert await found(database, "fern", BOB) == []


async def test_a_changed_prompt_is_found_by_its_new_words_only(database: Database) -> None:
    await fill(database)
    image = await database.tables.images.get(an_id(3), ANN)
    await database.tables.images.update(replace(image, prompt="the fern and a heron"))
    assert await found(database, "fox") == [4]
    assert await found(database, "heron") == [3]
    assert await found(database, "fern") == [4, 3]


async def test_trash_and_favourites_filter_a_search(database: Database) -> None:
    await fill(database)
    image = await database.tables.images.get(an_id(3), ANN)
    await database.tables.images.update(replace(image, trashed=True, favourite=True))
    for equals, expected in (
        ({"trashed": False}, [4]),
        ({"trashed": True}, [3]),
        ({"trashed": True, "favourite": True}, [3]),
        ({"trashed": False, "favourite": True}, []),
        ({"provider": ("sketch", "other")}, [4, 3]),
    ):
        query = Query(owner=ANN, text="fox", equals=equals)
        images = await database.tables.images.find(query)
        assert [int(one.id, 16) for one in images] == expected
        assert await database.tables.images.count(query) == len(expected)


async def test_several_questions_are_counted_each_for_itself(database: Database) -> None:
    await fill(database)
    await fill(database, ["a fox of Bob's"], BOB)
    asked = [Query(owner=ANN), Query(owner=ANN, text="fox"), Query(owner=ANN, text="!!!"), Query(owner=BOB, text="fox")]
    assert await database.tables.images.counts(asked) == [6, 2, 0, 1]
    assert await database.tables.images.counts([]) == []


async def test_a_deleted_image_is_not_found(database: Database) -> None:
    await fill(database)
    assert await database.tables.images.delete(an_id(4), ANN) is True
    assert await database.tables.images.delete(an_id(4), ANN) is False
    assert await found(database, "fox") == [3]


async def test_pages_of_a_search_go_newest_first(database: Database) -> None:
    prompts = ["fern", "fern fox", "fern heron", "fox heron fern"] * 10
    await fill(database, prompts)
    wanted = [n for n, prompt in enumerate(prompts, start=1) if "fox" in prompt]
    seen: list[int] = []
    after = ""
    query = Query(owner=ANN, text="fern fox", equals={"trashed": False}, limit=7)
    while page := await database.tables.images.find(replace(query, after=after)):
        seen += [int(image.id, 16) for image in page]
        after = page[-1].id
    assert seen == wanted[::-1]


async def test_a_whole_long_prompt_finds_its_image(database: Database) -> None:
    prompt = " ".join(f"word{number}" for number in range(60))
    await fill(database, [prompt, "word1 alone"])
    assert await found(database, prompt) == [1]
    assert len(query_tokens(prompt)) == len(search_words(prompt)) == 60


@pytest.mark.promise("P10")
async def test_the_index_holds_no_word(place: Place) -> None:
    database = await place.open()
    await fill(database, ["violoncello"])
    assert place.tokens() > 0
    assert b"viol" not in place.raw()


async def test_other_tables_cannot_be_searched(database: Database) -> None:
    with pytest.raises(ValueError, match="search"):
        await database.tables.jobs.find(Query(owner=ANN, text="fox"))


# --- Facets, bounds, order ------------------------------------------------------------------------------------------------


async def fill_facets(database: Database) -> None:
    """Five pictures: 1 and 2 in an album, 2 and 3 tagged, 4 standing and from another company, 5 is Bob's."""
    plain = [records.image(number, ANN, prompt) for number, prompt in enumerate(PROMPTS[:4], start=1)]
    square = [replace(image, width=1024, height=1024, albums=(), tags=()) for image in plain]
    changes: list[dict[str, object]] = [
        {"albums": ("aa",)},
        {"albums": ("aa", "bb"), "tags": ("blue sea",)},
        {"tags": ("Blue  Séa", "fox")},
        {"width": 768, "provider": "openai", "model": "gpt-image-1"},
    ]
    for image, change in zip(square, changes, strict=True):
        await database.tables.images.add(replace(image, **change))
    await database.tables.images.add(replace(records.image(5, BOB), albums=("aa",), tags=("fox",)))


def numbers(images: Sequence[Image]) -> list[int]:
    return [int(image.id, 16) for image in images]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"tokens": (facet("album", "aa"),)}, [2, 1]),
        ({"tokens": (facet("album", "aa"), facet("tag", "blue sea"))}, [2]),
        ({"tokens": (facet("tag", "blue sea"),)}, [3, 2]),
        ({"tokens": (facet("tag", "fox"),)}, [3]),
        ({"tokens": (facet("tag", "blue"),)}, []),
        ({"tokens": (facet("model", "sketch"),)}, [3, 2, 1]),
        ({"tokens": (facet("model", "gpt-image-1"),)}, [4]),
        ({"tokens": (facet("provider", "openai"), facet("ratio", "portrait"))}, [4]),
        ({"tokens": (facet("ratio", "3:4"),)}, [4]),
        ({"tokens": (facet("ratio", "square"),), "text": "fox"}, [3]),
        ({"tokens": (facet("album", "cc"),)}, []),
        ({"tokens": (facet("tag", "fox"),), "text": "🙂"}, []),
        ({"text": ":album:aa"}, []),
        ({"from_id": an_id(2)}, [4, 3, 2]),
        ({"below_id": an_id(3)}, [2, 1]),
        ({"from_id": an_id(2), "below_id": an_id(4), "oldest_first": True}, [2, 3]),
        ({"oldest_first": True, "after": an_id(2)}, [3, 4]),
        ({"below_id": an_id(4), "after": an_id(3)}, [2, 1]),
        ({"tokens": (facet("album", "aa"),), "oldest_first": True}, [1, 2]),
        ({"tokens": (facet("album", "aa"),), "oldest_first": True, "after": an_id(1)}, [2]),
        ({"tokens": (facet("album", "aa"),), "below_id": an_id(2)}, [1]),
        ({"text": "fox", "from_id": an_id(4)}, [4]),
    ],
)
async def test_facets_bounds_and_order(database: Database, query: dict[str, Any], expected: list[int]) -> None:
    await fill_facets(database)
    asked = Query(owner=ANN, **query)
    assert numbers(await database.tables.images.find(asked)) == expected
    if not asked.after:
        assert await database.tables.images.count(asked) == len(expected)


async def test_facets_follow_every_change_of_the_record(database: Database) -> None:
    await fill_facets(database)
    image = await database.tables.images.get(an_id(2), ANN)
    await database.tables.images.update(replace(image, albums=("cc",), tags=(), trashed=True))

    async def found_by(kind: str, value: str, *, trashed: bool) -> list[int]:
        query = Query(owner=ANN, tokens=(facet(kind, value),), equals={"trashed": trashed})
        return numbers(await database.tables.images.find(query))

    assert await found_by("album", "aa", trashed=False) == [1]
    assert await found_by("album", "cc", trashed=True) == [2]
    assert await found_by("tag", "blue sea", trashed=True) == []


async def test_a_deleted_image_leaves_no_token(place: Place) -> None:
    database = await place.open()
    await fill_facets(database)
    for number in range(1, 5):
        await database.tables.images.delete(an_id(number), ANN)
    await database.tables.images.delete(an_id(5), BOB)
    assert place.tokens() == 0


async def test_an_index_of_an_older_release_is_made_anew(place: Place) -> None:
    keys = await place.keys()
    await fill_facets(await place.open(keys))
    place.age_index()
    again = await place.open(keys)
    assert numbers(await again.tables.images.find(Query(owner=ANN, tokens=(facet("album", "aa"),)))) == [2, 1]
    assert numbers(await again.tables.images.find(Query(owner=BOB, tokens=(facet("tag", "fox"),)))) == [5]


async def test_bytes_are_added_up_per_person(database: Database) -> None:
    await fill_facets(database)
    sizes = [image.size_bytes for image in await database.tables.images.find(Query(owner=ANN))]
    assert await database.tables.images.sum("size_bytes", ANN) == sum(sizes) > 0
    assert await database.tables.images.sum("size_bytes", "c" * 32) == 0
    with pytest.raises(ValueError, match="sum"):
        await database.tables.images.sum("width", ANN)
