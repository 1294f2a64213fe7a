"""Tests 6 to 12 of PRIVACY.md section 6 on MongoDB with Cloudinary and Dodo Payments: what goes, when, and how it is said."""

import pytest

from imageroute_app.domain.catalog import Task
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.gallery import VARIANTS, media_prefix
from imageroute_app.domain.uploads import upload_prefix
from tests.acceptance.conftest import Far
from tests.adapters.pictures import encode, photo
from tests.marks import assert_marked

PHOTO = encode(photo(160, 120), "JPEG")


def there(far: Far, prefix: str) -> bool:
    """Say whether Cloudinary, its backups or its delivery network hold anything below a prefix."""
    cloud = far.cloud
    of = [
        *cloud.assets,
        *(one.address for one in cloud.backups.values()),
        *(address for address, _ in cloud.edge.values()),
    ]
    return any(prefix in name for _, _, name in of)


@pytest.mark.promise("P7", "P37")
async def test_6_thirty_days_means_thirty_days(far: Far) -> None:
    ada = await far.signed_up("ada")
    owner = await far.owner(ada)
    upload = await far.services.uploads.add(owner, PHOTO, name="beach.jpg")
    prefix = upload_prefix(owner, upload.id)
    far.clock.move(days=29)
    ada = await far.signed_in("ada")
    (made,) = await far.made(owner, task=Task.EDIT, source_id=upload.id)
    far.clock.now = upload.expires_at
    far.clock.move(seconds=-1)
    await far.services.retention.sweep(far.services.sweep_period)
    for size in VARIANTS:
        assert (await ada.get(f"/media/{upload.id}/{size}")).status_code == 200  # so that every copy is at the edge
    assert there(far, prefix)
    far.clock.move(seconds=1)
    await far.services.retention.sweep(far.services.sweep_period)
    assert [(await ada.get(f"/media/{upload.id}/{size}")).status_code for size in VARIANTS] == [404] * len(VARIANTS)
    assert not there(far, prefix)
    assert await far.services.uploads.pictures(owner) == []
    assert_marked((await ada.get(f"/media/{made.id}/original")).content)  # no ingredient, no thumbnail inside


@pytest.mark.promise("P9", "P36", "P37")
async def test_7_unless_saved_and_what_was_made_stays(far: Far) -> None:
    ada = await far.signed_up("bea")
    owner = await far.owner(ada)
    (made,) = await far.made(owner)
    upload = await far.services.uploads.add(owner, PHOTO, name="beach.jpg")
    far.clock.move(days=29)
    saved = await far.services.uploads.save(owner, upload.id)
    far.clock.move(days=371)
    await far.services.retention.sweep(far.services.sweep_period)
    ada = await far.signed_in("bea")
    for image in (saved, made):
        assert (await ada.get(f"/media/{image.id}/original")).status_code == 200
    await far.services.gallery.trash(owner, saved.id)
    assert (await ada.get(f"/media/{saved.id}/original")).status_code == 404
    assert not there(far, media_prefix(owner, saved.id))
    assert there(far, media_prefix(owner, made.id))


@pytest.mark.promise("P48")
async def test_8_a_deleted_picture_is_nowhere_and_its_neighbour_is(far: Far) -> None:
    ada = await far.signed_up("cyd")
    owner = await far.owner(ada)
    gone, neighbour = await far.made(owner, count=2)
    for size in VARIANTS:
        assert (await ada.get(f"/media/{gone.id}/{size}")).status_code == 200
    share = await far.services.shares.create(owner, gone.id)
    await far.services.gallery.trash(owner, gone.id)
    await far.services.gallery.erase(owner, gone.id)
    other = await far.signed_in("cyd")
    for client in (ada, other, await far.browser()):
        answers = [(await client.get(f"/media/{gone.id}/{size}")).status_code for size in VARIANTS]
        assert set(answers) <= {401, 404}
    assert (await other.get(f"/s/{share.token}")).status_code == 404
    assert not there(far, media_prefix(owner, gone.id))
    assert (await other.get(f"/media/{neighbour.id}/original")).status_code == 200


@pytest.mark.promise("P18", "P47", "P49")
async def test_9_closed_now_and_every_system_answers_for_itself(far: Far) -> None:
    ada = await far.signed_up("dan")
    owner = await far.owner(ada)
    (image,) = await far.made(owner)
    share = await far.services.shares.create(owner, image.id)
    payment = await far.bought(ada)
    assert await far.told("payment.succeeded", payment) == 204
    elsewhere, stranger = await far.signed_in("dan"), await far.browser()

    path = await far.closed(ada, "now")

    assert (await elsewhere.get("/credits")).status_code == 401
    assert (await stranger.get(f"/s/{share.token}")).status_code == 404
    assert not there(far, f"images/{owner}/")
    status = await far.services.erasures.status(path.rpartition("/")[2])
    states = {step.system: step.state for step in status.steps}
    assert states.pop(System.PAYMENTS) is StepState.MANUAL  # the seller keeps invoices, and confirmed nothing
    assert set(states.values()) <= {StepState.DONE, StepState.ABSENT}
    page = (await stranger.get(path)).text
    assert "has confirmed nothing" in page
    assert not [word for word in (owner, "dan@", "Lovelace") if word in page]
    customers = str(far.dodo.customers)
    assert "dan@example.com" not in customers


@pytest.mark.promise("P47")
async def test_10_cloudinary_is_down_for_a_day_and_nobody_calls_it_finished(far: Far) -> None:
    ada = await far.signed_up("eve")
    owner = await far.owner(ada)
    await far.made(owner)
    far.cloud.scenario.extra["outage"] = True
    path, stranger = await far.closed(ada, "now"), await far.browser()
    code = path.rpartition("/")[2]
    for _ in range(4):
        far.clock.move(hours=6)
        await far.services.erasures.sweep()
    status = await far.services.erasures.status(code)
    states = {step.system: step.state for step in status.steps}
    assert (status.erasure.phase, states[System.PICTURES]) == (Phase.ERASING, StepState.RETRY)
    page = (await stranger.get(path)).text
    assert "Trying again" in page
    assert "Gone. Every system was searched again" not in page
    assert (await stranger.get(f"{path}/status.json")).json()["state"] != "complete"
    assert await far.letters("eve@example.com", "Erased") == []

    del far.cloud.scenario.extra["outage"]
    assert (await stranger.post(f"{path}/try")).status_code == 303
    await far.services.erasures.settle()
    far.clock.move(hours=1)
    await far.services.erasures.sweep()

    assert (await stranger.get(f"{path}/status.json")).json()["state"] == "complete"
    assert "Gone. Every system was searched again" in (await stranger.get(path)).text
    assert not there(far, f"images/{owner}/")
    assert owner.encode() not in far.stored()


@pytest.mark.promise("P47", "P49")
async def test_12_day_six_brings_everything_back_and_day_seven_is_too_late(far: Far) -> None:
    ada = await far.signed_up("fay")
    owner = await far.owner(ada)
    (image,) = await far.made(owner)
    before = (await ada.get(f"/media/{image.id}/original")).content
    await far.closed(ada, "later")
    far.clock.move(days=6)
    await far.services.erasures.sweep()
    again = await far.signed_in("fay")
    assert (await again.post("/privacy-center/keep")).status_code == 303
    assert (await again.get(f"/media/{image.id}/original")).content == before

    path = await far.closed(again, "later")
    day = (await far.services.erasures.status(path.rpartition("/")[2])).erasure.grace_until
    assert day is not None
    far.clock.move(days=1)
    last = await far.signed_in("fay")
    assert f"{day.day} {day:%B}" in (await last.get(path)).text
    far.clock.now = day
    far.clock.move(seconds=1)
    assert (await last.post("/privacy-center/keep")).status_code == 409
    await far.services.erasures.sweep()
    assert (await (await far.browser()).get(f"{path}/status.json")).json()["state"] == "complete"
    assert not there(far, f"images/{owner}/")
