"""Erasing one part: it is gone from every store, its neighbours are untouched, and the receipt says what happened."""

from dataclasses import replace
from pathlib import Path

import pytest

from imageroute_app.adapters.backups.folders import new_shelf
from imageroute_app.adapters.backups.strongbox import KeyStrongbox
from imageroute_app.adapters.media.local import open_local_media
from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Case, Kind, Outcome
from imageroute_app.domain.data_map import Category
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.parts import PARTS, WHOLE, category_of
from imageroute_app.domain.ports import Query
from imageroute_app.services.backup import Backup
from imageroute_app.services.cases import Opening
from imageroute_app.services.restore import Restore
from tests.doubles import png
from tests.fresh import open_fresh_sqlite
from tests.needles import holds, open_home, shows, sow
from tests.services.conftest import House
from tests.services.test_erasure import lived_in


async def erased(house: House, owner: str, category: Category) -> Phase:
    erasure = await house.part_erasures.begin(owner, category)
    await house.erasures.settle()
    return (await house.erasures.status(erasure.code)).erasure.phase


@pytest.mark.promise("P47")
def test_every_category_can_go_or_says_why_not() -> None:
    assert {*PARTS, *WHOLE, Category.HOUSE} == set(Category)
    assert not set(PARTS) & set(WHOLE)
    for part in PARTS.values():
        assert part.systems[-1] is System.PROOF


@pytest.mark.promise("P47", "P48")
async def test_pictures_go_and_the_rest_of_the_account_stays(either_house: House) -> None:
    house = either_house
    owner, neighbour = await lived_in(house), await lived_in(house, "bob")
    (image,) = await house.database.tables.images.find(Query(owner=owner))
    await house.albums.create(owner, "Holiday")

    assert await erased(house, owner, Category.IMAGES) is Phase.COMPLETE

    tables = house.database.tables
    for table in (tables.images, tables.albums, tables.shares, tables.archives):
        assert await table.count(Query(owner=owner)) == 0
    assert await house.media.list(f"images/{owner}/") == []
    assert await tables.uploads.count(Query(owner=owner)) == 1
    assert (await house.accounts.person(owner)).locked_for is Lock.OPEN
    assert len(await house.accounts.devices(owner)) == 1
    assert await tables.images.count(Query(owner=neighbour)) == 1
    (told, *_) = await house.notices.newest(owner)
    assert told.text.startswith("Images: erased")
    assert image.id not in str(await house.erasures.status(told.path.rpartition("/")[2]))


@pytest.mark.promise("P47", "P37")
async def test_uploads_go_and_what_was_saved_stays(either_house: House) -> None:
    house = either_house
    owner = await lived_in(house)
    saved = await house.uploads.add(owner, png(), name="kept.png")
    await house.uploads.save(owner, saved.id)

    assert await erased(house, owner, Category.UPLOADS) is Phase.COMPLETE

    assert await house.database.tables.uploads.count(Query(owner=owner)) == 0
    assert await house.media.list(f"uploads/{owner}/") == []
    assert (await house.gallery.image(owner, saved.id)).id == saved.id


@pytest.mark.promise("P47")
async def test_prompts_of_pictures_stay_and_every_other_goes(house: House) -> None:
    owner = await lived_in(house)

    assert await erased(house, owner, Category.PROMPTS) is Phase.COMPLETE

    (job,) = await house.database.tables.jobs.find(Query(owner=owner))
    assert await house.gallery.of_job(owner, job.id)
    quotes = await house.database.tables.quotes.find(Query(owner=owner))
    assert [quote.id for quote in quotes] == [job.quote_id]
    await house.check_books(owner)


@pytest.mark.promise("P47", "P25")
async def test_the_journal_goes_but_for_what_is_about_safety(house: House) -> None:
    owner = await house.person()
    await house.activity.note(owner, ActivityKind.SIGN_IN_FAILED)

    assert await erased(house, owner, Category.USAGE) is Phase.COMPLETE

    assert [line.kind for line in await house.activity.newest(owner)] == [ActivityKind.SIGN_IN_FAILED]


@pytest.mark.promise("P47", "P5")
async def test_answered_cases_go_or_lose_their_words_and_open_ones_stay(either_house: House) -> None:
    house = either_house
    owner, neighbour = await house.person(), await house.person("bob")
    office, tables = house.open_office(), house.database.tables
    refusal = Ruling(outcome=Outcome.REFUSED, text="No.", reasons="why", complaint_route="there", court_route="court")
    secret = "only between us"
    cases: dict[str, Case] = {}
    for name, kind, whose, ruling in (
        ("question", Kind.TICKET, owner, Ruling(outcome=Outcome.SOLVED, text=secret)),
        ("request", Kind.ACCESS, owner, replace(refusal, text=secret)),
        ("open", Kind.COMPLAINT, owner, None),
        ("bob's", Kind.TICKET, neighbour, Ruling(outcome=Outcome.SOLVED, text=secret)),
    ):
        opening = Opening(kind=kind, text=secret, owner=whose, file=png())
        case = (await office.cases.open(opening, address="192.0.2.7")).case
        cases[name] = await office.desk.settle(case, ruling) if ruling else case

    assert await erased(house, owner, Category.SUPPORT) is Phase.COMPLETE

    left = {case.id: case for case in await tables.cases.find(Query(owner=owner))}
    assert set(left) == {cases["request"].id, cases["open"].id}
    kept, asked = left[cases["request"].id], cases["request"]
    assert (kept.kind, kept.outcome, kept.created_at, kept.answered_at, kept.purge_at) == (
        asked.kind, asked.outcome, asked.created_at, asked.answered_at, asked.purge_at,
    )  # fmt: skip
    assert secret not in str(kept)
    assert left[cases["open"].id].text == secret
    assert {one.case_id for one in await tables.case_messages.find(Query(owner=owner))} == {cases["open"].id}
    assert {key.split("/")[2] for key in await house.media.list(f"cases/{owner}/")} == {cases["open"].id}
    assert await tables.cases.count(Query(owner=neighbour)) == 1
    assert len(await house.media.list(f"cases/{neighbour}/")) == 1
    assert await erased(house, owner, Category.SUPPORT) is Phase.COMPLETE
    assert await tables.cases.count(Query(owner=owner)) == 2


@pytest.mark.promise("P47")
async def test_words_of_cases_stay_while_a_file_of_theirs_does(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, office = await house.person(), house.open_office()
    opening = Opening(kind=Kind.TICKET, text="a question", owner=owner, file=png())
    await office.desk.settle(
        (await office.cases.open(opening, address="192.0.2.7")).case, Ruling(outcome=Outcome.SOLVED, text="So.")
    )

    async def refuse(prefix: str) -> int:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(house.media, "delete_prefix", refuse)
        assert await erased(house, owner, Category.SUPPORT) is Phase.ERASING
    assert await house.database.tables.cases.count(Query(owner=owner)) == 1
    house.clock.move(hours=1)
    await house.erasures.sweep()
    assert await house.database.tables.cases.count(Query(owner=owner)) == 0


@pytest.mark.promise("P47")
async def test_a_store_that_does_not_answer_is_said_and_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await lived_in(house)
    real = house.media.delete

    async def refuse(key: str) -> None:
        raise Unavailable

    monkeypatch.setattr(house.media, "delete", refuse)
    erasure = await house.part_erasures.begin(owner, Category.IMAGES)
    await house.erasures.settle()
    status = await house.erasures.status(erasure.code)
    assert status.erasure.phase is Phase.ERASING
    assert category_of(status.erasure) is Category.IMAGES
    assert StepState.RETRY in {step.state for step in status.steps}
    again = await house.part_erasures.begin(owner, Category.IMAGES)
    assert again.id == erasure.id
    await house.erasures.settle()

    monkeypatch.setattr(house.media, "delete", real)
    house.clock.move(hours=1)
    await house.erasures.sweep()

    assert (await house.erasures.status(erasure.code)).erasure.phase is Phase.COMPLETE
    assert await house.part_erasures.begin(owner, Category.IMAGES) is not erasure


async def test_nobody_erases_a_part_of_a_person_who_is_gone(house: House) -> None:
    with pytest.raises(NotFound):
        await house.part_erasures.begin("0" * 32, Category.IMAGES)


@pytest.mark.promise("P47")
@pytest.mark.parametrize("category", [Category.IMAGES, Category.UPLOADS, Category.PROMPTS, Category.USAGE])
async def test_no_backup_from_before_brings_a_part_back(house: House, tmp_path: Path, category: Category) -> None:
    owner = await lived_in(house)
    await house.albums.create(owner, "Holiday")
    await house.activity.note(owner, ActivityKind.EXPORT)
    shelf = new_shelf(tmp_path / "backup", house.clock())
    strongbox = KeyStrongbox(house.keys)
    await Backup(
        rows=house.database.rows(), media=house.media, strongbox=strongbox, keys=house.keys,
        tombstones=house.tombstones, clock=house.clock, report=lambda _line: None,
    ).write_data(shelf, with_pictures=True)  # fmt: skip
    neighbours = await house.database.count_rows(owner)
    await erased(house, owner, category)
    left = {name: count for name, count in (await house.database.count_rows(owner)).items() if name in PARTED[category]}
    assert left != {name: neighbours[name] for name in left}

    fresh = await open_fresh_sqlite(tmp_path / "fresh.db", house.keys, house.clock)
    media = await open_local_media(tmp_path / "fresh-media")
    await Restore(
        database=fresh, media=media, strongbox=strongbox, keys=house.keys, key_rows=house.keys,
        tombstones=house.tombstones, clock=house.clock, report=lambda _line: None,
    ).run(shelf, None)  # fmt: skip

    back = await fresh.count_rows(owner)
    assert {name: back[name] for name in left} == left
    assert back["people"] == 1
    for folder in ("images", "uploads"):
        assert await media.list(f"{folder}/{owner}/") == await house.media.list(f"{folder}/{owner}/")
    await fresh.close()


PARTED = {
    Category.IMAGES: ("images", "albums"),
    Category.UPLOADS: ("uploads",),
    Category.PROMPTS: ("quotes", "jobs"),
    Category.USAGE: ("activity",),
}
SOWN = {
    Category.UPLOADS: ("uploads.",),
    Category.IMAGES: ("albums.", "archives.", "shares.", "images.tags"),
    Category.PROMPTS: ("drafts.",),
}
"""Whose needles lie in one part alone; a prompt lies in pictures and generations both."""


@pytest.mark.promise("P47")
@pytest.mark.parametrize("category", [Category.UPLOADS, Category.IMAGES, Category.PROMPTS])
async def test_no_store_holds_a_needle_of_the_part(tmp_path: Path, category: Category) -> None:
    async with open_home(tmp_path) as services:
        needles = await sow(services)
        erasure = await services.part_erasures.begin(needles.owner, category)
        await services.erasures.settle()
        status = await services.erasures.status(erasure.code)
        assert status.erasure.phase in (Phase.COMPLETE, Phase.RETAINED), status.steps
        rows = [str(record) async for _, record in await services.database.export_rows(needles.owner)]
        gone = {place: token for place, token in needles.tokens.items() if place.startswith(SOWN[category])}
        assert gone
        for place, token in gone.items():
            assert not any(token in row for row in rows), place
        files = stored(tmp_path)
        for place, token in gone.items():
            assert not any(holds(data, token) for data in files.values()), place
        if category is not Category.PROMPTS:
            folder = f"/{PARTS[category].slug}/"
            assert not any(shows(data, needles.pattern) for path, data in files.items() if folder in path)
        kept = [token for place, token in needles.tokens.items() if place == "people.full_name"]
        assert all(any(token in row for row in rows) for token in kept)


def stored(folder: Path) -> dict[str, bytes]:
    """Return every file of an installation."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
