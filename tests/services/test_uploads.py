"""Uploads through the house: the clean copy, the 30 days, saving, erasing, sources of edits, and who may get them."""

from dataclasses import replace

import pytest

from imageroute_app.domain.catalog import Known, Task
from imageroute_app.domain.errors import InvalidInput, NotFound, Unavailable
from imageroute_app.domain.jobs import JobState, Level, Rule
from imageroute_app.domain.plans import NoRoute
from imageroute_app.domain.ports import Query
from imageroute_app.domain.uploads import Upload, UploadKind
from imageroute_app.services.selection import Chosen
from imageroute_app.services.uploads import Uploads
from tests.adapters.pictures import encode, photo
from tests.doubles import REQUEST, png
from tests.services.conftest import House
from tests.services.test_retention import PERIOD, retention_of

PHOTO = encode(photo(96, 64), "JPEG")


class Flaky:
    """The house's media store, whose deletions can be made to fail."""

    def __init__(self, house: House) -> None:
        self._media, self.is_down = house.media, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._media, name)

    async def delete_prefix(self, prefix: str) -> int:
        if self.is_down:
            raise Unavailable
        return await self._media.delete_prefix(prefix)


@pytest.fixture
def flaky(house: House) -> Flaky:
    store = Flaky(house)
    house.uploads._media = store  # type: ignore[assignment]  # the real store with an outage
    return store


async def files(house: House, owner: str) -> list[str]:
    return await house.media.list(f"uploads/{owner}/")


@pytest.mark.promise("P7", "P37")
async def test_an_upload_is_kept_clean_private_and_counted_down(house: House) -> None:
    owner = await house.person()
    upload = await house.uploads.add(owner, PHOTO, name="beach\n.jpg")
    assert (upload.width, upload.height, upload.mime, upload.name) == (96, 64, "image/jpeg", "beach.jpg")
    assert upload.expires_at - upload.uploaded_at == (upload.expires_at - house.clock())
    assert len(await files(house, owner)) == 3
    stranger = await house.person("bob")
    for ask in (house.uploads.upload, house.uploads.save, house.uploads.delete):
        with pytest.raises(NotFound):
            await ask(stranger, upload.id)
    assert await house.uploads.pictures(stranger) == []


@pytest.mark.promise("P37")
async def test_thirty_days_means_thirty_days(either_house: House) -> None:
    house = either_house
    owner, retention = await house.person(), retention_of(house)
    upload = await house.uploads.add(owner, PHOTO)
    house.clock.move(days=30, seconds=-1)
    await retention.sweep(PERIOD)
    assert (await house.uploads.upload(owner, upload.id)).id == upload.id
    house.clock.move(seconds=1)
    with pytest.raises(NotFound):  # nobody can use it, even before the sweep comes
        await house.uploads.upload(owner, upload.id)
    await retention.sweep(PERIOD)
    assert await files(house, owner) == []
    assert await house.uploads.pictures(owner) == []
    assert await retention.sweep(PERIOD) == 0


@pytest.mark.promise("P37")
async def test_a_sweep_that_was_down_for_days_catches_up(house: House) -> None:
    owner = await house.person()
    for _ in range(3):
        await house.uploads.add(owner, PHOTO)
        house.clock.move(days=1)
    house.clock.move(days=33)
    assert await house.uploads.sweep() == 3
    assert await files(house, owner) == []


@pytest.mark.promise("P9", "P37")
async def test_saving_stops_the_clock_and_keeps_the_id(either_house: House) -> None:
    house = either_house
    owner, retention = await house.person(), retention_of(house)
    upload = await house.uploads.add(owner, PHOTO, name="beach.jpg")
    house.clock.move(days=29)
    image = await house.uploads.save(owner, upload.id)
    assert (image.id, image.prompt, image.source_type) == (upload.id, "beach.jpg", "")
    assert await house.uploads.save(owner, upload.id) == image
    assert await files(house, owner) == []
    house.clock.move(days=365)
    await retention.sweep(PERIOD)
    await house.check_media(owner)
    stored = b"".join([chunk async for chunk in await house.media.open(f"images/{owner}/{image.id}/original")])
    assert len(stored) == upload.size_bytes
    await house.gallery.trash(owner, image.id)  # past its 30 days a saved upload skips the trash (P48)
    with pytest.raises(NotFound):
        await house.gallery.image(owner, image.id)
    assert await house.media.list(f"images/{owner}/") == []


async def test_a_young_saved_upload_goes_through_the_trash(house: House) -> None:
    owner = await house.person()
    image = await house.uploads.save(owner, (await house.uploads.add(owner, PHOTO)).id)
    assert (await house.gallery.trash(owner, image.id)).trashed
    assert not (await house.gallery.restore(owner, image.id)).trashed


@pytest.mark.promise("P37")
async def test_an_outage_while_erasing_ends_in_gone_later_and_never_in_a_lie(house: House, flaky: Flaky) -> None:
    owner = await house.person()
    upload = await house.uploads.add(owner, PHOTO)
    flaky.is_down = True
    assert await house.uploads.delete(owner, upload.id) is False
    assert await house.uploads.sweep() == 0
    (shown,) = await house.uploads.pictures(owner)
    assert shown.going_since is not None
    assert shown.failures == 2
    with pytest.raises(NotFound):
        await house.uploads.upload(owner, upload.id)
    flaky.is_down = False
    assert await house.uploads.sweep() == 1
    assert await files(house, owner) == []
    assert await house.uploads.pictures(owner) == []


async def test_delete_all_erases_everything_of_this_person_and_what_an_outage_left_later(
    house: House, flaky: Flaky
) -> None:
    owner, stranger = await house.person(), await house.person("bob")
    for one in (owner, owner, owner, stranger):
        await house.uploads.add(one, PHOTO)
    flaky.is_down = True
    assert await house.uploads.delete_all(owner) == 3
    shown = await house.uploads.pictures(owner)
    assert [(one.going_since is not None, one.failures) for one in shown] == [(True, 1), (True, 0), (True, 0)]
    for one in shown:
        with pytest.raises(NotFound):
            await house.uploads.upload(owner, one.id)
    flaky.is_down = False
    assert await house.uploads.delete_all(owner) == 0
    assert (await files(house, owner), await house.uploads.pictures(owner)) == ([], [])
    assert len(await house.uploads.pictures(stranger)) == 1
    assert await house.uploads.delete_all(owner) == 0


async def test_bytes_whose_arrival_was_cut_off_are_swept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await house.person()
    put = house.media.put

    async def cut_off(key: str, data: bytes, mime: str) -> None:
        if key.endswith("original"):
            raise Unavailable
        await put(key, data, mime)

    monkeypatch.setattr(house.media, "put", cut_off)
    with pytest.raises(Unavailable):
        await house.uploads.add(owner, PHOTO)
    assert await files(house, owner)
    assert await house.uploads.pictures(owner) == []
    house.clock.move(hours=1)
    assert await house.uploads.sweep() == 1
    assert await files(house, owner) == []


async def test_people_are_told_once_five_days_before(house: House) -> None:
    owner = await house.person()
    await house.uploads.add(owner, PHOTO)
    await house.uploads.add(owner, png(), kind=UploadKind.MASK)
    await house.accounts.settle()
    house.letters.sent.clear()
    house.clock.move(days=25, seconds=-1)
    assert await house.uploads.remind() == 0
    house.clock.move(seconds=1)
    assert await house.uploads.remind() == 1
    assert await house.uploads.remind() == 0
    await house.notices.settle()
    (mail,) = house.letters.sent
    assert mail.link.endswith("/uploads")
    (notice,) = await house.database.tables.notices.find(Query(owner=owner))
    assert "erased from" in notice.text
    assert (await house.uploads.soon(owner)).count == 1


async def test_the_number_of_uploads_is_bounded(house: House) -> None:
    owner = await house.person()
    few = replace(house.rules, uploads_per_person=1)
    uploads = Uploads(
        database=house.database, imaging=house.imaging, media=house.media, notices=house.notices, limiter=house.limiter,
        clock=house.clock, new_id=lambda: "f" * 32, rules=few, gate=house.gate,
    )  # fmt: skip
    await uploads.add(owner, PHOTO)
    with pytest.raises(InvalidInput, match="the most there can be"):
        await uploads.add(owner, PHOTO)


async def edit(house: House, owner: str, source: str) -> JobState:
    request = replace(REQUEST, source_id=source)
    job = await house.job(owner, request)
    await house.runner.run(job.id)
    return (await house.jobs.job(owner, job.id)).state


@pytest.mark.promise("P37")
async def test_an_upload_is_a_source_and_its_use_does_not_move_its_end(house: House) -> None:
    owner = await house.person()
    upload = await house.uploads.add(owner, PHOTO)
    house.clock.move(days=29)
    assert await edit(house, owner, upload.id) is JobState.SUCCEEDED
    sent = house.provider.calls[-1].images
    stored = b"".join([chunk async for chunk in await house.media.open(f"uploads/{owner}/{upload.id}/original")])
    assert list(sent) == [stored]
    (image,) = (await house.gallery.page(owner)).images
    assert image.source_id == upload.id
    house.clock.move(days=1)
    await house.uploads.sweep()
    assert await files(house, owner) == []
    assert (await house.gallery.image(owner, image.id)).source_id == upload.id
    with pytest.raises(NotFound, match="no longer there"):
        await house.jobs.quote(owner, replace(REQUEST, source_id=upload.id))


async def test_a_strangers_upload_is_no_source(house: House) -> None:
    owner, stranger = await house.person(), await house.person("bob")
    upload = await house.uploads.add(owner, PHOTO)
    mine = (await house.uploads.add(stranger, PHOTO)).id
    for field in (
        {"source_id": upload.id},
        {"reference_ids": (upload.id,)},
        {"mask_id": upload.id, "source_id": mine, "task": Task.INPAINT},
    ):
        with pytest.raises(NotFound):
            await house.jobs.quote(stranger, replace(REQUEST, **field))


@pytest.mark.promise("P63")
@pytest.mark.parametrize(
    ("hours", "age_days", "words"),
    [(None, 0, "unknown"), (24 * 30, 1, "until"), (24 * 30, 0, ""), (1, 29, ""), (48, 29, "until")],
)
async def test_a_company_that_keeps_an_upload_longer_than_we_do_is_closed(
    house: House, hours: int | None, age_days: int, words: str
) -> None:
    owner = await house.person()
    await house.accounts.settle()
    token = next(mail for mail in house.letters.sent if "token=" in mail.link).link.partition("token=")[2]
    await house.accounts.verify_email(token)
    policy = replace(
        house.provider.model.policy, company="Elsewhere", region="eu", retention_hours=hours, trains=Known.NO
    )
    house.provider.model = replace(house.provider.model, policy=policy)
    upload: Upload = await house.uploads.add(owner, PHOTO)
    house.clock.move(days=age_days)
    request = replace(REQUEST, source_id=upload.id, rule=Rule(level=Level.ANY))
    if not words:
        await house.jobs.quote(owner, request)
        return
    with pytest.raises(NoRoute, match="upload") as refused:
        await house.jobs.quote(owner, request)
    assert refused.value.closed[0].code == "upload"
    assert words in refused.value.closed[0].text
    await house.jobs.quote(owner, replace(request, accepts_keeping=True))
    await house.uploads.save(owner, upload.id)  # a saved picture has no end of ours to be outlived
    await house.jobs.quote(owner, request)


async def test_many_removed_at_once_keep_to_the_same_rule(house: House) -> None:
    owner = await house.person()
    old = await house.uploads.save(owner, (await house.uploads.add(owner, PHOTO)).id)
    house.clock.move(days=31)
    young = await house.uploads.save(owner, (await house.uploads.add(owner, PHOTO)).id)
    chosen = Chosen(everything=True)
    async for _ in house.selection.trash(owner, chosen, house.selection.moment()):
        pass
    assert (await house.gallery.image(owner, old.id)).is_leaving
    assert not (await house.gallery.image(owner, young.id)).is_leaving
    assert await house.gallery.purge() == 1
    assert await house.media.list(f"images/{owner}/{old.id}/") == []
