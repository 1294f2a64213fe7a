"""Tests 1 to 4 of PRIVACY.md section 6 as flows: complete, checkable, resumable, honest about gaps; on both databases."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.cases import Kind, file_key
from imageroute_app.domain.data_map import DATA_MAP, Category
from imageroute_app.domain.errors import Conflict, InvalidInput, Unavailable
from imageroute_app.domain.exports import ExportState, ascii_slug, read_gap
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.measures import State
from imageroute_app.domain.ports import Query
from imageroute_app.domain.uploads import upload_key
from imageroute_app.services import checks_rights
from imageroute_app.services.cases import Opening
from imageroute_app.services.export_stream import Gone, PartStream
from imageroute_app.services.export_tables import EXPORTED, cell, csv_text, json_texts, paths
from imageroute_app.services.exports import Ask
from imageroute_app.services.house import Services
from tests.doubles import MovingClock, png
from tests.needles import Needles, Sown, holds, shows, sown
from tests.services.exporting import digests_match, is_valid_bag, made, part_bytes, unpacked


class Home:
    """One person with needles everywhere, on one database."""

    def __init__(self, services: Services, needles: Needles, clock: MovingClock, folder: Path) -> None:
        self.services, self.needles, self.clock, self.folder = services, needles, clock, folder
        self.owner = needles.owner


@pytest.fixture(scope="module")
def homes() -> dict[str, Sown]:
    """What was sown in this module, by the address of the database."""
    return {}


@pytest.fixture(params=["sqlite", "mongo"])
async def home(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, homes: dict[str, Sown]
) -> AsyncIterator[Home]:
    """Open a sown home on each database in turn, with parts of 200 KB a gigabyte."""
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else ""
    if uri not in homes:
        homes[uri] = await sown(tmp_path_factory.mktemp("sown") / "data", uri)
    clock = MovingClock()
    name = request.getfixturevalue("mongo_name") if uri else ""
    async with homes[uri].opened(tmp_path / "data", clock, name) as (services, needles):
        services.exports._gigabyte = 100_000
        yield Home(services, needles, clock, tmp_path / "out")


@pytest.mark.metric("export_needle_coverage")
@pytest.mark.promise("P43", "P44", "P45")
async def test_everything_is_in_the_package_and_proves_itself(home: Home) -> None:
    export = await made(home.services, home.owner, Ask(part_size_gb=1))
    assert (export.state, export.gaps, export.failure) == (ExportState.READY, (), "")
    assert export.part_count >= 3
    package = await unpacked(home.services, export, home.folder)
    files = package.files()

    together = b"".join(files.values())
    for place, token in home.needles.tokens.items():
        if DATA_MAP[place.partition(".")[0]].exported:
            assert token.encode() in together, place
    for place, token in home.needles.files.items():
        assert token.encode() in together, place
    for place, token in {**home.needles.stripped, **home.needles.secrets}.items():
        assert not token or not holds(together, token), place
    assert sum(shows(data, home.needles.pattern) for data in files.values()) == 2


@pytest.mark.promise("P44")
async def test_the_speed_on_trust_is_that_of_exports_which_ran_here(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, metric = home.services.checks, "export_minutes_per_5gb"
    await made(home.services, home.owner)
    assert (await checks.run(metric)).state is State.UNKNOWN  # it ran, and is too small to tell
    monkeypatch.setattr(checks_rights, "SPEED_FROM_BYTES", 1)
    assert (await checks.run(metric)).state is State.MET  # the clock stood still

    def late(clock: MovingClock) -> datetime:
        clock.move(seconds=0.2)
        return clock.now

    monkeypatch.setattr(MovingClock, "__call__", late)
    await made(home.services, home.owner)  # seconds, for a few hundred kilobytes
    slow = await checks.run(metric)
    assert (slow.state, slow.value) == (State.MISSED, "beyond the target, of fewer than 20")


@pytest.mark.promise("P44", "P70", "P5")
async def test_every_choice_has_its_receipt_and_every_file_of_a_case_is_there(home: Home) -> None:
    services, owner = home.services, home.owner
    opening = Opening(kind=Kind.TICKET, text="Look at this.", owner=owner, file=png("plum"))
    case = (await services.office.cases.open(opening, address="192.0.2.7")).case
    [message] = await services.office.cases.messages(case)
    stored = await services.media.read([file_key(message)])

    package = await unpacked(services, await made(services, owner), home.folder)

    files = package.files()
    for choice in await services.choices.log.history(owner, limit=100):
        said = package.json(f"data/privacy/receipts/{choice.created_at:%Y-%m-%d}-{choice.number}.json")
        assert (said["record_id"], said["event"]["event_type"]) == (choice.id, choice.event.value)
        assert said["proof"]["sha256"] == choice.digest
    assert [files[f"data/support/attachments/{message.id}_{message.file_name}"]] == stored
    assert is_valid_bag(package.folders[0])

    await services.media.delete(file_key(message))
    lost = await made(services, owner)
    assert lost.state is ExportState.READY_WITH_GAPS
    [gap] = [read_gap(text) for text in lost.gaps]
    assert (gap.kind, gap.record_id) == ("attachment", message.id)


@pytest.mark.promise("P44", "P45")
async def test_every_part_is_a_valid_bag_and_every_original_is_untouched(home: Home) -> None:
    export = await made(home.services, home.owner, Ask(part_size_gb=1))
    package = await unpacked(home.services, export, home.folder)
    seals: set[str] = set()
    for part, folder in enumerate(package.folders, start=1):
        assert is_valid_bag(folder)
        assert digests_match(folder).returncode == 0
        listed = {one["path"]: one for one in package.manifest(part)["files"]}
        pictures = [
            one for one in listed.values()
            if one["media_type"].startswith("image/") and one["category"] != Category.SUPPORT
        ]  # fmt: skip
        seals |= {one["c2pa"] for one in pictures if one["media_type"] == "image/png"}
        assert all(f"{one['path']}.json" in listed for one in pictures), "the sidecar is in the same part"
    assert seals == {"valid"}
    for image_id in home.needles.image_ids:
        await _check_original(home, image_id, package.files())


async def _check_original(home: Home, image_id: str, files: dict[str, bytes]) -> None:
    image = await home.services.gallery.image(home.owner, image_id)
    [data] = [data for path, data in files.items() if image_id in path and not path.endswith(".json")]
    [stored] = await home.services.media.read([media_key(home.owner, image_id, "original")])
    assert data == stored
    if image.source_type:
        assert (await home.services.provenance.check(data)).is_ours


@pytest.mark.promise("P43", "P44")
async def test_every_table_is_there_as_json_and_csv_and_the_report_has_all_eight_points(home: Home) -> None:
    export = await made(home.services, home.owner)
    package = await unpacked(home.services, export, home.folder)
    files = package.files()
    for name in EXPORTED:
        as_json, as_csv = paths(name)
        rows = json.loads(files[as_json])
        lines = list(csv.DictReader(io.StringIO(files[as_csv].decode("utf-8-sig"))))
        assert files[as_csv].startswith(b"\xef\xbb\xbf")
        assert [row["id"] for row in rows] == [line["id"] for line in lines]
        assert rows, name
    report = package.json("data/report/your-data-report.json")
    points = [
        "a_purposes",
        "b_data",
        "c_recipients",
        "d_kept",
        "e_rights",
        "f_complaint",
        "g_sources",
        "h_automated_decisions",
    ]
    for category in report["categories"]:
        assert all(category[point] or point == "c_recipients" for point in points), category["category"]
    assert set(package.json("data/report/dictionary.json")) == set(DATA_MAP)
    assert b"password_hash" in files["data/report/not-included.md"]
    graph = package.json("data/portability/imageobject.jsonld")["@graph"]
    assert {one["identifier"] for one in graph} == set(home.needles.image_ids)
    assert b"<script" not in files["data/index.html"]


@pytest.mark.promise("P44")
async def test_one_flipped_byte_is_named(home: Home) -> None:
    export = await made(home.services, home.owner)
    package = await unpacked(home.services, export, home.folder)
    picture = next(package.folders[-1].rglob("data/gallery/2026/*/*.*g"))
    raw = bytearray(picture.read_bytes())
    raw[len(raw) // 2] ^= 1
    picture.write_bytes(raw)
    told = digests_match(package.folders[-1])
    assert told.returncode == 1
    assert picture.name in told.stdout
    assert not is_valid_bag(package.folders[-1])


@pytest.mark.promise("P44")
async def test_a_file_that_we_lost_is_named_and_the_package_says_so(home: Home) -> None:
    lost, changed = home.needles.image_ids[0], home.needles.upload_ids[0]
    await home.services.media.delete(media_key(home.owner, lost, "original"))
    await home.services.media.put(upload_key(home.owner, changed, "original"), b"something else", "image/png")
    export = await made(home.services, home.owner)
    assert export.state is ExportState.READY_WITH_GAPS
    package = await unpacked(home.services, export, home.folder)
    missing = {one["record_id"]: one["reason"] for one in package.manifest()["missing"]}
    assert missing == {lost: "missing", changed: "corrupt"}
    assert home.needles.tokens["images.prompt"].encode() in (package.folders[0] / "data/index.html").read_bytes()
    assert is_valid_bag(package.folders[0])
    notices = await home.services.database.tables.notices.find(Query(owner=home.owner, limit=20))
    assert any("2 files could not be put in" in notice.text for notice in notices)


@pytest.mark.promise("P44")
async def test_what_is_deleted_while_it_is_packed_is_taken_out_and_named(home: Home) -> None:
    exports, worker, lost = home.services.exports, home.services.export_worker, home.needles.image_ids[1]
    export = await exports.start(home.owner, Ask())

    def strike(point: str) -> None:
        if point == "export_packing":
            raise Unavailable("stopped by the test")

    worker._fault = strike
    await worker.run(home.owner, export.id)
    worker._fault = lambda point: None
    await home.services.gallery.trash(home.owner, lost)
    await home.services.gallery.erase(home.owner, lost)
    home.clock.move(minutes=3)
    await worker.run(home.owner, export.id)
    export = await exports.get(home.owner, export.id)
    assert export.state is ExportState.READY_WITH_GAPS
    package = await unpacked(home.services, export, home.folder)
    assert [one["reason"] for one in package.manifest()["missing"]] == ["deleted_during_export"]
    assert not any(lost in path and path.endswith(".png") for path in package.files())
    assert all(is_valid_bag(folder) for folder in package.folders)


POINTS = (
    "export_tables", "export_report", "export_receipts", "export_attachments", "export_images", "export_uploads",
    "export_packing", "export_verifying", "export_ready",
)  # fmt: skip


class Killed(BaseException):
    """Stands for a process that is gone: nothing after it runs."""


@pytest.mark.promise("P44")
@pytest.mark.each_point_once
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_worker_is_followed_by_one_that_goes_on(home: Home, point: str) -> None:
    exports, worker = home.services.exports, home.services.export_worker
    export = await exports.start(home.owner, Ask(part_size_gb=1))

    def strike(reached: str) -> None:
        if reached == point:
            raise Killed

    worker._fault = strike
    with pytest.raises(Killed):
        await worker.run(home.owner, export.id)
    worker._fault, worker._holder = lambda reached: None, "another worker"
    assert not await worker.run(home.owner, export.id), "the lease is still the killed one's"
    home.clock.move(minutes=3)
    before = await exports.get(home.owner, export.id)
    assert await worker.run(home.owner, export.id)
    after = await exports.get(home.owner, export.id)
    assert (after.state, after.failure) == (ExportState.READY, "")
    assert after.snapshot_at == before.snapshot_at, "it went on, it did not begin again"
    package = await unpacked(home.services, after, home.folder)
    assert all(is_valid_bag(folder) for folder in package.folders)
    assert len(package.json("data/generations/jobs.json")) == 1
    hashes = {one["record_id"]: one["source_sha256"] for part in range(after.part_count)
              for one in package.manifest(part + 1)["files"] if one["media_type"].startswith("image/")}  # fmt: skip
    for image_id in home.needles.image_ids:
        assert hashes[image_id] == (await home.services.gallery.image(home.owner, image_id)).sha256
    assert home.services.outbox is not None
    letters = [letter for letter in await home.services.outbox() if letter.subject == "Your export is ready"]
    assert len(letters) == 1, "no second mail"
    assert export.id not in letters[0].text + letters[0].link


async def test_any_stretch_of_a_part_is_the_same_bytes(home: Home) -> None:
    export = await made(home.services, home.owner)
    whole = await part_bytes(home.services, export, 1)
    size, digest = export.part_facts(1)
    assert len(whole) == size
    stream = PartStream(export, 1, tables=home.services.database.tables, media=home.services.media)
    for start, end in ((0, 1), (0, 40), (29, 31), (1000, 90_001), (size - 300, size), (size - 1, size), (5, 5)):
        assert b"".join([piece async for piece in stream.read(start, end)]) == whole[start:end]
    checked = await stream.check(_no_beat)
    assert (checked.size_bytes, checked.sha256) == (size, digest)


async def _no_beat(_size: int) -> None:
    return


@pytest.mark.promise("P44")
async def test_pause_resume_cancel_and_one_at_a_time(home: Home) -> None:
    exports, worker = home.services.exports, home.services.export_worker
    export = await exports.start(home.owner, Ask())
    with pytest.raises(Conflict):
        await exports.start(home.owner, Ask())
    await exports.pause(home.owner, export.id)
    assert not await worker.run(home.owner, export.id)
    resumed = await exports.resume(home.owner, export.id)
    assert resumed.state is ExportState.QUEUED
    await worker.stop(export.id)
    await exports.cancel(home.owner, export.id)
    assert (await exports.get(home.owner, export.id)).state is ExportState.CANCELLED
    again = await made(home.services, home.owner)
    assert again.state is ExportState.READY
    with pytest.raises(Conflict):
        await exports.pause(home.owner, again.id)
    for wrong in (Ask(part_size_gb=3), Ask(categories=("Everything else",))):
        with pytest.raises(InvalidInput):
            await exports.start(home.owner, wrong)


@pytest.mark.promise("P44")
async def test_pause_takes_at_once_while_steps_are_written_many_a_second(home: Home) -> None:
    exports = home.services.exports
    for begun_for in range(8):
        export = await exports.start(home.owner, Ask())
        exports.begin(export)
        while (await exports.get(home.owner, export.id)).state is ExportState.QUEUED:
            await asyncio.sleep(0)
        await asyncio.sleep(begun_for / 500)
        assert (await exports.pause(home.owner, export.id)).state is ExportState.PAUSED
        await exports.cancel(home.owner, export.id)


@pytest.mark.promise("P44")
async def test_categories_and_only_what_is_new(home: Home) -> None:
    home.clock.move(minutes=1)
    first = await made(home.services, home.owner)
    only = await made(home.services, home.owner, Ask(categories=(Category.IMAGES.value,), only_new=True))
    assert only.since == first.snapshot_at
    assert only.pictures == 0
    paths_there = (await unpacked(home.services, only, home.folder / "new")).files()
    assert "data/gallery/images.json" in paths_there
    assert "data/generations/jobs.json" not in paths_there
    gallery = await made(home.services, home.owner, Ask(categories=(Category.IMAGES.value,)))
    found = (await unpacked(home.services, gallery, home.folder / "gallery")).files()
    assert not any(path.startswith("data/uploads/") for path in found)
    assert sum(path.startswith("data/gallery/2026/") for path in found) == 6


@pytest.mark.promise("P44")
async def test_the_files_go_after_seven_days_and_the_line_stays(home: Home) -> None:
    export = await made(home.services, home.owner)
    home.clock.move(days=7, seconds=-1)
    await home.services.exports.purge()
    assert (await home.services.exports.get(home.owner, export.id)).state is ExportState.READY
    home.clock.move(seconds=1)
    await home.services.exports.purge()
    assert (await home.services.exports.get(home.owner, export.id)).state is ExportState.EXPIRED
    query = Query(owner=home.owner, equals={"export_id": export.id})
    assert await home.services.database.tables.export_pieces.count(query) == 0


async def test_deleting_a_picture_makes_a_ready_package_again_without_its_words(home: Home) -> None:
    export = await made(home.services, home.owner)
    await home.services.gallery.trash(home.owner, home.needles.image_ids[0])
    await home.services.gallery.erase(home.owner, home.needles.image_ids[0])
    assert (await home.services.exports.get(home.owner, export.id)).state is ExportState.QUEUED
    await home.services.export_worker.run(home.owner, export.id)
    export = await home.services.exports.get(home.owner, export.id)
    assert export.state is ExportState.READY
    assert not any(
        home.needles.image_ids[0] in path for path in (await unpacked(home.services, export, home.folder)).files()
    )


async def test_a_part_whose_picture_vanished_ends_in_gone_never_in_a_short_file(home: Home) -> None:
    export = await made(home.services, home.owner, Ask(part_size_gb=10))
    await home.services.media.delete(media_key(home.owner, home.needles.image_ids[0], "original"))
    with pytest.raises(Gone):
        await part_bytes(home.services, export, 1)


@pytest.mark.promise("P44", "P52")
async def test_a_locked_account_without_credits_may_export_and_an_erasure_forgets_all(home: Home) -> None:
    await home.services.gate.lock(home.owner, Lock.CLOSING)
    export = await made(home.services, home.owner)
    assert export.state is ExportState.READY
    assert await home.services.exports.forget(home.owner) > 2
    assert await home.services.exports.forget(home.owner) == 0
    for table in (home.services.database.tables.exports, home.services.database.tables.export_pieces):
        assert await table.count(Query(owner=home.owner)) == (
            1 if table is home.services.database.tables.export_pieces else 0
        )


def test_no_cell_becomes_a_formula_and_no_name_leads_out() -> None:
    for text in ("=1+1", "+1", "-1", "@cmd", "\tx"):
        assert cell(text) == f"'{text}"
    assert cell(-5) == "-5"
    assert (cell(None), cell(True), cell(["=a"])) == ("", "true", '["=a"]')
    assert ascii_slug("../../etc/passwd <b>") == "etc-passwd-b"
    assert ascii_slug("日本") == "picture"
    assert len(ascii_slug("word " * 50)) <= 40
    assert json.loads(json_texts([], is_first=True, is_last=True)) == []
    two = json_texts([{"a": 1}], is_first=True, is_last=False) + json_texts([{"a": 2}], is_first=False, is_last=True)
    assert json.loads(two) == [{"a": 1}, {"a": 2}]
    assert csv_text("wallets", [], is_first=True).startswith("\ufeffid,")


def test_every_exported_table_has_a_file_of_its_own() -> None:
    everywhere = [path for name in EXPORTED for path in paths(name)]
    assert len(everywhere) == len(set(everywhere))
    kept_back = {name for name, table in DATA_MAP.items() if not (table.exported or table.category is Category.HOUSE)}
    assert kept_back == {"export_pieces"}
