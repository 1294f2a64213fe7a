"""Tests 1 to 5 of PRIVACY.md section 6 on MongoDB with Cloudinary and Dodo Payments: the package, by its routes."""

import hashlib
import io
import zipfile
from pathlib import Path

import httpx
import pytest

from imageroute_app.domain.exports import ExportState
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import Purpose
from imageroute_app.services.exports import Ask
from tests.acceptance.conftest import Far
from tests.adapters.pictures import encode, photo
from tests.marks import assert_marked
from tests.services.exporting import digests_match, is_valid_bag

PHOTO = encode(photo(160, 120), "JPEG")


async def lived_in(far: Far) -> httpx.AsyncClient:
    """Do a little of everything: pictures, uploads, a purchase, a question that is looked at, a choice, another name."""
    ada, olga = await far.signed_up("ada"), await far.operator()
    owner = await far.owner(ada)
    drawn = await far.made(owner, count=4)
    await far.stocked(owner, drawn[0], 36)
    for name in ("beach.jpg", "fern.jpg", "moon.jpg"):
        await far.services.uploads.add(owner, PHOTO, name=name)
    payment = await far.bought(ada)
    assert await far.told("payment.succeeded", payment) == 204
    for words in ("Where is my fern?", "And the moon?"):
        await ada.post("/support", data={"text": words})
    for reference in await far.waiting(olga):
        await far.decide(olga, reference, "look", reason=f"To answer {reference}")
    await far.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    await ada.post("/auth/change-name", data={"full_name": "Ada King"})
    return ada


def unpacked(data: bytes, folder: Path) -> dict[str, bytes]:
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.mark.promise("P43", "P44", "P45")
async def test_1_and_2_one_press_brings_all_of_it_and_it_proves_itself(far: Far, tmp_path: Path) -> None:
    ada = await lived_in(far)
    owner = await far.owner(ada)

    export = await far.exported(ada)

    assert (export.state, export.part_count) == (ExportState.READY, 1)
    found = unpacked(await far.download(ada, export), tmp_path / "bag")
    pictures = {path: data for path, data in found.items() if path.endswith((".png", ".jpg"))}
    assert sum("/gallery/" in path for path in pictures) == 40
    assert sum("/uploads/" in path for path in pictures) == 3
    together = b"".join(found.values())
    looks = [look.reason for look in await far.services.office.desk.looks_at(owner)]
    assert len(looks) == 2
    (payment,) = far.dodo.payments
    for words in ("Ada King", "Where is my fern?", "And the moon?", payment, "127.0.0.1", "Cloudinary", "Dodo", *looks):
        assert words.encode() in together, words
    assert (await far.services.choices.log.history(owner))[0].words.encode() in together
    assert is_valid_bag(tmp_path / "bag")
    assert digests_match(tmp_path / "bag").returncode == 0
    for path, data in pictures.items():
        if "/gallery/" in path:
            assert_marked(data)
    name, data = next(iter(pictures.items()))
    (tmp_path / "bag" / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    told = digests_match(tmp_path / "bag")
    assert (told.returncode, name in told.stdout) == (1, True)


class Killed(BaseException):
    """Stands for a process that is gone: nothing after it runs."""


@pytest.mark.promise("P44", "P45")
async def test_3_a_killed_worker_and_a_cut_line_end_in_the_same_bytes(far: Far) -> None:
    ada = await far.signed_up("bea")
    owner, worker = await far.owner(ada), far.services.export_worker
    await far.made(owner, count=4)

    def strike(point: str) -> None:
        if point == "export_packing":
            raise Killed

    worker._fault = strike
    export = await far.services.exports.start(owner, Ask())
    with pytest.raises(Killed):
        await worker.run(owner, export.id)
    worker._fault, worker._holder = lambda point: None, "the next worker"
    far.clock.move(minutes=3)
    assert await worker.run(owner, export.id)
    export = await far.services.exports.get(owner, export.id)
    whole = await far.download(ada, export)
    size, digest = export.part_facts(1)
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (size, digest)
    headers = {"Range": f"bytes={size * 6 // 10}-", "If-Range": f'"{digest}"'}
    rest = await ada.get(f"/exports/packages/{export.id}/1", headers=headers)
    assert rest.status_code == 206
    assert whole[: size * 6 // 10] + rest.content == whole
    assert len(await far.letters("bea@example.com", "Your export is ready")) == 1


@pytest.mark.promise("P44")
async def test_4_a_picture_that_cloudinary_lost_is_named(far: Far, tmp_path: Path) -> None:
    ada = await far.signed_up("cyd")
    owner = await far.owner(ada)
    lost, kept = await far.made(owner, count=2)
    key = media_key(owner, lost.id, "original")
    for address in [one for one in far.cloud.assets if one[2].endswith(key)]:
        del far.cloud.assets[address]
    far.cloud.edge.clear()

    export = await far.exported(ada)

    assert export.state is ExportState.READY_WITH_GAPS
    found = unpacked(await far.download(ada, export), tmp_path / "bag")
    manifest = found["data/manifest.json"].decode()
    assert lost.id in manifest.partition('"missing"')[2]
    assert any(kept.id in path and path.endswith(".png") for path in found)
    assert is_valid_bag(tmp_path / "bag")


@pytest.mark.promise("P30", "P32", "P44")
async def test_5_the_mail_alone_opens_nothing(far: Far) -> None:
    ada, eve = await far.signed_up("dan"), await far.signed_up("eve")
    export = await far.exported(ada)
    file = f"/exports/packages/{export.id}/1"
    (mail,) = await far.letters("dan@example.com", "Your export is ready")
    assert export.id not in mail.text + mail.link
    thief = await far.browser()
    assert (await thief.get(mail.link.removeprefix(far.services.rules.origin))).status_code != 200
    assert (await thief.get(file)).status_code == 401
    assert (await eve.get(file)).status_code == 404
    far.clock.move(minutes=11)
    assert (await ada.post(f"/privacy-center/export/{export.id}/1")).status_code == 403
    assert await far.download(ada, export)
    other = await far.signed_in("dan")
    assert (await other.get(file)).status_code == 403
    far.clock.move(days=6, hours=23, minutes=48)
    again = await far.signed_in("dan")
    assert await far.download(again, export)
    far.clock.move(minutes=1)
    assert (await again.get(file)).status_code == 404
    fresh = await far.signed_in("dan")
    newest, owner = await far.exported(fresh), await far.owner(fresh)
    assert await far.download(fresh, newest)
    await far.services.exports.delete_files(owner, newest.id)
    assert (await fresh.get(f"/exports/packages/{newest.id}/1")).status_code != 200
    pieces = Query(owner=owner, equals={"export_id": newest.id})
    assert await far.services.database.tables.export_pieces.count(pieces) == 0
